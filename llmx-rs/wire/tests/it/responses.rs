//! The Responses types lose nothing, keep what they do not know, and say what is wrong.

use llmx_wire::responses::{
    ContentPart, Item, Request, Response, Role, Status, StreamEvent, TextOrList, Tool,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[test]
fn a_request_of_a_coding_agent_survives_the_round_trip() {
    let request = json!({
        "model": "m", "instructions": "be brief", "stream": true, "store": false,
        "input": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "rules"}]},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "original"},
                {"type": "input_file", "file_id": "f1"},
            ]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "s"}],
             "encrypted_content": "gAAA"},
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "shell", "arguments": "{}",
             "namespace": "tools", "new_field": {"a": [1, 2.5]}},
            {"type": "function_call_output", "call_id": "c1", "output": "ok"},
            {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "*** Begin"},
            {"type": "custom_tool_call_output", "call_id": "c2",
             "output": [{"type": "input_text", "text": "done"}]},
            {"type": "compaction", "encrypted_content": "zzz"},
        ],
        "tools": [
            {"type": "function", "name": "shell", "description": "d", "parameters": {"type": "object"},
             "strict": false},
            {"type": "custom", "name": "apply_patch", "format": {"type": "grammar"}},
            {"type": "web_search", "external_web_access": false},
        ],
        "tool_choice": "auto", "parallel_tool_calls": true,
        "reasoning": {"effort": "low", "context": "all_turns"},
        "text": {"verbosity": "low"}, "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "t1", "client_metadata": {"k": "v"}, "service_tier": "flex",
    });
    let parsed: Request = round_trip(&request);
    let TextOrList::List(items) = parsed.input else {
        panic!("input is a list")
    };
    assert!(matches!(&items[7], Item::Unknown(object) if object["type"] == "compaction"));
    assert!(matches!(parsed.tools[2], Tool::Unknown(_)));
    assert_eq!(parsed.extra["service_tier"], "flex");
}

#[test]
fn short_forms_stay_short() {
    let parsed: Request = round_trip(&json!({"model": "m", "input": "hi"}));
    assert_eq!(parsed.input, TextOrList::Text("hi".to_owned()));
}

#[test]
fn an_object_with_a_role_and_no_type_is_a_message() {
    let item: Item = serde_json::from_value(json!({"role": "user", "content": "hi"})).unwrap();
    let Item::Message(message) = item else {
        panic!("{item:?}")
    };
    assert_eq!(
        (message.role.clone(), message.text()),
        (Role::User, "hi".to_owned())
    );
}

#[test]
fn a_known_type_with_a_broken_field_is_an_error_that_names_both() {
    let broken = json!({"type": "function_call", "name": "shell"});
    let error = serde_json::from_value::<Item>(broken).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`function_call`: missing field `call_id`"
    );
}

#[test]
fn a_response_with_nulls_and_gaps_is_read() {
    let response: Response = serde_json::from_value(json!({
        "id": null, "status": "completed", "error": null, "output": null, "object": "response",
        "usage": {"input_tokens": 5, "input_tokens_details": null, "output_tokens": null},
    }))
    .unwrap();
    let usage = response.usage.unwrap();
    assert_eq!(response.status, Some(Status::Completed));
    assert_eq!((usage.input_tokens, usage.output_tokens), (5, 0));
    assert_eq!(response.extra["object"], "response");
}

#[test]
fn every_known_event_survives_the_round_trip() {
    for event in known_events() {
        let parsed = StreamEvent::parse(None, &event.to_string()).unwrap();
        assert!(!matches!(parsed, StreamEvent::Unknown(_)), "{event}");
        assert_eq!(parsed.kind(), event["type"].as_str().unwrap());
        assert_eq!(serde_json::to_value(&parsed).unwrap(), event);
    }
}

#[test]
fn an_unknown_event_is_kept_whole() {
    let event = json!({"type": "response.hologram.delta", "sequence_number": 4, "delta": {"x": 1}});
    let parsed = StreamEvent::parse(Some("other"), &event.to_string()).unwrap();
    assert!(matches!(parsed, StreamEvent::Unknown(_)));
    assert_eq!(serde_json::to_value(&parsed).unwrap(), event);
}

