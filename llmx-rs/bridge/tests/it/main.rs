//! The bridge, as its two sides see it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::needless_pass_by_value,
    reason = "in a test a panic is the report, and helpers take what `json!` makes"
)]

mod cases_calls;
mod cases_history;
mod cases_options;
mod cases_reasoning;
mod cases_streams;
mod cases_tools;
mod gemini;
mod invariants;
mod messages;
mod support;
