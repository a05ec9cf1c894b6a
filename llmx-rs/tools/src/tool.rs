//! What every tool is, and what a call of one becomes.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use llmx_protocol::ItemDetails;
use serde_json::Value;

/// One tool that the model may call.
pub(crate) trait Tool: std::fmt::Debug + Send + Sync {
    /// The name to call it by.
    fn name(&self) -> &str;

    /// How it is offered to the model.
    fn spec(&self) -> ToolSpec;

    /// Reads a call, and repairs what can mean only one thing. A refusal is told to the model, in
    /// words from which it can do better.
    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String>;
}

/// How a tool is offered to the model.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// The name to call it by.
    pub name: String,
    /// What the model reads about it.
    pub description: String,
    /// What it takes.
    pub takes: Takes,
}

/// What a tool takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Takes {
    /// JSON of this schema.
    Json(Value),
    /// Text of this Lark grammar, where the upstream can hold a model to one.
    Text {
        /// The grammar.
        grammar: String,
    },
}

/// What the model gave a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// JSON, or what the model took for it.
    Json(&'a str),
    /// Free text.
    Text(&'a str),
}

/// A call that was understood and has not begun.
pub trait Job: Send {
    /// Returns what a frontend shows while it runs.
    fn shown(&self) -> ItemDetails;

    /// Returns what it would do to the machine, for whoever decides whether it may.
    fn reach(&self) -> Reach;

    /// Runs the call. Dropping the future stops it with all that it started.
    fn run(self: Box<Self>, permit: Permit) -> Running;
}

/// A call under way.
pub type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What a call would do to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It reads what the agent may read, or changes nothing outside of the agent.
    Harmless,
    /// It runs a program.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
        /// Where.
        cwd: PathBuf,
        /// Why the model wants it to run outside of the sandbox, if it does.
        escalation: Option<String>,
    },
    /// It changes these files.
    Changes {
        /// Which, as absolute paths.
        paths: Vec<PathBuf>,
    },
    /// It asks another program that the user has configured.
    Remote {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
        /// Whether the server says that it changes nothing.
        read_only: bool,
    },
}

/// How far a call may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// As far as the sandbox of the session lets it.
    Confined,
    /// As far as the user could.
    Unconfined,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What the model is told.
    pub answer: Vec<Said>,
    /// What a frontend shows, as it will stay.
    pub shown: ItemDetails,
}

/// One part of what the model is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Words.
    Text(String),
    /// A picture, as a `data:` URL.
    Image {
        /// The URL.
        url: String,
    },
}

impl Outcome {
    /// Makes the outcome that is words to the model.
    pub fn text(answer: impl Into<String>, shown: ItemDetails) -> Self {
        Self {
            answer: vec![Said::Text(answer.into())],
            shown,
        }
    }
}
