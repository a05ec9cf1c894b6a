//! Reads what the model wrote as a call of `shell`, and repairs what can mean only one thing.

use serde_json::Value;

use crate::exec::{escalation, words};
use crate::fields::Fields;
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
    /// Why it should run outside of the sandbox, if it should.
    pub(crate) escalation: Option<String>,
}

impl ShellCall {
    pub(crate) fn read(input: Input<'_>) -> Result<Self, String> {
        let fields = Fields::read(input, "command", EXAMPLE)?;
        let names = ["command", "cmd"];
        let written = fields.any(&names).ok_or_else(|| fields.missing(&names))?;
        let timeout = fields.count(&["timeout_ms"])?.filter(|ms| *ms > 0);
        Ok(Self {
            workdir: fields.text(&["workdir"])?,
            timeout_ms: timeout.map(|ms| ms as u64),
            escalation: escalation(&fields)?,
            ..Self::from_command(command(written)?)?
        })
    }

    pub(crate) fn command_line(&self) -> String {
        quote::join(&self.command)
    }

    fn from_command(command: Vec<String>) -> Result<Self, String> {
        if command.first().is_none_or(String::is_empty) {
            return Err(format!("the command is empty; it must look like {EXAMPLE}"));
        }
        Ok(Self {
            command,
            workdir: None,
            timeout_ms: None,
            escalation: None,
        })
    }
}

fn command(written: &Value) -> Result<Vec<String>, String> {
    match written {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(list @ Value::Array(_)) => command(&list),
            _ => shell_words(text),
        },
        Value::Array(list) => {
            let words = words(list).ok_or("`command` holds something that is not a string")?;
            match words.as_slice() {
                // No program has a space in its name; this is a line for the shell.
                [line] if line.trim().contains(char::is_whitespace) => shell_words(line),
                _ => Ok(words),
            }
        }
        _ => Err(format!(
            "`command` is not a list of strings; it must look like {EXAMPLE}"
        )),
    }
}

fn shell_words(line: &str) -> Result<Vec<String>, String> {
    if line.trim().is_empty() {
        return Err(format!("the command is empty; it must look like {EXAMPLE}"));
    }
    Ok(vec!["bash".to_owned(), "-c".to_owned(), line.to_owned()])
}

const EXAMPLE: &str = r#"{"command": ["bash", "-c", "ls"]}"#;

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
