//! Any text as a script for a shell: what is called safe must be safe to someone who reads the script
//! another way.

use llmx_core::approvals::{Approvals, Class, Rules, commands};
use llmx_protocol::{ApprovalPolicy, SandboxPolicy};

use crate::plain::plain;

/// Judges a script as the agent would, and looks at it again where it was found harmless.
pub fn judge(bytes: &[u8]) {
    let script = String::from_utf8_lossy(bytes).into_owned();
    let command = ["bash", "-lc", &script].map(str::to_owned);
    let parts = commands(&command);
    let class = class(&command);
    // Whatever is said of it as words, it must not panic as a program and its arguments either.
    let words: Vec<String> = script.split(' ').map(str::to_owned).collect();
    let _any = self::class(&words);
    let Some(parts) = parts else {
        assert_ne!(class, Class::Safe, "{script:?} was not taken apart");
        return;
    };
    assert_eq!(
        Some(&parts),
        plain(&script).as_ref(),
        "{script:?} means something else to a shell"
    );
    for part in parts.iter().filter(|_| class == Class::Safe) {
        assert_eq!(self::class(part), Class::Safe, "{part:?} of {script:?}");
    }
}

fn class(command: &[String]) -> Class {
    let policy = ApprovalPolicy::Untrusted;
    let approvals = Approvals::new(
        policy,
        SandboxPolicy::default(),
        "/w".into(),
        Rules::default(),
    );
    approvals.check(command).1
}
