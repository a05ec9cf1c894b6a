//! Answers Responses requests from an upstream that speaks another dialect.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use hyper::body::Incoming;
use llmx_bridge::fold;
use llmx_upstream::{EventStream, Exchange, StreamStep};
use llmx_wire::responses::{self, StreamEvent};
use llmx_wire::{json, sse};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::dump::{self, Dump, Recorder};
use crate::handler::{BoxError, Outgoing};
use crate::request_body;
use crate::rescue;
use crate::state::{self, Asked, State};

/// An upstream behind the bridge.
#[derive(Debug)]
pub(crate) struct Bridged {
    pub(crate) exchange: Exchange,
    /// The bytes that a request may have; unlike a forwarded one, it is held in memory.
    pub(crate) body_limit: usize,
    pub(crate) state: Arc<State>,
}

/// Names every field that the upstream's dialect had no word for.
const DROPPED: HeaderName = HeaderName::from_static("x-llmx-dropped");

/// How long the head of a response is held back for the first word of the model, so that an early
/// failure still gets its true status. A client must not wait longer for a head than it would.
const HOLD: Duration = Duration::from_secs(5);

/// As many bytes of events are sent at once as are there, but no more than about this: the client
/// can read the first while the next are translated.
const PIECE: usize = 16 << 10;

/// Room for one delta, which is all that a slow stream has at once.
const ONE_EVENT: usize = 512;

impl Bridged {
    /// Returns the same bridge with upstream connections of its own.
    pub(crate) fn for_another_thread(&self) -> Self {
        Self {
            exchange: self.exchange.with_own_connections(),
            body_limit: self.body_limit,
            state: Arc::clone(&self.state),
        }
    }

    // No `async fn`, whose future would hold the request twice.
    pub(crate) fn answer(
        &self,
        request: Request<Incoming>,
        dump: Option<&Dump>,
    ) -> impl Future<Output = Response<Outgoing>> + Send {
        let dumped = dump.map(|dump| dump.request(&request));
        let (head, body) = request.into_parts();
        self.answer_to(head.headers, body, dumped)
    }

    async fn answer_to(
        &self,
        headers: HeaderMap,
        body: Incoming,
        mut dumped: Option<dump::Exchange>,
    ) -> Response<Outgoing> {
        let read = request_body::read(body, headers.get(CONTENT_ENCODING), self.body_limit);
        let body = match read.await {
            Ok(body) => body,
            Err(refusal) => return rescue::refused_body(&refusal).map(Outgoing::Own),
        };
        if let Some(mut recorder) = dumped.as_mut().and_then(|dumped| dumped.recorder.take()) {
            recorder.chunk(&body);
            recorder.complete();
        }
        match self.ask(&body, headers).await {
            Ok(answer) => answer.into_response(dumped.as_ref()).await,
            Err(response) => response.map(Outgoing::Own),
        }
    }

    async fn ask(&self, body: &Bytes, headers: HeaderMap) -> Result<Answer, Response<Full<Bytes>>> {
        let mut request: responses::Request =
            serde_json::from_slice(body).map_err(|error| rescue::unreadable(&error))?;
        let asked = self.state.expand(&mut request, body);
        let asked = asked.map_err(|error| rescue::not_kept(&error))?;
        let stream = self.exchange.open_for(&request, headers).await;
        let stream = stream.map_err(|fault| rescue::upstream(&fault))?;
        Ok(Answer {
            stream,
            held: VecDeque::new(),
            is_ahead: false,
            streams: request.stream == Some(true),
            memory: asked.map(|asked| (Arc::clone(&self.state), asked)),
        })
    }
}

/// The answer of an upstream, in events of Responses.
struct Answer {
    stream: EventStream,
    /// Events that came before the head of the response was sent.
    held: VecDeque<StreamEvent>,
    /// Whether more may be there already than the client was given.
    is_ahead: bool,
    /// Whether the client wants events, or one object.
    streams: bool,
    /// Where the answer is kept, and with what.
    memory: Option<(Arc<State>, Asked)>,
}

