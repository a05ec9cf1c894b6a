//! The JSON Schema of `config.toml`, for editors that complete and check it.

use serde_json::{Map, Value, json};

use crate::catalogue::{Kind, SETTINGS, is_any};

/// Returns the schema.
pub fn schema() -> Value {
    let mut whole = table();
    let mut profile = table();
    for setting in SETTINGS {
        let names: Vec<&str> = setting.key.split('.').collect();
        let value = value(setting.kind, setting.default, setting.about);
        let first = names.first().copied().unwrap_or_default();
        if !OF_SOURCES.contains(&first) {
            insert(&mut profile, &names, value.clone());
        }
        insert(&mut whole, &names, value);
    }
    let profiles = json!({
        "type": "object",
        "description": "Settings by the name of the profile that they belong to.",
        "additionalProperties": {"$ref": "#/$defs/profile"},
    });
    insert(&mut whole, &["profiles"], profiles);
    if let Some(fields) = whole.as_object_mut() {
        fields.insert(
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        fields.insert("title".to_owned(), json!("llmx config.toml"));
        fields.insert("$defs".to_owned(), json!({"profile": profile}));
    }
    whole
}

fn table() -> Value {
    json!({"type": "object", "additionalProperties": false})
}

/// Puts `value` at the place in `table` that `names` lead to.
fn insert(table: &mut Value, names: &[&str], value: Value) {
    let (Some((first, rest)), Some(fields)) = (names.split_first(), table.as_object_mut()) else {
        return;
    };
    let place = if is_any(first) {
        let place = fields.entry("additionalProperties").or_insert(Value::Null);
        if !place.is_object() {
            *place = self::table();
        }
        place
    } else {
        let properties = fields
            .entry("properties")
            .or_insert_with(|| Value::Object(Map::new()));
        let Some(properties) = properties.as_object_mut() else {
            return;
        };
        properties.entry(*first).or_insert_with(self::table)
    };
    if rest.is_empty() {
        *place = value;
    } else {
        insert(place, rest, value);
    }
}

fn value(kind: Kind, default: &str, about: &str) -> Value {
    let text = || json!({"type": "string"});
    let mut schema = match kind {
        Kind::Amount => json!({"type": "number", "minimum": 0}),
        Kind::Command => json!({"type": "array", "items": text(), "minItems": 1}),
        Kind::Hooks => json!({"type": "array", "items": hook()}),
        Kind::List => json!({"type": "array", "items": text()}),
        Kind::Scalars => {
            let scalar = json!({"type": ["string", "integer", "boolean"]});
            json!({"type": "object", "additionalProperties": scalar})
        }
        Kind::Text => text(),
        Kind::Texts => json!({"type": "object", "additionalProperties": text()}),
        Kind::Truth => json!({"type": "boolean"}),
        Kind::Whole(least, most) => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Kind::Word(words) => json!({"enum": words}),
    };
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("description".to_owned(), json!(about));
        // The defaults are TOML that happens to be JSON, too.
        if let Ok(default) = serde_json::from_str::<Value>(default) {
            fields.insert("default".to_owned(), default);
        }
    }
    schema
}

fn hook() -> Value {
    let text = || json!({"type": "string", "minLength": 1});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["command"],
        "properties": {
            "matcher": {"type": "string"},
            "command": {"anyOf": [text(), {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
            "timeout_sec": {"type": "number", "exclusiveMinimum": 0},
        },
    })
}

/// What a profile does not hold.
const OF_SOURCES: [&str; 5] = [
    "context_length",
    "general",
    "litellm",
    "profile",
    "projects",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_its_place() {
        let schema = schema();
        for setting in SETTINGS {
            let mut place = &schema;
            for name in setting.key.split('.') {
                place = if is_any(name) {
                    &place["additionalProperties"]
                } else {
                    &place["properties"][name]
                };
            }
            assert_eq!(place["description"], setting.about, "{}", setting.key);
            assert_eq!(place.get("default").is_some(), !setting.default.is_empty());
        }
        assert_eq!(schema["additionalProperties"], false);
        let profile = &schema["$defs"]["profile"]["properties"];
        assert!(profile["model"].is_object() && profile["profile"].is_null());
        let sandbox = &profile["sandbox_workspace_write"]["properties"];
        assert_eq!(sandbox["network_access"]["type"], "boolean");
    }
}
