//! Whole headless runs against a scripted provider, with the ends of the process held by the test.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report; clippy sees only #[test] functions as tests"
)]

mod bench;
mod endings;
mod output;
mod schema;
