//! A stream of events becomes the one object that a client without a stream waits for.

use std::collections::BTreeMap;

use llmx_wire::messages::{ApiError, ContentBlock, Delta, ErrorBody, Response, StreamEvent};
use serde_json::{Value, json};

/// Puts the events of [`super::ResponsesToMessages`] together, or returns the error that ended
/// them.
pub fn fold_events(events: Vec<StreamEvent>) -> Result<Response, Box<ErrorBody>> {
    let mut response = Response::default();
    let mut blocks: BTreeMap<u64, Growing> = BTreeMap::new();
    for event in events {
        match event {
            StreamEvent::MessageStart(event) => response = event.message,
            StreamEvent::BlockStart(event) => {
                blocks.insert(event.index, Growing::new(event.content_block));
            }
            StreamEvent::BlockDelta(event) => {
                if let Some(block) = blocks.get_mut(&event.index) {
                    block.push(event.delta);
                }
            }
            StreamEvent::MessageDelta(event) => {
                response.stop_reason = event.delta.stop_reason;
                response.stop_sequence = event.delta.stop_sequence;
                response.usage.replace_by(event.usage.unwrap_or_default());
            }
            StreamEvent::Error(event) => {
                let error: ApiError = serde_json::from_value(event.error).unwrap_or_default();
                return Err(Box::new(ErrorBody::new(error.kind, error.message)));
            }
            _ => {}
        }
    }
    response.content = blocks.into_values().map(Growing::close).collect();
    Ok(response)
}

/// A block that is put together.
struct Growing {
    block: ContentBlock,
    arguments: String,
    citations: Vec<Value>,
}

impl Growing {
    fn new(block: ContentBlock) -> Self {
        Self {
            block,
            arguments: String::new(),
            citations: Vec::new(),
        }
    }

    fn push(&mut self, delta: Delta) {
        match (&mut self.block, delta) {
            (ContentBlock::Text(block), Delta::Text(delta)) => block.text.push_str(&delta.text),
            (ContentBlock::Text(_), Delta::Citations(delta)) => self.citations.push(delta.citation),
            (ContentBlock::Thinking(block), Delta::Thinking(delta)) => {
                block.thinking.push_str(&delta.thinking);
            }
            (ContentBlock::Thinking(block), Delta::Signature(delta)) => {
                block.signature = Some(delta.signature);
            }
            (ContentBlock::ToolUse(_), Delta::InputJson(delta)) => {
                self.arguments.push_str(&delta.partial_json);
            }
            _ => {}
        }
    }

    fn close(mut self) -> ContentBlock {
        match &mut self.block {
            ContentBlock::ToolUse(call) if !self.arguments.trim().is_empty() => {
                // Arguments that were cut off stay visible; an object cannot hold half of them.
                call.input = serde_json::from_str(&self.arguments)
                    .unwrap_or_else(|_| json!({"incomplete_arguments": self.arguments}));
            }
            ContentBlock::Text(text) if !self.citations.is_empty() => {
                text.extra
                    .insert("citations".to_owned(), self.citations.into());
            }
            _ => {}
        }
        self.block
    }
}
