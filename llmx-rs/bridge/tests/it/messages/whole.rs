//! An answer that comes whole is the same answer.

use llmx_bridge::messages::respond;
use serde_json::{Value, json};

use super::history::{user, with_tool};
use super::{answer, context, redacted, response, stamp, text, thinking, tool_use};

#[test]
fn case_66_streamed_and_whole_answers_are_equal() {
    let citation = json!({"type": "char_location", "cited_text": "x"});
    let mut cited = text(&["so ", "it is"]);
    cited
        .1
        .push(json!({"type": "citations_delta", "citation": citation}));
    let streamed_blocks = [
        thinking(&["let me", " see"], "sig"),
        redacted("opaque"),
        cited,
        tool_use("c1", "f", &["{\"a\":", "[1,2]}"]),
        tool_use("c2", "f", &[]),
    ];
    let whole_blocks = json!([
        {"type": "thinking", "thinking": "let me see", "signature": "sig"},
        {"type": "redacted_thinking", "data": "opaque"},
        {"type": "text", "text": "so it is", "citations": [citation]},
        {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": [1, 2]}},
        {"type": "tool_use", "id": "c2", "name": "f", "input": {}},
    ]);
    for reason in [
        "tool_use",
        "end_turn",
        "max_tokens",
        "refusal",
        "pause_turn",
        "model_context_window_exceeded",
    ] {
        let streamed = response(plain(), &answer(&streamed_blocks, reason));
        assert_eq!(whole(&whole_blocks, reason), streamed, "{reason}");
    }
}

#[test]
fn a_whole_answer_is_complete_as_the_api_documents_it() {
    let whole = whole(&json!([{"type": "text", "text": "hi"}]), "end_turn");
    assert_eq!(whole["object"], "response");
    assert_eq!(whole["model"], "claude-x");
    for field in [
        "error",
        "incomplete_details",
        "instructions",
        "metadata",
        "tools",
        "usage",
        "created_at",
        "text",
    ] {
        assert!(whole.get(field).is_some(), "{field}");
    }
}

#[test]
fn an_error_under_the_status_of_success_is_an_error() {
    let body =
        json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}});
    let fault = respond(serde_json::from_value(body).unwrap(), plain(), &stamp()).unwrap_err();
    assert_eq!(
        (fault.status(), fault.code().as_str()),
        (429, "rate_limit_exceeded")
    );
}

fn plain() -> llmx_bridge::Context {
    context(&with_tool(&json!([user("go")])))
}

fn whole(blocks: &Value, reason: &str) -> Value {
    let body = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": blocks,
        "stop_reason": reason, "stop_sequence": null,
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 10, "cache_creation_input_tokens": 5,
                  "output_tokens": 20, "output_tokens_details": {"thinking_tokens": 4}},
    });
    let body = serde_json::from_value(body).unwrap();
    serde_json::to_value(respond(body, plain(), &stamp()).unwrap()).unwrap()
}
