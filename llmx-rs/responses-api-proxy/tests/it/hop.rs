//! Headers of one connection stay on it, in both directions.

use llmx_test_support::{ScriptedUpstream, Step};

use crate::proxy::Proxy;

#[test]
fn hop_by_hop_headers_do_not_cross_in_either_direction() {
    let upstream = ScriptedUpstream::start(|_| {
        vec![Step::Send(
            b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Up\r\nX-Up: 1\r\n\
              Keep-Alive: timeout=9\r\nProxy-Authenticate: Basic\r\nTrailer: X-T\r\n\
              Upgrade: h2c\r\nX-End: 1\r\nContent-Length: 2\r\n\r\nok"
                .to_vec(),
        )]
    });
    let proxy = Proxy::start(&upstream, &[]);
    let answer = proxy
        .exchange(
            "POST /v1/responses HTTP/1.1\r\nHost: HOST\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\
             Keep-Alive: timeout=5\r\nTE: trailers\r\nTrailer: X-T\r\nProxy-Authorization: Basic x\r\n\
             Proxy-Connection: keep-alive\r\nUpgrade: websocket\r\nAuthorization_: x\r\n\
             Content_Length: 99\r\nTransfer_Encoding: chunked\r\nX-End: 1\r\nContent-Length: 0\r\n\r\n",
        )
        .unwrap();
    assert_eq!(answer.status(), 200);
    for name in [
        "x-up",
        "keep-alive",
        "proxy-authenticate",
        "trailer",
        "upgrade",
    ] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    assert_eq!(answer.header("x-end"), Some("1"));

    let request = upstream.wait_for_requests(1).remove(0);
    for name in [
        "connection",
        "x-hop",
        "keep-alive",
        "te",
        "trailer",
        "proxy-authorization",
        "proxy-connection",
        "upgrade",
        "content_length",
        "transfer_encoding",
    ] {
        assert_eq!(request.header(name), None, "{name}");
    }
    assert_eq!(request.header("x-end"), Some("1"));
}

#[test]
fn an_expectation_is_answered_here_and_not_passed_on() {
    let upstream = crate::proxy::echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    client.send(proxy.fill(
        "POST /v1/responses HTTP/1.1\r\nHost: HOST\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    ));
    assert_eq!(client.head().unwrap().status(), 100);
    assert_eq!(client.send("{}").answer().unwrap().status(), 200);
    let request = &upstream.requests()[0];
    assert_eq!(request.header("expect"), None);
    assert_eq!(request.text(), "{}");
}
