//! The few things asked of the operating system: limits, a clock all processes share, signals.

use std::io;
use std::process::Child;

use rustix::process::{Pid, Resource, Rlimit, Signal};
use rustix::time::ClockId;

/// Raises the soft limit of open files to the hard one; children inherit it.
pub(crate) fn raise_open_files() -> io::Result<()> {
    let Rlimit { maximum, .. } = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    rustix::process::setrlimit(Resource::Nofile, raised)?;
    Ok(())
}

/// Makes the kernel end this process with its parent, so that a killed bench leaves no server.
pub(crate) fn die_with_parent() -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

/// Nanoseconds of `CLOCK_MONOTONIC`, which counts the same in every process of the machine.
pub(crate) fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// Returns true if this process runs as root (nginx then needs to be told its workers' user).
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Asks a child to end; nginx's master passes it on to its workers.
pub(crate) fn ask_to_end(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended by itself, which is all that was wanted.
        let _already_gone = rustix::process::kill_process(pid, Signal::TERM);
    }
}
