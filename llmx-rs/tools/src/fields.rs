//! Reads the arguments of a call by name, and repairs what can mean only one thing.

use serde_json::{Map, Value};

use crate::mended;
use crate::tool::Input;

/// The arguments of one call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fields {
    values: Map<String, Value>,
    /// How a call looks, for whoever wrote another.
    example: &'static str,
}

impl Fields {
    /// Reads arguments. A bare text is the field `main`.
    pub(crate) fn read(
        input: Input<'_>,
        main: &str,
        example: &'static str,
    ) -> Result<Self, String> {
        let (Input::Json(text) | Input::Text(text)) = input;
        let mut value = match (mended::read(text), input) {
            (Ok(value), _) => value,
            (Err(_), Input::Text(text)) => Value::String(text.trim().to_owned()),
            (Err(_), Input::Json(text)) if text.trim().is_empty() => Value::Object(Map::new()),
            (Err(error), Input::Json(_)) => {
                return Err(format!(
                    "the arguments are not JSON ({error}); they must look like {example}"
                ));
            }
        };
        if let Value::String(inner) = &value
            && let Ok(inner @ Value::Object(_)) = serde_json::from_str(inner)
        {
            value = inner;
        }
        let values = match value {
            Value::Object(values) => values,
            Value::Null => Map::new(),
            value @ (Value::String(_) | Value::Array(_)) => {
                Map::from_iter([(main.to_owned(), value)])
            }
            _ => {
                return Err(format!(
                    "the arguments are not an object; they must look like {example}"
                ));
            }
        };
        Ok(Self { values, example })
    }

    /// Returns the arguments as they were understood.
    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.values.clone())
    }

    /// Returns the first of `names` that is given; the first is the right one.
    pub(crate) fn any(&self, names: &[&str]) -> Option<&Value> {
        let given = names.iter().find_map(|name| self.values.get(*name));
        given.filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, names: &[&str]) -> Result<Option<String>, String> {
        match self.any(names) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Array(list)) => match list.as_slice() {
                [Value::String(text)] => Ok(Some(text.clone())),
                _ => Err(self.wrong(names, "one string")),
            },
            Some(_) => Err(self.wrong(names, "a string")),
        }
    }

    pub(crate) fn required_text(&self, names: &[&str]) -> Result<String, String> {
        let text = self.text(names)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| self.missing(names))
    }

    pub(crate) fn count(&self, names: &[&str]) -> Result<Option<usize>, String> {
        let number = match self.any(names) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        match number {
            // The cast saturates, and every count has a bound of its own.
            Some(number) if number >= 0.0 => Ok(Some(number as usize)),
            _ => Err(self.wrong(names, "a number that is not negative")),
        }
    }

    pub(crate) fn flag(&self, names: &[&str]) -> Result<Option<bool>, String> {
        match self.any(names) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.wrong(names, "true or false")),
        }
    }

    pub(crate) fn missing(&self, names: &[&str]) -> String {
        let name = names.first().copied().unwrap_or_default();
        let example = self.example;
        format!("`{name}` is missing; the arguments must look like {example}")
    }

    fn wrong(&self, names: &[&str], what: &str) -> String {
        let name = names.first().copied().unwrap_or_default();
        let example = self.example;
        format!("`{name}` is not {what}; the arguments must look like {example}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_mean_only_one_thing_is_repaired() {
        for (input, expected) in [
            (Input::Json(r#"{"path":"a"}"#), "a"),
            (Input::Json(r#"{"file":["a"]}"#), "a"),
            (Input::Json(r#""a""#), "a"),
            (Input::Json(r#"["a"]"#), "a"),
            (Input::Json(r#""{\"path\":\"a\"}""#), "a"),
            (Input::Text(" a\n"), "a"),
            (Input::Text(r#"{"path":"a"}"#), "a"),
        ] {
            let fields = Fields::read(input, "path", "").unwrap();
            assert_eq!(fields.required_text(&["path", "file"]).unwrap(), expected);
        }
        let fields = fields(r#"{"n":"12","m":3.0,"f":"True","g":null}"#);
        assert_eq!(fields.count(&["n"]), Ok(Some(12)));
        assert_eq!(fields.count(&["m"]), Ok(Some(3)));
        assert_eq!(fields.flag(&["f"]), Ok(Some(true)));
        assert_eq!(fields.text(&["g"]), Ok(None));
    }

    #[test]
    fn what_cannot_be_repaired_is_named_with_an_example() {
        let fields = fields(r#"{"n":-1,"t":7,"f":"maybe"}"#);
        for said in [
            fields.count(&["n"]).unwrap_err(),
            fields.text(&["t"]).unwrap_err(),
            fields.flag(&["f"]).unwrap_err(),
            fields.required_text(&["path"]).unwrap_err(),
            Fields::read(Input::Json("{"), "path", "EXAMPLE").unwrap_err(),
            Fields::read(Input::Json("7"), "path", "EXAMPLE").unwrap_err(),
        ] {
            assert!(said.ends_with("must look like EXAMPLE"), "{said}");
        }
    }

    fn fields(text: &str) -> Fields {
        Fields::read(Input::Json(text), "path", "EXAMPLE").unwrap()
    }
}
