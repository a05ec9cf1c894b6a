//! Lowers JSON schemas to the subset that Gemini takes. What the subset cannot say is told to the
//! model in the description, so that a constraint is weakened but not forgotten.
//!
//! Only what is known to be taken is let through: a server refuses the whole request for one
//! keyword that it does not know.

use serde_json::{Map, Value, json};

type Schema = Map<String, Value>;

/// Returns the lowered schema, and whether it says less than before.
pub(super) fn lower(schema: &Value) -> (Value, bool) {
    let mut lowering = Lowering {
        root: schema,
        weaker: false,
        nodes: 0,
    };
    let lowered = lowering.any(schema, 0);
    (lowered, lowering.weaker)
}

struct Lowering<'a> {
    /// Where references point into.
    root: &'a Value,
    weaker: bool,
    /// How many schemas were lowered so far.
    nodes: usize,
}

impl Lowering<'_> {
    fn any(&mut self, schema: &Value, depth: usize) -> Value {
        self.nodes += 1;
        let fits = depth < MAX_DEPTH && self.nodes < MAX_NODES;
        let Some(schema) = schema.as_object().filter(|_| fits) else {
            // `true`, or a schema that contains itself.
            self.weaker |= *schema != Value::Bool(true);
            return json!({"type": "STRING", "description": "Any JSON value."});
        };
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(target, schema, depth);
        }
        let merged;
        let schema = match schema.get("allOf").and_then(Value::as_array) {
            Some(parts) => {
                merged = self.merge(schema, parts);
                &merged
            }
            None => schema,
        };
        self.object(schema, depth)
    }

    /// Puts what a reference points to in its place; what stands beside it wins.
    fn reference(&mut self, target: &str, beside: &Schema, depth: usize) -> Value {
        let found = target
            .strip_prefix('#')
            .and_then(|pointer| self.root.pointer(pointer))
            .and_then(Value::as_object);
        let mut schema = found.cloned().unwrap_or_else(|| {
            self.weaker = true;
            Schema::new()
        });
        let beside = beside.iter().filter(|(name, _)| *name != "$ref");
        schema.extend(beside.map(|(name, value)| (name.clone(), value.clone())));
        self.any(&schema.into(), depth + 1)
    }

    /// Makes one schema of several that hold together.
    fn merge(&mut self, schema: &Schema, parts: &[Value]) -> Schema {
        let mut merged = schema.clone();
        merged.shift_remove("allOf");
        for part in parts {
            let resolved = part
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|target| self.root.pointer(target.strip_prefix('#')?));
            for (name, value) in resolved.unwrap_or(part).as_object().into_iter().flatten() {
                match (merged.get_mut(name), value) {
                    (Some(Value::Object(held)), Value::Object(more)) => {
                        held.extend(more.iter().map(|(k, v)| (k.clone(), v.clone())));
                    }
                    (Some(Value::Array(held)), Value::Array(more)) => held.extend(more.clone()),
                    (Some(held), value) => self.weaker |= held != value,
                    (None, value) => {
                        merged.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        merged
    }

    fn object(&mut self, schema: &Schema, depth: usize) -> Value {
        let mut out = Schema::new();
        let mut told = Vec::new();
        self.set_type(schema, &mut out, depth);
        for (name, value) in schema {
            match name.as_str() {
                "type" | "description" => {}
                "const" => self.set_choices(std::slice::from_ref(value), &mut out, &mut told),
                "enum" => {
                    let choices = value.as_array().map(Vec::as_slice).unwrap_or_default();
                    self.set_choices(choices, &mut out, &mut told);
                }
                "nullable" if value.is_boolean() => {
                    out.insert(name.clone(), value.clone());
                }
                "properties" => self.set_properties(value, &mut out, depth),
                "items" if value.is_object() => {
                    out.insert(name.clone(), self.any(value, depth + 1));
                }
                "anyOf" | "oneOf" => self.set_alternatives(value, &mut out, depth),
                "format" if FORMATS.iter().any(|format| value == format) => {
                    out.insert(name.clone(), value.clone());
                }
                "minItems" | "maxItems" | "minimum" | "maximum" | "minLength" | "maxLength"
                | "pattern" => {
                    out.insert(name.clone(), value.clone());
                }
                "required" | "title" | "default" | "examples" | "example" => {}
                name if name.starts_with('$') || name == "definitions" => {}
                "additionalProperties" if *value == Value::Bool(true) => {}
                name => told.push(format!("{name}: {value}")),
            }
        }
        require(schema, &mut out);
        self.weaker |= !told.is_empty();
        describe(schema, &told, &mut out);
        out.into()
    }

    /// Gemini wants one type; several become alternatives, and null becomes a flag.
    fn set_type(&mut self, schema: &Schema, out: &mut Schema, depth: usize) {
        let names: Vec<&str> = match schema.get("type") {
            Some(Value::String(name)) => vec![name.as_str()],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => implied(schema).into_iter().collect(),
        };
        let (nulls, types): (Vec<&str>, Vec<&str>) = names
            .iter()
            .partition(|name| name.eq_ignore_ascii_case("null"));
        if !nulls.is_empty() {
            out.insert("nullable".to_owned(), true.into());
        }
        match types.as_slice() {
            [] if schema.contains_key("anyOf") || schema.contains_key("oneOf") => {}
            [] => {
                out.insert("type".to_owned(), "STRING".into());
            }
            [one] => {
                out.insert("type".to_owned(), one.to_ascii_uppercase().into());
                if one.eq_ignore_ascii_case("array") && !schema.contains_key("items") {
                    out.insert("items".to_owned(), json!({"type": "STRING"}));
                }
            }
            several => {
                let each = several
                    .iter()
                    .map(|name| self.any(&json!({"type": name}), depth + 1));
                let each: Vec<Value> = each.collect();
                out.insert("anyOf".to_owned(), each.into());
            }
        }
    }

    /// Gemini knows choices between texts alone.
    fn set_choices(&mut self, choices: &[Value], out: &mut Schema, told: &mut Vec<String>) {
        let (nulls, values): (Vec<&Value>, Vec<&Value>) =
            choices.iter().partition(|choice| choice.is_null());
        if !nulls.is_empty() {
            out.insert("nullable".to_owned(), true.into());
        }
        if values.iter().all(|value| value.is_string()) && !values.is_empty() {
            out.insert("type".to_owned(), "STRING".into());
            out.insert("enum".to_owned(), values.into_iter().cloned().collect());
        } else if !values.is_empty() {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            told.push(format!("one of {}", values.join(", ")));
        }
    }

    fn set_properties(&mut self, value: &Value, out: &mut Schema, depth: usize) {
        let properties = value.as_object().into_iter().flatten();
        let lowered = properties.map(|(name, schema)| (name.clone(), self.any(schema, depth + 1)));
        let lowered: Schema = lowered.collect();
        // Gemini refuses an empty list of properties.
        if !lowered.is_empty() {
            out.insert("properties".to_owned(), lowered.into());
        }
    }

    fn set_alternatives(&mut self, value: &Value, out: &mut Schema, depth: usize) {
        let alternatives = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let is_null = |schema: &&Value| schema.get("type").is_some_and(|name| name == "null");
        let (nulls, rest): (Vec<&Value>, Vec<&Value>) = alternatives.iter().partition(is_null);
        if !nulls.is_empty() {
            out.insert("nullable".to_owned(), true.into());
        }
        match rest.as_slice() {
            [] => {}
            [one] => {
                if let Value::Object(only) = self.any(one, depth + 1) {
                    for (name, value) in only {
                        out.entry(name).or_insert(value);
                    }
                }
            }
            several => {
                let each = several.iter().map(|schema| self.any(schema, depth + 1));
                let each: Vec<Value> = each.collect();
                out.insert("anyOf".to_owned(), each.into());
            }
        }
    }
}

/// What a schema without a type describes.
fn implied(schema: &Schema) -> Option<&'static str> {
    if schema.contains_key("properties") {
        return Some("object");
    }
    schema.contains_key("items").then_some("array")
}

/// Gemini refuses to require what is not among the properties.
fn require(schema: &Schema, out: &mut Schema) {
    let properties = out.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let (Some(properties), Some(required)) = (properties, required) else {
        return;
    };
    let known = |name: &&Value| {
        name.as_str()
            .is_some_and(|name| properties.contains_key(name))
    };
    let kept: Vec<Value> = required.iter().filter(known).cloned().collect();
    if !kept.is_empty() {
        out.insert("required".to_owned(), kept.into());
    }
}

fn describe(schema: &Schema, told: &[String], out: &mut Schema) {
    let text = schema.get("description").and_then(Value::as_str);
    let mut text = text.unwrap_or_default().to_owned();
    if !told.is_empty() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&format!("({})", told.join("; ")));
    }
    if !text.is_empty() {
        out.insert("description".to_owned(), text.into());
    }
}

