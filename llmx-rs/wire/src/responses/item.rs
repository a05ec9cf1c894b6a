//! The items of a conversation: what goes into a request and comes out of a response.

use serde::{Deserialize, Serialize};

use super::content::ContentPart;
use super::text_or_list::TextOrList;
use crate::Extra;
use crate::lenient::null_as_default;
use crate::open_enum::open_enum;

open_enum! {
    /// One item of a conversation.
    pub enum Item, implied by |object| if object.contains_key("role") { "message" } else { "" }, {
        /// Words of a user, a developer or the model.
        "message" => Message(Message),
        /// What the model thought, in summary, in full or encrypted.
        "reasoning" => Reasoning(Reasoning),
        /// The model calls a tool with JSON arguments.
        "function_call" => FunctionCall(FunctionCall),
        /// The answer to a [`FunctionCall`].
        "function_call_output" => FunctionCallOutput(ToolCallOutput),
        /// The model calls a tool with free text.
        "custom_tool_call" => CustomToolCall(CustomToolCall),
        /// The answer to a [`CustomToolCall`].
        "custom_tool_call_output" => CustomToolCallOutput(ToolCallOutput),
    }
}

impl Item {
    /// Makes a message of one text part, of the kind that belongs to `role`.
    pub fn text_message(role: Role, text: impl Into<String>) -> Self {
        let part = match role {
            Role::Assistant => ContentPart::output_text(text),
            _ => ContentPart::input_text(text),
        };
        Self::Message(Message {
            role,
            content: vec![part].into(),
            ..Message::default()
        })
    }
}

/// Words of a user, a developer or the model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The server's name for the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whose words they are.
    pub role: Role,
    /// The words.
    #[serde(default)]
    pub content: TextOrList<ContentPart>,
    /// How far the item has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Message {
    /// Returns everything a person would read in the message.
    pub fn text(&self) -> String {
        match &self.content {
            TextOrList::Text(text) => text.clone(),
            TextOrList::List(parts) => parts.iter().filter_map(ContentPart::text).collect(),
        }
    }
}

/// Whose words a message holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The model.
    Assistant,
    /// The program around the model.
    Developer,
    /// The program around the model, in the older word.
    System,
    /// The person.
    #[default]
    User,
    /// A role that llmx does not know.
    #[serde(untagged)]
    Other(String),
}

/// What the model thought.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reasoning {
    /// The server's name for the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The summary for people.
    #[serde(default, deserialize_with = "null_as_default")]
    pub summary: Vec<ContentPart>,
    /// The reasoning in full, where the server gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Vec<ContentPart>>,
    /// The reasoning for the server alone; it goes back unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted_content: Option<String>,
    /// How far the item has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A call of a tool that takes JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionCall {
    /// The server's name for the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name that the answer repeats.
    pub call_id: String,
    /// The tool.
    pub name: String,
    /// The group that the tool belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The arguments: JSON, or what the model took for it.
    #[serde(default)]
    pub arguments: String,
    /// How far the item has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A call of a tool that takes free text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CustomToolCall {
    /// The server's name for the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name that the answer repeats.
    pub call_id: String,
    /// The tool.
    pub name: String,
    /// The group that the tool belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The text.
    #[serde(default)]
    pub input: String,
    /// How far the item has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The answer to either kind of call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCallOutput {
    /// The server's name for the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The call that this answers; empty where a client forgot it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub call_id: String,
    /// What the tool returned.
    pub output: TextOrList<ContentPart>,
    /// How far the item has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
