//! Reads what the model wrote as a call of `exec_command` or of `write_stdin`.

use std::time::Duration;

use serde_json::Value;

use crate::fields::Fields;
use crate::quote;
use crate::tool::Input;

/// One call of `exec_command`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExecCall {
    /// What the shell is to run; never blank.
    pub(super) script: String,
    pub(super) workdir: Option<String>,
    pub(super) terminal: bool,
    /// Whether the shell is to read the profile files first.
    pub(super) login: bool,
    pub(super) bounds: Bounds,
    /// Why it should run outside of the sandbox, if it should.
    pub(super) escalation: Option<String>,
}

/// One call of `write_stdin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WriteCall {
    pub(super) session_id: u64,
    /// What to type; nothing if the call only waits.
    pub(super) chars: String,
    pub(super) bounds: Bounds,
}

/// How long a call waits and how much it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) wait: Duration,
    /// In bytes.
    pub(super) budget: usize,
}

impl ExecCall {
    pub(super) fn read(input: Input<'_>) -> Result<Self, String> {
        let fields = Fields::read(input, "cmd", EXAMPLE)?;
        let names = ["cmd", "command"];
        let written = fields.any(&names).ok_or_else(|| fields.missing(&names))?;
        Ok(Self {
            workdir: fields.text(&["workdir"])?,
            terminal: fields.flag(&["tty"])?.unwrap_or_default(),
            login: fields.flag(&["login"])?.unwrap_or_default(),
            bounds: Bounds::read(&fields)?,
            escalation: escalation(&fields)?,
            ..Self::from_script(script(written)?)?
        })
    }

    fn from_script(script: String) -> Result<Self, String> {
        if script.trim().is_empty() {
            return Err(format!("the command is empty; it must look like {EXAMPLE}"));
        }
        Ok(Self {
            script,
            workdir: None,
            terminal: false,
            login: false,
            bounds: Bounds::default(),
            escalation: None,
        })
    }
}

impl WriteCall {
    pub(super) fn read(input: Input<'_>) -> Result<Self, String> {
        let fields = Fields::read(input, "session_id", WRITE_EXAMPLE)?;
        let id = fields.count(&["session_id"])?;
        Ok(Self {
            session_id: id.ok_or_else(|| fields.missing(&["session_id"]))? as u64,
            chars: fields.text(&["chars"])?.unwrap_or_default(),
            bounds: Bounds::read(&fields)?,
        })
    }
}

impl Bounds {
    fn read(fields: &Fields) -> Result<Self, String> {
        let wait = fields.count(&["yield_time_ms"])?;
        let tokens = fields.count(&["max_output_tokens"])?;
        Ok(Self {
            wait: wait.map_or(DEFAULT_WAIT, |ms| {
                Duration::from_millis(ms as u64).clamp(SHORTEST_WAIT, LONGEST_WAIT)
            }),
            budget: BYTES_PER_TOKEN
                * tokens.map_or(DEFAULT_TOKENS, |tokens| {
                    tokens.clamp(MIN_TOKENS, MAX_TOKENS)
                }),
        })
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            wait: DEFAULT_WAIT,
            budget: BYTES_PER_TOKEN * DEFAULT_TOKENS,
        }
    }
}

/// Returns why a call should run outside of the sandbox, if it asks for that.
pub(crate) fn escalation(fields: &Fields) -> Result<Option<String>, String> {
    let permissions = fields.text(&["sandbox_permissions"])?;
    let asked = fields
        .flag(&["with_escalated_permissions"])?
        .unwrap_or_default()
        || permissions.as_deref() == Some("require_escalated");
    let reason = fields.text(&["justification"])?;
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    Ok(asked.then(|| reason.unwrap_or_else(|| NO_REASON.to_owned())))
}

/// Returns a list whose members are words; numbers are taken for words.
pub(crate) fn words(list: &[Value]) -> Option<Vec<String>> {
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    list.iter().map(word).collect()
}

/// Returns the script that was meant, where a list of words or a shell in a shell was written.
fn script(written: &Value) -> Result<String, String> {
    match written {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(list @ Value::Array(_)) if text.trim_start().starts_with("[\"") => script(&list),
            _ => Ok(text.clone()),
        },
        Value::Array(list) => {
            let words = words(list).ok_or("`cmd` holds something that is not a string")?;
            Ok(match words.as_slice() {
                [script] => script.clone(),
                [shell, flag, script]
                    if SHELLS.contains(&shell.as_str()) && FLAGS.contains(&flag.as_str()) =>
                {
                    script.clone()
                }
                words => quote::join(words),
            })
        }
        _ => Err(format!(
            "`cmd` is not a string; it must look like {EXAMPLE}"
        )),
    }
}

