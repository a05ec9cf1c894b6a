//! Runs one command in a process group of its own, and ends the whole group with it.
//!
//! A task of its own reads what the command prints and notices its end, so that both go on while
//! nobody asks. The group is what is killed when the command has ended and when the [`Process`] is
//! dropped.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{self, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use llmx_protocol::ItemStatus;
use rustix::process::Signal;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::output::{Capture, Output};
use super::stream::{self, Keyboard, Printed, Streams};
use crate::group::{Group, Reins, Warden};

/// A command that has been started. Dropping it kills what is left of it.
#[derive(Debug)]
pub(crate) struct Process {
    shared: Arc<Shared>,
    reins: Reins,
    /// There if the command has a terminal.
    keyboard: Option<Keyboard>,
    started: Instant,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) status: ExitStatus,
    pub(crate) after: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    output: Capture,
    end: Option<End>,
}

impl Process {
    /// Starts `command`, which leads a session of its own if it gets a terminal. `warden` ends it
    /// should this process be killed.
    pub(crate) fn start(
        command: process::Command,
        terminal: bool,
        warden: Option<&Warden>,
    ) -> io::Result<Self> {
        let (streams, printed, keyboard) = if terminal {
            let (streams, printed, keyboard) = stream::terminal()?;
            (streams, printed, Some(keyboard))
        } else {
            let (streams, printed) = stream::pipe()?;
            (streams, printed, None)
        };
        let mut group = spawn(command, streams, terminal)?;
        if let Some(warden) = warden {
            group.entrust(warden);
        }
        let reins = group.reins();
        let shared = Arc::<Shared>::default();
        let started = Instant::now();
        tokio::spawn(follow(group, printed, Arc::clone(&shared), started));
        Ok(Self {
            shared,
            reins,
            keyboard,
            started,
        })
    }

    /// Returns whether the command has a terminal.
    pub(crate) fn has_terminal(&self) -> bool {
        self.keyboard.is_some()
    }

    /// Returns for how long the command has run.
    pub(crate) fn age(&self) -> Duration {
        self.end()
            .map_or_else(|| self.started.elapsed(), |end| end.after)
    }

    /// Returns how the command ended, if it has.
    pub(crate) fn end(&self) -> Option<End> {
        self.shared.lock().end
    }

    /// Waits for the end of the command, at most for `limit`.
    pub(crate) async fn ended(&self, limit: Duration) -> Option<End> {
        self.watch(limit, |state| state.end.is_none()).await;
        self.end()
    }

    /// Waits until the command has ended, or has printed more than `expected` bytes and then
    /// nothing for a moment; at most for `limit`.
    pub(crate) async fn answered(&self, expected: u64, limit: Duration) {
        let deadline = Instant::now() + limit;
        let waits = |state: &State| state.end.is_none() && state.output.len() <= expected;
        self.watch(limit, waits).await;
        loop {
            let seen = self.shared.lock().output.len();
            let left = deadline.saturating_duration_since(Instant::now());
            let pause = PAUSE.min(left);
            let quiet = |state: &State| state.end.is_none() && state.output.len() == seen;
            if pause.is_zero() || self.end().is_some() || !self.watch(pause, quiet).await {
                return;
            }
        }
    }

    /// Waits while `waits` says so; returns whether that ended before `limit`.
    async fn watch(&self, limit: Duration, waits: impl Fn(&State) -> bool) -> bool {
        let wait = async {
            loop {
                let changed = self.shared.changed.notified();
                if !waits(&self.shared.lock()) {
                    return;
                }
                changed.await;
            }
        };
        timeout(limit, wait).await.is_ok()
    }

    /// Returns how many bytes have been printed since the last time they were taken.
    pub(crate) fn printed(&self) -> u64 {
        self.shared.lock().output.len()
    }

    /// Takes what has been printed since the last time, and how the command ended if it has.
    pub(crate) fn take(&self) -> (Output, Option<End>) {
        let mut state = self.shared.lock();
        let end = state.end;
        (state.output.take(end.is_none()), end)
    }

    /// Types `text`; returns how much of it the terminal has taken within `limit`.
    pub(crate) async fn write(&self, text: &[u8], limit: Duration) -> usize {
        let deadline = Instant::now() + limit;
        let mut written = 0;
        while let (Some(keyboard), Some(rest @ [_, ..])) = (&self.keyboard, text.get(written..)) {
            match timeout_at(deadline, keyboard.write(rest)).await {
                Ok(Ok(count)) => written += count,
                Ok(Err(_)) | Err(_) => break,
            }
        }
        written
    }

    /// Sends `signal` to the command and the rest of its group.
    pub(crate) fn signal(&self, signal: Signal) {
        self.reins.signal(signal);
    }

