//! The body of `POST …/messages` and of `POST …/messages/count_tokens`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::{CacheControl, ContentBlock};
use super::tool::{Tool, ToolChoice};
use crate::Extra;
use crate::lenient::null_as_default;
use crate::open_enum::open_enum;
use crate::responses::TextOrList;

/// What a client asks of a model. The same object without `max_tokens` asks for its token count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The model, as the provider names it.
    pub model: String,
    /// The bound on the answer's length, thinking included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// What the model is told before the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<TextOrList<ContentBlock>>,
    /// The tools that the model may call.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tools: Vec<Tool>,
    /// Which of them it should call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether and how much the model thinks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<ThinkingConfig>,
    /// How much effort goes into the answer, and its format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_config: Option<OutputConfig>,
    /// The texts that end the answer.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub stop_sequences: Vec<String>,
    /// The sampling temperature, at most 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The nucleus sampling bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// How many of the likeliest tokens are sampled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    /// On whose behalf the request is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// `auto` or `standard_only`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Asks the server to place one cache breakpoint itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<CacheControl>,
    /// Whether the answer comes as a stream of events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// The conversation; it stands last so that a longer one begins with the bytes of a shorter.
    pub messages: Vec<Message>,
    /// The other fields: `context_management`, `container`, `mcp_servers`, …
    #[serde(flatten)]
    pub extra: Extra,
}

/// One turn of the conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Whose turn it is.
    pub role: Role,
    /// What was said, called and returned.
    #[serde(default)]
    pub content: TextOrList<ContentBlock>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whose turn it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The model.
    Assistant,
    /// The program around the model, in the middle of a conversation; newer servers alone know it.
    System,
    /// The person, and the tools.
    #[default]
    User,
    /// A role that llmx does not know.
    #[serde(untagged)]
    Other(String),
}

open_enum! {
    /// Whether and how much the model thinks.
    pub enum ThinkingConfig, implied by |_| "", {
        /// As much as the model sees fit.
        "adaptive" => Adaptive(ThinkingDisplay),
        /// Up to a number of tokens.
        "enabled" => Enabled(BudgetedThinking),
        /// Not at all.
        "disabled" => Disabled(ThinkingDisplay),
    }
}

/// How thoughts are shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ThinkingDisplay {
    /// `summarized` or `omitted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How much the model may think.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BudgetedThinking {
    /// The tokens it may spend; at least 1,024, and fewer than `max_tokens`.
    pub budget_tokens: u64,
    /// `summarized` or `omitted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How much effort goes into the answer, and its format.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputConfig {
    /// `low`, `medium`, `high`, `xhigh` or `max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// A JSON schema that the answer follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// On whose behalf the request is made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// The person, under a name that says nothing about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
