//! Searches of the web that the provider runs.

use std::fs;
use std::process::Output;

use llmx_test_support::{Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::conversation::{body, events};
use crate::{World, stderr, stdout};

#[test]
fn a_search_is_offered_shown_and_kept() {
    let upstream = ScriptedUpstream::start(|request| {
        let action = json!({"type": "search", "query": "llmx"});
        let search = json!({"type": "web_search_call", "id": "ws_1", "status": "completed",
            "action": action});
        let call = json!({"type": "function_call", "call_id": "c1", "name": "exec_command",
            "arguments": "{\"cmd\": \"true\"}"});
        match request.text().contains("function_call_output") {
            false => responses(&[search, call]),
            true => responses(&[message("found")]),
        }
    });
    let (world, output) = exec(&upstream, "web_search = 'live'");
    let events = events(&output);
    let item = events
        .iter()
        .find(|event| event["item"]["type"] == "web_search")
        .unwrap();
    assert_eq!(item["type"], "item.completed");
    assert_eq!(item["item"]["query"], "llmx");
    assert_eq!(item["item"]["action"]["type"], "search");
    let requests: Vec<Value> = upstream.requests().iter().map(body).collect();
    let tools = requests[0]["tools"].as_array().unwrap();
    assert_eq!(tools.last().unwrap(), &json!({"type": "web_search"}));
    let input = requests[1]["input"].as_array().unwrap();
    assert!(input.iter().any(|item| item["type"] == "web_search_call"));
    let id = events[0]["thread_id"].as_str().unwrap();
    let shown = world.llmx(&["sessions", "show", id]).output().unwrap();
    assert!(stdout(&shown).contains("web_search"), "{}", stdout(&shown));
}

#[test]
fn a_provider_without_a_search_is_told_of_once() {
    let upstream = ScriptedUpstream::start(|request| {
        if request.target().ends_with("/responses") {
            return vec![Step::json(404, r#"{"error": {"message": "no such page"}}"#)];
        }
        assert!(!request.text().contains("web_search"));
        let delta = json!({"choices": [{"index": 0, "delta": {"role": "assistant",
            "content": "hi"}, "finish_reason": "stop"}]});
        vec![
            Step::sse_head(),
            Step::event(&delta.to_string()),
            Step::event("[DONE]"),
            Step::last_chunk(),
        ]
    });
    for (wire_api, words) in [
        ("auto", "the provider speaks no Responses API"),
        ("chat", "`litellm` is set to chat"),
    ] {
        let config =
            format!("web_search = 'live'\n[model_providers.litellm]\nwire_api = '{wire_api}'");
        let (_, output) = exec(&upstream, &config);
        let notices: Vec<_> = events(&output)
            .into_iter()
            .filter(|event| event.to_string().contains("web_search"))
            .collect();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert_eq!(notices[0]["type"], "error");
        assert!(
            notices[0]["message"].as_str().unwrap().contains(words),
            "{notices:?}"
        );
    }
}

fn exec(upstream: &ScriptedUpstream, config: &str) -> (World, Output) {
    let world = World::new();
    fs::write(world.path().join("home/config.toml"), config).unwrap();
    let args = [
        "exec",
        "-m",
        "any",
        "-s",
        "danger-full-access",
        "--json",
        "go",
    ];
    let output = world
        .llmx(&args)
        .env("LLMX_API_KEY", "sk-test")
        .env("LLMX_BASE_URL", upstream.url("/v1"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    (world, output)
}

fn responses(items: &[Value]) -> Reply {
    let completed = json!({ "type": "response.completed",
        "response": { "id": "r1", "output": items } });
    vec![
        Step::sse_head(),
        Step::event(&completed.to_string()),
        Step::last_chunk(),
    ]
}

fn message(text: &str) -> Value {
    json!({ "type": "message", "role": "assistant",
        "content": [{ "type": "output_text", "text": text }] })
}
