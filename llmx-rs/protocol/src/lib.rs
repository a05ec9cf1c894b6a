//! The words that frontends and agent exchange: operations in, events out, policies, ids.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod approval;
mod event;
mod ids;
mod item;
mod op;
mod policy;

pub use approval::{ApprovalDecision, ApprovalRequest};
pub use event::{
    DeltaKind, ErrorCode, FactSource, SandboxFacts, ThreadError, ThreadEvent, TurnFacts, Usage,
};
pub use ids::ThreadId;
pub use item::{
    FileChange, FileChangeKind, ItemDetails, ItemError, ItemStatus, ThreadItem, TodoItem,
};
pub use op::{Op, Prompt};
pub use policy::{ApprovalPolicy, SandboxMode, SandboxPolicy};
