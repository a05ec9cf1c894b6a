//! The Chat types lose nothing and read what servers send instead of what they document.

use llmx_wire::chat::{Chunk, Message, ModelList, Part, Request, Response, Role, TextOrList, Tool};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[test]
fn a_request_survives_the_round_trip() {
    let request: Request = round_trip(&json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "rules"},
            {"role": "user", "content": [
                {"type": "text", "text": "look", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "data:,x", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
                {"type": "file", "file": {"file_id": "f"}},
                {"type": "hologram", "x": 1},
            ]},
            {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}, "x": 1}]},
            {"role": "tool", "content": "ok", "tool_call_id": "a"},
            {"role": "narrator", "content": "…"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": true}},
            {"type": "custom", "custom": {"name": "c"}},
            {"type": "browser"},
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false,
        "reasoning_effort": "low", "verbosity": "low", "response_format": {"type": "json_object"},
        "max_tokens": 5, "max_completion_tokens": 6, "temperature": 0.5, "top_p": 0.5, "n": 1,
        "stop": ["x"], "seed": -1, "presence_penalty": 0.1, "frequency_penalty": 0.1,
        "logit_bias": {"1": 2}, "logprobs": true, "top_logprobs": 2, "stream": true,
        "stream_options": {"include_usage": true, "x": 1}, "store": false, "metadata": {"a": "b"},
        "user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "service_tier": "flex",
        "web_search_options": {},
    }));
    assert!(matches!(request.tools[2], Tool::Unknown(_)));
    assert_eq!(
        request.messages[4].role,
        Some(Role::Other("narrator".to_owned()))
    );
    let Some(TextOrList::List(parts)) = &request.messages[1].content else {
        panic!("content is a list")
    };
    assert!(matches!(parts[4], Part::Unknown(_)));
}

#[test]
fn an_answer_survives_the_round_trip() {
    let response: Response = round_trip(&json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi", "annotations": []},
                     "finish_reason": "stop", "logprobs": {"content": []}}],
        "usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 0},
                  "completion_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 2},
        "system_fingerprint": "f",
    }));
    let chunk = Chunk::from(response);
    assert_eq!(
        chunk.choices[0].message.as_ref().unwrap().role,
        Some(Role::Assistant)
    );
}

#[test]
fn nulls_gaps_and_odd_numbers_are_read() {
    for chunk in [
        json!({"id": null, "object": null, "created": 1.5, "model": null, "choices": null, "usage": null}),
        json!({"choices": [{"delta": null, "finish_reason": null, "index": null}]}),
        json!({"choices": [{"delta": {"content": null, "tool_calls": null, "function_call": null, "refusal": null}}]}),
        json!({"usage": {"prompt_tokens": null, "prompt_tokens_details": null}}),
        json!({"usage": {"prompt_tokens": 1.0, "completion_tokens": "?", "prompt_tokens_details": {"cached_tokens": -1}}}),
        json!({"usage": "none", "id": 7, "created": "now", "choices": [{"finish_reason": false}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": "0", "id": 7, "function": null}]}}]}),
        json!({"choices": [{"index": "0"}, {"index": 0.0}, {"index": -1}]}),
        json!({"choices": [{"delta": {"refusal": false, "reasoning_content": [], "name": 5}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"type": 3}]}}]}),
        json!({"usage": {"prompt_tokens_details": [], "completion_tokens_details": 0}}),
        json!({}),
    ] {
        serde_json::from_value::<Chunk>(chunk.clone())
            .unwrap_or_else(|error| panic!("{chunk}: {error}"));
    }
}

#[test]
fn counts_and_indices_may_come_as_text() {
    let chunk: Chunk = serde_json::from_value(json!({
        "choices": [{"delta": {"tool_calls": [{"index": "0"}, {"index": "1"}, {"index": "x"}]}}],
        "usage": {"prompt_tokens": "10", "completion_tokens": "5"},
    }))
    .unwrap();
    let calls = &chunk.choices[0].delta.tool_calls;
    let indices: Vec<_> = calls.iter().map(|call| call.index).collect();
    assert_eq!(indices, [Some(0), Some(1), None]);
    let usage = chunk.usage.unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens), (10, 5));
}

#[test]
fn an_error_in_the_place_of_a_chunk_is_seen_and_a_chunk_is_none() {
    let fault = |value: Value| serde_json::from_value::<Chunk>(value).unwrap().fault();
    for error in [
        json!({"error": {"message": "no"}}),
        json!({"error": "no"}),
        json!({"detail": "no"}),
    ] {
        assert_eq!(fault(error).unwrap().message, "no");
    }
    assert_eq!(
        fault(json!({"id": "c", "choices": [], "message": "aside"})),
        None
    );
    assert_eq!(fault(json!({"id": "c", "error": null})), None);
    for nothing in [
        json!(""),
        json!({}),
        json!(false),
        json!({"message": "", "code": null}),
    ] {
        assert_eq!(fault(json!({"id": "c", "error": nothing})), None);
    }
    let told = |code: u64| {
        fault(json!({
            "id": "", "choices": null, "usage": {"total_tokens": 0},
            "base_resp": {"status_code": code, "status_msg": "insufficient balance"},
        }))
    };
    assert_eq!(told(1008).unwrap().message, "insufficient balance");
    assert_eq!(told(0), None);
}

#[test]
fn content_is_written_even_where_there_is_none() {
    assert_eq!(json!(Message::default()), json!({"content": null}));
}

#[test]
fn models_keep_what_servers_tell_of_them() {
    round_trip::<ModelList>(
        &json!({"object": "list", "data": [{"id": "m", "meta": {"n_ctx": 8192}}]}),
    );
}

fn round_trip<T: Serialize + DeserializeOwned>(value: &Value) -> T {
    let parsed: T = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&parsed).unwrap(), *value);
    parsed
}
