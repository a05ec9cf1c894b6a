//! Endings, errors, usage and framing of streams (cases 56 to 71).

use llmx_bridge::chat::{ChatToResponses, Frame};
use llmx_bridge::{StreamBridge, StreamEnd, UpstreamFault};
use llmx_wire::chat::Chunk;
use llmx_wire::responses::StreamEvent;
use serde_json::{Value, json};

use crate::support::{
    chat_stream, delta, ends, folded, kinds, offering, outcome, piece, stamp, stream, text, whole,
};

fn ended(status: &str, why: &str) -> (String, String) {
    (status.to_owned(), why.to_owned())
}

#[test]
fn case_63_a_reason_makes_an_answer_whole_and_its_absence_does_not() {
    let answer = [text("hi")];
    let finished = [text("hi"), ends("stop")];
    let completed = ended("completed", "");
    assert_eq!(outcome(stream(&finished, StreamEnd::Done)), completed);
    assert_eq!(outcome(stream(&finished, StreamEnd::Eof)), completed);
    assert_eq!(outcome(stream(&answer, StreamEnd::Done)), completed);
    let failed = ended("failed", "server_error");
    assert_eq!(outcome(stream(&answer, StreamEnd::Eof)), failed);
    assert_eq!(outcome(stream(&[], StreamEnd::Done)), failed);
    assert_eq!(outcome(stream(&[], StreamEnd::Eof)), failed);
    let broken = StreamEnd::Broken(UpstreamFault::Broken("reset".to_owned()));
    assert_eq!(outcome(stream(&answer, broken.clone())), failed);
    assert_eq!(outcome(stream(&finished, broken)), completed);
    let noise = StreamEnd::Broken(UpstreamFault::Malformed("<html>".to_owned()));
    assert_eq!(outcome(stream(&finished, noise)), completed);
    let reported = StreamEnd::Broken(UpstreamFault::from_answer(500, b"no"));
    assert_eq!(outcome(stream(&finished, reported)), failed);
}

#[test]
fn a_stream_that_is_done_in_the_middle_of_a_call_failed() {
    for (name, arguments, status) in [
        ("read", "{\"p\":", "failed"),
        ("apply_patch", "{\"input\":\"*** Begin", "failed"),
        ("read", "{\"p\":1}", "completed"),
        ("apply_patch", "{\"input\":\"*** Begin\"}", "completed"),
        ("read", "", "completed"),
    ] {
        let call = piece(Some(0), Some("a"), name, arguments);
        let response = json!(folded(stream(&[call], StreamEnd::Done)));
        assert_eq!(response["status"], status, "{name} {arguments}");
    }
}

#[test]
fn empty_content_makes_no_message() {
    let call = piece(Some(0), Some("a"), "read", "{}");
    let mut last = ends("tool_calls");
    last["choices"][0]["delta"] = json!({"content": ""});
    let events = stream(&[text(""), call, last], StreamEnd::Done);
    let output = folded(events).output;
    assert_eq!(output.len(), 1);
    assert_eq!(output[0].kind(), "function_call");
}

#[test]
fn a_call_that_the_stream_cuts_off_is_shown_as_incomplete() {
    let chunks = [piece(Some(0), Some("a"), "read", "{\"p")];
    let response = json!(folded(stream(&chunks, StreamEnd::Eof)));
    assert_eq!(response["status"], "failed");
    assert_eq!(response["output"][0]["status"], "incomplete");
}

#[test]
fn growing_text_is_understood_where_the_provider_sends_it() {
    let words = |cumulative: bool, chunks: &[Value]| {
        let mut options = crate::support::options();
        options.cumulative = cumulative;
        let asked = crate::support::try_request(json!("hi"), json!({}), &options).unwrap();
        let events = crate::support::stream_for(asked, chunks, StreamEnd::Done);
        json!(folded(events).output)[0]["content"][0]["text"].clone()
    };
    assert_eq!(
        words(true, &[text("1"), text("10"), text("10!"), ends("stop")]),
        "10!"
    );
    assert_eq!(words(false, &[text("1"), text("10"), ends("stop")]), "110");
    assert_eq!(
        words(false, &[text("ha"), text("ha"), ends("stop")]),
        "haha"
    );
}

