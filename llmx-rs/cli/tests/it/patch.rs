//! `apply_patch`, from the model to the file: as free text, as a function, and within a command.

use std::fs;

use llmx_test_support::{Message, Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::conversation::body;
use crate::{World, stderr, stdout};

const PATCH: &str = "*** Begin Patch\n*** Update File: a.txt\n-old\n+new\n*** End Patch";

#[test]
fn a_patch_as_free_text_is_applied_in_the_sandbox_and_shown() {
    let call = || json!({"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": PATCH});
    let upstream = ScriptedUpstream::start(move |request| responses(request, call()));
    let events = work(&upstream, "responses", "workspace-write");
    let change = events
        .iter()
        .rfind(|event| event["item"]["type"] == "file_change");
    let item = &change.unwrap()["item"];
    assert_eq!(
        (&item["status"], &item["changes"][0]["kind"]),
        (&json!("completed"), &json!("update"))
    );
    let offered = body(&upstream.requests()[0])["tools"].clone();
    let offered = offered.as_array().unwrap();
    let tool = offered
        .iter()
        .find(|tool| tool["name"] == "apply_patch")
        .unwrap();
    assert_eq!(tool["type"], "custom");
    let answer = &body(&upstream.requests()[1])["input"];
    assert!(answer.to_string().contains("M a.txt"), "{answer}");
}

#[test]
fn a_patch_is_a_function_where_the_provider_knows_nothing_else() {
    let upstream = ScriptedUpstream::start(|request| {
        let arguments = json!({"input": PATCH}).to_string();
        chat(request, &arguments)
    });
    work(&upstream, "chat", "workspace-write");
    let offered = body(&upstream.requests()[0])["tools"].to_string();
    assert!(offered.contains("apply_patch"), "{offered}");
}

#[test]
fn a_patch_within_a_command_is_a_patch() {
    let upstream = ScriptedUpstream::start(|request| {
        let script = format!("apply_patch <<'EOF'\n{PATCH}\nEOF\n");
        let arguments = json!({"cmd": script}).to_string();
        let call = json!({"type": "function_call", "call_id": "c1", "name": "exec_command", "arguments": arguments});
        responses(request, call)
    });
    let events = work(&upstream, "responses", "workspace-write");
    assert!(
        events
            .iter()
            .any(|event| event["item"]["type"] == "file_change")
    );
}

fn work(upstream: &ScriptedUpstream, wire_api: &str, sandbox: &str) -> Vec<Value> {
    let world = World::new();
    let file = world.path().join("work/a.txt");
    fs::write(&file, "old\n").unwrap();
    let base_url = upstream.url("/v1");
    let provider = format!(
        "model_providers.p={{ base_url = '{base_url}', env_key = 'P_KEY', wire_api = '{wire_api}' }}"
    );
    let output = world
        .llmx(&[
            "exec",
            "--json",
            "-c",
            &provider,
            "-c",
            "model_provider=p",
            "-m",
            "any",
        ])
        .args(["-s", sandbox, "change the file"])
        .env("P_KEY", "sk-patch")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "new\n",
        "{}",
        stdout(&output)
    );
    let left: Vec<_> = fs::read_dir(world.path().join("work")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Calls the tool once, and then is done.
fn responses(request: &Message, call: Value) -> Reply {
    let input = body(request)["input"].clone();
    let last = input.as_array().unwrap().last().unwrap()["type"].clone();
    let item = match last.as_str().is_some_and(|kind| kind.ends_with("_output")) {
        true => json!({"type": "message", "id": "msg_1", "role": "assistant",
            "content": [{"type": "output_text", "text": "done"}]}),
        false => call,
    };
    let done = json!({"type": "response.output_item.done", "output_index": 0, "item": item});
    let usage = json!({"input_tokens": 10, "output_tokens": 3, "total_tokens": 13});
    let response = json!({"id": "r", "status": "completed", "output": [item], "usage": usage});
    let completed = json!({"type": "response.completed", "response": response});
    stream([done, completed])
}

fn chat(request: &Message, arguments: &str) -> Reply {
    let messages = body(request)["messages"].clone();
    let is_done = messages.as_array().unwrap().last().unwrap()["role"] == "tool";
    let delta = match is_done {
        true => json!({"content": "done"}),
        false => json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function",
            "function": {"name": "apply_patch", "arguments": arguments}}]}),
    };
    let end = json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    stream([
        json!({"id": "c", "choices": [{"index": 0, "delta": delta}]}),
        end,
    ])
}

fn stream(events: impl IntoIterator<Item = Value>) -> Reply {
    let mut reply = vec![Step::sse_head()];
    reply.extend(
        events
            .into_iter()
            .map(|event| Step::event(&event.to_string())),
    );
    reply.push(Step::last_chunk());
    reply
}
