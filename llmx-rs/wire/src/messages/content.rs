//! The blocks that a message, a system prompt or a tool's result is made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Extra;
use crate::open_enum::open_enum;
use crate::responses::TextOrList;

open_enum! {
    /// One block of content; the blocks of tools that the server runs stay unknown.
    pub enum ContentBlock, implied by |_| "", {
        /// Words.
        "text" => Text(Text),
        /// A picture.
        "image" => Image(Image),
        /// A document: PDF, plain text, or blocks of content.
        "document" => Document(Document),
        /// The model calls a tool of the client.
        "tool_use" => ToolUse(ToolUse),
        /// The answer to a [`ToolUse`].
        "tool_result" => ToolResult(ToolResult),
        /// What the model thought; it goes back unchanged.
        "thinking" => Thinking(Thinking),
        /// What the model thought, for the server alone; it goes back unchanged.
        "redacted_thinking" => RedactedThinking(RedactedThinking),
    }
}

impl ContentBlock {
    /// Makes a block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text {
            text: text.into(),
            ..Text::default()
        })
    }

    /// Returns where a cache breakpoint goes in this block, if the block may carry one.
    pub fn cache_control_mut(&mut self) -> Option<&mut Option<CacheControl>> {
        match self {
            Self::Text(block) => Some(&mut block.cache_control),
            Self::Image(block) => Some(&mut block.cache_control),
            Self::Document(block) => Some(&mut block.cache_control),
            Self::ToolUse(block) => Some(&mut block.cache_control),
            Self::ToolResult(block) => Some(&mut block.cache_control),
            Self::Thinking(_) | Self::RedactedThinking(_) | Self::Unknown(_) => None,
        }
    }
}

/// Asks the server to cache everything up to and including what carries this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CacheControl {
    /// The kind of cache; `ephemeral` is the only one so far.
    #[serde(rename = "type")]
    pub kind: String,
    /// How long to keep it: `5m` or `1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Default for CacheControl {
    fn default() -> Self {
        Self {
            kind: "ephemeral".to_owned(),
            ttl: None,
            extra: Extra::new(),
        }
    }
}

/// Words; citations stay in `extra`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The words; a message may not hold empty ones.
    pub text: String,
    /// Whether a cached prefix ends here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<CacheControl>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Where it is.
    pub source: Source,
    /// Whether a cached prefix ends here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<CacheControl>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Where it is.
    pub source: Source,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether a cached prefix ends here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<CacheControl>,
    /// The other fields: `context`, `citations`, …
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// Where the bytes of a picture or a document are.
    pub enum Source, implied by |_| "", {
        /// In the request, in base 64.
        "base64" => Base64(SourceBase64),
        /// On the web.
        "url" => Url(SourceUrl),
        /// With the server, uploaded before.
        "file" => File(SourceFile),
        /// In the request, as plain text.
        "text" => Text(SourceText),
        /// In the request, as blocks of content.
        "content" => Content(SourceContent),
    }
}

/// Bytes in base 64.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceBase64 {
    /// What the bytes are, for example `image/png`.
    pub media_type: String,
    /// The bytes.
    pub data: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Bytes on the web.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceUrl {
    /// Where.
    pub url: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Bytes that were uploaded before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceFile {
    /// The server's name for them.
    pub file_id: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Plain text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceText {
    /// `text/plain`.
    pub media_type: String,
    /// The text.
    pub data: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Blocks of content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceContent {
    /// The blocks, or a text.
    pub content: TextOrList<ContentBlock>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A call of a tool that the client runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolUse {
    /// The name that the answer repeats.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments, an object; while a stream is under way, an empty placeholder.
    #[serde(default)]
    pub input: Value,
    /// Whether a cached prefix ends here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<CacheControl>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The answer to a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call that this answers.
    pub tool_use_id: String,
    /// What the tool returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<TextOrList<ContentBlock>>,
    /// Whether the tool failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// Whether a cached prefix ends here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<CacheControl>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the model thought, signed by the server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Thinking {
    /// The thought, or a summary of it; empty where the server keeps it to itself.
    #[serde(default)]
    pub thinking: String,
    /// The server's proof that it is its own; some servers give none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the model thought, encrypted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RedactedThinking {
    /// The thought, for the server alone.
    pub data: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
