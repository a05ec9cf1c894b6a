//! Errors that a client of the OpenAI API understands.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

/// What went wrong, in the terms of OpenAI's error object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The error's `type`: the family of the fault.
    pub kind: &'static str,
    /// The error's `code`: the fault itself, for programs.
    pub code: &'static str,
}

/// Builds a JSON response `{"error":{"message","type","param","code"}}`.
pub fn error_reply(problem: Problem, message: &str) -> Response<Full<Bytes>> {
    let body = json!({
        "error": {
            "message": message,
            "type": problem.kind,
            "param": null,
            "code": problem.code,
        }
    });
    let mut response = json_reply(problem.status, &body);
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

/// Builds a response that holds `body`.
pub fn json_reply(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
