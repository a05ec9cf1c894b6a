//! Takes the hooks of Codex over, which stand in groups below their matchers.

use toml_edit::{Array, InlineTable, Value};

/// Returns the hooks of `event` as llmx has them: each with its matcher. What is in no group stays as
/// it is.
pub(crate) fn flat(event: &str, hooks: &Value) -> Value {
    let Some(groups) = hooks.as_array() else {
        return hooks.clone();
    };
    let mut flat = Array::new();
    for group in groups {
        let inner = group.as_inline_table();
        let inner = inner.and_then(|group| group.get("hooks")?.as_array());
        let Some(inner) = inner else {
            flat.push(group.clone());
            continue;
        };
        let matcher = group
            .as_inline_table()
            .and_then(|group| group.get("matcher"));
        for hook in inner {
            flat.push(one(event, matcher, hook));
        }
    }
    flat.into()
}

fn one(event: &str, matcher: Option<&Value>, hook: &Value) -> Value {
    let Some(theirs) = hook.as_inline_table() else {
        return hook.clone();
    };
    let mut ours = InlineTable::new();
    // Where there is nothing to choose from, theirs is not looked at either.
    if let Some(matcher) = matcher.filter(|_| !matches!(event, "Stop" | "UserPromptSubmit")) {
        ours.insert("matcher", matcher.clone());
    }
    for (name, value) in theirs {
        match (name, value.as_str()) {
            ("type", Some("command")) => {}
            ("timeout", _) => {
                ours.insert("timeout_sec", value.clone());
            }
            _ => {
                ours.insert(name, value.clone());
            }
        }
    }
    ours.into()
}
