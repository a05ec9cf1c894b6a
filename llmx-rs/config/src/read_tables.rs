//! Reads the small tables of a source: sandbox, environment, prices, history, projects.

use std::collections::BTreeMap;
use std::path::Path;

use crate::foreign;
use crate::layer::Setting;
use crate::problem::Problem;
use crate::raw::{RawEnvironment, RawModel, RawSandbox, Trust};
use crate::reader::{Reader, join};
use crate::resolved::{HistoryPersistence, WebSearch};
use crate::secret::Secret;
use crate::source::Located;
use crate::tree::{Entry, Node};
use crate::words::{INHERITS, PERSISTENCES, TRUSTS};

/// Reads `sandbox_workspace_write`.
pub(crate) fn workspace(reader: &mut Reader, path: &str, node: &Node) -> RawSandbox {
    let mut raw = RawSandbox::default();
    for entry in reader.table(path, node) {
        let (key, node) = (join(path, &entry.key), &entry.node);
        match entry.key.as_str() {
            "exclude_slash_tmp" => raw.exclude_slash_tmp = reader.truth(&key, node),
            "exclude_tmpdir_env_var" => raw.exclude_tmpdir_env_var = reader.truth(&key, node),
            "network_access" => raw.network_access = reader.truth(&key, node),
            "writable_roots" => raw.writable_roots = whole_paths(reader, &key, node),
            _ => reader.unknown_key(path, entry, &WORKSPACE),
        }
    }
    raw
}

/// Reads `shell_environment_policy`.
pub(crate) fn environment(reader: &mut Reader, path: &str, node: &Node) -> RawEnvironment {
    let mut raw = RawEnvironment::default();
    for entry in reader.table(path, node) {
        let (key, node) = (join(path, &entry.key), &entry.node);
        match entry.key.as_str() {
            "exclude" => raw.exclude = reader.list(&key, node),
            "ignore_default_excludes" => raw.ignore_default_excludes = reader.truth(&key, node),
            "include_only" => raw.include_only = reader.list(&key, node),
            "inherit" => raw.inherit = reader.word(&key, node, &INHERITS),
            "set" => raw.set = variables(reader, &key, node),
            name => {
                let reason = foreign::of_environment(name);
                foreign_or_unknown(reader, path, entry, reason, &ENVIRONMENT);
            }
        }
    }
    raw
}

/// Reads a table of variables and their values, which may be secrets.
pub(crate) fn variables(
    reader: &mut Reader,
    path: &str,
    node: &Node,
) -> BTreeMap<String, Located<Secret>> {
    let mut variables = BTreeMap::new();
    for entry in reader.table(path, node) {
        let key = join(path, &entry.key);
        if !is_variable(&entry.key) {
            reader.fault(Problem::VariableName { key }, &entry.place);
            continue;
        }
        if let Some(value) = reader.scalar(&key, &entry.node) {
            let value = Located::new(Secret::new(value.value), value.place);
            variables.insert(entry.key.clone(), value);
        }
    }
    variables
}

/// Reads `model_prices` into the facts about the model.
pub(crate) fn prices(reader: &mut Reader, path: &str, node: &Node, facts: &mut RawModel) {
    for entry in reader.table(path, node) {
        let (key, node) = (join(path, &entry.key), &entry.node);
        match entry.key.as_str() {
            "cached_input" => facts.price_cached_input = reader.amount(&key, node),
            "input" => facts.price_input = reader.amount(&key, node),
            "output" => facts.price_output = reader.amount(&key, node),
            _ => reader.unknown_key(path, entry, &PRICES),
        }
    }
}

/// Reads `history`.
pub(crate) fn history(
    reader: &mut Reader,
    path: &str,
    node: &Node,
    persistence: &mut Setting<HistoryPersistence>,
) {
    for entry in reader.table(path, node) {
        let key = join(path, &entry.key);
        match entry.key.as_str() {
            "persistence" => *persistence = reader.word(&key, &entry.node, &PERSISTENCES),
            name => {
                let reason = foreign::of_history(name);
                foreign_or_unknown(reader, path, entry, reason, &HISTORY);
            }
        }
    }
}

