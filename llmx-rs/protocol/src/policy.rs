//! What the agent may do to the machine, and when it must ask first.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// How far a command of the agent may reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// A [`SandboxMode`] with all that a sandbox must know to hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum SandboxPolicy {
    /// Commands may read files and change nothing.
    ReadOnly {
        /// Whether commands may use the network.
        #[serde(default)]
        network_access: bool,
    },
    /// Commands may also write below the workspace, and where temporary files go.
    WorkspaceWrite {
        /// Directories that may be written beside the workspace.
        #[serde(default, serialize_with = "as_text")]
        writable_roots: Vec<PathBuf>,
        /// Whether commands may use the network.
        #[serde(default)]
        network_access: bool,
        /// Whether the directory that `TMPDIR` names stays read-only.
        #[serde(default)]
        exclude_tmpdir_env_var: bool,
        /// Whether `/tmp` stays read-only.
        #[serde(default)]
        exclude_slash_tmp: bool,
    },
    /// Commands run with all the rights of the user.
    DangerFullAccess,
}

impl SandboxPolicy {
    /// Returns the mode that this policy details.
    pub fn mode(&self) -> SandboxMode {
        match self {
            Self::ReadOnly { .. } => SandboxMode::ReadOnly,
            Self::WorkspaceWrite { .. } => SandboxMode::WorkspaceWrite,
            Self::DangerFullAccess => SandboxMode::DangerFullAccess,
        }
    }

    /// Whether commands may use the network.
    pub fn network_access(&self) -> bool {
        match self {
            Self::ReadOnly { network_access } | Self::WorkspaceWrite { network_access, .. } => {
                *network_access
            }
            Self::DangerFullAccess => true,
        }
    }
}

impl Default for SandboxPolicy {
    fn default() -> Self {
        SandboxMode::default().into()
    }
}

/// Fills in what a mode alone leaves open: no further roots, no network, temporary files allowed.
impl From<SandboxMode> for SandboxPolicy {
    fn from(mode: SandboxMode) -> Self {
        match mode {
            SandboxMode::ReadOnly => Self::ReadOnly {
                network_access: false,
            },
            SandboxMode::WorkspaceWrite => Self::WorkspaceWrite {
                writable_roots: Vec::new(),
                network_access: false,
                exclude_tmpdir_env_var: false,
                exclude_slash_tmp: false,
            },
            SandboxMode::DangerFullAccess => Self::DangerFullAccess,
        }
    }
}

/// Writes names as they are shown: those that are no text have no other form in JSON.
fn as_text<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_written_as_rollout_files_have_it() {
        let policy = SandboxPolicy::from(SandboxMode::WorkspaceWrite);
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(
            text,
            r#"{"type":"workspace-write","writable_roots":[],"network_access":false,"exclude_tmpdir_env_var":false,"exclude_slash_tmp":false}"#
        );
        assert_eq!(
            serde_json::from_str::<SandboxPolicy>(r#"{"type":"workspace-write"}"#).unwrap(),
            policy
        );
        assert!(serde_json::from_str::<SandboxPolicy>(r#"{"type":"read-only","typo":1}"#).is_err());
    }
}
