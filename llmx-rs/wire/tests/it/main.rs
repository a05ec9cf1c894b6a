//! Tests of the wire types from outside, as the other crates see them.
#![expect(
    clippy::unwrap_used,
    reason = "in a test a panic is the report; clippy sees only #[test] functions as tests"
)]

mod chat;
mod gemini;
mod lossless;
mod messages;
mod responses;
mod sse_cost;
