//! Sends one Responses request to one provider and yields the typed events of its answer, whatever
//! dialect the provider speaks.
//!
//! [`Exchange::open`] turns everything that can go wrong before the first event into an
//! [`UpstreamFault`]; [`EventStream`] yields events and then says, as a [`StreamEnd`], how the
//! stream ended. Dropping either one tells the provider to stop.

mod candidates;
mod fault;
mod form;
mod lane;
mod question;
mod redact;
mod retry_after;
mod stream;
mod target;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST,
    LOCATION,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use http_body_util::{BodyExt, Full, Limited};
use llmx_wire::responses::Request;
use llmx_wire::{Dialect, FaultBody};
use tokio::time::timeout;

use self::lane::Lane;
use self::question::Question;
use self::redact::Redactor;
use self::target::{X_API_KEY, X_GOOG_API_KEY};
use crate::answer::Answer;
use crate::client::{Client, ClientOptions};
use crate::fault::TransportFault;
use crate::headers::strip_request;

pub use candidates::Candidates;
pub use fault::UpstreamFault;
pub use stream::{EventStream, StreamEnd, StreamStep};
pub use target::{BadTarget, Target, credential_name};

/// A provider that requests can be sent to.
#[derive(Debug)]
pub struct Exchange {
    client: Client<Full<Bytes>>,
    target: Target,
}

impl Exchange {
    /// Prepares connections to `target`; none is opened yet.
    pub fn new(target: Target, use_env_proxy: bool) -> Result<Self, BadTarget> {
        let options = ClientOptions {
            answer_timeout: target.idle_timeout,
            use_env_proxy,
            ..ClientOptions::default()
        };
        let client = Client::new(&target.endpoint, options)?;
        Ok(Self { client, target })
    }

    /// Returns the same exchange with connections of its own, for use on another runtime.
    pub fn with_own_connections(&self) -> Self {
        Self {
            client: self.client.with_own_connections(),
            target: self.target.clone(),
        }
    }

    /// Sends `request` and waits until the answer begins.
    ///
    /// A provider of Responses must be asked for a stream; a bridged one may answer whole.
    pub async fn open(&self, request: &Request) -> Result<EventStream, UpstreamFault> {
        self.open_for(request, HeaderMap::new()).await
    }

    /// Does as [`Exchange::open`] does on behalf of a client, whose end-to-end headers go along.
    pub async fn open_for(
        &self,
        request: &Request,
        client: HeaderMap,
    ) -> Result<EventStream, UpstreamFault> {
        let mut question = Question::new(request, &self.target)?;
        let headers = self.headers(client, question.streams);
        // Only what asks for reasoning may have to be sent once more.
        let spare = request.reasoning.as_ref().map(|_| headers.clone());
        let mut response = self.send(&question, headers).await?;
        if response.status().is_client_error() {
            let refusal = self.refusal(response).await;
            let Some(headers) = spare.filter(|_| refuses_reasoning(&refusal)) else {
                return Err(refusal);
            };
            if !question.drop_reasoning()? {
                return Err(refusal);
            }
            response = self.send(&question, headers).await?;
        }
        if !response.status().is_success() {
            return Err(self.refusal(response).await);
        }
        let Question { lane, losses, .. } = question;
        let misfit = match Kind::of(response.headers()) {
            Kind::Stream => None,
            Kind::Readable(_) if !matches!(lane, Lane::Responses) => None,
            Kind::Readable(kind) => Some(kind.to_owned()),
            Kind::Other(kind) => Some(kind),
        };
        if let Some(kind) = misfit {
            return Err(self.misfit(kind, response).await);
        }
        Ok(EventStream::new(
            response,
            self.target.idle_timeout,
            lane,
            losses,
            Redactor::of(&self.target),
        ))
    }

    /// Fetches what is at the target's address, such as a list of models.
    pub async fn get(&self) -> Result<Bytes, UpstreamFault> {
        self.fetch(Method::GET, Bytes::new()).await
    }

    /// Sends a small JSON question to the target's address and reads the answer whole.
    pub async fn post(&self, question: Bytes) -> Result<Bytes, UpstreamFault> {
        self.fetch(Method::POST, question).await
    }

    async fn fetch(&self, method: Method, body: Bytes) -> Result<Bytes, UpstreamFault> {
        let mut message = http::Request::new(Full::new(body));
        *message.method_mut() = method;
        *message.uri_mut() = self.target.endpoint.uri().clone();
        *message.headers_mut() = self.headers(HeaderMap::new(), false);
        let response = self.client.send(message).await?;
        if !response.status().is_success() {
            return Err(self.refusal(response).await);
        }
        self.whole(response.into_body()).await
    }

    // No `async fn`, whose future would hold the message twice.
    fn send(
        &self,
        question: &Question,
        headers: HeaderMap,
    ) -> impl Future<Output = Result<Response<Answer>, TransportFault>> + Send {
        let mut message = http::Request::new(Full::new(question.body.clone()));
        *message.method_mut() = Method::POST;
        *message.uri_mut() = question.uri.clone();
        *message.headers_mut() = headers;
        self.client.send(message)
    }

