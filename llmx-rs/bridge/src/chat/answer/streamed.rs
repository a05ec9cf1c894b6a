//! Keeps an answer that is streamed and repeated whole from being told twice.
//!
//! Some servers put into each chunk, or into the last, the whole message so far beside what is new
//! of it. The message counts where nothing of its kind was streamed, as in an answer that came
//! whole.

use llmx_wire::chat::{Message, TextOrList};

/// What came in deltas so far.
#[derive(Debug, Default)]
pub(super) struct Streamed {
    words: bool,
    thoughts: bool,
    calls: bool,
}

impl Streamed {
    /// Takes note of what a delta holds.
    pub(super) fn note(&mut self, delta: &Message) {
        self.words |= delta.refusal.as_ref().is_some_and(|text| !text.is_empty())
            || match &delta.content {
                Some(TextOrList::Text(text)) => !text.is_empty(),
                Some(TextOrList::List(parts)) => !parts.is_empty(),
                None => false,
            };
        self.thoughts |= delta.reasoning.is_some()
            || delta.reasoning_content.is_some()
            || delta.reasoning_details.is_some();
        self.calls |= !delta.tool_calls.is_empty() || delta.function_call.is_some();
    }

    /// Returns what of a whole message was not streamed.
    pub(super) fn rest_of(&self, mut message: Message) -> Message {
        if self.words {
            message.content = None;
            message.refusal = None;
        }
        if self.thoughts {
            message.reasoning = None;
            message.reasoning_content = None;
            message.reasoning_details = None;
        }
        if self.calls {
            message.tool_calls.clear();
            message.function_call = None;
        }
        message
    }
}
