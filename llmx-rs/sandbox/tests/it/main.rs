//! Holds the sandbox to its promises, on every rung that this machine has, as this user and, where
//! the tests run as root, as one without rights.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod files;
mod git;
mod network;
mod processes;
mod scene;
mod secrets;
mod startup;
mod streams;
mod terminals;
