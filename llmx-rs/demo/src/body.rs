//! The body of an answer: events that leave one at a time, or one JSON value.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use llmx_wire::responses::StreamEvent;
use llmx_wire::sse;

/// Chunks of bytes, each of which is flushed before the next is made.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    rest: VecDeque<Bytes>,
    /// Whether the connection has had its chance to flush the chunk before.
    flushed: bool,
}

impl Chunks {
    /// One chunk per event.
    pub(crate) fn events(events: &[StreamEvent]) -> Result<Self, serde_json::Error> {
        let encode = |event: &StreamEvent| {
            let mut bytes = Vec::new();
            sse::encode(event.kind(), &serde_json::to_string(event)?, &mut bytes);
            Ok(Bytes::from(bytes))
        };
        Ok(Self {
            rest: events.iter().map(encode).collect::<Result<_, _>>()?,
            flushed: true,
        })
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // The connection flushes when a body has nothing ready, so there is a pause after each.
        if !self.flushed {
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.flushed = false;
        Poll::Ready(self.rest.pop_front().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }
}
