//! What hooks are told of a call, and what becomes of it then.

use llmx_config::HookEvent;
use llmx_tools::{Outcome, Reach, Said};
use serde_json::{Map, Value, json};

use super::{Counsel, Hooks, Ruling};
use crate::turn::{Call, Payload, Verdict};

/// What hooks need to know of a call.
#[derive(Debug)]
pub(crate) struct AboutCall {
    /// The tool, and what it is known as besides.
    names: Vec<String>,
    told: Map<String, Value>,
}

impl AboutCall {
    pub(crate) fn new(call: &Call, reach: &Reach) -> Self {
        let mut names = vec![call.name.clone()];
        let aliases: &[&str] = match reach {
            Reach::Command { .. } => &COMMANDS,
            Reach::Changes { .. } => &CHANGES,
            Reach::Harmless | Reach::Remote { .. } => &[],
        };
        names.extend(aliases.iter().map(|name| (*name).to_owned()));
        let told = super::point::map([
            ("tool_name", json!(call.name)),
            ("tool_use_id", json!(call.call_id)),
            ("tool_input", input(call, reach)),
        ]);
        Self { names, told }
    }

    fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
}

/// Asks whether a call may run, to which `verdict` lets it come; `is_alone` says that nobody is
/// there to be asked. Returns notices for people, too.
pub(crate) async fn before_call(
    hooks: &Hooks,
    call: &AboutCall,
    verdict: Verdict,
    is_alone: bool,
) -> (Vec<String>, Verdict) {
    if matches!(verdict, Verdict::Refuse { .. }) {
        return (Vec::new(), verdict);
    }
    let event = HookEvent::PreToolUse;
    let counsel = hooks.ask(event, &call.names(), call.told.clone()).await;
    let verdict = match (counsel.ruling, verdict) {
        (Ruling::Nothing, verdict) => verdict,
        (Ruling::Block(reason), _) => Verdict::Refuse {
            reason: format!("A hook of the user refused this call, and it was not run: {reason}"),
        },
        (Ruling::Unknown(why), _) => Verdict::Refuse {
            reason: format!("This call was not run, since it could not be checked: {why}"),
        },
        (Ruling::Ask(reason), Verdict::Run(_)) if is_alone => Verdict::Refuse {
            reason: format!(
                "A hook wants the user to be asked about this call, and nobody is there; \
                 it was not run: {reason}"
            ),
        },
        (Ruling::Ask(reason), Verdict::Run(permit)) => Verdict::Ask { permit, reason },
        (Ruling::Ask(_), verdict) => verdict,
    };
    (counsel.notices, verdict)
}

/// Tells what a call has come to, and adds to its answer what hooks say. Returns notices for people.
pub(crate) async fn after_call(
    hooks: &Hooks,
    call: &AboutCall,
    outcome: &mut Outcome,
) -> Vec<String> {
    let mut told = call.told.clone();
    told.insert("tool_response".to_owned(), response(outcome));
    let event = HookEvent::PostToolUse;
    let Counsel {
        notices,
        mut context,
        ruling,
    } = hooks.ask(event, &call.names(), told).await;
    if let Ruling::Block(reason) = ruling {
        context.push(reason);
    }
    if !context.is_empty() {
        let words = format!("[a hook of the user says] {}", context.join("\n\n"));
        match outcome.answer.last_mut() {
            Some(Said::Text(text)) => {
                text.push_str("\n\n");
                text.push_str(&words);
            }
            _ => outcome.answer.push(Said::Text(words)),
        }
    }
    notices
}

/// Returns what the model gave, as an object; whatever it called the command, `command` holds it.
fn input(call: &Call, reach: &Reach) -> Value {
    let mut input = match &call.payload {
        Payload::Text(text) => super::point::map([("input", json!(text))]),
        Payload::Json(given) => match serde_json::from_str(given) {
            Ok(Value::Object(given)) => given,
            _ => super::point::map([("input", json!(given))]),
        },
    };
    match reach {
        Reach::Command { command, cwd, .. } => {
            input.insert("command".to_owned(), json!(line(command)));
            input.insert("argv".to_owned(), json!(command));
            input.insert("workdir".to_owned(), json!(cwd.to_string_lossy()));
        }
        Reach::Changes { paths } => {
            // A name that is no text has no other form in JSON than the one that is shown.
            let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
            input.insert("paths".to_owned(), json!(paths));
        }
        Reach::Harmless | Reach::Remote { .. } => {}
    }
    Value::Object(input)
}

