//! Reasoning is kept apart from the answer and goes back only where it came from (cases 49 to 55).

use llmx_bridge::chat::{refuses_reasoning, to_chat, without_reasoning};
use llmx_bridge::{Options, StreamEnd, UpstreamFault};
use llmx_wire::responses::Item;
use serde_json::{Value, json};

use crate::support::{
    delta, ends, folded, losses, options, piece, request, stream, text, try_request,
};

/// The reasoning and the text of an answer.
fn thought_and_text(chunks: &[Value]) -> (String, String) {
    let output = json!(folded(stream(chunks, StreamEnd::Done)).output);
    let mut found = (String::new(), String::new());
    for item in output.as_array().unwrap() {
        let parts = item["content"].as_array().unwrap();
        let words: String = parts
            .iter()
            .map(|part| part["text"].as_str().unwrap())
            .collect();
        match item["type"].as_str().unwrap() {
            "reasoning" => found.0.push_str(&words),
            _ => found.1.push_str(&words),
        }
    }
    found
}

#[test]
fn case_49_every_name_of_reasoning_is_read() {
    let thought = |field: Value| thought_and_text(&[delta(field), text("yes"), ends("stop")]);
    let expected = ("hm".to_owned(), "yes".to_owned());
    for field in [
        json!({"reasoning_content": "hm"}),
        json!({"reasoning": "hm"}),
        json!({"reasoning": {"text": "hm"}}),
        json!({"reasoning": {"content": "hm"}}),
        json!({"reasoning": "hm", "reasoning_content": "hm"}),
        json!({"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}),
        json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
        json!({"content": "<think>hm</think>\n"}),
    ] {
        assert_eq!(thought(field.clone()), expected, "{field}");
    }
}

#[test]
fn a_summary_is_not_the_full_text() {
    let detail = json!({"reasoning_details": [{"type": "reasoning.summary", "summary": "brief"}]});
    let output = json!(folded(stream(&[delta(detail), text("x")], StreamEnd::Done)).output);
    assert_eq!(
        output[0]["summary"],
        json!([{"type": "summary_text", "text": "brief"}])
    );
    assert_eq!(output[0]["content"], json!([]));
}

/// Answers with reasoning and a call, and returns the items as a client would send them back.
fn answered(chunks: &[Value]) -> Vec<Item> {
    let mut items = folded(stream(chunks, StreamEnd::Done)).output;
    items.push(
        serde_json::from_value(
            json!({"type": "function_call_output", "call_id": "a", "output": "1"}),
        )
        .unwrap(),
    );
    items
}

#[test]
fn case_50_reasoning_of_a_tool_turn_goes_back_in_its_own_field() {
    for (field, value) in [
        ("reasoning_content", json!("let me see")),
        ("reasoning", json!("let me see")),
        (
            "reasoning_details",
            json!([{"type": "reasoning.text", "index": 0, "text": "let me see", "signature": "s"}]),
        ),
    ] {
        let items = answered(&[
            delta(json!({field: value})),
            piece(Some(0), Some("a"), "read", "{}"),
            ends("tool_calls"),
        ]);
        let translated = request(json!(items), json!({}));
        let message = json!(translated.request.messages[0]);
        assert_eq!(message[field], value);
        assert!(translated.losses.is_empty(), "{:?}", translated.losses);
    }
}

#[test]
fn case_50_codex_sends_no_content_back_and_loses_nothing() {
    let mut items = json!(answered(&[
        delta(json!({"reasoning_content": "let me "})),
        delta(json!({"reasoning_content": "see"})),
        piece(Some(0), Some("a"), "read", "{}"),
    ]));
    items[0]["content"] = Value::Null;
    let message = json!(request(items, json!({})).request.messages[0]);
    assert_eq!(message["reasoning_content"], "let me see");
}

#[test]
fn reasoning_of_a_turn_without_calls_stays_with_the_client() {
    let items = folded(stream(
        &[delta(json!({"reasoning_content": "hm"})), text("x")],
        StreamEnd::Done,
    ))
    .output;
    let translated = request(json!(items), json!({}));
    assert_eq!(
        json!(translated.request.messages),
        json!([{"role": "assistant", "content": "x"}])
    );
    assert_eq!(losses(&translated).len(), 1);
}

#[test]
fn case_51_and_52_reasoning_of_another_model_is_dropped_never_forged() {
    let items = answered(&[
        delta(json!({"reasoning_content": "secret"})),
        piece(Some(0), Some("a"), "read", "{}"),
    ]);
    let elsewhere = Options {
        provider: "q".to_owned(),
        ..options()
    };
    let mut foreign = json!(items);
    foreign[0]["encrypted_content"] = "gAAAA".into();
    let mut unsealed = json!(items);
    unsealed[0]["encrypted_content"] = Value::Null;
    for (input, options) in [
        (json!(items), elsewhere),
        (foreign, options()),
        (unsealed, options()),
    ] {
        let translated = try_request(input, json!({}), &options).unwrap();
        assert!(!json!(translated.request).to_string().contains("secret"));
        assert_eq!(
            translated.losses.header_value().unwrap(),
            "input[].reasoning"
        );
    }
}

#[test]
fn an_alias_does_not_separate_a_model_from_its_reasoning() {
    let aliased = Options {
        model: Some("real".to_owned()),
        ..options()
    };
    let body =
        |input: Value| serde_json::from_value(json!({"model": "alias", "input": input})).unwrap();
    let asked = to_chat(&body(json!("hi")), &aliased).unwrap();
    assert_eq!(asked.request.model, "real");
    let events = crate::support::stream_for(
        asked,
        &[
            delta(json!({"reasoning_content": "hm"})),
            piece(Some(0), Some("a"), "f", "{}"),
        ],
        StreamEnd::Done,
    );
    let again = to_chat(&body(json!(folded(events).output)), &aliased).unwrap();
    assert_eq!(json!(again.request.messages[0])["reasoning_content"], "hm");
}

#[test]
fn case_53_an_effort_becomes_the_nearest_that_the_upstream_has() {
    let with = |effort: &str, known: &[&str]| {
        let options = Options {
            efforts: known.iter().map(|level| (*level).to_owned()).collect(),
            ..options()
        };
        let fields = json!({"reasoning": {"effort": effort}});
        let translated = try_request(json!("hi"), fields, &options).unwrap();
        (
            translated.request.reasoning_effort.unwrap(),
            translated.losses.is_empty(),
        )
    };
    assert_eq!(with("xhigh", &[]), ("xhigh".to_owned(), true));
    assert_eq!(with("xhigh", &["low", "high"]), ("high".to_owned(), false));
    assert_eq!(with("minimal", &["low", "high"]), ("low".to_owned(), false));
    assert_eq!(with("low", &["low", "high"]), ("low".to_owned(), true));
}

#[test]
fn a_retry_without_reasoning_can_be_made_once() {
    let mut body = request(json!("hi"), json!({"reasoning": {"effort": "low"}})).request;
    assert!(without_reasoning(&mut body));
    assert!(!without_reasoning(&mut body));

    let said = |status: u16, body: &str| UpstreamFault::from_answer(status, body.as_bytes());
    let refusal = r#"{"error":{"message":"m does not support parameters: ['reasoning_effort']"}}"#;
    assert!(refuses_reasoning(&said(400, refusal)));
    assert!(!refuses_reasoning(&said(500, refusal)));
    let other = r#"{"error":{"message":"the reasoning_content must be passed back"}}"#;
    assert!(!refuses_reasoning(&said(400, other)));
    assert!(json!(body).get("reasoning_effort").is_none());
}
