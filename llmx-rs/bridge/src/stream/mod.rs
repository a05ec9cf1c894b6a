//! How a streamed exchange is translated, and the writer that every upstream-facing bridge drives.
//!
//! An upstream's bridge reads its dialect and says to the [`ResponsesWriter`] what the model did;
//! the writer alone knows what a Responses stream looks like. Each kind of output item is one lane
//! in a file of its own; [`sequence`] alone hands out numbers, places and ids.

mod call;
mod ending;
mod message;
mod reasoning;
mod sequence;
mod unwrap;
mod writer;

pub(crate) use ending::Ending;
pub(crate) use message::Words;
pub(crate) use reasoning::Thought;
pub use sequence::response_of_item;
pub(crate) use writer::{CallKey, ResponsesWriter};

use crate::UpstreamFault;

/// One direction of a streamed exchange. Pure: equal inputs give equal outputs.
pub trait StreamBridge {
    /// The upstream's events.
    type In;
    /// The client's events.
    type Out;

    /// Applies one upstream event and appends what the client must now see.
    ///
    /// After a fault the driver ends the stream with [`StreamEnd::Broken`].
    fn push(&mut self, event: Self::In, out: &mut Vec<Self::Out>) -> Result<(), UpstreamFault>;

    /// Returns whether the upstream has said that nothing follows, so that no one need wait for it.
    fn is_over(&self) -> bool {
        false
    }

    /// Returns whether the upstream has given the reason of the end, so that only bookkeeping may
    /// follow.
    fn is_closing(&self) -> bool {
        false
    }

    /// Ends the stream. Emits exactly one terminal event, whatever happened.
    fn finish(self, end: StreamEnd, out: &mut Vec<Self::Out>);
}

/// How the upstream's stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    /// It said that it was done (`[DONE]`, `message_stop`), or was no stream and came whole.
    Done,
    /// It closed.
    Eof,
    /// It failed.
    Broken(UpstreamFault),
}

impl StreamEnd {
    /// Returns how the stream ended for an answer that may have `given` the reason of its end.
    ///
    /// After the reason only bookkeeping follows, so a stream that breaks off there, or turns into
    /// noise, has merely closed. What the upstream itself reports still counts.
    pub(crate) fn after_reason(self, given: bool) -> Self {
        use UpstreamFault::{Broken, CutOff, Malformed};
        match self {
            Self::Broken(Broken(_) | CutOff | Malformed(_)) if given => Self::Eof,
            end => end,
        }
    }
}
