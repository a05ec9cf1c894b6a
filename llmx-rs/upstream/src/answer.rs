//! The body of a response, which keeps its connection going while it is read.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// The body of an upstream's response. Dropping it before its end closes the connection, which
/// tells the upstream to stop.
pub struct Answer {
    body: Incoming,
    line: Option<Box<dyn Driven>>,
    /// A failure that has happened and has not been told yet.
    failure: Option<hyper::Error>,
}

/// A connection that works only while someone polls it.
pub(crate) trait Driven: Send {
    /// Reads and writes what can be; wakes `cx` when there is more to do.
    fn drive(&mut self, cx: &mut Context<'_>);

    /// Keeps the connection for the next request if it is fit for one.
    fn release(self: Box<Self>);
}

impl Answer {
    pub(crate) fn new(body: Incoming, line: Box<dyn Driven>) -> Self {
        let line = Some(line);
        Self {
            body,
            line,
            failure: None,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        if let Some(failure) = this.failure.take() {
            return Poll::Ready(Some(Err(failure)));
        }
        let mut body = Pin::new(&mut this.body);
        let Some(line) = &mut this.line else {
            return body.poll_frame(cx);
        };
        // Only the connection fills the body, so it alone needs to know whom to wake. The body
        // is asked first because the question tells the connection that there is room.
        let mut quiet = Context::from_waker(Waker::noop());
        let mut polled = body.as_mut().poll_frame(&mut quiet);
        if polled.is_pending() {
            line.drive(cx);
            polled = body.poll_frame(&mut quiet);
        }
        if let Poll::Ready(None | Some(Err(_))) = polled
            && let Some(line) = this.line.take()
        {
            line.release();
        }
        if let Poll::Ready(Some(Err(failure))) = polled {
            // Whoever passes the body on drops what it has not sent when it hears of a failure.
            // One moment of nothing lets it send what came before.
            this.failure = Some(failure);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // A body of known length is not asked for an end after its last byte. A line that still
        // has something to say is not fit for another request and is closed.
        if let Some(line) = self.line.take() {
            line.release();
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Answer")
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
