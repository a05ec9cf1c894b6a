//! The Messages types lose nothing, keep what they do not know, and say what is wrong.

use llmx_wire::messages::{
    ContentBlock, Delta, ErrorBody, Message, ModelList, Request, Response, Role, Source,
    StopReason, StreamEvent, ThinkingConfig, TokenCount, Tool, ToolChoice, Usage,
};
use llmx_wire::responses::TextOrList;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::lossless::{json_value, merged, round_trip, unknown_fields};

#[test]
fn the_first_request_of_a_coding_agent_survives_the_round_trip() {
    let parsed: Request = round_trip(&json!({
        "model": "m", "max_tokens": 32000, "stream": true,
        "system": [
            {"type": "text", "text": "x-billing: a"},
            {"type": "text", "text": "rules", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "say hi", "cache_control": {"type": "ephemeral"}}]},
            {"role": "system", "content": "the date changed"},
        ],
        "tools": [
            {"name": "Bash", "description": "d", "input_schema": {"$schema": "s", "type": "object"}},
            {"type": "custom", "name": "Read", "input_schema": {"type": "object"}, "strict": true},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
        ],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {}}},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "metadata": {"user_id": "{\"device\":1}"}, "service_tier": "standard_only",
        "stop_sequences": ["END"], "temperature": 0.5, "top_p": 0.9, "top_k": 40,
        "cache_control": {"type": "ephemeral"},
    }));
    assert_eq!(parsed.messages[1].role, Role::System);
    assert!(matches!(&parsed.tools[0], Tool::Client(tool) if tool.kind.is_none()));
    assert!(matches!(&parsed.tools[2], Tool::Unknown(tool) if tool["max_uses"] == 5));
    assert!(matches!(parsed.tool_choice, Some(ToolChoice::Auto(_))));
    assert!(matches!(parsed.thinking, Some(ThinkingConfig::Adaptive(_))));
}

#[test]
fn the_second_turn_of_a_coding_agent_survives_the_round_trip() {
    let parsed: Request = round_trip(&json!({
        "model": "m", "max_tokens": 1, "system": "be brief",
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "messages": [
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "t", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "b3Bh"},
                {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
                {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no", "is_error": true,
                 "cache_control": {"type": "ephemeral"}},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}]},
                {"type": "tool_result", "tool_use_id": "toolu_3"},
                {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
                {"type": "document", "source": {"type": "file", "file_id": "f1"}, "title": "T", "context": "c"},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "d"}},
                {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "c"}]},
                 "citations": {"enabled": true}},
                {"type": "document", "source": {"type": "hologram", "beam": 1}},
            ]},
        ],
    }));
    let TextOrList::List(blocks) = &parsed.messages[1].content else {
        panic!("content is a list")
    };
    assert!(
        matches!(&blocks[0], ContentBlock::ToolResult(result) if result.is_error == Some(true))
    );
    assert!(matches!(&blocks[7], ContentBlock::Document(it)
        if matches!(it.source, Source::Unknown(_))));
}

#[test]
fn a_request_for_a_token_count_has_no_bound() {
    let parsed: Request = round_trip(&json!({"model": "m", "messages": []}));
    assert_eq!(parsed.max_tokens, None);
    round_trip::<TokenCount>(&json!({"input_tokens": 7}));
}

#[test]
fn a_response_survives_the_round_trip() {
    let parsed: Response = round_trip(&json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [{"type": "text", "text": "hi", "citations": [{"type": "char_location"}]}],
        "stop_reason": "end_turn", "stop_sequence": null, "container": null,
        "usage": {"input_tokens": 2, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 5,
                  "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 4},
                  "cache_creation": {"ephemeral_5m_input_tokens": 3}, "service_tier": "standard"},
    }));
    assert_eq!(parsed.stop_reason, Some(StopReason::EndTurn));
}

#[test]
fn every_stop_reason_is_kept() {
    for (text, reason) in [
        ("end_turn", StopReason::EndTurn),
        ("max_tokens", StopReason::MaxTokens),
        (
            "model_context_window_exceeded",
            StopReason::ModelContextWindowExceeded,
        ),
        ("pause_turn", StopReason::PauseTurn),
        ("refusal", StopReason::Refusal),
        ("stop_sequence", StopReason::StopSequence),
        ("tool_use", StopReason::ToolUse),
        ("bored", StopReason::Other("bored".to_owned())),
    ] {
        assert_eq!(round_trip::<StopReason>(&json!(text)), reason);
    }
}

