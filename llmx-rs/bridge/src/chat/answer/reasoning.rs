//! Finds the reasoning in a message, under the many names that servers give it.

use llmx_wire::chat::Message;
use serde_json::{Value, json};

use crate::Object;
use crate::stream::Thought;

/// A piece of reasoning, and how the upstream wants it back.
pub(super) struct Found {
    pub(super) kind: Thought,
    pub(super) text: String,
    /// The upstream's field.
    pub(super) field: &'static str,
    pub(super) data: Value,
}

/// Takes the reasoning out of a message.
///
/// Some servers send the same words under two names, so only the richest is read.
pub(super) fn of(message: &mut Message) -> Vec<Found> {
    let details = message.reasoning_details.take();
    if let Some(Value::Array(details)) = details
        && !details.is_empty()
    {
        return details.iter().map(detail).collect();
    }
    let content = message.reasoning_content.take();
    let (text, field) = match content.filter(|text| !text.is_empty()) {
        Some(text) => (text, "reasoning_content"),
        None => (spoken(message.reasoning.take()), "reasoning"),
    };
    if text.is_empty() {
        return Vec::new();
    }
    vec![Found {
        kind: Thought::Full,
        text,
        field,
        data: Value::Null,
    }]
}

/// Returns the words of a content part that holds reasoning, as Mistral sends them.
pub(super) fn part_text(part: &Object) -> Option<String> {
    match part.get("thinking")? {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(parts.iter().filter_map(words).collect()),
        _ => None,
    }
}

/// Reads one of `reasoning_details`.
fn detail(detail: &Value) -> Found {
    let summary = detail.get("summary").and_then(Value::as_str);
    let (kind, text) = match summary {
        Some(summary) => (Thought::Summary, summary.to_owned()),
        None => (Thought::Full, words(detail).unwrap_or_default().to_owned()),
    };
    Found {
        kind,
        text,
        field: "reasoning_details",
        data: json!([detail]),
    }
}

fn spoken(reasoning: Option<Value>) -> String {
    match reasoning {
        Some(Value::String(text)) => text,
        Some(Value::Object(object)) => ["text", "content"]
            .iter()
            .find_map(|name| object.get(*name)?.as_str())
            .unwrap_or_default()
            .to_owned(),
        _ => String::new(),
    }
}

fn words(value: &Value) -> Option<&str> {
    value.get("text")?.as_str()
}
