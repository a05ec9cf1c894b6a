//! Why an answer ended, what it cost, and what went wrong, in the words of Gemini.

use llmx_wire::FaultBody;
use llmx_wire::gemini::{ApiError, ErrorBody, FinishReason, UsageMetadata};
use llmx_wire::responses::{self, Status};
use serde_json::{Value, json};

use crate::{Extra, FaultClass, UpstreamFault};

/// Returns why an answer ended.
pub(super) fn reason(response: &responses::Response) -> FinishReason {
    if response.status != Some(Status::Incomplete) {
        return FinishReason::Stop;
    }
    let details = response.incomplete_details.as_ref();
    match details.and_then(|details| details.reason.as_deref()) {
        Some("content_filter") => FinishReason::Safety,
        Some("max_output_tokens") | None => FinishReason::MaxTokens,
        Some(_) => FinishReason::Other,
    }
}

/// Counts thoughts beside the answer, as Gemini does.
pub(super) fn usage(usage: &responses::Usage) -> UsageMetadata {
    let thoughts = usage.output_tokens_details.reasoning_tokens;
    let cached = usage.input_tokens_details.cached_tokens;
    UsageMetadata {
        prompt_token_count: Some(usage.input_tokens),
        cached_content_token_count: (cached > 0).then_some(cached),
        candidates_token_count: Some(usage.output_tokens.saturating_sub(thoughts)),
        thoughts_token_count: (thoughts > 0).then_some(thoughts),
        total_token_count: Some(usage.input_tokens.saturating_add(usage.output_tokens)),
        ..UsageMetadata::default()
    }
}

/// Reads why a response failed.
pub(super) fn failure(response: &responses::Response) -> UpstreamFault {
    let error = response.error.clone().unwrap_or_default();
    let status = error.extra.get("status").and_then(Value::as_u64);
    let fault = FaultBody::from_value(&json!(error)).unwrap_or_default();
    UpstreamFault::reported(status.and_then(|status| status.try_into().ok()), fault)
}

/// Makes the body of a failed answer in the shape that clients of Gemini know.
pub fn error_body(fault: &UpstreamFault) -> ErrorBody {
    let status = match fault.class() {
        FaultClass::ContextLength | FaultClass::Refused => "INVALID_ARGUMENT",
        FaultClass::Quota | FaultClass::RateLimited => "RESOURCE_EXHAUSTED",
        FaultClass::Overloaded => "UNAVAILABLE",
        FaultClass::Unauthorized => "UNAUTHENTICATED",
        FaultClass::Forbidden => "PERMISSION_DENIED",
        FaultClass::NotFound => "NOT_FOUND",
        FaultClass::Server => "INTERNAL",
    };
    ErrorBody {
        error: ApiError {
            code: fault.status(),
            message: fault.to_string(),
            status: status.to_owned(),
            extra: Extra::new(),
        },
        extra: Extra::new(),
    }
}