#[test]
fn a_bare_response_of_a_shim_is_read() {
    let response: Response = serde_json::from_value(json!({
        "id": null, "content": null, "usage": null, "stop_reason": "end_turn",
    }))
    .unwrap();
    assert!(response.content.is_empty() && response.usage.input_tokens.is_none());
}

#[test]
fn a_later_counter_replaces_and_a_missing_one_keeps() {
    let usage = |value: Value| serde_json::from_value::<Usage>(value).unwrap();
    let mut held = usage(json!({
        "input_tokens": 10, "cache_read_input_tokens": 4, "output_tokens": 1, "service_tier": "standard",
    }));
    held.replace_by(usage(
        json!({"output_tokens": 9, "input_tokens": null, "service_tier": null, "server_tool_use": {"n": 1}}),
    ));
    let expected = json!({
        "input_tokens": 10, "cache_read_input_tokens": 4, "output_tokens": 9,
        "service_tier": "standard", "server_tool_use": {"n": 1},
    });
    assert_eq!(serde_json::to_value(&held).unwrap(), expected);
}

#[test]
fn odd_counters_and_null_words_do_not_break_a_stream() {
    for (usage, expected) in [
        (json!({"output_tokens": 5.0}), Some(5)),
        (json!({"output_tokens": "5"}), Some(5)),
        (json!({"output_tokens": -1}), None),
        (json!([]), None),
        (json!(null), None),
    ] {
        let event = json!({"type": "message_delta", "delta": {}, "usage": usage});
        let Ok(StreamEvent::MessageDelta(read)) = StreamEvent::parse(None, &event.to_string())
        else {
            panic!("{event}")
        };
        assert_eq!(read.usage.and_then(|it| it.output_tokens), expected);
    }
    for delta in [
        json!({"type": "text_delta", "text": null}),
        json!({"type": "input_json_delta", "partial_json": null}),
    ] {
        let event = json!({"type": "content_block_delta", "index": "1", "delta": delta});
        let Ok(StreamEvent::BlockDelta(read)) = StreamEvent::parse(None, &event.to_string()) else {
            panic!("{event}")
        };
        assert_eq!(read.index, 1);
    }
}

#[test]
fn errors_and_models_survive_the_round_trip() {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"},
        "request_id": "req_1"});
    assert_eq!(
        round_trip::<ErrorBody>(&error).error.kind,
        "overloaded_error"
    );
    round_trip::<ModelList>(&json!({
        "data": [{"type": "model", "id": "m", "display_name": "M", "created_at": "2026-01-01T00:00:00Z"}],
        "has_more": false, "first_id": "m", "last_id": null,
    }));
}

#[test]
fn a_model_list_in_the_words_of_openai_is_read() {
    let list: ModelList = serde_json::from_value(json!({
        "object": "list", "data": [{"id": "m", "object": "model", "created": 1}],
    }))
    .unwrap();
    assert_eq!(list.data[0].id, "m");
}

#[test]
fn every_known_event_survives_the_round_trip() {
    for event in known_events() {
        let parsed = StreamEvent::parse(None, &event.to_string()).unwrap();
        assert!(!matches!(parsed, StreamEvent::Unknown(_)), "{event}");
        if let StreamEvent::BlockDelta(delta) = &parsed {
            assert!(!matches!(delta.delta, Delta::Unknown(_)), "{event}");
        }
        assert_eq!(parsed.kind(), event["type"].as_str().unwrap());
        assert_eq!(serde_json::to_value(&parsed).unwrap(), event);
    }
}

#[test]
fn an_unknown_event_and_an_unknown_delta_are_kept_whole() {
    for event in [
        json!({"type": "hologram", "index": 4}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "beam_delta", "x": [1]}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "beam"}}),
    ] {
        round_trip::<StreamEvent>(&event);
    }
}

