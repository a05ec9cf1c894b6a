//! Errors that a client of the OpenAI API understands.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

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
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = problem.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
