//! The process that keeps the command: pid 1 of its namespace, or the reaper of its orphans.
//!
//! When the command has ended, what it left behind gets a moment to end by itself: a filter that
//! writes its last lines. Then the keeper ends, and everything in its care with it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};
use std::{fs, io};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    DumpableBehavior, Signal, getpid, set_child_subreaper, set_dumpable_behavior,
    set_parent_process_death_signal, setpgid,
};

use super::message::{Answer, Doing};
use super::sys::{self, Fork, Reaped};
use super::{command, front, landlocked, mounts};
use crate::plan::Plan;
use crate::rung::Rung;

/// Sets the sandbox up, runs the command in it, reports how it ended, and ends.
pub(super) fn run(plan: &Plan, command: &[OsString], orders: &OwnedFd, status: &OwnedFd) -> ! {
    let answer = match keep(plan, command, orders, status) {
        Ok(status) => Answer::Ended(status),
        Err(error) => Answer::SetUp(error),
    };
    answer.send(status);
    sys::exit(0)
}

fn keep(
    plan: &Plan,
    command: &[OsString],
    orders: &OwnedFd,
    status: &OwnedFd,
) -> Result<i32, String> {
    match plan.rung {
        Rung::Namespaces => {
            // Where the keeper is pid 1 its death is the death of all.
            set_parent_process_death_signal(Some(Signal::KILL)).doing("following the front")?;
            mounts::set_up(plan)?;
            if !plan.network {
                sys::loopback_up().doing("bringing up the loopback interface")?;
            }
        }
        Rung::Landlock => {
            set_child_subreaper(Some(getpid())).doing("becoming the reaper of orphans")?;
        }
        Rung::Bubblewrap | Rung::Seatbelt => {}
    }
    let rules = match plan.rung {
        Rung::Landlock => Some(landlocked::rules(plan)?),
        _ => None,
    };
    withdraw(plan)?;
    let child = match sys::fork().doing("starting a process")? {
        Fork::Child => command::become_it(plan, command, rules, status),
        Fork::Parent(child) => child,
    };
    drop(rules);
    let signals = sys::hold_signals(&[libc::SIGCHLD]).doing("holding signals")?;
    // In a group of its own, what the terminal or the owner sends to the command's group does not
    // end the keeper before the command.
    let _leader = setpgid(None, None);
    let _kept_out = front::forget_streams();
    let ended = attend(plan, child, orders, &signals);
    clear(plan, Instant::now() + LINGER, orders, &signals);
    Ok(ended)
}

/// Gives up all that the keeper no longer needs, and hides from the command: no filter holds the
/// keeper, so whoever could write its memory would be free of the filter as well.
fn withdraw(plan: &Plan) -> Result<(), String> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).doing("hiding from the command")?;
    command::drop_capabilities(plan)
}

/// Follows orders until the command has ended, and returns its raw wait status.
fn attend(plan: &Plan, child: i32, orders: &OwnedFd, signals: &OwnedFd) -> i32 {
    let mut open = true;
    loop {
        while sys::next_signal(signals).is_some() {}
        loop {
            match sys::reap() {
                Reaped::Child(ended) if ended.pid == child => return ended.status,
                Reaped::Child(_) => {}
                Reaped::NoneYet => break,
                // Cannot be while the command lives; a made-up kill says that it is gone.
                Reaped::NoChildren => return libc::SIGKILL,
            }
        }
        if !wait(orders, open, signals, None) {
            continue;
        }
        let mut order = [0];
        match rustix::io::read(orders, &mut order) {
            Ok(1) => hand_on(plan, child, i32::from(order[0])),
            // The front is gone, and with it the reason to go on.
            _ => {
                open = false;
                sys::kill(child, libc::SIGKILL);
            }
        }
    }
}

/// Sends a signal to the command, with all of its group where it has a group of its own.
fn hand_on(plan: &Plan, child: i32, signal: i32) {
    sys::kill(if plan.new_session { -child } else { child }, signal);
}

/// Waits until nothing is left, kills what is left at `deadline`, and waits for that.
fn clear(plan: &Plan, deadline: Instant, orders: &OwnedFd, signals: &OwnedFd) {
    let mut open = true;
    loop {
        while sys::next_signal(signals).is_some() {}
        match sys::reap() {
            Reaped::Child(_) => continue,
            Reaped::NoChildren => return,
            Reaped::NoneYet => {}
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || !open {
            if plan.rung == Rung::Landlock {
                return kill_descendants(signals);
            }
            return;
        }
        if wait(orders, open, signals, Some(left)) {
            // Orders are for the command, which has ended; only their end means something.
            open = rustix::io::read(orders, &mut [0]).is_ok_and(|read| read > 0);
        }
    }
}

/// Waits for a signal or an order; returns whether there is an order to read.
fn wait(orders: &OwnedFd, open: bool, signals: &OwnedFd, limit: Option<Duration>) -> bool {
    let mut watched = vec![PollFd::new(signals, PollFlags::IN)];
    if open {
        watched.push(PollFd::new(orders, PollFlags::IN));
    }
    let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
    let _interrupted = poll(&mut watched, limit.as_ref());
    watched.get(1).is_some_and(|fd| !fd.revents().is_empty())
}

/// Kills every process below this one, again and again until none is left.
///
/// A process that forks while it is being killed leaves an orphan, which the next round finds:
/// orphans come to this process, whatever session they are in.
fn kill_descendants(signals: &OwnedFd) {
    loop {
        while sys::next_signal(signals).is_some() {}
        for pid in descendants().unwrap_or_default() {
            sys::kill(pid, libc::SIGKILL);
        }
        loop {
            match sys::reap() {
                Reaped::Child(_) => {}
                Reaped::NoneYet => break,
                Reaped::NoChildren => return,
            }
        }
        let mut watched = [PollFd::new(signals, PollFlags::IN)];
        let _interrupted = poll(&mut watched, Some(&ROUND));
    }
}

fn descendants() -> io::Result<Vec<i32>> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in fs::read_dir("/proc")?.filter_map(Result::ok) {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // "PID (NAME) STATE PARENT …", where the name may hold anything.
        let parent = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut parents = vec![getpid().as_raw_nonzero().get()];
    while let Some(parent) = parents.pop() {
        let below = children.remove(&parent).unwrap_or_default();
        found.extend(&below);
        parents.extend(below);
    }
    Ok(found)
}

/// What a filter behind the command gets to write its last lines.
const LINGER: Duration = Duration::from_millis(200);
/// How long killed processes get to be gone before they are looked for again.
const ROUND: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 2_000_000,
};
