//! Reads the settings of one source, or of one profile in it, out of its tree.

use llmx_protocol::SandboxMode;

use crate::error::ConfigError;
use crate::foreign;
use crate::layer::Setting;
use crate::problem::Problem;
use crate::raw::RawConfig;
use crate::read_hook;
use crate::read_older;
use crate::read_provider;
use crate::read_server;
use crate::read_tables as tables;
use crate::reader::{Reader, join};
use crate::scope::Scope;
use crate::tree::{Entry, Node};
use crate::words::{
    APPROVALS, EFFORTS, KEY_STORES, SANDBOXES, SUMMARIES, VERBOSITIES, WEB_SEARCHES,
};

/// Reads one source; what is faulty is left out of the settings and put into the errors.
pub(crate) fn read(entries: &[Entry], scope: Scope) -> (RawConfig, Vec<ConfigError>) {
    let mut reader = Reader::new(scope);
    let raw = settings(&mut reader, "", entries);
    (raw, reader.finish())
}

/// Reads the settings below `path`, which is empty for a whole source.
fn settings(reader: &mut Reader, path: &str, entries: &[Entry]) -> RawConfig {
    let mut raw = RawConfig::default();
    let (older, current): (Vec<_>, Vec<_>) = entries
        .iter()
        .partition(|entry| path.is_empty() && read_older::is_older(&entry.key));
    for entry in current {
        let key = join(path, &entry.key);
        if let Some(problem) = reader.scope.refuses(&key) {
            reader.fault(problem, &entry.place);
            continue;
        }
        let known = model(reader, &mut raw, &key, entry)
            || agent(reader, &mut raw, &key, entry)
            || of_tables(reader, &mut raw, &key, entry)
            || (path.is_empty() && of_sources(reader, &mut raw, &key, entry));
        if !known {
            unknown(reader, path, &key, entry);
        }
    }
    // What has one meaning under two names must not be said twice, so the current names come first.
    for entry in older {
        match reader.scope.refuses(&entry.key) {
            Some(problem) => reader.fault(problem, &entry.place),
            None => read_older::read(reader, &mut raw, entry),
        }
    }
    raw
}

/// Reads a setting of the model, or returns that this is none.
fn model(reader: &mut Reader, raw: &mut RawConfig, key: &str, entry: &Entry) -> bool {
    let (node, facts) = (&entry.node, &mut raw.model_facts);
    match entry.key.as_str() {
        "model" => raw.model = reader.text(key, node),
        "model_provider" => raw.model_provider = reader.text(key, node),
        "model_auto_compact_token_limit" => {
            facts.auto_compact_token_limit = reader.number(key, node, TOKENS);
        }
        "model_context_window" => facts.context_window = reader.number(key, node, TOKENS),
        "model_max_output_tokens" => facts.max_output_tokens = reader.number(key, node, TOKENS),
        "model_prices" => tables::prices(reader, key, node, facts),
        "model_reasoning_effort" => facts.reasoning_effort = reader.one_of(key, node, &EFFORTS),
        "model_reasoning_summary" => {
            facts.reasoning_summary = reader.one_of(key, node, &SUMMARIES);
        }
        "model_verbosity" => facts.verbosity = reader.one_of(key, node, &VERBOSITIES),
        _ => return false,
    }
    true
}

/// Reads a setting of the agent, or returns that this is none.
fn agent(reader: &mut Reader, raw: &mut RawConfig, key: &str, entry: &Entry) -> bool {
    let node = &entry.node;
    match entry.key.as_str() {
        "approval_policy" => raw.approval_policy = reader.word(key, node, &APPROVALS),
        "cli_auth_credentials_store" => {
            raw.cli_auth_credentials_store = reader.word(key, node, &KEY_STORES);
        }
        "compact_prompt" => raw.compact_prompt = reader.text(key, node),
        "developer_instructions" => raw.developer_instructions = reader.text(key, node),
        "hide_agent_reasoning" => raw.hide_agent_reasoning = reader.truth(key, node),
        "notify" => raw.notify = reader.command(key, node),
        "project_doc_fallback_filenames" => {
            raw.project_doc_fallback_filenames = tables::file_names(reader, key, node);
        }
        "project_doc_max_bytes" => raw.project_doc_max_bytes = reader.number(key, node, DOC_BYTES),
        "sandbox_mode" => raw.sandbox_mode = sandbox_mode(reader, key, node),
        "web_search" => {
            let search = reader.word(key, node, &WEB_SEARCHES);
            reader.once(&mut raw.web_search, search, key, "tools.web_search");
        }
        "show_raw_agent_reasoning" => raw.show_raw_agent_reasoning = reader.truth(key, node),
        _ => return false,
    }
    true
}

