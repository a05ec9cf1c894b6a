//! One connection to the upstream, driven by the exchange that uses it.
//!
//! A connection with a task of its own costs two more wake-ups per request and a trip through the
//! scheduler for every chunk of a stream. Here whoever awaits the answer also does the reading and
//! writing, so a request stays in its client's task, and dropping it closes the socket.

use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use tokio::time::Instant;

use crate::answer::Driven;
use crate::pool::Pool;
use crate::transport::Stream;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An open connection.
pub(crate) struct Line<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    sender: SendRequest<B>,
    connection: Connection<Stream, B>,
    ended: bool,
    /// Where the line goes when it has nothing to do. Weak, because the pool holds the line then.
    home: Weak<Pool<B>>,
    pub(crate) idle_since: Instant,
}

/// A response that a connection was asked for.
pub(crate) trait Asked<B>:
    Future<Output = Result<Response<Incoming>, TrySendError<Request<B>>>> + Send
{
}

impl<B, F> Asked<B> for F where
    F: Future<Output = Result<Response<Incoming>, TrySendError<Request<B>>>> + Send
{
}

/// A request that got no answer.
pub(crate) struct Unanswered<B> {
    pub(crate) error: hyper::Error,
    /// The request, if not a byte of it was sent.
    pub(crate) unsent: Option<Request<B>>,
}

impl<B> Line<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    pub(crate) async fn open(stream: Stream, home: Weak<Pool<B>>) -> hyper::Result<Box<Self>> {
        let (sender, connection) = Builder::new().handshake(stream).await?;
        let mut line = Box::new(Self {
            sender,
            connection,
            ended: false,
            home,
            idle_since: Instant::now(),
        });
        // The connection takes a request only after it has asked for one.
        line.is_ready();
        Ok(line)
    }

    /// Returns whether a request can be sent: nothing is under way and the upstream is still there.
    pub(crate) fn is_ready(&mut self) -> bool {
        // The question is for this moment; nobody needs to be woken when the answer changes.
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.ended && self.sender.is_ready()
    }

    /// Hands `request` to the connection; [`Line::answer`] makes it go out.
    pub(crate) fn ask(&mut self, request: Request<B>) -> impl Asked<B> + use<B> {
        self.sender.try_send_request(request)
    }

    /// Waits for the head of the response that was `asked` for.
    pub(crate) async fn answer(
        &mut self,
        mut asked: Pin<&mut impl Asked<B>>,
    ) -> Result<Response<Incoming>, Unanswered<B>> {
        let answered = std::future::poll_fn(|cx| {
            drive(&mut self.connection, &mut self.ended, cx);
            if self.ended {
                return asked.as_mut().poll(cx);
            }
            // Only the connection completes the response. It was polled just now, and it wakes
            // this task when it can go on.
            asked.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        });
        answered.await.map_err(|mut fault| Unanswered {
            unsent: fault.take_message(),
            error: fault.into_error(),
        })
    }
}

impl<B> Driven for Line<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    fn drive(&mut self, cx: &mut Context<'_>) {
        drive(&mut self.connection, &mut self.ended, cx);
    }

    fn release(mut self: Box<Self>) {
        if self.is_ready()
            && let Some(home) = self.home.upgrade()
        {
            home.put(self);
        }
    }
}

/// Lets the connection read and write. How it ends reaches whoever waits for the response or its
/// body.
fn drive<B>(connection: &mut Connection<Stream, B>, ended: &mut bool, cx: &mut Context<'_>)
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    if !*ended {
        *ended = matches!(Pin::new(connection).poll(cx), Poll::Ready(_));
    }
}
