//! Reads the fields of a call that a model wrote, and repairs what can mean only one thing.
//!
//! Models of every size write a string where a list is asked for, encode twice, or call a field by
//! the name that another agent gave it. Sending such a call back costs a whole round through the
//! model. What could mean two things is refused, in words from which the model can do better.

use serde_json::{Map, Value};

/// The fields of one call.
#[derive(Debug)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads JSON that is an object, perhaps encoded twice; gives back what is no object.
    pub(crate) fn read(text: &str) -> Result<Result<Self, Value>, String> {
        let value = serde_json::from_str(text)
            .map_err(|error| format!("the arguments are not JSON ({error})"))?;
        Ok(match unwrap_encoded(value) {
            Value::Object(fields) => Ok(Self(fields)),
            other => Err(other),
        })
    }

    /// Returns the first of the fields `names` that is there and not null.
    pub(crate) fn get(&self, names: &[&str]) -> Option<&Value> {
        let mut found = names.iter().filter_map(|name| self.0.get(*name));
        found.find(|value| !value.is_null())
    }

    /// Returns a field that is text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.get(&[name]) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("`{name}` is not a string")),
        }
    }

    /// Returns a field that is a positive whole number; `unit` says of what.
    pub(crate) fn number(&self, name: &str, unit: &str) -> Result<Option<u64>, String> {
        let number = match self.get(&[name]) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        match number {
            // The cast saturates, and every use is bounded below any large number anyway.
            Some(number) if number >= 1.0 => Ok(Some(number as u64)),
            _ => Err(format!("`{name}` is not a positive number of {unit}")),
        }
    }

    /// Returns whether a field is there and true.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, String> {
        match self.get(&[name]) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(format!("`{name}` is not true or false")),
        }
    }

    /// Returns why the call should run outside of the sandbox, if it asks for that.
    pub(crate) fn escalation(&self) -> Result<Option<String>, String> {
        let asked = self.flag("with_escalated_permissions")?
            || self.text("sandbox_permissions")?.as_deref() == Some("require_escalated");
        let reason = self.text("justification")?;
        let reason = reason.filter(|reason| !reason.trim().is_empty());
        Ok(asked.then(|| reason.unwrap_or_else(|| NO_REASON.to_owned())))
    }
}

/// Undoes one needless encoding: a JSON string that itself holds JSON.
pub(crate) fn unwrap_encoded(value: Value) -> Value {
    match &value {
        Value::String(inner) => serde_json::from_str(inner).unwrap_or(value),
        _ => value,
    }
}

/// Returns a list whose members are words; numbers are taken for words.
pub(crate) fn words(list: &[Value]) -> Option<Vec<String>> {
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    list.iter().map(word).collect()
}

const NO_REASON: &str = "the model gave no reason";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_the_spellings_that_models_use() {
        let text = r#"{"a":"x","n":"1500","m":2.5,"t":"True","f":false,"z":null}"#;
        for text in [text.to_owned(), serde_json::to_string(text).unwrap()] {
            let fields = Fields::read(&text).unwrap().unwrap();
            assert_eq!(fields.text("a").unwrap().as_deref(), Some("x"));
            assert_eq!(fields.number("n", "ms").unwrap(), Some(1_500));
            assert_eq!(fields.number("m", "ms").unwrap(), Some(2));
            assert_eq!(fields.number("z", "ms").unwrap(), None);
            assert_eq!((fields.flag("t"), fields.flag("f")), (Ok(true), Ok(false)));
            assert_eq!(fields.flag("z"), Ok(false));
            assert_eq!(fields.get(&["none", "a"]).unwrap(), "x");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let fields = Fields::read(r#"{"a":1,"n":0,"t":"yes"}"#).unwrap().unwrap();
        assert!(fields.text("a").unwrap_err().contains("`a`"));
        assert!(
            fields
                .number("n", "ms")
                .unwrap_err()
                .contains("positive number of ms")
        );
        assert!(fields.flag("t").unwrap_err().contains("`t`"));
        assert!(Fields::read("{").unwrap_err().contains("not JSON"));
        assert_eq!(
            Fields::read("[1]").unwrap().unwrap_err(),
            serde_json::json!([1])
        );
    }

    #[test]
    fn leaving_the_sandbox_is_asked_for_in_either_way() {
        for (text, expected) in [
            ("{}", None),
            (r#"{"justification":"why"}"#, None),
            (
                r#"{"with_escalated_permissions":true,"justification":"why"}"#,
                Some("why"),
            ),
            (
                r#"{"sandbox_permissions":"require_escalated"}"#,
                Some(NO_REASON),
            ),
        ] {
            let fields = Fields::read(text).unwrap().unwrap();
            assert_eq!(fields.escalation().unwrap().as_deref(), expected, "{text}");
        }
    }
}