#[test]
fn each_reason_has_its_ending() {
    for (reason, status, why) in [
        ("stop", "completed", ""),
        ("eos", "completed", ""),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
        ("SAFETY", "incomplete", "content_filter"),
        ("pause_turn", "incomplete", "pause_turn"),
        (
            "model_context_window_exceeded",
            "failed",
            "context_length_exceeded",
        ),
        ("insufficient_system_resource", "failed", "server_error"),
    ] {
        let events = stream(&[text("hi"), ends(reason)], StreamEnd::Done);
        assert_eq!(outcome(events), ended(status, why), "{reason}");
    }
}

#[test]
fn case_64_a_repeated_last_chunk_changes_nothing() {
    let once = stream(&[text("hi"), ends("length")], StreamEnd::Done);
    let again = stream(&[text("hi"), ends("length"), ends("stop")], StreamEnd::Done);
    assert_eq!(once, again);
}

#[test]
fn case_65_an_error_in_any_place_and_shape_fails_the_response() {
    for (error, message) in [
        (
            json!({"error": {"message": "no", "code": "rate_limit_exceeded"}}),
            "no",
        ),
        (json!({"error": "no"}), "no"),
        (json!({"detail": "no"}), "no"),
        (json!({"message": "no", "object": "error"}), "no"),
        (
            json!({"choices": [], "error": {"code": 500}}),
            r#"{"code":500}"#,
        ),
    ] {
        for before in [vec![], vec![text("hi")]] {
            let mut chunks = before;
            chunks.push(error.clone());
            chunks.push(text("never"));
            let response = json!(folded(stream(&chunks, StreamEnd::Done)));
            assert_eq!(response["status"], "failed", "{error}");
            assert_eq!(response["error"]["message"], message);
            assert!(!response.to_string().contains("never"));
        }
    }
}

