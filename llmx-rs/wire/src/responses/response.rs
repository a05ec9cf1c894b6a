//! The response object: what a request without a stream returns, and what lifecycle events carry.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::item::Item;
use crate::Extra;
use crate::lenient::null_as_default;

/// What the model answered, as far as it has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The server's name for the response; empty where it gave none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub id: String,
    /// How far it has come, or how it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The model that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The answer.
    #[serde(default, deserialize_with = "null_as_default")]
    pub output: Vec<Item>,
    /// What it cost; absent until the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ApiError>,
    /// Why it stopped early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete_details: Option<IncompleteDetails>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How far a response has come, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stopped on request.
    Cancelled,
    /// Ended as it should.
    Completed,
    /// Ended with an error.
    Failed,
    /// Under way.
    InProgress,
    /// Stopped early, for a reason in `incomplete_details`.
    Incomplete,
    /// Not begun.
    Queued,
    /// A status that llmx does not know.
    #[serde(untagged)]
    Other(String),
}

/// Why a response stopped early.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IncompleteDetails {
    /// `max_output_tokens`, `content_filter`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Why a response failed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApiError {
    /// The machine-readable reason; a string, though some servers send a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Value>,
    /// The sentence for people.
    #[serde(default, deserialize_with = "null_as_default")]
    pub message: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a response cost, in tokens. Cached and reasoning tokens are parts of the totals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The tokens of the request.
    #[serde(default, deserialize_with = "null_as_default")]
    pub input_tokens: u64,
    /// What they are made of.
    #[serde(default, deserialize_with = "null_as_default")]
    pub input_tokens_details: InputTokensDetails,
    /// The tokens of the answer.
    #[serde(default, deserialize_with = "null_as_default")]
    pub output_tokens: u64,
    /// What they are made of.
    #[serde(default, deserialize_with = "null_as_default")]
    pub output_tokens_details: OutputTokensDetails,
    /// Both together.
    #[serde(default, deserialize_with = "null_as_default")]
    pub total_tokens: u64,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the tokens of a request are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputTokensDetails {
    /// Those that the server's cache had.
    #[serde(default, deserialize_with = "null_as_default")]
    pub cached_tokens: u64,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the tokens of an answer are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputTokensDetails {
    /// Those that the model spent on thinking.
    #[serde(default, deserialize_with = "null_as_default")]
    pub reasoning_tokens: u64,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
