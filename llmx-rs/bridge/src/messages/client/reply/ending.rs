//! Why an answer ended, what it cost, and what went wrong, in the words of Messages.

use llmx_wire::FaultBody;
use llmx_wire::messages::{
    ApiError, ErrorBody, OutputTokensDetails, StopReason, StreamEvent, Usage,
};
use llmx_wire::responses;
use serde_json::json;

use crate::{Extra, FaultClass, UpstreamFault};

/// Returns why an answer stopped early.
pub(super) fn incomplete(response: &responses::Response) -> StopReason {
    let details = response.incomplete_details.as_ref();
    match details.and_then(|details| details.reason.as_deref()) {
        Some("content_filter") => StopReason::Refusal,
        Some("pause_turn") => StopReason::PauseTurn,
        _ => StopReason::MaxTokens,
    }
}

/// Counts cached tokens beside the input, as Messages does.
pub(super) fn usage(usage: &responses::Usage) -> Usage {
    let details = &usage.input_tokens_details;
    let written = details.extra.get("cache_write_tokens");
    let written = written.and_then(serde_json::Value::as_u64).unwrap_or(0);
    let read = details.cached_tokens;
    let thought = usage.output_tokens_details.reasoning_tokens;
    Usage {
        input_tokens: Some(
            usage
                .input_tokens
                .saturating_sub(read)
                .saturating_sub(written),
        ),
        cache_creation_input_tokens: Some(written),
        cache_read_input_tokens: Some(read),
        output_tokens: Some(usage.output_tokens),
        output_tokens_details: (thought > 0).then(|| OutputTokensDetails {
            thinking_tokens: Some(thought),
            extra: Extra::new(),
        }),
        extra: Extra::new(),
    }
}

/// Reads why a response failed.
pub(super) fn failure(response: &responses::Response) -> UpstreamFault {
    let error = response.error.clone().unwrap_or_default();
    let status = error
        .extra
        .get("status")
        .and_then(serde_json::Value::as_u64);
    let fault = FaultBody::from_value(&json!(error)).unwrap_or_default();
    UpstreamFault::reported(status.and_then(|status| status.try_into().ok()), fault)
}

/// Makes the event that ends a stream that failed.
pub(super) fn error(fault: &UpstreamFault) -> StreamEvent {
    StreamEvent::Error(Box::new(api_error(fault).into()))
}

/// Makes the body of a failed answer in the shape that clients of Messages know.
pub fn error_body(fault: &UpstreamFault) -> ErrorBody {
    let error = api_error(fault);
    let mut body = ErrorBody::new(error.kind, error.message);
    if let UpstreamFault::Reported(report) = fault {
        body.request_id.clone_from(&report.request_id);
    }
    body
}

fn api_error(fault: &UpstreamFault) -> ApiError {
    let kind = match fault.class() {
        FaultClass::ContextLength | FaultClass::Refused => "invalid_request_error",
        FaultClass::Quota => "billing_error",
        FaultClass::RateLimited => "rate_limit_error",
        FaultClass::Overloaded => "overloaded_error",
        FaultClass::Unauthorized => "authentication_error",
        FaultClass::Forbidden => "permission_error",
        FaultClass::NotFound => "not_found_error",
        FaultClass::Server => "api_error",
    };
    ApiError {
        kind: kind.to_owned(),
        message: fault.to_string(),
        extra: Extra::new(),
    }
}
