//! Runs a command under a policy and reports what happened.
//!
//! [`Sandbox::probe`] tries the ways this machine has to hold a command, best first, and keeps the
//! first that works; [`Sandbox::report`] says which and why. [`Sandbox::launch`] turns a command
//! and a policy into something that any spawner can start, with pipes or with a terminal: the
//! program to start is this program itself, which becomes the helper that sets up the sandbox and
//! then the command. So `main` begins with [`run_as_helper`], before anything else.
//!
//! What holds: files outside the writable directories cannot be written; credential stores cannot
//! be read; without network access nothing outside is reachable, Unix sockets included; and when
//! the command has ended, or whoever started it, every process that it started has ended too.
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

#[cfg(unix)]
mod concealed;
#[cfg(unix)]
mod credentials;
#[cfg(unix)]
mod denial;
mod error;
#[cfg(unix)]
mod launch;
#[cfg(target_os = "linux")]
mod linux;
mod nested;
#[cfg(unix)]
mod plan;
#[cfg(unix)]
mod probe;
#[cfg(unix)]
mod protect;
mod rung;
#[cfg(any(target_os = "macos", test))]
mod seatbelt;
#[cfg(unix)]
mod session;
#[cfg(unix)]
mod text;

pub use error::SandboxError;
pub use rung::{PassedOver, Report, Rung};
#[cfg(unix)]
pub use {
    concealed::Concealed,
    credentials::Owner,
    denial::was_denied,
    launch::{Launch, Leads, Request, Terminal},
    probe::{Sandbox, Settings},
    protect::is_protected,
};

/// Becomes the sandbox helper if this process was started as one, and returns its exit code.
///
/// Must be the first thing that `main` does: the helper forks, which takes a single thread.
pub fn run_as_helper() -> Option<std::process::ExitCode> {
    #[cfg(target_os = "linux")]
    return linux::run_as_helper();
    #[cfg(not(target_os = "linux"))]
    return None;
}
