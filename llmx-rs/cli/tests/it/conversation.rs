//! A model of the Responses API that makes calls, and what was said to it and by the program.

use std::process::Output;

use llmx_test_support::Message;
#[cfg(unix)]
use llmx_test_support::{Reply, Step};
use serde_json::Value;
#[cfg(unix)]
use serde_json::json;

use crate::stdout;

/// Answers with the call that is next, and says that it is done after the last.
#[cfg(unix)]
pub(crate) fn calling(request: &Message, calls: &[(String, Value)]) -> Reply {
    let number = answers(request).len();
    let item = match calls.get(number) {
        Some((name, arguments)) => json!({ "type": "function_call", "name": name,
            "call_id": format!("c{number}"), "arguments": arguments.to_string() }),
        None => json!({ "type": "message", "role": "assistant",
            "content": [{ "type": "output_text", "text": "done" }] }),
    };
    let done = json!({ "type": "response.output_item.done", "output_index": 0, "item": item });
    let completed = json!({ "type": "response.completed",
        "response": { "id": "r1", "output": [item] } });
    vec![
        Step::sse_head(),
        Step::event(&done.to_string()),
        Step::event(&completed.to_string()),
        Step::last_chunk(),
    ]
}

/// Makes a script of calls that outlives its test's words.
#[cfg(unix)]
pub(crate) fn script(calls: &[(&str, Value)]) -> Vec<(String, Value)> {
    let calls = calls.iter();
    calls
        .map(|(name, arguments)| ((*name).to_owned(), arguments.clone()))
        .collect()
}

/// Returns what the calls of a conversation were answered so far.
#[cfg(unix)]
pub(crate) fn answers(request: &Message) -> Vec<Value> {
    answers_in(&body(request))
}

#[cfg(unix)]
pub(crate) fn answers_in(body: &Value) -> Vec<Value> {
    let items = body["input"].as_array().unwrap().iter();
    items
        .filter(|item| item["type"] == "function_call_output")
        .map(|item| item["output"].clone())
        .collect()
}

pub(crate) fn body(request: &Message) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// Returns the events that the program printed.
pub(crate) fn events(output: &Output) -> Vec<Value> {
    let lines = stdout(output);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