#[test]
fn the_event_name_stands_in_for_a_missing_type() {
    let parsed = StreamEvent::parse(Some("response.output_text.delta"), r#"{"delta":"x"}"#);
    assert!(matches!(parsed.unwrap(), StreamEvent::OutputTextDelta(delta) if delta.delta == "x"));
}

#[test]
fn an_error_event_is_understood_nested_or_not() {
    for text in [
        r#"{"type":"error","code":"server_error","message":"no"}"#,
        r#"{"type":"error","error":{"code":"server_error","message":"no"}}"#,
    ] {
        let StreamEvent::Error(error) = StreamEvent::parse(None, text).unwrap() else {
            panic!("{text}")
        };
        let fault = error.fault();
        assert_eq!(
            (fault.message.as_str(), fault.code.as_deref()),
            ("no", Some("server_error"))
        );
    }
}

proptest! {
    /// Whatever else an object holds, reading and writing it changes nothing.
    #[test]
    fn unknown_fields_are_kept(extra in prop::collection::btree_map("x_[a-z]{1,4}", json_value(), 0..4)) {
        let extra = json!(extra);
        for base in [
            json!({"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"}),
            json!({"type": "reasoning", "summary": []}),
            json!({"type": "message", "role": "critic", "content": []}),
            json!({"type": "martian"}),
        ] {
            round_trip::<Item>(&merged(base, &extra));
        }
        round_trip::<ContentPart>(&merged(json!({"type": "output_text", "text": "t"}), &extra));
        round_trip::<Tool>(&merged(json!({"type": "function", "name": "n", "parameters": null}), &extra));
        round_trip::<Request>(&merged(json!({"model": "m", "input": []}), &extra));
        for event in known_events() {
            round_trip::<StreamEvent>(&merged(event, &extra));
        }
    }

    /// Data from a hostile server is a value or an error, never a panic.
    #[test]
    fn arbitrary_data_never_panics(text in ".{0,80}", value in json_value()) {
        let _ = StreamEvent::parse(None, &text).is_ok();
        for event in known_events() {
            for field in ["item", "response", "delta", "type"] {
                let mut event = event.clone();
                event[field] = value.clone();
                let _ = StreamEvent::parse(None, &event.to_string()).is_ok();
            }
        }
    }
}

fn known_events() -> Vec<Value> {
    let response = json!({"id": "r1", "status": "completed", "output": []});
    let part = json!({"type": "output_text", "text": "hi", "annotations": []});
    let summary = json!({"type": "summary_text", "text": "hi"});
    let item = json!({"type": "message", "id": "m1", "role": "assistant", "content": [part]});
    let mut events = Vec::new();
    let mut add = |kind: &str, fields: Value| {
        events.push(merged(
            json!({"type": kind}),
            &merged(fields, &json!({"sequence_number": 3})),
        ));
    };
    for kind in [
        "created",
        "queued",
        "in_progress",
        "completed",
        "failed",
        "incomplete",
    ] {
        add(&format!("response.{kind}"), json!({"response": response}));
    }
    for kind in ["added", "done"] {
        let at = |name: &str, value: &Value| json!({"item_id": "m1", "output_index": 0, "content_index": 0, name: value});
        add(
            &format!("response.output_item.{kind}"),
            json!({"output_index": 0, "item": item}),
        );
        add(&format!("response.content_part.{kind}"), at("part", &part));
        add(
            &format!("response.reasoning_summary_part.{kind}"),
            json!({"item_id": "m1", "output_index": 0, "summary_index": 0, "part": summary}),
        );
    }
    for (kind, whole) in [
        ("output_text", "text"),
        ("refusal", "refusal"),
        ("function_call_arguments", "arguments"),
        ("custom_tool_call_input", "input"),
        ("reasoning_summary_text", "text"),
        ("reasoning_text", "text"),
    ] {
        let place = json!({"item_id": "m1", "output_index": 0});
        add(
            &format!("response.{kind}.delta"),
            merged(place.clone(), &json!({"delta": "h"})),
        );
        add(
            &format!("response.{kind}.done"),
            merged(place, &json!({whole: "hi"})),
        );
    }
    add(
        "response.output_text.annotation.added",
        json!({"item_id": "m1", "output_index": 0, "annotation": {"type": "url_citation"}}),
    );
    add(
        "error",
        json!({"code": "server_error", "message": "no", "param": null}),
    );
    events
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zé\"\\\\]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

fn merged(mut base: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

fn round_trip<T: DeserializeOwned + Serialize>(value: &Value) -> T {
    let parsed: T = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&parsed).unwrap(), value);
    parsed
}

/// Found by fuzzing: reading moved the last digit of some numbers.
#[test]
fn every_digit_of_a_number_is_kept() {
    let text = r#"{"model":"m","input":"hi","top_p":0.1,"x_score":1.369999748997594e+19}"#;
    let request: Request = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&request).unwrap(), text);
}
