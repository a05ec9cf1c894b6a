//! Raises Gemini's schemas to JSON schemas: types in lower case, and null as a type.

use serde_json::{Value, json};

/// Returns `schema` as a JSON schema; one that is a JSON schema already stays as it is.
pub(super) fn raise(schema: &Value) -> Value {
    raised(schema, 0)
}

fn raised(schema: &Value, depth: usize) -> Value {
    let Some(fields) = schema.as_object().filter(|_| depth < MAX_DEPTH) else {
        return schema.clone();
    };
    let mut out = serde_json::Map::new();
    for (name, value) in fields {
        let value = match (name.as_str(), value) {
            ("nullable", _) | ("propertyOrdering", _) => continue,
            ("type", Value::String(kind)) => kind.to_ascii_lowercase().into(),
            ("properties", Value::Object(properties)) => properties
                .iter()
                .map(|(name, schema)| (name.clone(), raised(schema, depth + 1)))
                .collect(),
            ("anyOf", Value::Array(schemas)) => {
                schemas.iter().map(|it| raised(it, depth + 1)).collect()
            }
            ("items", schema) => raised(schema, depth + 1),
            (_, value) => value.clone(),
        };
        out.insert(name.clone(), value);
    }
    if fields.get("nullable") == Some(&Value::Bool(true))
        && let Some(kind) = out.get_mut("type")
    {
        *kind = json!([kind.clone(), "null"]);
    }
    out.into()
}

/// JSON itself is read no deeper than this.
const MAX_DEPTH: usize = 128;
