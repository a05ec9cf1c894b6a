//! Speaks the protocol over streamable HTTP, through a carrier that owns the connections.
//!
//! It follows no redirects: a token goes to the address that it was given for and nowhere else.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::common::http_header::{
    EVENT_STREAM_MIME_TYPE, HEADER_LAST_EVENT_ID, HEADER_SESSION_ID, JSON_MIME_TYPE,
};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::{Sse, SseStream};

use super::carrier::{McpBody, McpCarrier};

/// Requests to one server.
#[derive(Clone)]
pub(crate) struct Http {
    carrier: Arc<dyn McpCarrier>,
}

/// A request without a usable answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpFault {
    #[error("{0}")]
    NotCarried(String),
    #[error("the request cannot be made: {0}")]
    Request(#[from] http::Error),
    #[error("it answers {status}: {cure}")]
    Unauthorized { status: StatusCode, cure: String },
    #[error("it answers {status}{}", Said(.body))]
    Status { status: StatusCode, body: String },
    #[error("its answer is no message of the protocol: {0}")]
    Malformed(String),
    #[error("its answer breaks off")]
    Broken,
    #[error("its answer is longer than {LARGEST} bytes")]
    TooLong,
}

struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.trim() {
            "" => Ok(()),
            text => write!(out, ": {text}"),
        }
    }
}

type Fault = StreamableHttpError<HttpFault>;
type Headers = HashMap<HeaderName, HeaderValue>;
type Events = BoxStream<'static, Result<Sse, sse_stream::Error>>;

impl Http {
    pub(crate) fn new(carrier: Arc<dyn McpCarrier>) -> Self {
        Self { carrier }
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        body: Bytes,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Response<McpBody>, Fault> {
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .body(body)
            .map_err(HttpFault::from)
            .map_err(Fault::Client)?;
        request.headers_mut().extend(headers);
        let carried = self.carrier.carry(request).await;
        let response = carried.map_err(|why| Fault::Client(HttpFault::NotCarried(why)))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                let cure = self.carrier.cure(status);
                Err(Fault::Client(HttpFault::Unauthorized { status, cure }))
            }
            status => {
                let body = whole(response, LARGEST_ERROR).await.unwrap_or_default();
                let body = String::from_utf8_lossy(&body).into_owned();
                Err(Fault::Client(HttpFault::Status { status, body }))
            }
        }
    }
}

impl StreamableHttpClient for Http {
    type Error = HttpFault;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        custom: Headers,
    ) -> Result<StreamableHttpPostResponse, Fault> {
        let body = Bytes::from(serde_json::to_vec(&message)?);
        let had_session = session.is_some();
        let mut headers = headers(session, token, custom)?;
        headers.push((CONTENT_TYPE, HeaderValue::from_static(JSON_MIME_TYPE)));
        let answer = self.send(Method::POST, &uri, body, headers).await;
        let response = match answer {
            Err(Fault::Client(HttpFault::Status { status, .. }))
                if status == StatusCode::NOT_FOUND && had_session =>
            {
                return Err(Fault::SessionExpired);
            }
            answer => answer?,
        };
        let asks = matches!(message, ClientJsonRpcMessage::Request(_));
        if !asks || response.status() == StatusCode::ACCEPTED {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        let session = response.headers().get(HEADER_SESSION_ID);
        let session = session.and_then(|id| id.to_str().ok()).map(str::to_owned);
        if is(&response, EVENT_STREAM_MIME_TYPE) {
            return Ok(StreamableHttpPostResponse::Sse(events(response), session));
        }
        if !is(&response, JSON_MIME_TYPE) {
            let kind = response.headers().get(CONTENT_TYPE);
            let kind = kind.map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
            return Err(Fault::UnexpectedContentType(kind));
        }
        let body = whole(response, LARGEST).await.map_err(Fault::Client)?;
        let message: ServerJsonRpcMessage = serde_json::from_slice(&body)
            .map_err(|error| Fault::Client(HttpFault::Malformed(error.to_string())))?;
        Ok(StreamableHttpPostResponse::Json(message, session))
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        token: Option<String>,
        custom: Headers,
    ) -> Result<(), Fault> {
        let headers = headers(Some(session), token, custom)?;
        match self.send(Method::DELETE, &uri, Bytes::new(), headers).await {
            Ok(_) => Ok(()),
            Err(Fault::Client(HttpFault::Status { status, .. }))
                if status == StatusCode::METHOD_NOT_ALLOWED =>
            {
                Ok(())
            }
            Err(fault) => Err(fault),
        }
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        token: Option<String>,
        custom: Headers,
    ) -> Result<Events, Fault> {
        let mut headers = headers(session, token, custom)?;
        if let Some(id) = last_event {
            let name = HeaderName::from_bytes(HEADER_LAST_EVENT_ID.as_bytes());
            headers.push((name.map_err(invalid)?, value(&id)?));
        }
        let response = match self.send(Method::GET, &uri, Bytes::new(), headers).await {
            Err(Fault::Client(HttpFault::Status { status, .. }))
                if status == StatusCode::METHOD_NOT_ALLOWED =>
            {
                return Err(Fault::ServerDoesNotSupportSse);
            }
            answer => answer?,
        };
        if !is(&response, EVENT_STREAM_MIME_TYPE) {
            return Err(Fault::ServerDoesNotSupportSse);
        }
        Ok(events(response))
    }
}

