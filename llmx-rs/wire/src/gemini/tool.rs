//! The tools that a request offers to the model, and which of them it should call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Extra;
use crate::lenient::null_as_default;

/// A group of tools: functions of the client, or one tool that the server runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// The functions of the client.
    #[serde(
        alias = "function_declarations",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub function_declarations: Vec<FunctionDeclaration>,
    /// The tools that the server runs: `googleSearch`, `codeExecution`, `urlContext`, …
    #[serde(flatten)]
    pub extra: Extra,
}

/// A function of the client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionDeclaration {
    /// The name to call it by.
    pub name: String,
    /// What the model is told about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its arguments, in the server's own subset of OpenAPI schemas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Its arguments, as a JSON schema; excludes `parameters`.
    #[serde(
        alias = "parameters_json_schema",
        skip_serializing_if = "Option::is_none"
    )]
    pub parameters_json_schema: Option<Value>,
    /// The other fields: `response`, `behavior`, …
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the model may use the tools.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolConfig {
    /// How it may call functions.
    #[serde(
        alias = "function_calling_config",
        skip_serializing_if = "Option::is_none"
    )]
    pub function_calling_config: Option<FunctionCallingConfig>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the model may call functions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionCallingConfig {
    /// Whether it may, must or must not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The functions that it chooses from where it must; all of them if empty.
    #[serde(
        alias = "allowed_function_names",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub allowed_function_names: Vec<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether the model may, must or must not call functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// It must.
    Any,
    /// It may.
    Auto,
    /// It must not.
    None,
    /// It may, and the server holds it to the schemas.
    Validated,
    /// A mode that llmx does not know.
    #[serde(untagged)]
    Unknown(String),
}
