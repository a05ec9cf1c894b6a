//! The model as a client meets it: over HTTP, on its loopback port.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::time::Duration;

use llmx_demo::{OUTPUT, Options, ScriptedModel, Sighting, Step};
use llmx_test_support::{Answer, RawClient, exchange};
use llmx_wire::responses::{Item, Response, StreamEvent};
use llmx_wire::sse;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

#[tokio::test]
async fn a_stream_is_well_formed_and_ends_with_the_whole_response() {
    let model = ScriptedModel::start(Options::default()).unwrap();
    let answer = post(&model, "", &conversation(&[], true)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = events(&answer);
    assert!(matches!(events[0], StreamEvent::Created(_)));
    let Some(StreamEvent::Completed(last)) = events.last() else {
        panic!("{events:?}");
    };
    let [Item::Message(_), Item::FunctionCall(call)] = last.response.output.as_slice() else {
        panic!("{last:?}");
    };
    assert_eq!(call.name, "shell");
    let sighting = Sighting {
        had_key: true,
        step: Some(Step::Write),
        items: 1,
    };
    assert_eq!(model.sightings(), [sighting]);
}

#[tokio::test]
async fn each_event_is_a_chunk_of_its_own() {
    let model = ScriptedModel::start(Options::default()).unwrap();
    let addr = addr(&model);
    let bytes = request(addr, "", &conversation(&[], true));
    let raw = spawn_blocking(move || {
        let mut client = RawClient::connect(addr);
        client.send(bytes.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
        client.rest()
    });
    let raw = String::from_utf8(raw.await.unwrap()).unwrap();
    let chunks = raw
        .split("\r\n")
        .filter(|chunk| chunk.starts_with("event: "))
        .count();
    assert_eq!(chunks, raw.matches("event: ").count());
    assert!(chunks > 10, "{raw}");
}

#[tokio::test]
async fn without_a_stream_the_same_response_comes_as_json() {
    let model = ScriptedModel::start(Options::default()).unwrap();
    let answer = post(
        &model,
        "",
        &conversation(&["wrote fibonacci.sh", OUTPUT], false),
    )
    .await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let response: Response = serde_json::from_slice(&answer.body).unwrap();
    let [Item::Message(message)] = response.output.as_slice() else {
        panic!("{response:?}");
    };
    assert!(message.text().ends_with(OUTPUT));
}

#[tokio::test]
async fn only_the_required_key_is_answered() {
    let options = Options {
        required_key: Some("k1".to_owned()),
        ..Options::default()
    };
    let model = ScriptedModel::start(options).unwrap();
    for (header, status) in [
        ("", 401),
        ("authorization: Bearer k2\r\n", 401),
        ("authorization: k1\r\n", 401),
        ("authorization: Bearer k1\r\n", 200),
    ] {
        let answer = post(&model, header, &conversation(&[], true)).await;
        assert_eq!(answer.status(), status, "{header}");
    }
    let had_key: Vec<_> = model
        .sightings()
        .iter()
        .map(|sighting| sighting.had_key)
        .collect();
    assert_eq!(had_key, [false, false, false, true]);
}

#[tokio::test]
async fn a_held_report_waits_until_it_is_released() {
    let options = Options {
        hold_report: true,
        ..Options::default()
    };
    let model = ScriptedModel::start(options).unwrap();
    let addr = addr(&model);
    let bytes = request(
        addr,
        "",
        &conversation(&["wrote fibonacci.sh", OUTPUT], true),
    );
    let mut waiting = spawn_blocking(move || exchange(addr, bytes).unwrap());
    model.report_is_held().await;
    assert!(
        timeout(Duration::from_millis(50), &mut waiting)
            .await
            .is_err()
    );
    model.release_report();
    assert_eq!(waiting.await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_is_no_request_for_a_response_is_refused_in_json() {
    let model = ScriptedModel::start(Options::default()).unwrap();
    for (target, body, status) in [
        ("GET /v1/responses", "", 405),
        ("POST /v1/chat/completions", "{}", 404),
        ("POST /v1/responses", "nonsense", 400),
    ] {
        let addr = addr(&model);
        let bytes = format!(
            "{target} HTTP/1.1\r\nhost: {addr}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = spawn_blocking(move || exchange(addr, bytes).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{target}");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(body["error"]["message"].is_string(), "{body}");
    }
}

/// A conversation of one prompt and the given tool results.
fn conversation(results: &[&str], stream: bool) -> Value {
    let result = |text| json!({ "type": "function_call_output", "call_id": "c", "output": text });
    let prompt = json!({ "type": "message", "role": "user", "content": "go" });
    let input: Vec<Value> = std::iter::once(prompt)
        .chain(results.iter().map(result))
        .collect();
    let tool = json!({ "type": "function", "name": "shell", "parameters": {} });
    json!({ "model": "demo", "input": input, "tools": [tool], "stream": stream })
}

async fn post(model: &ScriptedModel, header: &str, body: &Value) -> Answer {
    let addr = addr(model);
    let bytes = request(addr, header, body);
    spawn_blocking(move || exchange(addr, bytes).unwrap())
        .await
        .unwrap()
}

fn request(addr: SocketAddr, header: &str, body: &Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!(
        "POST /v1/responses HTTP/1.1\r\nhost: {addr}\r\n{header}content-length: {length}\r\n\r\n{body}"
    )
}

fn addr(model: &ScriptedModel) -> SocketAddr {
    let url = model.base_url();
    url.strip_prefix("http://")
        .and_then(|url| url.strip_suffix("/v1"))
        .unwrap()
        .parse()
        .unwrap()
}

fn events(answer: &Answer) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    sse::Decoder::default()
        .push(&answer.body, &mut events)
        .unwrap();
    let parse = |event: sse::Event| StreamEvent::parse(event.name.as_deref(), &event.data).unwrap();
    events.into_iter().map(parse).collect()
}
