//! The JSON schema that the last answer of a turn must match: how it is told to a provider and to the
//! model, and what is wrong with an answer that does not match it.

use std::fmt;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

/// A schema that answers can be checked against.
pub struct OutputSchema {
    schema: Value,
    validator: Validator,
}

/// Text that is no usable JSON schema; the user's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSchema {
    /// It is no JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It is JSON that providers do not take for a schema.
    #[error("a schema is a JSON object, and this is {0}")]
    NotAnObject(&'static str),
    /// It is no schema.
    #[error("it is not a valid JSON schema: at {path}: {reason}")]
    Invalid {
        /// Where in the schema.
        path: String,
        /// What is wrong there.
        reason: String,
    },
}

impl OutputSchema {
    /// Reads a schema. What it refers to must be in it: nothing is fetched.
    pub fn parse(text: &str) -> Result<Self, BadSchema> {
        let text = text.trim_start_matches('\u{feff}');
        let schema: Value =
            serde_json::from_str(text).map_err(|error| BadSchema::NotJson(error.to_string()))?;
        if !schema.is_object() {
            return Err(BadSchema::NotAnObject(kind(&schema)));
        }
        let validator = jsonschema::options().offline().build(&schema);
        let validator = validator.map_err(|error| BadSchema::Invalid {
            path: place(&error),
            reason: short(&reason(&error)),
        })?;
        Ok(Self { schema, validator })
    }

    /// Returns what is wrong with `answer`; nothing if it matches.
    pub(crate) fn faults(&self, answer: &str) -> Vec<String> {
        let value: Value = match serde_json::from_str(answer) {
            Ok(value) => value,
            Err(error) => return vec![not_json(answer, &error)],
        };
        let mut errors = self.validator.iter_errors(&value);
        let told = errors.by_ref().take(MOST_FAULTS);
        let mut faults: Vec<String> = told
            .map(|error| format!("at {}: {}", place(&error), short(&reason(&error))))
            .collect();
        let more = errors.count();
        if more > 0 {
            faults.push(format!("and {more} more"));
        }
        faults
    }

    /// Returns the format that a provider is asked for.
    pub(crate) fn format(&self) -> Value {
        json!({
            "type": "json_schema",
            "name": "final_answer",
            "strict": is_strict(&self.schema),
            "schema": self.schema,
        })
    }

    /// Returns what the model is told, since not every provider can hold it to a format.
    pub(crate) fn instruction(&self) -> String {
        format!(
            "# The form of your last message\n\nA program reads your last message, the one that \
             calls no tool. It must be one JSON value that matches this JSON schema, with no words \
             around it and no code fence:\n\n{}",
            self.schema
        )
    }
}

impl fmt::Debug for OutputSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OutputSchema").field(&self.schema).finish()
    }
}

fn not_json(answer: &str, error: &serde_json::Error) -> String {
    if answer.trim().is_empty() {
        "it is empty".to_owned()
    } else if answer.trim_start().starts_with("```") {
        "it is not JSON, since it begins with a code fence".to_owned()
    } else {
        format!("it is not JSON: {error}")
    }
}

fn place(error: &ValidationError<'_>) -> String {
    match error.instance_path().as_str() {
        "" => "the top".to_owned(),
        path => format!("`{path}`"),
    }
}

/// Says what is wrong, without the value: it stands in the answer, and may be long. Of alternatives it
/// says what each asks for, since that none fits is no help.
fn reason(error: &ValidationError<'_>) -> String {
    let told = error.masked().to_string();
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) =
        error.kind()
    else {
        return told;
    };
    let asked: Vec<_> = context
        .iter()
        .filter_map(|alternative| alternative.first())
        .take(MOST_ALTERNATIVES)
        .map(|inner| {
            if inner.instance_path() == error.instance_path() {
                inner.masked().to_string()
            } else {
                format!("at {} {}", place(inner), inner.masked())
            }
        })
        .collect();
    if asked.is_empty() {
        return told;
    }
    format!("none of the alternatives fits: {}", asked.join("; or "))
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Returns whether OpenAI's strict mode takes the schema: every object names all of its fields and
/// requires them, and there is nothing that a grammar cannot hold. Elsewhere a schema that is not
/// strict is kept to as well as the model can, and checked here anyway.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(schema) => {
            is_closed(schema)
                && schema.iter().all(|(key, value)| match key.as_str() {
                    "const" | "enum" | "default" | "examples" => true,
                    // Here keys are names, not words of JSON schema.
                    "properties" | "$defs" | "definitions" => value
                        .as_object()
                        .is_some_and(|named| named.values().all(is_strict)),
                    key => !NOT_STRICT.contains(&key) && is_strict(value),
                })
        }
        Value::Array(schemas) => schemas.iter().all(is_strict),
        _ => true,
    }
}

