//! The endpoint: `POST /v1/responses` on a loopback port, which answers what `decide` decides.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use llmx_serve::{Handler, ListenError, Listeners, Problem, Server, bind_loopback, error_reply};
use llmx_wire::responses;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use crate::body::Chunks;
use crate::decide::decide;
use crate::observe::{Sighting, Step};
use crate::stream::{self, Frame};

/// How a model is to behave.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The key that a request must carry as `Authorization: Bearer …`.
    pub required_key: Option<String>,
    /// Whether the report waits until [`ScriptedModel::release_report`] is called.
    pub hold_report: bool,
}

/// A running model; it stops when dropped.
pub struct ScriptedModel {
    base_url: String,
    mind: Arc<Mind>,
    /// Dropped with the model, which ends the server.
    _stop: oneshot::Sender<()>,
    _server: JoinHandle<()>,
}

impl ScriptedModel {
    /// Starts a model on a free loopback port; it runs on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// Where no port can be opened.
    pub fn start(options: Options) -> Result<Self, ListenError> {
        let listener = bind_loopback(0)?;
        let port = listener.local_addr().map_err(no_address)?.port();
        let mind = Arc::new(Mind {
            options,
            ..Mind::default()
        });
        let server = Server {
            listeners: Listeners {
                tcp: Some(listener),
                ..Listeners::default()
            },
            ..Server::default()
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let handler = Endpoint(Arc::clone(&mind));
        let running = tokio::spawn(async move {
            // Nothing is ever sent: the wait ends when the sender is dropped with the model.
            let dropped = async { drop(stopped.await) };
            let _ending = server.run(handler, dropped).await;
        });
        Ok(Self {
            base_url: format!("http://127.0.0.1:{port}/v1"),
            mind,
            _stop: stop,
            _server: running,
        })
    }

    /// Returns the base URL, as a provider's configuration has it.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns what reached the model so far.
    pub fn sightings(&self) -> Vec<Sighting> {
        self.mind.seen().clone()
    }

    /// Waits until the request for the report is there and its answer is held back.
    pub async fn report_is_held(&self) {
        self.mind.held.notified().await;
    }

    /// Lets a report go that is held back, now or later.
    pub fn release_report(&self) {
        self.mind.released.notify_one();
    }
}

fn no_address(source: io::Error) -> ListenError {
    ListenError::Tcp { port: 0, source }
}

/// What all connections share.
#[derive(Default)]
struct Mind {
    options: Options,
    seen: Mutex<Vec<Sighting>>,
    held: Notify,
    released: Notify,
}

impl Mind {
    fn seen(&self) -> std::sync::MutexGuard<'_, Vec<Sighting>> {
        // A list of copies cannot be left half changed, so a poisoned lock loses nothing.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_key(&self, headers: &HeaderMap) -> bool {
        let Some(key) = &self.options.required_key else {
            return true;
        };
        let expected = format!("Bearer {key}");
        headers
            .get(AUTHORIZATION)
            .is_some_and(|value| value.as_bytes() == expected.as_bytes())
    }

    /// Notes a request and returns its number, from 1.
    fn note(&self, sighting: Sighting) -> usize {
        let mut seen = self.seen();
        seen.push(sighting);
        seen.len()
    }

    async fn hold(&self, step: Step) {
        if self.options.hold_report && step == Step::Report {
            self.held.notify_one();
            self.released.notified().await;
        }
    }
}

struct Endpoint(Arc<Mind>);

type Reply = Response<Either<Full<Bytes>, Chunks>>;

impl Handler for Endpoint {
    type Body = Either<Full<Bytes>, Chunks>;

    async fn handle(&self, request: Request<Incoming>) -> Reply {
        match self.answer(request).await {
            Ok(reply) => reply,
            Err((problem, message)) => error_reply(problem, &message).map(Either::Left),
        }
    }
}

impl Endpoint {
    async fn answer(&self, request: Request<Incoming>) -> Result<Reply, Refusal> {
        let mind = &self.0;
        let (head, body) = request.into_parts();
        check_target(&head)?;
        if !mind.has_key(&head.headers) {
            mind.note(Sighting {
                had_key: false,
                step: None,
                items: 0,
            });
            let message = "the API key is missing or wrong";
            return Err(refuse(StatusCode::UNAUTHORIZED, "invalid_api_key", message));
        }
        let (request, request_bytes) = read(body).await?;
        let answer = decide(&request);
        let number = mind.note(Sighting {
            had_key: true,
            step: Some(answer.step),
            items: count(&request),
        });
        mind.hold(answer.step).await;
        let frame = Frame {
            number,
            model: request.model,
            created_at: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |time| time.as_secs()),
            request_bytes,
        };
        let reply = if request.stream == Some(true) {
            Chunks::events(&stream::events(&answer, &frame))
                .map(|chunks| reply("text/event-stream", Either::Right(chunks)))
        } else {
            serde_json::to_vec(&stream::whole(&answer, &frame))
                .map(|json| reply("application/json", Either::Left(Full::from(json))))
        };
        reply.map_err(|error| {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            refuse(status, "unwritable", &error.to_string())
        })
    }
}

fn check_target(head: &Parts) -> Result<(), Refusal> {
    if head.uri.path() != "/v1/responses" {
        let message = "the demo model answers at /v1/responses";
        return Err(refuse(StatusCode::NOT_FOUND, "not_found", message));
    }
    if head.method != Method::POST {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        return Err(refuse(status, "method_not_allowed", "use POST"));
    }
    Ok(())
}

/// Reads a request and how long it was.
async fn read(body: Incoming) -> Result<(responses::Request, usize), Refusal> {
    let bad = |code, error: String| refuse(StatusCode::BAD_REQUEST, code, &error);
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body
        .map_err(|error| bad("unreadable_body", error.to_string()))?
        .to_bytes();
    serde_json::from_slice(&body)
        .map(|request| (request, body.len()))
        .map_err(|error| bad("invalid_request", error.to_string()))
}

fn count(request: &responses::Request) -> usize {
    match &request.input {
        responses::TextOrList::Text(_) => 1,
        responses::TextOrList::List(items) => items.len(),
    }
}

fn reply(content_type: &'static str, body: Either<Full<Bytes>, Chunks>) -> Reply {
    let mut reply = Response::new(body);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

type Refusal = (Problem, String);

fn refuse(status: StatusCode, code: &'static str, message: &str) -> Refusal {
    let kind = "invalid_request_error";
    (Problem { status, kind, code }, message.to_owned())
}

/// Bounds a request; conversations of the demo are a thousand times smaller.
const MAX_BODY: usize = 16 << 20;
