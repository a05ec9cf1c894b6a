//! The bridge between Responses clients and Chat upstreams, as its two sides see it.

mod cases_calls;
mod cases_history;
mod cases_options;
mod cases_reasoning;
mod cases_streams;
mod cases_tools;
mod invariants;
mod support;
