//! What each kind of source may set, and why not more.

use crate::problem::Problem;

/// The kind of source that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A file of the user or of the machine; `exposed` where others can read it.
    Own { exposed: bool },
    /// A file that came with a project.
    Project,
    /// The command line, which every user of the machine can read.
    Arguments,
}

impl Scope {
    /// Returns why the setting at `key` may not stand in such a source.
    pub(crate) fn refuses(self, key: &str) -> Option<Problem> {
        if self != Self::Project {
            return None;
        }
        let top = key.split('.').next().unwrap_or_default();
        let (_, reason) = OWNERS_ONLY.iter().find(|(name, _)| *name == top)?;
        Some(Problem::NotInProject {
            key: key.to_owned(),
            reason,
        })
    }
}

/// What a project may not set, although its owner trusts it: the next pull could change it.
const OWNERS_ONLY: [(&str, &str); 13] = [
    (
        "cli_auth_credentials_store",
        "it would decide where your keys are kept",
    ),
    ("general", PROVIDERS),
    ("litellm", PROVIDERS),
    ("mcp_servers", COMMANDS),
    ("model_providers", PROVIDERS),
    ("notify", COMMANDS),
    ("hooks", COMMANDS),
    ("openai_base_url", PROVIDERS),
    (
        "profile",
        "a profile of yours may loosen what the project's author should not decide",
    ),
    (
        "profiles",
        "a profile of yours may loosen what the project's author should not decide",
    ),
    ("projects", "a project cannot make itself trusted"),
    (
        "sandbox_workspace_write",
        "it would widen what the agent's commands reach",
    ),
    (
        "shell_environment_policy",
        "it would decide which of your variables commands see",
    ),
];

const PROVIDERS: &str = "it would decide where your prompts and keys are sent";
const COMMANDS: &str = "it would run commands of the project's author outside the sandbox";