fn headers(
    session: Option<Arc<str>>,
    token: Option<String>,
    custom: Headers,
) -> Result<Vec<(HeaderName, HeaderValue)>, Fault> {
    let mut headers: Vec<_> = custom.into_iter().collect();
    headers.push((
        ACCEPT,
        HeaderValue::from_static("application/json, text/event-stream"),
    ));
    if let Some(token) = token {
        let mut bearer = value(&format!("Bearer {token}"))?;
        bearer.set_sensitive(true);
        headers.push((AUTHORIZATION, bearer));
    }
    if let Some(session) = session {
        let name = HeaderName::from_bytes(HEADER_SESSION_ID.as_bytes());
        headers.push((name.map_err(invalid)?, value(&session)?));
    }
    Ok(headers)
}

fn value(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text).map_err(invalid)
}

fn invalid(error: impl Into<http::Error>) -> Fault {
    Fault::Client(HttpFault::Request(error.into()))
}

fn is(response: &Response<McpBody>, kind: &str) -> bool {
    let given = response.headers().get(CONTENT_TYPE);
    given.is_some_and(|given| given.as_bytes().starts_with(kind.as_bytes()))
}

async fn whole(response: Response<McpBody>, limit: usize) -> Result<Bytes, HttpFault> {
    let body = Limited::new(response.into_body(), limit).collect().await;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => HttpFault::TooLong,
        false => HttpFault::Broken,
    })?;
    Ok(body.to_bytes())
}

/// Reads events, of which none may be larger than [`LARGEST`].
fn events(response: Response<McpBody>) -> Events {
    let mut event = Event::default();
    let bytes = response
        .into_body()
        .into_data_stream()
        .map(move |chunk| match chunk {
            Ok(chunk) if event.grows(&chunk) => Ok(chunk),
            Ok(_) => Err(HttpFault::TooLong),
            Err(_) => Err(HttpFault::Broken),
        });
    SseStream::from_bytes_stream(bytes).boxed()
}

/// How long the event under way is by now.
#[derive(Debug)]
struct Event {
    length: usize,
    in_line: bool,
}

impl Default for Event {
    fn default() -> Self {
        Self {
            length: 0,
            in_line: true,
        }
    }
}

impl Event {
    /// Returns whether it is still small enough.
    fn grows(&mut self, chunk: &[u8]) -> bool {
        for byte in chunk {
            match byte {
                b'\n' if !self.in_line => self.length = 0,
                b'\n' => self.in_line = false,
                b'\r' => {}
                _ => self.in_line = true,
            }
            self.length += 1;
            if self.length > LARGEST {
                return false;
            }
        }
        true
    }
}

/// The same for a whole answer and for one event; it bounds what a server can make llmx hold.
const LARGEST: usize = 16 << 20;
const LARGEST_ERROR: usize = 2 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_bounded_one_by_one() {
        let mut event = Event::default();
        let small = vec![b'x'; LARGEST / 2];
        for _ in 0..4 {
            assert!(event.grows(&small));
            assert!(event.grows(b"\r\n\r\n"));
        }
        assert!(event.grows(&small));
        assert!(event.grows(b"\n"));
        assert!(!event.grows(&vec![b'x'; LARGEST / 2]));
    }
}
