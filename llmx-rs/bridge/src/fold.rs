//! A stream of events becomes the one object that a client without a stream waits for.

use llmx_wire::responses::{Response, StreamEvent};

/// Returns the response that a finished stream ends with; `None` if it has no terminal event.
pub fn fold(events: impl IntoIterator<Item = StreamEvent>) -> Option<Response> {
    match events.into_iter().last()? {
        StreamEvent::Completed(event)
        | StreamEvent::Incomplete(event)
        | StreamEvent::Failed(event) => Some(event.response),
        _ => None,
    }
}
