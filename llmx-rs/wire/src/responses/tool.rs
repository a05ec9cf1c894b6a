//! The tools that a request offers to the model.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Extra;
use crate::open_enum::open_enum;

open_enum! {
    /// One tool that the model may call; tools that the server runs stay unknown.
    pub enum Tool, implied by |_| "", {
        /// A tool that takes JSON.
        "function" => Function(FunctionTool),
        /// A tool that takes free text.
        "custom" => Custom(CustomTool),
    }
}

/// A tool that takes JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionTool {
    /// The name to call it by.
    pub name: String,
    /// What the model is told about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    #[serde(default)]
    pub parameters: Value,
    /// Whether the server holds the model to the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A tool that takes free text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CustomTool {
    /// The name to call it by.
    pub name: String,
    /// What the model is told about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The grammar of its input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
