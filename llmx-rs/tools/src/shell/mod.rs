//! The `shell` tool: runs one command.

mod arguments;
#[cfg(unix)]
mod capture;
#[cfg(unix)]
mod process;

use std::path::PathBuf;
use std::sync::Arc;

use llmx_protocol::{ItemDetails, ItemStatus, SandboxMode};
use serde_json::json;

use crate::tool::{Input, Job, Outcome, Permit, Reach, Running, Takes, Tool, ToolSpec};
use crate::toolbox::Settings;

use self::arguments::ShellCall;

/// The tool `shell`.
#[derive(Debug)]
pub(crate) struct Shell {
    settings: Arc<Settings>,
}

impl Shell {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self { settings }
    }
}

impl Tool for Shell {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "shell".to_owned(),
            description: include_str!("shell.md").to_owned(),
            takes: Takes::Json(json!({
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
            })),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        Ok(Box::new(ShellJob {
            call: ShellCall::read(input)?,
            settings: Arc::clone(&self.settings),
        }))
    }
}

struct ShellJob {
    call: ShellCall,
    settings: Arc<Settings>,
}

impl ShellJob {
    fn workdir(&self) -> PathBuf {
        match &self.call.workdir {
            Some(workdir) => self.settings.cwd.join(workdir),
            None => self.settings.cwd.clone(),
        }
    }
}

impl Job for ShellJob {
    fn shown(&self) -> ItemDetails {
        ItemDetails::CommandExecution {
            command: self.call.command_line(),
            aggregated_output: String::new(),
            exit_code: None,
            status: ItemStatus::InProgress,
        }
    }

    fn reach(&self) -> Reach {
        Reach::Command {
            command: self.call.command.clone(),
            cwd: self.workdir(),
            escalation: None,
        }
    }

    fn run(self: Box<Self>, _permit: Permit) -> Running {
        Box::pin(async move {
            let Ran {
                answer,
                output,
                exit_code,
            } = run(&self).await;
            let shown = ItemDetails::CommandExecution {
                command: self.call.command_line(),
                aggregated_output: output,
                exit_code,
                status: match exit_code {
                    Some(0) => ItemStatus::Completed,
                    _ => ItemStatus::Failed,
                },
            };
            Outcome::text(answer, shown)
        })
    }
}

/// What came of a command.
struct Ran {
    answer: String,
    /// What the command printed, cut in the middle if long; why it did not run, if it did not.
    output: String,
    /// How the command exited, where it ran and was not killed.
    exit_code: Option<i32>,
}

/// Runs the call, if the sandbox mode lets it run at all.
async fn run(job: &ShellJob) -> Ran {
    let settings = &job.settings;
    if settings.sandbox_mode != SandboxMode::DangerFullAccess {
        return not_run(REFUSAL);
    }
    let workdir = job.workdir();
    if !workdir.is_dir() {
        return not_run(&format!(
            "the command was not run: {} is not a directory",
            workdir.display()
        ));
    }
    execute(&job.call, &workdir, settings).await
}

#[cfg(unix)]
async fn execute(call: &ShellCall, workdir: &std::path::Path, settings: &Settings) -> Ran {
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
    Ran {
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
async fn execute(_: &ShellCall, _: &std::path::Path, _: &Settings) -> Ran {
    not_run("the command was not run: llmx cannot run commands on this system yet")
}

fn not_run(why: &str) -> Ran {
    Ran {
        answer: why.to_owned(),
        output: why.to_owned(),
        exit_code: None,
    }
}

const REFUSAL: &str = "\
the command was not run: this version of llmx cannot confine commands, so it runs none unless the \
user allows full access. Nothing you call can change that. Tell the user that \
`-c sandbox_mode=danger-full-access` lets commands run with all of the user's rights.";
