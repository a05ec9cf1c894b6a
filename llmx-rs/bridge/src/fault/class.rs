//! One taxonomy for what providers report in many words.

use super::Report;

/// What kind of failure a provider reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// The conversation does not fit the model's window.
    ContextLength,
    /// The account is out of money; waiting does not help.
    Quota,
    /// Too many requests; waiting helps.
    RateLimited,
    /// The provider has no room or its model is loading; waiting helps.
    Overloaded,
    /// The key is not accepted.
    Unauthorized,
    /// The key may not do this.
    Forbidden,
    /// The model or the address does not exist.
    NotFound,
    /// The request is refused as it stands.
    Refused,
    /// The provider failed.
    Server,
}

impl FaultClass {
    /// Classifies by the words first, because gateways flatten statuses, and then by the status.
    pub(super) fn of(report: &Report) -> Self {
        let words = [
            report.body.code.as_deref(),
            report.body.kind.as_deref(),
            Some(report.body.message.as_str()),
        ];
        let says = |needles: &[&str]| {
            words.iter().flatten().any(|word| {
                let word = word.to_ascii_lowercase();
                needles.iter().any(|needle| word.contains(needle))
            })
        };
        if says(CONTEXT_WORDS) {
            return Self::ContextLength;
        }
        if says(&[
            "insufficient_quota",
            "insufficient balance",
            "billing_not_active",
            "credit balance is too low",
        ]) {
            return Self::Quota;
        }
        match report.status {
            Some(402) => Self::Quota,
            Some(429) => Self::RateLimited,
            Some(503 | 529) => Self::Overloaded,
            Some(401) => Self::Unauthorized,
            Some(403) => Self::Forbidden,
            Some(404) => Self::NotFound,
            Some(400..=499) => Self::Refused,
            Some(_) => Self::Server,
            None if says(&["rate_limit", "rate limit", "too many requests"]) => Self::RateLimited,
            None if says(&["overloaded"]) => Self::Overloaded,
            None if says(&["authentication", "invalid_api_key"]) => Self::Unauthorized,
            None if says(&["invalid_request", "badrequest"]) => Self::Refused,
            None => Self::Server,
        }
    }

    /// Returns the code under which Responses clients know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::ContextLength => "context_length_exceeded",
            Self::Quota => "insufficient_quota",
            Self::RateLimited => "rate_limit_exceeded",
            Self::Overloaded => "server_is_overloaded",
            Self::Unauthorized => "invalid_api_key",
            Self::Forbidden => "permission_denied",
            Self::NotFound => "not_found",
            Self::Refused => "invalid_prompt",
            Self::Server => "server_error",
        }
    }

    /// Returns the class name that OpenAI-shaped errors carry in `type`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::ContextLength | Self::Refused | Self::NotFound => "invalid_request_error",
            Self::Quota => "insufficient_quota",
            Self::RateLimited => "rate_limit_error",
            Self::Unauthorized => "authentication_error",
            Self::Forbidden => "permission_error",
            Self::Overloaded | Self::Server => "server_error",
        }
    }

    /// Returns the status for a report that came without one.
    pub fn status(self) -> u16 {
        match self {
            Self::ContextLength | Self::Refused => 400,
            Self::Unauthorized => 401,
            Self::Quota => 402,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::RateLimited => 429,
            Self::Server => 502,
            Self::Overloaded => 503,
        }
    }

    /// Returns whether clients act on the code itself, so that the provider's own must not stand.
    pub(super) fn has_fixed_code(self) -> bool {
        matches!(
            self,
            Self::ContextLength | Self::Quota | Self::RateLimited | Self::Overloaded | Self::Server
        )
    }
}

/// What providers say when a conversation is too long for the model.
const CONTEXT_WORDS: &[&str] = &[
    "context_length_exceeded",
    "exceed_context_size",
    "contextwindowexceeded",
    "model_context_window_exceeded",
    "maximum context length",
    "context window",
    "context size",
    "context limit",
    "maximum model length",
    "maximum prompt length",
    "model token limit",
    "exceeds the maximum number of tokens",
    "prompt is too long",
    "input is too long for requested model",
    "prompt exceeds max length",
    "reduce the length of the messages",
];

#[cfg(test)]
mod tests {
    use crate::UpstreamFault;

    #[test]
    fn providers_words_become_one_taxonomy() {
        for (status, body, code) in [
            (
                400,
                r#"{"error":{"type":"exceed_context_size_error","message":"x"}}"#,
                "context_length_exceeded",
            ),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 9"}}"#,
                "context_length_exceeded",
            ),
            (
                429,
                r#"{"error":{"code":"insufficient_quota","message":"x"}}"#,
                "insufficient_quota",
            ),
            (
                400,
                r#"{"error":{"message":"Your credit balance is too low"}}"#,
                "insufficient_quota",
            ),
            (429, r#"{"detail":"slow down"}"#, "rate_limit_exceeded"),
            (503, "Loading model", "server_is_overloaded"),
            (529, "{}", "server_is_overloaded"),
            (500, "<html>oops</html>", "server_error"),
            (
                400,
                r#"{"error":{"code":"bad_tool","message":"x"}}"#,
                "bad_tool",
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"x"}}"#,
                "invalid_prompt",
            ),
        ] {
            let fault = UpstreamFault::from_answer(status, body.as_bytes());
            assert_eq!(
                (fault.status(), fault.code().as_str()),
                (status, code),
                "{body}"
            );
        }
    }

    #[test]
    fn a_conversation_that_is_too_long_is_known_in_every_providers_words() {
        for message in [
            "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).",
            "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
            "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
            "the request exceeds the available context size, try increasing it",
            "input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000",
            "Invalid request: Your request exceeded model token limit: 262144",
            "Input is too long for requested model.",
            "Prompt exceeds max length",
            "Please reduce the length of the messages or completion.",
        ] {
            let body = serde_json::json!({"error": {"message": message}}).to_string();
            let fault = UpstreamFault::from_answer(400, body.as_bytes());
            assert_eq!(fault.code(), "context_length_exceeded", "{message}");
        }
    }

    #[test]
    fn what_the_upstream_said_stays_beside_the_code() {
        let body = br#"{"error":{"code":"1302","type":"t","message":"busy"}}"#;
        let error = UpstreamFault::from_answer(429, body).to_api_error();
        assert_eq!(error.message, "busy");
        assert_eq!(error.extra["upstream_code"], "1302");
        assert_eq!(error.extra["status"], 429);
        assert_eq!(error.extra["type"], "t");
    }
}
