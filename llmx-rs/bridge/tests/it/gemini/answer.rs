//! The stream of an answer: items, endings, cost.

use llmx_bridge::gemini::respond;
use llmx_bridge::{StreamEnd, UpstreamFault};
use serde_json::{Value, json};

use super::{chunk, context, last, response, run, stamp, user, with_tool};

#[test]
fn thoughts_words_and_calls_are_items_in_order() {
    let chunks = [
        chunk(json!([{"text": "hm", "thought": true}])),
        chunk(json!([{"text": "He"}])),
        chunk(json!([{"text": "y"}])),
        last(
            json!([{"functionCall": {"name": "f", "args": {"a": 1}}}, {"functionCall": {"name": "f"}}]),
            "STOP",
        ),
    ];
    let response = response(plain(), &chunks);
    let output = response["output"].as_array().unwrap();
    assert_eq!(output[0]["summary"][0]["text"], "hm");
    assert_eq!(output[1]["content"][0]["text"], "Hey");
    assert_eq!(
        (&output[2]["arguments"], &output[3]["arguments"]),
        (&json!("{\"a\":1}"), &json!("{}"))
    );
    assert_ne!(output[2]["call_id"], output[3]["call_id"]);
    assert_eq!(response["status"], "completed");
    assert_eq!(response["model"], "gemini-x");
}

#[test]
fn case_19_every_reason_of_an_end_has_its_event() {
    for (reason, status, why) in [
        ("STOP", "completed", Value::Null),
        ("MAX_TOKENS", "incomplete", json!("max_output_tokens")),
        ("SAFETY", "incomplete", json!("content_filter")),
        ("RECITATION", "incomplete", json!("content_filter")),
        ("PROHIBITED_CONTENT", "incomplete", json!("content_filter")),
        ("MALFORMED_FUNCTION_CALL", "failed", Value::Null),
        ("UNEXPECTED_TOOL_CALL", "failed", Value::Null),
        ("MALFORMED_RESPONSE", "failed", Value::Null),
        ("MISSING_THOUGHT_SIGNATURE", "failed", Value::Null),
        ("IMAGE_RECITATION", "incomplete", json!("content_filter")),
        ("OTHER", "completed", Value::Null),
        ("BRAND_NEW", "completed", Value::Null),
    ] {
        let response = response(plain(), &[last(json!([{"text": "a"}]), reason)]);
        assert_eq!(response["status"], status, "{reason}");
        assert_eq!(response["incomplete_details"]["reason"], why, "{reason}");
        assert_eq!(response["usage"]["output_tokens"], 9, "{reason}");
    }
    let mut malformed = last(json!([]), "MALFORMED_FUNCTION_CALL");
    malformed["candidates"][0]["finishMessage"] = json!("print(f(");
    let failed = response(plain(), &[malformed]);
    assert_eq!(failed["error"]["code"], "server_error");
    assert!(
        failed["error"]["message"]
            .as_str()
            .unwrap()
            .ends_with("MALFORMED_FUNCTION_CALL: print(f(")
    );
    assert_eq!(
        response(plain(), &[last(json!([]), "OTHER")])["status"],
        "failed"
    );
}

#[test]
fn a_blocked_prompt_is_a_filtered_answer() {
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "unsafe"},
        "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}});
    let response = response(plain(), &[blocked]);
    assert_eq!(response["incomplete_details"]["reason"], "content_filter");
    assert_eq!(response["output"][0]["content"][0]["refusal"], "unsafe");
    assert_eq!(response["usage"]["input_tokens"], 3);
}