#[test]
fn case_66_a_whole_answer_to_a_request_for_a_stream_is_streamed() {
    let answer = json!({"id": "c", "object": "chat.completion", "choices": [{
        "index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]});
    let events = stream(&[answer], StreamEnd::Eof);
    assert!(kinds(&events).contains(&"response.output_text.delta"));
    assert_eq!(outcome(events).0, "completed");
}

#[test]
fn case_65_an_error_beside_the_words_keeps_its_own_words_and_status() {
    let mut last = text("lf");
    last["choices"][0]["finish_reason"] = json!("error");
    last["choices"][0]["error"] = json!({"code": 429, "message": "slow down"});
    let response = json!(folded(stream(&[text("ha"), last], StreamEnd::Done)));
    assert_eq!(response["output"][0]["content"][0]["text"], "half");
    assert_eq!(response["error"]["message"], "slow down");
    assert_eq!(response["error"]["code"], "rate_limit_exceeded");
    assert_eq!(response["error"]["status"], 429);
}

#[test]
fn case_65_a_number_among_the_words_is_the_status() {
    for (error, code, status) in [
        (
            json!({"code": 400, "message": "bad"}),
            "invalid_prompt",
            json!(400),
        ),
        (
            json!({"code": "500", "message": "bad"}),
            "server_error",
            json!(500),
        ),
        (
            json!({"code": 1008, "message": "bad"}),
            "server_error",
            json!(null),
        ),
        (
            json!({"type": "overloaded_error", "message": "bad"}),
            "server_is_overloaded",
            json!(503),
        ),
    ] {
        let response = json!(folded(stream(&[json!({"error": error})], StreamEnd::Done)));
        assert_eq!(response["error"]["code"], code, "{error}");
        assert_eq!(response["error"]["status"], status, "{error}");
    }
}

#[test]
fn a_reference_between_the_words_is_a_remark_on_them() {
    let content = json!([
        {"type": "text", "text": "so"},
        {"type": "reference", "reference_ids": [1]},
        {"type": "text", "text": "."},
    ]);
    let events = stream(
        &[delta(json!({"content": content})), ends("stop")],
        StreamEnd::Done,
    );
    let part = &json!(folded(events).output)[0]["content"][0];
    assert_eq!(part["text"], "so.");
    assert_eq!(
        part["annotations"],
        json!([{"type": "reference", "reference_ids": [1]}])
    );
}

#[test]
fn case_65_an_event_that_is_no_chunk_says_what_it_is() {
    for (data, message) in [(r#"[{"error":{"message":"no"}}]"#, "no"), (r#""no""#, "no")] {
        let fault = Frame::read(data).unwrap_err();
        assert_eq!(fault.to_string(), message);
    }
    let page = Frame::read("<html>portal</html>").unwrap_err();
    assert!(page.to_string().contains("<html>portal"), "{page}");
    assert_eq!(Frame::read("[DONE]"), Ok(Frame::Done));
    assert_eq!(Frame::read(" "), Ok(Frame::Nothing));
}

#[test]
fn case_68_the_events_of_an_answer_come_in_their_order() {
    let chunks = [
        delta(json!({"reasoning_content": "hm"})),
        text("h"),
        text("i"),
        ends("stop"),
    ];
    let events = stream(&chunks, StreamEnd::Done);
    assert_eq!(
        kinds(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.reasoning_text.delta",
            "response.reasoning_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    for (number, event) in events.iter().enumerate() {
        assert_eq!(json!(event)["sequence_number"], number);
    }
}

#[test]
fn seed_16_no_id_carries_two_prefixes() {
    let named = json!({"id": "chatcmpl-chatcmpl-1", "model": "real", "choices": [
        {"message": {"content": "hi"}, "finish_reason": "stop"}]});
    let response = json!(whole(named));
    assert_eq!(response["id"], "resp_t");
    assert_eq!(response["output"][0]["id"], "msg_t_0");
    let events = [json!({"type": "response.completed", "response": response})];
    let chunks = chat_stream(&events, StreamEnd::Done);
    assert!(
        chunks
            .iter()
            .all(|chunk| json!(chunk)["id"] == "chatcmpl-t")
    );
}

#[test]
fn a_response_has_every_field_that_the_api_documents() {
    let response = json!(whole(
        json!({"model": "real", "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]})
    ));
    for field in [
        "background",
        "created_at",
        "error",
        "id",
        "incomplete_details",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "model",
        "object",
        "output",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt_cache_key",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "status",
        "store",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "usage",
        "user",
    ] {
        assert!(response.get(field).is_some(), "{field}");
    }
    assert_eq!(response["object"], "response");
    assert_eq!(response["model"], "real");
    assert_eq!(response["created_at"], 7);
    assert_eq!(
        response["output"][0]["content"][0]["annotations"],
        json!([])
    );
}

#[test]
fn a_refusal_is_a_part_of_its_own() {
    let chunks = [text("I "), delta(json!({"refusal": "can't"})), ends("stop")];
    let output = json!(folded(stream(&chunks, StreamEnd::Done)).output);
    assert_eq!(output[0]["content"][0]["text"], "I ");
    assert_eq!(
        output[0]["content"][1],
        json!({"type": "refusal", "refusal": "can't"})
    );
}

#[test]
fn citations_and_log_probabilities_stay_with_their_text() {
    let mut chunk = text("hi");
    chunk["choices"][0]["logprobs"] =
        json!({"content": [{"token": "hi", "logprob": -0.1, "bytes": null, "top_logprobs": []}]});
    let citation = json!({"annotations": [{"type": "url_citation", "url_citation": {"url": "u", "title": "t"}}]});
    let events = stream(&[chunk, delta(citation), ends("stop")], StreamEnd::Done);
    assert!(kinds(&events).contains(&"response.output_text.annotation.added"));
    let part = &json!(folded(events).output)[0]["content"][0];
    assert_eq!(part["logprobs"][0]["token"], "hi");
    assert_eq!(
        part["annotations"],
        json!([{"url": "u", "title": "t", "type": "url_citation"}])
    );
}

fn usage(chunks: &[Value]) -> Value {
    json!(folded(stream(chunks, StreamEnd::Done)))["usage"].clone()
}

#[test]
fn case_70_the_last_word_on_usage_counts_wherever_it_comes() {
    let cost = |prompt: u64, completion: u64| {
        json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
               "prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 2}})
    };
    let with = |mut chunk: Value, usage: Value| {
        chunk["usage"] = usage;
        chunk
    };
    let empty = || json!({"id": "c", "choices": []});
    let expected = json!({
        "input_tokens": 9, "input_tokens_details": {"cached_tokens": 3},
        "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 14,
    });
    let in_choice = || {
        let mut chunk = ends("stop");
        chunk["choices"][0]["usage"] = cost(9, 5);
        chunk
    };
    let mut aside = ends("stop");
    aside["x_groq"] = json!({"id": "r", "usage": cost(9, 5)});
    for chunks in [
        vec![text("hi"), aside],
        vec![text("hi"), in_choice()],
        vec![text("hi"), in_choice(), with(empty(), cost(9, 5))],
        vec![
            with(text("hi"), Value::Null),
            ends("stop"),
            with(empty(), cost(9, 5)),
        ],
        vec![text("hi"), with(ends("stop"), cost(9, 5))],
        vec![
            with(text("hi"), cost(9, 1)),
            with(text("!"), cost(9, 5)),
            ends("stop"),
        ],
        vec![
            with(text("hi"), cost(9, 5)),
            with(
                ends("stop"),
                json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}),
            ),
        ],
    ] {
        assert_eq!(usage(&chunks), expected, "{chunks:?}");
    }
    assert_eq!(usage(&[text("hi"), ends("stop")]), Value::Null);
}

#[test]
fn case_70_cached_and_written_tokens_are_found_under_other_names() {
    let deepseek = json!({"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 4, "cache_creation_input_tokens": 2});
    let usage = usage(&[
        json!({"choices": [], "usage": deepseek}),
        text("x"),
        ends("stop"),
    ]);
    assert_eq!(
        usage["input_tokens_details"],
        json!({"cached_tokens": 4, "cache_write_tokens": 2})
    );
    assert_eq!(usage["total_tokens"], 10);
}

#[test]
fn case_71_an_upstreams_error_keeps_what_it_said() {
    let body = br#"{"error":{"message":"slow down","type":"tokens","code":"rate_limit_exceeded"}}"#;
    let fault = UpstreamFault::from_answer(429, body);
    let (mut out, bridge) = (
        Vec::new(),
        ChatToResponses::new(offering().context, &stamp()),
    );
    bridge.finish(StreamEnd::Broken(fault.clone()), &mut out);
    let response = json!(folded(out));
    assert_eq!(response["error"]["code"], "rate_limit_exceeded");
    assert_eq!(response["error"]["message"], "slow down");
    assert_eq!(response["error"]["status"], 429);
    assert_eq!(fault.to_openai()["error"]["type"], "tokens");
}

#[test]
fn an_endless_answer_ends_at_the_limit() {
    let mut asked = offering();
    let mut options = crate::support::options();
    options.limits.max_output_bytes = 10;
    options.limits.max_items = 2;
    asked.context = crate::support::try_request(json!("hi"), json!({}), &options)
        .unwrap()
        .context;
    let mut bridge = ChatToResponses::new(asked.context, &stamp());
    let mut out = Vec::new();
    let push = |bridge: &mut ChatToResponses, out: &mut Vec<StreamEvent>| {
        let chunk: Chunk = serde_json::from_value(text("12345")).unwrap();
        bridge.push(chunk, out)
    };
    assert_eq!(push(&mut bridge, &mut out), Ok(()));
    assert_eq!(push(&mut bridge, &mut out), Ok(()));
    let fault = push(&mut bridge, &mut out).unwrap_err();
    assert!(matches!(fault, UpstreamFault::TooLarge { limit: 10, .. }));
}
