//! How the agent asks a person before it does something, and what the person may say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A question that holds up the call that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalRequest {
    /// What an answer refers to.
    pub id: String,
    /// The item that was started for the call.
    pub item_id: String,
    /// Why a person is asked.
    pub reason: String,
    /// Whether the call would run outside of the sandbox.
    pub unconfined: bool,
}

/// The answer to an [`ApprovalRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalDecision {
    /// Do it.
    Approve,
    /// Do it, and what is equal to it in this session without asking.
    ApproveForSession,
    /// Do not do it; the model is told, and goes on.
    Deny,
    /// Do not do it, and stop the turn.
    Abort,
}
