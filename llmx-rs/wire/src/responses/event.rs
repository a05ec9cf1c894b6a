//! The events of a streamed response.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::ContentPart;
use super::item::Item;
use super::response::{Response, Status};
use crate::lenient::{maybe_count, null_as_default};
use crate::open_enum::open_enum;
use crate::{Extra, FaultBody, Object};

open_enum! {
    /// One event of a streamed response.
    pub enum StreamEvent, implied by |_| "", {
        /// The response exists.
        "response.created" => Created(Box<ResponseEvent>),
        /// The response waits for its turn.
        "response.queued" => Queued(Box<ResponseEvent>),
        /// The model is at work.
        "response.in_progress" => InProgress(Box<ResponseEvent>),
        /// The response ended as it should.
        "response.completed" => Completed(Box<ResponseEvent>),
        /// The response ended with an error.
        "response.failed" => Failed(Box<ResponseEvent>),
        /// The response stopped early.
        "response.incomplete" => Incomplete(Box<ResponseEvent>),
        /// An item begins.
        "response.output_item.added" => OutputItemAdded(Box<ItemEvent>),
        /// An item is whole.
        "response.output_item.done" => OutputItemDone(Box<ItemEvent>),
        /// A part of a message begins.
        "response.content_part.added" => ContentPartAdded(Box<PartEvent>),
        /// A part of a message is whole.
        "response.content_part.done" => ContentPartDone(Box<PartEvent>),
        /// More text.
        "response.output_text.delta" => OutputTextDelta(Box<Delta>),
        /// The text is whole.
        "response.output_text.done" => OutputTextDone(Box<TextDone>),
        /// A citation or another remark on the text.
        "response.output_text.annotation.added" => AnnotationAdded(Box<AnnotationAdded>),
        /// More of a refusal.
        "response.refusal.delta" => RefusalDelta(Box<Delta>),
        /// The refusal is whole.
        "response.refusal.done" => RefusalDone(Box<RefusalDone>),
        /// More arguments of a function call.
        "response.function_call_arguments.delta" => ArgumentsDelta(Box<Delta>),
        /// The arguments are whole.
        "response.function_call_arguments.done" => ArgumentsDone(Box<ArgumentsDone>),
        /// More input of a custom tool call.
        "response.custom_tool_call_input.delta" => InputDelta(Box<Delta>),
        /// The input is whole.
        "response.custom_tool_call_input.done" => InputDone(Box<InputDone>),
        /// A part of a reasoning summary begins.
        "response.reasoning_summary_part.added" => SummaryPartAdded(Box<SummaryPartEvent>),
        /// A part of a reasoning summary is whole.
        "response.reasoning_summary_part.done" => SummaryPartDone(Box<SummaryPartEvent>),
        /// More of a reasoning summary.
        "response.reasoning_summary_text.delta" => SummaryTextDelta(Box<Delta>),
        /// The summary's text is whole.
        "response.reasoning_summary_text.done" => SummaryTextDone(Box<TextDone>),
        /// More reasoning.
        "response.reasoning_text.delta" => ReasoningTextDelta(Box<Delta>),
        /// The reasoning is whole.
        "response.reasoning_text.done" => ReasoningTextDone(Box<TextDone>),
        /// The server gave up, outside any response.
        "error" => Error(Box<ErrorEvent>),
    }
}

impl StreamEvent {
    /// Reads the `data` of a server-sent event called `name`.
    ///
    /// The name only matters where the data has no `type` of its own, as some servers leave it.
    pub fn parse(name: Option<&str>, data: &str) -> Result<Self, serde_json::Error> {
        let mut object: Object = serde_json::from_str(data)?;
        if let Some(name) = name
            && !object.contains_key("type")
        {
            object.insert("type".to_owned(), name.into());
        }
        Self::from_object(object)
    }

    /// Makes the event that ends a stream with `response`.
    pub fn of(response: Response) -> Self {
        let wrap = match response.status {
            Some(Status::Failed | Status::Cancelled) => Self::Failed,
            Some(Status::Incomplete) => Self::Incomplete,
            _ => Self::Completed,
        };
        wrap(Box::new(ResponseEvent {
            response,
            ..ResponseEvent::default()
        }))
    }