    /// Asks the command to end.
    pub(crate) fn request_end(&self) {
        // A shell at a terminal ignores the usual request, and does not outlive its terminal.
        self.signal(if self.has_terminal() {
            Signal::HUP
        } else {
            Signal::TERM
        });
    }

    /// Waits for the end of the command, and kills it at `deadline`.
    pub(crate) async fn end_by(&self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        if self.ended(left).await.is_none() {
            self.kill();
            self.ended(GRACE).await;
        }
    }

    /// Kills the command and the rest of its group.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl End {
    /// Returns what a frontend is told.
    pub(crate) fn item_status(&self) -> ItemStatus {
        match self.status.success() {
            true => ItemStatus::Completed,
            false => ItemStatus::Failed,
        }
    }

    /// Returns what a model is told.
    pub(crate) fn words(&self) -> String {
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("exit code: {code}"),
            (None, signal) => format!("killed by signal {}", signal.unwrap_or_default()),
        }
    }
}

/// Says why `program` was not started, and what a model can do about it.
pub(crate) fn cannot_start(program: &str, error: &io::Error) -> String {
    let cure = match error.kind() {
        io::ErrorKind::ArgumentListTooLong => {
            "; the command is longer than the system takes (on Linux, 128 KiB for one argument): \
             write long text to a file with apply_patch and name the file in the command, or split \
             it into several commands"
        }
        _ => "",
    };
    format!("`{program}` cannot be started: {error}{cure}")
}

fn spawn(mut command: process::Command, streams: Streams, terminal: bool) -> io::Result<Group> {
    command
        .stdin(streams.input)
        .stdout(streams.output)
        .stderr(streams.error);
    match terminal {
        // The leader of a session leads a group.
        true => Group::start_leader(command),
        false => Group::start(command),
    }
}

/// Reads what the leader of `group` prints until it has ended, and ends what it leaves behind.
async fn follow(mut group: Group, printed: Printed, shared: Arc<Shared>, started: Instant) {
    // Should the runtime end first, this task is dropped, and the group ends with it.
    let mut reading = Reading {
        printed,
        shared: &shared,
        buffer: vec![0; READ_BYTES],
        open: true,
        unbroken: 0,
    };
    // That it is unknown how it ended is noticed again at the end of the group.
    let _ended = reading.read_until_exit(&mut group).await;
    let after = started.elapsed();
    // Whoever still holds the other end was left behind: a last filter, or something in the
    // background.
    if timeout(DRAIN_TIME, reading.read_to_end()).await.is_err() {
        group.signal(Signal::KILL);
        let _escaped = timeout(DRAIN_TIME, reading.read_to_end()).await;
    }
    let status = group.end().await;
    shared.lock().end = Some(End {
        // It cannot be unknown how a child ended that nobody else waits for.
        status: status.unwrap_or_else(|_| ExitStatus::from_raw(Signal::KILL.as_raw())),
        after,
    });
    shared.changed.notify_waiters();
}

/// The reading of what a command prints.
struct Reading<'a> {
    printed: Printed,
    shared: &'a Shared,
    buffer: Vec<u8>,
    open: bool,
    /// How much has come without a break.
    unbroken: usize,
}

impl Reading<'_> {
    async fn read_until_exit(&mut self, group: &mut Group) -> io::Result<()> {
        loop {
            tokio::select! {
                ended = group.leader_ended() => return ended,
                () = self.more(), if self.open => {}
            }
        }
    }

    async fn read_to_end(&mut self) {
        while self.open {
            self.more().await;
        }
    }

    async fn more(&mut self) {
        if self.unbroken >= BREATH_BYTES {
            self.unbroken = 0;
            sleep(BREATH).await;
        }
        let read = self.printed.read(&mut self.buffer).await;
        match self.buffer.get(..read) {
            Some(bytes) if read > 0 => {
                self.unbroken = match read == READ_BYTES {
                    true => self.unbroken + read,
                    false => self.unbroken + SMALL_READ,
                };
                self.shared.lock().output.push(bytes);
                self.shared.changed.notify_waiters();
            }
            _ => self.open = false,
        }
    }
}

/// What a program gets to put its files in order once its time is over.
pub(crate) const GRACE: Duration = Duration::from_millis(500);
/// What a filter behind the command gets to write its last lines.
const DRAIN_TIME: Duration = Duration::from_millis(200);
/// How long a program that was asked something is silent when it has answered.
const PAUSE: Duration = Duration::from_millis(300);
const READ_BYTES: usize = 64 << 10;
/// After this much, the task that reads rests, so that a flood takes a part of one core at most.
const BREATH_BYTES: usize = 1 << 20;
const BREATH: Duration = Duration::from_millis(1);
/// What a read that did not fill the buffer counts as: it is cheaper for its size.
const SMALL_READ: usize = 4 << 10;
