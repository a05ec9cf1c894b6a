//! The bridge, as its two sides see it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a panic is the report; clippy sees only #[test] functions as tests"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "`json!` makes values, and a case reads best without a reference before each"
)]

mod cases_calls;
mod cases_history;
mod cases_options;
mod cases_reasoning;
mod cases_streams;
mod cases_tools;
mod chat_clients;
mod decisions;
mod gemini;
mod golden;
mod golden_clients;
mod invariants;
mod laws;
mod matrix;
mod messages;
mod support;
