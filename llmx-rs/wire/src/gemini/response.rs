//! What the server returns: an answer or a chunk of one, an error, a token count, models.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::Content;
use crate::lenient::{maybe_count, maybe_object, null_as_default};
use crate::{Extra, FaultBody};

/// An answer, or one chunk of a streamed answer: the shape is the same.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The alternatives; one unless the client asked for more, none if the prompt was blocked.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub candidates: Vec<Candidate>,
    /// What the server thought of the prompt.
    #[serde(alias = "prompt_feedback", skip_serializing_if = "Option::is_none")]
    pub prompt_feedback: Option<PromptFeedback>,
    /// What the answer cost so far.
    #[serde(
        alias = "usage_metadata",
        default,
        deserialize_with = "maybe_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub usage_metadata: Option<UsageMetadata>,
    /// The model that answered.
    #[serde(alias = "model_version", skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,
    /// The server's name for the answer.
    #[serde(alias = "response_id", skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// What went wrong, where a chunk says so in place of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Response {
    /// Returns what the server said went wrong, if it did.
    pub fn fault(&self) -> Option<FaultBody> {
        let error = self.error.as_ref()?;
        let mut fault = FaultBody::from_value(error)?;
        if fault.kind.is_none() {
            fault.kind = error
                .get("status")
                .and_then(Value::as_str)
                .map(str::to_owned);
        }
        Some(fault)
    }
}

/// One of the alternatives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// What the model said, or the part of it that this chunk adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Why it ended; absent until it has.
    #[serde(alias = "finish_reason", skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<FinishReason>,
    /// The server's sentence on it.
    #[serde(alias = "finish_message", skip_serializing_if = "Option::is_none")]
    pub finish_message: Option<String>,
    /// Its place among the alternatives.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub index: Option<u64>,
    /// The other fields: `safetyRatings`, `citationMetadata`, `groundingMetadata`, …
    #[serde(flatten)]
    pub extra: Extra,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FinishReason {
    /// It held forbidden words.
    Blocklist,
    /// The server says no reason.
    FinishReasonUnspecified,
    /// A picture in it was not safe.
    ImageSafety,
    /// It was in a language that the server does not support.
    Language,
    /// The model's call was not valid.
    MalformedFunctionCall,
    /// It reached `maxOutputTokens`.
    MaxTokens,
    /// A reason that the server does not tell.
    Other,
    /// It held what may not be said.
    ProhibitedContent,
    /// It recited what it was trained on.
    Recitation,
    /// It was not safe.
    Safety,
    /// It held personal information.
    Spii,
    /// The model had said what it had to say, or wrote a stop sequence.
    Stop,
    /// The model called too many tools in a row.
    TooManyToolCalls,
    /// The model called a tool although the request offers none.
    UnexpectedToolCall,
    /// A reason that llmx does not know.
    #[serde(untagged)]
    Unknown(String),
}

/// What the server thought of the prompt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptFeedback {
    /// Why there is no answer.
    #[serde(alias = "block_reason", skip_serializing_if = "Option::is_none")]
    pub block_reason: Option<String>,
    /// The server's sentence on it.
    #[serde(
        alias = "block_reason_message",
        skip_serializing_if = "Option::is_none"
    )]
    pub block_reason_message: Option<String>,
    /// The other fields: `safetyRatings`, …
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an answer cost, in tokens. Cached tokens are part of the prompt's, thoughts are not part
/// of the candidates'.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageMetadata {
    /// The tokens of the request.
    #[serde(
        alias = "prompt_token_count",
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub prompt_token_count: Option<u64>,
    /// Those of them that the server's cache had.
    #[serde(
        alias = "cached_content_token_count",
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub cached_content_token_count: Option<u64>,
    /// The tokens of the answer.
    #[serde(
        alias = "candidates_token_count",
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub candidates_token_count: Option<u64>,
    /// The tokens of the thoughts.
    #[serde(
        alias = "thoughts_token_count",
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub thoughts_token_count: Option<u64>,
    /// The tokens that results of the server's tools took of the prompt.
    #[serde(
        alias = "tool_use_prompt_token_count",
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub tool_use_prompt_token_count: Option<u64>,
    /// All together.
    #[serde(
        alias = "total_token_count",
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub total_token_count: Option<u64>,
    /// The other fields: `promptTokensDetails`, …
    #[serde(flatten)]
    pub extra: Extra,
}

/// The body of a failed request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ApiError,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What went wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApiError {
    /// The HTTP status.
    #[serde(default)]
    pub code: u16,
    /// The sentence for people.
    #[serde(default, deserialize_with = "null_as_default")]
    pub message: String,
    /// The machine-readable reason, for example `INVALID_ARGUMENT`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: String,
    /// The other fields: `details`, …
    #[serde(flatten)]
    pub extra: Extra,
}

/// The answer to `POST …/models/MODEL:countTokens`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenCount {
    /// The tokens that the request would cost.
    #[serde(alias = "total_tokens")]
    pub total_tokens: u64,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The answer to `GET …/models`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelList {
    /// The models.
    #[serde(default, deserialize_with = "null_as_default")]
    pub models: Vec<Model>,
    /// What to ask for the models after these.
    #[serde(alias = "next_page_token", skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A model that the server offers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// The name to ask for it by: `models/…`.
    pub name: String,
    /// The name for people.
    #[serde(alias = "display_name", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// How long a request may be, in tokens.
    #[serde(alias = "input_token_limit", skip_serializing_if = "Option::is_none")]
    pub input_token_limit: Option<u64>,
    /// How long an answer may be, in tokens.
    #[serde(alias = "output_token_limit", skip_serializing_if = "Option::is_none")]
    pub output_token_limit: Option<u64>,
    /// What it can be asked for: `generateContent`, `countTokens`, …
    #[serde(
        alias = "supported_generation_methods",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub supported_generation_methods: Vec<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
