//! The bytes of each dialect as typed values that keep unknown fields, and the SSE codec.
//!
//! Everything here is pure: bytes or text in, values out, and back. A value that was parsed and is
//! written again loses nothing, because each type keeps the fields it does not name.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

pub mod chat;
mod dialect;
mod extra;
mod fault_body;
pub mod gemini;
pub mod json;
mod lenient;
pub mod local_models;
pub mod messages;
pub mod models;
mod open_enum;
pub mod responses;
pub mod sse;
pub mod surrogates;

pub use dialect::{Dialect, UnknownDialect};
pub use extra::{Extra, Object};
pub use fault_body::FaultBody;
