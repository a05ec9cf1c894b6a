//! The response object: what a request without a stream returns, and what lifecycle events carry.

use std::sync::LazyLock;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Number, Value, json};

use super::item::Item;
use crate::json::Name;
use crate::lenient::null_as_default;
use crate::{Extra, Object};

/// What the model answered, as far as it has come.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Response {
    /// The server's name for the response; empty where it gave none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub id: String,
    /// How far it has come, or how it ended.
    pub status: Option<Status>,
    /// The model that answered.
    pub model: Option<String>,
    /// The answer.
    #[serde(default, deserialize_with = "null_as_default")]
    pub output: Vec<Item>,
    /// What it cost; absent until the end.
    pub usage: Option<Usage>,
    /// Why it failed.
    pub error: Option<ApiError>,
    /// Why it stopped early.
    pub incomplete_details: Option<IncompleteDetails>,
    /// When it was begun, in seconds since 1970.
    pub created_at: Option<Number>,
    /// The response that it continues.
    pub previous_response_id: Option<String>,
    /// Whether the server keeps it.
    pub store: Option<bool>,
    /// Whether all fields that the API documents are written, as it writes them for a request
    /// that says nothing of them. To hold them would cost more than the rest of a response.
    #[serde(skip)]
    pub is_complete: bool,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

// Written by hand because the documented fields keep their order, told or not.
impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields {
            map: serializer.serialize_map(None)?,
            is_complete: self.is_complete,
        };
        fields.map.serialize_entry(&Name("id"), &self.id)?;
        fields.entry("status", self.status.as_ref())?;
        fields.entry("model", self.model.as_ref())?;
        fields.map.serialize_entry(&Name("output"), &self.output)?;
        fields.entry("usage", self.usage.as_ref())?;
        fields.entry("error", self.error.as_ref())?;
        fields.entry("incomplete_details", self.incomplete_details.as_ref())?;
        fields.entry("created_at", self.created_at.as_ref())?;
        fields.entry("previous_response_id", self.previous_response_id.as_ref())?;
        fields.entry("store", self.store.as_ref())?;
        fields.others(&self.extra)?;
        fields.map.end()
    }
}

/// The fields of a response on their way out.
struct Fields<M> {
    map: M,
    is_complete: bool,
}

impl<M: SerializeMap> Fields<M> {
    /// Writes a field that the API documents.
    fn entry<T: Serialize>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
    ) -> Result<(), M::Error> {
        if value.is_none() && !self.is_complete {
            return Ok(());
        }
        self.map.serialize_entry(&Name(name), &value)
    }

    /// Writes the fields beyond the typed ones: those that the API documents, then the others.
    fn others(&mut self, extra: &Object) -> Result<(), M::Error> {
        let documented: &[_] = if self.is_complete { &*DOCUMENTED } else { &[] };
        for (name, silent) in documented {
            // There are few, and to compare them costs less than to hash the name.
            let told = extra.iter().find(|(told, _)| told == name);
            match told {
                Some((_, told)) => self.map.serialize_entry(&Name(name), told)?,
                None => self.map.serialize_entry(&Name(name), silent)?,
            }
        }
        let is_other = |name: &str| !documented.iter().any(|(known, _)| *known == name);
        for (name, value) in extra.iter().filter(|(name, _)| is_other(name)) {
            self.map.serialize_entry(name, value)?;
        }
        Ok(())
    }
}

/// The fields beyond the typed ones that the API documents, and what they are where a request says
/// nothing of them; `None` is null.
static DOCUMENTED: LazyLock<[Documented; 19]> = LazyLock::new(|| {
    // They are the same in every response, so they are written once.
    let written = |(name, silent): (_, Option<Value>)| {
        (name, silent.and_then(|silent| to_raw_value(&silent).ok()))
    };
    [
        ("object", Some(json!("response"))),
        ("background", Some(json!(false))),
        ("instructions", None),
        ("max_output_tokens", None),
        ("max_tool_calls", None),
        ("metadata", Some(json!({}))),
        ("parallel_tool_calls", Some(json!(true))),
        ("prompt_cache_key", None),
        ("reasoning", Some(json!({"effort": null, "summary": null}))),
        ("safety_identifier", None),
        ("service_tier", None),
        ("temperature", None),
        ("text", Some(json!({"format": {"type": "text"}}))),
        ("tool_choice", Some(json!("auto"))),
        ("tools", Some(json!([]))),
        ("top_logprobs", Some(json!(0))),
        ("top_p", None),
        ("truncation", Some(json!("disabled"))),
        ("user", None),
    ]
    .map(written)
});

/// A field's name, and its value as JSON.
type Documented = (&'static str, Option<Box<RawValue>>);

/// How far a response has come, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stopped on request.
    Cancelled,
    /// Ended as it should.
    Completed,
    /// Ended with an error.
    Failed,
    /// Under way.
    InProgress,
    /// Stopped early, for a reason in `incomplete_details`.
    Incomplete,
    /// Not begun.
    Queued,
    /// A status that llmx does not know.
    #[serde(untagged)]
    Other(String),
}

/// Why a response stopped early.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IncompleteDetails {
    /// `max_output_tokens`, `content_filter`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Why a response failed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApiError {
    /// The machine-readable reason; a string, though some servers send a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Value>,
    /// The sentence for people.
    #[serde(default, deserialize_with = "null_as_default")]
    pub message: String,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a response cost, in tokens. Cached and reasoning tokens are parts of the totals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The tokens of the request.
    #[serde(default, deserialize_with = "null_as_default")]
    pub input_tokens: u64,
    /// What they are made of.
    #[serde(default, deserialize_with = "null_as_default")]
    pub input_tokens_details: InputTokensDetails,
    /// The tokens of the answer.
    #[serde(default, deserialize_with = "null_as_default")]
    pub output_tokens: u64,
    /// What they are made of.
    #[serde(default, deserialize_with = "null_as_default")]
    pub output_tokens_details: OutputTokensDetails,
    /// Both together.
    #[serde(default, deserialize_with = "null_as_default")]
    pub total_tokens: u64,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the tokens of a request are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InputTokensDetails {
    /// Those that the server's cache had.
    #[serde(default, deserialize_with = "null_as_default")]
    pub cached_tokens: u64,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the tokens of an answer are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputTokensDetails {
    /// Those that the model spent on thinking.
    #[serde(default, deserialize_with = "null_as_default")]
    pub reasoning_tokens: u64,
    /// The other fields.
    #[serde(flatten)]
    pub extra: Extra,
}
