//! Clients that speak Chat, in front of an upstream of Responses.

use llmx_bridge::chat::{fold_chunks, from_chat, reply, to_chat};
use llmx_bridge::{StreamEnd, fold, for_responses};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::laws;
use crate::support::{chat_context, chat_stream, delta, ends, options, piece, stamp, stream, text};

fn asked(fields: Value) -> Result<llmx_bridge::chat::FromChat, llmx_bridge::ClientFault> {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    from_chat(&serde_json::from_value(body).unwrap(), &options())
}

#[test]
fn a_field_of_a_function_that_is_called_type_does_not_hide_its_kind() {
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
        "functions": [{"name": "f", "type": {"odd": true}}]});
    let request = serde_json::from_value(request).unwrap();
    let pivot = from_chat(&request, &options()).unwrap().request;
    let written = serde_json::to_string(&pivot.tools).unwrap();
    assert_eq!(written.matches("\"type\"").count(), 1, "{written}");
    assert_eq!(json!(pivot.tools)[0]["type"], "function");
}

#[test]
fn what_only_chat_has_stays_in_the_pivot_and_is_named_for_responses() {
    let fields = json!({"stop": "x", "seed": 1, "logit_bias": {}});
    let mut translated = asked(fields.clone()).unwrap();
    assert!(translated.losses.is_empty());

    // Chat to Chat through the pivot loses none of it.
    let again = json!(to_chat(&translated.request, &options()).unwrap().request);
    assert_eq!((&again["stop"], &again["seed"]), (&json!("x"), &json!(1)));

    for_responses(&mut translated.request, &mut translated.losses);
    assert_eq!(
        translated.losses.header_value().unwrap(),
        "logit_bias, seed, stop"
    );
    assert!(translated.request.extra.is_empty());
}

#[test]
fn what_a_response_cannot_hold_is_refused() {
    for (field, value) in [
        ("n", json!(2)),
        ("modalities", json!(["text", "audio"])),
        ("audio", json!({"voice": "v"})),
        ("response_format", json!({"type": "grammar"})),
        ("tool_choice", json!({"type": "browser"})),
    ] {
        assert_eq!(asked(json!({ field: value })).unwrap_err().path(), field);
    }
}

#[test]
fn nothing_is_stored_unless_the_client_asks() {
    assert_eq!(asked(json!({})).unwrap().request.store, Some(false));
    assert_eq!(
        asked(json!({"store": true})).unwrap().request.store,
        Some(true)
    );
}

