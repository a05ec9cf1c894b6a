//! A client that leaves stops the upstream, whatever phase the exchange is in.

use std::time::Duration;

use llmx_test_support::{ScriptedUpstream, Step};

use crate::proxy::Proxy;

/// Long enough for a busy machine, far below the seconds a polling proxy needs.
const SOON: Duration = Duration::from_secs(1);

#[test]
fn leaving_while_the_upstream_thinks_cancels_it() {
    let upstream = ScriptedUpstream::with_replies(vec![vec![Step::AwaitHangup]]);
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    client.send(proxy.post("{}"));
    upstream.wait_for_requests(1);
    client.hang_up();
    assert!(upstream.wait_for_hangups(1) < SOON);
}

#[test]
fn leaving_in_the_middle_of_a_stream_cancels_it() {
    let upstream = ScriptedUpstream::with_replies(vec![vec![
        Step::sse_head(),
        Step::event("e1"),
        Step::AwaitHangup,
    ]]);
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    client.send(proxy.post("{}"));
    client.wait_for("data: e1\n\n");
    client.hang_up();
    assert!(upstream.wait_for_hangups(1) < SOON);
}

#[test]
fn leaving_in_the_middle_of_an_upload_cancels_it() {
    let upstream = crate::proxy::echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    let large = "x".repeat(300_000);
    client.send(proxy.fill(&format!(
        "POST /v1/responses HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1000000\r\n\r\n{large}"
    )));
    client.hang_up();
    assert!(upstream.wait_for_hangups(1) < SOON);
    assert!(upstream.requests().is_empty());
}
