//! The `exec_command` tool: starts a command, and keeps it in the background if it takes long.

mod answer;
mod arguments;
mod output;
mod plain;
mod process;
mod sessions;
mod shell;
mod stream;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use llmx_protocol::{ItemDetails, ItemStatus};
use llmx_sandbox::Terminal;
use serde_json::json;

use crate::confine::Confinement;
use crate::patch;
use crate::tool::{Input, Job, Outcome, Permit, Reach, Running, Takes, Tool, ToolSpec};

use self::arguments::ExecCall;
use self::sessions::About;

pub(crate) use self::answer::Report;
pub(crate) use self::arguments::{escalation, words};
pub(crate) use self::output::Capture;
pub(crate) use self::process::{GRACE, Process, cannot_start};
pub use self::sessions::Ended;
pub(crate) use self::sessions::Sessions;
pub(crate) use self::write::WriteStdin;

/// The tool `exec_command`.
#[derive(Debug)]
pub(crate) struct ExecCommand {
    confinement: Arc<Confinement>,
    sessions: Arc<Sessions>,
}

impl ExecCommand {
    pub(crate) fn new(confinement: Arc<Confinement>, sessions: Arc<Sessions>) -> Self {
        Self {
            confinement,
            sessions,
        }
    }
}

impl Tool for ExecCommand {
    fn name(&self) -> &str {
        "exec_command"
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: include_str!("exec_command.md").to_owned(),
            takes: Takes::Json(json!({
                "type": "object",
                "properties": {
                    "cmd": {"type": "string", "description": "The shell script to run"},
                    "workdir": {"type": "string", "description": "The directory to run in"},
                    "tty": {"type": "boolean", "description": "Give it a terminal to type into (default false)"},
                    "login": {"type": "boolean", "description": "Read the shell's profile files first (default false)"},
                    "yield_time_ms": {"type": "integer", "description": "How long to wait for its end, 250 to 600000 (default 10000)"},
                    "max_output_tokens": {"type": "integer", "description": "How much output to return (default 10000)"},
                    "with_escalated_permissions": {"type": "boolean", "description": "Ask the user to let it run outside of the sandbox"},
                    "justification": {"type": "string", "description": "Why it must, in one sentence for the user"},
                },
                "required": ["cmd"],
                "additionalProperties": false,
            })),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let call = ExecCall::read(input)?;
        let workspace = self.confinement.workspace();
        let mut cwd = match &call.workdir {
            Some(workdir) => workspace.join(workdir),
            None => workspace.to_owned(),
        };
        let command = shell::command(&self.confinement, &call.script, call.login);
        if let Some((patch, directory)) = patch::in_command(&command) {
            cwd.extend(directory);
            return patch::job(&self.confinement, patch, cwd);
        }
        Ok(Box::new(ExecJob {
            cwd,
            command,
            call,
            confinement: Arc::clone(&self.confinement),
            sessions: Arc::clone(&self.sessions),
        }))
    }
}

struct ExecJob {
    call: ExecCall,
    command: Vec<String>,
    cwd: PathBuf,
    confinement: Arc<Confinement>,
    sessions: Arc<Sessions>,
}

impl Job for ExecJob {
    fn shown(&self) -> ItemDetails {
        self.item(String::new(), None, ItemStatus::InProgress)
    }

    fn reach(&self) -> Reach {
        Reach::Command {
            command: self.command.clone(),
            cwd: self.cwd.clone(),
            escalation: self.call.escalation.clone(),
        }
    }

    fn run(self: Box<Self>, permit: Permit) -> Running {
        Box::pin(async move {
            match self.start(permit) {
                Ok((process, place)) => self.follow(process, place, permit).await,
                Err(why) => {
                    let why = format!("the command was not run: {why}");
                    let shown = self.item(why.clone(), None, ItemStatus::Failed);
                    Outcome::text(why, shown)
                }
            }
        })
    }
}

impl ExecJob {
    fn start(&self, permit: Permit) -> Result<(Process, sessions::Place), String> {
        if !self.cwd.is_dir() {
            return Err(format!("{} is not a directory", self.cwd.display()));
        }
        let place = self.sessions.admit()?;
        let terminal = match self.call.terminal {
            true => Terminal::Own,
            false => Terminal::None,
        };
        let mut command = self
            .confinement
            .command(&self.command, &self.cwd, permit, terminal)
            .map_err(|error| error.to_string())?;
        if self.call.terminal {
            command.envs(PLAIN_TERMINAL.iter().copied());
        }
        let warden = self.confinement.warden(permit);
        let process = Process::start(command, self.call.terminal, warden).map_err(|error| {
            let shell = self.command.first().map(String::as_str).unwrap_or_default();
            cannot_start(shell, &error)
        })?;
        Ok((process, place))
    }

    /// Waits as long as the call says. Until the command is kept it ends with this future.
    async fn follow(&self, process: Process, place: sessions::Place, permit: Permit) -> Outcome {
        process.ended(self.call.bounds.wait).await;
        let (output, end) = process.take();
        let age = process.age();
        let (state, exit_code, status) = match end {
            Some(end) => (end.words(), end.status.code(), end.item_status()),
            None => {
                let id = self.sessions.keep(process, self.about(permit), place);
                let state = format!("still running, as session {id}");
                // The call is complete, the command is not: its exit is told by a `write_stdin`
                // later on, or by the end of the conversation.
                (state, None, ItemStatus::Completed)
            }
        };
        let report = Report {
            state,
            end,
            age,
            output: &output,
            terminal: self.call.terminal,
            permit,
            budget: self.call.bounds.budget,
        };
        Outcome::text(
            report.words(&self.confinement),
            self.item(output.raw(MAX_SHOWN), exit_code, status),
        )
    }

    fn about(&self, permit: Permit) -> About {
        About {
            script: self.call.script.clone(),
            command: self.command.clone(),
            cwd: self.cwd.clone(),
            permit,
        }
    }

    fn item(&self, output: String, exit_code: Option<i32>, status: ItemStatus) -> ItemDetails {
        ItemDetails::CommandExecution {
            command: self.call.script.clone(),
            aggregated_output: output,
            exit_code,
            status,
        }
    }
}

/// A terminal of few abilities: what programs draw for better ones, a model cannot see. Nobody is
/// there to turn the pages of a pager.
const PLAIN_TERMINAL: &[(&str, &str)] = &[
    ("TERM", "dumb"),
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("GH_PAGER", "cat"),
];
/// What a frontend gets of an output, in bytes: as much as a model by default.
pub(crate) const MAX_SHOWN: usize = 40_000;
