//! `wire_api`: the agent works the same through providers of other dialects.

use std::fs;

use llmx_test_support::{Message, Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::conversation::body;
use crate::{World, stderr, stdout};

#[test]
fn the_agent_does_its_work_over_chat_completions() {
    let upstream = ScriptedUpstream::start(answer);
    let output = work(&upstream, "/v1/", "chat");
    assert_eq!(output, "The file says: from chat");

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

#[test]
fn the_agent_does_its_work_over_messages() {
    let upstream = ScriptedUpstream::start(answer_messages);
    let output = work(&upstream, "/v1", "messages");
    assert_eq!(output, "The file says: from chat");
    let requests = upstream.requests();
    let targets: Vec<_> = requests.iter().map(Message::target).collect();
    assert_eq!(targets, ["/v1/messages"; 2]);
    assert_eq!(requests[0].header("x-api-key"), Some("sk-chat"));
    assert_eq!(requests[0].header("authorization"), None);
}

#[test]
fn the_agent_does_its_work_over_gemini() {
    let upstream = ScriptedUpstream::start(answer_gemini);
    let output = work(&upstream, "/v1beta", "gemini");
    assert_eq!(output, "The file says: from chat");
    let requests = upstream.requests();
    let targets: Vec<_> = requests.iter().map(Message::target).collect();
    let target = "/v1beta/models/any:streamGenerateContent?alt=sse";
    assert_eq!(targets, [target; 2]);
    assert_eq!(requests[0].header("x-goog-api-key"), Some("sk-chat"));
}

#[test]
fn an_output_schema_is_kept_over_every_dialect() {
    let schema = json!({ "type": "object", "properties": { "sum": { "type": "integer" } },
        "required": ["sum"], "additionalProperties": false });
    // Where formats are not possible beside tools, the model is told and the answer checked alone.
    for (wire_api, option, place) in [
        ("chat", "", "/response_format/json_schema/schema"),
        ("messages", "", ""),
        (
            "messages",
            "structured = 'native'",
            "/output_config/format/schema",
        ),
        ("gemini", "", ""),
        (
            "gemini",
            "formats_beside_tools = true, json_schemas = true",
            "/generationConfig/responseJsonSchema",
        ),
    ] {
        let upstream = ScriptedUpstream::start(move |_| sum(wire_api));
        let world = World::new();
        let file = world.path().join("schema.json");
        fs::write(&file, schema.to_string()).unwrap();
        let base_url = upstream.url("/v1");
        let provider = format!(
            "model_providers.p={{ base_url = '{base_url}', wire_api = '{wire_api}', \
             bridge = {{ {option} }} }}"
        );
        let output = world
            .llmx(&["exec", "-c", &provider, "-c", "model_provider=p"])
            .args([
                "-m",
                "any",
                "--output-schema",
                file.to_str().unwrap(),
                "add",
            ])
            .output()
            .unwrap();
        let said = stderr(&output);
        assert!(output.status.success(), "{wire_api}: {said}");
        assert_eq!(stdout(&output).trim(), r#"{"sum": 3}"#);
        let bodies: Vec<Value> = upstream.requests().iter().map(body).collect();
        assert_eq!(bodies.len(), 1, "{wire_api}");
        assert!(
            bodies[0]
                .to_string()
                .contains("A program reads your last message")
        );
        if place.is_empty() {
            assert!(said.contains("is not asked to hold answers"), "{said}");
        } else {
            assert_eq!(bodies[0].pointer(place), Some(&schema), "{}", bodies[0]);
        }
    }
}

#[test]
fn litellm_or_whatever_is_in_its_place_is_asked_what_it_speaks() {
    let upstream = ScriptedUpstream::start(|request| {
        if request.target() == "/v1/responses" {
            vec![Step::json(404, r#"{"detail":"Not Found"}"#)]
        } else {
            answer(request)
        }
    });
    let world = World::new();
    // The version may be left out, and what was found is remembered by the next run.
    for times_said in [1, 0] {
        let output = world
            .llmx(&["exec", "-m", "any", "-s", "danger-full-access", "go"])
            .env("LLMX_BASE_URL", upstream.url(""))
            .env("LLMX_API_KEY", "sk-chat")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stdout(&output).trim(), "The file says: from chat");
        let said = stderr(&output);
        assert_eq!(said.matches("speaks `chat`").count(), times_said, "{said}");
    }
    let requests = upstream.requests();
    let targets: Vec<_> = requests.iter().map(Message::target).collect();
    let chat = "/v1/chat/completions";
    assert_eq!(targets, ["/v1/responses", chat, chat, chat, chat]);
}

#[test]
fn a_model_that_does_not_exist_is_not_taken_for_a_missing_dialect() {
    let upstream = ScriptedUpstream::start(|_| {
        let error = r#"{"error":{"message":"no such model","code":"model_not_found"}}"#;
        vec![Step::json(404, error)]
    });
    let world = World::new();
    let output = world
        .llmx(&["exec", "-m", "nope", "go"])
        .env("LLMX_BASE_URL", upstream.url("/v1"))
        .env("LLMX_API_KEY", "k")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no such model"),
        "{}",
        stderr(&output)
    );
    assert_eq!(upstream.requests().len(), 1);
}

/// Lets the agent work against `upstream` and returns its last words.
fn work(upstream: &ScriptedUpstream, base: &str, wire_api: &str) -> String {
    let world = World::new();
    let base_url = upstream.url(base);
    let provider = format!(
        "model_providers.p={{ base_url = '{base_url}', env_key = 'P_KEY', wire_api = '{wire_api}' }}"
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
    let written = fs::read_to_string(world.path().join("work/made.txt")).unwrap();
    assert_eq!(written, "from chat\n");
    stdout(&output).trim().to_owned()
}

const SCRIPT: &str = "echo from chat > made.txt; cat made.txt";

fn answer_messages(request: &Message) -> Reply {
    let turns = body(request)["messages"].as_array().unwrap().clone();
    let result = &turns.last().unwrap()["content"][0];
    let (start, delta, reason) = if result["type"] == "tool_result" {
        assert!(result.to_string().contains("from chat"), "{result}");
        (
            json!({ "type": "text", "text": "" }),
            json!({ "type": "text_delta", "text": "The file says: from chat" }),
            "end_turn",
        )
    } else {
        let arguments = json!({ "command": ["sh", "-c", SCRIPT] }).to_string();
        (
            json!({ "type": "tool_use", "id": "toolu_1", "name": "shell", "input": {} }),
            json!({ "type": "input_json_delta", "partial_json": arguments }),
            "tool_use",
        )
    };
    let message = json!({ "id": "m", "type": "message", "role": "assistant", "model": "c",
        "content": [], "stop_reason": null, "usage": { "input_tokens": 3, "output_tokens": 1 } });
    let events = [
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": start }),
        json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": reason },
            "usage": { "output_tokens": 5 } }),
        json!({ "type": "message_stop" }),
    ];
    stream(events)
}

fn answer_gemini(request: &Message) -> Reply {
    let turns = body(request)["contents"].as_array().unwrap().clone();
    let result = &turns.last().unwrap()["parts"][0]["functionResponse"];
    let part = if result.is_object() {
        assert!(result.to_string().contains("from chat"), "{result}");
        json!({ "text": "The file says: from chat" })
    } else {
        let call = json!({ "name": "shell", "args": { "command": ["sh", "-c", SCRIPT] } });
        json!({ "functionCall": call, "thoughtSignature": "c2lnbmF0dXJl" })
    };
    stream([
        json!({ "candidates": [{ "content": { "role": "model", "parts": [part] },
        "finishReason": "STOP" }], "usageMetadata": { "promptTokenCount": 4,
        "candidatesTokenCount": 2, "totalTokenCount": 6 } }),
    ])
}

/// Answers in JSON.
fn sum(wire_api: &str) -> Reply {
    let text = r#"{"sum": 3}"#;
    match wire_api {
        "chat" => stream([json!({ "id": "c", "choices": [{ "index": 0,
            "delta": { "content": text }, "finish_reason": "stop" }] })]),
        "messages" => {
            let message = json!({ "id": "m", "type": "message", "role": "assistant", "model": "c",
                "content": [], "usage": { "input_tokens": 3, "output_tokens": 1 } });
            stream([
                json!({ "type": "message_start", "message": message }),
                json!({ "type": "content_block_start", "index": 0,
                    "content_block": { "type": "text", "text": "" } }),
                json!({ "type": "content_block_delta", "index": 0,
                    "delta": { "type": "text_delta", "text": text } }),
                json!({ "type": "content_block_stop", "index": 0 }),
                json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" },
                    "usage": { "output_tokens": 5 } }),
                json!({ "type": "message_stop" }),
            ])
        }
        _ => stream([json!({ "candidates": [{ "content": { "role": "model",
            "parts": [{ "text": text }] }, "finishReason": "STOP" }] })]),
    }
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
        let arguments = json!({ "command": ["sh", "-c", SCRIPT] }).to_string();
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
    let chunk = |delta: Value| json!({ "id": "c", "choices": [{ "index": 0, "delta": delta }] });
    let end =
        json!({ "id": "c", "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    stream(deltas.into_iter().map(chunk).chain([end]))
}
