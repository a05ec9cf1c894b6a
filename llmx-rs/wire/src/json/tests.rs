//! The writer against `serde_json`: the same bytes for every value.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::to_vec;

/// One of each shape that serde knows.
#[derive(Debug, Clone, Serialize)]
enum Shape {
    Unit,
    Newtype(Option<f64>),
    Tuple(i64, char),
    Struct { name: String, bytes: Vec<u8> },
}

#[derive(Debug, Clone, Serialize)]
struct Wrapped(String, bool);

#[derive(Debug, Clone, Serialize)]
struct Whole {
    shapes: Vec<Shape>,
    wrapped: Wrapped,
    pair: (u8, ()),
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<u64>,
    #[serde(flatten)]
    extra: serde_json::Map<String, Value>,
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~]{0,40}",
        1 => "[\\x00-\\x20\"\\\\\\x7F]{0,3}",
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any_text(), inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_is_written_as_serde_json_writes_it(value in any_value()) {
        prop_assert_eq!(to_vec(&value).unwrap(), serde_json::to_vec(&value).unwrap());
    }

    #[test]
    fn any_text_is_written_as_serde_json_writes_it(text in any_text()) {
        prop_assert_eq!(to_vec(&text).unwrap(), serde_json::to_vec(&text).unwrap());
    }
}

#[test]
fn every_shape_is_written_as_serde_json_writes_it() {
    let name = "a\u{0}\u{1f}\n\"é".to_owned();
    let shapes = vec![
        Shape::Unit,
        Shape::Newtype(None),
        Shape::Newtype(Some(1.0)),
        Shape::Newtype(Some(f64::NAN)),
        Shape::Tuple(-1, '"'),
        Shape::Struct {
            name: name.clone(),
            bytes: vec![0, 255],
        },
    ];
    let extra = json!({"raw": {}, "list": []});
    let whole = Whole {
        shapes,
        wrapped: Wrapped(name, true),
        pair: (1, ()),
        absent: None,
        extra: extra.as_object().unwrap().clone(),
    };
    assert_eq!(to_vec(&whole).unwrap(), serde_json::to_vec(&whole).unwrap());
}

#[test]
fn what_is_json_already_is_written_as_it_is() {
    let raw = RawValue::from_string(r#"{"a" : 1.10, "b":"\u0041"}"#.to_owned()).unwrap();
    let value = BTreeMap::from([("x", &raw), ("y", &raw)]);
    assert_eq!(to_vec(&value).unwrap(), serde_json::to_vec(&value).unwrap());
    let after = (&raw, "\n");
    assert_eq!(to_vec(&after).unwrap(), serde_json::to_vec(&after).unwrap());
}

#[test]
fn a_key_that_is_no_string_is_refused() {
    assert!(to_vec(&BTreeMap::from([((1, 2), 3)])).is_err());
    assert!(to_vec(&BTreeMap::from([(1, 2)])).is_err());
}
