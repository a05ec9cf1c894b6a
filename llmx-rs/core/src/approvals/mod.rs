//! Decides whether a call may run: by the user's rules, the policy, the sandbox, and what it would
//! reach.

mod classify;
mod rules;
mod script;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use llmx_protocol::{ApprovalPolicy, SandboxPolicy};
use llmx_tools::{Permit, Reach, is_protected};

pub use self::classify::Class;
pub use self::rules::{Rule, RuleDecision, Rules, RulesFault, Words};
pub use self::script::commands;
use crate::turn::{self, Verdict};

/// What a session allows.
#[derive(Debug, Clone)]
pub struct Approvals {
    policy: ApprovalPolicy,
    sandbox: SandboxPolicy,
    workspace: PathBuf,
    rules: Rules,
    /// What a person has allowed for the rest of the session, each as it was asked about.
    granted: BTreeSet<String>,
}

impl Approvals {
    /// Decides for a session in `workspace`.
    pub fn new(
        policy: ApprovalPolicy,
        sandbox: SandboxPolicy,
        workspace: PathBuf,
        rules: Rules,
    ) -> Self {
        Self {
            policy,
            sandbox,
            workspace,
            rules,
            granted: BTreeSet::new(),
        }
    }

    /// Returns whether what would be asked about is refused.
    pub(crate) fn asks_nobody(&self) -> bool {
        self.policy == ApprovalPolicy::Never
    }

    /// Returns whether a call that reaches this far may run.
    pub fn verdict(&self, reach: &Reach) -> Verdict {
        if self.granted.contains(&name(reach)) {
            return Verdict::Run(wanted(reach));
        }
        match reach {
            Reach::Harmless => Verdict::Run(turn::Permit::Confined),
            Reach::Command {
                command,
                escalation,
                ..
            } => self.command(command, escalation.as_deref()),
            Reach::Changes { paths } => self.changes(paths),
            Reach::Remote {
                server,
                tool,
                read_only,
            } => match self.policy {
                ApprovalPolicy::Untrusted if !read_only => self.ask(
                    turn::Permit::Confined,
                    format!("`{tool}` of the MCP server `{server}` may change something"),
                ),
                _ => Verdict::Run(turn::Permit::Confined),
            },
        }
    }

    /// Returns whether `command` may run in the workspace, and what is known of it.
    pub fn check(&self, command: &[String]) -> (Verdict, Class) {
        let reach = Reach::Command {
            command: command.to_vec(),
            cwd: self.workspace.clone(),
            escalation: None,
        };
        (self.verdict(&reach), classify::classify(command))
    }

    /// Remembers that a person allowed what reaches this far for the rest of the session.
    pub(crate) fn grant(&mut self, reach: &Reach) {
        self.granted.insert(name(reach));
    }

    fn command(&self, command: &[String], escalation: Option<&str>) -> Verdict {
        let permit = if escalation.is_some() {
            turn::Permit::Unconfined
        } else {
            turn::Permit::Confined
        };
        if let Some(rule) = self.rules.decide(command) {
            let because = rule
                .reason
                .as_deref()
                .unwrap_or("a rule of the user says so");
            return match rule.decision {
                RuleDecision::Allow => Verdict::Run(permit),
                RuleDecision::Ask => {
                    self.ask(permit, format!("a person must approve it: {because}"))
                }
                RuleDecision::Deny => Verdict::Refuse {
                    reason: format!(
                        "This command is forbidden: {because}. Do not try it in another form."
                    ),
                },
            };
        }
        if let Some(why) = escalation.filter(|_| self.is_confined()) {
            return self.ask(
                permit,
                format!("it wants to run outside of the sandbox: {why}"),
            );
        }
        match (self.policy, classify::classify(command)) {
            (ApprovalPolicy::Untrusted, Class::Unknown) => {
                self.ask(permit, "it is not known to be harmless".to_owned())
            }
            (ApprovalPolicy::Untrusted | ApprovalPolicy::OnRequest, Class::Dangerous) => {
                self.ask(permit, "it destroys what cannot be brought back".to_owned())
            }
            _ => Verdict::Run(permit),
        }
    }

    fn changes(&self, paths: &[PathBuf]) -> Verdict {
        if let Some(outside) = paths.iter().find(|path| !self.may_write(path)) {
            return self.ask(
                turn::Permit::Unconfined,
                format!(
                    "it changes {}, which the sandbox does not let be written",
                    outside.display()
                ),
            );
        }
        match self.policy {
            ApprovalPolicy::Untrusted => {
                self.ask(turn::Permit::Confined, "it changes files".to_owned())
            }
            ApprovalPolicy::OnRequest | ApprovalPolicy::Never => {
                Verdict::Run(turn::Permit::Confined)
            }
        }
    }

    /// What the sandbox will enforce, told beforehand by the names alone.
    fn may_write(&self, path: &Path) -> bool {
        match &self.sandbox {
            SandboxPolicy::ReadOnly { .. } => false,
            SandboxPolicy::WorkspaceWrite { writable_roots, .. } => {
                let mut roots = writable_roots
                    .iter()
                    .map(|root| self.workspace.join(root))
                    .chain([self.workspace.clone()])
                    .filter(|root| path.starts_with(root))
                    .peekable();
                roots.peek().is_some() && !roots.any(|root| is_protected(&root, path))
            }
            SandboxPolicy::DangerFullAccess => true,
        }
    }

    fn is_confined(&self) -> bool {
        self.sandbox != SandboxPolicy::DangerFullAccess
    }

