//! The tools that a request offers to the model.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Extra;
use crate::open_enum::open_enum;

open_enum! {
    /// One tool that the model may call.
    pub enum Tool, implied by |_| "", {
        /// A tool that takes JSON.
        "function" => Function(FunctionTool),
        /// A tool that takes free text; few servers know it.
        "custom" => Custom(CustomTool),
    }
}

/// A tool that takes JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionTool {
    /// The function.
    pub function: Function,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the model is told about a function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// The name to call it by.
    pub name: String,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
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
    /// `{name, description, format}`.
    pub custom: Value,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
