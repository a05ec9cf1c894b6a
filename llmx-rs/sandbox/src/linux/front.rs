//! The process that whoever starts the command sees and waits for.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, getpid, getppid, pidfd_open, set_child_subreaper};
use rustix::stdio::{dup2_stdin, dup2_stdout};

use super::message::{Answer, Doing, complain};
use super::sys::{self, Fork};
use super::tidy::Watch;
use super::{bubblewrap, keeper, namespaces};
use crate::plan::{Plan, Stage};
use crate::rung::Rung;

/// Runs the command as planned, and ends as it ended.
pub(super) fn run(plan: &Plan, command: &[OsString]) -> ExitCode {
    let answer = Watch::begin(plan).and_then(|watch| {
        let answer = supervise(plan, command);
        watch.end().iter().for_each(|change| complain(change));
        answer
    });
    match answer.unwrap_or_else(|error| Some(Answer::SetUp(error))) {
        Some(Answer::Ended(status)) if libc::WIFSIGNALED(status) => {
            sys::die_by(libc::WTERMSIG(status))
        }
        Some(Answer::Ended(status)) => exit_code(libc::WEXITSTATUS(status)),
        Some(Answer::Exec(number)) => {
            let program = command.first().cloned().unwrap_or_default();
            let error = std::io::Error::from_raw_os_error(number);
            complain(&format!("{}: {error}", program.display()));
            ExitCode::from(if number == libc::ENOENT { 127 } else { 126 })
        }
        Some(Answer::SetUp(error)) => {
            complain(&error);
            ExitCode::from(SET_UP_FAILED)
        }
        // The keeper was killed, and everything in its care with it.
        None => sys::die_by(libc::SIGKILL),
    }
}

/// Starts the keeper and stays with it until it has ended.
fn supervise(plan: &Plan, command: &[OsString]) -> Result<Option<Answer>, String> {
    sys::close_from(3).doing("closing inherited files")?;
    let owner = Owner::of(plan)?;
    let (orders_out, orders) = pipe_with(PipeFlags::CLOEXEC).doing("making a pipe")?;
    let (status, status_in) = pipe_with(PipeFlags::CLOEXEC).doing("making a pipe")?;
    if plan.rung == Rung::Namespaces {
        namespaces::enter(plan)?;
    }
    if plan.rung == Rung::Landlock {
        // Should the keeper be killed, its orphans come here.
        set_child_subreaper(Some(getpid())).doing("becoming the reaper of orphans")?;
    }
    let keeper = match sys::fork().doing("starting a process")? {
        Fork::Child => {
            drop((orders, status));
            match plan.rung {
                Rung::Bubblewrap => bubblewrap::become_it(plan, command, &orders_out, &status_in),
                _ => keeper::run(plan, command, &orders_out, &status_in),
            }
        }
        Fork::Parent(keeper) => keeper,
    };
    drop((orders_out, status_in));
    let signals = sys::hold_signals(HANDED_ON).doing("holding signals")?;
    let _kept_out = forget_streams();
    attend(plan, &owner, &signals, orders, &status);
    sys::wait_for(keeper).doing("waiting for the command")?;
    if plan.rung == Rung::Landlock {
        keeper::kill_descendants(&signals);
    }
    Ok(Answer::read(status))
}

/// Hands signals on until the keeper has answered or ended. Closing `orders` at the end, or because
/// the owner is gone, has the keeper end everything.
fn attend(plan: &Plan, owner: &Owner, signals: &OwnedFd, orders: OwnedFd, status: &OwnedFd) {
    loop {
        let mut watched = vec![
            PollFd::new(status, PollFlags::IN),
            PollFd::new(signals, PollFlags::IN),
        ];
        if let Owner::Watched(pidfd) = owner {
            watched.push(PollFd::new(pidfd, PollFlags::IN));
        }
        let timeout = matches!(owner, Owner::Polled(_)).then_some(POLL_INTERVAL);
        // An interruption is a signal that is not handed on; look again.
        let _interrupted = poll(&mut watched, timeout.as_ref());
        let ready = |index: usize| {
            watched
                .get(index)
                .is_some_and(|fd| !fd.revents().is_empty())
        };
        let (answered, owner_gone) = (ready(0), ready(2) || owner.is_gone());
        if answered || owner_gone {
            drop(orders);
            return;
        }
        while let Some(received) = sys::next_signal(signals) {
            // What the terminal sends it sends to the command as well, if that shares the terminal.
            if (plan.new_session || received.from_process)
                && let Ok(signal) = u8::try_from(received.signal)
            {
                let _gone = rustix::io::write(&orders, &[signal]);
            }
        }
    }
}

/// The process whose end is the end of the command.
///
/// The signal that the kernel offers for this comes when the *thread* that started a child ends,
/// and the threads of a runtime come and go.
enum Owner {
    Watched(OwnedFd),
    /// Linux before 5.3 has no descriptor to watch.
    Polled(Pid),
    /// The first process of a container, started from outside of it.
    Unseen,
}

impl Owner {
    fn of(plan: &Plan) -> Result<Self, String> {
        let Some(parent) = getppid() else {
            return Ok(Self::Unseen);
        };
        let watched = pidfd_open(parent, PidfdFlags::empty());
        let number = |pid: Pid| pid.as_raw_nonzero().get().cast_unsigned();
        // Whoever planned this has started it, or has become it and left its own parent to watch.
        let expected = [number(parent), number(getpid())].contains(&plan.owner);
        if !expected || getppid() != Some(parent) {
            return Err("the process that started this command has ended".to_owned());
        }
        Ok(watched.map_or(Self::Polled(parent), Self::Watched))
    }

    fn is_gone(&self) -> bool {
        matches!(self, Self::Polled(parent) if getppid() != Some(*parent))
    }
}

/// Lets go of standard input and output, so that who is at the other end notices when the command
/// closes its own. Standard error stays for complaints.
pub(super) fn forget_streams() -> Result<(), String> {
    let null = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .doing("opening /dev/null")?;
    dup2_stdin(null.as_fd()).doing("closing standard input")?;
    dup2_stdout(null.as_fd()).doing("closing standard output")
}

fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

impl Plan {
    pub(super) fn is_probe(&self) -> bool {
        matches!(self.stage, Stage::Probe | Stage::Inside { probe: true, .. })
    }
}

/// Signals that are meant for the command. Stopping and continuing is left to their defaults.
const HANDED_ON: &[i32] = &[
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
];
/// The code of `timeout`, `env` and others for "I failed, not the command".
const SET_UP_FAILED: u8 = 125;
const POLL_INTERVAL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};
