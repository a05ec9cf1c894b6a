//! Finds the patch in what the model wrote, however it is wrapped.

use std::path::PathBuf;

use serde_json::Value;

use super::command;
use super::parse::BEGIN;
use crate::mended;
use crate::tool::Input;

/// Returns the patch, and the directory that it is meant for if that is said.
pub(super) fn read(input: Input<'_>) -> Result<(String, Option<PathBuf>), String> {
    let text = match input {
        Input::Json(text) | Input::Text(text) => text,
    };
    let json = match (input, text.trim_start().chars().next()) {
        (Input::Json(_), _) | (_, Some('{' | '[' | '"')) => mended::read(text).ok(),
        _ => None,
    };
    match json {
        Some(value) => from_value(&value),
        None if text.contains(BEGIN) && !text.trim_start().starts_with(['{', '[', '"']) => {
            Ok(unwrap(text))
        }
        None => match input {
            Input::Json(_) => Err(format!("the arguments are not JSON; {EXPECTED}")),
            // The parser says what is wrong with it.
            Input::Text(_) => Ok(unwrap(text)),
        },
    }
}

fn from_value(value: &Value) -> Result<(String, Option<PathBuf>), String> {
    match value {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => from_value(&inner),
            _ => Ok(unwrap(text)),
        },
        Value::Array(words) => {
            let words: Option<Vec<String>> = words
                .iter()
                .map(|word| word.as_str().map(str::to_owned))
                .collect();
            let words = words.unwrap_or_default();
            command::in_command(&words).ok_or_else(|| EXPECTED.to_owned())
        }
        Value::Object(object) => {
            let named = FIELDS.iter().find_map(|name| object.get(*name));
            // A single field can only be the patch, whatever it is called.
            let only = object.values().next().filter(|_| object.len() == 1);
            let value = named.or(only);
            let value = value.ok_or_else(|| format!("`input` is missing; {EXPECTED}"))?;
            match value {
                Value::Object(_) => Err(format!("`input` is not a string; {EXPECTED}")),
                value => from_value(value),
            }
        }
        _ => Err(format!("the arguments hold no patch; {EXPECTED}")),
    }
}

/// Takes off what shells and chats put around a patch.
fn unwrap(text: &str) -> (String, Option<PathBuf>) {
    let text = text.trim();
    let text = fenced(text).unwrap_or(text).trim();
    if let Some(body) = command::here_document(text) {
        return (body, None);
    }
    command::in_script(text).unwrap_or_else(|| (text.to_owned(), None))
}

fn fenced(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("```")?.strip_suffix("```")?;
    let (language, body) = inner.split_once('\n')?;
    let is_word = language
        .trim()
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    is_word.then_some(body)
}

const FIELDS: [&str; 6] = ["input", "patch", "command", "cmd", "diff", "content"];
const EXPECTED: &str = r#"it must look like {"input": "*** Begin Patch\n…\n*** End Patch"}"#;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PATCH: &str = "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch";

    #[test]
    fn a_patch_is_found_however_it_is_wrapped() {
        let script = format!("apply_patch <<'EOF'\n{PATCH}\nEOF");
        for value in [
            json!({"input": PATCH}),
            json!({"patch": PATCH}),
            json!({"command": ["apply_patch", PATCH]}),
            json!({"command": ["bash", "-lc", script]}),
            json!({"cmd": script}),
            json!({"what": PATCH}),
            json!(["apply_patch", PATCH]),
            json!(PATCH),
            json!(json!({"input": PATCH}).to_string()),
        ] {
            let text = value.to_string();
            for input in [Input::Json(&text), Input::Text(&text)] {
                assert_eq!(read(input), Ok((PATCH.to_owned(), None)), "{text}");
            }
        }
        for text in [
            PATCH.to_owned(),
            format!("\n{PATCH}\n"),
            format!("{{\"input\": \"{PATCH}\"}}"),
            format!("```\n{PATCH}\n```"),
            format!("```diff\n{PATCH}\n```\n"),
            format!("<<'EOF'\n{PATCH}\nEOF"),
            script,
        ] {
            for input in [Input::Json(&text), Input::Text(&text)] {
                assert_eq!(read(input), Ok((PATCH.to_owned(), None)), "{text}");
            }
        }
    }

    #[test]
    fn what_holds_no_patch_is_refused_with_an_example() {
        for text in [
            "{",
            "7",
            "{}",
            r#"{"a":1,"b":2}"#,
            r#"["ls"]"#,
            r#"{"input":{}}"#,
        ] {
            let said = read(Input::Json(text)).unwrap_err();
            assert!(said.contains("*** Begin Patch"), "{text}: {said}");
        }
    }
}
