//! The words that frontends and agent exchange: operations in, events out, policies, ids.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod policy;

pub use policy::{ApprovalPolicy, SandboxMode};
