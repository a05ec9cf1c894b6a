//! Reads the events of a Chat upstream, whatever stands in them.

use llmx_wire::chat::Chunk;

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
                Err(error) => Err(UpstreamFault::unreadable(data, &error)),
            },
        }
    }
}
