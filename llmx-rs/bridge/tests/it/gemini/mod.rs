//! A client of Responses in front of an upstream of Gemini.

mod answer;
mod client;
mod history;
mod invariants;
mod request;

use llmx_bridge::gemini::{GeminiToResponses, ToGemini, to_gemini};
use llmx_bridge::{ClientFault, Context, Options, Stamp, StreamBridge, StreamEnd, fold};
use llmx_wire::responses::{self, StreamEvent};
use serde_json::{Value, json};

/// Options of an upstream with a name, so that seals have an origin.
pub(crate) fn options() -> Options {
    Options {
        provider: "google".to_owned(),
        ..Options::default()
    }
}

pub(crate) fn translate(request: &Value, options: &Options) -> Result<ToGemini, ClientFault> {
    let request: responses::Request = serde_json::from_value(request.clone()).unwrap();
    to_gemini(&request, options)
}

pub(crate) fn body(request: &Value) -> Value {
    serde_json::to_value(translate(request, &options()).unwrap().request).unwrap()
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

pub(crate) fn stamp() -> Stamp {
    Stamp {
        id: "t".to_owned(),
        created_at: 7,
    }
}

pub(crate) fn context(request: &Value) -> Context {
    translate(request, &options()).unwrap().context
}

/// Translates a stream; a fault ends it as a driver would.
pub(crate) fn run(context: Context, chunks: &[Value], end: StreamEnd) -> Vec<StreamEvent> {
    let mut bridge = GeminiToResponses::new(context, &stamp());
    let mut out = Vec::new();
    for chunk in chunks {
        let chunk = serde_json::from_value(chunk.clone()).unwrap();
        if let Err(fault) = bridge.push(chunk, &mut out) {
            bridge.finish(StreamEnd::Broken(fault), &mut out);
            return out;
        }
    }
    bridge.finish(end, &mut out);
    out
}

pub(crate) fn response(context: Context, chunks: &[Value]) -> Value {
    serde_json::to_value(fold(run(context, chunks, StreamEnd::Eof)).unwrap()).unwrap()
}

/// A chunk of these parts.
pub(crate) fn chunk(parts: Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}],
        "modelVersion": "gemini-x", "responseId": "r"})
}

/// The last chunk.
pub(crate) fn last(parts: Value, reason: &str) -> Value {
    let mut chunk = chunk(parts);
    chunk["candidates"][0]["finishReason"] = json!(reason);
    chunk["usageMetadata"] = json!({"promptTokenCount": 10, "cachedContentTokenCount": 4,
        "candidatesTokenCount": 6, "thoughtsTokenCount": 3, "toolUsePromptTokenCount": 1, "totalTokenCount": 20});
    chunk
}

pub(crate) fn with_tool(items: &Value) -> Value {
    json!({"model": "m", "input": items, "tools": [
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}]})
}

pub(crate) fn user(text: &str) -> Value {
    json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]})
}

pub(crate) fn developer(text: &str) -> Value {
    json!({"type": "message", "role": "developer", "content": text})
}

pub(crate) fn call(id: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "call_id": id, "name": "f", "arguments": arguments})
}

pub(crate) fn output(id: &str, text: &str) -> Value {
    json!({"type": "function_call_output", "call_id": id, "output": text})
}
