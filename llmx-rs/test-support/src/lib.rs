//! Scripted upstreams and a raw HTTP client, so that tests say what happens on the wire byte by byte.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code: a panic is a failed test with a backtrace"
)]

mod message;
mod raw_client;
mod upstream;

pub use message::{Message, read_head};
pub use raw_client::{Answer, RawClient, exchange};
pub use upstream::{Reply, ScriptedUpstream, Step};
