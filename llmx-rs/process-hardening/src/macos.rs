//! macOS: no core, no debugger, no loader variables.
#![expect(unsafe_code, reason = "ptrace has no safe wrapper")]

use std::io;

use crate::report::{Measure, Outcome, Step};
use crate::unix::{no_core_dumps, remove_variables, step};

pub(crate) fn apply() -> Vec<Step> {
    let attach = deny_attach();
    // Denying attachment also denies `task_for_pid` reads by processes of the same user.
    let not_dumpable = match &attach {
        Ok(()) => step(Measure::NotDumpable, Ok(())),
        Err(error) => step(
            Measure::NotDumpable,
            Err(io::Error::other(error.to_string())),
        ),
    };
    vec![
        no_core_dumps(),
        not_dumpable,
        step(Measure::NoTracer, attach),
        remove_variables("DYLD_"),
        Step {
            measure: Measure::NoNewPrivileges,
            outcome: Outcome::Unsupported("macOS has no such switch; the proxy starts no children"),
        },
    ]
}

pub(crate) fn hide_memory() -> Step {
    step(Measure::NotDumpable, deny_attach())
}

fn deny_attach() -> io::Result<()> {
    // SAFETY: `PT_DENY_ATTACH` reads none of the other arguments.
    let result = unsafe { libc::ptrace(libc::PT_DENY_ATTACH, 0, std::ptr::null_mut(), 0) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
