//! Tests of the bridge from outside, as its drivers see it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report; clippy sees only #[test] functions as tests"
)]

mod messages;
