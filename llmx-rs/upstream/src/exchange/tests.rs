//! What an exchange makes of everything a provider can do, over real sockets.

use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use llmx_test_support::{Reply, ScriptedUpstream, Step};
use llmx_wire::responses::{Request, StreamEvent, TextOrList};

use super::*;
use crate::endpoint::{Endpoint, Insecure};

const KEY: &str = "sk-canary-1";
const COMPLETED: &str = r#"{"type":"response.completed","response":{"id":"r"}}"#;

#[test]
fn only_event_streams_and_the_unnamed_are_streams() {
    let other = |kind: &str| Kind::Other(kind.to_owned());
    for (name, value, expected) in [
        (
            CONTENT_TYPE,
            "text/event-stream; charset=utf-8",
            Kind::Stream,
        ),
        (CONTENT_TYPE, "Text/Event-Stream", Kind::Stream),
        (CONTENT_TYPE, "", Kind::Stream),
        (
            CONTENT_TYPE,
            "Application/JSON; charset=utf-8",
            Kind::Readable("Application/JSON; charset=utf-8"),
        ),
        (CONTENT_TYPE, "text/html", other("text/html")),
        (CONTENT_ENCODING, "identity", Kind::Stream),
        (CONTENT_ENCODING, "gzip", other("content encoded with gzip")),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        assert_eq!(Kind::of(&headers), expected, "{value}");
    }
}

