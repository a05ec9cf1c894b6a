//! `wire_api = "chat"`: the agent works the same through a provider of Chat Completions.

use std::fs;

use llmx_test_support::{Message, Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::{World, stderr, stdout};

#[test]
fn the_agent_does_its_work_over_chat_completions() {
    let upstream = ScriptedUpstream::start(answer);
    let world = World::new();
    let provider = format!(
        "model_providers.p={{ base_url = '{}', env_key = 'P_KEY', wire_api = 'chat' }}",
        upstream.url("/v1/")
    );
    let output = world
        .llmx(&[
            "exec",
            "-c",
            &provider,
            "-c",
            "model_provider=p",
            "-m",
            "any",
        ])
        .args(["-s", "danger-full-access", "write a file"])
        .env("P_KEY", "sk-chat")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).trim(), "The file says: from chat");
    let written = fs::read_to_string(world.path().join("work/made.txt")).unwrap();
    assert_eq!(written, "from chat\n");

    let requests = upstream.requests();
    let targets: Vec<_> = requests.iter().map(Message::target).collect();
    assert_eq!(targets, ["/v1/chat/completions"; 2]);
    assert_eq!(requests[0].header("authorization"), Some("Bearer sk-chat"));
    // What the provider may have cached of the first request is unchanged in the second.
    let messages = |request: &Message| body(request)["messages"].as_array().unwrap().clone();
    let (first, second) = (messages(&requests[0]), messages(&requests[1]));
    assert_eq!(first[..], second[..first.len()]);
    assert_eq!(body(&requests[0])["tools"], body(&requests[1])["tools"]);
}

fn body(request: &Message) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// Calls the tool in two fragments first, then repeats what it printed.
fn answer(request: &Message) -> Reply {
    let body = body(request);
    let last = body["messages"].as_array().unwrap().last().unwrap();
    let deltas = if last["role"] == "tool" {
        let printed = last["content"].as_str().unwrap();
        assert!(printed.contains("from chat"), "{printed}");
        vec![
            json!({ "content": "The file says: " }),
            json!({ "content": "from chat" }),
        ]
    } else {
        let script = "echo from chat > made.txt; cat made.txt";
        let arguments = json!({ "command": ["sh", "-c", script] }).to_string();
        let (head, tail) = arguments.split_at(9);
        let call = |id: Option<&str>, name: Option<&str>, arguments: &str| {
            json!({ "tool_calls": [{ "index": 0, "id": id, "type": "function",
                "function": { "name": name, "arguments": arguments } }] })
        };
        vec![
            call(Some("call_7"), Some("shell"), head),
            call(None, None, tail),
        ]
    };
    let chunk = |delta: Value| {
        let chunk = json!({ "id": "c", "choices": [{ "index": 0, "delta": delta }] });
        Step::event(&chunk.to_string())
    };
    let mut reply = vec![Step::sse_head()];
    reply.extend(deltas.into_iter().map(chunk));
    let end =
        json!({ "id": "c", "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    reply.extend([
        Step::event(&end.to_string()),
        Step::event("[DONE]"),
        Step::last_chunk(),
    ]);
    reply
}