    /// Asks, where somebody can be asked.
    fn ask(&self, permit: turn::Permit, reason: String) -> Verdict {
        match self.policy {
            ApprovalPolicy::Never => Verdict::Refuse {
                reason: format!(
                    "Not run: {reason}, and nobody can be asked in this session. Find another way, or say what you would have needed."
                ),
            },
            ApprovalPolicy::OnRequest | ApprovalPolicy::Untrusted => {
                Verdict::Ask { permit, reason }
            }
        }
    }
}

/// Returns how far a call wants to reach.
fn wanted(reach: &Reach) -> turn::Permit {
    match reach {
        Reach::Command {
            escalation: Some(_),
            ..
        } => turn::Permit::Unconfined,
        _ => turn::Permit::Confined,
    }
}

/// Returns a name that is equal for calls of which one approval may stand for the other.
fn name(reach: &Reach) -> String {
    match reach {
        Reach::Harmless => "harmless".to_owned(),
        Reach::Command {
            command,
            cwd,
            escalation,
        } => format!(
            "{command:?} in {cwd:?}, unconfined: {}",
            escalation.is_some()
        ),
        Reach::Changes { paths } => format!("changes of {paths:?}"),
        Reach::Remote { server, tool, .. } => format!("{tool:?} of {server:?}"),
    }
}

/// Returns how far a tool may reach, in its own words.
pub(crate) fn permit(permit: turn::Permit) -> Permit {
    match permit {
        turn::Permit::Confined => Permit::Confined,
        turn::Permit::Unconfined => Permit::Unconfined,
    }
}

#[cfg(test)]
mod tests {
    use llmx_protocol::SandboxMode;

    use super::*;

    fn approvals(policy: ApprovalPolicy, sandbox: SandboxMode) -> Approvals {
        Approvals::new(policy, sandbox.into(), "/w".into(), Rules::default())
    }

    fn command(line: &str, escalation: Option<&str>) -> Reach {
        Reach::Command {
            command: ["bash", "-lc", line].map(str::to_owned).to_vec(),
            cwd: "/w".into(),
            escalation: escalation.map(str::to_owned),
        }
    }

    fn brief(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Run(turn::Permit::Confined) => "run",
            Verdict::Run(turn::Permit::Unconfined) => "run free",
            Verdict::Ask {
                permit: turn::Permit::Confined,
                ..
            } => "ask",
            Verdict::Ask { .. } => "ask free",
            Verdict::Refuse { .. } => "refuse",
        }
    }

    #[test]
    fn each_policy_asks_about_its_own() {
        use ApprovalPolicy::{Never, OnRequest, Untrusted};
        use SandboxMode::{DangerFullAccess, ReadOnly, WorkspaceWrite};
        let safe = command("ls", None);
        let unknown = command("cargo test", None);
        let dangerous = command("rm -rf a", None);
        let escalated = command("cargo test", Some("it needs the network"));
        let inside = Reach::Changes {
            paths: vec!["/w/a".into()],
        };
        let outside = Reach::Changes {
            paths: vec!["/w/a".into(), "/etc/b".into()],
        };
        let remote = Reach::Remote {
            server: "s".to_owned(),
            tool: "t".to_owned(),
            read_only: false,
        };
        let all = [
            &safe, &unknown, &dangerous, &escalated, &inside, &outside, &remote,
        ];
        for (policy, sandbox, expected) in [
            (
                Never,
                ReadOnly,
                ["run", "run", "run", "refuse", "refuse", "refuse", "run"],
            ),
            (
                Never,
                WorkspaceWrite,
                ["run", "run", "run", "refuse", "run", "refuse", "run"],
            ),
            (
                Never,
                DangerFullAccess,
                ["run", "run", "run", "run free", "run", "run", "run"],
            ),
            (
                OnRequest,
                ReadOnly,
                [
                    "run", "run", "ask", "ask free", "ask free", "ask free", "run",
                ],
            ),
            (
                OnRequest,
                WorkspaceWrite,
                ["run", "run", "ask", "ask free", "run", "ask free", "run"],
            ),
            (
                OnRequest,
                DangerFullAccess,
                ["run", "run", "ask", "run free", "run", "run", "run"],
            ),
            (
                Untrusted,
                WorkspaceWrite,
                ["run", "ask", "ask", "ask free", "ask", "ask free", "ask"],
            ),
        ] {
            let approvals = approvals(policy, sandbox);
            let found = all.map(|reach| brief(&approvals.verdict(reach)));
            assert_eq!(found, expected, "{policy:?} {sandbox:?}");
        }
    }

    #[test]
    fn what_git_and_llmx_are_told_by_is_no_part_of_the_workspace() {
        let approvals = approvals(ApprovalPolicy::Never, SandboxMode::WorkspaceWrite);
        for (path, expected) in [
            ("/w/.git/hooks/pre-commit", "refuse"),
            ("/w/.git/config", "refuse"),
            ("/w/.llmx/config.toml", "refuse"),
            ("/w/.git/info/exclude", "run"),
            ("/w/.gitignore", "run"),
            ("/w/docs/.llmx/a", "run"),
        ] {
            let reach = Reach::Changes {
                paths: vec![path.into()],
            };
            assert_eq!(brief(&approvals.verdict(&reach)), expected, "{path}");
        }
    }

    #[test]
    fn a_grant_stands_for_the_same_call_and_no_other() {
        let mut approvals = approvals(ApprovalPolicy::OnRequest, SandboxMode::ReadOnly);
        let reach = command("cargo test", Some("network"));
        assert_eq!(brief(&approvals.verdict(&reach)), "ask free");
        approvals.grant(&reach);
        assert_eq!(brief(&approvals.verdict(&reach)), "run free");
        let again = command("cargo test", Some("another reason"));
        assert_eq!(brief(&approvals.verdict(&again)), "run free");
        assert_eq!(
            brief(&approvals.verdict(&command("cargo publish", Some("x")))),
            "ask free"
        );
    }
}
