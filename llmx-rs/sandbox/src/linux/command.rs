//! The last steps before a process becomes the command: every right it will not need is given up.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{env, io};

use rustix::process::{geteuid, ioctl_tiocsctty, setsid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, remove_capability_from_bounding_set,
    set_capabilities, set_no_new_privs,
};

use super::landlocked::{self, Rules};
use super::message::{Answer, Doing};
use super::{filter, sys};
use crate::plan::{HELD, Plan, VARIABLE};
use crate::rung::Rung;

/// Becomes the command, or reports why not. Does not return.
pub(super) fn become_it(
    plan: &Plan,
    command: &[OsString],
    rules: Option<Rules>,
    handoff: Option<&UnixStream>,
    status: &OwnedFd,
) -> ! {
    if let Err(error) = confine(plan, rules, handoff) {
        Answer::SetUp(error).send(status);
        sys::exit(1);
    }
    if plan.is_probe() {
        match try_to_break_out(plan) {
            Ok(()) => sys::exit(0),
            Err(error) => {
                Answer::SetUp(error).send(status);
                sys::exit(1);
            }
        }
    }
    let error = execute(plan, command);
    let number = error.raw_os_error().unwrap_or(libc::EINVAL);
    Answer::Exec(number).send(status);
    sys::exit(127)
}

fn confine(plan: &Plan, rules: Option<Rules>, handoff: Option<&UnixStream>) -> Result<(), String> {
    sys::reset_signals();
    if plan.new_session {
        setsid().doing("leaving the terminal")?;
    }
    if plan.own_terminal {
        ioctl_tiocsctty(rustix::stdio::stdin()).doing("taking the terminal over")?;
    }
    // What was the working directory until now may be below a mount that is covered since.
    env::set_current_dir(&plan.workdir).doing("entering the working directory")?;
    sys::close_on_exec_from(3).doing("closing inherited files")?;
    drop_capabilities(plan)?;
    set_no_new_privs(true).doing("forbidding new privileges")?;
    if let Some(rules) = rules {
        landlocked::enforce(rules)?;
    }
    filter::install(plan, handoff)
}

fn execute(plan: &Plan, command: &[OsString]) -> io::Error {
    let Some((program, arguments)) = command.split_first() else {
        return io::ErrorKind::InvalidInput.into();
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_remove(VARIABLE)
        .env("LLMX_SANDBOX", plan.rung.to_string());
    if !plan.network {
        command.env("LLMX_SANDBOX_NETWORK_DISABLED", "1");
    }
    if plan.writable.is_empty() && plan.rung != Rung::Landlock {
        // The only place that can be written, in memory and gone with the command.
        command.env("TMPDIR", "/dev/shm");
    }
    command.exec()
}

/// Gives up every capability, for this process and all that it will start.
///
/// Root keeps its way with files where namespaces decide what can be written: without it, root
/// could not work in a directory that is mounted into a container and belongs to a user.
pub(super) fn drop_capabilities(plan: &Plan) -> Result<(), String> {
    let keep = if geteuid().is_root() && plan.rung == Rung::Namespaces {
        CapabilitySet::CHOWN | CapabilitySet::DAC_OVERRIDE | CapabilitySet::FOWNER
    } else {
        CapabilitySet::empty()
    };
    let held = capabilities(None).doing("reading capabilities")?;
    if held.effective.contains(CapabilitySet::SETPCAP) {
        for capability in CapabilitySet::all().difference(keep).iter() {
            // A kernel that does not know the capability cannot grant it either.
            let _unknown = remove_capability_from_bounding_set(capability);
        }
    }
    let keep = keep & held.permitted;
    set_capabilities(
        None,
        CapabilitySets {
            effective: keep,
            permitted: keep,
            inheritable: CapabilitySet::empty(),
        },
    )
    .doing("dropping capabilities")
}

/// Checks, from inside, that the boundary is there: a rung that lets one of these pass is none.
fn try_to_break_out(plan: &Plan) -> Result<(), String> {
    for place in ["/", "/tmp", "/var/tmp", "/dev"] {
        let file = File::options()
            .read(true)
            .write(true)
            .custom_flags(libc::O_TMPFILE)
            .open(place);
        // Without `O_TMPFILE` a file system answers that it cannot do that; also no write.
        if file.is_ok() {
            return Err(format!("{place} can be written inside"));
        }
    }
    let reached =
        std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.connect("192.0.2.1:9"));
    if reached.is_ok() {
        return Err("the network can be reached inside".to_owned());
    }
    let notes = match plan.rung {
        Rung::Landlock => landlocked::notes(),
        _ => Vec::new(),
    };
    [HELD]
        .into_iter()
        .chain(notes)
        .try_for_each(|line| writeln!(io::stdout(), "{line}"))
        .doing("answering the probe")
}