/// Reads a table, or returns that this is none.
fn of_tables(reader: &mut Reader, raw: &mut RawConfig, key: &str, entry: &Entry) -> bool {
    let node = &entry.node;
    match entry.key.as_str() {
        "history" => tables::history(reader, key, node, &mut raw.history),
        "hooks" => raw.hooks = read_hook::read(reader, key, node),
        "mcp_servers" => {
            for server in reader.table(key, node) {
                let path = join(key, &server.key);
                let read = read_server::read(reader, &path, server);
                raw.mcp_servers.insert(server.key.clone(), read);
            }
        }
        "model_providers" => {
            for provider in reader.table(key, node) {
                let path = join(key, &provider.key);
                let read = read_provider::read(reader, &path, &provider.node);
                raw.providers.insert(provider.key.clone(), read);
            }
        }
        "sandbox_workspace_write" => {
            raw.sandbox_workspace_write = tables::workspace(reader, key, node);
        }
        "shell_environment_policy" => {
            raw.shell_environment = tables::environment(reader, key, node);
        }
        "tools" => tables::tools(reader, key, node, &mut raw.web_search),
        _ => return false,
    }
    true
}

/// Reads what only a whole source has, not a profile.
fn of_sources(reader: &mut Reader, raw: &mut RawConfig, key: &str, entry: &Entry) -> bool {
    let node = &entry.node;
    match entry.key.as_str() {
        "profile" => raw.profile = reader.text(key, node),
        "profiles" => {
            for profile in reader.table(key, node) {
                let path = join(key, &profile.key);
                let entries = reader.table(&path, &profile.node);
                let read = settings(reader, &path, entries);
                raw.profiles.insert(profile.key.clone(), read);
            }
        }
        "projects" => raw.projects = tables::projects(reader, key, node),
        _ => return false,
    }
    true
}

/// A project may ask for less than its reader allows, not for everything.
fn sandbox_mode(reader: &mut Reader, key: &str, node: &Node) -> Setting<SandboxMode> {
    let mode = reader.word(key, node, &SANDBOXES)?;
    if reader.scope == Scope::Project && mode.value == SandboxMode::DangerFullAccess {
        let problem = Problem::NotInProject {
            key: format!("{key} = \"danger-full-access\""),
            reason: "it would take the sandbox away",
        };
        reader.fault(problem, &node.place);
        return None;
    }
    Some(mode)
}

fn unknown(reader: &mut Reader, path: &str, key: &str, entry: &Entry) {
    let name = entry.key.as_str();
    let only_whole = SOURCE_KEYS.contains(&name) || read_older::is_older(name);
    if !path.is_empty() && only_whole {
        let key = key.to_owned();
        reader.fault(Problem::NotInProfile { key }, &entry.place);
    } else if let Some(reason) = foreign::setting(name) {
        let key = key.to_owned();
        reader.fault(Problem::NoMeaning { key, reason }, &entry.place);
    } else {
        reader.unknown_key(path, entry, &KEYS);
    }
}

/// One token to more than any model has.
pub(crate) const TOKENS: std::ops::RangeInclusive<i64> = 1..=1_000_000_000;

/// None to a megabyte, which is more than any context holds.
const DOC_BYTES: std::ops::RangeInclusive<i64> = 0..=1_048_576;

const SOURCE_KEYS: [&str; 3] = ["profile", "profiles", "projects"];

pub(crate) const KEYS: [&str; 30] = [
    "approval_policy",
    "cli_auth_credentials_store",
    "compact_prompt",
    "developer_instructions",
    "hide_agent_reasoning",
    "history",
    "hooks",
    "mcp_servers",
    "model",
    "model_auto_compact_token_limit",
    "model_context_window",
    "model_max_output_tokens",
    "model_prices",
    "model_provider",
    "model_providers",
    "model_reasoning_effort",
    "model_reasoning_summary",
    "model_verbosity",
    "notify",
    "profile",
    "profiles",
    "project_doc_fallback_filenames",
    "project_doc_max_bytes",
    "projects",
    "sandbox_mode",
    "sandbox_workspace_write",
    "shell_environment_policy",
    "show_raw_agent_reasoning",
    "tools",
    "web_search",
];
