//! The tools of one conversation, by name.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use llmx_protocol::SandboxMode;
use serde_json::Value;

use crate::shell::{self, ShellCall};

/// What every tool of a conversation works with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The directory that relative paths start from.
    pub cwd: PathBuf,
    /// How far commands may reach.
    pub sandbox_mode: SandboxMode,
    /// The whole environment of commands, already scrubbed of secrets.
    pub environment: Vec<(OsString, OsString)>,
}

/// The tools of one conversation.
#[derive(Debug, Clone)]
pub struct Toolbox {
    settings: Arc<Settings>,
}

/// How a tool is offered to the model.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// The name to call it by.
    pub name: &'static str,
    /// What the model reads about it.
    pub description: &'static str,
    /// The JSON schema of its arguments.
    pub parameters: Value,
}

/// What the model gave a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// JSON, or what the model took for it.
    Json(&'a str),
    /// Free text.
    Text(&'a str),
}

/// A call that was understood.
#[derive(Debug)]
pub struct Prepared {
    call: ShellCall,
    settings: Arc<Settings>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What the model is told.
    pub answer: String,
    /// What the command printed, cut in the middle if long; why it did not run, if it did not.
    pub output: String,
    /// How the command exited, where it ran and was not killed.
    pub exit_code: Option<i32>,
}

impl Toolbox {
    /// Opens the tools with `settings`.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
        }
    }

    /// Returns what the model is offered.
    pub fn specs(&self) -> Vec<ToolSpec> {
        vec![shell::spec()]
    }

    /// Reads a call of the tool `name`; a refusal is told to the model and to the person.
    pub fn prepare(&self, name: &str, input: Input<'_>) -> Result<Prepared, String> {
        if name != shell::NAME {
            return Err(format!(
                "there is no tool `{name}`; the only tool is `{}`",
                shell::NAME
            ));
        }
        let call = ShellCall::read(input)
            .map_err(|why| format!("the call of `{name}` cannot be read: {why}"))?;
        Ok(Prepared {
            call,
            settings: Arc::clone(&self.settings),
        })
    }
}

impl Prepared {
    /// Returns the command line, quoted for a shell.
    pub fn command_line(&self) -> String {
        self.call.command_line()
    }

    /// Runs the call. Dropping the future kills the command with all that it started.
    pub async fn run(self) -> Outcome {
        shell::run(&self.call, &self.settings).await
    }
}
