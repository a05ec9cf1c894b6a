//! What the mock says to an agent: so many calls, one per answer, and then that it is done.
//!
//! The agent cannot be told to send the mock's headers, so the number of calls stands in the path:
//! `/agent/50/v1/responses`. How far the turn has come is in the conversation itself.

use memchr::memmem;
use serde_json::{Value, json};

/// The path below which an agent finds the mock.
pub(crate) fn base_path(calls: u32) -> String {
    format!("{PREFIX}{calls}/v1")
}

/// Returns how many calls the agent that asks at `target` should make.
pub(crate) fn calls_of(target: &str) -> Option<u32> {
    let (calls, _) = target.strip_prefix(PREFIX)?.split_once('/')?;
    calls.parse().ok()
}

/// The whole response to a request with this body.
pub(crate) fn answer(calls: u32, body: &[u8]) -> Vec<u8> {
    let made = memmem::find_iter(body, br#""function_call_output""#).count();
    let item = if made < calls as usize {
        json!({"type": "function_call", "id": format!("fc_{made}"), "call_id": format!("call_{made}"),
            "name": "exec_command", "arguments": json!({"cmd": "true"}).to_string(),
            "status": "completed"})
    } else {
        json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "done", "annotations": []}]})
    };
    let events = stream(&item);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n",
        events.len()
    );
    (head + &events).into_bytes()
}

fn stream(item: &Value) -> String {
    let response = |status: &str, output: &[&Value]| {
        json!({"id": "resp_1", "object": "response", "created_at": 1, "model": "mock",
            "status": status, "output": output,
            "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}})
    };
    let events = [
        json!({"type": "response.created", "response": response("in_progress", &[])}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        json!({"type": "response.completed", "response": response("completed", &[item])}),
    ];
    let mut text = String::new();
    for (number, mut event) in events.into_iter().enumerate() {
        event["sequence_number"] = number.into();
        let name = event["type"].as_str().unwrap_or_default();
        text.push_str(&format!("event: {name}\ndata: {event}\n\n"));
    }
    text
}

const PREFIX: &str = "/agent/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_calls_is_in_the_path() {
        let path = format!("{}/responses", base_path(50));
        assert_eq!(calls_of(&path), Some(50));
        assert_eq!(calls_of("/v1/responses"), None);
        assert_eq!(calls_of("/agent/x/v1/responses"), None);
    }

    #[test]
    fn a_call_is_asked_for_until_enough_are_answered() {
        let said = |body: &[u8]| String::from_utf8(answer(1, body)).unwrap();
        assert!(said(b"{}").contains("exec_command"));
        let after = said(br#"{"input":[{"type":"function_call_output"}]}"#);
        assert!(after.contains("done") && !after.contains("exec_command"));
    }
}
