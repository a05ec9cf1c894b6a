//! What a frontend asks of the agent.

use crate::approval::ApprovalDecision;

/// What a person wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    /// The words.
    pub text: String,
    /// Pictures that go with them, as `data:` URLs.
    pub images: Vec<String>,
}

impl From<String> for Prompt {
    fn from(text: String) -> Self {
        Self {
            text,
            images: Vec::new(),
        }
    }
}

/// One request of a frontend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Take up a new prompt.
    UserTurn {
        /// What the person wants.
        prompt: Prompt,
    },
    /// Replace the conversation by a summary of it.
    Compact,
    /// Answer the question with this id; an answer to a question that is no longer open is ignored.
    Decide {
        /// The id of the question.
        id: String,
        /// The answer.
        decision: ApprovalDecision,
    },
    /// Stop the turn that is under way; it ends as failed.
    Interrupt,
    /// The time of the turn that is under way is over; it ends as failed, and the conversation too.
    Expire,
    /// Stop the turn that is under way and end the conversation.
    Shutdown,
}
