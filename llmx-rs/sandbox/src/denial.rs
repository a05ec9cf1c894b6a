//! Guesses whether a failure was the sandbox's doing, so that the agent can ask for more rights.

use std::process::ExitStatus;

/// Whether a command that ended like this was likely stopped by the sandbox.
///
/// A guess from the words that C libraries and common programs use; a program may hide them.
pub fn was_denied(status: ExitStatus, output: &str) -> bool {
    use std::os::unix::process::ExitStatusExt;
    let ended_badly = !status.success();
    if status.signal() == Some(SIGSYS) || status.code() == Some(128 + SIGSYS) {
        return true;
    }
    ended_badly && SAYINGS.iter().any(|saying| contains(output, saying))
}

fn contains(output: &str, saying: &str) -> bool {
    let wanted = saying.as_bytes();
    output
        .as_bytes()
        .windows(wanted.len())
        .any(|window| window.eq_ignore_ascii_case(wanted))
}

const SAYINGS: &[&str] = &[
    "read-only file system",
    "operation not permitted",
    "permission denied",
    "EROFS",
    "EACCES",
    "EPERM",
    "network is unreachable",
    "could not resolve host",
    "temporary failure in name resolution",
    "name or service not known",
    "ENETUNREACH",
    "EAI_AGAIN",
];
/// The same number on every platform that has a filter: Linux.
const SIGSYS: i32 = 31;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn only_a_failure_that_says_so_was_denied() {
        let failed = ExitStatus::from_raw(1 << 8);
        assert!(was_denied(failed, "touch: x: Read-only file system"));
        assert!(was_denied(failed, "curl: (6) Could not resolve host: a"));
        assert!(!was_denied(failed, "assertion failed"));
        assert!(!was_denied(ExitStatus::from_raw(0), "Permission denied"));
        assert!(was_denied(ExitStatus::from_raw(SIGSYS), ""));
    }
}
