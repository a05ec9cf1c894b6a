//! The bytes of each dialect as typed values that keep unknown fields, and the SSE codec.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod dialect;

pub use dialect::{Dialect, UnknownDialect};
