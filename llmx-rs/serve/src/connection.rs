//! Serves one connection: checks each request, hands it to the handler, notes when it is answered.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::admit::{self, Hosts, Refusal};
use crate::limits::{Limits, MAX_HEAD};
use crate::reply::error_reply;
use crate::tap::{Ledger, Tap};

/// Answers admitted requests. Dropping the future or the body cancels the exchange.
pub trait Handler: Send + Sync + 'static {
    /// The body of its answers.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static;

    /// Answers one request.
    fn handle(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// What every connection of a server shares.
pub(crate) struct Shared<H> {
    pub(crate) handler: H,
    pub(crate) limits: Limits,
}

/// Serves `socket` until its client leaves, a limit ends it, or the server stops.
pub(crate) async fn serve<S, H>(
    socket: S,
    shared: Arc<Shared<H>>,
    hosts: Hosts,
    peer: Result<(), Refusal>,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler,
{
    let ledger = Arc::new(Ledger::new());
    let tap = Tap::new(socket, Arc::clone(&ledger), shared.limits);
    let number = AtomicU64::new(0);
    let service = service_fn(|request| {
        ledger.begin_answer();
        let number = number.fetch_add(1, Ordering::Relaxed) + 1;
        let (ledger, shared, peer) = (&ledger, &shared, &peer);
        async move {
            let response = match admit(&request, number, ledger, hosts, peer) {
                Ok(()) => shared.handler.handle(request).await.map(Either::Right),
                Err(refusal) => refuse(&refusal).map(Either::Left),
            };
            Ok::<_, std::convert::Infallible>(response.map(|body| Answer {
                body,
                mark: Answering(Arc::clone(ledger)),
            }))
        }
    });
    let stop_flag = stop.clone();
    let mut connection = std::pin::pin!(
        hyper::server::conn::http1::Builder::new()
            .max_header_size(MAX_HEAD)
            .max_buf_size(MAX_BUFFER)
            .serve_connection(TokioIo::new(tap), service)
    );
    // How a connection ends (a client that left, a limit, a finished exchange) makes no
    // difference any more: what belonged to it is dropped, and with it any upstream request.
    let mut stopping = std::pin::pin!(stop.wait_for(|stop| *stop));
    let mut is_listening = false;
    let ended = poll_fn(|cx| {
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        // Waiting for the stop once is enough to be woken by it; asking again at every event of
        // the connection would cost a lock each time.
        if !is_listening || stop_flag.has_changed().unwrap_or(true) {
            is_listening = true;
            if stopping.as_mut().poll(cx).is_ready() {
                return Poll::Ready(false);
            }
        }
        Poll::Pending
    });
    if !ended.await {
        connection.as_mut().graceful_shutdown();
        let _ended = connection.await;
    }
}

/// The most that is read ahead of a handler: large enough that big bodies move in few reads, small
/// enough that a hundred uploads at full speed stay near 50 MiB.
const MAX_BUFFER: usize = 512 * 1024;

fn admit(
    request: &Request<Incoming>,
    number: u64,
    ledger: &Ledger,
    hosts: Hosts,
    peer: &Result<(), Refusal>,
) -> Result<(), Refusal> {
    if let Some(violation) = ledger.violation(number) {
        return Err(Refusal::malformed(violation.to_string()));
    }
    peer.clone()?;
    if request.uri().authority().is_some() {
        return Err(Refusal::malformed("send the path alone, not a URL"));
    }
    admit::check_headers(request.headers(), hosts)
}

/// Refusals end the connection: its next bytes may be the rest of an attack.
fn refuse(refusal: &Refusal) -> Response<Full<Bytes>> {
    let mut response = error_reply(refusal.problem, &refusal.message);
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Tells the tap, when dropped, that the client's turn has come again.
struct Answering(Arc<Ledger>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.end_answer();
    }
}

pin_project! {
    /// The body of an answer, and the mark that lasts as long as it is being sent.
    struct Answer<B> {
        #[pin]
        body: B,
        mark: Answering,
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
