//! What the client is told when the upstream fails.

use std::net::TcpListener;

use llmx_test_support::{Answer, ScriptedUpstream, Step};

use crate::proxy::{KEY, Proxy, command, echo_upstream};

fn error_of(answer: &Answer) -> serde_json::Value {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(body["error"]["message"].is_string(), "{body}");
    assert!(body["error"]["type"].is_string(), "{body}");
    body["error"].clone()
}

#[test]
fn an_unreachable_upstream_is_a_502_that_names_it() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let mut command = command();
    command.args(["--upstream-url", &format!("http://{addr}/v1/responses")]);
    let proxy = Proxy::spawn(command);
    let answer = proxy.exchange(&proxy.post("{}")).unwrap();
    assert_eq!(answer.status(), 502);
    let error = error_of(&answer);
    assert_eq!(error["code"], "upstream_unreachable");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains(&addr.to_string()) && message.contains("refused"),
        "{message}"
    );
    assert!(!message.contains(KEY));
}

#[test]
fn an_upstream_that_hangs_up_or_talks_nonsense_is_a_502() {
    for reply in [
        vec![Step::Close],
        vec![Step::Send(b"SSH-2.0-OpenSSH\r\n".to_vec()), Step::Close],
        vec![
            Step::Send(b"HTTP/1.1 200 OK\r\nX-Half".to_vec()),
            Step::Close,
        ],
    ] {
        let upstream = ScriptedUpstream::with_replies(vec![reply.clone()]);
        let proxy = Proxy::start(&upstream, &[]);
        let answer = proxy.exchange(&proxy.post("{}")).unwrap();
        assert_eq!(answer.status(), 502, "{reply:?}");
        assert_eq!(error_of(&answer)["code"], "upstream_broken");
    }
}

#[test]
fn statuses_and_bodies_of_the_upstream_pass_and_nothing_is_tried_twice() {
    for status in [400, 401, 429, 500, 503] {
        let upstream = ScriptedUpstream::start(move |_| {
            vec![Step::json(status, r#"{"error":{"message":"theirs"}}"#)]
        });
        let proxy = Proxy::start(&upstream, &[]);
        let answer = proxy.exchange(&proxy.post("{}")).unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.text(), r#"{"error":{"message":"theirs"}}"#);
        assert_eq!(upstream.requests().len(), 1);
    }
}

#[test]
fn redirects_are_passed_on_and_never_followed() {
    let thief = echo_upstream();
    let location = thief.url("/v1/responses");
    let upstream = ScriptedUpstream::start(move |_| {
        vec![Step::Send(
            format!("HTTP/1.1 307 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
                .into_bytes(),
        )]
    });
    let proxy = Proxy::start(&upstream, &[]);
    assert_eq!(proxy.exchange(&proxy.post("{}")).unwrap().status(), 307);
    assert!(thief.requests().is_empty());
}

#[test]
fn proxy_variables_count_only_when_asked_for() {
    let thief = ScriptedUpstream::start(|_| vec![Step::json(200, ""), Step::Close]);
    let upstream = echo_upstream();
    let mut plain = command();
    plain
        .args(["--upstream-url", &upstream.url("/v1/responses")])
        .env("HTTP_PROXY", thief.url(""))
        .env("http_proxy", thief.url(""))
        .env("ALL_PROXY", thief.url(""));
    let proxy = Proxy::spawn(plain);
    assert_eq!(proxy.exchange(&proxy.post("{}")).unwrap().status(), 200);
    assert!(thief.requests().is_empty());
    assert_eq!(upstream.requests().len(), 1);

    let mut asked = command();
    asked
        .args([
            "--use-env-proxy",
            "--upstream-url",
            "https://api.invalid/v1/responses",
        ])
        .env("HTTPS_PROXY", thief.url(""));
    let proxy = Proxy::spawn(asked);
    let answer = proxy.exchange(&proxy.post("{}")).unwrap();
    assert_eq!(answer.status(), 502, "no TLS behind this CONNECT");
    let tunnel = thief.requests().remove(0);
    assert_eq!(tunnel.start_line, "CONNECT api.invalid:443 HTTP/1.1");
    assert!(!format!("{tunnel:?}").contains(KEY));
}

#[test]
fn a_stream_that_the_upstream_cuts_is_cut_for_the_client_too() {
    let upstream = ScriptedUpstream::with_replies(vec![vec![
        Step::sse_head(),
        Step::event("{}"),
        Step::Close,
    ]]);
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    client.send(proxy.post("{}"));
    assert_eq!(client.head().unwrap().status(), 200);
    let rest = String::from_utf8(client.rest()).unwrap();
    assert!(rest.contains("data: {}"), "{rest}");
    assert!(
        !rest.ends_with("0\r\n\r\n"),
        "a cut looked like an end: {rest}"
    );
}
