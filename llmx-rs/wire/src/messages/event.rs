//! The events of a streamed answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::ContentBlock;
use super::response::{ApiError, Response, StopReason, Usage};
use crate::lenient::{count, maybe_object, null_as_default};
use crate::open_enum::open_enum;
use crate::{Extra, FaultBody, Object};

open_enum! {
    /// One event of a streamed answer.
    pub enum StreamEvent, implied by |_| "", {
        /// The answer begins.
        "message_start" => MessageStart(Box<MessageStart>),
        /// A block begins.
        "content_block_start" => BlockStart(Box<BlockStart>),
        /// A block grows.
        "content_block_delta" => BlockDelta(Box<BlockDelta>),
        /// A block is whole.
        "content_block_stop" => BlockStop(BlockStop),
        /// The answer is about to end: why, and what it cost.
        "message_delta" => MessageDelta(Box<MessageDelta>),
        /// The answer ended.
        "message_stop" => MessageStop(Plain),
        /// The server is still there.
        "ping" => Ping(Plain),
        /// The server gave up.
        "error" => Error(Box<ErrorEvent>),
    }
}

impl StreamEvent {
    /// Reads the `data` of a server-sent event called `name`.
    ///
    /// The name only matters where the data has no `type` of its own. Data that is an error and
    /// says so by nothing but an `error` field is an error event too.
    pub fn parse(name: Option<&str>, data: &str) -> Result<Self, serde_json::Error> {
        let mut object: Object = serde_json::from_str(data)?;
        if !object.contains_key("type") {
            let kind = match name {
                _ if object.contains_key("error") => "error",
                Some(name) => name,
                None => "",
            };
            if !kind.is_empty() {
                object.insert("type".to_owned(), kind.into());
            }
        }
        Self::from_object(object)
    }

    /// Returns whether nothing may follow this event.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::MessageStop(_) | Self::Error(_))
    }
}

/// The answer at its beginning, without content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageStart {
    /// The answer.
    pub message: Response,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A block at its beginning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockStart {
    /// The block's place in the answer.
    #[serde(default, deserialize_with = "count")]
    pub index: u64,
    /// The block, still empty as a rule.
    pub content_block: ContentBlock,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How a block grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockDelta {
    /// The block's place in the answer.
    #[serde(default, deserialize_with = "count")]
    pub index: u64,
    /// What to append.
    pub delta: Delta,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A block is whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockStop {
    /// The block's place in the answer.
    #[serde(default, deserialize_with = "count")]
    pub index: u64,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// What to append to a block.
    pub enum Delta, implied by |_| "", {
        /// More words.
        "text_delta" => Text(TextDelta),
        /// More of a call's arguments.
        "input_json_delta" => InputJson(InputJsonDelta),
        /// More of a thought.
        "thinking_delta" => Thinking(ThinkingDelta),
        /// A thought's signature.
        "signature_delta" => Signature(SignatureDelta),
        /// A remark on the words so far.
        "citations_delta" => Citations(CitationsDelta),
    }
}

/// More words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TextDelta {
    /// The words.
    #[serde(default, deserialize_with = "null_as_default")]
    pub text: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// More of a call's arguments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputJsonDelta {
    /// A piece of JSON, cut anywhere.
    #[serde(default, deserialize_with = "null_as_default")]
    pub partial_json: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// More of a thought.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ThinkingDelta {
    /// The words.
    #[serde(default, deserialize_with = "null_as_default")]
    pub thinking: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A thought's signature.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SignatureDelta {
    /// The signature.
    #[serde(default, deserialize_with = "null_as_default")]
    pub signature: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A remark on the words so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CitationsDelta {
    /// The remark.
    pub citation: Value,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Why the answer ends, and what it cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageDelta {
    /// What changes in the answer.
    pub delta: MessageChange,
    /// What it cost so far; counters that are absent have not changed.
    #[serde(
        default,
        deserialize_with = "maybe_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub usage: Option<Usage>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What changes in an answer at its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageChange {
    /// Why it ended.
    #[serde(default)]
    pub stop_reason: Option<StopReason>,
    /// The text that ended it, if one of the client's did.
    #[serde(default)]
    pub stop_sequence: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An event that says no more than its type.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plain {
    /// The fields it has nevertheless.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The server gave up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorEvent {
    /// What went wrong: an object, though some servers send a text.
    #[serde(default, deserialize_with = "null_as_default")]
    pub error: Value,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ErrorEvent {
    /// Returns what the server said.
    pub fn fault(&self) -> FaultBody {
        FaultBody::from_value(&self.error)
            .or_else(|| FaultBody::from_object(&self.extra))
            .unwrap_or_default()
    }
}

impl From<ApiError> for ErrorEvent {
    fn from(error: ApiError) -> Self {
        let mut object = error.extra;
        object.insert("type".to_owned(), error.kind.into());
        object.insert("message".to_owned(), error.message.into());
        Self {
            error: object.into(),
            extra: Extra::new(),
        }
    }
}
