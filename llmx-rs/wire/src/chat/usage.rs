//! What an answer cost, in tokens.

use serde::{Deserialize, Serialize};

use crate::Extra;
use crate::lenient::{count, maybe_count, maybe_object};

/// What an answer cost. Cached and reasoning tokens are parts of the totals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The tokens of the request.
    #[serde(default, deserialize_with = "count")]
    pub prompt_tokens: u64,
    /// What they are made of.
    #[serde(
        default,
        deserialize_with = "maybe_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub prompt_tokens_details: Option<PromptTokensDetails>,
    /// The tokens of the answer.
    #[serde(default, deserialize_with = "count")]
    pub completion_tokens: u64,
    /// What they are made of.
    #[serde(
        default,
        deserialize_with = "maybe_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub completion_tokens_details: Option<CompletionTokensDetails>,
    /// Both together.
    #[serde(default, deserialize_with = "count")]
    pub total_tokens: u64,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the tokens of a request are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PromptTokensDetails {
    /// Those that the server's cache had.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub cached_tokens: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the tokens of an answer are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CompletionTokensDetails {
    /// Those that the model spent on thinking.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub reasoning_tokens: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
