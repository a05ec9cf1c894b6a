//! A message: of the conversation, of the answer, or one step of a streamed answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::part::Part;
use crate::Extra;
use crate::lenient::{maybe_count, maybe_text, null_as_default};
use crate::responses::TextOrList;

/// One message. In a streamed answer each chunk holds one that has only what is new.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Whose message it is; absent from later chunks of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The words. Written even where null, because servers ask for the field.
    #[serde(default)]
    pub content: Option<TextOrList<Part>>,
    /// The model's words on why it will not answer.
    #[serde(
        default,
        deserialize_with = "maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub refusal: Option<String>,
    /// What the model thought, as DeepSeek, Kimi, Qwen and LiteLLM name it.
    #[serde(
        default,
        deserialize_with = "maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reasoning_content: Option<String>,
    /// What the model thought, as OpenRouter and vLLM name it; some servers send an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Value>,
    /// What the model thought, in typed pieces, as OpenRouter and MiniMax send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_details: Option<Value>,
    /// The calls that the model makes.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tool_calls: Vec<ToolCall>,
    /// The call that the model makes, in the protocol's first form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_call: Option<FunctionCall>,
    /// The call that a message of [`Role::Tool`] answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// The name of the author, or of a legacy function.
    #[serde(
        default,
        deserialize_with = "maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Message {
    /// Makes a message of plain text.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self {
            role: Some(role),
            content: Some(TextOrList::Text(text.into())),
            ..Self::default()
        }
    }
}

/// Whose message it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The model.
    Assistant,
    /// The program around the model.
    Developer,
    /// The answer to a legacy function call.
    Function,
    /// The program around the model, in the older word.
    System,
    /// The answer to a call.
    Tool,
    /// The person.
    #[default]
    User,
    /// A role that llmx does not know.
    #[serde(untagged)]
    Other(String),
}

/// A call, or in a stream what is new of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The call's place among the calls of a streamed answer; some servers leave it out.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub index: Option<u64>,
    /// The name that the answer repeats; in a stream the first piece has it.
    #[serde(
        default,
        deserialize_with = "maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub id: Option<String>,
    /// `function` or `custom`; in a stream the first piece has it.
    #[serde(
        rename = "type",
        default,
        deserialize_with = "maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub kind: Option<String>,
    /// The function and its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<FunctionCall>,
    /// The other fields; `custom` among them.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A function and its arguments, or in a stream what is new of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionCall {
    /// The function.
    #[serde(
        default,
        deserialize_with = "maybe_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// JSON as a string; some servers send the object itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
