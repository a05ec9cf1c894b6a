//! Moves this process into namespaces of its own; what it forks next is in all of them.

use std::fs;

use rustix::process::{getegid, geteuid};
use rustix::thread::{CapabilitySet, capabilities};

use super::message::Doing;
use super::sys;
use crate::plan::Plan;

/// Enters new namespaces as planned.
///
/// Root needs no user namespace, and without one files keep showing whom they belong to.
pub(super) fn enter(plan: &Plan) -> Result<(), String> {
    let mut flags = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC;
    if !plan.network {
        flags |= libc::CLONE_NEWNET;
    }
    let (user, group) = (geteuid(), getegid());
    let held = capabilities(None).doing("reading capabilities")?;
    if user.is_root() && held.effective.contains(CapabilitySet::SYS_ADMIN) {
        return sys::unshare(flags).doing("making namespaces");
    }
    sys::unshare(flags | libc::CLONE_NEWUSER).doing("making a user namespace")?;
    let (user, group) = (user.as_raw(), group.as_raw());
    fs::write("/proc/self/setgroups", "deny").doing("mapping groups")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1")).doing("mapping the user")?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1")).doing("mapping the group")
}
