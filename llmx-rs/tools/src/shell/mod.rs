//! The `shell` tool: runs one command to its end.
//!
//! It is the older form of `exec_command`, for models that call it by this name unasked.

mod arguments;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use llmx_protocol::{ItemDetails, ItemStatus};
use llmx_sandbox::Terminal;
use serde_json::json;
use tokio::time::Instant;

use crate::confine::Confinement;
use crate::exec::{GRACE, MAX_SHOWN, Process, Report, cannot_start};
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
    fn name(&self) -> &str {
        "shell"
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
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
            escalation: self.call.escalation.clone(),
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
    match start(job, permit) {
        Ok(process) => follow(job, process, permit).await,
        Err(why) => {
            let why = format!("the command was not run: {why}");
            Ran {
                answer: why.clone(),
                output: why,
                exit_code: None,
            }
        }
    }
}

fn start(job: &ShellJob, permit: Permit) -> Result<Process, String> {
    let (call, workdir) = (&job.call, job.workdir());
    if !workdir.is_dir() {
        return Err(format!("{} is not a directory", workdir.display()));
    }
    let command = job
        .confinement
        .command(&call.command, &workdir, permit, Terminal::None)
        .map_err(|error| error.to_string())?;
    let warden = job.confinement.warden(permit);
    Process::start(command, false, warden).map_err(|error| {
        let program = call.command.first().map(String::as_str).unwrap_or_default();
        cannot_start(program, &error)
    })
}

/// Waits for the end of the command, and ends it at its time limit.
async fn follow(job: &ShellJob, process: Process, permit: Permit) -> Ran {
    let limit = job
        .call
        .timeout_ms
        .map_or(DEFAULT_LIMIT, Duration::from_millis);
    let in_time = process.ended(limit.min(LONGEST_LIMIT)).await;
    if in_time.is_none() {
        process.request_end();
        process.end_by(Instant::now() + GRACE).await;
    }
    let (output, _) = process.take();
    let report = Report {
        state: match in_time {
            Some(end) => end.words(),
            None => "killed: it did not end within timeout_ms".to_owned(),
        },
        end: in_time,
        age: process.age(),
        output: &output,
        terminal: false,
        permit,
        budget: MAX_SHOWN,
    };
    Ran {
        answer: report.words(&job.confinement),
        output: output.raw(MAX_SHOWN),
        exit_code: in_time.and_then(|end| end.status.code()),
    }
}

const DEFAULT_LIMIT: Duration = Duration::from_secs(120);
/// A command that runs longer than this belongs in the hands of a person.
const LONGEST_LIMIT: Duration = Duration::from_secs(60 * 60);
