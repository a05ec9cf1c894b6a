//! The tools that a request offers to the model, and which of them it should call.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::content::CacheControl;
use crate::open_enum::{kind_of, open_enum, payload};
use crate::{Extra, Object};

/// One tool that the model may call.
///
/// A tool of the client has the type `custom` or, as most clients write it, none at all. It is
/// written back as it came, which is why this is not an open enum of the usual kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Tool {
    /// A tool that the client runs.
    Client(Box<ClientTool>),
    /// A tool that the server runs, or that llmx does not know: the whole object as it came.
    Unknown(Object),
}

impl Serialize for Tool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Client(tool) => tool.serialize(serializer),
            Self::Unknown(object) => object.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Tool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Object::deserialize(deserializer)?;
        match kind_of(&object) {
            "" | "custom" => payload("tool", object)
                .map(Self::Client)
                .map_err(D::Error::custom),
            _ => Ok(Self::Unknown(object)),
        }
    }
}

/// A tool that the client runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientTool {
    /// `custom`, where the client says so.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name to call it by.
    pub name: String,
    /// What the model is told about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    #[serde(default)]
    pub input_schema: Value,
    /// Whether the server holds the model to the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// Whether a cached prefix ends here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<CacheControl>,
    /// The other fields: `defer_loading`, `allowed_callers`, `input_examples`, …
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// Which tool the model should call.
    pub enum ToolChoice, implied by |_| "", {
        /// Any or none, as it sees fit.
        "auto" => Auto(ToolChoiceOptions),
        /// At least one.
        "any" => Any(ToolChoiceOptions),
        /// This one.
        "tool" => Tool(NamedToolChoice),
        /// None.
        "none" => None(ToolChoiceOptions),
    }
}

/// How the model may call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolChoiceOptions {
    /// Whether one answer may hold one call only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_parallel_tool_use: Option<bool>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The one tool to call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NamedToolChoice {
    /// Its name.
    pub name: String,
    /// Whether one answer may hold one call only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_parallel_tool_use: Option<bool>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
