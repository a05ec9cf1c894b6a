//! A stream of chunks becomes the one object that a client without a stream waits for.

use llmx_wire::FaultBody;
use llmx_wire::chat::{Choice, Chunk, FunctionCall, Message, Response, TextOrList, ToolCall};
use serde_json::Value;

/// Puts the chunks of [`super::ResponsesToChat`] together, or returns the error that ended them.
pub fn fold_chunks(chunks: Vec<Chunk>) -> Result<Response, FaultBody> {
    let mut response = Response {
        object: "chat.completion".to_owned(),
        ..Response::default()
    };
    let mut choice = Choice::default();
    for chunk in chunks {
        if let Some(fault) = chunk.fault() {
            return Err(fault);
        }
        response.id = chunk.id;
        response.created = chunk.created;
        response.model = chunk.model;
        response.usage = chunk.usage.or(response.usage);
        for piece in chunk.choices {
            add(piece.delta, &mut choice.message);
            choice.finish_reason = piece.finish_reason.or(choice.finish_reason);
            choice.logprobs = join_logprobs(choice.logprobs.take(), piece.logprobs);
        }
    }
    finish(&mut choice.message);
    response.choices.push(choice);
    Ok(response)
}

fn add(piece: Message, whole: &mut Message) {
    whole.role = whole.role.take().or(piece.role);
    if let Some(TextOrList::Text(text)) = piece.content {
        match &mut whole.content {
            Some(TextOrList::Text(held)) => held.push_str(&text),
            held => *held = Some(TextOrList::Text(text)),
        }
    }
    append(&mut whole.refusal, piece.refusal);
    append(&mut whole.reasoning_content, piece.reasoning_content);
    for call in piece.tool_calls {
        let held = whole
            .tool_calls
            .iter_mut()
            .find(|held| held.index == call.index);
        match held {
            Some(held) => add_call(call, held),
            None => whole.tool_calls.push(call),
        }
    }
}

fn add_call(piece: ToolCall, whole: &mut ToolCall) {
    let more = piece.function.and_then(|function| function.arguments);
    if let (
        Some(FunctionCall {
            arguments: Some(Value::String(held)),
            ..
        }),
        Some(Value::String(more)),
    ) = (&mut whole.function, more)
    {
        held.push_str(&more);
    }
    let held = whole
        .extra
        .get_mut("custom")
        .and_then(|custom| custom.get_mut("input"));
    let more = piece
        .extra
        .get("custom")
        .and_then(|custom| custom.get("input"));
    if let (Some(Value::String(held)), Some(Value::String(more))) = (held, more) {
        held.push_str(more);
    }
}

/// A whole message differs from its pieces: calls have no index, and no words are null.
fn finish(message: &mut Message) {
    for call in &mut message.tool_calls {
        call.index = None;
    }
    if message.content == Some(TextOrList::Text(String::new())) {
        message.content = None;
    }
}

fn append(held: &mut Option<String>, piece: Option<String>) {
    match (held, piece) {
        (Some(held), Some(piece)) => held.push_str(&piece),
        (held @ None, piece) => *held = piece,
        (Some(_), None) => {}
    }
}

fn join_logprobs(held: Option<Value>, piece: Option<Value>) -> Option<Value> {
    let (Some(mut held), Some(piece)) = (held.clone(), piece.clone()) else {
        return held.or(piece);
    };
    let tokens = piece.get("content").and_then(Value::as_array);
    if let Some(Value::Array(list)) = held.get_mut("content") {
        list.extend(tokens.cloned().unwrap_or_default());
    }
    Some(held)
}