fn is_closed(schema: &Map<String, Value>) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    if properties.is_none() && schema.get("type") != Some(&json!("object")) {
        return true;
    }
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &String| required.is_some_and(|it| it.iter().any(|it| it == name));
    schema.get("additionalProperties") == Some(&Value::Bool(false))
        && properties.is_none_or(|properties| properties.keys().all(is_required))
}

/// What OpenAI documents as not possible in strict schemas.
const NOT_STRICT: [&str; 12] = [
    "allOf",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "not",
    "oneOf",
    "patternProperties",
    "propertyNames",
    "then",
    "unevaluatedProperties",
    "unevaluatedItems",
];
/// A model that is told more at once corrects no more of it.
const MOST_FAULTS: usize = 8;
const MOST_ALTERNATIVES: usize = 3;
/// Of one fault; enough for a name and a rule.
const LONGEST: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(value: &Value) -> OutputSchema {
        OutputSchema::parse(&value.to_string()).unwrap()
    }

    #[test]
    fn a_bad_schema_is_told_with_its_place() {
        let bad = |text: &str| OutputSchema::parse(text).unwrap_err().to_string();
        assert!(bad("{").starts_with("it is not JSON: EOF"), "{}", bad("{"));
        assert_eq!(bad("[]"), "a schema is a JSON object, and this is a list");
        let place = bad(r#"{"properties": {"a": {"type": "strin"}}}"#);
        assert!(place.contains("at `/properties/a/type`: "), "{place}");
        assert!(place.contains("is not one of \"array\""), "{place}");
        let pattern = bad(r#"{"properties": {"a": {"pattern": "("}}}"#);
        assert!(pattern.contains("`/properties/a/pattern`"), "{pattern}");
        let remote = bad(r#"{"$ref": "http://127.0.0.1:1/x.json"}"#);
        assert!(remote.contains("127.0.0.1:1/x.json"), "{remote}");
    }

    #[test]
    fn an_answer_matches_or_is_told_what_is_wrong() {
        let schema = schema(&json!({"type": "object", "required": ["n"],
            "properties": {"n": {"type": "integer"}, "m": {"maxItems": 1}}}));
        assert_eq!(schema.faults(" {\"n\": 1}\n"), Vec::<String>::new());
        let faults = schema.faults(r#"{"n": "one", "m": [1, 2]}"#);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(
            faults.iter().any(|it| it.starts_with("at `/n`: ")),
            "{faults:?}"
        );
        assert!(
            schema.faults("{}")[0].starts_with("at the top: "),
            "{faults:?}"
        );
        assert_eq!(schema.faults(" "), ["it is empty"]);
        assert!(schema.faults("```json\n{\"n\": 1}\n```")[0].ends_with("a code fence"));
        assert!(schema.faults("Here: {}")[0].starts_with("it is not JSON: "));
    }

    #[test]
    fn what_is_told_of_a_wrong_answer_is_bounded() {
        let schema = schema(&json!({"items": {"type": "integer"}}));
        let long = "x".repeat(10_000);
        let faults = schema.faults(&json!(vec![long; 100]).to_string());
        assert_eq!(faults.len(), MOST_FAULTS + 1);
        assert_eq!(faults.last().unwrap(), "and 92 more");
        assert!(faults.concat().len() < 4_000);
    }

    #[test]
    fn only_what_openai_takes_is_asked_for_strictly() {
        let closed = json!({"type": "object", "additionalProperties": false, "required": ["a", "if"],
            "properties": {"a": {"type": "string"}, "if": {"anyOf": [{"type": "null"}]}}});
        assert!(is_strict(&closed));
        for open in [
            json!({"type": "object"}),
            json!({"properties": {"a": {}}, "additionalProperties": false}),
            json!({"items": {"type": "object", "properties": {}}}),
            json!({"oneOf": [{"type": "string"}]}),
        ] {
            assert!(!is_strict(&open), "{open}");
        }
    }
}
