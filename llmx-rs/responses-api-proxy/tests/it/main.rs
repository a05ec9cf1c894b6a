//! The proxy as a process, from outside: every promise of its README and SECURITY.md.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a panic is a failed test with a backtrace"
)]

mod bridge;
mod browser;
mod cancel;
mod contract;
mod dump;
mod hop;
mod key;
mod lifecycle;
mod patience;
mod proxy;
mod smuggling;
mod sockets;
mod streaming;
mod tls;
mod upstream;
