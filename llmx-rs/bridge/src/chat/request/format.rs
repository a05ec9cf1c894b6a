//! The shape that the answer's text must have.

use serde_json::{Map, Value, json};

use crate::ClientFault;

/// Translates `text.format`; plain text needs no word.
pub(super) fn response_format(format: &Value) -> Result<Option<Value>, ClientFault> {
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(None),
        Some("json_object") => Ok(Some(json!({"type": "json_object"}))),
        Some("json_schema") => Ok(Some(json!({
            "type": "json_schema",
            "json_schema": schema(format),
        }))),
        kind => Err(ClientFault::unsupported(
            "text.format",
            format!("Chat has no format `{}`", kind.unwrap_or_default()),
        )),
    }
}

/// Responses keeps the schema beside `type`, Chat in an object of its own.
fn schema(format: &Value) -> Value {
    let mut schema: Map<String, Value> = format.as_object().cloned().unwrap_or_default();
    schema.shift_remove("type");
    schema
        .entry("name")
        .or_insert_with(|| "response".to_owned().into());
    schema.into()
}
