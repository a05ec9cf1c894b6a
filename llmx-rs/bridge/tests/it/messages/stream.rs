//! The stream of an answer: what the client sees, event by event.

use llmx_bridge::{StreamEnd, UpstreamFault};
use llmx_wire::responses::StreamEvent;
use serde_json::{Value, json};

use super::history::{user, with_tool};
use super::{answer, context, redacted, response, run, text, thinking, tool_use};

#[test]
fn a_whole_answer_is_told_in_the_order_that_clients_rely_on() {
    let blocks = [
        thinking(&["hm", "?"], "sig"),
        text(&["He", "y"]),
        tool_use("toolu_1", "f", &["{\"a\"", ":1}"]),
    ];
    let events = run(plain(), &answer(&blocks, "tool_use"), StreamEnd::Eof);
    assert_eq!(
        brief(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added 0 reasoning",
            "response.reasoning_summary_part.added 0",
            "response.reasoning_summary_text.delta 0 hm",
            "response.reasoning_summary_text.delta 0 ?",
            "response.reasoning_summary_text.done 0 hm?",
            "response.reasoning_summary_part.done 0",
            "response.output_item.done 0 reasoning",
            "response.output_item.added 1 message",
            "response.content_part.added 1",
            "response.output_text.delta 1 He",
            "response.output_text.delta 1 y",
            "response.output_text.done 1 Hey",
            "response.content_part.done 1",
            "response.output_item.done 1 message",
            "response.output_item.added 2 function_call",
            "response.function_call_arguments.delta 2 {\"a\"",
            "response.function_call_arguments.delta 2 :1}",
            "response.function_call_arguments.done 2 {\"a\":1}",
            "response.output_item.done 2 function_call",
            "response.completed",
        ]
    );
}

#[test]
fn a_whole_call_is_told_before_the_answer_ends() {
    let mut events = answer(&[tool_use("c", "f", &["{}"])], "tool_use");
    events.truncate(events.len() - 2);
    let seen = run(plain(), &events, StreamEnd::Eof);
    let done = seen
        .iter()
        .position(|it| it.kind() == "response.output_item.done");
    let failed = seen.iter().position(|it| it.kind() == "response.failed");
    assert!(done.unwrap() < failed.unwrap());
}

