//! Reads the hooks of a source out of its tree.

use std::time::Duration;

use crate::foreign;
use crate::hook::{Hook, HookCommand, HookEvent, Hooks, Matcher};
use crate::problem::Problem;
use crate::read_server::seconds;
use crate::read_tables::foreign_or_unknown;
use crate::reader::{Reader, join};
use crate::source::Located;
use crate::tree::{Node, Value};

/// Reads `hooks`, where `path` is that dotted key.
pub(crate) fn read(reader: &mut Reader, path: &str, node: &Node) -> Hooks {
    let mut hooks = Vec::new();
    for entry in reader.table(path, node) {
        let Some(event) = event(&entry.key) else {
            let reason = foreign::of_hooks(&entry.key);
            foreign_or_unknown(reader, path, entry, reason, &EVENTS);
            continue;
        };
        let key = join(path, &entry.key);
        match &entry.node.value {
            Value::List(nodes) => {
                let read = nodes
                    .iter()
                    .filter_map(|node| hook(reader, &key, node, event));
                hooks.extend(read);
            }
            other => reader.wrong_kind(&key, HOOKS, other, &entry.node.place),
        }
    }
    Hooks(hooks)
}

fn event(name: &str) -> Option<HookEvent> {
    Some(match name {
        "PostToolUse" => HookEvent::PostToolUse,
        "PreCompact" => HookEvent::PreCompact,
        "PreToolUse" => HookEvent::PreToolUse,
        "SessionEnd" => HookEvent::SessionEnd,
        "SessionStart" => HookEvent::SessionStart,
        "Stop" => HookEvent::Stop,
        "UserPromptSubmit" => HookEvent::UserPromptSubmit,
        _ => return None,
    })
}

fn hook(reader: &mut Reader, path: &str, node: &Node, event: HookEvent) -> Option<Located<Hook>> {
    let (mut matcher, mut command, mut timeout) = (Matcher::default(), None, TIMEOUT);
    let mut is_whole = true;
    for entry in reader.table(path, node) {
        let (key, node) = (join(path, &entry.key), &entry.node);
        match entry.key.as_str() {
            "matcher" => match read_matcher(reader, &key, node, event) {
                Some(read) => matcher = read,
                None => is_whole = false,
            },
            "command" => {
                command = read_command(reader, &key, node);
                is_whole &= command.is_some();
            }
            "timeout_sec" => match seconds(reader, &key, node) {
                Some(read) => timeout = Duration::from_millis(read.value),
                None => is_whole = false,
            },
            name => {
                is_whole = false;
                let reason = foreign::of_hook(name);
                foreign_or_unknown(reader, path, entry, reason, &KEYS);
            }
        }
    }
    if !is_whole {
        // What is wrong with it was said.
        return None;
    }
    let Some(command) = command else {
        if matches!(node.value, Value::Table(_)) {
            let key = path.to_owned();
            reader.fault(Problem::NoHookCommand { key }, &node.place);
        }
        return None;
    };
    let hook = Hook {
        event,
        matcher,
        command,
        timeout,
    };
    Some(Located::new(hook, node.place.clone()))
}

fn read_matcher(reader: &mut Reader, key: &str, node: &Node, event: HookEvent) -> Option<Matcher> {
    let pattern = reader.any_text(key, node)?;
    if matches!(
        event,
        HookEvent::Stop | HookEvent::UserPromptSubmit | HookEvent::SessionEnd
    ) {
        let problem = Problem::NoMeaning {
            key: key.to_owned(),
            reason: "there is nothing to choose from at this point; leave it out",
        };
        reader.fault(problem, &node.place);
        return None;
    }
    match Matcher::read(&pattern.value) {
        Ok(matcher) => Some(matcher),
        Err(reason) => {
            let key = key.to_owned();
            reader.fault(Problem::Pattern { key, reason }, &node.place);
            None
        }
    }
}

fn read_command(reader: &mut Reader, key: &str, node: &Node) -> Option<HookCommand> {
    match &node.value {
        Value::List(_) => {
            let words = reader.command(key, node)?.value;
            let program = words.first().map(String::as_str).unwrap_or_default();
            // Found from the directory of the session, it would be the project's, not the user's.
            let is_relative = program.contains(['/', '\\'])
                && !program.starts_with("~/")
                && !std::path::Path::new(program).is_absolute();
            if is_relative {
                let key = key.to_owned();
                reader.fault(Problem::NotAbsolute { key }, &node.place);
                return None;
            }
            Some(HookCommand::Program(words))
        }
        Value::Text(_) | Value::Unquoted { .. } => {
            Some(HookCommand::Shell(reader.text(key, node)?.value))
        }
        other => {
            reader.wrong_kind(key, COMMAND, other, &node.place);
            None
        }
    }
}

/// As long as a test suite that a hook runs may take.
const TIMEOUT: Duration = Duration::from_secs(60);

const HOOKS: &str = "a list of tables such as `[{ command = \"check.sh\" }]`";
const COMMAND: &str =
    "text for a shell, or a program and its arguments such as `[\"program\", \"argument\"]`";

/// In the order of their names.
pub(crate) const EVENTS: [&str; 7] = [
    "PostToolUse",
    "PreCompact",
    "PreToolUse",
    "SessionEnd",
    "SessionStart",
    "Stop",
    "UserPromptSubmit",
];

const KEYS: [&str; 3] = ["command", "matcher", "timeout_sec"];
