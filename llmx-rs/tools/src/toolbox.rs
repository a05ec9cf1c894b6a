//! The tools of one conversation, by name.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use llmx_protocol::SandboxMode;

use crate::shell::Shell;
use crate::tool::{Input, Job, Tool, ToolSpec};

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
#[derive(Debug)]
pub struct Toolbox {
    tools: Vec<Box<dyn Tool>>,
}

impl Toolbox {
    /// Opens the tools with `settings`.
    pub fn new(settings: Settings) -> Self {
        let settings = Arc::new(settings);
        Self {
            tools: vec![Box::new(Shell::new(settings))],
        }
    }

    /// Returns what the model is offered.
    pub fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|tool| tool.spec()).collect()
    }

    /// Reads a call of the tool `name`; a refusal is told to the model and to the person.
    pub fn prepare(&self, name: &str, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let specs = self.specs();
        let tool = specs
            .iter()
            .zip(&self.tools)
            .find(|(spec, _)| spec.name == name);
        let Some((_, tool)) = tool else {
            let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
            return Err(format!(
                "there is no tool `{name}`; the tools are {}",
                names.join(", ")
            ));
        };
        tool.prepare(input)
            .map_err(|why| format!("the call of `{name}` cannot be read: {why}"))
    }
}
