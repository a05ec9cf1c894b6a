//! What the server returns: an answer, its cost, an error, a token count, a list of models.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::ContentBlock;
use crate::Extra;
use crate::lenient::{maybe_count, null_as_default};

/// What the model answered, as far as it has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The server's name for the answer; empty where it gave none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub id: String,
    /// `message`; empty where the server left it out.
    #[serde(
        rename = "type",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub kind: String,
    /// `assistant`; empty where the server left it out.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub role: String,
    /// The model that answered.
    #[serde(default, deserialize_with = "null_as_default")]
    pub model: String,
    /// The answer.
    #[serde(default, deserialize_with = "null_as_default")]
    pub content: Vec<ContentBlock>,
    /// Why it ended; null until it has.
    #[serde(default)]
    pub stop_reason: Option<StopReason>,
    /// The text that ended it, if one of the client's did.
    #[serde(default)]
    pub stop_sequence: Option<String>,
    /// What it cost, as far as it is known.
    #[serde(default, deserialize_with = "null_as_default")]
    pub usage: Usage,
    /// The other fields: `container`, `context_management`, `stop_details`, …
    #[serde(flatten)]
    pub extra: Extra,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model had said what it had to say.
    EndTurn,
    /// The answer reached `max_tokens`.
    MaxTokens,
    /// The conversation filled the model's context.
    ModelContextWindowExceeded,
    /// The server paused a long turn; it goes on where the answer is sent back.
    PauseTurn,
    /// The model, or the server for it, will not answer.
    Refusal,
    /// One of the client's stop sequences was written.
    StopSequence,
    /// The model waits for its calls to be answered.
    ToolUse,
    /// A reason that llmx does not know.
    #[serde(untagged)]
    Other(String),
}

/// What an answer cost, in tokens. Cached tokens are *not* part of `input_tokens`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The tokens of the request that no cache was involved with.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub input_tokens: Option<u64>,
    /// The tokens of the request that went into the cache.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub cache_creation_input_tokens: Option<u64>,
    /// The tokens of the request that came out of the cache.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub cache_read_input_tokens: Option<u64>,
    /// The tokens of the answer, thinking included.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub output_tokens: Option<u64>,
    /// What they are made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_details: Option<OutputTokensDetails>,
    /// The other fields: `cache_creation`, `server_tool_use`, `service_tier`, …
    #[serde(flatten)]
    pub extra: Extra,
}

impl Usage {
    /// Takes over every counter that `later` gives; counters are totals, so nothing is summed.
    pub fn replace_by(&mut self, later: Self) {
        let counters = [
            (&mut self.input_tokens, later.input_tokens),
            (
                &mut self.cache_creation_input_tokens,
                later.cache_creation_input_tokens,
            ),
            (
                &mut self.cache_read_input_tokens,
                later.cache_read_input_tokens,
            ),
            (&mut self.output_tokens, later.output_tokens),
        ];
        for (held, given) in counters {
            *held = given.or(*held);
        }
        if later.output_tokens_details.is_some() {
            self.output_tokens_details = later.output_tokens_details;
        }
        for (name, value) in later.extra {
            if !value.is_null() {
                self.extra.insert(name, value);
            }
        }
    }
}

/// What the tokens of an answer are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputTokensDetails {
    /// Those that the model spent on thinking.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub thinking_tokens: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The body of a failed request, and of the event that ends a failed stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// `error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What went wrong.
    pub error: ApiError,
    /// The server's name for the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ErrorBody {
    /// Makes the body for an error of class `kind`, for example `overloaded_error`.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: "error".to_owned(),
            error: ApiError {
                kind: kind.into(),
                message: message.into(),
                extra: Extra::new(),
            },
            ..Self::default()
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApiError {
    /// The class of the error, for example `overloaded_error`.
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: String,
    /// The sentence for people.
    #[serde(default, deserialize_with = "null_as_default")]
    pub message: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The answer to `POST …/messages/count_tokens`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenCount {
    /// The tokens that the request would cost.
    pub input_tokens: u64,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The answer to `GET …/models`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    /// The models, newest first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub data: Vec<Model>,
    /// Whether there are more than these.
    #[serde(default, deserialize_with = "null_as_default")]
    pub has_more: bool,
    /// The first of these, to ask for what stands before.
    #[serde(default)]
    pub first_id: Option<String>,
    /// The last of these, to ask for what follows.
    #[serde(default)]
    pub last_id: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A model that the server offers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// `model`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name to ask for it by.
    pub id: String,
    /// The name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// When it was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
