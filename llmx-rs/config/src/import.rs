//! Takes over what a configuration of Codex says, setting by setting, and tells the fate of each.

use std::fmt;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Value};

use crate::edit;
use crate::error::{ConfigError, ConfigErrors};
use crate::import_hooks;
use crate::inputs::Inputs;
use crate::overrides::nested;
use crate::problem::Problem;
use crate::read;
use crate::reader::join;
use crate::scope::Scope;
use crate::source::Source;
use crate::tree;

/// A configuration of another agent as one of llmx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The text of the new `config.toml`.
    pub text: String,
    /// What became of each setting, in the order of the file.
    pub fates: Vec<Fate>,
    /// What the user should look at.
    pub remarks: Vec<String>,
}

/// What became of one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It means the same here.
    Taken {
        /// Its dotted key.
        key: String,
    },
    /// It has another name or another value here.
    Changed {
        /// Its dotted key.
        key: String,
        /// What it became.
        to: String,
    },
    /// It was added, since what it says goes without saying there and not here.
    Added {
        /// Its dotted key.
        key: String,
        /// Why.
        reason: &'static str,
    },
    /// It has no place here.
    LeftOut {
        /// Its dotted key.
        key: String,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken { key } => write!(f, "taken     {key}"),
            Self::Changed { key, to } => write!(f, "changed   {key}: now {to}"),
            Self::Added { key, reason } => write!(f, "added     {key}: {reason}"),
            Self::LeftOut { key, reason } => write!(f, "left out  {key}: {reason}"),
        }
    }
}

/// Translates the text of a configuration of Codex that was read from `path`.
///
/// # Errors
///
/// A text that is not TOML.
pub fn import(inputs: &Inputs<'_>, path: &Path, text: &str) -> Result<Imported, ConfigErrors> {
    tree::parse_file(path, text)?;
    let theirs: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let message = error.message().to_owned();
        ConfigError::of_nothing(Problem::Syntax { message })
    })?;
    let mut importer = Importer {
        ours: DocumentMut::new(),
        fates: Vec::new(),
    };
    let mut settings = Vec::new();
    flatten(&mut settings, &[], theirs.as_item());
    let profiles: Vec<_> = settings
        .iter()
        .filter(|(path, _)| path.first().is_some_and(|name| name == "profiles"))
        .filter_map(|(path, _)| path.get(1).cloned())
        .collect();
    for (path, value) in settings {
        let dangling =
            path == ["profile"] && !profiles.iter().any(|name| value.as_str() == Some(name));
        if dangling {
            importer.leave_out(&path, "the file has no such profile".to_owned());
        } else {
            importer.take(&path, &value);
        }
    }
    if !importer.ours.contains_key("model_provider") {
        importer.add(
            "model_provider",
            "openai",
            "Codex uses OpenAI where nothing is said",
        );
    }
    let text = importer.ours.to_string();
    let remarks = match edit::check(inputs, &text) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    };
    Ok(Imported {
        text,
        fates: importer.fates,
        remarks,
    })
}

struct Importer {
    ours: DocumentMut,
    fates: Vec<Fate>,
}

impl Importer {
    fn take(&mut self, path: &[String], value: &Value) {
        let (new_path, new_value) = translate(path, value.clone());
        if let Some(problem) = refusal(&new_path, &new_value) {
            return self.leave_out(path, problem.to_string());
        }
        let changed = new_path != path || new_value.to_string() != value.to_string();
        let to = match new_path == path {
            true => new_value.to_string().trim().to_owned(),
            false => format!("`{}`", dotted(&new_path)),
        };
        if edit::put(self.ours.as_table_mut(), &new_path, new_value).is_err() {
            return self.leave_out(path, "it is a table and a value at once".to_owned());
        }
        let key = dotted(path);
        self.fates.push(if changed {
            Fate::Changed { key, to }
        } else {
            Fate::Taken { key }
        });
    }

    fn add(&mut self, key: &str, value: &str, reason: &'static str) {
        self.ours.insert(key, Item::Value(value.into()));
        let key = key.to_owned();
        self.fates.push(Fate::Added { key, reason });
    }

    fn leave_out(&mut self, path: &[String], reason: String) {
        let key = dotted(path);
        self.fates.push(Fate::LeftOut { key, reason });
    }
}

/// Returns a setting as llmx calls it.
fn translate(path: &[String], value: Value) -> (Vec<String>, Value) {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let to = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
    let last = names.last().copied().unwrap_or_default();
    match (names.as_slice(), value.as_str()) {
        (["openai_base_url"], _) => (to(&["model_providers", "openai", "base_url"]), value),
        (["instructions"], _) => (to(&["developer_instructions"]), value),
        (["hooks", event], _) => (path.to_vec(), import_hooks::flat(event, &value)),
        // Asking only after a failure is not known here; asking when told is the nearest.
        (_, Some("on-failure")) if last == "approval_policy" => {
            (path.to_vec(), Value::from("on-request"))
        }
        _ => (path.to_vec(), value),
    }
}

/// Returns why llmx cannot take a setting, if it cannot.
fn refusal(path: &[String], value: &Value) -> Option<Problem> {
    let source = std::sync::Arc::new(Source::Override { key: dotted(path) });
    let node = tree::parse_value(value.to_string().trim(), &source).ok()?;
    let entry = nested(path.to_vec(), &node, &source)?;
    let (_, faults) = read::read(&[entry], Scope::Own { exposed: true });
    faults.into_iter().next().map(|fault| *fault.problem)
}

/// Lists every value of a table with its path; lists of tables are values.
fn flatten(settings: &mut Vec<(Vec<String>, Value)>, path: &[String], item: &Item) {
    if let Some(table) = item.as_table_like() {
        for (name, item) in table.iter() {
            let below = [path, &[name.to_owned()]].concat();
            flatten(settings, &below, item);
        }
        return;
    }
    let mut item = item.clone();
    item.make_value();
    if let Ok(mut value) = item.into_value() {
        value.decor_mut().clear();
        settings.push((path.to_vec(), value));
    }
}

fn dotted(path: &[String]) -> String {
    path.iter()
        .fold(String::new(), |above, name| join(&above, name))
}
