//! A client of Messages, such as Claude Code, in front of the pivot.

use llmx_bridge::decision::Decision;
use llmx_bridge::messages::{
    MESSAGES_TO_RESPONSES, ResponsesToMessages, error_body, fold_events, from_messages, reply,
    to_messages,
};
use llmx_bridge::{LossAction, Options, StreamBridge, StreamEnd, UpstreamFault, for_responses};
use llmx_wire::messages::{Request, StreamEvent};
use llmx_wire::responses;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::stamp;
use crate::laws;

#[test]
fn the_second_turn_of_a_coding_agent_becomes_items() {
    let request = json!({
        "model": "m", "max_tokens": 32000, "stream": true,
        "system": [{"type": "text", "text": "x-billing: a"}, {"type": "text", "text": "rules", "cache_control": {"type": "ephemeral"}}],
        "thinking": {"type": "adaptive"}, "output_config": {"effort": "high"},
        "tools": [{"name": "Bash", "description": "d", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
        "metadata": {"user_id": "u"},
        "messages": [
            {"role": "user", "content": "say hi"},
            {"role": "system", "content": "the date changed"},
            {"role": "assistant", "content": [
                {"type": "text", "text": "I run it."},
                {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": true},
                {"type": "text", "text": "go on"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
            ]},
        ],
    });
    let pivot = pivot(&request);
    assert_eq!(
        pivot["input"],
        json!([
            {"type": "message", "role": "developer", "content": [
                {"type": "input_text", "text": "x-billing: a"},
                {"type": "input_text", "text": "rules", "cache_control": {"type": "ephemeral"}}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "say hi"}]},
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "the date changed"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I run it."}]},
            {"type": "function_call", "call_id": "t1", "name": "Bash", "arguments": "{\"command\":\"ls\"}"},
            {"type": "function_call_output", "call_id": "t1", "output": "no", "is_error": true},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "go on"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA=="}]},
        ])
    );
    assert_eq!(
        pivot["reasoning"],
        json!({"effort": "high", "summary": "auto"})
    );
    assert_eq!(pivot["tools"][0]["parameters"], json!({"type": "object"}));
    assert_eq!(
        (&pivot["tools"][0]["strict"], &pivot["store"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(
        (&pivot["tool_choice"], &pivot["parallel_tool_calls"]),
        (&json!("auto"), &json!(false))
    );
    assert_eq!(
        (&pivot["max_output_tokens"], &pivot["user"]),
        (&json!(32000), &json!("u"))
    );
    assert_eq!(losses(&request), "");

    let mut translated = from_messages(&parse(&request), &Options::default()).unwrap();
    for_responses(&mut translated.request, &mut translated.losses);
    assert_eq!(
        translated.losses.header_value().unwrap(),
        "input[].content[].cache_control, input[].is_error"
    );
}

#[test]
fn options_are_mapped_dropped_by_name_or_refused() {
    let ask = |more: Value| {
        let mut request =
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        request
    };
    let plain = pivot(&ask(
        json!({"stop_sequences": ["E"], "top_k": 4, "service_tier": "standard_only",
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}),
    ));
    assert_eq!(
        (&plain["stop"], &plain["top_k"], &plain["service_tier"]),
        (&json!(["E"]), &json!(4), &json!("default"))
    );
    assert_eq!(plain["text"]["format"]["schema"], json!({"type": "object"}));
    assert_eq!(plain["reasoning"], Value::Null);

    for (budget, effort) in [
        (1_024, "minimal"),
        (4_000, "low"),
        (10_000, "high"),
        (60_000, "xhigh"),
    ] {
        let request = ask(json!({"thinking": {"type": "enabled", "budget_tokens": budget}}));
        assert_eq!(pivot(&request)["reasoning"]["effort"], effort);
        assert_eq!(losses(&request), "thinking.budget_tokens;lowered");
    }
    let lost = ask(
        json!({"context_management": {"edits": []}, "cache_control": {"type": "ephemeral"},
        "metadata": {"user_id": "x".repeat(65)}, "new_field": 1,
        "tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    );
    assert_eq!(
        losses(&lost),
        "tools[].web_search_20250305, cache_control, metadata.user_id, context_management, new_field"
    );
    for (field, value) in [
        ("mcp_servers", json!([{"name": "x"}])),
        ("container", json!("c")),
    ] {
        let fault =
            from_messages(&parse(&ask(json!({field: value}))), &Options::default()).unwrap_err();
        assert_eq!(fault.path(), field);
    }
    let odd = ask(
        json!({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}]}),
    );
    let fault = from_messages(&parse(&odd), &Options::default()).unwrap_err();
    assert_eq!(fault.path(), "messages[0].content[0]");
}

/// Found by fuzzing: the mark on a result went without a word.
#[test]
fn a_mark_that_has_no_place_is_named() {
    let mark = json!({"type": "ephemeral"});
    let blocks = |role: &str| match role {
        "assistant" => vec![
            json!({"type": "text", "text": "x"}),
            json!({"type": "tool_use", "id": "t1", "name": "f", "input": {}}),
        ],
        _ => vec![
            json!({"type": "tool_result", "tool_use_id": "t1"}),
            json!({"type": "image", "source": {"type": "url", "url": "https://a/b.png"}}),
            json!({"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}}),
        ],
    };
    for role in ["assistant", "user"] {
        for mut block in blocks(role) {
            let request = |block: &Value| json!({"model": "m", "max_tokens": 1, "messages": [{"role": role, "content": [block]}]});
            assert_eq!(losses(&request(&block)), "");
            block["cache_control"] = mark.clone();
            let named = losses(&request(&block));
            assert_eq!(named, "messages[].content[].cache_control", "{block}");
        }
    }
}

#[test]
fn an_answer_is_told_in_blocks_that_begin_and_end() {
    let events = stream(&[
        json!({"type": "response.created", "response": {"id": "r", "model": "gpt-x"}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "id": "rs", "summary": []}}),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "hm"}),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 1, "delta": "so"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": {"type": "reasoning", "id": "rs",
            "summary": [{"type": "summary_text", "text": "hm"}, {"type": "summary_text", "text": "so"}], "encrypted_content": "gAAA"}}),
        json!({"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "Hey"}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": message("Hey")}),
        json!({"type": "response.output_item.added", "output_index": 2, "item": call("")}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "{\"a\":"}),
        json!({"type": "response.output_item.done", "output_index": 2, "item": call("{\"a\":1}")}),
        json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "usage": {
            "input_tokens": 18, "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 5},
            "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 38}}}),
    ]);
    let events: Vec<Value> = events.iter().map(|event| json!(event)).collect();
    let seal = r#"llmxr1:{"i":"rs","e":"gAAA"}"#;
    assert_eq!(events[0]["message"]["model"], "gpt-x");
    assert_eq!(events[0]["message"]["stop_reason"], Value::Null);
    assert_eq!(
        events[1..],
        [
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "\n\nso"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": seal}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hey"}}),
            json!({"type": "content_block_stop", "index": 1}),
            json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "c1", "name": "f", "input": {}}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"a\":"}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "1}"}}),
            json!({"type": "content_block_stop", "index": 2}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {
                "input_tokens": 3, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 10, "output_tokens": 20,
                "output_tokens_details": {"thinking_tokens": 4}}}),
            json!({"type": "message_stop"}),
        ]
    );
}

