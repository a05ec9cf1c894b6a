//! Translates a request, a stream, a response or an error between two dialects, purely, and names
//! every loss.
//!
//! Responses is the pivot: each other dialect is one module that translates to it and from it.
//! Nothing here reads a clock, a file or the environment, or waits; what differs from run to run,
//! ids and times, comes in as a [`Stamp`].
//!
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

pub mod chat;
mod context;
mod data_url;
pub mod decision;
mod fault;
mod fold;
mod loss;
pub mod messages;
mod options;
mod seal;
mod stream;
mod tools;
mod turns;

pub use context::Context;
pub use fault::{ClientFault, FaultClass, Report, UpstreamFault};
pub use fold::fold;
pub use loss::{Loss, LossAction, LossReport};
pub use options::{Limits, Options, Stamp, SystemMerge, TokenBound};
pub use stream::{StreamBridge, StreamEnd};

pub(crate) use llmx_wire::Extra;
