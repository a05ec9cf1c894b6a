//! Each tool the model may call: its schema and its execution.
//!
//! A call goes through two steps. [`Toolbox::prepare`] reads what the model wrote, repairs it
//! where only one meaning is possible, and refuses it in words otherwise. [`Job::run`] executes
//! it. A tool is one module with the text that the model reads in a `.md` file beside it.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod confine;
mod environment;
mod exec;
mod fields;
mod files;
pub mod group;
mod image;
mod mcp;
mod mended;
pub mod patch;
mod plan;
mod quote;
mod shell;
mod tool;
mod toolbox;

pub use confine::Confinement;
pub use environment::scrub;
pub use exec::Ended;
pub use llmx_sandbox::{Owner, Report as SandboxReport, Settings as SandboxSettings, is_protected};
pub use mcp::{
    McpBody, McpBroken, McpCarrier, McpCarrying, McpReach, McpServer, McpSettings, base_environment,
};
pub use patch::run_as_patcher;
pub use tool::{Input, Job, Outcome, Permit, Reach, Running, Said, Takes, ToolSpec};
pub use toolbox::Toolbox;