#[test]
fn an_error_is_understood_however_it_is_sent() {
    for (name, data) in [
        (
            None,
            r#"{"type":"error","error":{"type":"api_error","message":"no"}}"#,
        ),
        (
            Some("error"),
            r#"{"error":{"type":"api_error","message":"no"}}"#,
        ),
        (None, r#"{"error":{"message":"no"}}"#),
        (Some("message"), r#"{"error":"no"}"#),
        (None, r#"{"type":"error","message":"no"}"#),
    ] {
        let StreamEvent::Error(error) = StreamEvent::parse(name, data).unwrap() else {
            panic!("{data}")
        };
        assert_eq!(error.fault().message, "no", "{data}");
    }
}

#[test]
fn the_event_name_stands_in_for_a_missing_type() {
    let parsed = StreamEvent::parse(Some("content_block_stop"), r#"{"index":2}"#).unwrap();
    assert!(matches!(parsed, StreamEvent::BlockStop(stop) if stop.index == 2));
}

#[test]
fn a_broken_block_is_an_error_that_names_what_is_missing() {
    let broken = json!({"role": "user", "content": [{"type": "tool_use", "name": "n"}]});
    let error = serde_json::from_value::<Message>(broken).unwrap_err();
    assert_eq!(error.to_string(), "`tool_use`: missing field `id`");
}

proptest! {
    /// Whatever else an object holds, reading and writing it changes nothing.
    #[test]
    fn unknown_fields_are_kept(extra in unknown_fields()) {
        for block in blocks() {
            let block = merged(block, &extra);
            round_trip::<ContentBlock>(&block);
            round_trip::<Message>(&merged(json!({"role": "user", "content": [block]}), &extra));
        }
        for tool in [json!({"name": "n", "input_schema": {}}), json!({"type": "bash_20250124", "name": "bash"})] {
            round_trip::<Tool>(&merged(tool, &extra));
        }
        for choice in ["auto", "any", "none", "new"] {
            round_trip::<ToolChoice>(&merged(json!({"type": choice}), &extra));
        }
        round_trip::<Request>(&merged(json!({"model": "m", "messages": []}), &extra));
        for event in known_events() {
            round_trip::<StreamEvent>(&merged(event, &extra));
        }
    }

    /// Data from a hostile server is a value or an error, never a panic.
    #[test]
    fn arbitrary_data_never_panics(text in ".{0,80}", value in json_value()) {
        let _ = StreamEvent::parse(None, &text).is_ok();
        for event in known_events() {
            for field in ["message", "content_block", "delta", "usage", "index", "error", "type"] {
                let mut event = event.clone();
                event[field] = value.clone();
                let _ = StreamEvent::parse(None, &event.to_string()).is_ok();
            }
        }
    }
}

fn blocks() -> Vec<Value> {
    let source = json!({"type": "base64", "media_type": "image/png", "data": "AA=="});
    vec![
        json!({"type": "text", "text": "t"}),
        json!({"type": "image", "source": source}),
        json!({"type": "document", "source": source}),
        json!({"type": "tool_use", "id": "t", "name": "n", "input": {}}),
        json!({"type": "tool_result", "tool_use_id": "t"}),
        json!({"type": "thinking", "thinking": "t", "signature": ""}),
        json!({"type": "redacted_thinking", "data": "d"}),
        json!({"type": "search_result"}),
    ]
}

fn known_events() -> Vec<Value> {
    let mut events = vec![
        json!({"type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": 3, "output_tokens": 1}}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null},
            "usage": {"output_tokens": 12}}),
        json!({"type": "message_stop"}),
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
    ];
    for block in blocks() {
        events.push(json!({"type": "content_block_start", "index": 1, "content_block": block}));
    }
    for delta in [
        json!({"type": "text_delta", "text": "h"}),
        json!({"type": "input_json_delta", "partial_json": "{\"a\":"}),
        json!({"type": "thinking_delta", "thinking": "t"}),
        json!({"type": "signature_delta", "signature": "s"}),
        json!({"type": "citations_delta", "citation": {"type": "char_location"}}),
    ] {
        events.push(json!({"type": "content_block_delta", "index": 1, "delta": delta}));
    }
    events
}