    /// Makes a client's headers those of the request to the provider.
    fn headers(&self, mut headers: HeaderMap, streams: bool) -> HeaderMap {
        strip_request(&mut headers);
        // The body is a new one, so the old one's description does not fit it.
        headers.remove(CONTENT_LENGTH);
        headers.remove(CONTENT_ENCODING);
        // Whatever credential the client has is not this provider's.
        for name in [AUTHORIZATION, X_API_KEY, X_GOOG_API_KEY] {
            headers.remove(name);
        }
        if self.target.dialect == Dialect::Messages {
            headers.insert(ANTHROPIC_VERSION, HeaderValue::from_static("2023-06-01"));
        }
        headers.extend(self.target.headers.clone());
        headers.insert(HOST, self.target.endpoint.host().clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        let accept = if streams { "text/event-stream" } else { JSON };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        // A compressed stream is held back until the compressor has a block full.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some((name, value)) = &self.target.credential {
            headers.insert(name, value.clone());
        }
        headers
    }

    /// Reads the whole of an answer that is no stream.
    async fn whole(&self, body: Answer) -> Result<Bytes, UpstreamFault> {
        let body = Limited::new(body, MAX_WHOLE);
        let after = self.target.idle_timeout;
        let read = timeout(after, body.collect())
            .await
            .map_err(|_elapsed| UpstreamFault::Idle { after })?;
        let read = read.map_err(|error| UpstreamFault::Cut {
            cause: error.to_string(),
        })?;
        Ok(read.to_bytes())
    }

    /// Reads what the provider said with a status that is not a success.
    async fn refusal(&self, response: Response<Answer>) -> UpstreamFault {
        let (head, body) = response.into_parts();
        let said = excerpt(body).await;
        let retry_after = retry_after::parse(head.status, &head.headers, &said, SystemTime::now());
        let mut body = FaultBody::parse(&said);
        if head.status.is_redirection() {
            let location = text(&head.headers, &LOCATION).unwrap_or("nowhere");
            body.message = format!("it redirects to {location}, which is not followed");
        }
        Redactor::of(&self.target).body(&mut body);
        UpstreamFault::Status {
            host: self.target.host(),
            status: head.status,
            body: Box::new(body),
            request_id: REQUEST_ID_HEADERS
                .iter()
                .find_map(|name| text(&head.headers, name))
                .map(str::to_owned),
            retry_after,
        }
    }

    /// Reads the beginning of a successful response that is no stream of events.
    async fn misfit(&self, kind: String, response: Response<Answer>) -> UpstreamFault {
        let mut body = FaultBody::parse(&excerpt(response.into_body()).await);
        Redactor::of(&self.target).body(&mut body);
        UpstreamFault::NotAStream {
            host: self.target.host(),
            kind,
            said: body.message,
        }
    }
}

/// What a response says that its body is.
#[derive(Debug, PartialEq)]
enum Kind<'a> {
    /// Events, or nothing: a response that does not say what it is gets the benefit of the doubt.
    Stream,
    /// What may be an answer: whole, or a stream that is not called one. A bridge looks at its
    /// beginning.
    Readable(&'a str),
    Other(String),
}

impl<'a> Kind<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        if let Some(encoding) = text(headers, &CONTENT_ENCODING)
            && !encoding.eq_ignore_ascii_case("identity")
        {
            return Self::Other(format!("content encoded with {encoding}"));
        }
        let Some(kind) = text(headers, &CONTENT_TYPE) else {
            return Self::Stream;
        };
        let essence = kind.split(';').next().unwrap_or_default().trim();
        match essence {
            _ if essence.eq_ignore_ascii_case("text/event-stream") => Self::Stream,
            _ if is_readable(essence) => Self::Readable(kind),
            _ => Self::Other(kind.to_owned()),
        }
    }
}

fn is_readable(essence: &str) -> bool {
    let labels = [JSON, "application/octet-stream", "text/plain"];
    labels
        .iter()
        .any(|label| essence.eq_ignore_ascii_case(label))
}

/// Returns whether the provider refuses the wish for reasoning: the one field that many servers
/// know only for some of their models.
fn refuses_reasoning(refusal: &UpstreamFault) -> bool {
    let UpstreamFault::Status { status, body, .. } = refusal else {
        return false;
    };
    let said = llmx_bridge::UpstreamFault::reported(Some(status.as_u16()), (**body).clone());
    llmx_bridge::chat::refuses_reasoning(&said)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then_some(value)
}

/// Reads as much of a body as a message can need, for as long as a person would wait for it.
async fn excerpt(body: Answer) -> Vec<u8> {
    let mut read = Vec::new();
    let mut body = Limited::new(body, EXCERPT_BYTES);
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            if let Ok(data) = frame.into_data() {
                read.extend_from_slice(&data);
            }
        }
    };
    // What came before the time ran out is still worth showing.
    let _ended = timeout(EXCERPT_TIME, reading).await;
    read
}

/// The version of the Messages API whose shapes `llmx-wire` knows; the server requires one.
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// What one answer may have; larger than any model's longest, images included.
const MAX_WHOLE: usize = 64 << 20;
const JSON: &str = "application/json";
const EXCERPT_BYTES: usize = 64 << 10;
const EXCERPT_TIME: Duration = Duration::from_secs(10);
/// The names under which providers and gateways let their operators find a request again.
static REQUEST_ID_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-litellm-call-id"),
];
