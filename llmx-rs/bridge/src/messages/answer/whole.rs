//! An answer that came whole, as the events that a stream would have brought.

use llmx_wire::messages::{
    BlockStart, BlockStop, ErrorEvent, MessageChange, MessageDelta, MessageStart, Plain, Response,
    StreamEvent,
};

use crate::Extra;

/// Takes an answer apart, so that one code translates both.
pub(in crate::messages) fn events(mut answer: Response) -> Vec<StreamEvent> {
    if let Some(error) = answer.extra.shift_remove("error") {
        // An error under the status of success.
        return vec![StreamEvent::Error(Box::new(ErrorEvent {
            error,
            extra: Extra::new(),
        }))];
    }
    let blocks = std::mem::take(&mut answer.content);
    let mut change = MessageChange {
        stop_reason: answer.stop_reason.take(),
        stop_sequence: answer.stop_sequence.take(),
        extra: Extra::new(),
    };
    if let Some(details) = answer.extra.shift_remove("stop_details") {
        change.extra.insert("stop_details".to_owned(), details);
    }
    let mut events = vec![StreamEvent::MessageStart(Box::new(MessageStart {
        message: answer,
        extra: Extra::new(),
    }))];
    for (index, content_block) in (0..).zip(blocks) {
        events.push(StreamEvent::BlockStart(Box::new(BlockStart {
            index,
            content_block,
            extra: Extra::new(),
        })));
        events.push(StreamEvent::BlockStop(BlockStop {
            index,
            extra: Extra::new(),
        }));
    }
    events.push(StreamEvent::MessageDelta(Box::new(MessageDelta {
        delta: change,
        ..MessageDelta::default()
    })));
    events.push(StreamEvent::MessageStop(Plain::default()));
    events
}
