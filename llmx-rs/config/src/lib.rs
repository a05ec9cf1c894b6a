//! Resolves defaults, files, environment and flags into one validated [`Config`].
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod base_url;
mod builtin;
mod error;
mod inputs;
mod load;
mod origin;
mod overrides;
mod problem;
mod provider;
mod raw;
mod read;
mod read_provider;
mod resolve;
mod resolved;
mod secret;
mod snippet;
mod source;
mod suggest;
mod tree;

pub use error::{ConfigError, ConfigErrors};
pub use inputs::{Flags, Inputs};
pub use load::{home, load};
pub use origin::{Origin, Origins};
pub use problem::Problem;
pub use read::SANDBOX_MODES;
pub use resolve::resolve;
pub use resolved::{Config, Provider};
pub use secret::Secret;
