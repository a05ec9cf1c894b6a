//! Judges a failure that the server reports inside a stream.

use llmx_wire::FaultBody;
use llmx_wire::responses::{ApiError, ErrorEvent, Response};

use super::vocabulary::{Fault, Retry};

/// Returns whether an error of this code would meet the same request again.
pub fn is_final_code(code: &str) -> bool {
    FINAL_CODES.contains(&code)
}

/// Returns whether a server says that the conversation is longer than the model can read.
pub fn is_too_long(code: Option<&str>, message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    code == Some("context_length_exceeded") || TOO_LONG.iter().any(|words| lower.contains(words))
}

/// Returns the pause that a server asks for in words: `… try again in 1.5s …`.
pub fn asked_pause_ms(message: &str) -> Option<u64> {
    let lower = message.to_ascii_lowercase();
    let (_, rest) = lower.split_once("try again in ")?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, unit) = rest.split_at_checked(digits)?;
    let number: f64 = number.trim_end_matches('.').parse().ok()?;
    let unit = unit.trim_start();
    let ms = if unit.starts_with("ms") {
        number
    } else if unit.starts_with('m') {
        number * 60_000.0
    } else if unit.starts_with('s') {
        number * 1_000.0
    } else {
        return None;
    };
    // The cast saturates, and the sign and NaN cannot come out of these characters.
    Some(ms.ceil() as u64)
}

impl Fault {
    /// Judges a `response.failed`.
    pub(super) fn of_response(response: &Response) -> Self {
        let error = response.error.clone().unwrap_or_default();
        let ApiError {
            code,
            message,
            extra,
        } = error;
        let code = code.as_ref().and_then(|code| code.as_str());
        let kind = extra.get("type").and_then(|kind| kind.as_str());
        Self::reported(&message, code, kind)
    }

    /// Judges an `error` event.
    pub(super) fn of_event(event: &ErrorEvent) -> Self {
        let FaultBody {
            message,
            code,
            kind,
        } = event.fault();
        Self::reported(&message, code.as_deref(), kind.as_deref())
    }

    /// Judges a response that stopped early: another try would stop at the same place.
    pub(super) fn of_incomplete(response: &Response) -> Self {
        let details = response.incomplete_details.as_ref();
        let reason = details.and_then(|details| details.reason.as_deref());
        let reason = reason.unwrap_or("the server gave no reason");
        Self {
            message: format!("the model's answer is incomplete: {reason}"),
            retry: Retry::Never,
        }
    }

    fn reported(message: &str, code: Option<&str>, kind: Option<&str>) -> Self {
        let words = if message.is_empty() {
            "the server reported a failure without a message"
        } else {
            message
        };
        let is_final = code.is_some_and(is_final_code) || kind == Some("invalid_request_error");
        Self {
            message: match code {
                Some(code) => format!("{words} ({code})"),
                None => words.to_owned(),
            },
            retry: if is_too_long(code, message) {
                Retry::Shorter
            } else if is_final {
                Retry::Never
            } else {
                Retry::Stream {
                    after_ms: asked_pause_ms(message),
                }
            },
        }
    }
}

/// How OpenAI, vLLM, llama.cpp, Anthropic, Gemini, Mistral, Ollama and LiteLLM say it.
const TOO_LONG: [&str; 8] = [
    "context length",
    "context window",
    "context_length",
    "exceeds the available context",
    "input is too long",
    "maximum context",
    "prompt is too long",
    "input token count",
];
const FINAL_CODES: [&str; 9] = [
    "billing_hard_limit_reached",
    "content_filter",
    "content_policy_violation",
    "insufficient_quota",
    "invalid_api_key",
    "invalid_prompt",
    "model_not_found",
    "unsupported_parameter",
    "usage_limit_reached",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_found_in_the_servers_words() {
        for (message, expected) in [
            ("Rate limit. Please try again in 1.5s.", Some(1_500)),
            ("Try again in 250ms", Some(250)),
            ("try again in 2 minutes", Some(120_000)),
            ("try again in 20 seconds.", Some(20_000)),
            ("try again in a while", None),
            ("try again later", None),
            ("try again in 99999999999999999999999s", Some(u64::MAX)),
        ] {
            assert_eq!(asked_pause_ms(message), expected, "{message}");
        }
    }

    #[test]
    fn a_full_context_wants_a_shorter_one_and_an_overload_another_try() {
        let overload = Fault::reported("busy", Some("server_is_overloaded"), None);
        assert_eq!(overload.retry, Retry::Stream { after_ms: None });
        let full = Fault::reported("full", Some("context_length_exceeded"), None);
        assert_eq!(full.retry, Retry::Shorter);
        let said = Fault::reported(
            "This model's maximum context length is 9 tokens",
            None,
            None,
        );
        assert_eq!(said.retry, Retry::Shorter);
        assert_eq!(full.message, "full (context_length_exceeded)");
    }
}
