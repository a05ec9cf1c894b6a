//! What each lane costs, from the bytes that come to the bytes that go: `cargo bench -p llmx-bridge`.
//!
//! Requests are counted in bytes, streams in events. Parsing and writing JSON are part of it, because
//! no driver can do without; the network is not.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark whose input is refused has nothing to measure"
)]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use llmx_bridge::chat::{ChatToResponses, Frame, ResponsesToChat, from_chat, to_chat};
use llmx_bridge::gemini::{GeminiToResponses, ResponsesToGemini, from_gemini, to_gemini};
use llmx_bridge::messages::{MessagesToResponses, ResponsesToMessages, from_messages, to_messages};
use llmx_bridge::{Context, Options, Stamp, StreamBridge, StreamEnd};
use llmx_wire::messages::StreamEvent as MessagesEvent;
use llmx_wire::responses::{Request, StreamEvent};
use llmx_wire::sse::encode_json;
use serde::Serialize;
use serde_json::{Value, json};

fn main() {
    divan::main();
}

/// Requests as clients send them.
#[derive(Debug, Clone, Copy)]
enum Asked {
    /// One message, 1 KB in all.
    Small,
    /// Thirty turns of a coding agent: words, a call and its result in each.
    Turns30,
    /// One result of 2 MB.
    Large,
}

const ASKED: [Asked; 3] = [Asked::Small, Asked::Turns30, Asked::Large];

#[divan::bench(args = ASKED)]
fn request_to_chat(bencher: Bencher, asked: Asked) {
    request(bencher, asked, |request| {
        to_chat(request, &options()).unwrap().request
    });
}

#[divan::bench(args = ASKED)]
fn request_to_messages(bencher: Bencher, asked: Asked) {
    request(bencher, asked, |request| {
        to_messages(request, &options()).unwrap().request
    });
}

#[divan::bench(args = ASKED)]
fn request_to_gemini(bencher: Bencher, asked: Asked) {
    request(bencher, asked, |request| {
        to_gemini(request, &options()).unwrap().request
    });
}

fn request<T: Serialize>(bencher: Bencher, asked: Asked, translate: fn(&Request) -> T) {
    let body = body(asked);
    bencher.counter(BytesCount::of_slice(&body)).bench(|| {
        let request = serde_json::from_slice(black_box(&body)).unwrap();
        serde_json::to_vec(&translate(&request)).unwrap()
    });
}

#[divan::bench]
fn stream_of_chat_text(bencher: Bencher) {
    let delta = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {"content": " word"}, "finish_reason": null}]});
    let chunks = repeated(&[], &delta, &[]);
    upstream(
        bencher,
        &chunks,
        &to_chat_context(),
        ChatToResponses::new,
        chat_chunk,
    );
}

#[divan::bench]
fn stream_of_chat_tool_arguments(bencher: Bencher) {
    let call = |call: Value| {
        json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": null}]})
    };
    let opening = call(json!({"index": 0, "id": "call_1", "type": "function",
        "function": {"name": "exec_command", "arguments": "{\"cmd\":\""}}));
    let delta = call(json!({"index": 0, "function": {"arguments": " word"}}));
    let closing = call(json!({"index": 0, "function": {"arguments": "\"}"}}));
    let chunks = repeated(&[opening], &delta, &[closing]);
    upstream(
        bencher,
        &chunks,
        &to_chat_context(),
        ChatToResponses::new,
        chat_chunk,
    );
}

#[divan::bench]
fn stream_of_messages(bencher: Bencher) {
    let before = [
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message",
            "role": "assistant", "model": "m", "content": [], "usage": {"input_tokens": 3}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    ];
    let delta = json!({"type": "content_block_delta", "index": 0,
        "delta": {"type": "text_delta", "text": " word"}});
    let after = [
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}),
        json!({"type": "message_stop"}),
    ];
    let context = to_messages(&small(), &options()).unwrap().context;
    let events = repeated(&before, &delta, &after);
    upstream(
        bencher,
        &events,
        &context,
        MessagesToResponses::new,
        |data| MessagesEvent::parse(None, data).unwrap(),
    );
}

#[divan::bench]
fn stream_of_gemini(bencher: Bencher) {
    let delta = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": " word"}]}, "index": 0}],
        "modelVersion": "m", "responseId": "r",
        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 1, "totalTokenCount": 6}});
    let context = to_gemini(&small(), &options()).unwrap().context;
    let chunks = repeated(&[], &delta, &[]);
    upstream(bencher, &chunks, &context, GeminiToResponses::new, |data| {
        serde_json::from_str(data).unwrap()
    });
}

fn upstream<B: StreamBridge<Out = StreamEvent>>(
    bencher: Bencher,
    events: &[String],
    context: &Context,
    begin: fn(Context, &Stamp) -> B,
    read: fn(&str) -> B::In,
) {
    bencher
        .counter(ItemsCount::new(events.len()))
        .with_inputs(|| begin(context.clone(), &Stamp::default()))
        .bench_values(|bridge| drive(bridge, events, read, |event| event.kind()));
}

