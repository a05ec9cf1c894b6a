//! Changes one setting in the text of a configuration file and leaves the rest as it was written.

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use crate::atomic;
use crate::catalogue::{self, Kind};
use crate::error::{ConfigError, ConfigErrors};
use crate::inputs::{Inputs, SourceText};
use crate::overrides;
use crate::problem::Problem;
use crate::reader::join;
use crate::resolve::resolve;
use crate::source::{Place, Source};
use crate::tree;

/// Returns the user's file with `value` for `key`, after checking that it brings no new fault.
///
/// # Errors
///
/// What is wrong with the key or the value, or what the change would break.
pub fn set(inputs: &Inputs<'_>, key: &str, value: &str) -> Result<SourceText, ConfigErrors> {
    let path = overrides::path(key)?;
    refuse_keys(&path)?;
    let value = parse(&path, value)?;
    let before = inputs.file.as_deref().unwrap_or_default();
    let file = inputs.file_path();
    // Its error has the line; the editor's own would have less.
    tree::parse_file(&file, before)?;
    let mut document: DocumentMut = before.parse().map_err(|error: toml_edit::TomlError| {
        let message = error.message().to_owned();
        ConfigError::of_nothing(Problem::Syntax { message })
    })?;
    put(document.as_table_mut(), &path, value).map_err(|key| {
        let problem = Problem::NotATable { key };
        ConfigError::of_nothing(problem)
    })?;
    let text = document.to_string();
    check(inputs, &text)?;
    check_in_use(inputs, &path, &text)?;
    Ok(SourceText {
        path: file,
        text,
        exposed: inputs.file_exposed,
    })
}

/// Writes a configuration file in place of the one there may be.
pub fn write(file: &SourceText) -> Result<(), ConfigError> {
    atomic::write(&file.path, file.text.as_bytes(), None).map_err(|error| {
        ConfigError::of_nothing(Problem::Unwritable {
            path: file.path.clone(),
            reason: error.to_string(),
        })
    })
}

/// Puts `value` where `path` leads, with new tables on the way; an error names what is no table.
pub(crate) fn put(table: &mut dyn TableLike, path: &[String], value: Value) -> Result<(), String> {
    put_below(table, path, value, "")
}

fn put_below(
    table: &mut dyn TableLike,
    path: &[String],
    mut value: Value,
    above: &str,
) -> Result<(), String> {
    let Some((name, rest)) = path.split_first() else {
        return Ok(());
    };
    let here = join(above, name);
    if !rest.is_empty() {
        let mut new = Table::new();
        new.set_implicit(true);
        let item = table.entry(name).or_insert(Item::Table(new));
        let below = item.as_table_like_mut().ok_or_else(|| here.clone())?;
        return put_below(below, rest, value, &here);
    }
    match table.get_mut(name) {
        Some(Item::Value(old)) => {
            // The comment behind a value belongs to the line, not to the value.
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        Some(item @ Item::None) => *item = Item::Value(value),
        Some(_) => return Err(here),
        None => {
            table.insert(name, Item::Value(value));
        }
    }
    Ok(())
}

/// Reads a value as its setting takes it: where that is text, no quotes are needed.
fn parse(path: &[String], text: &str) -> Result<Value, ConfigError> {
    let plain = matches!(
        catalogue::find(path).map(|setting| setting.kind),
        Some(Kind::Text | Kind::Word(_))
    );
    let quoted = text.trim_start().starts_with(['"', '\'']);
    match text.trim().parse::<Value>() {
        Ok(mut value) if !plain || quoted => {
            value.decor_mut().clear();
            Ok(value)
        }
        Err(error) if quoted || text.trim_start().starts_with(['[', '{']) => {
            let message = error.message().to_owned();
            let place = Place::whole(Source::Override {
                key: path.join("."),
            });
            Err(ConfigError::new(Problem::OverrideValue { message }, &place))
        }
        _ => Ok(Value::from(text)),
    }
}

fn refuse_keys(path: &[String]) -> Result<(), ConfigError> {
    let key = path.join(".");
    if matches!(key.as_str(), "general.api_key" | "litellm.api_key") {
        return Err(ConfigError::of_nothing(Problem::KeyInArguments { key }));
    }
    Ok(())
}

/// Refuses a text that has a fault which the file now has not.
pub(crate) fn check(inputs: &Inputs<'_>, text: &str) -> Result<(), ConfigErrors> {
    let before = faults(inputs, inputs.file.clone());
    let mut after = faults(inputs, Some(text.to_owned()));
    after.retain(|fault| {
        !is_of_the_world(&fault.problem) && !before.iter().any(|old| old.problem == fault.problem)
    });
    if after.is_empty() {
        Ok(())
    } else {
        Err(ConfigErrors::new(after))
    }
}

/// Refuses a fault that shows only once the profile or the provider at `path` is the one in use. A
/// provider may still lack its address: its settings are written one by one.
fn check_in_use(inputs: &Inputs<'_>, path: &[String], text: &str) -> Result<(), ConfigErrors> {
    let (profile, rest) = match path {
        [profiles, id, rest @ ..] if profiles == "profiles" => (Some(id), rest),
        path => (None, path),
    };
    let provider = match rest {
        [providers, id, ..] if providers == "model_providers" => Some(id),
        _ => None,
    };
    if profile.is_none() && provider.is_none() {
        return Ok(());
    }
    let mut overrides = inputs.overrides.to_vec();
    overrides.extend(provider.map(|id| format!("model_provider = {}", Value::from(id))));
    let mut used = with_file(inputs, inputs.file.clone());
    used.overrides = &overrides;
    if let Some(profile) = profile {
        used.flags.profile = Some(profile.clone());
    }
    let Err(errors) = check(&used, text) else {
        return Ok(());
    };
    let lacks_address = |fault: &&ConfigError| {
        provider.is_some() && matches!(*fault.problem, Problem::NoBaseUrl { .. })
    };
    let faults = errors.iter().filter(|fault| !lacks_address(fault));
    let faults: Vec<_> = faults.cloned().collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(ConfigErrors::new(faults)),
    }
}

fn faults(inputs: &Inputs<'_>, file: Option<String>) -> Vec<ConfigError> {
    match resolve(&with_file(inputs, file)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().cloned().collect(),
    }
}

fn with_file<'a>(inputs: &Inputs<'a>, file: Option<String>) -> Inputs<'a> {
    Inputs {
        home: inputs.home.clone(),
        cwd: inputs.cwd.clone(),
        user_home: inputs.user_home.clone(),
        system: inputs.system.clone(),
        file,
        project: inputs.project.clone(),
        flags: inputs.flags.clone(),
        ..*inputs
    }
}

/// Returns whether a fault is cured outside of the file: a key or a model may be given later.
fn is_of_the_world(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::NoKey { .. }
            | Problem::NoModel { .. }
            | Problem::PrivateFile(_)
            | Problem::Keyring(_)
    )
}
