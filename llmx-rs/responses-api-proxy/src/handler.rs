//! Decides what a request is: the one that is passed on, a shutdown, or forbidden.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::UPGRADE;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use llmx_serve::Handler;
use llmx_upstream::{Answer, Client, Endpoint, forward};
use tokio::sync::Notify;

use crate::bridged::Bridged;
use crate::dump::{Dump, Recorder};
use crate::rescue;

/// The proxy as the server calls it.
pub(crate) struct Proxy {
    pub(crate) route: Route,
    /// Set when `GET /shutdown` is allowed.
    pub(crate) shutdown: Option<Arc<Notify>>,
    pub(crate) dump: Option<Arc<Dump>>,
}

/// How a request reaches the upstream.
pub(crate) enum Route {
    /// As it came.
    Forward(Box<Forward>),
    /// Translated.
    Bridged(Box<Bridged>),
}

/// An upstream that speaks Responses itself.
pub(crate) struct Forward {
    pub(crate) client: Client<Passing<Incoming>>,
    pub(crate) endpoint: Endpoint,
    pub(crate) authorization: HeaderValue,
}

impl Handler for Proxy {
    type Body = Outgoing;

    async fn handle(&self, request: Request<Incoming>) -> Response<Outgoing> {
        let target = (request.uri().path(), request.uri().query());
        match (request.method(), target) {
            (&Method::POST, ("/v1/responses", None)) => match &self.route {
                Route::Forward(forward) => forward.forward(request, self.dump.as_deref()).await,
                // The translation's future is large, and most proxies never make one.
                Route::Bridged(bridged) => {
                    Box::pin(bridged.answer(request, self.dump.as_deref())).await
                }
            },
            (&Method::GET, ("/v1/responses", None)) if asks_for_a_websocket(request.headers()) => {
                rescue::no_websocket().map(Outgoing::Own)
            }
            (&Method::GET, ("/shutdown", None)) if self.shutdown.is_some() => {
                if let Some(shutdown) = &self.shutdown {
                    shutdown.notify_one();
                }
                Response::new(Outgoing::Own(Full::default()))
            }
            _ => rescue::forbidden(self.shutdown.is_some()).map(Outgoing::Own),
        }
    }
}

fn asks_for_a_websocket(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(UPGRADE);
    upgrade.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

impl Proxy {
    /// Returns the same proxy with upstream connections of its own.
    pub(crate) fn for_another_thread(&self) -> Self {
        Self {
            route: self.route.for_another_thread(),
            shutdown: self.shutdown.clone(),
            dump: self.dump.clone(),
        }
    }
}

impl Route {
    fn for_another_thread(&self) -> Self {
        match self {
            Self::Forward(forward) => Self::Forward(Box::new(Forward {
                client: forward.client.with_own_connections(),
                endpoint: forward.endpoint.clone(),
                authorization: forward.authorization.clone(),
            })),
            Self::Bridged(bridged) => Self::Bridged(Box::new(bridged.for_another_thread())),
        }
    }
}

impl Forward {
    async fn forward(&self, request: Request<Incoming>, dump: Option<&Dump>) -> Response<Outgoing> {
        let mut dumped = dump.map(|dump| dump.request(&request));
        let request = request.map(|body| Passing {
            body,
            recorder: dumped.as_mut().and_then(|dumped| dumped.recorder.take()),
        });
        let answer = forward(&self.client, &self.endpoint, &self.authorization, request);
        match answer.await {
            Ok(response) => {
                let recorder = dumped.map(|dumped| dumped.response(&response));
                response.map(|body| Outgoing::Upstream(Passing { body, recorder }))
            }
            Err(fault) => rescue::no_answer(&fault).map(Outgoing::Own),
        }
    }
}

/// A body on its way through, with a copy to the dump where one is kept.
pub(crate) struct Passing<B: Body> {
    body: B,
    recorder: Option<Recorder>,
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for Passing<B> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let (Some(recorder), Poll::Ready(frame)) = (&mut self.recorder, &polled) {
            match frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        recorder.chunk(data);
                    }
                }
                Some(Err(_)) => {}
                None => recorder.complete(),
            }
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

impl<B: Body> Drop for Passing<B> {
    fn drop(&mut self) {
        // A body of known length is not asked for an end after its last byte.
        if let Some(recorder) = &mut self.recorder
            && self.body.is_end_stream()
        {
            recorder.complete();
        }
    }
}

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer: the upstream's, its translation, or a short text of the proxy's own.
pub(crate) enum Outgoing {
    Upstream(Passing<Answer>),
    Events(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>),
    Own(Full<Bytes>),
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            Self::Upstream(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Events(body) => body.as_mut().poll_frame(cx),
            Self::Own(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Upstream(body) => body.is_end_stream(),
            Self::Events(body) => body.is_end_stream(),
            Self::Own(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Upstream(body) => body.size_hint(),
            Self::Events(body) => body.size_hint(),
            Self::Own(body) => body.size_hint(),
        }
    }
}
