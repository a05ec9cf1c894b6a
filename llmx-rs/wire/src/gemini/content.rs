//! The turns of a conversation and the parts that they are made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Extra;
use crate::lenient::null_as_default;

/// One turn of a conversation, or a system instruction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Whose turn it is: `user` or `model`; absent in a system instruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What was said, called and returned.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub parts: Vec<Part>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One part of a turn: one of the kinds of data, and remarks on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Bytes in the request.
    #[serde(alias = "inline_data", skip_serializing_if = "Option::is_none")]
    pub inline_data: Option<Blob>,
    /// Bytes elsewhere.
    #[serde(alias = "file_data", skip_serializing_if = "Option::is_none")]
    pub file_data: Option<FileData>,
    /// The model calls a tool of the client.
    #[serde(alias = "function_call", skip_serializing_if = "Option::is_none")]
    pub function_call: Option<FunctionCall>,
    /// The answer to such a call.
    #[serde(alias = "function_response", skip_serializing_if = "Option::is_none")]
    pub function_response: Option<FunctionResponse>,
    /// Whether the words are a thought of the model, not part of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thought: Option<bool>,
    /// The thought behind this part, for the server alone; it goes back unchanged.
    #[serde(alias = "thought_signature", skip_serializing_if = "Option::is_none")]
    pub thought_signature: Option<String>,
    /// The other fields: `executableCode`, `codeExecutionResult`, `videoMetadata`, …
    #[serde(flatten)]
    pub extra: Extra,
}

impl Part {
    /// Makes a part of words.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }
}

/// Bytes in the request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blob {
    /// What they are, for example `image/png`.
    #[serde(alias = "mime_type")]
    pub mime_type: String,
    /// The bytes in base 64.
    pub data: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Bytes that the server can fetch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileData {
    /// What they are, for example `application/pdf`.
    #[serde(alias = "mime_type", skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Where they are.
    #[serde(alias = "file_uri")]
    pub file_uri: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A call of a tool that the client runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionCall {
    /// The name that the answer repeats; many servers give none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The tool.
    #[serde(default)]
    pub name: String,
    /// The arguments, an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The answer to a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionResponse {
    /// The call that this answers, where the call had a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The tool.
    #[serde(default)]
    pub name: String,
    /// What it returned, an object: `output` or `error` as a rule.
    #[serde(default)]
    pub response: Value,
    /// Pictures and documents that it returned besides.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub parts: Vec<Part>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