#[divan::bench]
fn stream_to_chat_client(bencher: Bencher) {
    let asked = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let asked = serde_json::from_value(asked).unwrap();
    let context = from_chat(&asked, &options()).unwrap().context;
    client(bencher, || {
        ResponsesToChat::new(context.clone(), &Stamp::default())
    });
}

#[divan::bench]
fn stream_to_messages_client(bencher: Bencher) {
    let asked =
        json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let asked = serde_json::from_value(asked).unwrap();
    let context = from_messages(&asked, &options()).unwrap().context;
    client(bencher, || {
        ResponsesToMessages::new(context.clone(), &Stamp::default())
    });
}

#[divan::bench]
fn stream_to_gemini_client(bencher: Bencher) {
    let asked = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    let asked = serde_json::from_value(asked).unwrap();
    let context = from_gemini("m", true, &asked, &options()).unwrap().context;
    client(bencher, || {
        ResponsesToGemini::new(context.clone(), &Stamp::default())
    });
}

fn client<B: StreamBridge<In = StreamEvent, Out: Serialize>>(
    bencher: Bencher,
    begin: impl Fn() -> B + Sync,
) {
    let created = json!({"type": "response.created", "response": {"id": "r", "model": "m"}});
    let delta = json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0,
        "content_index": 0, "delta": " word", "logprobs": [], "sequence_number": 7});
    let completed =
        json!({"type": "response.completed", "response": {"id": "r", "status": "completed"}});
    let events = repeated(&[created], &delta, &[completed]);
    bencher
        .counter(ItemsCount::new(events.len()))
        .with_inputs(begin)
        .bench_values(|bridge| {
            let read = |data: &str| StreamEvent::parse(None, data).unwrap();
            drive(bridge, &events, read, |_| "")
        });
}

/// Reads, translates and writes every event, as the proxy does between decoder and socket.
fn drive<B: StreamBridge<Out: Serialize>>(
    mut bridge: B,
    events: &[String],
    read: impl Fn(&str) -> B::In,
    name: impl Fn(&B::Out) -> &str,
) -> usize {
    let (mut out, mut bytes, mut written) = (Vec::new(), Vec::new(), 0);
    let mut write = |out: &mut Vec<B::Out>| {
        bytes.clear();
        for event in out.drain(..) {
            encode_json(name(&event), &event, &mut bytes).unwrap();
        }
        written += black_box(&bytes).len();
    };
    for data in events {
        bridge.push(read(black_box(data)), &mut out).unwrap();
        write(&mut out);
    }
    bridge.finish(StreamEnd::Done, &mut out);
    write(&mut out);
    written
}

fn chat_chunk(data: &str) -> llmx_wire::chat::Chunk {
    match Frame::read(data).unwrap() {
        Frame::Chunk(chunk) => *chunk,
        Frame::Done | Frame::Nothing => unreachable!("every event of these holds a chunk"),
    }
}

fn repeated(before: &[Value], delta: &Value, after: &[Value]) -> Vec<String> {
    let deltas = std::iter::repeat_n(delta, DELTAS);
    let all = before.iter().chain(deltas).chain(after);
    all.map(Value::to_string).collect()
}

fn to_chat_context() -> Context {
    to_chat(&small(), &options()).unwrap().context
}

fn small() -> Request {
    serde_json::from_slice(&body(Asked::Small)).unwrap()
}

fn body(asked: Asked) -> Vec<u8> {
    let mut input = vec![json!({"type": "message", "role": "user",
        "content": [{"type": "input_text", "text": "fix the test"}]})];
    match asked {
        Asked::Small => {}
        Asked::Turns30 => input.extend((0..30).flat_map(turn)),
        Asked::Large => input.extend([call(0), result(0, 2 << 20)]),
    }
    let body = json!({"model": "m", "stream": true, "store": false, "input": input,
        "instructions": "You are a coding agent. ".repeat(30),
        "tools": [{"type": "function", "name": "exec_command", "strict": false, "parameters": {
            "type": "object", "properties": {"cmd": {"type": "string"}}, "required": ["cmd"]}}]});
    serde_json::to_vec(&body).unwrap()
}

fn turn(number: u64) -> [Value; 3] {
    let words = json!({"type": "message", "role": "assistant",
        "content": [{"type": "output_text", "text": "I look at the next file.", "annotations": []}]});
    [words, call(number), result(number, 1024)]
}

fn call(number: u64) -> Value {
    json!({"type": "function_call", "call_id": format!("call_{number}"), "name": "exec_command",
        "arguments": "{\"cmd\":\"cat src/lib.rs\"}"})
}

fn result(number: u64, bytes: usize) -> Value {
    let line = "    let x = \"a line of code\";\n";
    let output = line.repeat(bytes / line.len());
    json!({"type": "function_call_output", "call_id": format!("call_{number}"), "output": output})
}

fn options() -> Options {
    Options {
        provider: "bench".to_owned(),
        ..Options::default()
    }
}

const DELTAS: usize = 1000;
