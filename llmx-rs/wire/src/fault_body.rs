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
        let Some(message) = first(object, MESSAGE_NAMES) else {
            let nested = first(object, NESTED_NAMES)?;
            return Self::from_value(nested);
        };
        let message = scalar(message).unwrap_or_else(|| message.to_string());
        let message = match cause(object) {
            Some(cause) if !message.contains(&cause) => format!("{message}: {cause}"),
            _ => message,
        };
        Some(Self {
            message: excerpt(&message),
            code: first(object, CODE_NAMES).and_then(scalar),
            kind: object.get("type").and_then(scalar),
        })
    }
}

/// Returns the first of the named fields that is there and not null.
fn first<'a>(object: &'a Object, names: &[&str]) -> Option<&'a Value> {
    let mut found = names.iter().filter_map(|name| object.get(*name));
    found.find(|value| !value.is_null())
}

/// Returns what the provider behind a gateway said: OpenRouter's own sentence is that there was
/// an error.
fn cause(object: &Object) -> Option<String> {
    let raw = object.get("metadata")?.get("raw")?.as_str()?;
    let said = FaultBody::parse(raw.as_bytes()).message;
    (!said.is_empty()).then_some(said)
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

const MESSAGE_NAMES: &[&str] = &["message", "detail", "msg", "error_msg", "status_msg"];
const CODE_NAMES: &[&str] = &["code", "error_code", "status_code"];
/// What an error may be wrapped in, beside `error`.
const NESTED_NAMES: &[&str] = &["errors", "base_resp"];

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
            r#"{"error_code":1,"error_msg":"no"}"#,
            r#"{"success":false,"errors":[{"code":1,"message":"no"}]}"#,
            r#"{"base_resp":{"status_code":1008,"status_msg":"no"}}"#,
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
    fn a_gateway_does_not_hide_what_the_provider_said() {
        for (raw, message) in [
            (
                r#"{\"error\":{\"message\":\"too long\"}}"#,
                "failed: too long",
            ),
            ("busy", "failed: busy"),
            ("", "failed"),
        ] {
            let body =
                format!(r#"{{"error":{{"message":"failed","metadata":{{"raw":"{raw}"}}}}}}"#);
            assert_eq!(FaultBody::parse(body.as_bytes()).message, message);
        }
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