/// Reads `tools`, an older way to write `web_search`.
pub(crate) fn tools(
    reader: &mut Reader,
    path: &str,
    node: &Node,
    web_search: &mut Setting<WebSearch>,
) {
    for entry in reader.table(path, node) {
        let key = join(path, &entry.key);
        match entry.key.as_str() {
            "web_search" => {
                let on = reader.truth(&key, &entry.node);
                let search = on.map(|on| {
                    let search = if on.value {
                        WebSearch::Live
                    } else {
                        WebSearch::Disabled
                    };
                    Located::new(search, on.place)
                });
                reader.once(web_search, search, &key, "web_search");
            }
            name => {
                let reason = foreign::of_tools(name);
                foreign_or_unknown(reader, path, entry, reason, &TOOLS);
            }
        }
    }
}

/// Reads `projects`, by the directories as they are written.
pub(crate) fn projects(
    reader: &mut Reader,
    path: &str,
    node: &Node,
) -> BTreeMap<String, Located<Trust>> {
    let mut projects = BTreeMap::new();
    for project in reader.table(path, node) {
        let path = join(path, &project.key);
        if !is_whole(&project.key) {
            let key = path.clone();
            reader.fault(Problem::NotAbsolute { key }, &project.place);
        }
        for entry in reader.table(&path, &project.node) {
            match entry.key.as_str() {
                "trust_level" => {
                    let key = join(&path, &entry.key);
                    if let Some(trust) = reader.word(&key, &entry.node, &TRUSTS) {
                        projects.insert(project.key.clone(), trust);
                    }
                }
                _ => reader.unknown_key(&path, entry, &PROJECT),
            }
        }
    }
    projects
}

/// Reads names of files without directories, which are looked for in every directory.
pub(crate) fn file_names(reader: &mut Reader, key: &str, node: &Node) -> Setting<Vec<String>> {
    let names = reader.list(key, node)?;
    if names.value.iter().any(|name| name.contains(['/', '\\'])) {
        let key = key.to_owned();
        reader.fault(Problem::NotAFileName { key }, &node.place);
        return None;
    }
    Some(names)
}

/// Reads directories that do not depend on where llmx was started.
fn whole_paths(reader: &mut Reader, key: &str, node: &Node) -> Setting<Vec<String>> {
    let paths = reader.list(key, node)?;
    if !paths.value.iter().all(|path| is_whole(path)) {
        let key = key.to_owned();
        reader.fault(Problem::NotAbsolute { key }, &node.place);
        return None;
    }
    Some(paths)
}

/// Reads one path that does not depend on where llmx was started.
pub(crate) fn whole_path(reader: &mut Reader, key: &str, node: &Node) -> Setting<String> {
    let path = reader.text(key, node)?;
    if !is_whole(&path.value) {
        let key = key.to_owned();
        reader.fault(Problem::NotAbsolute { key }, &node.place);
        return None;
    }
    Some(path)
}

/// Reports a key of `table` that another agent has and llmx has not, or one that nobody knows.
pub(crate) fn foreign_or_unknown(
    reader: &mut Reader,
    path: &str,
    entry: &Entry,
    reason: Option<&'static str>,
    known: &'static [&'static str],
) {
    match reason {
        Some(reason) => {
            let key = join(path, &entry.key);
            reader.fault(Problem::NoMeaning { key, reason }, &entry.place);
        }
        None => reader.unknown_key(path, entry, known),
    }
}

/// Returns whether `name` can be the name of an environment variable.
pub(crate) fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn is_whole(path: &str) -> bool {
    Path::new(path).is_absolute() || path == "~" || path.starts_with("~/")
}

pub(crate) const WORKSPACE: [&str; 4] = [
    "exclude_slash_tmp",
    "exclude_tmpdir_env_var",
    "network_access",
    "writable_roots",
];

pub(crate) const ENVIRONMENT: [&str; 5] = [
    "exclude",
    "ignore_default_excludes",
    "include_only",
    "inherit",
    "set",
];

pub(crate) const PRICES: [&str; 3] = ["cached_input", "input", "output"];
pub(crate) const HISTORY: [&str; 1] = ["persistence"];
pub(crate) const TOOLS: [&str; 1] = ["web_search"];
pub(crate) const PROJECT: [&str; 1] = ["trust_level"];
