//! Runs whole conversations against a scripted provider, with real files and real commands.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report; clippy sees only #[test] functions as tests"
)]

mod bench;
mod facts;
mod failures;
mod machine;
mod plain;
mod scripts;
mod turns;
