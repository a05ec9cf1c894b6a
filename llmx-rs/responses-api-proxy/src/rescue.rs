//! The one place where a failure of the upstream becomes a status for the client.

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use llmx_serve::{Problem, error_reply};
use llmx_upstream::TransportFault;

/// Tells the client that the upstream gave no answer, and why.
pub(crate) fn no_answer(fault: &TransportFault) -> Response<Full<Bytes>> {
    let status = if fault.is_timeout() {
        StatusCode::GATEWAY_TIMEOUT
    } else {
        StatusCode::BAD_GATEWAY
    };
    let code = match fault {
        TransportFault::Unreachable { .. } => "upstream_unreachable",
        TransportFault::ConnectTimeout { .. } | TransportFault::AnswerTimeout { .. } => {
            "upstream_timeout"
        }
        TransportFault::Broken { .. } => "upstream_broken",
    };
    let kind = "upstream_error";
    error_reply(Problem { status, kind, code }, &fault.to_string())
}

/// Tells the client what may be asked of the proxy.
pub(crate) fn forbidden(http_shutdown: bool) -> Response<Full<Bytes>> {
    let mut message = "only POST /v1/responses without a query is allowed here".to_owned();
    if http_shutdown {
        message.push_str(", and GET /shutdown");
    }
    let problem = Problem {
        status: StatusCode::FORBIDDEN,
        kind: "invalid_request_error",
        code: "not_allowed",
    };
    error_reply(problem, &message)
}
