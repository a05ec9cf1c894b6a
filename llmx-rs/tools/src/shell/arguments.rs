//! Reads what the model wrote as a call of `shell`, and repairs what can mean only one thing.
//!
//! Models of every size write a string where a list is asked for, encode twice, or name the field
//! `cmd`. Sending such a call back costs a whole round through the model. What could mean two
//! things is refused, in words from which the model can do better.

use serde_json::{Map, Value};

use crate::quote;
use crate::tool::Input;

/// One call of `shell`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShellCall {
    /// The program and its arguments; never empty.
    pub(crate) command: Vec<String>,
    /// Where to run it.
    pub(crate) workdir: Option<String>,
    /// How long it may run.
    pub(crate) timeout_ms: Option<u64>,
}

impl ShellCall {
    pub(crate) fn read(input: Input<'_>) -> Result<Self, String> {
        match input {
            Input::Text(text) => match serde_json::from_str(text) {
                Ok(Value::Object(object)) => Self::from_object(&object),
                _ => Self::from_command(shell_words(text)?),
            },
            Input::Json(text) => {
                let value = serde_json::from_str(text)
                    .map_err(|error| format!("the arguments are not JSON ({error})"))?;
                Self::from_value(unwrap_encoded(value))
            }
        }
    }

    pub(crate) fn command_line(&self) -> String {
        quote::join(&self.command)
    }

    fn from_value(value: Value) -> Result<Self, String> {
        match value {
            Value::Object(object) => Self::from_object(&object),
            Value::Array(_) => Self::from_command(words(&value)?),
            _ => Err(format!("the arguments are not an object; {EXPECTED}")),
        }
    }

    fn from_object(object: &Map<String, Value>) -> Result<Self, String> {
        let command = object
            .get("command")
            .or_else(|| object.get("cmd"))
            .ok_or_else(|| format!("`command` is missing; {EXPECTED}"))?;
        Ok(Self {
            workdir: match object.get("workdir") {
                None | Some(Value::Null) => None,
                Some(Value::String(workdir)) => Some(workdir.clone()),
                Some(_) => return Err("`workdir` is not a string".to_owned()),
            },
            timeout_ms: timeout_ms(object.get("timeout_ms"))?,
            ..Self::from_command(words(command)?)?
        })
    }

    fn from_command(command: Vec<String>) -> Result<Self, String> {
        if command.first().is_none_or(String::is_empty) {
            return Err(format!("the command is empty; {EXPECTED}"));
        }
        Ok(Self {
            command,
            workdir: None,
            timeout_ms: None,
        })
    }
}

/// Undoes one needless encoding: a JSON string that itself holds JSON.
fn unwrap_encoded(value: Value) -> Value {
    match &value {
        Value::String(inner) => serde_json::from_str(inner).unwrap_or(value),
        _ => value,
    }
}

fn words(command: &Value) -> Result<Vec<String>, String> {
    match command {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(list @ Value::Array(_)) => words(&list),
            _ => shell_words(text),
        },
        Value::Array(list) => {
            let words: Option<Vec<_>> = list.iter().map(word).collect();
            let words = words.ok_or("`command` holds something that is not a string")?;
            match words.as_slice() {
                // No program has a space in its name; this is a line for the shell.
                [line] if line.trim().contains(char::is_whitespace) => shell_words(line),
                _ => Ok(words),
            }
        }
        _ => Err(format!("`command` is not a list of strings; {EXPECTED}")),
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn shell_words(line: &str) -> Result<Vec<String>, String> {
    if line.trim().is_empty() {
        return Err(format!("the command is empty; {EXPECTED}"));
    }
    Ok(vec!["bash".to_owned(), "-c".to_owned(), line.to_owned()])
}

fn timeout_ms(value: Option<&Value>) -> Result<Option<u64>, String> {
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    match number {
        // The cast saturates, and the run is bounded below any large number anyway.
        Some(ms) if ms >= 1.0 => Ok(Some(ms as u64)),
        _ => Err("`timeout_ms` is not a positive number of milliseconds".to_owned()),
    }
}

const EXPECTED: &str = r#"it must look like {"command": ["bash", "-c", "ls"]}"#;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_mean_only_one_thing_is_repaired() {
        for (text, expected) in [
            (r#"{"command":["ls","-a"]}"#, "ls -a"),
            (r#"{"command":"ls -a | wc"}"#, "bash -c 'ls -a | wc'"),
            (r#"{"command":["ls -a"]}"#, "bash -c 'ls -a'"),
            (r#"{"command":"[\"ls\",\"-a\"]"}"#, "ls -a"),
            (r#"{"cmd":["ls"]}"#, "ls"),
            (r#"{"command":["sleep",1]}"#, "sleep 1"),
            (r#"["ls"]"#, "ls"),
            (r#""{\"command\":[\"ls\"]}""#, "ls"),
        ] {
            let call = ShellCall::read(Input::Json(text)).unwrap();
            assert_eq!(call.command_line(), expected, "{text}");
        }
    }

    #[test]
    fn free_text_is_a_line_for_the_shell_or_the_usual_object() {
        for (text, expected) in [
            ("ls -a", "bash -c 'ls -a'"),
            (r#"{"command":["ls"]}"#, "ls"),
        ] {
            let call = ShellCall::read(Input::Text(text)).unwrap();
            assert_eq!(call.command_line(), expected, "{text}");
        }
    }

    #[test]
    fn the_other_fields_are_read() {
        let text = r#"{"command":["ls"],"workdir":"src","timeout_ms":"1500"}"#;
        let call = ShellCall::read(Input::Json(text)).unwrap();
        assert_eq!(call.workdir.as_deref(), Some("src"));
        assert_eq!(call.timeout_ms, Some(1_500));
    }

    #[test]
    fn what_cannot_be_repaired_is_named() {
        for (text, expected) in [
            ("{\"command\":", "not JSON"),
            ("7", "not an object"),
            ("{}", "`command` is missing"),
            (r#"{"command":[]}"#, "empty"),
            (r#"{"command":[""]}"#, "empty"),
            (r#"{"command":" "}"#, "empty"),
            (r#"{"command":[["ls"]]}"#, "not a string"),
            (r#"{"command":{"x":1}}"#, "not a list"),
            (r#"{"command":["ls"],"workdir":1}"#, "`workdir`"),
            (r#"{"command":["ls"],"timeout_ms":-1}"#, "`timeout_ms`"),
        ] {
            let error = ShellCall::read(Input::Json(text)).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        /// Whatever the model writes, it is a call with a program or a refusal.
        #[test]
        fn nothing_panics_and_a_program_is_always_named(text in r#"[\[\]{}":,a-c1 \\]{0,30}"#) {
            for input in [Input::Json(&text), Input::Text(&text)] {
                if let Ok(call) = ShellCall::read(input) {
                    prop_assert!(!call.command[0].is_empty());
                }
            }
        }
    }
}
