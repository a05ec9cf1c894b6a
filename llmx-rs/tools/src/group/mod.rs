//! A program that leads a process group of its own, and the end of the whole group with it.
//!
//! A group is ended by its number, which is its own only for as long as its leader has not been
//! waited for: then the system may give the number to somebody else. So the end of the leader is
//! noticed without waiting for it, what is left of the group is killed, and the leader is waited
//! for last. A process that leaves the group on purpose (`setsid`) escapes that; the sandbox, which
//! notices the end of the group's leader, holds it.

mod ask;
mod warden;

use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::signal::unix::{self, SignalKind};
use tokio::time::timeout;

pub use self::ask::{Answer, AskFault, Kept, ask};
pub(crate) use self::warden::Warden;
use self::warden::Watched;
pub use self::warden::run_as_warden;

/// A program and what it has started. Dropping it kills what is left of them.
#[derive(Debug)]
pub struct Group {
    leader: Child,
    reins: Reins,
    watched: Option<Watched>,
    /// Heard when any child of this process has ended.
    deaths: unix::Signal,
}

/// What signals are sent to a group with, by others than its owner too.
#[derive(Debug, Clone)]
pub(crate) struct Reins {
    /// The group's number; nothing once the number may be somebody else's, or the group its own.
    number: Arc<Mutex<Option<Pid>>>,
}

impl Group {
    /// Starts `command` as the leader of a new group, which Ctrl-C does not reach.
    pub fn start(command: impl Into<Command>) -> io::Result<Self> {
        let mut command = command.into();
        command.process_group(0);
        Self::start_leader(command)
    }

    /// Starts `command`, which makes itself the leader of a new group.
    pub(crate) fn start_leader(command: impl Into<Command>) -> io::Result<Self> {
        // Before there is a child, so that its end cannot be missed.
        let deaths = unix::signal(SignalKind::child())?;
        let leader = command.into().spawn()?;
        let id = leader.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            leader,
            reins: Reins {
                number: Arc::new(Mutex::new(id.and_then(Pid::from_raw))),
            },
            watched: None,
            deaths,
        })
    }

    /// Has `warden` kill the group if this process is killed.
    pub(crate) fn entrust(&mut self, warden: &Warden) {
        self.watched = self.reins.lock().map(|group| warden.watch(group));
    }

    /// Lets the group live as long as it likes. Nobody will know how it ends.
    pub fn let_go(self) {
        *self.reins.lock() = None;
    }

    /// Takes the ends of the leader's pipes, as far as it has pipes.
    pub(crate) fn pipes(&mut self) -> Pipes {
        let leader = &mut self.leader;
        (
            leader.stdin.take(),
            leader.stdout.take(),
            leader.stderr.take(),
        )
    }

    pub(crate) fn reins(&self) -> Reins {
        self.reins.clone()
    }

    /// Sends `signal` to all that are left of the group.
    pub(crate) fn signal(&self, signal: Signal) {
        self.reins.signal(signal);
    }

    /// Waits until the leader has ended; the rest of the group may go on.
    pub(crate) async fn leader_ended(&mut self) -> io::Result<()> {
        while !self.has_leader_ended()? {
            let _late = timeout(DEAF, self.deaths.recv()).await;
        }
        Ok(())
    }

    /// Kills what is left of the group, and returns how its leader ended.
    pub(crate) async fn end(mut self) -> io::Result<ExitStatus> {
        self.kill();
        self.leader.wait().await
    }

    fn has_leader_ended(&self) -> io::Result<bool> {
        let Some(leader) = *self.reins.lock() else {
            return Ok(true);
        };
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        match waitid(WaitId::Pid(leader), look) {
            Ok(ended) => Ok(ended.is_some()),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn kill(&mut self) {
        let mut number = self.reins.lock();
        if let Some(group) = number.take() {
            // The leader may be in another group by now, and this one empty.
            let _gone = self.leader.start_kill();
            let _empty = kill_process_group(group, Signal::KILL);
        }
        drop(number);
        // Not before, since nothing may be left of the group, nor much later.
        self.watched = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Reins {
    /// Sends `signal` to all that are left of the group.
    pub(crate) fn signal(&self, signal: Signal) {
        // Held meanwhile, so that the number cannot become somebody else's.
        let number = self.lock();
        if let Some(group) = *number {
            // The group may be empty by now, which is what the signal is for.
            let _empty = kill_process_group(group, signal);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pid>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Pipes = (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>);

/// Whoever starts this process may have blocked the signal that tells of the end of children; then
/// they are looked after this often.
const DEAF: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
