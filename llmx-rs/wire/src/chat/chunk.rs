//! One event of a streamed answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::message::Message;
use super::response::{Choice, Response};
use super::usage::Usage;
use crate::lenient::{
    count, maybe_count, maybe_object, maybe_text, mostly_one, null_as_default, text,
};
use crate::{Extra, FaultBody};

/// One event of a streamed answer, or what a server sends in its place.
///
/// A whole answer reads as a chunk too, because some servers answer a request for a stream with
/// one; so does an error, because many send it inside a stream that began well.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// The server's name for the answer; empty where it gave none.
    #[serde(default, deserialize_with = "text")]
    pub id: String,
    /// `chat.completion.chunk`.
    #[serde(default, deserialize_with = "text")]
    pub object: String,
    /// When the answer was begun, in seconds since 1970.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub created: Option<u64>,
    /// The model that answers.
    #[serde(default, deserialize_with = "text")]
    pub model: String,
    /// What is new, per answer; empty in a chunk that only tells the cost.
    #[serde(default, deserialize_with = "mostly_one")]
    pub choices: Vec<ChunkChoice>,
    /// What it cost so far; most servers say so once, at the end.
    #[serde(
        default,
        deserialize_with = "maybe_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub usage: Option<Usage>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is new of one answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChunkChoice {
    /// The answer's place among the answers.
    #[serde(default, deserialize_with = "count")]
    pub index: u64,
    /// What is new.
    #[serde(default, deserialize_with = "null_as_default")]
    pub delta: Message,
    /// The whole answer, where the server did not stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<Message>>,
    /// Why the answer ends here.
    #[serde(default, deserialize_with = "maybe_text")]
    pub finish_reason: Option<String>,
    /// The likelihood of the new tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Chunk {
    /// Returns what the server says went wrong, if this is an error in a chunk's place.
    pub fn fault(&self) -> Option<FaultBody> {
        if let Some(error) = self.error.as_ref().filter(|error| says_something(error)) {
            return Some(FaultBody::from_value(error).unwrap_or_else(|| FaultBody {
                message: error.to_string(),
                ..FaultBody::default()
            }));
        }
        let failed = self.extra.get("base_resp").is_some_and(says_failure);
        if failed {
            return FaultBody::from_object(&self.extra);
        }
        if !self.choices.is_empty() || self.usage.is_some() || !self.id.is_empty() {
            return None;
        }
        FaultBody::from_object(&self.extra)
    }
}

/// Returns whether an `error` is one: some servers always write the field and leave it empty.
fn says_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(says_something),
        Value::Object(object) => object.values().any(says_something),
    }
}

/// Returns whether the status that MiniMax puts into every chunk is one of a failure.
fn says_failure(status: &Value) -> bool {
    status.get("status_code").is_some_and(says_something)
}

impl From<Response> for Chunk {
    fn from(response: Response) -> Self {
        let mut extra = response.extra;
        let error = extra.shift_remove("error").filter(|error| !error.is_null());
        Self {
            id: response.id,
            object: response.object,
            created: response.created,
            model: response.model,
            choices: response.choices.into_iter().map(Into::into).collect(),
            usage: response.usage,
            error,
            extra,
        }
    }
}

impl From<Choice> for ChunkChoice {
    fn from(choice: Choice) -> Self {
        Self {
            index: choice.index,
            delta: Message::default(),
            message: Some(Box::new(choice.message)),
            finish_reason: choice.finish_reason,
            logprobs: choice.logprobs,
            extra: choice.extra,
        }
    }
}
