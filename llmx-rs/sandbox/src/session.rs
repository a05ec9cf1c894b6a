//! Gives a command that no helper starts the terminal that was made for it.
#![expect(
    unsafe_code,
    reason = "what runs between fork and exec has no safe wrapper"
)]

use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{ioctl_tiocsctty, setsid};

/// Makes `command` the leader of a session that its standard input controls.
pub(crate) fn lead(command: &mut Command) {
    let begin = || {
        setsid()?;
        ioctl_tiocsctty(rustix::stdio::stdin())?;
        Ok(())
    };
    // SAFETY: after the fork only these two system calls run: no lock is taken and no memory is
    // allocated, also not on failure, which is an error number.
    unsafe {
        command.pre_exec(begin);
    }
}
