//! Reads the events of a Chat upstream, whatever stands in them.

use llmx_wire::FaultBody;
use llmx_wire::chat::Chunk;
use serde_json::Value;

use crate::UpstreamFault;

/// What the data of one server-sent event is.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A part of the answer, or an error in its place.
    Chunk(Box<Chunk>),
    /// The end.
    Done,
    /// A sign of life.
    Nothing,
}

impl Frame {
    /// Reads the `data` of an event.
    pub fn read(data: &str) -> Result<Self, UpstreamFault> {
        match data.trim() {
            "" => Ok(Self::Nothing),
            "[DONE]" => Ok(Self::Done),
            data => match serde_json::from_str(data) {
                Ok(chunk) => Ok(Self::Chunk(Box::new(chunk))),
                Err(error) => Err(unreadable(data.as_bytes(), &error)),
            },
        }
    }
}

/// Says what is wrong with a body: what the server says in it, or that it is not of the dialect.
fn unreadable(body: &[u8], error: &serde_json::Error) -> UpstreamFault {
    let value = serde_json::from_slice::<Value>(body).ok();
    match value.as_ref().and_then(FaultBody::from_value) {
        Some(fault) => UpstreamFault::reported(None, fault),
        None if value.is_some() => UpstreamFault::Malformed(error.to_string()),
        // A page of a proxy in between, or plain words.
        None => UpstreamFault::Malformed(FaultBody::parse(body).message),
    }
}
