//! Decides whether a call may run: by policy, sandbox and what it would reach.

use llmx_config::Config;
use llmx_protocol::{ApprovalPolicy, SandboxMode};
use llmx_tools::{Permit, Reach};

use crate::turn::{self, Verdict};

/// What a session allows.
#[derive(Debug, Clone)]
pub(crate) struct Approvals {
    policy: ApprovalPolicy,
    sandbox: SandboxMode,
}

impl Approvals {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            policy: config.approval_policy,
            sandbox: config.sandbox_mode,
        }
    }

    /// Returns whether a call that reaches this far may run.
    pub(crate) fn verdict(&self, reach: &Reach) -> Verdict {
        match reach {
            Reach::Command {
                escalation: Some(_),
                ..
            } if self.policy == ApprovalPolicy::Never && self.sandbox != SandboxMode::DangerFullAccess => {
                Verdict::Refuse {
                    reason: "Running outside of the sandbox needs the user's approval, and nobody can be asked in this session. Find another way within the sandbox.".to_owned(),
                }
            }
            _ => Verdict::Run(turn::Permit::Confined),
        }
    }
}

/// Returns how far a tool may reach, in its own words.
pub(crate) fn permit(permit: turn::Permit) -> Permit {
    match permit {
        turn::Permit::Confined => Permit::Confined,
        turn::Permit::Unconfined => Permit::Unconfined,
    }
}
