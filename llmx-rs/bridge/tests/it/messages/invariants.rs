//! What holds for every conversation and for every stream, however odd.

use llmx_bridge::{Limits, Options, StreamEnd};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::history::{call, developer, output, user, with_tool};
use super::{context, options, run, translate};
use crate::laws;

proptest! {
    /// Any stream ends once and last, rises in number, and is the sum of its parts.
    #[test]
    fn every_stream_is_well_formed(events in prop::collection::vec(event(), 0..24), end in end()) {
        let request = with_tools();
        let out = run(context(&request), &events, end);
        prop_assert_eq!(laws::responses_stream(&out), Ok(()));
    }

    /// Memory has a bound: an upstream that never stops is stopped.
    #[test]
    fn a_stream_beyond_its_limits_fails(count in 5_u64..40) {
        let mut options = options();
        options.limits = Limits { max_output_bytes: 40, max_items: 4 };
        let translate = |request: &Value| translate(request, &options).unwrap().context;
        let blocks: Vec<Value> = (0..count)
            .map(|index| json!({"type": "content_block_start", "index": index,
                "content_block": {"type": "tool_use", "id": format!("c{index}"), "name": "f"}}))
            .collect();
        let out = run(translate(&with_tools()), &blocks, StreamEnd::Eof);
        prop_assert_eq!(out.last().unwrap().kind(), "response.failed");
        let long = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "x".repeat(41)}});
        let out = run(translate(&with_tools()), &[long], StreamEnd::Eof);
        prop_assert_eq!(out.last().unwrap().kind(), "response.failed");
    }

    /// Whatever the items are, Messages takes the conversation: sides alternate, no turn is empty,
    /// and each call is answered first thing in the next turn.
    #[test]
    fn every_conversation_is_one_that_messages_takes(items in prop::collection::vec(item(), 0..16)) {
        let Ok(translated) = translate(&with_tool(&json!(items)), &options()) else {
            return Ok(());
        };
        let messages = &translated.request.messages;
        prop_assert_eq!(messages.len() % 2, 1, "the last turn is the user's");
        prop_assert_eq!(laws::messages_conversation(&translated.request), Ok(()));
    }

    /// What the upstream has cached stays equal: the bytes of a conversation are the beginning of
    /// the bytes of a longer one, up to the last message.
    #[test]
    fn pain_24_the_prefix_keeps_its_bytes(turns in prop::collection::vec(turn(), 2..6)) {
        let bytes = |turns: &[Vec<Value>]| {
            let items: Vec<Value> = [developer("rules")].into_iter().chain(turns.concat()).collect();
            let mut request = with_tool(&json!(items));
            request["reasoning"] = json!({"effort": "none"});
            let body = translate(&request, &options()).unwrap().request;
            let last = serde_json::to_string(body.messages.last().unwrap()).unwrap();
            let whole = serde_json::to_string(&body).unwrap();
            (whole.rfind(&last).unwrap(), whole)
        };
        for shorter in 1..turns.len() {
            let (end, bytes_before) = bytes(&turns[..shorter]);
            let (_, bytes_after) = bytes(&turns[..=shorter]);
            prop_assert!(bytes_after.starts_with(&bytes_before[..end]));
        }
    }

    /// Equal inputs give equal outputs.
    #[test]
    fn translation_is_a_function(items in prop::collection::vec(item(), 0..8)) {
        let request = with_tool(&json!(items));
        let once = || translate(&request, &Options::default()).map(|it| serde_json::to_string(&it.request).unwrap());
        prop_assert_eq!(once(), once());
    }
}

fn with_tools() -> Value {
    json!({"model": "m", "input": [user("go")], "tools": [
        {"type": "function", "name": "f", "parameters": {}}, {"type": "custom", "name": "patch"},
        {"type": "tool_search", "execution": "client"}, {"type": "local_shell"}]})
}

fn end() -> impl Strategy<Value = StreamEnd> {
    prop_oneof![Just(StreamEnd::Done), Just(StreamEnd::Eof)]
}

fn event() -> impl Strategy<Value = Value> {
    let index = 0..4_u64;
    let block = prop_oneof![
        "[a-z]{0,3}".prop_map(|text| json!({"type": "text", "text": text})),
        Just(json!({"type": "thinking", "thinking": "", "signature": ""})),
        Just(json!({"type": "redacted_thinking", "data": "d"})),
        Just(json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}})),
        ("[ab]{0,1}", "(f|patch|tool_search|local_shell|other|)").prop_map(
            |(id, name)| json!({"type": "tool_use", "id": id, "name": name, "input": {}})
        ),
    ];
    let delta = prop_oneof![
        "[a-zé]{0,3}".prop_map(|text| json!({"type": "text_delta", "text": text})),
        r#"[{}"a:,\\ninput]{0,6}"#
            .prop_map(|json| json!({"type": "input_json_delta", "partial_json": json})),
        Just(json!({"type": "input_json_delta", "partial_json": "{\"input\":\"x\"}"})),
        "[a-z]{0,3}".prop_map(|text| json!({"type": "thinking_delta", "thinking": text})),
        Just(json!({"type": "signature_delta", "signature": "s"})),
        Just(json!({"type": "citations_delta", "citation": {}})),
    ];
    let reason = "(end_turn|max_tokens|tool_use|refusal|pause_turn|odd)";
    prop_oneof![
        1 => Just(json!({"type": "message_start", "message": {"usage": {"input_tokens": 1}}})),
        4 => (index.clone(), block).prop_map(|(index, block)|
            json!({"type": "content_block_start", "index": index, "content_block": block})),
        8 => (index.clone(), delta).prop_map(|(index, delta)|
            json!({"type": "content_block_delta", "index": index, "delta": delta})),
        4 => index.prop_map(|index| json!({"type": "content_block_stop", "index": index})),
        1 => reason.prop_map(|reason| json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 3}})),
        1 => Just(json!({"type": "ping"})),
        1 => Just(json!({"type": "message_stop"})),
    ]
}

pub(crate) fn item() -> impl Strategy<Value = Value> {
    let id = "[a-c.]{0,1}";
    prop_oneof![
        "[a-z ]{0,2}".prop_map(|text| user(&text)),
        "[a-z ]{0,2}".prop_map(|text| developer(&text)),
        "[a-z ]{0,2}"
            .prop_map(|text| json!({"type": "message", "role": "assistant", "content": text})),
        (id, "(\\{\\}|\\{\"a\":1\\}|\\{|)").prop_map(|(id, arguments)| call(&id, &arguments)),
        (id, "[a-z]{0,2}").prop_map(|(id, text)| output(&id, &text)),
        Just(json!({"type": "reasoning", "summary": []})),
        Just(json!({"type": "web_search_call", "id": "w"})),
    ]
}

/// One exchange of a conversation that grows: what the model did, and what the client answered.
fn turn() -> impl Strategy<Value = Vec<Value>> {
    let id = std::sync::atomic::AtomicU64::new(0);
    prop_oneof![
        "[a-z]{1,3}".prop_map(|text| vec![
            json!({"type": "message", "role": "assistant", "content": text}),
            user("on")
        ]),
        prop::collection::vec("[a-z]{1,3}", 1..4).prop_map(move |texts| {
            let mut items = Vec::new();
            let mut outputs = Vec::new();
            for text in texts {
                let id = format!(
                    "call_{}",
                    id.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
                );
                items.push(call(&id, "{\"a\":1}"));
                outputs.push(output(&id, &text));
            }
            items.extend(outputs);
            items
        }),
        "[a-z]{1,3}".prop_map(|text| vec![user(&text)]),
    ]
}
