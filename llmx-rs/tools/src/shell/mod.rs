//! The `shell` tool: runs one command.

mod arguments;
#[cfg(unix)]
mod capture;
#[cfg(unix)]
mod process;

use llmx_protocol::SandboxMode;
use serde_json::json;

use crate::toolbox::{Outcome, Settings, ToolSpec};

pub(crate) use arguments::ShellCall;

pub(crate) const NAME: &str = "shell";

pub(crate) fn spec() -> ToolSpec {
    ToolSpec {
        name: NAME,
        description: include_str!("shell.md"),
        parameters: json!({
            "type": "object",
            "properties": {
                "command": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "The program and its arguments",
                },
                "workdir": {"type": "string", "description": "The directory to run in"},
                "timeout_ms": {"type": "integer", "description": "The time limit in milliseconds"},
            },
            "required": ["command"],
            "additionalProperties": false,
        }),
    }
}

/// Runs `call`, if the sandbox mode lets it run at all.
pub(crate) async fn run(call: &ShellCall, settings: &Settings) -> Outcome {
    if settings.sandbox_mode != SandboxMode::DangerFullAccess {
        return not_run(REFUSAL);
    }
    let workdir = match &call.workdir {
        Some(workdir) => settings.cwd.join(workdir),
        None => settings.cwd.clone(),
    };
    if !workdir.is_dir() {
        return not_run(&format!(
            "the command was not run: {} is not a directory",
            workdir.display()
        ));
    }
    execute(call, &workdir, settings).await
}

#[cfg(unix)]
async fn execute(call: &ShellCall, workdir: &std::path::Path, settings: &Settings) -> Outcome {
    let run = process::run(call, workdir, &settings.environment).await;
    let run = match run {
        Ok(run) => run,
        Err(error) => {
            let program = call.command.first().map(String::as_str).unwrap_or_default();
            return not_run(&format!(
                "the command was not run: `{program}` cannot be started: {error}"
            ));
        }
    };
    let (end, exit_code) = match run.end {
        process::End::Exited(code) => (format!("exit code: {code}"), Some(code)),
        process::End::Signalled(signal) => (format!("killed by signal {signal}"), None),
        process::End::TimedOut => ("killed: it did not end within timeout_ms".to_owned(), None),
    };
    let duration = run.duration.as_secs_f64();
    Outcome {
        answer: format!("{end}\nduration: {duration:.1} s\noutput:\n{}", run.output),
        output: run.output,
        exit_code,
    }
}

#[cfg(not(unix))]
#[expect(
    clippy::unused_async,
    reason = "the signature is that of the systems that run commands"
)]
async fn execute(_: &ShellCall, _: &std::path::Path, _: &Settings) -> Outcome {
    not_run("the command was not run: llmx cannot run commands on this system yet")
}

fn not_run(why: &str) -> Outcome {
    Outcome {
        answer: why.to_owned(),
        output: why.to_owned(),
        exit_code: None,
    }
}

const REFUSAL: &str = "\
the command was not run: this version of llmx cannot confine commands, so it runs none unless the \
user allows full access. Nothing you call can change that. Tell the user that \
`-c sandbox_mode=danger-full-access` lets commands run with all of the user's rights.";