impl Answer {
    async fn into_response(mut self, dumped: Option<&dump::Exchange>) -> Response<Outgoing> {
        let losses = self.stream.losses().header_value();
        let mut response = if self.streams {
            // Most of its state is for a stream, which lives long; an answer does not.
            Box::pin(self.into_events(dumped)).await
        } else {
            self.whole(dumped).await
        };
        if let Some(losses) = losses.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(DROPPED, losses);
        }
        response
    }

    /// Returns a head without headers, in the room that the upstream's have taken: it goes round,
    /// and the next request of the connection is read into it.
    fn head(&mut self) -> Response<()> {
        let mut headers = self.stream.take_headers();
        headers.clear();
        let mut response = Response::new(());
        *response.headers_mut() = headers;
        response
    }

    /// Takes one more event; false at the end.
    async fn hold(&mut self) -> bool {
        match self.stream.next().await {
            StreamStep::Event(mut event) => {
                self.remember(&mut event);
                self.held.push_back(event);
                true
            }
            StreamStep::End(_) => false,
        }
    }

    /// Says in the response of `event` what is kept, and keeps the one that completes a stream.
    fn remember(&mut self, event: &mut StreamEvent) {
        let Some((_, asked)) = &self.memory else {
            return;
        };
        match event {
            StreamEvent::Created(event) | StreamEvent::InProgress(event) => {
                state::describe(&mut event.response, asked);
            }
            StreamEvent::Completed(event) | StreamEvent::Incomplete(event) => {
                state::describe(&mut event.response, asked);
                if self.streams
                    && let Some((state, asked)) = self.memory.take()
                {
                    state.keep(asked, &event.response, None);
                }
            }
            _ => {}
        }
    }

    /// Makes the one object of all events.
    async fn whole(&mut self, dumped: Option<&dump::Exchange>) -> Response<Outgoing> {
        let mut last = None;
        while let StreamStep::Event(mut event) = self.stream.next().await {
            self.remember(&mut event);
            last = Some(event);
        }
        let Some(answer) = fold(last) else {
            return rescue::no_end().map(Outgoing::Own);
        };
        if answer.status == Some(responses::Status::Failed) {
            return rescue::failed(&answer).map(Outgoing::Own);
        }
        // The answer was made of JSON, so it can be written as JSON.
        let body = Bytes::from(json::to_vec(&answer).unwrap_or_default());
        if let Some((state, asked)) = self.memory.take() {
            state.keep(asked, &answer, Some(&body));
        }
        let mut response = self.head();
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        if let Some(mut recorder) = dumped.map(|dumped| dumped.response(&response)) {
            recorder.chunk(&body);
            recorder.complete();
        }
        response.map(|()| Outgoing::Own(Full::new(body)))
    }

    /// Waits, but not for long, for the first word of the model.
    async fn hold_opening(&mut self) {
        let first_word = async { while self.hold().await && self.held.iter().all(is_opening) {} };
        // The head goes out without it when the model takes its time.
        let _slow = timeout(HOLD, first_word).await;
    }

    async fn into_events(mut self, dumped: Option<&dump::Exchange>) -> Response<Outgoing> {
        self.hold_opening().await;
        if let Some(StreamEvent::Failed(failed)) = self.held.back()
            && self.held.iter().rev().skip(1).all(is_opening)
        {
            return rescue::failed(&failed.response).map(Outgoing::Own);
        }
        let mut response = self.head();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let recorder = dumped.map(|dumped| dumped.response(&response));
        let frames = stream::unfold((self, recorder), |(mut answer, mut recorder)| async move {
            let Some(bytes) = answer.next_bytes().await else {
                finish(recorder);
                return None;
            };
            if let Some(recorder) = &mut recorder {
                recorder.chunk(&bytes);
            }
            Some((Ok::<_, BoxError>(Frame::data(bytes)), (answer, recorder)))
        });
        response.map(|()| Outgoing::Events(Box::pin(StreamBody::new(frames))))
    }

    /// Waits for the next event, and encodes it together with those that are there already.
    async fn next_bytes(&mut self) -> Option<Bytes> {
        let mut bytes = Vec::with_capacity(ONE_EVENT);
        if self.is_ahead {
            // What was given last goes out before there is more of it.
            yield_now().await;
        }
        // The first word of the model waits for nothing.
        self.is_ahead = !self.held.is_empty();
        for event in self.held.drain(..) {
            encode(&event, &mut bytes);
        }
        if bytes.is_empty() {
            let StreamStep::Event(mut event) = self.stream.next().await else {
                return None;
            };
            self.remember(&mut event);
            encode(&event, &mut bytes);
            while !self.is_ahead
                && let Some(event) = self.stream.next_ready_event()
            {
                encode(&event, &mut bytes);
                self.is_ahead = bytes.len() >= PIECE;
            }
        }
        Some(bytes.into())
    }
}

/// Returns whether `event` only says that the upstream has begun.
fn is_opening(event: &StreamEvent) -> bool {
    matches!(
        event,
        StreamEvent::Created(_) | StreamEvent::Queued(_) | StreamEvent::InProgress(_)
    )
}

fn finish(recorder: Option<Recorder>) {
    if let Some(mut recorder) = recorder {
        recorder.complete();
    }
}

fn encode(event: &StreamEvent, out: &mut Vec<u8>) {
    // An event was made of JSON, so it can be written as JSON.
    let _infallible = sse::encode_json(event.kind(), event, out);
}
