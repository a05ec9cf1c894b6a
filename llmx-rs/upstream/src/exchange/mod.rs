//! Sends one Responses request to one provider and yields the typed events of its answer.
//!
//! [`Exchange::open`] turns everything that can go wrong before the first event into an
//! [`UpstreamFault`]; [`EventStream`] yields events and then says, as a [`StreamEnd`], how the
//! stream ended. Dropping either one tells the provider to stop.

mod fault;
mod retry_after;
mod stream;
mod target;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use http_body_util::{BodyExt, Full, Limited};
use llmx_wire::FaultBody;
use llmx_wire::responses::Request;
use tokio::time::timeout;

use crate::answer::Answer;
use crate::client::{Client, ClientOptions};

pub use fault::UpstreamFault;
pub use stream::{EventStream, StreamEnd, StreamStep};
pub use target::{BadTarget, Target};

/// A provider that requests can be sent to.
#[derive(Debug)]
pub struct Exchange {
    client: Client<Full<Bytes>>,
    target: Target,
}

impl Exchange {
    /// Prepares connections to `target`; none is opened yet.
    pub fn new(target: Target) -> Result<Self, BadTarget> {
        let options = ClientOptions {
            answer_timeout: target.idle_timeout,
            use_env_proxy: true,
            ..ClientOptions::default()
        };
        let client = Client::new(&target.endpoint, options)?;
        Ok(Self { client, target })
    }

    /// Sends `request`, which must ask for a stream, and waits until the stream begins.
    pub async fn open(&self, request: &Request) -> Result<EventStream, UpstreamFault> {
        let body = serde_json::to_vec(request)
            .map_err(|error| UpstreamFault::Unsendable(error.to_string()))?;
        let mut message = http::Request::new(Full::new(Bytes::from(body)));
        *message.method_mut() = Method::POST;
        *message.uri_mut() = self.target.endpoint.uri().clone();
        *message.headers_mut() = self.headers();
        let response = self.client.send(message).await?;
        if !response.status().is_success() {
            return Err(self.refusal(response).await);
        }
        match not_a_stream(response.headers()) {
            Some(kind) => Err(self.misfit(kind, response).await),
            None => Ok(EventStream::new(
                response.into_body(),
                self.target.idle_timeout,
            )),
        }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = self.target.headers.clone();
        headers.insert(HOST, self.target.endpoint.host().clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        // A compressed stream is held back until the compressor has a block full.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(authorization) = &self.target.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        headers
    }

    /// Reads what the provider said with a status that is not a success.
    async fn refusal(&self, response: Response<Answer>) -> UpstreamFault {
        let (head, body) = response.into_parts();
        let mut body = FaultBody::parse(&excerpt(body).await);
        if head.status.is_redirection() {
            let location = text(&head.headers, http::header::LOCATION.as_str());
            let location = location.unwrap_or_else(|| "nowhere".to_owned());
            body.message = format!("it redirects to {location}, which is not followed");
        }
        body.message = self.target.redact(body.message);
        UpstreamFault::Status {
            host: self.target.host(),
            status: head.status,
            body,
            request_id: REQUEST_ID_HEADERS
                .iter()
                .find_map(|name| text(&head.headers, name)),
            retry_after: retry_after::parse(&head.headers, SystemTime::now()),
        }
    }

    /// Reads the beginning of a successful response that is no stream of events.
    async fn misfit(&self, kind: String, response: Response<Answer>) -> UpstreamFault {
        let body = FaultBody::parse(&excerpt(response.into_body()).await);
        UpstreamFault::NotAStream {
            host: self.target.host(),
            kind,
            said: self.target.redact(body.message),
        }
    }
}

/// Returns what the response is, if it cannot be a stream of events. A response that does not say
/// what it is gets the benefit of the doubt.
fn not_a_stream(headers: &HeaderMap) -> Option<String> {
    if let Some(encoding) = text(headers, CONTENT_ENCODING.as_str())
        && !encoding.eq_ignore_ascii_case("identity")
    {
        return Some(format!("content encoded with {encoding}"));
    }
    let kind = text(headers, CONTENT_TYPE.as_str())?;
    let essence = kind.split(';').next().unwrap_or_default().trim();
    (!essence.eq_ignore_ascii_case("text/event-stream")).then_some(kind)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let name: HeaderName = name.parse().ok()?;
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
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

const EXCERPT_BYTES: usize = 64 << 10;
const EXCERPT_TIME: Duration = Duration::from_secs(10);
/// The names under which providers and gateways let their operators find a request again.
const REQUEST_ID_HEADERS: [&str; 3] = ["x-request-id", "request-id", "x-litellm-call-id"];
