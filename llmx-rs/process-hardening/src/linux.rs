//! Linux: not dumpable, no core, no tracer, no loader variables, no new privileges.

use std::{fs, io};

use rustix::process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior};
use rustix::thread::{no_new_privs, set_no_new_privs};

use crate::report::{Measure, Step};
use crate::unix::{no_core_dumps, remove_variables, step};

pub(crate) fn apply() -> Vec<Step> {
    // The tracer is looked up first: `/proc/self/status` stays readable either way, but the order
    // keeps this true on kernels that hide it from processes that are not dumpable.
    let no_tracer = step(Measure::NoTracer, check_no_tracer());
    vec![
        no_core_dumps(),
        hide_memory(),
        no_tracer,
        remove_variables("LD_"),
        step(Measure::NoNewPrivileges, forbid_new_privileges()),
    ]
}

pub(crate) fn hide_memory() -> Step {
    step(Measure::NotDumpable, forbid_dumps())
}

/// Being not dumpable also denies `ptrace` and `/proc/PID/mem` to every process without
/// `CAP_SYS_PTRACE`.
fn forbid_dumps() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    match dumpable_behavior()? {
        DumpableBehavior::NotDumpable => Ok(()),
        _ => Err(io::Error::other("the process stayed dumpable")),
    }
}

/// [`forbid_dumps`] keeps later debuggers out; this finds one that came before it.
fn check_no_tracer() -> io::Result<()> {
    let status = fs::read_to_string("/proc/self/status")?;
    let tracer = status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"))
        .map(str::trim);
    match tracer {
        Some("0") => Ok(()),
        Some(pid) => Err(io::Error::other(format!("process {pid} traces it"))),
        None => Err(io::Error::other("/proc/self/status names no TracerPid")),
    }
}

fn forbid_new_privileges() -> io::Result<()> {
    set_no_new_privs(true)?;
    if no_new_privs()? {
        Ok(())
    } else {
        Err(io::Error::other("the kernel did not keep the setting"))
    }
}