#[tokio::test]
async fn the_request_carries_the_key_the_headers_and_the_body() {
    let upstream = ScriptedUpstream::with_replies(vec![stream(&[COMPLETED], true)]);
    course(&exchange(&upstream.url("/v1/responses?api-version=1"))).await;

    let request = upstream.requests().remove(0);
    assert_eq!(
        request.start_line,
        "POST /v1/responses?api-version=1 HTTP/1.1"
    );
    for (name, value) in [
        ("authorization", format!("Bearer {KEY}")),
        ("x-team", "a".to_owned()),
        ("accept", "text/event-stream".to_owned()),
        ("host", upstream.addr().to_string()),
    ] {
        assert_eq!(request.header(name), Some(value.as_str()), "{name}");
    }
    assert_eq!(request.body, br#"{"model":"m","input":[],"stream":true}"#);
}

#[tokio::test]
async fn events_come_typed_and_the_terminal_one_ends_the_stream() {
    let delta = r#"{"type":"response.output_text.delta","delta":"x"}"#;
    let upstream = ScriptedUpstream::with_replies(vec![stream(
        &[r#"{"type":"martian"}"#, delta, COMPLETED, "not even JSON"],
        false,
    )]);
    assert_eq!(
        course(&exchange(&upstream.url("/"))).await,
        [
            "martian",
            "response.output_text.delta",
            "response.completed",
            "Done"
        ]
    );
}

#[tokio::test]
async fn a_finished_stream_leaves_its_connection_to_the_next_request() {
    let upstream = ScriptedUpstream::with_replies(vec![stream(&[COMPLETED], true)]);
    let exchange = exchange(&upstream.url("/"));
    for _ in 0..3 {
        assert_eq!(course(&exchange).await, ["response.completed", "Done"]);
    }
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn an_end_without_a_terminal_event_is_told_apart() {
    let delta = r#"{"type":"response.output_text.delta","delta":"x"}"#;
    let half = Step::chunk(r#"data: {"type":"response.comp"#);
    for (reply, expected) in [
        (stream(&[delta, "[DONE]"], true), "Done"),
        (stream(&[delta], true), "Eof"),
        (
            vec![
                Step::sse_head(),
                Step::event(delta),
                half,
                Step::last_chunk(),
            ],
            "Eof",
        ),
    ] {
        let upstream = ScriptedUpstream::with_replies(vec![reply]);
        assert_eq!(
            course(&exchange(&upstream.url("/"))).await,
            ["response.output_text.delta", expected]
        );
    }
}

#[tokio::test]
async fn a_cut_body_a_silent_one_and_garbage_are_faults() {
    let garbage = Step::event("{not json");
    for (last, expected) in [
        (Step::Close, "the stream was cut"),
        (Step::AwaitHangup, "the stream was silent for 0.2 s"),
        (garbage, "the stream holds an event that cannot be read"),
    ] {
        let upstream = ScriptedUpstream::with_replies(vec![vec![Step::sse_head(), last]]);
        let course = course(&exchange(&upstream.url("/"))).await;
        assert!(course[0].starts_with(expected), "{course:?}");
    }
}

#[tokio::test]
async fn the_last_event_of_messages_ends_a_stream_that_stays_open() {
    let reply = vec![
        Step::sse_head(),
        Step::event(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#),
        Step::event(r#"{"type":"message_stop"}"#),
        Step::AwaitHangup,
    ];
    let upstream = ScriptedUpstream::with_replies(vec![reply]);
    let exchange = exchange_in(Dialect::Messages, &upstream.url("/v1/messages"));
    let mut stream = exchange.open(&greeting()).await.unwrap();
    let reading = async {
        while let StreamStep::Event(event) = stream.next().await {
            assert_ne!(event.kind(), "response.failed");
        }
    };
    let patience = exchange.target.idle_timeout / 2;
    timeout(patience, reading).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_stays_open_after_the_reason_ends_soon() {
    let finish = r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    let reply = || vec![Step::sse_head(), Step::event(finish), Step::AwaitHangup];
    let upstream = ScriptedUpstream::with_replies(vec![reply(), reply()]);
    let mut exchange = exchange_in(Dialect::Chat, &upstream.url("/v1/chat/completions"));
    let stream = exchange.open(&greeting()).await.unwrap();
    let course = read(stream).await;
    assert!(course.ends_with(&["response.completed".to_owned(), "Done".to_owned()]));

    exchange.target.idle_timeout = Duration::from_secs(300);
    let mut stream = exchange.open(&greeting()).await.unwrap();
    assert_eq!(stream.patience(), exchange.target.idle_timeout);
    while !matches!(stream.next().await, StreamStep::Event(event) if event.kind().ends_with(".delta"))
    {
    }
    assert!(stream.patience() < Duration::from_secs(10));
}

#[tokio::test]
async fn signs_of_life_do_not_hold_a_stream_for_ever() {
    let delta = r#"{"type":"response.output_text.delta","delta":"x"}"#;
    let progress = r#"{"type":"response.in_progress","response":{"id":"r"}}"#;
    for (sign, is_ended) in [
        (Step::chunk(": still here\n\n"), true),
        (
            Step::chunk("event: ping\ndata: {\"type\":\"ping\"}\n\n"),
            true,
        ),
        (Step::event(progress), true),
        (Step::event(delta), false),
    ] {
        let mut reply = vec![Step::sse_head()];
        for _ in 0..20 {
            reply.extend([sign.clone(), Step::Pause(Duration::from_millis(25))]);
        }
        reply.extend([Step::event(COMPLETED), Step::last_chunk()]);
        let upstream = ScriptedUpstream::with_replies(vec![reply]);
        let exchange = exchange(&upstream.url("/"));
        let stream = exchange.open(&request()).await.unwrap();
        let course = read(stream.quiet_for_at_most(Duration::from_millis(150))).await;
        let quiet = "the stream said nothing for 0.15 s but that it goes on";
        let expected = if is_ended { quiet } else { "Done" };
        assert_eq!(course.last().unwrap(), expected);
    }
}

#[tokio::test]
async fn a_refusal_keeps_the_servers_words_but_not_the_key() {
    let body = format!(r#"{{"error":{{"message":"bad key {KEY}","code":"invalid_api_key"}}}}"#);
    let head = format!(
        "HTTP/1.1 401 Unauthorized\r\nx-request-id: req_7\r\nretry-after: 3\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let upstream = ScriptedUpstream::with_replies(vec![vec![Step::Send(head.into_bytes())]]);
    let fault = open(&upstream.url("/")).await;
    let UpstreamFault::Status {
        status,
        retry_after,
        request_id,
        ..
    } = &fault
    else {
        panic!("{fault:?}")
    };
    assert_eq!(*status, StatusCode::UNAUTHORIZED);
    assert_eq!(*retry_after, Some(Duration::from_secs(3)));
    assert_eq!(request_id.as_deref(), Some("req_7"));
    let text = fault.to_string();
    assert!(
        text.contains("bad key [redacted] (invalid_api_key, request id req_7)"),
        "{text}"
    );
    assert!(!format!("{fault:?}").contains(KEY));
}

#[tokio::test]
async fn a_failure_inside_a_stream_does_not_show_the_key_either() {
    let chat = format!(r#"{{"error":{{"message":"bad key {KEY}","code":"{KEY}"}}}}"#);
    let failed = format!(
        r#"{{"type":"response.failed","response":{{"id":"r","error":{{"message":"{KEY}","hint":["{KEY}"]}}}}}}"#
    );
    let error = format!(r#"{{"type":"error","error":{{"message":"{KEY}"}},"message":"{KEY}"}}"#);
    for (dialect, event) in [
        (Dialect::Chat, &chat),
        (Dialect::Messages, &error),
        (Dialect::Gemini, &chat),
        (Dialect::Responses, &failed),
        (Dialect::Responses, &error),
    ] {
        let reply = vec![Step::sse_head(), Step::event(event), Step::last_chunk()];
        let upstream = ScriptedUpstream::with_replies(vec![reply]);
        let exchange = exchange_in(dialect, &upstream.url("/"));
        let mut stream = exchange.open(&greeting()).await.unwrap();
        let mut said = String::new();
        while let StreamStep::Event(event) = stream.next().await {
            said.push_str(&serde_json::to_string(&event).unwrap());
        }
        assert!(said.contains("[redacted]"), "{said}");
        assert!(!said.contains(KEY), "{said}");
    }
}

#[tokio::test]
async fn a_success_that_is_no_stream_is_shown() {
    let upstream = ScriptedUpstream::with_replies(vec![vec![Step::json(
        200,
        r#"{"error":{"message":"streaming is off"}}"#,
    )]]);
    let fault = open(&upstream.url("/")).await.to_string();
    assert!(
        fault.ends_with("sent no event stream but application/json: streaming is off"),
        "{fault}"
    );
}

#[tokio::test]
async fn a_bridged_answer_is_read_as_what_it_is_whatever_its_label_says() {
    let whole = r#"{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#;
    let chunk = r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    let list = format!("[{chunk}]");
    let events = format!("x: y\r\n: hi\r\n\r\ndata: {chunk}\r\n\r\ndata: [DONE]\r\n\r\n");
    let refused = r#" {"error":{"message":"no","code":404}}"#;
    let marked = format!("\u{feff}\n{whole}");
    for (body, expected) in [
        (whole, "response.completed"),
        (&marked, "response.completed"),
        (&list, "response.completed"),
        (&events, "response.completed"),
        (refused, "response.failed: no"),
        (
            "<html>",
            "response.failed: the upstream sent what is not part of its protocol: <html>",
        ),
        (
            "Overloaded",
            "response.failed: the upstream sent what is not part of its protocol: Overloaded",
        ),
        (
            "overloaded",
            "response.failed: the upstream sent what is not part of its protocol: overloaded",
        ),
        (
            "",
            "response.failed: the upstream ended the stream before the answer was complete",
        ),
    ] {
        for label in ["application/json", "text/event-stream", "text/plain", ""] {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {label}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let reply = vec![Step::Send(head.into_bytes())];
            let upstream = ScriptedUpstream::with_replies(vec![reply]);
            let exchange = exchange_in(Dialect::Chat, &upstream.url("/v1/chat/completions"));
            let mut stream = exchange.open(&greeting()).await.unwrap();
            let mut last = String::new();
            while let StreamStep::Event(event) = stream.next().await {
                last = match &event {
                    StreamEvent::Failed(failed) => {
                        let error = failed.response.error.as_ref().unwrap();
                        format!("{}: {}", event.kind(), error.message)
                    }
                    event => event.kind().to_owned(),
                };
            }
            assert_eq!(last, expected, "{label}: {body}");
        }
    }
}

#[tokio::test]
async fn half_a_character_costs_that_character_and_not_the_answer() {
    let half = |half: &str| {
        Step::event(&format!(
            r#"{{"choices":[{{"delta":{{"content":"{half}"}}}}]}}"#
        ))
    };
    let reply = vec![
        Step::sse_head(),
        half(r"a\ud83d"),
        half(r"\ude00b"),
        Step::event(r#"{"choices":[{"finish_reason":"stop"}]}"#),
        Step::last_chunk(),
    ];
    let upstream = ScriptedUpstream::with_replies(vec![reply]);
    let exchange = exchange_in(Dialect::Chat, &upstream.url("/v1/chat/completions"));
    let mut stream = exchange.open(&greeting()).await.unwrap();
    let mut last = None;
    while let StreamStep::Event(event) = stream.next().await {
        last = Some(event);
    }
    let said = serde_json::to_string(&last).unwrap();
    assert!(said.contains("a\u{fffd}\u{fffd}b"), "{said}");
    assert!(said.contains("response.completed"), "{said}");
}

#[tokio::test]
async fn an_event_that_is_no_json_is_shown_in_its_own_words() {
    let event = Step::chunk("event: error\ndata: out of memory\n\n");
    let reply = vec![Step::sse_head(), event, Step::last_chunk()];
    let upstream = ScriptedUpstream::with_replies(vec![reply]);
    let exchange = exchange_in(Dialect::Messages, &upstream.url("/v1/messages"));
    let mut stream = exchange.open(&greeting()).await.unwrap();
    let mut failed = None;
    while let StreamStep::Event(event) = stream.next().await {
        failed = Some(event);
    }
    let Some(StreamEvent::Failed(failed)) = failed else {
        panic!("{failed:?}")
    };
    let message = failed.response.error.unwrap().message;
    assert!(message.ends_with("out of memory"), "{message}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let reply =
        b"HTTP/1.1 302 Found\r\nlocation: http://evil.example/\r\ncontent-length: 0\r\n\r\n";
    let upstream = ScriptedUpstream::with_replies(vec![vec![Step::Send(reply.to_vec())]]);
    let fault = open(&upstream.url("/")).await.to_string();
    assert!(
        fault.contains("redirects to http://evil.example/"),
        "{fault}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_answer_in_time_is_a_timeout() {
    let upstream = ScriptedUpstream::with_replies(vec![vec![Step::AwaitHangup]]);
    let fault = open(&upstream.url("/")).await;
    assert!(matches!(
        fault,
        UpstreamFault::Transport(TransportFault::AnswerTimeout { .. })
    ));
    upstream.wait_for_hangups(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn dropping_the_stream_hangs_up() {
    let reply = vec![Step::sse_head(), Step::AwaitHangup];
    let upstream = ScriptedUpstream::with_replies(vec![reply]);
    let stream = exchange(&upstream.url("/")).open(&request()).await.unwrap();
    drop(stream);
    upstream.wait_for_hangups(1);
}

#[test]
fn the_key_is_in_no_debug_output() {
    let exchange = exchange("http://127.0.0.1:1/");
    assert!(!format!("{exchange:?}").contains(KEY));
}

fn exchange(url: &str) -> Exchange {
    exchange_in(Dialect::Responses, url)
}

fn exchange_in(dialect: Dialect, url: &str) -> Exchange {
    let mut headers = HeaderMap::new();
    headers.insert("x-team", HeaderValue::from_static("a"));
    let target = Target {
        endpoint: Endpoint::parse(url, Insecure::Refused).unwrap(),
        headers,
        credential: Some(Target::credential(dialect, KEY).unwrap()),
        dialect,
        bridge: llmx_bridge::Options::default(),
        idle_timeout: Duration::from_millis(200),
    };
    Exchange::new(target, false).unwrap()
}

fn request() -> Request {
    Request {
        model: "m".to_owned(),
        stream: Some(true),
        ..Request::default()
    }
}

fn greeting() -> Request {
    Request {
        input: TextOrList::Text("hi".to_owned()),
        ..request()
    }
}

async fn open(url: &str) -> UpstreamFault {
    exchange(url).open(&request()).await.unwrap_err()
}

async fn course(exchange: &Exchange) -> Vec<String> {
    read(exchange.open(&request()).await.unwrap()).await
}

async fn read(mut stream: EventStream) -> Vec<String> {
    let mut course = Vec::new();
    loop {
        match stream.next().await {
            StreamStep::Event(event) => course.push(event.kind().to_owned()),
            StreamStep::End(end) => {
                course.push(match end {
                    StreamEnd::Broken(fault) => fault.to_string(),
                    end => format!("{end:?}"),
                });
                return course;
            }
        }
    }
}

fn stream(events: &[&str], end: bool) -> Reply {
    let mut reply = vec![Step::sse_head()];
    reply.extend(events.iter().map(|event| Step::event(event)));
    if end {
        reply.push(Step::last_chunk());
    }
    reply
}
