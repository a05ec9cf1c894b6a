//! The tools of one conversation, by name.

use std::sync::Arc;

use llmx_protocol::SandboxFacts;
use tokio::sync::mpsc;

use crate::confine::Confinement;
use crate::exec::{Ended, ExecCommand, Sessions, WriteStdin};
use crate::files::{Grep, ListDir, ReadFile};
use crate::image::ViewImage;
use crate::mcp::{McpSettings, Servers};
use crate::patch::ApplyPatch;
use crate::plan::UpdatePlan;
use crate::shell::Shell;
use crate::tool::{Input, Job, Tool, ToolSpec};

/// The tools of one conversation.
#[derive(Debug)]
pub struct Toolbox {
    tools: Vec<Box<dyn Tool>>,
    /// Understood, but not offered: what models call by a name they learned elsewhere.
    unoffered: Vec<Box<dyn Tool>>,
    sessions: Arc<Sessions>,
    confinement: Arc<Confinement>,
    servers: Servers,
}

impl Toolbox {
    /// Opens the tools of a session whose commands are held like this.
    pub fn new(confinement: Confinement) -> Self {
        let confinement = Arc::new(confinement);
        let sessions = Arc::new(Sessions::default());
        let shared = || (Arc::clone(&confinement), Arc::clone(&sessions));
        let (ours, theirs) = (shared(), shared());
        Self {
            tools: vec![
                Box::new(ExecCommand::new(ours.0, ours.1)),
                Box::new(WriteStdin::new(theirs.0, theirs.1)),
                Box::new(ApplyPatch::new(Arc::clone(&confinement))),
                Box::new(ReadFile {
                    confinement: Arc::clone(&confinement),
                }),
                Box::new(ListDir {
                    confinement: Arc::clone(&confinement),
                }),
                Box::new(Grep {
                    confinement: Arc::clone(&confinement),
                }),
                Box::new(ViewImage {
                    confinement: Arc::clone(&confinement),
                }),
                Box::new(UpdatePlan),
            ],
            unoffered: vec![Box::new(Shell::new(Arc::clone(&confinement)))],
            sessions,
            confinement,
            servers: Servers::default(),
        }
    }

    /// Returns, once, what holds commands, if it is known by now.
    pub fn take_sandbox_facts(&self) -> Option<SandboxFacts> {
        self.confinement.take_facts()
    }

    /// Adds the tools of MCP servers, which are started by [`Toolbox::start`].
    #[must_use]
    pub fn with_servers(mut self, settings: McpSettings) -> Self {
        self.servers = Servers::new(settings);
        self
    }

    /// Starts the MCP servers in the background, and returns what there is to say of them to a
    /// person. A server that was never met before gets a moment to introduce itself.
    pub async fn start(&self) -> mpsc::UnboundedReceiver<String> {
        self.servers.start().await
    }

    /// Offers what MCP servers have by now, and returns whether [`Toolbox::specs`] has changed. In
    /// the middle of a turn only servers join of which nothing was known.
    pub fn refresh(&self, is_new_turn: bool) -> bool {
        self.servers.offer(is_new_turn)
    }

    /// Returns what the model is offered.
    pub fn specs(&self) -> Vec<ToolSpec> {
        let own = self.tools.iter().map(|tool| tool.spec());
        own.chain(self.servers.specs()).collect()
    }

    /// Reads a call of the tool `name`; a refusal is told to the model and to the person.
    pub fn prepare(&self, name: &str, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        // Some models were taught that tools live in a namespace, and it is never another one.
        let name = name.strip_prefix("functions.").unwrap_or(name);
        let mut tools = self.tools.iter().chain(&self.unoffered);
        let own = tools.find(|tool| tool.name() == name);
        let remote = if own.is_none() {
            self.servers.find(name)
        } else {
            None
        };
        let Some(tool) = own.or(remote.as_ref()) else {
            let own = self.tools.iter().map(|tool| tool.name().to_owned());
            let names: Vec<_> = own.chain(self.servers.names()).collect();
            return Err(format!(
                "there is no tool `{name}`; the tools are {}",
                names.join(", ")
            ));
        };
        tool.prepare(input)
            .map_err(|why| format!("the call of `{name}` cannot be read: {why}"))
    }

    /// Ends the commands that go on in the background and the MCP servers, and returns the commands
    /// that were still running.
    ///
    /// All get a moment to put their files in order, unlike when the toolbox is dropped.
    pub async fn close(&self) -> Vec<Ended> {
        let (ended, ()) = tokio::join!(self.sessions.close(), self.servers.close());
        ended
    }
}

impl Drop for Toolbox {
    fn drop(&mut self) {
        self.sessions.kill();
    }
}
