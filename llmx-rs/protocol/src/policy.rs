//! What the agent may do to the machine, and when it must ask first.

use serde::{Deserialize, Serialize};

/// How far a command of the agent may reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxMode {
    /// Commands may read files and change nothing.
    #[default]
    ReadOnly,
    /// Commands may also write below the workspace.
    WorkspaceWrite,
    /// Commands run with all the rights of the user.
    DangerFullAccess,
}

/// When a person must approve a command before it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalPolicy {
    /// Ask for every command that is not known to be safe.
    Untrusted,
    /// Ask when the model asks for more rights than the sandbox gives.
    #[default]
    OnRequest,
    /// Never ask; what would need approval is refused.
    Never,
}
