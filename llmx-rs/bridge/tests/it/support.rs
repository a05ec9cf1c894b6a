//! Short ways to say what goes into the bridge and to see what comes out.

use llmx_bridge::chat::{
    ChatContext, ChatToResponses, ResponsesToChat, ToChat, from_chat, respond, to_chat,
};
use llmx_bridge::{ClientFault, Options, Stamp, StreamBridge, StreamEnd};
use llmx_wire::chat::Chunk;
use llmx_wire::responses::{Item, Response, StreamEvent};
use serde_json::{Value, json};

pub(crate) fn stamp() -> Stamp {
    Stamp {
        id: "t".to_owned(),
        created_at: 7,
    }
}

/// Translates a request; `fields` beside `model` and `input`.
pub(crate) fn request(input: Value, fields: Value) -> ToChat {
    try_request(input, fields, &options()).unwrap()
}

pub(crate) fn try_request(
    input: Value,
    fields: Value,
    options: &Options,
) -> Result<ToChat, ClientFault> {
    let mut body = json!({"model": "m", "input": input});
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    to_chat(&serde_json::from_value(body).unwrap(), options)
}

pub(crate) fn options() -> Options {
    Options {
        provider: "p".to_owned(),
        ..Options::default()
    }
}

pub(crate) fn messages(input: Value) -> Value {
    json!(request(input, json!({})).request.messages)
}

pub(crate) fn losses(translated: &ToChat) -> Vec<String> {
    translated.losses.iter().map(ToString::to_string).collect()
}

/// Streams `chunks` as the answer to a request that offers some tools.
pub(crate) fn stream(chunks: &[Value], end: StreamEnd) -> Vec<StreamEvent> {
    stream_for(offering(), chunks, end)
}

pub(crate) fn stream_for(asked: ToChat, chunks: &[Value], end: StreamEnd) -> Vec<StreamEvent> {
    let (mut bridge, mut out) = (ChatToResponses::new(asked.context, &stamp()), Vec::new());
    for chunk in chunks {
        let chunk: Chunk = serde_json::from_value(chunk.clone()).unwrap();
        if let Err(fault) = bridge.push(chunk, &mut out) {
            bridge.finish(StreamEnd::Broken(fault), &mut out);
            return out;
        }
    }
    bridge.finish(end, &mut out);
    out
}

/// Streams Responses events to a Chat client that asked for the cost.
pub(crate) fn chat_stream(events: &[Value], end: StreamEnd) -> Vec<Chunk> {
    let mut bridge = ResponsesToChat::new(chat_context(), &stamp());
    let mut out = Vec::new();
    for event in events {
        let event = serde_json::from_value(event.clone()).unwrap();
        bridge.push(event, &mut out).unwrap();
    }
    bridge.finish(end, &mut out);
    out
}

pub(crate) fn chat_context() -> ChatContext {
    let request = json!({
        "model": "m", "messages": [], "stream": true, "stream_options": {"include_usage": true},
    });
    let request = serde_json::from_value(request).unwrap();
    from_chat(&request, &options()).unwrap().context
}

/// A request that offers functions, a free-form tool, a group, a search and a shell.
pub(crate) fn offering() -> ToChat {
    offering_with(&options())
}

pub(crate) fn offering_with(options: &Options) -> ToChat {
    try_request(
        json!("hi"),
        json!({"tools": [
            {"type": "function", "name": "read", "parameters": {"type": "object"}},
            {"type": "function", "name": "search_x", "parameters": {"type": "object"}},
            {"type": "custom", "name": "apply_patch", "format": {"type": "grammar", "syntax": "lark", "definition": "start: X"}},
            {"type": "namespace", "name": "mcp__calc", "tools": [{"type": "function", "name": "add"}]},
            {"type": "tool_search", "execution": "client", "parameters": {"type": "object"}},
            {"type": "local_shell"},
        ]}),
        options,
    )
    .unwrap()
}

pub(crate) fn folded(events: Vec<StreamEvent>) -> Response {
    llmx_bridge::fold(events).expect("a terminal event")
}

pub(crate) fn whole(answer: Value) -> Response {
    respond(
        serde_json::from_value(answer).unwrap(),
        offering().context,
        &stamp(),
    )
    .unwrap()
}

/// A chunk whose delta is `delta`.
pub(crate) fn delta(delta: Value) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": delta}]})
}

pub(crate) fn text(text: &str) -> Value {
    delta(json!({"content": text}))
}

pub(crate) fn ends(reason: &str) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

/// A chunk with one piece of a call.
pub(crate) fn piece(index: Option<u64>, id: Option<&str>, name: &str, arguments: &str) -> Value {
    let mut call = json!({"function": {"arguments": arguments}});
    if let Some(index) = index {
        call["index"] = index.into();
    }
    if let Some(id) = id {
        call["id"] = id.into();
    }
    if !name.is_empty() {
        call["function"]["name"] = name.into();
    }
    delta(json!({"tool_calls": [call]}))
}

/// The calls of an answer: `name(arguments) #call_id`.
pub(crate) fn calls(events: Vec<StreamEvent>) -> Vec<String> {
    folded(events).output.iter().filter_map(call).collect()
}

fn call(item: &Item) -> Option<String> {
    match item {
        Item::FunctionCall(call) => Some(format!(
            "{}({}) #{}",
            call.name, call.arguments, call.call_id
        )),
        Item::CustomToolCall(call) => {
            Some(format!("{}<{}> #{}", call.name, call.input, call.call_id))
        }
        _ => None,
    }
}

pub(crate) fn kinds(events: &[StreamEvent]) -> Vec<&str> {
    events.iter().map(StreamEvent::kind).collect()
}

/// The status of an answer and why it has that.
pub(crate) fn outcome(events: Vec<StreamEvent>) -> (String, String) {
    let response = json!(folded(events));
    let why = [
        &response["error"]["code"],
        &response["incomplete_details"]["reason"],
    ];
    let why = why.iter().find_map(|why| why.as_str()).unwrap_or_default();
    (
        response["status"].as_str().unwrap().to_owned(),
        why.to_owned(),
    )
}