#[test]
fn the_cost_is_told_only_to_those_who_ask() {
    let response = json!({"id": "r", "status": "completed", "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}});
    let event = json!({"type": "response.completed", "response": response});
    let chunks = chat_stream(&[event], StreamEnd::Done);
    let last = chunks.last().unwrap();
    assert!(last.choices.is_empty());
    assert_eq!(last.usage.as_ref().unwrap().total_tokens, 2);
}

#[test]
fn an_error_ends_the_stream_in_the_place_of_a_chunk() {
    let event = json!({"type": "error", "message": "no", "code": "server_error"});
    let chunks = chat_stream(&[event], StreamEnd::Eof);
    assert_eq!(fold_chunks(chunks).unwrap_err().message, "no");
}

#[test]
fn nothing_follows_the_end() {
    let completed = json!({"type": "response.completed", "response": {"id": "r", "output": []}});
    let late = json!({"type": "response.output_text.delta", "delta": "late"});
    let once = chat_stream(std::slice::from_ref(&completed), StreamEnd::Done);
    assert_eq!(chat_stream(&[completed, late], StreamEnd::Done), once);
}

/// Found by fuzzing: what was told of the full reasoning was taken off its summary.
#[test]
fn a_summary_that_comes_with_the_item_is_told_after_the_full_reasoning() {
    let item = json!({"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "short"}],
        "content": [{"type": "reasoning_text", "text": "long"}]});
    let chunks = chat_stream(
        &[
            json!({"type": "response.reasoning_text.delta", "item_id": "rs", "output_index": 0, "content_index": 0, "delta": "long"}),
            json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
            json!({"type": "response.completed", "response": {"id": "r", "output": [item]}}),
        ],
        StreamEnd::Done,
    );
    let told = json!(fold_chunks(chunks).unwrap());
    assert_eq!(
        told["choices"][0]["message"]["reasoning_content"],
        "longshort"
    );
}

proptest! {
    /// Chat to Responses and back tells the client the same answer, streamed and whole.
    #[test]
    fn an_answer_survives_the_way_through_the_pivot(
        thought in "[a-z ]{0,8}",
        words in "[a-zé ]{0,12}",
        calls in prop::collection::vec(("read|search_x", "[a-z]{1,4}"), 0..4),
    ) {
        let arguments = |input: &str| json!({"p": input}).to_string();
        let mut chunks = vec![delta(json!({"reasoning_content": thought})), text(&words)];
        for (n, (name, input)) in calls.iter().enumerate() {
            chunks.push(piece(Some(n as u64), Some(&format!("c{n}")), name, &arguments(input)));
        }
        chunks.push(ends("stop"));
        let events = stream(&chunks, StreamEnd::Done);
        let whole = reply(fold(events.clone()).unwrap(), chat_context(), &stamp()).unwrap();
        let events: Vec<Value> = events.iter().map(|event| json!(event)).collect();
        let streamed = fold_chunks(chat_stream(&events, StreamEnd::Done)).unwrap();
        prop_assert_eq!(&streamed, &whole);

        let message = json!(whole.choices[0].message);
        prop_assert_eq!(message["content"].as_str().unwrap_or_default(), words);
        prop_assert_eq!(message["reasoning_content"].as_str().unwrap_or_default(), thought);
        for (n, (name, input)) in calls.iter().enumerate() {
            let call = &message["tool_calls"][n];
            prop_assert_eq!(&call["id"], &json!(format!("c{n}")));
            prop_assert_eq!(&call["function"], &json!({"name": name, "arguments": arguments(input)}));
        }
        let reason = if calls.is_empty() { "stop" } else { "tool_calls" };
        prop_assert_eq!(whole.choices[0].finish_reason.as_deref(), Some(reason));
    }

    /// Whatever an upstream sends, the stream ends once: with a reason or with an error.
    #[test]
    fn a_stream_ends_once(
        kinds in prop::collection::vec(prop::sample::select(vec![
            "response.created", "response.output_text.delta", "response.output_item.added",
            "response.function_call_arguments.delta", "response.completed", "response.failed", "error", "odd",
        ]), 0..10),
    ) {
        let events: Vec<Value> = kinds.iter().map(|kind| json!({
            "type": kind, "delta": "x", "item_id": "i", "response": {"id": "r"},
            "item": {"type": "function_call", "id": "i", "call_id": "c", "name": "f", "arguments": "x"},
        })).collect();
        let chunks = chat_stream(&events, StreamEnd::Eof);
        prop_assert_eq!(laws::chat_stream(&chunks), Ok(()));
    }

    /// A conversation that goes to the pivot and back is the same the second time.
    #[test]
    fn histories_are_stable(
        turns in prop::collection::vec(("[a-z]{1,6}", "[a-z]{0,6}", 0_usize..3), 1..5),
    ) {
        let mut messages = vec![json!({"role": "system", "content": "rules"})];
        let mut number = 0;
        for (user, assistant, calls) in turns {
            messages.push(json!({"role": "user", "content": user}));
            let ids: Vec<String> = (0..calls).map(|call| format!("c{}", number + call)).collect();
            number += calls;
            let mut message = json!({"role": "assistant", "content": null});
            if !assistant.is_empty() || calls == 0 {
                message["content"] = format!("a{assistant}").into();
            }
            if calls > 0 {
                message["tool_calls"] = ids.iter().map(|id| json!({
                    "id": id, "type": "function", "function": {"name": "f", "arguments": "{}"},
                })).collect();
            }
            messages.push(message);
            messages.extend(ids.iter().map(|id| json!({"role": "tool", "content": "ok", "tool_call_id": id})));
        }
        let body = json!({"model": "m", "messages": messages});
        let pivot = from_chat(&serde_json::from_value(body).unwrap(), &options()).unwrap();
        let back = to_chat(&pivot.request, &options()).unwrap();
        prop_assert_eq!(json!(back.request.messages), json!(messages));
        prop_assert!(back.losses.is_empty());
    }
}
