//! Why a command was not started in a sandbox.

use std::io;
use std::path::PathBuf;

use crate::rung::Report;

/// Why a command was not started in a sandbox. Nothing ran.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// No rung holds on this machine.
    #[error(
        "this machine can hold no command: {0}\nRun it elsewhere, or with the policy danger-full-access."
    )]
    Refused(Report),
    /// The request names no program.
    #[error("the command is empty")]
    EmptyCommand,
    /// A directory that the policy names cannot be used.
    #[error("{path} cannot be a writable directory: {cause}")]
    WritableRoot {
        /// The directory as it was given.
        path: PathBuf,
        /// What the system said of it.
        cause: io::Error,
    },
    /// The root of the file system was to be writable.
    #[error("all of / cannot be writable in a sandbox; the policy danger-full-access says that")]
    WholeSystem,
    /// Landlock cannot exclude a part of a directory that it lets commands write.
    #[error(
        "{root} holds credentials ({secret}), which the Landlock sandbox cannot keep from commands that may write {root}; choose a narrower directory"
    )]
    HoldsCredentials {
        /// The writable directory.
        root: PathBuf,
        /// The credential store below it.
        secret: PathBuf,
    },
    /// The working directory of the command cannot be used.
    #[error("{path} cannot be the working directory: {cause}")]
    Workdir {
        /// The directory as it was given.
        path: PathBuf,
        /// What the system said of it.
        cause: io::Error,
    },
    /// The repository has more to protect than can be handed to the helper.
    #[error(
        "the repository has too many submodules and worktrees to protect each ({0} bytes of paths)"
    )]
    TooMuchToProtect(usize),
    /// The plan cannot be handed to the helper.
    #[error("the plan cannot be written down: {0}")]
    Plan(#[from] serde_json::Error),
}
