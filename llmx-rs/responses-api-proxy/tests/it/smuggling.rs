//! What two HTTP parsers could read differently is refused, and the connection ended.

use crate::proxy::{Proxy, echo_upstream};

/// Requests that must be refused; `START` stands for the line and host of a good one.
const REFUSED: &[(&str, &str)] = &[
    (
        "CL+TE",
        "STARTContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "TE+CL",
        "STARTTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    (
        "equal CLs",
        "STARTContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    ),
    (
        "differing CLs",
        "STARTContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    ),
    ("CL list", "STARTContent-Length: 2, 2\r\n\r\n{}"),
    ("signed CL", "STARTContent-Length: +2\r\n\r\n{}"),
    (
        "TE list",
        "STARTTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "unknown TE",
        "STARTTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "two TEs",
        "STARTTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    ),
    ("obs-fold", "STARTX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n"),
    ("bare LF", "STARTX-A: b\nContent-Length: 0\r\n\r\n"),
    ("space before colon", "STARTContent-Length : 0\r\n\r\n"),
    ("NUL", "STARTX-A: a\0b\r\n\r\n"),
    (
        "absolute form",
        "POST http://HOST/v1/responses HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n",
    ),
    ("CONNECT", "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("HTTP/0.9", "POST /v1/responses\r\n\r\n"),
    (
        "chunk extension",
        "STARTTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n",
    ),
    (
        "trailers",
        "STARTTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n",
    ),
    (
        "no host",
        "POST /v1/responses HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    ),
    ("two hosts", "STARTHost: HOST\r\nContent-Length: 0\r\n\r\n"),
];

const START: &str = "POST /v1/responses HTTP/1.1\r\nHost: HOST\r\n";

#[test]
fn ambiguous_or_malformed_requests_get_400_and_the_connection_ends() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    for (name, request) in REFUSED {
        let mut client = proxy.connect();
        client.send(proxy.fill(&request.replace("START", START)));
        let answer = client
            .answer()
            .unwrap_or_else(|| panic!("{name}: no answer"));
        assert_eq!(answer.status(), 400, "{name}: {answer:?}");
        assert!(
            client.rest().is_empty(),
            "{name}: the connection stayed open"
        );
    }
    assert!(upstream.requests().is_empty());
}

#[test]
fn http_2_is_not_spoken() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(client.rest().is_empty());
}

#[test]
fn a_request_hidden_behind_an_ambiguous_one_is_never_seen() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let hidden = proxy.post(r#"{"hidden":true}"#);
    let attack = proxy.fill(&format!(
        "{START}Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
        hidden.len() + 5
    ));
    let mut client = proxy.connect();
    client.send(attack);
    assert_eq!(client.answer().unwrap().status(), 400);
    assert!(client.rest().is_empty());
    assert!(upstream.requests().is_empty());
}

#[test]
fn a_good_request_after_a_good_one_that_carries_a_request_as_body_is_one_request() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let inner = proxy.post("{}");
    let mut client = proxy.connect();
    assert_eq!(
        client.send(proxy.post(&inner)).answer().unwrap().status(),
        200
    );
    assert_eq!(
        client.send(proxy.post("{}")).answer().unwrap().status(),
        200
    );
    assert_eq!(upstream.requests().len(), 2);
    assert_eq!(upstream.requests()[0].text(), inner);
}

#[test]
fn a_malformed_chunk_in_the_middle_of_a_body_cuts_the_upload() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    client.send(proxy.fill(&format!(
        "{START}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
    )));
    // The first chunk is on its way to the upstream before the bad one comes.
    upstream_has_a_connection(&upstream);
    client.send("zz\r\n");
    let _closed = client.rest();
    upstream.wait_for_hangups(1);
    assert!(upstream.requests().is_empty());
}

#[expect(clippy::disallowed_methods, reason = "the test thread may sleep")]
fn upstream_has_a_connection(upstream: &llmx_test_support::ScriptedUpstream) {
    for _ in 0..1000 {
        if upstream.connections() > 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("no connection reached the upstream");
}