#[test]
fn case_15_text_call_and_text_are_three_items() {
    let blocks = [text(&["a"]), tool_use("c", "f", &["{}"]), text(&["b"])];
    let response = response(plain(), &answer(&blocks, "tool_use"));
    let kinds: Vec<&str> = response["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["message", "function_call", "message"]);
}

#[test]
fn case_01_parallel_calls_are_routed_by_their_block() {
    let mut events = answer(&[], "tool_use");
    let tail = events.split_off(1);
    for index in 0..2 {
        let (block, _) = tool_use(&format!("c{index}"), "f", &[]);
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
    }
    for (index, piece) in [(0, "{\"n\":"), (1, "{\"n\":1"), (0, "0}"), (1, "}")] {
        events.push(json!({"type": "content_block_delta", "index": index,
            "delta": {"type": "input_json_delta", "partial_json": piece}}));
    }
    events.extend((0..2).map(|index| json!({"type": "content_block_stop", "index": index})));
    events.extend(tail);
    let response = response(plain(), &events);
    assert_eq!(response["output"][0]["arguments"], "{\"n\":0}");
    assert_eq!(response["output"][1]["arguments"], "{\"n\":1}");
    assert_eq!(response["output"][1]["call_id"], "c1");
}

#[test]
fn case_10_and_12_the_placeholder_gives_way_to_the_deltas_and_nothing_becomes_an_object() {
    for (input, pieces, expected) in [
        (json!({}), vec!["{\"a\"", ":1}"], "{\"a\":1}"),
        (json!({}), vec![], "{}"),
        (json!({}), vec![""], "{}"),
        (json!({"a": 1}), vec![], "{\"a\":1}"),
        (json!({"a": 1}), vec!["{\"b\":2}"], "{\"b\":2}"),
        (Value::Null, vec![], "{}"),
    ] {
        let (mut block, deltas) = tool_use("c", "f", &pieces);
        block["input"] = input;
        let response = response(plain(), &answer(&[(block, deltas)], "tool_use"));
        assert_eq!(response["output"][0]["arguments"], expected);
        assert_eq!(response["output"][0]["status"], "completed");
    }
}

#[test]
fn case_22_a_call_that_was_cut_off_is_incomplete() {
    let blocks = [text(&["ok"]), tool_use("c", "f", &["{\"command\":\"rm -r"])];
    let response = response(plain(), &answer(&blocks, "max_tokens"));
    assert_eq!(response["status"], "incomplete");
    assert_eq!(
        response["incomplete_details"]["reason"],
        "max_output_tokens"
    );
    assert_eq!(response["output"][0]["status"], "completed");
    assert_eq!(response["output"][1]["status"], "incomplete");
    assert_eq!(response["usage"]["output_tokens"], 20);
}

#[test]
fn case_23_a_free_form_call_comes_back_unwrapped() {
    let request = json!({"model": "m", "input": [user("go")], "tools": [
        {"type": "custom", "name": "apply_patch"},
        {"type": "namespace", "name": "mcp__calc", "tools": [{"type": "function", "name": "add", "parameters": {}}]},
    ]});
    let blocks = [
        tool_use(
            "c1",
            "apply_patch",
            &["{\"inp", "ut\":\"a\\", "n\\u00", "e9\"}"],
        ),
        tool_use("c2", "mcp__calc__add", &["{}"]),
    ];
    let events = run(
        context(&request),
        &answer(&blocks, "tool_use"),
        StreamEnd::Eof,
    );
    let deltas: String = brief(&events)
        .iter()
        .filter_map(|it| {
            it.strip_prefix("response.custom_tool_call_input.delta 0 ")
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(deltas, "a\né");
    let response = response(context(&request), &answer(&blocks, "tool_use"));
    assert_eq!(response["output"][0]["type"], "custom_tool_call");
    assert_eq!(response["output"][0]["input"], "a\né");
    assert_eq!(response["output"][1]["name"], "add");
    assert_eq!(response["output"][1]["namespace"], "mcp__calc");
}

#[test]
fn every_reason_of_an_end_has_its_event() {
    for (reason, status, why) in [
        ("end_turn", "completed", Value::Null),
        ("tool_use", "completed", Value::Null),
        ("stop_sequence", "completed", Value::Null),
        ("something_new", "completed", Value::Null),
        ("max_tokens", "incomplete", json!("max_output_tokens")),
        ("refusal", "incomplete", json!("content_filter")),
        ("pause_turn", "incomplete", json!("pause_turn")),
        ("model_context_window_exceeded", "failed", Value::Null),
    ] {
        let response = response(plain(), &answer(&[text(&["a"])], reason));
        assert_eq!(response["status"], status, "{reason}");
        assert_eq!(response["incomplete_details"]["reason"], why, "{reason}");
        assert_eq!(response["usage"]["output_tokens"], 20, "{reason}");
        assert_eq!(response["output"][0]["content"][0]["text"], "a", "{reason}");
    }
    let full = response(plain(), &answer(&[], "model_context_window_exceeded"));
    assert_eq!(full["error"]["code"], "context_length_exceeded");
}

#[test]
fn a_refusal_keeps_its_explanation_and_a_stop_sequence_its_text() {
    let mut events = answer(&[text(&["I"])], "refusal");
    let at = events.len() - 2;
    events[at]["delta"]["stop_details"] = json!({"type": "refusal", "explanation": "unsafe"});
    let refused = response(plain(), &events);
    assert_eq!(
        refused["output"][0]["content"][1],
        json!({"type": "refusal", "refusal": "unsafe"})
    );

    let mut events = answer(&[text(&["I"])], "stop_sequence");
    events[at]["delta"]["stop_sequence"] = json!("END");
    assert_eq!(response(plain(), &events)["stop_sequence"], "END");
}

#[test]
fn case_70_cached_tokens_become_part_of_the_input() {
    let response = response(plain(), &answer(&[text(&["a"])], "end_turn"));
    assert_eq!(
        response["usage"],
        json!({
            "input_tokens": 18, "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 5},
            "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 38,
        })
    );
}

#[test]
fn case_70_absent_usage_stays_absent_and_the_last_word_counts() {
    let silent = [
        json!({"type": "message_start", "message": {"id": "x", "usage": null}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "a"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": null}),
        json!({"type": "message_stop"}),
    ];
    assert_eq!(response(plain(), &silent)["usage"], Value::Null);
    let mut told = silent.to_vec();
    told[0]["message"]["usage"] = json!({"input_tokens": 4, "output_tokens": 1});
    told[3]["usage"] = json!({"input_tokens": 6, "output_tokens": 2});
    let usage = response(plain(), &told)["usage"].clone();
    assert_eq!(
        (&usage["input_tokens"], &usage["output_tokens"]),
        (&json!(6), &json!(2))
    );
}

#[test]
fn case_63_a_stream_that_ends_too_early_failed() {
    let whole = answer(&[text(&["a"])], "end_turn");
    for cut in 0..whole.len() {
        let events = run(plain(), &whole[..cut], StreamEnd::Eof);
        let told_its_reason = cut >= whole.len() - 1;
        let expected = if told_its_reason {
            "response.completed"
        } else {
            "response.failed"
        };
        assert_eq!(events.last().unwrap().kind(), expected, "{cut}");
        let reset = StreamEnd::Broken(UpstreamFault::Broken("reset".to_owned()));
        let events = run(plain(), &whole[..cut], reset);
        assert_eq!(events.last().unwrap().kind(), expected, "{cut}");
    }
}

#[test]
fn case_64_nothing_follows_the_end() {
    let mut events = answer(&[text(&["a"])], "end_turn");
    let whole = run(plain(), &events, StreamEnd::Eof);
    events.extend(answer(&[text(&["b"])], "max_tokens"));
    assert_eq!(run(plain(), &events, StreamEnd::Eof), whole);
}

#[test]
fn case_65_an_error_keeps_its_words_wherever_it_comes() {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let first = response(plain(), std::slice::from_ref(&error));
    assert_eq!(
        (&first["status"], &first["error"]["code"]),
        (&json!("failed"), &json!("server_is_overloaded"))
    );
    assert_eq!(
        (&first["error"]["message"], &first["error"]["status"]),
        (&json!("busy"), &json!(529))
    );

    let mut events = answer(&[text(&["partial"])], "end_turn");
    events.insert(3, error);
    let midway = response(plain(), &events);
    assert_eq!(midway["error"]["message"], "busy");
    assert_eq!(midway["output"][0]["content"][0]["text"], "partial");
    assert_eq!(midway["output"][0]["status"], "incomplete");
}

#[test]
fn case_59_pings_and_unknown_events_are_nothing() {
    let quiet = answer(&[text(&["a"])], "end_turn");
    let mut noisy = Vec::new();
    for event in &quiet {
        noisy.extend([
            json!({"type": "ping"}),
            json!({"type": "hologram", "index": 0}),
            event.clone(),
        ]);
    }
    assert_eq!(
        run(plain(), &noisy, StreamEnd::Eof),
        run(plain(), &quiet, StreamEnd::Eof)
    );
}

#[test]
fn seed_37_a_delta_of_another_kind_of_block_fails_closed() {
    for delta in [
        json!({"type": "text_delta", "text": "x"}),
        json!({"type": "new_delta"}),
    ] {
        let mut call = tool_use("c", "f", &["{}"]);
        call.1.push(delta);
        let response = response(plain(), &answer(&[call], "tool_use"));
        assert_eq!(response["status"], "failed");
        assert_eq!(response["error"]["code"], "server_error");
    }
}

#[test]
fn blocks_without_a_beginning_are_told_by_their_deltas() {
    let events = [
        json!({"type": "message_start", "message": {}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "a"}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
    ];
    let response = response(plain(), &events);
    assert_eq!(response["output"][0]["summary"][0]["text"], "hm");
    assert_eq!(response["output"][1]["content"][0]["text"], "a");
    let unnamed = [
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{"}}),
    ];
    assert_eq!(super::response(plain(), &unnamed)["status"], "failed");
}

#[test]
fn case_49_and_52_thoughts_are_items_of_their_own_and_sealed_only_if_signed() {
    let blocks = [
        thinking(&["a"], "s1"),
        redacted("opaque"),
        thinking(&["b"], ""),
        text(&["c"]),
    ];
    let response = response(plain(), &answer(&blocks, "end_turn"));
    let output = response["output"].as_array().unwrap();
    assert_eq!(output.len(), 4);
    for (item, sealed, shown) in [
        (0, true, json!("a")),
        (1, true, Value::Null),
        (2, false, json!("b")),
    ] {
        assert_eq!(output[item]["type"], "reasoning");
        assert_eq!(
            output[item]["encrypted_content"].is_string(),
            sealed,
            "{item}"
        );
        assert_eq!(output[item]["summary"][0]["text"], shown, "{item}");
    }
    assert_eq!(output[3]["content"][0]["text"], "c");
}

#[test]
fn citations_become_annotations() {
    let mut block = text(&["found"]);
    block.1.push(json!({"type": "citations_delta", "citation": {"type": "web_search_result_location", "url": "https://x"}}));
    let response = response(plain(), &answer(&[block], "end_turn"));
    let annotation = &response["output"][0]["content"][0]["annotations"][0];
    assert_eq!(annotation["type"], "url_citation");
    assert_eq!(annotation["url"], "https://x");
}

#[test]
fn case_72_the_forced_call_is_the_answer() {
    let request = json!({"model": "m", "input": "hi", "text": {"format": {
        "type": "json_schema", "name": "answer", "schema": {"type": "object"}}}});
    let blocks = [tool_use("c", "answer", &["{\"a\"", ":1}"])];
    let events = run(
        context(&request),
        &answer(&blocks, "tool_use"),
        StreamEnd::Eof,
    );
    assert!(brief(&events).contains(&"response.output_text.done 0 {\"a\":1}".to_owned()));
    assert_eq!(
        response(context(&request), &answer(&blocks, "tool_use"))["output"][0]["type"],
        "message"
    );
}

fn plain() -> llmx_bridge::Context {
    context(&with_tool(&json!([user("go")])))
}

/// Tells each event by its type, its place and its text.
fn brief(events: &[StreamEvent]) -> Vec<String> {
    events
        .iter()
        .map(|event| {
            let value = serde_json::to_value(event).unwrap();
            let mut line = event.kind().to_owned();
            if let Some(index) = value["output_index"].as_u64() {
                line.push_str(&format!(" {index}"));
            }
            for field in ["delta", "text", "arguments", "input"] {
                if let Some(text) = value[field].as_str() {
                    line.push_str(&format!(" {text}"));
                }
            }
            if let Some(kind) = value["item"]["type"].as_str() {
                line.push_str(&format!(" {kind}"));
            }
            line
        })
        .collect()
}
