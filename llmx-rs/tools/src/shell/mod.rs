//! The `shell` tool: runs one command.

mod arguments;
#[cfg(unix)]
mod capture;
#[cfg(unix)]
mod process;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use llmx_protocol::{ItemDetails, ItemStatus};
#[cfg(unix)]
use llmx_sandbox::Terminal;
use serde_json::json;

use crate::confine::Confinement;
use crate::patch;
use crate::tool::{Input, Job, Outcome, Permit, Reach, Running, Takes, Tool, ToolSpec};

use self::arguments::ShellCall;

/// The tool `shell`.
#[derive(Debug)]
pub(crate) struct Shell {
    confinement: Arc<Confinement>,
}

impl Shell {
    pub(crate) fn new(confinement: Arc<Confinement>) -> Self {
        Self { confinement }
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
        let job = ShellJob {
            call: ShellCall::read(input)?,
            confinement: Arc::clone(&self.confinement),
        };
        if let Some((patch, directory)) = patch::in_command(&job.call.command) {
            let mut cwd = job.workdir();
            cwd.extend(directory);
            return patch::job(&self.confinement, patch, cwd);
        }
        Ok(Box::new(job))
    }
}

struct ShellJob {
    call: ShellCall,
    confinement: Arc<Confinement>,
}

impl ShellJob {
    fn workdir(&self) -> PathBuf {
        match &self.call.workdir {
            Some(workdir) => self.confinement.workspace().join(workdir),
            None => self.confinement.workspace().to_owned(),
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

    fn run(self: Box<Self>, permit: Permit) -> Running {
        Box::pin(async move {
            let Ran {
                answer,
                output,
                exit_code,
            } = run(&self, permit).await;
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

/// Runs the call.
async fn run(job: &ShellJob, permit: Permit) -> Ran {
    let workdir = job.workdir();
    if !workdir.is_dir() {
        return not_run(&format!(
            "the command was not run: {} is not a directory",
            workdir.display()
        ));
    }
    execute(job, &workdir, permit).await
}

#[cfg(unix)]
async fn execute(job: &ShellJob, workdir: &Path, permit: Permit) -> Ran {
    let call = &job.call;
    let command = job
        .confinement
        .command(&call.command, workdir, permit, Terminal::None);
    let command = match command {
        Ok(command) => command,
        Err(error) => return not_run(&format!("the command was not run: {error}")),
    };
    let run = match process::run(command, call.timeout_ms).await {
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
    let hint = if permit == Permit::Confined && run.denied {
        DENIED
    } else {
        ""
    };
    Ran {
        answer: format!(
            "{end}\nduration: {duration:.1} s\n{hint}output:\n{}",
            run.output
        ),
        output: run.output,
        exit_code,
    }
}

#[cfg(not(unix))]
#[expect(
    clippy::unused_async,
    reason = "the signature is that of the systems that run commands"
)]
async fn execute(_: &ShellJob, _: &Path, _: Permit) -> Ran {
    not_run("the command was not run: llmx cannot run commands on this system yet")
}

fn not_run(why: &str) -> Ran {
    Ran {
        answer: why.to_owned(),
        output: why.to_owned(),
        exit_code: None,
    }
}

#[cfg(unix)]
const DENIED: &str = "note: this looks like the sandbox, which lets commands reach no further\n";
