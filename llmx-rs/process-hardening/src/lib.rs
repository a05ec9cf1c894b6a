//! Makes the current process hard to inspect before it touches a secret, and reports what held.
//!
//! Call [`harden`] first thing in `main`, before any thread starts and before a secret is read.
//! No step stops the process: the caller decides what a failure means (see [`Report::all_held`]).
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod report;

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "linux.rs"]
mod platform;
#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod platform;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
#[path = "other.rs"]
mod platform;

#[cfg(unix)]
mod unix;

pub use report::{Measure, Outcome, Report, Step};

/// Applies every measure this platform has, in order, and returns what held.
///
/// Must run while the process has one thread: it changes the environment.
pub fn harden() -> Report {
    Report::new(platform::apply())
}

/// Keeps other processes of the same user from reading this one's memory and environment.
///
/// Unlike [`harden`] it may be called at any time, and children are as free as they were.
pub fn hide_memory() -> Step {
    platform::hide_memory()
}
