//! The response object: what a request without a stream returns, and what lifecycle events carry.

use std::sync::LazyLock;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::item::Item;
use crate::Extra;
use crate::lenient::null_as_default;

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
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        entry(&mut map, "status", self.status.as_ref())?;
        entry(&mut map, "model", self.model.as_ref())?;
        map.serialize_entry("output", &self.output)?;
        entry(&mut map, "usage", self.usage.as_ref())?;
        entry(&mut map, "error", self.error.as_ref())?;
        entry(
            &mut map,
            "incomplete_details",
            self.incomplete_details.as_ref(),
        )?;
        if self.is_complete {
            self.write_documented(&mut map)?;
        } else {
            for (name, value) in &self.extra {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

impl Response {
    /// Writes all documented fields that are not written yet, then the others.
    fn write_documented<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let documented = &*DOCUMENTED;
        let mut told = [None; DOCUMENTED_FIELDS];
        let mut others = Vec::new();
        for (name, value) in &self.extra {
            // There are few, and to compare them costs less than to hash the name.
            let place = documented.iter().position(|(known, _)| known == name);
            match place.and_then(|place| told.get_mut(place)) {
                Some(slot) => *slot = Some(value),
                None => others.push((name, value)),
            }
        }
        for ((name, silent), told) in documented.iter().zip(told) {
            let is_written = match *name {
                "usage" => self.usage.is_some(),
                "error" => self.error.is_some(),
                "incomplete_details" => self.incomplete_details.is_some(),
                _ => false,
            };
            match told {
                _ if is_written => {}
                Some(told) => map.serialize_entry(name, told)?,
                None => map.serialize_entry(name, silent)?,
            }
        }
        for (name, value) in others {
            map.serialize_entry(name, value)?;
        }
        Ok(())
    }
}

fn entry<M: SerializeMap, T: Serialize>(
    map: &mut M,
    name: &str,
    value: Option<&T>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, value))
}

/// The fields beyond the typed ones that the API documents, and what they are where a request says
/// nothing of them.
static DOCUMENTED: LazyLock<[(&str, Box<RawValue>); DOCUMENTED_FIELDS]> = LazyLock::new(|| {
    // They are the same in every response, so they are written once.
    let written = |(name, value): (_, Value)| {
        let written = serde_json::value::to_raw_value(&value);
        (name, written.unwrap_or_default())
    };
    [
        ("object", json!("response")),
        ("created_at", json!(0)),
        ("error", Value::Null),
        ("incomplete_details", Value::Null),
        ("usage", Value::Null),
        ("background", json!(false)),
        ("instructions", Value::Null),
        ("max_output_tokens", Value::Null),
        ("max_tool_calls", Value::Null),
        ("metadata", json!({})),
        ("parallel_tool_calls", json!(true)),
        ("previous_response_id", Value::Null),
        ("prompt_cache_key", Value::Null),
        ("reasoning", json!({"effort": null, "summary": null})),
        ("safety_identifier", Value::Null),
        ("service_tier", Value::Null),
        ("store", json!(false)),
        ("temperature", Value::Null),
        ("text", json!({"format": {"type": "text"}})),
        ("tool_choice", json!("auto")),
        ("tools", json!([])),
        ("top_logprobs", json!(0)),
        ("top_p", Value::Null),
        ("truncation", json!("disabled")),
        ("user", Value::Null),
    ]
    .map(written)
});

const DOCUMENTED_FIELDS: usize = 25;

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