/// Deeper than any tool's arguments; a schema that contains itself must end.
const MAX_DEPTH: usize = 24;

/// References that fan out would grow without end long before they are deep.
const MAX_NODES: usize = 4_000;

/// The formats that Gemini takes; others are told.
const FORMATS: &[&str] = &["int32", "int64", "float", "double", "date-time", "enum"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_30_each_construct_has_its_lowering() {
        for (schema, lowered) in [
            (
                json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "b"]}),
                json!({"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}, "required": ["a"]}),
            ),
            (
                json!({"$schema": "x", "type": "object", "properties": {}}),
                json!({"type": "OBJECT"}),
            ),
            (
                json!({"const": "x"}),
                json!({"type": "STRING", "enum": ["x"]}),
            ),
            (
                json!({"enum": ["a", null]}),
                json!({"type": "STRING", "enum": ["a"], "nullable": true}),
            ),
            (
                json!({"type": "integer", "enum": [1, 2]}),
                json!({"type": "INTEGER", "description": "(one of 1, 2)"}),
            ),
            (
                json!({"type": ["string", "null"]}),
                json!({"type": "STRING", "nullable": true}),
            ),
            (
                json!({"type": ["string", "integer"]}),
                json!({"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]}),
            ),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
                json!({"type": "STRING", "nullable": true}),
            ),
            (
                json!({"type": "array"}),
                json!({"type": "ARRAY", "items": {"type": "STRING"}}),
            ),
            (
                json!({"type": "array", "items": {"type": "number"}, "uniqueItems": true, "description": "Some."}),
                json!({"type": "ARRAY", "items": {"type": "NUMBER"}, "description": "Some. (uniqueItems: true)"}),
            ),
            (
                json!({"type": "number", "exclusiveMinimum": 0, "maximum": 9}),
                json!({"type": "NUMBER", "maximum": 9, "description": "(exclusiveMinimum: 0)"}),
            ),
            (
                json!({"type": "string", "format": "uri"}),
                json!({"type": "STRING", "description": "(format: \"uri\")"}),
            ),
            (
                json!({"$defs": {"a": {"type": "string"}}, "properties": {"x": {"$ref": "#/$defs/a", "description": "d"}}}),
                json!({"type": "OBJECT", "properties": {"x": {"type": "STRING", "description": "d"}}}),
            ),
            (
                json!({"allOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}, "required": ["b"]}]}),
                json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}, "b": {"type": "STRING"}}, "required": ["b"]}),
            ),
        ] {
            assert_eq!(lower(&schema).0, lowered, "{schema}");
        }
    }

    #[test]
    fn a_weaker_schema_says_so() {
        assert!(!lower(&json!({"type": "object", "properties": {"a": {"type": "string"}}})).1);
        assert!(lower(&json!({"type": "object", "additionalProperties": false})).1);
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let tree = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        let (lowered, weaker) = lower(&tree);
        assert!(weaker && lowered.to_string().len() < 10_000);
        let fan = json!({"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}});
        assert!(lower(&fan).0.to_string().len() < 1_000_000);
    }

    proptest! {
        /// Whatever comes in, only words of the subset come out.
        #[test]
        fn only_known_words_come_out(schema in schema()) {
            fn check(value: &Value, in_properties: bool) {
                for (name, value) in value.as_object().unwrap() {
                    if in_properties {
                        check(value, false);
                        continue;
                    }
                    match name.as_str() {
                        "properties" => check(value, true),
                        "items" => check(value, false),
                        "anyOf" => value.as_array().unwrap().iter().for_each(|it| check(it, false)),
                        "type" => assert!(value.as_str().unwrap().chars().all(|c| c.is_ascii_uppercase())),
                        name => assert!(ALLOWED.contains(&name), "{name}"),
                    }
                }
            }
            check(&lower(&schema).0, false);
        }
    }

    const ALLOWED: &[&str] = &[
        "description",
        "nullable",
        "enum",
        "required",
        "format",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "pattern",
    ];

    fn schema() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(true)),
            Just(json!({"type": "string", "format": "uri"})),
            Just(json!({"type": ["integer", "null"]})),
            Just(json!({"const": 3, "x-odd": {"deep": true}})),
            Just(json!({"$ref": "#/properties/a"})),
            Just(json!({"$ref": "https://elsewhere"})),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                prop::collection::btree_map("[a-c]", inner.clone(), 0..3).prop_map(
                    |map| json!({"type": "object", "properties": map, "required": ["a"]})
                ),
                inner
                    .clone()
                    .prop_map(|items| json!({"type": "array", "items": items, "contains": {}})),
                prop::collection::vec(inner.clone(), 0..3).prop_map(|any| json!({"anyOf": any})),
                prop::collection::vec(inner, 0..3).prop_map(|all| json!({"allOf": all, "not": {}})),
            ]
        })
    }
}
