//! The body of `POST …/models/MODEL:generateContent` and `…:streamGenerateContent`.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::content::Content;
use super::tool::{Tool, ToolConfig};
use crate::Extra;
use crate::lenient::null_as_default;

/// What a client asks of a model; which model stands in the path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What the model is told before the conversation.
    #[serde(alias = "system_instruction", skip_serializing_if = "Option::is_none")]
    pub system_instruction: Option<Content>,
    /// The tools that the model may call.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tools: Vec<Tool>,
    /// Which of them it should call.
    #[serde(alias = "tool_config", skip_serializing_if = "Option::is_none")]
    pub tool_config: Option<ToolConfig>,
    /// What the answer looks like and how it is sampled.
    #[serde(alias = "generation_config", skip_serializing_if = "Option::is_none")]
    pub generation_config: Option<GenerationConfig>,
    /// What the server blocks.
    #[serde(
        alias = "safety_settings",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub safety_settings: Vec<SafetySetting>,
    /// The cached prefix that the conversation continues.
    #[serde(alias = "cached_content", skip_serializing_if = "Option::is_none")]
    pub cached_content: Option<String>,
    /// The conversation; it stands last so that a longer one begins with the bytes of a shorter.
    #[serde(default, deserialize_with = "null_as_default")]
    pub contents: Vec<Content>,
    /// The other fields: `labels`, `serviceTier`, …
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the answer looks like and how it is sampled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerationConfig {
    /// The sampling temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The nucleus sampling bound.
    #[serde(alias = "top_p", skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// How many of the likeliest tokens are sampled.
    #[serde(alias = "top_k", skip_serializing_if = "Option::is_none")]
    pub top_k: Option<Number>,
    /// How many answers the server gives.
    #[serde(alias = "candidate_count", skip_serializing_if = "Option::is_none")]
    pub candidate_count: Option<u64>,
    /// The bound on the answer's length, thoughts included.
    #[serde(alias = "max_output_tokens", skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// The texts that end the answer.
    #[serde(
        alias = "stop_sequences",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub stop_sequences: Vec<String>,
    /// The seed of the sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// The penalty on tokens that occurred.
    #[serde(alias = "presence_penalty", skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// The penalty on tokens by how often they occurred.
    #[serde(alias = "frequency_penalty", skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// `text/plain` or `application/json`.
    #[serde(alias = "response_mime_type", skip_serializing_if = "Option::is_none")]
    pub response_mime_type: Option<String>,
    /// What the answer's JSON looks like, in the server's own subset of OpenAPI schemas.
    #[serde(alias = "response_schema", skip_serializing_if = "Option::is_none")]
    pub response_schema: Option<Value>,
    /// What the answer's JSON looks like, as a JSON schema; excludes `response_schema`.
    #[serde(
        alias = "response_json_schema",
        skip_serializing_if = "Option::is_none"
    )]
    pub response_json_schema: Option<Value>,
    /// Whether the answer comes with log probabilities.
    #[serde(alias = "response_logprobs", skip_serializing_if = "Option::is_none")]
    pub response_logprobs: Option<bool>,
    /// For how many alternatives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<u64>,
    /// How much the model thinks and what it shows of it.
    #[serde(alias = "thinking_config", skip_serializing_if = "Option::is_none")]
    pub thinking_config: Option<ThinkingConfig>,
    /// The other fields: `responseModalities`, `mediaResolution`, `speechConfig`, …
    #[serde(flatten)]
    pub extra: Extra,
}

/// How much the model thinks and what it shows of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThinkingConfig {
    /// Whether the answer holds summaries of thoughts.
    #[serde(alias = "include_thoughts", skip_serializing_if = "Option::is_none")]
    pub include_thoughts: Option<bool>,
    /// The tokens that thoughts may take; 0 for none, -1 for as many as the model sees fit.
    #[serde(alias = "thinking_budget", skip_serializing_if = "Option::is_none")]
    pub thinking_budget: Option<i64>,
    /// `MINIMAL`, `LOW`, `MEDIUM` or `HIGH`; newer models take this in place of a budget.
    #[serde(alias = "thinking_level", skip_serializing_if = "Option::is_none")]
    pub thinking_level: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the server blocks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SafetySetting {
    /// The kind of harm.
    pub category: String,
    /// From which probability on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