    /// Returns the response as the event tells it, for those events that do.
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Created(event)
            | Self::Queued(event)
            | Self::InProgress(event)
            | Self::Completed(event)
            | Self::Incomplete(event)
            | Self::Failed(event) => Some(&event.response),
            _ => None,
        }
    }

    /// Returns whether nothing may follow this event.
    pub fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::Completed(_) | Self::Failed(_) | Self::Incomplete(_) | Self::Error(_)
        )
    }
}

/// An event about the response as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResponseEvent {
    /// The response at this point.
    pub response: Response,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An event about one item of the output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemEvent {
    /// The item's place in the output.
    #[serde(default)]
    pub output_index: u64,
    /// The item at this point.
    pub item: Item,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An event about one part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartEvent {
    /// The item that the part belongs to.
    #[serde(default)]
    pub item_id: String,
    /// The item's place in the output.
    #[serde(default)]
    pub output_index: u64,
    /// The part's place in the item.
    #[serde(default)]
    pub content_index: u64,
    /// The part at this point.
    pub part: ContentPart,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// More of some text. An answer has thousands, so what each holds is named here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// The item that the text belongs to.
    #[serde(default)]
    pub item_id: String,
    /// The item's place in the output.
    #[serde(default)]
    pub output_index: u64,
    /// The text to append.
    pub delta: String,
    /// The place in the item of the part that the text belongs to.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub content_index: Option<u64>,
    /// The place in the summary of the part that the text belongs to.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub summary_index: Option<u64>,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The likelihood of the tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The whole of what deltas built up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TextDone {
    /// The item that the text belongs to.
    #[serde(default)]
    pub item_id: String,
    /// The item's place in the output.
    #[serde(default)]
    pub output_index: u64,
    /// The text.
    pub text: String,
    /// The place in the item of the part that the text belongs to.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub content_index: Option<u64>,
    /// The place in the summary of the part that the text belongs to.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub summary_index: Option<u64>,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The likelihood of the tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Value>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The whole of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RefusalDone {
    /// The item that the refusal belongs to.
    #[serde(default)]
    pub item_id: String,
    /// The item's place in the output.
    #[serde(default)]
    pub output_index: u64,
    /// The model's words.
    pub refusal: String,
    /// The place in the item of the part that the text belongs to.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub content_index: Option<u64>,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The whole arguments of a function call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ArgumentsDone {
    /// The call.
    #[serde(default)]
    pub item_id: String,
    /// The call's place in the output.
    #[serde(default)]
    pub output_index: u64,
    /// The arguments.
    pub arguments: String,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The whole input of a custom tool call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputDone {
    /// The call.
    #[serde(default)]
    pub item_id: String,
    /// The call's place in the output.
    #[serde(default)]
    pub output_index: u64,
    /// The input.
    pub input: String,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An event about one part of a reasoning summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SummaryPartEvent {
    /// The reasoning item.
    #[serde(default)]
    pub item_id: String,
    /// The item's place in the output.
    #[serde(default)]
    pub output_index: u64,
    /// The part's place in the summary.
    #[serde(default)]
    pub summary_index: u64,
    /// The part at this point.
    pub part: ContentPart,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A remark on the text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AnnotationAdded {
    /// The message.
    #[serde(default)]
    pub item_id: String,
    /// The message's place in the output.
    #[serde(default)]
    pub output_index: u64,
    /// The remark.
    #[serde(default)]
    pub annotation: Value,
    /// The place in the item of the part that the text belongs to.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub content_index: Option<u64>,
    /// The place of the remark among those on the part.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub annotation_index: Option<u64>,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An error outside any response; some servers nest it in `error`, which then stays in `extra`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorEvent {
    /// The machine-readable reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Value>,
    /// The sentence for people.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub message: String,
    /// The event's place in the stream.
    #[serde(
        default,
        deserialize_with = "maybe_count",
        skip_serializing_if = "Option::is_none"
    )]
    pub sequence_number: Option<u64>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ErrorEvent {
    /// Returns what the server said, nested or not.
    pub fn fault(&self) -> FaultBody {
        let nested = self.extra.get("error").and_then(FaultBody::from_value);
        nested.unwrap_or_else(|| FaultBody {
            message: self.message.clone(),
            code: self.code.as_ref().and_then(code_text),
            kind: None,
        })
    }
}

fn code_text(code: &Value) -> Option<String> {
    match code {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}
