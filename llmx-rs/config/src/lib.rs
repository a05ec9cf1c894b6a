//! Resolves defaults, files, environment and flags into one validated [`Config`].
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod resolved;
mod secret;

pub use resolved::{Config, Provider};
pub use secret::Secret;