#[test]
fn case_70_the_last_counters_win_and_thoughts_are_output() {
    let mut first = chunk(json!([{"text": "a"}]));
    first["usageMetadata"] = json!({"promptTokenCount": 9, "totalTokenCount": 9});
    let response = response(plain(), &[first, last(json!([]), "STOP")]);
    assert_eq!(
        response["usage"],
        json!({"input_tokens": 11, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 9,
            "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 20})
    );
    let silent =
        json!({"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}]});
    assert_eq!(super::response(plain(), &[silent])["usage"], Value::Null);
}

#[test]
fn arguments_that_came_as_text_are_not_quoted_again() {
    let call = json!([{"functionCall": {"name": "get", "args": "{\"p\":1}"}}]);
    let answer = response(plain(), &[last(call, "STOP")]);
    assert_eq!(answer["output"][0]["arguments"], "{\"p\":1}");
}

#[test]
fn case_63_a_stream_that_ends_too_early_failed() {
    let events = run(plain(), &[chunk(json!([{"text": "a"}]))], StreamEnd::Eof);
    assert_eq!(events.last().unwrap().kind(), "response.failed");
    let events = run(plain(), &[], StreamEnd::Eof);
    assert_eq!(events.last().unwrap().kind(), "response.failed");
    let whole = json!({"candidates": [{
        "content": {"parts": [{"text": "a"}]}, "finishReason": "STOP",
    }]});
    let reset = StreamEnd::Broken(UpstreamFault::Broken("reset".to_owned()));
    let events = run(plain(), &[whole], reset);
    assert_eq!(events.last().unwrap().kind(), "response.completed");
}

#[test]
fn case_65_an_error_keeps_its_words_and_status() {
    let error = json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}});
    let failed = response(plain(), &[chunk(json!([{"text": "a"}])), error]);
    assert_eq!(failed["error"]["message"], "busy");
    assert_eq!(failed["error"]["status"], 503);
    assert_eq!(failed["error"]["code"], "server_is_overloaded");
    assert_eq!(failed["output"][0]["content"][0]["text"], "a");
}

#[test]
fn other_candidates_are_not_mixed_in() {
    let two = json!({"candidates": [
        {"index": 0, "content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"},
        {"index": 1, "content": {"parts": [{"text": "b"}]}, "finishReason": "MAX_TOKENS"},
    ]});
    let response = response(plain(), &[two]);
    assert_eq!(response["status"], "completed");
    assert_eq!(response["output"][0]["content"][0]["text"], "a");
}

#[test]
fn case_23_free_form_and_grouped_tools_come_back_as_what_they_were() {
    let request = json!({"model": "m", "input": "hi", "tools": [{"type": "custom", "name": "apply_patch"},
        {"type": "namespace", "name": "mcp__calc", "tools": [{"type": "function", "name": "add"}]}]});
    let response = response(
        context(&request),
        &[last(
            json!([
                {"functionCall": {"id": "1", "name": "apply_patch", "args": {"input": "*** \"é\"\n"}}},
                {"functionCall": {"id": "2", "name": "mcp__calc__add", "args": {}}},
            ]),
            "STOP",
        )],
    );
    assert_eq!(response["output"][0]["type"], "custom_tool_call");
    assert_eq!(response["output"][0]["input"], "*** \"é\"\n");
    assert_eq!(
        (
            &response["output"][1]["namespace"],
            &response["output"][1]["name"]
        ),
        (&json!("mcp__calc"), &json!("add"))
    );
}

#[test]
fn citations_become_annotations() {
    let mut cited = last(json!([{"text": "so it is"}]), "STOP");
    cited["candidates"][0]["citationMetadata"] =
        json!({"citationSources": [{"startIndex": 0, "endIndex": 2, "uri": "https://x"}]});
    let response = response(plain(), &[cited]);
    assert_eq!(
        response["output"][0]["content"][0]["annotations"][0]["url"],
        "https://x"
    );
}

#[test]
fn case_66_streamed_and_whole_answers_are_equal() {
    let parts = json!([
        {"text": "hm", "thought": true}, {"text": "Hey"},
        {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "s"}, {"functionCall": {"id": "x", "name": "f"}},
    ]);
    for reason in ["STOP", "MAX_TOKENS", "SAFETY", "MALFORMED_FUNCTION_CALL"] {
        let whole = last(parts.clone(), reason);
        let mut chunks: Vec<Value> = parts
            .as_array()
            .unwrap()
            .iter()
            .map(|part| chunk(json!([part])))
            .collect();
        chunks.push(last(json!([]), reason));
        let folded = respond(serde_json::from_value(whole).unwrap(), plain(), &stamp()).unwrap();
        assert_eq!(
            serde_json::to_value(folded).unwrap(),
            response(plain(), &chunks),
            "{reason}"
        );
    }
}

fn plain() -> llmx_bridge::Context {
    context(&with_tool(&json!([user("go")])))
}
