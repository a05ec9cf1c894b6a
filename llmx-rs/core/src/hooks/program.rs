//! Runs the program of a hook: tells it what it is asked, hears what it says, and ends it with
//! everything that it has started.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use llmx_config::HookCommand;
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

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

/// A program that did not end by itself. Each continues a sentence that names the hook.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProgramFault {
    #[error("cannot be started: {0}")]
    NotStarted(io::Error),
    #[error("has not ended within {} s", .0.as_secs_f64())]
    TooSlow(Duration),
    #[error("cannot be waited for: {0}")]
    Lost(io::Error),
}

/// Runs `command` in `cwd` with `told` on its standard input.
pub(super) async fn run(
    command: &HookCommand,
    cwd: &Path,
    environment: &[(OsString, OsString)],
    told: &str,
    limit: Duration,
) -> Result<Ended, ProgramFault> {
    let mut running = Group::start(command, cwd, environment).map_err(ProgramFault::NotStarted)?;
    match timeout(limit, running.follow(told)).await {
        Ok(ended) => ended.map_err(ProgramFault::Lost),
        Err(_) => Err(ProgramFault::TooSlow(limit)),
    }
}

/// A program under way. Dropping it kills what is left of it and of what it has started.
struct Group {
    child: Child,
    #[cfg(unix)]
    group: Option<Pid>,
}

impl Group {
    fn start(
        command: &HookCommand,
        cwd: &Path,
        environment: &[(OsString, OsString)],
    ) -> io::Result<Self> {
        let mut starting = starting(command);
        starting
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own is what can be ended as a whole, and what Ctrl-C does not reach.
        #[cfg(unix)]
        starting.process_group(0);
        let child = starting.spawn()?;
        #[cfg(unix)]
        let group = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            child,
            #[cfg(unix)]
            group: group.and_then(Pid::from_raw),
        })
    }

    /// Tells the program what it is asked and hears it out.
    async fn follow(&mut self, told: &str) -> io::Result<Ended> {
        let (stdin, stdout, stderr) = (
            self.child.stdin.take(),
            self.child.stdout.take(),
            self.child.stderr.take(),
        );
        let telling = async {
            if let Some(mut stdin) = stdin {
                // A program need not read what it is told.
                let _unread = stdin.write_all(told.as_bytes()).await;
            }
        };
        let (mut out, mut err) = (Heard::default(), Heard::default());
        let status: ExitStatus = {
            let hearing = async { tokio::join!(out.listen(stdout), err.listen(stderr), telling) };
            tokio::pin!(hearing);
            let ended = tokio::select! {
                biased;
                status = self.child.wait() => Some(status?),
                _ = &mut hearing => None,
            };
            let status = match ended {
                Some(status) => status,
                None => self.child.wait().await?,
            };
            // What it has left behind could hold its output open for ever.
            self.kill();
            if ended.is_some() {
                let _late = timeout(LAST_WORDS, &mut hearing).await;
            }
            status
        };
        Ok(Ended {
            code: status.code(),
            stdout: out.said(),
            stderr: err.said(),
        })
    }

    fn kill(&self) {
        #[cfg(unix)]
        if let Some(group) = self.group {
            // The group may be empty by now.
            let _empty = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
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

/// What has been heard of one stream.
#[derive(Default)]
struct Heard {
    kept: Vec<u8>,
    is_cut: bool,
}

impl Heard {
    /// Hears all, so that the program can go on, and keeps what there is room for.
    async fn listen(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else {
            return;
        };
        let mut buffer = vec![0; 8 << 10];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            let new = buffer.get(..count).unwrap_or_default();
            let room = MOST_KEPT.saturating_sub(self.kept.len());
            self.kept.extend_from_slice(new.get(..room).unwrap_or(new));
            self.is_cut |= new.len() > room;
        }
    }

    fn said(self) -> Said {
        Said {
            text: String::from_utf8_lossy(&self.kept).trim().to_owned(),
            is_cut: self.is_cut,
        }
    }
}

/// What is said to a model must fit into its context: about 16,000 tokens.
const MOST_KEPT: usize = 64 << 10;
const LAST_WORDS: Duration = Duration::from_millis(200);
const SHELL: [&str; 2] = if cfg!(windows) {
    ["cmd", "/C"]
} else {
    ["sh", "-c"]
};

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    async fn shell(line: &str, told: &str) -> Result<Ended, ProgramFault> {
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
        assert!(matches!(fault, Err(ProgramFault::NotStarted(_))));
        let fault = shell("trap '' TERM; sleep 60", "").await.unwrap_err();
        assert_eq!(fault.to_string(), "has not ended within 2 s");
    }
}