const SHELLS: &[&str] = &["bash", "/bin/bash", "zsh", "/bin/zsh", "sh", "/bin/sh"];
const FLAGS: &[&str] = &["-c", "-lc", "-cl"];
const EXAMPLE: &str = r#"{"cmd": "ls -l"}"#;
const WRITE_EXAMPLE: &str = r#"{"session_id": 1, "chars": "y\n"}"#;
const NO_REASON: &str = "the model gave no reason";
const DEFAULT_WAIT: Duration = Duration::from_secs(10);
const SHORTEST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// What tokenizers make of text and code on average; it need not be exact.
const BYTES_PER_TOKEN: usize = 4;
const DEFAULT_TOKENS: usize = 10_000;
/// Less says nothing, not even what is left out.
const MIN_TOKENS: usize = 64;
/// More is more than is kept.
const MAX_TOKENS: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_mean_only_one_thing_is_repaired() {
        for (text, expected) in [
            (r#"{"cmd":"ls -a | wc"}"#, "ls -a | wc"),
            (r#"{"command":"ls"}"#, "ls"),
            (r#"{"cmd":["ls","a b"]}"#, "ls 'a b'"),
            (r#"{"cmd":["bash","-lc","ls | wc"]}"#, "ls | wc"),
            (r#"{"cmd":["ls -a"]}"#, "ls -a"),
            (r#"{"cmd":"[\"ls\",\"-a\"]"}"#, "ls -a"),
            (r#"{"cmd":"[ -f x ]"}"#, "[ -f x ]"),
            (r#"{"cmd":["sleep",1]}"#, "sleep 1"),
            (r#"["ls","-a"]"#, "ls -a"),
            (r#""ls -a""#, "ls -a"),
            (r#""{\"cmd\":\"ls\"}""#, "ls"),
        ] {
            assert_eq!(
                ExecCall::read(Input::Json(text)).unwrap().script,
                expected,
                "{text}"
            );
        }
        for (text, expected) in [("ls -a", "ls -a"), (r#"{"cmd":"ls"}"#, "ls")] {
            assert_eq!(
                ExecCall::read(Input::Text(text)).unwrap().script,
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn the_other_fields_are_read_and_held_within_bounds() {
        let text = r#"{"cmd":"ls","workdir":"src","tty":true,"login":"true",
            "yield_time_ms":"1500","max_output_tokens":1,
            "with_escalated_permissions":true,"justification":"why"}"#;
        let call = ExecCall::read(Input::Json(text)).unwrap();
        assert_eq!(call.workdir.as_deref(), Some("src"));
        assert!(call.terminal && call.login);
        assert_eq!(call.bounds.wait, Duration::from_millis(1_500));
        assert_eq!(call.bounds.budget, 256);
        assert_eq!(call.escalation.as_deref(), Some("why"));
        for (ms, expected) in [("1", SHORTEST_WAIT), ("9e9", LONGEST_WAIT)] {
            let text = format!(r#"{{"session_id":"3","yield_time_ms":{ms}}}"#);
            let call = WriteCall::read(Input::Json(&text)).unwrap();
            assert_eq!((call.session_id, call.chars.as_str()), (3, ""));
            assert_eq!(call.bounds.wait, expected);
        }
    }

    #[test]
    fn leaving_the_sandbox_is_asked_for_in_either_way() {
        for (text, expected) in [
            (r#"{"cmd":"x","justification":"why"}"#, None),
            (
                r#"{"cmd":"x","with_escalated_permissions":true}"#,
                Some(NO_REASON),
            ),
            (
                r#"{"cmd":"x","sandbox_permissions":"require_escalated","justification":"why"}"#,
                Some("why"),
            ),
        ] {
            let call = ExecCall::read(Input::Json(text)).unwrap();
            assert_eq!(call.escalation.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_repaired_is_named() {
        for (text, expected) in [
            ("{\"cmd\":", "not JSON"),
            ("7", "not an object"),
            ("{}", "`cmd` is missing"),
            (r#"{"cmd":" "}"#, "empty"),
            (r#"{"cmd":[["ls"]]}"#, "not a string"),
            (r#"{"cmd":{"x":1}}"#, "not a string"),
            (r#"{"cmd":"ls","tty":3}"#, "`tty`"),
            (r#"{"cmd":"ls","yield_time_ms":-1}"#, "`yield_time_ms`"),
        ] {
            let error = ExecCall::read(Input::Json(text)).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        for (text, expected) in [
            ("{}", "`session_id` is missing"),
            ("[3]", "`session_id` is not"),
            (r#"{"session_id":1,"chars":3}"#, "`chars`"),
        ] {
            let error = WriteCall::read(Input::Json(text)).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    proptest! {
        /// Whatever the model writes, it is a script or a refusal.
        #[test]
        fn nothing_panics_and_no_script_is_blank(text in r#"[\[\]{}":,a-c1 \\]{0,30}"#) {
            for input in [Input::Json(&text), Input::Text(&text)] {
                if let Ok(call) = ExecCall::read(input) {
                    prop_assert!(!call.script.trim().is_empty());
                }
            }
        }
    }
}
