//! What the agent reports while it works: the lines of `llmx exec --json`.

use serde::{Deserialize, Serialize};

use crate::approval::ApprovalRequest;
use crate::ids::ThreadId;
use crate::item::ThreadItem;

/// One report. A turn begins with `turn.started` and ends with exactly one of `turn.completed`
/// and `turn.failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ThreadEvent {
    /// The conversation exists; always the first report.
    #[serde(rename = "thread.started")]
    ThreadStarted {
        /// Its name, by which it can be resumed.
        thread_id: ThreadId,
    },
    /// The agent took up a prompt.
    #[serde(rename = "turn.started")]
    TurnStarted {},
    /// The agent did what it was asked.
    #[serde(rename = "turn.completed")]
    TurnCompleted {
        /// What this turn cost, and no other.
        usage: Usage,
    },
    /// The turn ended early.
    #[serde(rename = "turn.failed")]
    TurnFailed {
        /// Why.
        error: ThreadError,
    },
    /// Something began that takes time.
    #[serde(rename = "item.started")]
    ItemStarted {
        /// What.
        item: ThreadItem,
    },
    /// Something that began has changed.
    #[serde(rename = "item.updated")]
    ItemUpdated {
        /// What, as it is now.
        item: ThreadItem,
    },
    /// Something is finished.
    #[serde(rename = "item.completed")]
    ItemCompleted {
        /// What, as it will stay.
        item: ThreadItem,
    },
    /// A call waits until a person decides about it.
    #[serde(rename = "approval.requested")]
    ApprovalRequested {
        /// The question.
        request: ApprovalRequest,
    },
    /// A notice, such as that a request is sent again; it does not end the turn.
    #[serde(rename = "error")]
    Error {
        /// The notice.
        message: String,
    },
}

impl ThreadEvent {
    /// Returns whether this ends a turn.
    pub fn ends_turn(&self) -> bool {
        matches!(self, Self::TurnCompleted { .. } | Self::TurnFailed { .. })
    }
}

/// What a turn cost, in tokens; cached tokens are part of the input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The tokens of all requests.
    pub input_tokens: u64,
    /// Those of them that the provider's cache had.
    pub cached_input_tokens: u64,
    /// The tokens of all answers.
    pub output_tokens: u64,
}

/// Why a turn failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadError {
    /// The sentence for people.
    pub message: String,
}
