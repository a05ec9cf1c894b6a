//! Runs the program of a hook: tells it what it is asked, and hears what it says.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use llmx_config::HookCommand;
use llmx_tools::group::{AskFault, Kept, ask};
use tokio::process::Command;

/// How a program ended by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Its exit code; none if a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) stdout: Said,
    pub(super) stderr: Said,
}

/// What a program wrote.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    /// Whether there was more than is kept.
    pub(super) is_cut: bool,
}

/// Runs `command` in `cwd` with `told` on its standard input.
pub(super) async fn run(
    command: &HookCommand,
    cwd: &Path,
    environment: &[(OsString, OsString)],
    told: &str,
    limit: Duration,
) -> Result<Ended, AskFault> {
    let mut starting = starting(command);
    starting
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(cwd);
    let answer = ask(starting, told.as_bytes(), MOST_KEPT, limit).await?;
    Ok(Ended {
        code: answer.status.code(),
        stdout: answer.stdout.into(),
        stderr: answer.stderr.into(),
    })
}

fn starting(command: &HookCommand) -> Command {
    match command {
        HookCommand::Program(words) => {
            let mut words = words.iter();
            let mut starting = Command::new(words.next().map(String::as_str).unwrap_or_default());
            starting.args(words);
            starting
        }
        HookCommand::Shell(line) => {
            let [shell, flag] = SHELL;
            let mut starting = Command::new(shell);
            starting.args([flag, line]);
            starting
        }
    }
}

impl From<Kept> for Said {
    fn from(kept: Kept) -> Self {
        Self {
            text: String::from_utf8_lossy(&kept.bytes).trim().to_owned(),
            is_cut: kept.is_cut,
        }
    }
}

/// What is said to a model must fit into its context: about 16,000 tokens.
const MOST_KEPT: usize = 64 << 10;
const SHELL: [&str; 2] = if cfg!(windows) {
    ["cmd", "/C"]
} else {
    ["sh", "-c"]
};

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    async fn shell(line: &str, told: &str) -> Result<Ended, AskFault> {
        let command = HookCommand::Shell(line.to_owned());
        let environment = [("PATH".into(), "/usr/bin:/bin".into())];
        let limit = Duration::from_secs(2);
        run(&command, Path::new("/"), &environment, told, limit).await
    }

    #[tokio::test]
    async fn a_program_is_told_and_heard() {
        let told = "x".repeat(300_000);
        let ended = shell("wc -c; echo why >&2; pwd; exit 3", &told)
            .await
            .unwrap();
        assert_eq!(ended.code, Some(3));
        assert_eq!(ended.stdout.text, "300000\n/");
        assert_eq!(ended.stderr.text, "why");
        let silent = shell("exec >&- 2>&- <&-; sleep 0.2; exit 2", &told).await;
        assert_eq!(silent.unwrap().code, Some(2));
    }

    #[tokio::test]
    async fn what_a_program_leaves_behind_ends_with_it() {
        let begun = Instant::now();
        let ended = shell("sleep 60 & echo $!", "").await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(2));
        let left = Path::new("/proc").join(ended.stdout.text).join("cmdline");
        // One that is dead and not buried yet has no command line.
        assert!(!std::fs::read(left).is_ok_and(|line| !line.is_empty()));
    }

    #[tokio::test]
    async fn no_output_is_too_much_for_the_program() {
        let ended = shell("head -c 1000000 /dev/zero | tr '\\0' x; exit 0", "").await;
        let ended = ended.unwrap();
        assert_eq!((ended.code, ended.stdout.text.len()), (Some(0), MOST_KEPT));
        assert!(ended.stdout.is_cut);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_or_does_not_end_is_a_fault() {
        let missing = HookCommand::Program(vec!["/nowhere/guard".to_owned()]);
        let fault = run(&missing, Path::new("/"), &[], "", Duration::from_secs(1)).await;
        assert!(matches!(fault, Err(AskFault::NotStarted(_))));
        let fault = shell("trap '' TERM; sleep 60", "").await.unwrap_err();
        assert_eq!(fault.to_string(), "has not ended within 2 s");
    }
}
