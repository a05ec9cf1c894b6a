//! A client of Responses in front of an upstream of Messages.

mod client;
mod history;
pub(crate) mod invariants;
mod request;
mod stream;
mod whole;

use llmx_bridge::messages::{MessagesToResponses, ToMessages, to_messages};
use llmx_bridge::{ClientFault, Context, Options, Stamp, StreamBridge, StreamEnd, fold};
use llmx_wire::messages::StreamEvent;
use llmx_wire::responses;
use serde_json::{Value, json};

/// Options of an upstream with a name, so that seals have an origin.
pub(crate) fn options() -> Options {
    Options {
        provider: "anthropic".to_owned(),
        ..Options::default()
    }
}

pub(crate) fn translate(request: &Value, options: &Options) -> Result<ToMessages, ClientFault> {
    let request: responses::Request = serde_json::from_value(request.clone()).unwrap();
    to_messages(&request, options)
}

/// Translates a request without automatic cache marks and returns the body.
pub(crate) fn body(request: &Value) -> Value {
    let mut options = options();
    options.messages.cache = false;
    serde_json::to_value(translate(request, &options).unwrap().request).unwrap()
}

/// Returns the losses of a request as the client sees them.
pub(crate) fn losses(request: &Value, options: &Options) -> String {
    let losses = translate(request, options).unwrap().losses;
    losses.header_value().unwrap_or_default()
}

/// Returns what the fault of a refused request names.
pub(crate) fn refusal(request: &Value, options: &Options) -> String {
    translate(request, options).unwrap_err().path().to_owned()
}

pub(crate) fn context(request: &Value) -> Context {
    translate(request, &options()).unwrap().context
}

pub(crate) fn stamp() -> Stamp {
    Stamp {
        id: "t".to_owned(),
        created_at: 7,
    }
}

/// Translates a stream; a fault ends it as a driver would.
pub(crate) fn run(
    context: Context,
    events: &[Value],
    end: StreamEnd,
) -> Vec<responses::StreamEvent> {
    let mut bridge = MessagesToResponses::new(context, &stamp());
    let mut out = Vec::new();
    for event in events {
        let event = StreamEvent::parse(None, &event.to_string()).unwrap();
        if let Err(fault) = bridge.push(event, &mut out) {
            bridge.finish(StreamEnd::Broken(fault), &mut out);
            return out;
        }
    }
    bridge.finish(end, &mut out);
    out
}

/// Translates a stream that ends as it should and returns the response.
pub(crate) fn response(context: Context, events: &[Value]) -> Value {
    let folded = fold(run(context, events, StreamEnd::Eof)).unwrap();
    serde_json::to_value(folded).unwrap()
}

/// The events of an answer of these blocks, each given with its deltas.
pub(crate) fn answer(blocks: &[(Value, Vec<Value>)], stop_reason: &str) -> Vec<Value> {
    let mut events = vec![json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [],
        "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 10, "cache_creation_input_tokens": 5,
                  "output_tokens": 1}}})];
    for (index, (block, deltas)) in blocks.iter().enumerate() {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        for delta in deltas {
            events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    events.push(json!({"type": "message_delta",
        "delta": {"stop_reason": stop_reason, "stop_sequence": null},
        "usage": {"output_tokens": 20, "output_tokens_details": {"thinking_tokens": 4}}}));
    events.push(json!({"type": "message_stop"}));
    events
}

pub(crate) fn text(pieces: &[&str]) -> (Value, Vec<Value>) {
    let deltas = pieces
        .iter()
        .map(|it| json!({"type": "text_delta", "text": it}));
    (json!({"type": "text", "text": ""}), deltas.collect())
}

pub(crate) fn thinking(pieces: &[&str], signature: &str) -> (Value, Vec<Value>) {
    let mut deltas: Vec<Value> = pieces
        .iter()
        .map(|it| json!({"type": "thinking_delta", "thinking": it}))
        .collect();
    deltas.push(json!({"type": "signature_delta", "signature": signature}));
    let block = json!({"type": "thinking", "thinking": "", "signature": ""});
    (block, deltas)
}

pub(crate) fn redacted(data: &str) -> (Value, Vec<Value>) {
    (json!({"type": "redacted_thinking", "data": data}), vec![])
}

pub(crate) fn tool_use(id: &str, name: &str, pieces: &[&str]) -> (Value, Vec<Value>) {
    let deltas = pieces
        .iter()
        .map(|it| json!({"type": "input_json_delta", "partial_json": it}));
    let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
    (block, deltas.collect())
}
