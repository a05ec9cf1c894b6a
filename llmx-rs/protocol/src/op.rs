//! What a frontend asks of the agent.

/// One request of a frontend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Take up a new prompt.
    UserTurn {
        /// What the person wrote.
        prompt: String,
    },
    /// Stop the turn that is under way; it ends as failed.
    Interrupt,
    /// Stop the turn that is under way and end the conversation.
    Shutdown,
}