/// Returns a command as it would be typed; of one that hands a script to a shell, the script.
fn line(command: &[String]) -> String {
    match command {
        [shell, flag, script] if is_shell(shell) && matches!(flag.as_str(), "-c" | "-lc") => {
            script.clone()
        }
        words => {
            let quoted: Vec<_> = words.iter().map(|word| quoted(word)).collect();
            quoted.join(" ")
        }
    }
}

fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or_default();
    matches!(name, "bash" | "sh" | "zsh")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn response(outcome: &Outcome) -> Value {
    let parts: Vec<_> = outcome
        .answer
        .iter()
        .map(|said| match said {
            Said::Text(text) => text.as_str(),
            Said::Image { .. } => "[picture]",
        })
        .collect();
    let shown = serde_json::to_value(&outcome.shown).unwrap_or_default();
    json!({
        "output": parts.join("\n"),
        "status": shown.get("status"),
        "exit_code": shown.get("exit_code"),
    })
}

/// What matchers may call any tool that runs a command. The last one is what other agents call it.
const COMMANDS: [&str; 3] = ["exec_command", "shell", "Bash"];
/// What they may call any tool that changes files, whatever way the model took.
const CHANGES: [&str; 1] = ["apply_patch"];
/// Names that are no tool's own.
pub(super) const ALIASES: [&str; 4] = ["exec_command", "shell", "Bash", "apply_patch"];

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, given: &str) -> Call {
        Call {
            call_id: "c1".to_owned(),
            name: name.to_owned(),
            payload: Payload::Json(given.to_owned()),
        }
    }

    #[test]
    fn a_guard_of_commands_sees_every_way_to_run_one() {
        let reach = Reach::Command {
            command: ["/bin/bash", "-c", "rm x"].map(str::to_owned).to_vec(),
            cwd: "/w".into(),
            escalation: None,
        };
        for (name, given) in [
            ("exec_command", r#"{"cmd": "rm x"}"#),
            ("shell", r#"{"command": ["bash", "-c", "rm x"]}"#),
            ("write_stdin", r#"{"chars": "rm x", "command": "ls"}"#),
            ("exec_command", "rm x"),
        ] {
            let about = AboutCall::new(&call(name, given), &reach);
            assert_eq!(about.told["tool_input"]["command"], "rm x");
            for known in ["exec_command", "Bash", name] {
                assert!(about.names().contains(&known), "{known}");
            }
        }
    }

    #[test]
    fn a_command_without_a_shell_is_quoted() {
        let words = ["git", "commit", "-m", "it's"].map(str::to_owned);
        assert_eq!(line(&words), r"git commit -m 'it'\''s'");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_hook_only_makes_a_verdict_stricter() {
        use crate::turn::Permit::{Confined, Unconfined};

        let run = |permit| Verdict::Run(permit);
        let ask = |reason: &str| Verdict::Ask {
            permit: Unconfined,
            reason: reason.to_owned(),
        };
        let refuse = || Verdict::Refuse {
            reason: "a rule".to_owned(),
        };
        let says = |decision: &str| {
            format!("echo '{{\"decision\": \"{decision}\", \"reason\": \"sure?\"}}'")
        };
        for (decision, verdict, is_alone, expected) in [
            ("approve", run(Confined), true, Some(run(Confined))),
            ("approve", ask("why"), false, Some(ask("why"))),
            ("approve", refuse(), false, Some(refuse())),
            ("ask", run(Unconfined), false, Some(ask("sure?"))),
            ("ask", ask("why"), false, Some(ask("why"))),
            ("ask", run(Confined), true, None),
            ("block", ask("why"), false, None),
            ("block", refuse(), false, Some(refuse())),
        ] {
            let hooks = hooks(&says(decision));
            let about = AboutCall::new(&call("grep", "{}"), &Reach::Harmless);
            let (notices, found) = before_call(&hooks, &about, verdict, is_alone).await;
            assert_eq!(notices, Vec::<String>::new());
            match expected {
                Some(expected) => assert_eq!(found, expected, "{decision}"),
                None => assert!(
                    matches!(&found, Verdict::Refuse { reason } if reason.ends_with("sure?")),
                    "{found:?}"
                ),
            }
        }
    }

    #[cfg(unix)]
    fn hooks(line: &str) -> Hooks {
        use llmx_config::{Hook, HookCommand, Matcher};

        let hook = Hook {
            event: HookEvent::PreToolUse,
            matcher: Matcher::default(),
            command: HookCommand::Shell(line.to_owned()),
            timeout: std::time::Duration::from_secs(9),
        };
        Hooks {
            hooks: vec![hook],
            about: Map::new(),
            cwd: "/".into(),
            environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
            source: "startup",
            begun: false.into(),
        }
    }
}
