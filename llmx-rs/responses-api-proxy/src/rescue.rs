//! The one place where a failure becomes a status for the client.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER, UPGRADE};
use http::{Response, StatusCode};
use http_body_util::Full;
use llmx_bridge::UpstreamFault as BridgeFault;
use llmx_serve::{Problem, error_reply, json_reply};
use llmx_upstream::{TransportFault, UpstreamFault};
use llmx_wire::responses::{self, ApiError};
use serde_json::{Value, json};

use crate::request_body::BadBody;
use crate::state::NotKept;

type Reply = Response<Full<Bytes>>;

/// Tells the client that the upstream gave no answer, and why.
pub(crate) fn no_answer(fault: &TransportFault) -> Reply {
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
    upstream_error(status, code, &fault.to_string())
}

/// Tells the client what may be asked of the proxy.
pub(crate) fn forbidden(http_shutdown: bool) -> Reply {
    let mut message = "only POST /v1/responses without a query is allowed here".to_owned();
    if http_shutdown {
        message.push_str(", and GET /shutdown");
    }
    client_error(StatusCode::FORBIDDEN, "not_allowed", &message)
}

/// Tells the client that there are no WebSockets here. Codex goes on with `POST` at once when it
/// hears this status, and after any other only when it has tried seven times.
pub(crate) fn no_websocket() -> Reply {
    let message = "there are no WebSockets here; send POST /v1/responses";
    let mut reply = client_error(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message);
    let protocol = HeaderValue::from_static("HTTP/1.1");
    reply.headers_mut().insert(UPGRADE, protocol);
    reply
}

/// Tells the client why its body is not taken.
pub(crate) fn refused_body(refusal: &BadBody) -> Reply {
    let (status, code) = match refusal {
        BadBody::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"),
        BadBody::Encoding(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding"),
        BadBody::Corrupt(_) | BadBody::Cut => (StatusCode::BAD_REQUEST, "malformed_request"),
    };
    client_error(status, code, &refusal.to_string())
}

/// Tells the client that its body is no Responses request.
pub(crate) fn unreadable(error: &serde_json::Error) -> Reply {
    let message = format!("the body is not a Responses request: {error}");
    client_error(StatusCode::BAD_REQUEST, "malformed_request", &message)
}

/// Tells the client that what it continues is not here, as the API does.
pub(crate) fn not_kept(error: &NotKept) -> Reply {
    let (param, code) = match error {
        NotKept::UnknownItem(_) => ("input", "item_not_found"),
        NotKept::Off | NotKept::Unknown(_) => {
            ("previous_response_id", "previous_response_not_found")
        }
    };
    let body = json!({"error": {
        "message": error.to_string(),
        "type": "invalid_request_error",
        "param": param,
        "code": code,
    }});
    json_reply(StatusCode::BAD_REQUEST, &body)
}

/// Tells the client what a bridged upstream said or failed to say.
pub(crate) fn upstream(fault: &UpstreamFault) -> Reply {
    match fault {
        UpstreamFault::Transport(fault) => no_answer(fault),
        UpstreamFault::Unbridgeable(fault) => {
            json_reply(StatusCode::BAD_REQUEST, &fault.to_openai())
        }
        UpstreamFault::Status {
            status,
            body,
            request_id,
            retry_after,
            ..
        } => {
            let fault = BridgeFault::reported(Some(status.as_u16()), (**body).clone());
            let mut reply = json_reply(gateway_status(fault.status()), &fault.to_openai());
            let seconds = retry_after.map(|after| after.as_secs_f64().ceil().to_string());
            let told = [
                (RETRY_AFTER, seconds),
                (HeaderName::from_static("x-request-id"), request_id.clone()),
            ];
            for (name, value) in told {
                if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                    reply.headers_mut().insert(name, value);
                }
            }
            reply
        }
        UpstreamFault::Idle { .. } | UpstreamFault::Quiet { .. } => upstream_error(
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_timeout",
            &fault.to_string(),
        ),
        UpstreamFault::NotAStream { .. }
        | UpstreamFault::Malformed { .. }
        | UpstreamFault::TooLarge(_)
        | UpstreamFault::Cut { .. }
        | UpstreamFault::NoDialect
        | UpstreamFault::Unsendable(_) => upstream_error(
            StatusCode::BAD_GATEWAY,
            "upstream_broken",
            &fault.to_string(),
        ),
    }
}

/// Tells the client why an answer failed before its first word.
pub(crate) fn failed(response: &responses::Response) -> Reply {
    let ApiError {
        code,
        message,
        extra,
    } = response.error.clone().unwrap_or_default();
    let status = extra.get("status").and_then(Value::as_u64);
    let status = status.and_then(|status| u16::try_from(status).ok());
    let kind = extra.get("type").cloned();
    let body = json!({"error": {
        "message": message,
        "type": kind.unwrap_or_else(|| json!("server_error")),
        "param": null,
        "code": code,
    }});
    json_reply(gateway_status(status.unwrap_or(502)), &body)
}

/// Tells the client that the upstream's answer had no end.
pub(crate) fn no_end() -> Reply {
    upstream_error(
        StatusCode::BAD_GATEWAY,
        "upstream_broken",
        "the upstream ended before its answer was complete",
    )
}

/// Passes an upstream's failure on; anything else in its place would read as a success.
fn gateway_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.is_client_error() || status.is_server_error())
        .unwrap_or(StatusCode::BAD_GATEWAY)
}

fn client_error(status: StatusCode, code: &'static str, message: &str) -> Reply {
    let kind = "invalid_request_error";
    error_reply(Problem { status, kind, code }, message)
}

fn upstream_error(status: StatusCode, code: &'static str, message: &str) -> Reply {
    let kind = "upstream_error";
    error_reply(Problem { status, kind, code }, message)
}
