//! Runs a command in a process group of its own, and ends the whole group with it.
//!
//! The group is what is killed at the time limit, at an interrupt (the future is dropped) and when
//! the command itself has ended. A process that leaves the group on purpose (`setsid`) escapes;
//! holding it takes a sandbox.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{self, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout, timeout_at};

use super::capture::Capture;

/// A command that has ended.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) output: String,
    pub(super) end: End,
    /// Whether it looks as if the sandbox stopped it.
    pub(super) denied: bool,
    pub(super) duration: Duration,
}

/// How a command ended.
#[derive(Debug)]
pub(super) enum End {
    Exited(i32),
    Signalled(i32),
    TimedOut,
}

pub(super) async fn run(command: process::Command, timeout_ms: Option<u64>) -> io::Result<Run> {
    let started = Instant::now();
    let limit = Duration::from_millis(timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS));
    let (mut child, mut output) = spawn(command)?;
    let group = Group::of(&child);

    let ended = timeout_at(
        started + limit.min(LONGEST_TIMEOUT),
        output.read_until_exit(&mut child),
    );
    let mut ended_with = None;
    let end = match ended.await {
        Ok(status) => {
            let status = status?;
            ended_with = Some(status);
            End::from(status)
        }
        Err(_elapsed) => {
            group.signal(Signal::TERM);
            let _ended = timeout(TERM_GRACE, output.read_until_exit(&mut child)).await;
            End::TimedOut
        }
    };
    // Whoever still holds the pipe was left behind: a last filter, or a process in the background.
    if timeout(DRAIN_TIME, output.read_to_end()).await.is_err() || matches!(end, End::TimedOut) {
        group.signal(Signal::KILL);
        let _escaped = timeout(DRAIN_TIME, output.read_to_end()).await;
    }
    group.disarm();
    let output = output.captured.into_text();
    Ok(Run {
        denied: ended_with.is_some_and(|status| llmx_sandbox::was_denied(status, &output)),
        output,
        end,
        duration: started.elapsed(),
    })
}

fn spawn(command: process::Command) -> io::Result<(Child, Output)> {
    // One pipe for both streams keeps what they say in the order they said it.
    let (reader, writer) = io::pipe()?;
    let child = Command::from(command)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let output = Output {
        pipe: Receiver::from_owned_fd(reader.into())?,
        captured: Capture::default(),
        buffer: vec![0; READ_BYTES],
        open: true,
    };
    Ok((child, output))
}

/// The reading end of what a command prints.
struct Output {
    pipe: Receiver,
    captured: Capture,
    buffer: Vec<u8>,
    open: bool,
}

impl Output {
    async fn read_until_exit(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = child.wait() => return status,
                () = self.read(), if self.open => {}
            }
        }
    }

    async fn read_to_end(&mut self) {
        while self.open {
            self.read().await;
        }
    }

    async fn read(&mut self) {
        let read = self.pipe.read(&mut self.buffer).await.unwrap_or(0);
        match self.buffer.get(..read) {
            Some(bytes) if read > 0 => self.captured.push(bytes),
            _ => self.open = false,
        }
    }
}

/// A process group that does not outlive this value.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // The group may be empty by now, which is what the signal is for.
            let _empty = kill_process_group(group, signal);
        }
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, signal) => Self::Signalled(signal.unwrap_or_default()),
        }
    }
}

const DEFAULT_TIMEOUT_MS: u64 = 120_000;
/// A command that runs longer than this belongs in the hands of a person.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// What a program gets to put its files in order once its time is over.
const TERM_GRACE: Duration = Duration::from_millis(500);
/// What a filter behind the command gets to write its last lines.
const DRAIN_TIME: Duration = Duration::from_millis(200);
const READ_BYTES: usize = 16 << 10;
