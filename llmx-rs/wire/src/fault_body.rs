//! What a provider said about a failure, whatever shape it said it in.

use serde_json::Value;

use crate::Object;

/// The parts of an error body that people and programs act on.
///
/// Servers use at least six shapes: `{"error":{"message"}}`, `{"error":"text"}`, `{"detail":…}`,
/// `{"message":…}`, an array of one of these, and plain text or HTML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultBody {
    /// The server's own sentence; an excerpt of the body where it has no such field.
    pub message: String,
    /// The machine-readable reason, for example `context_length_exceeded`.
    pub code: Option<String>,
    /// The class of the error, for example `invalid_request_error`.
    pub kind: Option<String>,
}

impl FaultBody {
    /// Reads the body of a failed response.
    pub fn parse(body: &[u8]) -> Self {
        serde_json::from_slice::<Value>(body)
            .ok()
            .and_then(|value| Self::from_value(&value))
            .unwrap_or_else(|| Self {
                message: excerpt(&String::from_utf8_lossy(body)),
                ..Self::default()
            })
    }

    /// Reads an error that was found inside another value, such as a stream event.
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self {
                message: excerpt(text),
                ..Self::default()
            }),
            Value::Array(values) => values.iter().find_map(Self::from_value),
            Value::Object(object) => Self::from_object(object),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    /// Reads an error that is an object, or one of whose fields is.
    pub fn from_object(object: &Object) -> Option<Self> {
        if let Some(inner) = object.get("error").filter(|inner| !inner.is_null()) {
            return Self::from_value(inner);
        }
        let message = ["message", "detail", "msg"]
            .iter()
            .find_map(|name| object.get(*name))
            .filter(|message| !message.is_null())?;
        Some(Self {
            message: excerpt(&scalar(message).unwrap_or_else(|| message.to_string())),
            code: object.get("code").and_then(scalar),
            kind: object.get("type").and_then(scalar),
        })
    }
}

/// Cuts `text` to a length that fits a terminal and drops the noise around it.
fn excerpt(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Long enough for every real message, short enough for an HTML page not to fill the screen.
const MAX_MESSAGE_CHARS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_found_in_every_known_shape() {
        for body in [
            r#"{"error":{"message":"no","type":"t","code":7}}"#,
            r#"{"error":"no"}"#,
            r#"{"detail":"no"}"#,
            r#"{"message":"no","error":null}"#,
            r#"[{"error":{"message":"no"}}]"#,
            r#""no""#,
            " no\n",
        ] {
            assert_eq!(FaultBody::parse(body.as_bytes()).message, "no", "{body}");
        }
    }

    #[test]
    fn code_and_kind_are_kept() {
        let fault = FaultBody::parse(br#"{"error":{"message":"no","type":"t","code":7}}"#);
        assert_eq!(fault.code.as_deref(), Some("7"));
        assert_eq!(fault.kind.as_deref(), Some("t"));
    }

    #[test]
    fn a_detail_that_is_an_object_is_shown_as_it_is() {
        let fault = FaultBody::parse(br#"{"detail":[{"loc":["model"]}]}"#);
        assert_eq!(fault.message, r#"[{"loc":["model"]}]"#);
    }

    #[test]
    fn a_page_is_cut() {
        let fault = FaultBody::parse("é".repeat(10_000).as_bytes());
        assert_eq!(fault.message.chars().count(), MAX_MESSAGE_CHARS + 1);
    }
}
