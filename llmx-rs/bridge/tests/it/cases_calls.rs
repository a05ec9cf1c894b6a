//! Streamed tool calls in every way that servers are known to send them (cases 1 to 22).

use llmx_bridge::{Options, StreamEnd};
use llmx_wire::responses::{Item, StreamEvent};
use serde_json::{Value, json};

use crate::support::{
    calls, delta, ends, folded, kinds, options, outcome, piece, stream, stream_for, text,
    try_request, whole,
};

fn run(chunks: &[Value]) -> Vec<String> {
    calls(stream(chunks, StreamEnd::Done))
}

#[test]
fn case_01_interleaved_calls_are_told_apart_by_index() {
    let events = run(&[
        piece(Some(0), Some("a"), "read", "{\"p\""),
        piece(Some(1), Some("b"), "search_x", "{\"q\""),
        piece(Some(0), None, "", ":1}"),
        piece(Some(1), None, "", ":2}"),
        ends("tool_calls"),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #a", "search_x({\"q\":2}) #b"]);
}

#[test]
fn case_02_a_new_id_at_the_same_index_is_a_new_call() {
    let events = run(&[
        piece(Some(0), Some("a"), "read", "{\"p\":1}"),
        piece(Some(0), Some("b"), "read", "{\"p\""),
        piece(Some(0), None, "", ":2}"),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #a", "read({\"p\":2}) #b"]);
}

#[test]
fn case_02_without_ids_a_name_after_whole_arguments_is_a_new_call() {
    let events = run(&[
        piece(Some(0), None, "read", "{\"p\":1}"),
        piece(Some(0), None, "read", "{\"p\":2}"),
        piece(Some(0), None, "search_x", "{}"),
    ]);
    assert_eq!(
        events,
        [
            "read({\"p\":1}) #call_t_0",
            "read({\"p\":2}) #call_t_1",
            "search_x({}) #call_t_2"
        ]
    );
}

#[test]
fn case_03_without_an_index_id_and_name_decide() {
    let events = run(&[
        piece(None, Some("a"), "read", "{\"p\""),
        piece(None, None, "", ":1}"),
        piece(None, Some("b"), "read", "{}"),
        piece(None, Some("a"), "", " "),
    ]);
    assert_eq!(events, ["read({\"p\":1} ) #a", "read({}) #b"]);
}

#[test]
fn case_04_an_id_that_is_null_later_stays() {
    let chunk = |id: Value, arguments: &str| {
        delta(
            json!({"tool_calls": [{"index": 0, "id": id, "function": {"name": null, "arguments": arguments}}]}),
        )
    };
    let events = run(&[
        piece(Some(0), Some("a"), "read", ""),
        chunk(Value::Null, "{\"p\""),
        chunk(json!(""), ":1}"),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #a"]);
}

#[test]
fn case_05_an_id_on_every_piece_is_one_call() {
    let events = run(&[
        piece(Some(0), Some("a"), "read", "{\"p\""),
        piece(Some(0), Some("a"), "read", ":1}"),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #a"]);
}

#[test]
fn case_05_a_new_id_on_every_piece_is_one_call_too() {
    let events = run(&[
        piece(Some(0), Some("a"), "read", "{\"p\""),
        piece(Some(0), Some("a2"), "", ":1}"),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #a"]);
}

#[test]
fn case_05_a_name_on_every_piece_without_ids_is_one_call() {
    let events = run(&[
        piece(Some(0), None, "read", "{\"p\""),
        piece(Some(0), None, "read", ":1}"),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #call_t_0"]);
}

#[test]
fn case_06_an_id_at_another_index_is_still_its_call() {
    let events = run(&[
        piece(Some(0), Some("a"), "read", "{\"p\""),
        piece(Some(1), Some("a"), "", ":1}"),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #a"]);
}

#[test]
fn two_whole_calls_of_one_id_at_two_indices_are_two_calls() {
    let first = piece(Some(0), Some("a"), "read", "{\"p\":1}");
    let second = piece(Some(1), Some("a"), "read", "{\"p\":2}");
    let expected = ["read({\"p\":1}) #a", "read({\"p\":2}) #call_t_0"];
    assert_eq!(run(&[first, second]), expected);
    let call = |p: &str| json!({"id": "a", "function": {"name": "read", "arguments": p}});
    let listed = [call("{\"p\":1}"), call("{\"p\":2}")];
    assert_eq!(run(&[delta(json!({"tool_calls": listed}))]), expected);
}

#[test]
fn words_and_calls_in_two_choices_of_one_answer_both_count() {
    let answer = json!({"choices": [
        {"message": {"role": "assistant", "content": "hi"}, "finish_reason": "tool_calls"},
        {"message": {"role": "assistant", "tool_calls": [
            {"id": "a", "function": {"name": "read", "arguments": "{}"}},
        ]}, "finish_reason": "tool_calls"},
    ]});
    let output = json!(whole(answer).output);
    assert_eq!(output[0]["content"][0]["text"], "hi");
    assert_eq!(output[1]["name"], "read");
}

#[test]
fn a_message_beside_its_deltas_is_not_told_twice() {
    let beside = |delta: Value, message: Value| json!({"choices": [{"index": 0, "delta": delta, "message": message}]});
    let events = stream(
        &[
            beside(json!({"content": ""}), json!({"content": ""})),
            beside(json!({"content": "He"}), json!({"content": "He"})),
            beside(json!({"content": "llo"}), json!({"content": "Hello"})),
            beside(
                json!({}),
                json!({"content": "Hello", "tool_calls": [
                    {"id": "a", "function": {"name": "read", "arguments": "{}"}},
                ]}),
            ),
            ends("stop"),
        ],
        StreamEnd::Done,
    );
    let output = json!(folded(events).output);
    assert_eq!(output[0]["content"][0]["text"], "Hello");
    assert_eq!(output[1]["name"], "read");
    assert_eq!(output.as_array().unwrap().len(), 2);
}

#[test]
fn a_free_form_call_that_came_as_one_is_read() {
    let call = json!({"index": 0, "id": "a", "type": "custom",
        "custom": {"name": "apply_patch", "input": "*** Begin"}});
    let events = stream(
        &[delta(json!({"tool_calls": [call]})), ends("tool_calls")],
        StreamEnd::Done,
    );
    let output = json!(folded(events).output);
    assert_eq!(output[0]["type"], "custom_tool_call");
    assert_eq!(output[0]["input"], "*** Begin");
}

#[test]
fn case_07_a_missing_id_is_minted_once_and_kept() {
    let events = stream(
        &[piece(Some(0), Some(""), "read", "{}"), ends("stop")],
        StreamEnd::Done,
    );
    let ids: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            StreamEvent::OutputItemAdded(event) | StreamEvent::OutputItemDone(event) => {
                match &event.item {
                    Item::FunctionCall(call) => Some(call.call_id.as_str()),
                    _ => None,
                }
            }
            _ => None,
        })
        .collect();
    assert_eq!(ids, ["call_t_0", "call_t_0"]);
    assert_eq!(calls(events), ["read({}) #call_t_0"]);
}

#[test]
fn case_08_an_id_that_the_conversation_has_already_is_replaced() {
    let history = json!([
        {"type": "function_call", "call_id": "call_0", "name": "read", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_0", "output": "x"},
    ]);
    let asked = try_request(history, json!({}), &options()).unwrap();
    let events = stream_for(
        asked,
        &[piece(Some(0), Some("call_0"), "read", "{}")],
        StreamEnd::Done,
    );
    assert_eq!(calls(events), ["read({}) #call_t_0"]);
}

#[test]
fn case_09_whole_arguments_at_once_are_one_delta() {
    let events = stream(
        &[piece(Some(0), Some("a"), "read", "{\"p\":1}")],
        StreamEnd::Done,
    );
    let deltas = kinds(&events)
        .iter()
        .filter(|kind| kind.ends_with("arguments.delta"))
        .count();
    assert_eq!(deltas, 1);
}

#[test]
fn case_10_no_arguments_are_an_empty_object() {
    let absent =
        delta(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "read"}}]}));
    for chunk in [absent, piece(Some(0), Some("a"), "read", "")] {
        assert_eq!(run(&[chunk]), ["read({}) #a"]);
    }
}

#[test]
fn case_11_arguments_that_are_an_object_are_written_down() {
    let chunk = delta(
        json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "read", "arguments": {"p": 1}}}]}),
    );
    assert_eq!(run(&[chunk]), ["read({\"p\":1}) #a"]);
}

#[test]
fn case_12_a_placeholder_gives_way_to_what_follows() {
    let events = run(&[
        piece(Some(0), Some("a"), "read", "{}"),
        piece(Some(0), None, "", "{\"p\""),
        piece(Some(0), None, "", ":1}"),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #a"]);
}

#[test]
fn case_13_growing_arguments_are_understood_where_the_provider_sends_them() {
    let asked = |cumulative| {
        let options = Options {
            cumulative,
            ..options()
        };
        try_request(json!("hi"), json!({}), &options).unwrap()
    };
    let growing = [
        piece(Some(0), Some("a"), "read", "{\"p\""),
        piece(Some(0), None, "", "{\"p\":1}"),
    ];
    let events = stream_for(asked(true), &growing, StreamEnd::Done);
    assert_eq!(calls(events), ["read({\"p\":1}) #a"]);

    let laughing = [
        piece(Some(0), Some("a"), "read", "\"ha"),
        piece(Some(0), None, "", "\"ha"),
    ];
    let events = stream_for(asked(false), &laughing, StreamEnd::Done);
    assert_eq!(calls(events), ["read(\"ha\"ha) #a"]);
}

#[test]
fn case_14_a_name_in_halves_or_again_is_one_name() {
    for pieces in [
        ["search", "_x"],
        ["search_x", "search_x"],
        ["search", "search_x"],
    ] {
        let [first, second] = pieces;
        let events = run(&[
            piece(Some(0), Some("a"), first, ""),
            piece(Some(0), None, second, ""),
            piece(Some(0), None, "", "{}"),
        ]);
        assert_eq!(events, ["search_x({}) #a"], "{pieces:?}");
    }
}

#[test]
fn case_15_text_call_text_are_three_items_in_order() {
    let events = stream(
        &[
            text("one"),
            piece(Some(0), Some("a"), "read", "{}"),
            text("two"),
            ends("stop"),
        ],
        StreamEnd::Done,
    );
    let done: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            StreamEvent::OutputItemDone(event) => Some(event.output_index),
            _ => None,
        })
        .collect();
    assert_eq!(done, [0, 1, 2]);
    let kinds: Vec<_> = folded(events)
        .output
        .iter()
        .map(|item| item.kind().to_owned())
        .collect();
    assert_eq!(kinds, ["message", "function_call", "message"]);
}

#[test]
fn case_15_a_call_goes_on_after_text_and_another_call() {
    let events = run(&[
        piece(Some(0), Some("a"), "read", "{\"p\""),
        text("meanwhile"),
        piece(Some(1), Some("b"), "read", "{\"p\":2}"),
        piece(Some(0), None, "", ":1}"),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #a", "read({\"p\":2}) #b"]);
}

#[test]
fn case_16_a_call_in_the_last_chunk_counts() {
    let mut chunk = piece(Some(0), Some("a"), "read", "{}");
    chunk["choices"][0]["finish_reason"] = "tool_calls".into();
    assert_eq!(run(&[chunk]), ["read({}) #a"]);
}

#[test]
fn case_17_calls_count_even_if_the_reason_is_stop() {
    let events = stream(
        &[piece(Some(0), Some("a"), "read", "{}"), ends("stop")],
        StreamEnd::Done,
    );
    assert_eq!(outcome(events.clone()).0, "completed");
    assert_eq!(calls(events), ["read({}) #a"]);
}

#[test]
fn case_18_a_reason_without_calls_completes() {
    let events = stream(&[text("hm"), ends("tool_calls")], StreamEnd::Done);
    assert_eq!(outcome(events).0, "completed");
}

#[test]
fn case_19_a_malformed_call_fails() {
    let events = stream(&[ends("MALFORMED_FUNCTION_CALL")], StreamEnd::Done);
    assert_eq!(
        outcome(events),
        ("failed".to_owned(), "server_error".to_owned())
    );
}

#[test]
fn case_20_calls_in_the_text_are_found_on_request_at_every_cut() {
    let written = "I look. <tool_call>\n{\"name\": \"read\", \"arguments\": {\"p\": 1}}\n</tool_call>\
                   <tool_call>{\"name\": \"read\"}</tool_call> <tool_call>no</tool_call> <b";
    let run = |calls_in_text, size: usize| {
        let options = Options {
            calls_in_text,
            ..options()
        };
        let asked = try_request(json!("hi"), json!({}), &options).unwrap();
        let chars: Vec<char> = written.chars().collect();
        let mut chunks: Vec<Value> = chars
            .chunks(size)
            .map(|piece| text(&piece.iter().collect::<String>()))
            .collect();
        chunks.push(ends("stop"));
        let events = stream_for(asked, &chunks, StreamEnd::Done);
        let said: String = folded(events.clone())
            .output
            .iter()
            .filter_map(|item| match item {
                Item::Message(message) => Some(message.text()),
                _ => None,
            })
            .collect();
        (said, calls(events))
    };
    for size in 1..40 {
        let (said, calls) = run(true, size);
        assert_eq!(said, "I look.  <tool_call>no</tool_call> <b", "{size}");
        assert_eq!(calls, ["read({\"p\":1}) #call_t_0", "read({}) #call_t_1"]);
        assert_eq!(run(false, size), (written.to_owned(), vec![]));
    }
}

#[test]
fn case_21_the_first_form_of_calls_is_read() {
    let call = |call: Value| delta(json!({"function_call": call}));
    let events = run(&[
        call(json!({"name": "read", "arguments": ""})),
        call(json!({"arguments": "{\"p\""})),
        call(json!({"arguments": ":1}"})),
        ends("function_call"),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #call_t_0"]);
}

#[test]
fn case_21_both_forms_of_one_call_side_by_side_are_one_call() {
    let both = |arguments: &str| {
        let call = json!({"name": "read", "arguments": arguments});
        delta(json!({
            "function_call": call,
            "tool_calls": [{"index": 0, "id": "a", "type": "function", "function": call}],
        }))
    };
    let events = run(&[both("{\"p\""), both(":1}"), ends("tool_calls")]);
    assert_eq!(events, ["read({\"p\":1}) #a"]);
}

#[test]
fn case_22_a_call_cut_at_the_limit_is_incomplete() {
    let events = stream(
        &[
            piece(Some(0), Some("a"), "read", "{\"p\":1}"),
            piece(Some(1), Some("b"), "apply_patch", "{\"input\":\"*** Be"),
            ends("length"),
        ],
        StreamEnd::Done,
    );
    let response = json!(folded(events));
    assert_eq!(
        response["incomplete_details"]["reason"],
        "max_output_tokens"
    );
    assert_eq!(response["output"][0]["status"], "completed");
    assert_eq!(response["output"][1]["status"], "incomplete");
    assert_eq!(response["output"][1]["input"], "*** Be");
}

/// Clients execute a call when they hear that it is done, and what is left of a patch may be one.
#[test]
fn case_22_nothing_says_that_a_call_that_was_cut_off_is_done() {
    for cut in [
        piece(
            Some(0),
            Some("a"),
            "apply_patch",
            "{\"input\":\"*** End Patch",
        ),
        piece(Some(0), Some("a"), "read", "{\"p\":"),
        // Not even its arguments have begun.
        piece(Some(0), Some("a"), "read", ""),
    ] {
        for (last, end) in [
            (ends("length"), StreamEnd::Done),
            (json!({"choices": []}), StreamEnd::Eof),
        ] {
            let events = stream(&[cut.clone(), last], end);
            let kinds: Vec<_> = events.iter().map(|event| event.kind().to_owned()).collect();
            let done = kinds.iter().filter(|kind| kind.ends_with(".done"));
            assert_eq!(done.count(), 0, "{kinds:?}");
            assert_eq!(json!(folded(events))["output"][0]["status"], "incomplete");
        }
    }
}

#[test]
fn a_last_piece_that_repeats_the_whole_call_adds_nothing() {
    let events = run(&[
        piece(Some(0), Some("a"), "read", "{\"p\":1}"),
        piece(Some(0), Some("a"), "read", "{\"p\":1}"),
        piece(Some(0), Some("a"), "read", ""),
    ]);
    assert_eq!(events, ["read({\"p\":1}) #a"]);
}

#[test]
fn a_call_that_is_never_named_fails_the_answer() {
    let events = stream(&[piece(Some(0), Some("a"), "", "{}x")], StreamEnd::Done);
    assert_eq!(outcome(events).0, "failed");
}

#[test]
fn an_unstreamed_answer_without_ids_and_indexes_keeps_its_calls_apart() {
    let call =
        |p: u64| json!({"function": {"name": "read", "arguments": format!("{{\"p\":{p}}}")}});
    let response = whole(json!({"choices": [{
        "message": {"role": "assistant", "content": null, "tool_calls": [call(1), call(2)]},
        "finish_reason": "tool_calls",
    }]}));
    assert_eq!(response.output.len(), 2);

    let bare = json!({"function": {"name": "read", "arguments": "{}"}});
    let response = whole(json!({"choices": [{"message": {"tool_calls": [bare, bare]}}]}));
    assert_eq!(response.output.len(), 2);
}
