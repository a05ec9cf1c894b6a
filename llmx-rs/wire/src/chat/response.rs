//! The answer to a request without a stream, and what a server says instead of one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::message::Message;
use super::usage::Usage;
use crate::Extra;
use crate::lenient::{count, maybe_count, maybe_object, maybe_text, null_as_default, text};

/// What the model answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The server's name for the answer; empty where it gave none.
    #[serde(default, deserialize_with = "text")]
    pub id: String,
    /// `chat.completion`.
    #[serde(default, deserialize_with = "text")]
    pub object: String,
    /// When it was made, in seconds since 1970.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub created: Option<u64>,
    /// The model that answered.
    #[serde(default, deserialize_with = "text")]
    pub model: String,
    /// The answers; almost always one.
    #[serde(default, deserialize_with = "null_as_default")]
    pub choices: Vec<Choice>,
    /// What it cost.
    #[serde(
        default,
        deserialize_with = "maybe_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub usage: Option<Usage>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Its place among the answers.
    #[serde(default, deserialize_with = "count")]
    pub index: u64,
    /// The answer.
    #[serde(default, deserialize_with = "null_as_default")]
    pub message: Message,
    /// Why it ends where it does.
    #[serde(default, deserialize_with = "maybe_text")]
    pub finish_reason: Option<String>,
    /// The likelihood of its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The body of a failed request, in the documented shape; for the others see [`crate::FaultBody`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// `{message, type, param, code}`.
    pub error: Value,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
