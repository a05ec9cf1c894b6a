//! A small deterministic model behind a real Responses endpoint on loopback.
//!
//! It lets a newcomer see llmx work without a key and without a network, and it gives tests a
//! partner that reacts to what tools really return. `decide` is the whole of its mind: a pure
//! function from a request to an answer. The rest makes that answer look like any provider's.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod body;
mod decide;
mod observe;
mod script;
mod server;
mod stream;
mod tool_result;

pub use observe::{Sighting, Step};
pub use script::{FILE, OUTPUT};
pub use server::{Options, ScriptedModel};