#[test]
fn a_whole_answer_is_the_same_answer() {
    let response = json!({"id": "r", "status": "completed", "model": "gpt-x", "output": [
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gAAA"},
        {"type": "reasoning", "id": "r2", "summary": [], "encrypted_content": "gBBB"},
        message("Hey"), call("{\"a\":1}"),
    ], "usage": {"input_tokens": 3, "output_tokens": 2}});
    let whole = reply(
        serde_json::from_value(response.clone()).unwrap(),
        context(),
        &stamp(),
    )
    .unwrap();
    let mut events = vec![json!({"type": "response.created", "response": {"model": "gpt-x"}})];
    for (index, item) in response["output"].as_array().unwrap().iter().enumerate() {
        events.push(
            json!({"type": "response.output_item.done", "output_index": index, "item": item}),
        );
    }
    events.push(json!({"type": "response.completed", "response": response}));
    assert_eq!(fold_events(stream(&events)).unwrap(), whole);
    let whole = json!(whole);
    assert_eq!(whole["content"][1]["type"], "redacted_thinking");
    assert_eq!(
        whole["content"][3],
        json!({"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}})
    );
    assert_eq!(
        (&whole["type"], &whole["role"]),
        (&json!("message"), &json!("assistant"))
    );
}

/// Found by fuzzing: a whole answer told none of its citations, and a stream none that came before
/// the words.
#[test]
fn citations_are_told_whole_and_streamed_and_before_their_words() {
    let remark = |url: &str| json!({"type": "url_citation", "url": url, "title": "t"});
    let text =
        json!({"type": "output_text", "text": "Hey", "annotations": [remark("a"), remark("b")]});
    let item = json!({"type": "message", "role": "assistant", "content": [text]});
    let response = json!({"id": "r", "status": "completed", "model": "m", "output": [item]});
    let added = |url: &str| {
        json!({"type": "response.output_text.annotation.added", "output_index": 0,
        "content_index": 0, "annotation": remark(url)})
    };
    let streamed = stream(&[
        json!({"type": "response.created", "response": {"model": "m"}}),
        added("a"),
        json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hey"}),
        added("b"),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        json!({"type": "response.completed", "response": response}),
    ]);
    let whole = serde_json::from_value(response).unwrap();
    let whole = reply(whole, context(), &stamp()).unwrap();
    assert_eq!(fold_events(streamed).unwrap(), whole);
    let citations = &json!(whole)["content"][0]["citations"];
    assert_eq!(
        (&citations[0]["url"], &citations[1]["url"]),
        (&json!("a"), &json!("b"))
    );
}

/// Found by fuzzing: what was told of the full reasoning was taken off its summary.
#[test]
fn a_summary_that_comes_with_the_item_is_told_after_the_full_reasoning() {
    let item = json!({"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "short"}],
        "content": [{"type": "reasoning_text", "text": "long"}]});
    let told = fold_events(stream(&[
        json!({"type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "long"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        json!({"type": "response.completed", "response": {"id": "r", "output": [item]}}),
    ]));
    assert_eq!(
        json!(told.unwrap())["content"][0]["thinking"],
        "long\n\nshort"
    );
}

#[test]
fn reasoning_comes_back_through_a_client_that_cannot_read_it() {
    let response = json!({"id": "r", "status": "completed", "output": [
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gAAA"},
        {"type": "reasoning", "summary": [], "encrypted_content": "gBBB"}, call("{}")]});
    let whole = reply(
        serde_json::from_value(response).unwrap(),
        context(),
        &stamp(),
    )
    .unwrap();
    let request = json!({"model": "m", "max_tokens": 1, "messages": [
        {"role": "assistant", "content": json!(whole)["content"]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1"}]}]});
    let items = pivot(&request)["input"].take();
    assert_eq!(
        items[0],
        json!({"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gAAA"})
    );
    assert_eq!(
        items[1],
        json!({"type": "reasoning", "summary": [], "encrypted_content": "gBBB"})
    );
    let foreign = json!({"model": "m", "max_tokens": 1, "messages": [{"role": "assistant", "content": [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"}, {"type": "text", "text": "a"}]}]});
    assert_eq!(losses(&foreign), "messages[].content[].thinking");
}

#[test]
fn every_end_has_its_reason_or_its_error() {
    for (end, reason) in [
        (json!({"status": "completed"}), "end_turn"),
        (
            json!({"status": "completed", "stop_sequence": "E"}),
            "stop_sequence",
        ),
        (
            json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
            "max_tokens",
        ),
        (
            json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}),
            "refusal",
        ),
        (
            json!({"status": "incomplete", "incomplete_details": {"reason": "pause_turn"}}),
            "pause_turn",
        ),
    ] {
        let whole = reply(serde_json::from_value(end).unwrap(), context(), &stamp()).unwrap();
        assert_eq!(json!(whole)["stop_reason"], reason);
    }
    for (code, kind) in [
        ("rate_limit_exceeded", "rate_limit_error"),
        ("server_is_overloaded", "overloaded_error"),
        ("context_length_exceeded", "invalid_request_error"),
        ("server_error", "api_error"),
    ] {
        let failed = json!({"status": "failed", "error": {"code": code, "message": "no"}});
        let error =
            reply(serde_json::from_value(failed).unwrap(), context(), &stamp()).unwrap_err();
        assert_eq!(
            (error.error.kind.as_str(), error.error.message.as_str()),
            (kind, "no"),
            "{code}"
        );
    }
    let body = error_body(&UpstreamFault::from_answer(
        401,
        br#"{"error":{"message":"bad key"}}"#,
    ));
    assert_eq!(
        json!(body),
        json!({"type": "error", "error": {"type": "authentication_error", "message": "bad key"}})
    );
    let cut =
        stream(&[json!({"type": "response.output_text.delta", "output_index": 0, "delta": "a"})]);
    let kinds: Vec<&str> = cut.iter().map(StreamEvent::kind).collect();
    assert_eq!(
        kinds,
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "error"
        ]
    );
}

proptest! {
    /// However its events come, an answer has whole blocks and one end.
    #[test]
    fn every_stream_for_the_client_is_well_formed(picks in prop::collection::vec((0..7_u8, 0..3_u64), 0..20)) {
        let events: Vec<Value> = picks.iter().map(|(kind, place)| match kind {
            0 => json!({"type": "response.output_item.added", "output_index": place, "item": call("")}),
            1 => json!({"type": "response.function_call_arguments.delta", "output_index": place, "delta": "{}"}),
            2 => json!({"type": "response.output_text.delta", "output_index": place, "content_index": 0, "delta": "a"}),
            3 => json!({"type": "response.reasoning_summary_text.delta", "output_index": place, "summary_index": 0, "delta": "b"}),
            4 => json!({"type": "response.output_item.done", "output_index": place, "item": message("ab")}),
            5 => json!({"type": "response.output_item.done", "output_index": place, "item": {"type": "reasoning", "summary": [], "encrypted_content": "e"}}),
            _ => json!({"type": "response.output_item.done", "output_index": place, "item": call("{}")}),
        }).collect();
        let out = stream(&events);
        prop_assert_eq!(laws::messages_stream(&out), Ok(()));
    }
}

#[test]
fn a_history_is_stable_from_messages_to_the_pivot_and_back() {
    let request = json!({
        "model": "m", "max_tokens": 9, "system": [{"type": "text", "text": "rules"}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "go"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "ok"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "r"}], "is_error": true},
                {"type": "text", "text": "on"}]},
        ],
    });
    let translated = from_messages(&parse(&request), &Options::default()).unwrap();
    let mut options = Options::default();
    options.messages.cache = false;
    let back = to_messages(&translated.request, &options).unwrap();
    assert!(back.losses.is_empty());
    let mut back = json!(back.request);
    back.as_object_mut().unwrap().shift_remove("tool_choice");
    assert_eq!(back, request);
}

#[test]
fn the_code_does_what_each_row_of_the_clients_table_says() {
    for row in MESSAGES_TO_RESPONSES {
        let request = sample(row.field);
        let outcome = match from_messages(&parse(&request), &Options::default()) {
            Err(_) => Decision::Refused,
            Ok(mut translated) => {
                for_responses(&mut translated.request, &mut translated.losses);
                let mut losses = translated.losses.iter();
                match losses.next().map(|loss| loss.action) {
                    None => Decision::Mapped,
                    Some(LossAction::Lowered) => Decision::Lowered,
                    Some(LossAction::Dropped) => Decision::Dropped,
                }
            }
        };
        let expected = match row.decision {
            Decision::Local => Decision::Mapped,
            decision => decision,
        };
        assert_eq!(outcome, expected, "{}", row.field);
    }
}

#[test]
fn every_typed_field_of_the_clients_request_has_a_row() {
    let full = json!({
        "model": "m", "max_tokens": 1, "system": "s", "messages": [], "tools": [{"name": "f"}],
        "tool_choice": {"type": "auto"}, "thinking": {"type": "adaptive"}, "output_config": {"effort": "low", "format": {}},
        "stop_sequences": ["x"], "temperature": 1.0, "top_p": 1.0, "top_k": 1, "metadata": {"user_id": "u"},
        "service_tier": "auto", "cache_control": {"type": "ephemeral"}, "stream": true,
    });
    let request = parse(&full);
    assert!(request.extra.is_empty());
    let written = json!(request);
    assert_eq!(
        written.as_object().unwrap().len(),
        full.as_object().unwrap().len()
    );
    let fields = written
        .as_object()
        .unwrap()
        .keys()
        .filter(|it| *it != "output_config")
        .cloned();
    let nested = ["output_config.effort", "output_config.format"].map(str::to_owned);
    for field in fields.chain(nested) {
        assert!(
            MESSAGES_TO_RESPONSES.iter().any(|row| row.field == field),
            "{field}"
        );
    }
}

/// A request in which only `field` can be lost.
fn sample(field: &str) -> Value {
    let mark = json!({"type": "ephemeral"});
    let ask = |name: &str, value: Value| {
        let mut request =
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
        request[name] = value;
        request
    };
    let turn =
        |role: &str, block: Value| ask("messages", json!([{"role": role, "content": [block]}]));
    if let Some(kind) = field.strip_prefix("content[].") {
        let source = json!({"type": "base64", "media_type": "image/png", "data": "AA=="});
        let carried = r#"llmxr1:{"e":"gAAA"}"#;
        let (role, more) = match kind {
            "text" => ("user", json!({"text": "x"})),
            "image" | "document" => ("user", json!({"source": source})),
            "tool_use" => ("assistant", json!({"id": "t", "name": "f", "input": {}})),
            "tool_result" => ("user", json!({"tool_use_id": "t"})),
            "tool_result.is_error" => (
                "user",
                json!({"type": "tool_result", "tool_use_id": "t", "is_error": true}),
            ),
            "cache_control" => (
                "user",
                json!({"type": "text", "text": "x", "cache_control": mark}),
            ),
            "thinking" => ("assistant", json!({"thinking": "x", "signature": carried})),
            "redacted_thinking" => ("assistant", json!({"data": carried})),
            _ => ("assistant", json!({})),
        };
        let mut block = json!({"type": kind});
        block
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        return turn(role, block);
    }
    if let Some(role) = field.strip_prefix("messages[].") {
        return turn(role, json!({"type": "text", "text": "x"}));
    }
    if let Some(kind) = field.strip_prefix("tools[].") {
        return ask(
            "tools",
            json!([{"type": kind, "name": "f", "input_schema": {}}]),
        );
    }
    match field {
        "output_config.effort" => ask("output_config", json!({"effort": "low"})),
        "output_config.format" => ask(
            "output_config",
            json!({"format": {"type": "json_schema", "schema": {}}}),
        ),
        "messages" => ask("stream", json!(false)),
        _ => ask(
            field,
            match field {
                "tools" => json!([{"name": "f", "input_schema": {}}]),
                "tool_choice" => json!({"type": "any"}),
                "thinking" => json!({"type": "enabled", "budget_tokens": 2048}),
                "stop_sequences" => json!(["x"]),
                "max_tokens" | "top_k" => json!(3),
                "temperature" | "top_p" => json!(0.5),
                "metadata" => json!({"user_id": "u"}),
                "cache_control" => mark,
                "stream" => json!(true),
                "context_management" => json!({"edits": []}),
                "mcp_servers" => json!([{"name": "x"}]),
                _ => json!("auto"),
            },
        ),
    }
}

#[test]
fn what_follows_a_thought_that_cannot_be_shown_yet_waits_for_it() {
    let thought = json!({"type": "reasoning", "summary": [], "encrypted_content": "gAAA"});
    let items = [
        json!({"type": "function_call", "call_id": "c0", "name": "f", "arguments": "{\"a\": "}),
        thought.clone(),
        thought,
        json!({"type": "function_call", "call_id": "c3", "name": "g", "arguments": "{}"}),
    ];
    let event = |kind: &str, place: usize| {
        let kind = format!("response.output_item.{kind}");
        json!({"type": kind, "output_index": place, "item": items[place]})
    };
    let kinds = |events: &[Value]| -> Vec<String> {
        let starts = stream(events).into_iter().filter_map(|event| match event {
            StreamEvent::BlockStart(start) => Some(start.content_block.kind().to_owned()),
            _ => None,
        });
        starts.collect()
    };
    let mut begun: Vec<_> = (0..items.len())
        .map(|place| event("added", place))
        .collect();
    begun.push(json!({"type": "response.function_call_arguments.delta", "item_id": "fc", "output_index": 3, "delta": "{}"}));
    let done = (0..items.len()).map(|place| event("done", place));
    let all: Vec<_> = begun.iter().cloned().chain(done).collect();
    let in_order = [
        "tool_use",
        "redacted_thinking",
        "redacted_thinking",
        "tool_use",
    ];
    assert_eq!(kinds(&all), in_order);
    // Nothing is kept back for ever, and nothing waits that need not.
    assert_eq!(kinds(&begun), ["tool_use", "tool_use"]);
    assert_eq!(kinds(&begun[1..]), ["tool_use"]);
}

fn stream(events: &[Value]) -> Vec<StreamEvent> {
    let mut bridge = ResponsesToMessages::new(context(), &stamp());
    let mut out = Vec::new();
    for event in events {
        let event = responses::StreamEvent::parse(None, &event.to_string()).unwrap();
        bridge.push(event, &mut out).unwrap();
    }
    bridge.finish(StreamEnd::Eof, &mut out);
    out
}

fn context() -> llmx_bridge::messages::MessagesContext {
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    from_messages(&parse(&request), &Options::default())
        .unwrap()
        .context
}

fn pivot(request: &Value) -> Value {
    json!(
        from_messages(&parse(request), &Options::default())
            .unwrap()
            .request
    )
}

fn losses(request: &Value) -> String {
    let losses = from_messages(&parse(request), &Options::default())
        .unwrap()
        .losses;
    losses.header_value().unwrap_or_default()
}

fn parse(request: &Value) -> Request {
    serde_json::from_value(request.clone()).unwrap()
}

fn message(text: &str) -> Value {
    json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]})
}

fn call(arguments: &str) -> Value {
    json!({"type": "function_call", "call_id": "c1", "name": "f", "arguments": arguments})
}
