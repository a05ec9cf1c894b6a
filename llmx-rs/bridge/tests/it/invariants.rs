//! The invariants of every stream, over arbitrary chunks and arbitrary cuts of their bytes.

use llmx_bridge::chat::{ChatToResponses, respond};
use llmx_bridge::{Options, StreamBridge, StreamEnd, UpstreamFault, fold};
use llmx_wire::chat::Chunk;
use llmx_wire::responses::StreamEvent;
use llmx_wire::sse::{Decoder, Limits};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::laws;
use crate::messages::invariants::item;
use crate::support::{offering, offering_with, options, stamp, stream, stream_for, try_request};

/// A piece of an answer, well formed or not.
fn any_delta() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        "[a-z<>/{}\"\\\\ é]{0,6}",
        Just("<think>".to_owned()),
        Just("</think>".to_owned()),
        Just("<tool_call>{\"name\":\"read\"}".to_owned()),
        Just("</tool_call>".to_owned())
    ];
    let name = prop_oneof![
        Just(Value::Null),
        Just(json!("read")),
        Just(json!("apply_patch")),
        Just(json!("mcp__calc__add")),
        Just(json!("tool_search")),
        Just(json!("local_shell")),
        "[a-z_]{0,5}".prop_map(Value::from),
    ];
    let arguments = prop_oneof![
        Just(Value::Null),
        Just(json!({"a": 1})),
        Just(json!("{}")),
        Just(json!("{\"input\":\"")),
        Just(json!("\"}")),
        "[{}\":a-z\\\\]{0,8}".prop_map(Value::from),
    ];
    let id = prop_oneof![Just(Value::Null), "[a-c]?".prop_map(Value::from)];
    let index = prop_oneof![Just(Value::Null), (0_u64..3).prop_map(Value::from)];
    let call = (index, id, name, arguments).prop_map(|(index, id, name, arguments)| {
        json!({"tool_calls": [{"index": index, "id": id, "function": {"name": name, "arguments": arguments}}]})
    });
    prop_oneof![
        4 => word.clone().prop_map(|text| json!({"content": text})),
        4 => call,
        1 => word.clone().prop_map(|text| json!({"reasoning_content": text})),
        1 => word.clone().prop_map(|text| json!({"reasoning_details": [{"type": "reasoning.summary", "summary": text}]})),
        1 => word.prop_map(|text| json!({"refusal": text})),
        1 => Just(json!({"annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}]})),
    ]
}

fn any_chunk() -> impl Strategy<Value = Value> {
    let reason = prop_oneof![
        6 => Just(Value::Null),
        1 => prop_oneof![Just("stop"), Just("length"), Just("tool_calls"), Just("content_filter"), Just("error")]
            .prop_map(Value::from),
    ];
    prop_oneof![
        12 => (any_delta(), reason).prop_map(|(delta, reason)| {
            json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
        }),
        1 => any::<u16>().prop_map(|n| json!({"id": "c", "choices": [], "usage": {"prompt_tokens": n, "completion_tokens": 1}})),
        1 => Just(json!({"error": {"message": "no"}})),
    ]
}

fn any_end() -> impl Strategy<Value = StreamEnd> {
    prop_oneof![
        Just(StreamEnd::Done),
        Just(StreamEnd::Eof),
        Just(StreamEnd::Broken(UpstreamFault::CutOff)),
    ]
}

/// The events of an answer, for an upstream with any traits.
fn any_answer() -> impl Strategy<Value = Vec<StreamEvent>> {
    let chunks = prop::collection::vec(any_chunk(), 0..12);
    let traits = (any::<bool>(), any::<bool>(), any::<bool>());
    (chunks, any_end(), traits).prop_map(|(chunks, end, traits)| {
        let (cumulative, calls_in_text, think_tags) = traits;
        let options = Options {
            cumulative,
            calls_in_text,
            think_tags,
            ..options()
        };
        stream_for(offering_with(&options), &chunks, end)
    })
}

proptest! {
    #[test]
    fn there_is_one_terminal_event_and_it_is_last(events in any_answer()) {
        prop_assert_eq!(laws::one_terminal_event_comes_last(&events), Ok(()));
    }

    #[test]
    fn numbers_rise_by_one_from_zero(events in any_answer()) {
        prop_assert_eq!(laws::numbers_rise_by_one(&events), Ok(()));
    }

    #[test]
    fn every_item_is_added_and_done_once_in_order_and_stands_in_the_output(events in any_answer()) {
        prop_assert_eq!(laws::items_are_added_and_done_once(&events), Ok(()));
    }

    #[test]
    fn call_ids_are_unique_and_never_empty(events in any_answer()) {
        prop_assert_eq!(laws::call_ids_are_unique(&events), Ok(()));
    }

    #[test]
    fn what_is_done_is_the_sum_of_its_deltas(events in any_answer()) {
        prop_assert_eq!(laws::done_is_the_sum_of_its_deltas(&events), Ok(()));
    }

    #[test]
    fn the_same_input_gives_the_same_output(
        chunks in prop::collection::vec(any_chunk(), 0..12), end in any_end()
    ) {
        prop_assert_eq!(stream(&chunks, end.clone()), stream(&chunks, end));
    }

    #[test]
    fn however_its_bytes_are_cut_a_stream_is_the_same(
        chunks in prop::collection::vec(any_chunk(), 0..8),
        size in 1_usize..40,
        crlf: bool,
    ) {
        let line = if crlf { "\r\n" } else { "\n" };
        let mut bytes: String = chunks.iter().map(|chunk| format!("data: {chunk}{line}{line}")).collect();
        bytes.push_str(&format!("data: [DONE]{line}{line}"));
        let cut = from_bytes(bytes.as_bytes().chunks(size));
        let merged = from_bytes([bytes.as_bytes()].into_iter());
        prop_assert_eq!(&cut, &merged);
        prop_assert_eq!(cut, stream(&chunks, StreamEnd::Done));
    }

    /// A whole answer and the same answer in pieces make equal responses, usage included.
    #[test]
    fn streamed_and_unstreamed_answers_are_equal(
        thought in "[a-z ]{0,8}",
        text in "[a-zé ]{0,12}",
        calls in prop::collection::vec(("read|apply_patch|mcp__calc__add", "[a-z]{1,4}", 1_usize..4), 0..4),
        reason in prop_oneof![Just("stop"), Just("length"), Just("tool_calls")],
    ) {
        let arguments = |input: &str| json!({"input": input}).to_string();
        let usage = json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5});
        let whole: Vec<Value> = calls.iter().enumerate().map(|(n, (name, input, _))| {
            json!({"id": format!("c{n}"), "type": "function", "function": {"name": name, "arguments": arguments(input)}})
        }).collect();
        let answer = json!({"id": "c", "model": "real", "usage": usage, "choices": [{
            "index": 0, "finish_reason": reason,
            "message": {"role": "assistant", "content": text, "reasoning_content": thought, "tool_calls": whole},
        }]});

        let delta = |delta: Value| json!({"id": "c", "model": "real", "choices": [{"index": 0, "delta": delta}]});
        let mut chunks = vec![delta(json!({"role": "assistant", "content": ""}))];
        chunks.extend(thought.chars().map(|c| delta(json!({"reasoning_content": c.to_string()}))));
        chunks.extend(text.chars().map(|c| delta(json!({"content": c.to_string()}))));
        for (n, (name, input, size)) in calls.iter().enumerate() {
            chunks.push(delta(json!({"tool_calls": [{"index": n, "id": format!("c{n}"), "function": {"name": name, "arguments": ""}}]})));
            let arguments: Vec<char> = arguments(input).chars().collect();
            for piece in arguments.chunks(*size) {
                let piece: String = piece.iter().collect();
                chunks.push(delta(json!({"tool_calls": [{"index": n, "function": {"arguments": piece}}]})));
            }
        }
        chunks.push(json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}));
        chunks.push(json!({"id": "c", "choices": [], "usage": usage}));

        let answer = serde_json::from_value(answer).unwrap();
        let unstreamed = respond(answer, offering().context, &stamp()).unwrap();
        let streamed = fold(stream(&chunks, StreamEnd::Done)).unwrap();
        prop_assert_eq!(unstreamed, streamed);
    }

    /// Whatever the items are, Chat takes the conversation.
    #[test]
    fn every_conversation_is_one_that_chat_takes(items in prop::collection::vec(item(), 0..16)) {
        if let Ok(translated) = try_request(json!(items), json!({}), &options()) {
            prop_assert_eq!(laws::chat_conversation(&translated.request), Ok(()));
        }
    }

    /// No JSON at all, in a request or in an answer, makes the bridge panic.
    #[test]
    fn odd_json_never_panics(value in any_json()) {
        if let Ok(chunk) = serde_json::from_value::<Chunk>(value.clone()) {
            let mut bridge = ChatToResponses::new(offering().context, &stamp());
            let mut out = Vec::new();
            let pushed = bridge.push(chunk, &mut out);
            bridge.finish(pushed.map_or_else(StreamEnd::Broken, |()| StreamEnd::Eof), &mut out);
            prop_assert!(out.last().unwrap().is_terminal());
        }
        let request = json!({"model": "m", "input": [value], "tools": [value], "tool_choice": value, "text": {"format": value}});
        if let Ok(request) = serde_json::from_value(request) {
            drop(llmx_bridge::chat::to_chat(&request, &Options::default()));
        }
    }
}

fn from_bytes<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<StreamEvent> {
    let (mut decoder, mut events) = (Decoder::new(Limits::default()), Vec::new());
    for piece in pieces {
        decoder.push(piece, &mut events).unwrap();
    }
    events.extend(decoder.finish());
    let chunks: Vec<Value> = events
        .iter()
        .take_while(|event| event.data != "[DONE]")
        .map(|event| serde_json::from_str(&event.data).unwrap())
        .collect();
    stream(&chunks, StreamEnd::Done)
}

/// JSON made of the words that the two dialects give a meaning.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "type",
        "role",
        "content",
        "text",
        "message",
        "function_call",
        "call_id",
        "name",
        "namespace",
        "arguments",
        "tools",
        "choices",
        "delta",
        "index",
        "id",
        "function",
        "tool_calls",
        "reasoning",
        "encrypted_content",
        "llmx1:{}",
        "input_text",
        "input_image",
        "allowed_tools",
        "tool_search_output",
        "custom",
        "json_schema",
        "local_shell_call",
        "action",
        "finish_reason",
        "usage",
        "error",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..5).prop_map(|fields| {
                Value::Object(
                    fields
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}
