//! `--bridge-to-chat`: Responses for the client, Chat Completions for the upstream.

use std::time::Duration;

use llmx_test_support::{Answer, Message, Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::proxy::{KEY, Proxy};
#[cfg(target_os = "linux")]
use crate::streaming::{pause, peak_kib};

const REQUEST: &str = r#"{"model":"m","instructions":"be brief","input":"hi","stream":true}"#;

fn bridge(upstream: &ScriptedUpstream, flags: &[&str]) -> Proxy {
    let url = upstream.url("/v1/chat/completions");
    let mut command = crate::proxy::command();
    command
        .args(["--bridge-to-chat", "--upstream-url", &url])
        .args(flags);
    Proxy::spawn(command)
}

fn chunk(delta: &Value, finish: Option<&str>) -> Step {
    let chunk = json!({ "id": "c1", "object": "chat.completion.chunk", "model": "m-1",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
    Step::event(&chunk.to_string())
}

fn hello() -> Reply {
    vec![
        Step::sse_head(),
        chunk(&json!({ "role": "assistant", "content": "hel" }), None),
        chunk(&json!({ "content": "lo" }), Some("stop")),
        Step::event(
            r#"{"id":"c1","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":3}}}"#,
        ),
        Step::event("[DONE]"),
        Step::last_chunk(),
    ]
}

/// Returns the events of a streamed answer; each must carry its type as its name.
fn events(answer: &Answer) -> Vec<Value> {
    let text = answer.text();
    let events = text.split("\n\n").filter(|event| !event.is_empty());
    events
        .map(|event| {
            let (name, data) = event.split_once("\ndata: ").unwrap();
            let data: Value = serde_json::from_str(data).unwrap();
            assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
            data
        })
        .collect()
}

fn body(request: &Message) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[test]
fn a_stream_is_translated_both_ways() {
    let upstream = ScriptedUpstream::start(|_| hello());
    let proxy = bridge(&upstream, &[]);
    let answer = proxy.exchange(&proxy.post(REQUEST)).unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert_eq!(answer.header("x-llmx-dropped"), None);
    let events = events(&answer);
    let kinds: Vec<_> = events.iter().map(|event| &event["type"]).collect();
    assert_eq!(
        kinds,
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
    }
    let response = &events.last().unwrap()["response"];
    assert_eq!(response["output"][0]["content"][0]["text"], "hello");
    assert_eq!(
        response["usage"]["input_tokens_details"]["cached_tokens"],
        3
    );

    let request = upstream.requests().remove(0);
    assert_eq!(request.start_line, "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    let body = body(&request);
    assert_eq!(body["messages"][0]["role"], "system");
    assert_eq!(body["messages"][1]["content"], "hi");
    assert_eq!(body["stream_options"]["include_usage"], true);
}

#[test]
fn decisions_about_the_translation_are_taken_on_the_command_line() {
    let upstream = ScriptedUpstream::start(|_| hello());
    let proxy = bridge(
        &upstream,
        &[
            "--bridge-option",
            "model=other",
            "--bridge-option",
            "system_merge=as_user",
        ],
    );
    let request = r#"{"model":"m","instructions":"be brief","input":"hi"}"#;
    assert_eq!(proxy.exchange(&proxy.post(request)).unwrap().status(), 200);
    let asked = body(&upstream.requests()[0]);
    assert_eq!(asked["model"], "other");
    assert_eq!(asked["messages"][0]["role"], "user", "{asked}");
}

#[test]
fn an_item_of_an_earlier_answer_is_sent_by_its_id() {
    let upstream = ScriptedUpstream::start(|_| hello());
    let proxy = bridge(&upstream, &[]);
    let first = last_of(&proxy.exchange(&proxy.post(REQUEST)).unwrap());
    let id = &first["response"]["output"][0]["id"];
    let next = json!({ "model": "m", "input": [
        { "role": "user", "content": "hi" },
        { "type": "item_reference", "id": id },
        { "role": "user", "content": "and now?" },
    ]});
    assert_eq!(
        proxy
            .exchange(&proxy.post(&next.to_string()))
            .unwrap()
            .status(),
        200
    );
    let messages = body(&upstream.requests()[1])["messages"].clone();
    assert_eq!(
        messages[1],
        json!({ "role": "assistant", "content": "hello" })
    );

    let next = json!({ "model": "m", "input": [{ "type": "item_reference", "id": "msg_x_0" }]});
    let answer = proxy.exchange(&proxy.post(&next.to_string())).unwrap();
    assert_eq!(answer.status(), 400);
    let refusal: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(refusal["error"]["code"], "item_not_found");
}

#[test]
fn without_a_stream_the_same_answer_is_one_object() {
    let upstream = ScriptedUpstream::start(|request| {
        assert_eq!(request.header("accept"), Some("application/json"));
        vec![Step::json(
            200,
            r#"{"id":"c1","object":"chat.completion","model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#,
        )]
    });
    let proxy = bridge(&upstream, &[]);
    let answer = proxy
        .exchange(&proxy.post(r#"{"model":"m","input":"hi"}"#))
        .unwrap();
    assert_eq!(answer.status(), 200);
    let response: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(response["object"], "response");
    assert_eq!(response["status"], "completed");
    assert_eq!(response["output"][0]["content"][0]["text"], "hello");
    assert_eq!(response["usage"]["output_tokens"], 2);
}

#[test]
fn case_66_a_stream_in_answer_to_a_plain_request_is_put_together() {
    let upstream = ScriptedUpstream::start(|_| hello());
    let proxy = bridge(&upstream, &[]);
    let plain = r#"{"model":"m","input":"hi"}"#;
    let answer = proxy.exchange(&proxy.post(plain)).unwrap();
    let response: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(response["output"][0]["content"][0]["text"], "hello");
}

#[test]
fn case_65_what_is_no_answer_at_all_says_what_it_is() {
    for (kind, body, said) in [
        ("text/html", "<html>portal</html>", "<html>portal"),
        ("application/json", r#"{"error":{"message":"no"}}"#, "no"),
        ("application/json", r#""words""#, "words"),
        ("text/plain", "nothing here", "nothing here"),
    ] {
        let upstream = ScriptedUpstream::start(move |_| {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            vec![Step::Send(head.into_bytes())]
        });
        let proxy = bridge(&upstream, &[]);
        for request in [REQUEST, r#"{"model":"m","input":"hi"}"#] {
            let answer = proxy.exchange(&proxy.post(request)).unwrap();
            assert_ne!(answer.status(), 200, "{kind}: {}", answer.text());
            assert!(answer.text().contains(said), "{kind}: {}", answer.text());
        }
    }
}

#[test]
fn tool_calls_come_back_under_the_clients_own_names_and_kinds() {
    let upstream = ScriptedUpstream::start(|request| {
        let tools = body(request)["tools"].clone();
        let name = tools[0]["function"]["name"].clone();
        let call = |arguments: &str| {
            json!({ "tool_calls": [{ "index": 0, "id": "call_1", "type": "function",
                "function": { "name": name, "arguments": arguments } }] })
        };
        vec![
            Step::sse_head(),
            chunk(&call(r#"{"input":"*** Begin"#), None),
            chunk(
                &json!({ "tool_calls": [{ "index": 0, "function": { "arguments": " Patch\\n\"}" } }] }),
                Some("tool_calls"),
            ),
            Step::event("[DONE]"),
            Step::last_chunk(),
        ]
    });
    let proxy = bridge(&upstream, &[]);
    let request = json!({ "model": "m", "input": "patch it", "stream": true, "tools": [
        { "type": "custom", "name": "apply_patch", "description": "Edits files.",
          "format": { "type": "grammar", "syntax": "lark", "definition": "start: \"x\"" } },
        { "type": "web_search" },
    ] });
    let answer = proxy.exchange(&proxy.post(&request.to_string())).unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert!(answer.header("x-llmx-dropped").unwrap().contains("tools"));
    let events = events(&answer);
    let item = &events.last().unwrap()["response"]["output"][0];
    assert_eq!(item["type"], "custom_tool_call");
    assert_eq!(item["name"], "apply_patch");
    assert_eq!(item["input"], "*** Begin Patch\n");
}

#[test]
fn failures_of_the_upstream_keep_their_status_words_and_pause() {
    let upstream = ScriptedUpstream::start(|_| {
        vec![Step::Send(
            b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nX-Request-Id: r9\r\n\
              Content-Type: application/json\r\nContent-Length: 62\r\n\r\n\
              {\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}"
                .to_vec(),
        )]
    });
    let proxy = bridge(&upstream, &[]);
    let answer = proxy.exchange(&proxy.post(REQUEST)).unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.header("retry-after"), Some("7"));
    assert_eq!(answer.header("x-request-id"), Some("r9"));
    let error: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(error["error"]["message"], "slow down");
    assert_eq!(error["error"]["code"], "rate_limit_exceeded");
}

#[test]
fn an_error_before_the_first_word_is_a_status_and_after_it_an_event() {
    let error = Step::event(r#"{"error":{"message":"kaput","type":"server_error"}}"#);
    let early = vec![Step::sse_head(), error.clone(), Step::last_chunk()];
    let word = chunk(&json!({ "content": "hel" }), None);
    let late = vec![Step::sse_head(), word.clone(), error, Step::last_chunk()];
    let cut = vec![Step::sse_head(), word, Step::Close];
    let upstream = ScriptedUpstream::with_replies(vec![early, late, cut]);
    let proxy = bridge(&upstream, &[]);

    let answer = proxy.exchange(&proxy.post(REQUEST)).unwrap();
    assert_eq!(answer.status(), 502, "{}", answer.text());
    assert!(answer.text().contains("kaput"));

    for words in ["kaput", "broke"] {
        let answer = proxy.exchange(&proxy.post(REQUEST)).unwrap();
        assert_eq!(answer.status(), 200);
        let events = events(&answer);
        let last = events.last().unwrap();
        assert_eq!(last["type"], "response.failed", "{last}");
        let message = last["response"]["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn requests_that_cannot_be_translated_are_refused_by_the_name_of_the_field() {
    let upstream = ScriptedUpstream::start(|_| hello());
    let proxy = bridge(&upstream, &["--body-limit", "1"]);
    for (request, status, words) in [
        ("{", 400, "not a Responses request"),
        (
            r#"{"model":"m","input":"x","previous_response_id":"r"}"#,
            400,
            "not known here",
        ),
        (&"x".repeat(2 << 20), 413, "--body-limit"),
    ] {
        let answer = proxy.exchange(&proxy.post(request)).unwrap();
        assert_eq!(answer.status(), status, "{}", answer.text());
        assert!(answer.text().contains(words), "{}", answer.text());
    }
    let encoded = "POST /v1/responses HTTP/1.1\r\nHost: HOST\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}";
    assert_eq!(proxy.exchange(encoded).unwrap().status(), 415);
    assert!(upstream.requests().is_empty());
}

#[test]
fn an_unknown_id_is_refused_in_the_field_that_named_it() {
    let upstream = ScriptedUpstream::start(|_| hello());
    let proxy = bridge(&upstream, &[]);
    let request = r#"{"model":"m","input":"x","previous_response_id":"r"}"#;
    let answer = proxy.exchange(&proxy.post(request)).unwrap();
    let refusal: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(refusal["error"]["param"], "previous_response_id");
    assert_eq!(refusal["error"]["code"], "previous_response_not_found");
}

#[test]
fn a_response_is_continued_by_its_id() {
    let upstream = ScriptedUpstream::start(|_| hello());
    let proxy = bridge(&upstream, &[]);
    let first = last_of(&proxy.exchange(&proxy.post(REQUEST)).unwrap());
    assert_eq!(first["response"]["store"], true);
    let id = &first["response"]["id"];
    let next =
        json!({ "model": "m", "input": "and now?", "previous_response_id": id, "stream": true });
    let second = last_of(&proxy.exchange(&proxy.post(&next.to_string())).unwrap());
    assert_eq!(&second["response"]["previous_response_id"], id);

    let messages = body(&upstream.requests()[1])["messages"].clone();
    let said: Vec<_> = messages
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap().to_owned())
        .collect();
    // Instructions are not carried over, as the API says.
    assert_eq!(said, ["hi", "hello", "and now?"]);

    let off = bridge(&upstream, &["--state-max-bytes", "0"]);
    let answer = off.exchange(&off.post(&next.to_string())).unwrap();
    assert_eq!(answer.status(), 400);
    assert!(
        answer.text().contains("--state-max-bytes"),
        "{}",
        answer.text()
    );
}

#[test]
fn a_refusal_of_reasoning_is_tried_once_without_it() {
    let upstream = ScriptedUpstream::start(|request| {
        if body(request).get("reasoning_effort").is_some() {
            vec![Step::json(
                400,
                r#"{"error":{"message":"reasoning_effort is not supported"}}"#,
            )]
        } else {
            hello()
        }
    });
    let proxy = bridge(&upstream, &[]);
    let request = r#"{"model":"m","input":"hi","stream":true,"reasoning":{"effort":"low"}}"#;
    let answer = proxy.exchange(&proxy.post(request)).unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert!(
        answer
            .header("x-llmx-dropped")
            .unwrap()
            .contains("reasoning")
    );
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn a_client_that_leaves_stops_the_upstream() {
    let upstream = ScriptedUpstream::with_replies(vec![vec![
        Step::sse_head(),
        chunk(&json!({ "content": "hel" }), None),
        Step::AwaitHangup,
    ]]);
    let proxy = bridge(&upstream, &[]);
    let mut client = proxy.connect();
    client.send(proxy.post(REQUEST));
    client.wait_for("output_text.delta");
    client.hang_up();
    assert!(upstream.wait_for_hangups(1) < Duration::from_secs(1));
}

#[test]
#[cfg(target_os = "linux")]
fn a_slow_client_slows_the_bridged_upstream_down_too() {
    let upstream = ScriptedUpstream::start(|_| {
        let mut steps = vec![Step::sse_head()];
        let piece = chunk(&json!({ "content": "x".repeat(1 << 20) }), None);
        steps.extend(std::iter::repeat_n(piece, 24));
        steps.push(Step::AwaitHangup);
        steps
    });
    let proxy = bridge(&upstream, &[]);
    let before = peak_kib(proxy.pid());
    let mut client = proxy.connect();
    client.send(proxy.post(REQUEST));
    client.head().unwrap();
    pause(Duration::from_millis(500));
    let grown = peak_kib(proxy.pid()) - before;
    // All of it would be 24 MiB of text, and as much again of events.
    assert!(
        grown < 24 * 1024,
        "the proxy took {grown} KiB for a client that does not read"
    );
    client.hang_up();
}

#[test]
fn bridged_exchanges_are_dumped_as_the_client_saw_them() {
    let dir = tempfile::tempdir().unwrap();
    let upstream = ScriptedUpstream::start(|_| hello());
    let flags = [
        "--http-shutdown",
        "--dump-dir",
        dir.path().to_str().unwrap(),
    ];
    let mut proxy = bridge(&upstream, &flags);
    proxy.exchange(&proxy.post(REQUEST)).unwrap();
    proxy.exchange("GET /shutdown HTTP/1.1\r\nHost: HOST\r\n\r\n");
    assert!(proxy.wait().success());
    let dumped = |suffix| crate::dump::dumped(dir.path(), suffix).remove(0);
    let (request, response) = (dumped("-request.json"), dumped("-response.json"));
    assert_eq!(request["body"], REQUEST);
    assert_eq!(
        (&request["complete"], &response["complete"]),
        (&json!(true), &json!(true))
    );
    assert!(
        response["body"]
            .as_str()
            .unwrap()
            .contains("response.completed")
    );
}

fn bridge_to(dialect: &str, upstream: &ScriptedUpstream, path: &str) -> Proxy {
    let mut command = crate::proxy::command();
    command.args([
        "--bridge-to",
        dialect,
        "--upstream-url",
        &upstream.url(path),
    ]);
    Proxy::spawn(command)
}

fn last_of(answer: &Answer) -> Value {
    assert_eq!(answer.status(), 200, "{}", answer.text());
    events(answer).pop().unwrap()
}

#[test]
fn messages_upstreams_get_their_own_header_and_endpoint() {
    let upstream = ScriptedUpstream::start(|request| {
        let event =
            |name: &str, data: Value| Step::chunk(&format!("event: {name}\ndata: {data}\n\n"));
        let text = body(request)["messages"][0]["content"][0]["text"].clone();
        vec![
            Step::sse_head(),
            event(
                "message_start",
                json!({ "type": "message_start", "message": { "id": "m",
                "type": "message", "role": "assistant", "model": "c", "content": [],
                "stop_reason": null, "usage": { "input_tokens": 3, "output_tokens": 1,
                "cache_read_input_tokens": 10 } } }),
            ),
            event(
                "content_block_start",
                json!({ "type": "content_block_start", "index": 0,
                "content_block": { "type": "text", "text": "" } }),
            ),
            event(
                "content_block_delta",
                json!({ "type": "content_block_delta", "index": 0,
                "delta": { "type": "text_delta", "text": text } }),
            ),
            event(
                "content_block_stop",
                json!({ "type": "content_block_stop", "index": 0 }),
            ),
            event(
                "message_delta",
                json!({ "type": "message_delta",
                "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 5 } }),
            ),
            event("message_stop", json!({ "type": "message_stop" })),
            Step::last_chunk(),
        ]
    });
    let proxy = bridge_to("messages", &upstream, "/v1/messages");
    let last = last_of(&proxy.exchange(&proxy.post(REQUEST)).unwrap());
    assert_eq!(last["type"], "response.completed");
    assert_eq!(last["response"]["output"][0]["content"][0]["text"], "hi");
    // Messages counts cached tokens apart; Responses counts them in.
    assert_eq!(last["response"]["usage"]["input_tokens"], 13);

    let request = upstream.requests().remove(0);
    assert_eq!(request.target(), "/v1/messages");
    assert_eq!(request.header("x-api-key"), Some(KEY));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
    assert!(body(&request)["max_tokens"].is_u64());
}

#[test]
fn gemini_upstreams_get_their_own_header_and_the_model_in_the_path() {
    let upstream = ScriptedUpstream::start(|request| {
        let text = body(request)["contents"][0]["parts"][0]["text"].clone();
        let chunk = |text: &Value, finish: Value| {
            let chunk = json!({ "candidates": [{ "content": { "role": "model",
                "parts": [{ "text": text }] }, "finishReason": finish }],
                "usageMetadata": { "promptTokenCount": 4, "candidatesTokenCount": 2,
                "totalTokenCount": 6 } });
            Step::event(&chunk.to_string())
        };
        vec![
            Step::sse_head(),
            chunk(&text, Value::Null),
            chunk(&json!("!"), json!("STOP")),
            Step::last_chunk(),
        ]
    });
    let proxy = bridge_to("gemini", &upstream, "/v1beta");
    let last = last_of(&proxy.exchange(&proxy.post(REQUEST)).unwrap());
    assert_eq!(last["type"], "response.completed");
    assert_eq!(last["response"]["output"][0]["content"][0]["text"], "hi!");

    let request = upstream.requests().remove(0);
    assert_eq!(
        request.target(),
        "/v1beta/models/m:streamGenerateContent?alt=sse"
    );
    assert_eq!(request.header("x-goog-api-key"), Some(KEY));
    assert_eq!(request.header("authorization"), None);
}
