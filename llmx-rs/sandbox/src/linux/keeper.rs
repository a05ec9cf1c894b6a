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
    DumpableBehavior, Signal, getpgrp, getpid, set_child_subreaper, set_dumpable_behavior,
    set_parent_process_death_signal, setpgid,
};

use super::broker::Broker;
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
    // In another process namespace the group may have no number.
    let group = (plan.rung == Rung::Landlock).then(getpgrp);
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
            // Whoever kills the group that this was started in shall not kill the keeper with it,
            // so the keeper is in its own before the command exists. The command goes back.
            setpgid(None, None).doing("leaving the process group")?;
        }
        Rung::Bubblewrap | Rung::Seatbelt => {}
    }
    let rules = match plan.rung {
        Rung::Landlock => Some(landlocked::rules(plan)?),
        _ => None,
    };
    withdraw(plan)?;
    let (broker, handoff) = Broker::new(plan).unzip();
    let child = match sys::fork().doing("starting a process")? {
        Fork::Child => {
            if group.is_some() && !plan.new_session {
                // If the group is gone, so is the front, and the keeper ends this at once.
                let _gone = setpgid(None, group);
            }
            command::become_it(plan, command, rules, handoff.as_ref(), status)
        }
        Fork::Parent(child) => child,
    };
    drop((rules, handoff));
    let signals = sys::hold_signals(&[libc::SIGCHLD]).doing("holding signals")?;
    // Where the end of the keeper is the end of all, the command had to be first: it stays in the
    // group that it inherits, whose number means nothing in its namespace.
    let _leader = setpgid(None, None);
    let _kept_out = front::forget_streams();
    let mut watch = Watch {
        orders: Some(orders),
        signals: &signals,
        broker,
    };
    let ended = watch.attend(plan, child);
    watch.clear(plan, Instant::now() + LINGER);
    Ok(ended)
}

/// Gives up all that the keeper no longer needs, and hides from the command: no filter holds the
/// keeper, so whoever could write its memory would be free of the filter as well.
fn withdraw(plan: &Plan) -> Result<(), String> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).doing("hiding from the command")?;
    command::drop_capabilities(plan)
}

/// What the keeper listens to.
struct Watch<'a> {
    /// Where the front sends signals to; nothing once the front is gone.
    orders: Option<&'a OwnedFd>,
    signals: &'a OwnedFd,
    broker: Option<Broker>,
}

impl Watch<'_> {
    /// Follows orders until the command has ended, and returns its raw wait status.
    fn attend(&mut self, plan: &Plan, child: i32) -> i32 {
        loop {
            loop {
                match sys::reap() {
                    Reaped::Child(ended) if ended.pid == child => return ended.status,
                    Reaped::Child(_) => {}
                    Reaped::NoneYet => break,
                    // Cannot be while the command lives; a made-up kill says that it is gone.
                    Reaped::NoChildren => return libc::SIGKILL,
                }
            }
            match self.wait(None) {
                Some(Order::Signal(signal)) => hand_on(plan, child, signal),
                Some(Order::Gone) => sys::kill(child, libc::SIGKILL),
                None => {}
            }
        }
    }

    /// Waits until nothing is left, kills what is left at `deadline`, and waits for that.
    fn clear(&mut self, plan: &Plan, deadline: Instant) {
        loop {
            match sys::reap() {
                Reaped::Child(_) => continue,
                Reaped::NoChildren => return,
                Reaped::NoneYet => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.orders.is_none() {
                // Elsewhere all end with the keeper.
                if plan.rung == Rung::Landlock {
                    kill_descendants(self.signals);
                }
                return;
            }
            // Signals are for the command, which has ended.
            let _order = self.wait(Some(left));
        }
    }

    /// Waits for a child or an order, and lets the broker do its work meanwhile.
    fn wait(&mut self, limit: Option<Duration>) -> Option<Order> {
        let mut watched = vec![PollFd::new(self.signals, PollFlags::IN)];
        let broker = self.broker.as_ref().map(|broker| {
            watched.push(PollFd::from_borrowed_fd(broker.watched(), PollFlags::IN));
            watched.len() - 1
        });
        if let Some(orders) = self.orders {
            watched.push(PollFd::new(orders, PollFlags::IN));
        }
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let _interrupted = poll(&mut watched, limit.as_ref());
        let ready = |index: usize| {
            watched
                .get(index)
                .is_some_and(|fd| !fd.revents().is_empty())
        };
        let asked = broker.is_some_and(ready);
        let ordered = self.orders.is_some() && ready(watched.len() - 1);
        while sys::next_signal(self.signals).is_some() {}
        if asked && !self.broker.as_mut().is_some_and(Broker::serve) {
            self.broker = None;
        }
        let orders = self.orders.filter(|_| ordered)?;
        let mut order = [0];
        match rustix::io::read(orders, &mut order) {
            Ok(1) => Some(Order::Signal(order[0].into())),
            _ => {
                self.orders = None;
                Some(Order::Gone)
            }
        }
    }
}

/// What the front has the keeper do.
enum Order {
    Signal(i32),
    /// The front is gone, and with it the reason to go on.
    Gone,
}

/// Sends a signal to the command, with all of its group where it has a group of its own.
fn hand_on(plan: &Plan, child: i32, signal: i32) {
    sys::kill(if plan.new_session { -child } else { child }, signal);
}

/// Kills every process below this one, again and again until none is left.
///
/// A process that forks while it is being killed leaves an orphan, which the next round finds:
/// orphans come to this process, whatever session they are in.
pub(super) fn kill_descendants(signals: &OwnedFd) {
    loop {
        while sys::next_signal(signals).is_some() {}
        loop {
            match sys::reap() {
                Reaped::Child(_) => {}
                Reaped::NoneYet => break,
                Reaped::NoChildren => return,
            }
        }
        for pid in descendants().unwrap_or_default() {
            sys::kill(pid, libc::SIGKILL);
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
