//! A web page can neither spend the key nor end the proxy; a program can.

use crate::proxy::{Proxy, echo_upstream};

#[test]
fn what_a_web_page_sends_is_refused_before_it_costs_anything() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &["--http-shutdown"]);
    for headers in [
        "Host: HOST\r\nOrigin: https://attacker.example\r\n",
        "Host: HOST\r\nOrigin: null\r\n",
        "Host: HOST\r\nSec-Fetch-Site: cross-site\r\n",
        "Host: HOST\r\nSec-Fetch-Site: same-site\r\n",
        // DNS rebinding: the page's own name resolves to 127.0.0.1.
        "Host: attacker.example\r\n",
        "Host: 127.0.0.1:1\r\n",
        "Host: 127.0.0.1\r\n",
    ] {
        for start in ["POST /v1/responses", "GET /shutdown"] {
            let request = format!("{start} HTTP/1.1\r\n{headers}Content-Length: 0\r\n\r\n");
            let answer = proxy.exchange(&request).unwrap();
            assert_eq!(answer.status(), 403, "{request}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    assert!(upstream.requests().is_empty());
    assert_eq!(proxy.exchange(&proxy.post("{}")).unwrap().status(), 200);
}

#[test]
fn a_preflight_gets_no_leave() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let answer = proxy
        .exchange(
            "OPTIONS /v1/responses HTTP/1.1\r\nHost: HOST\r\nOrigin: https://a.example\r\n\
             Access-Control-Request-Method: POST\r\n\
             Access-Control-Request-Private-Network: true\r\n\r\n",
        )
        .unwrap();
    assert_eq!(answer.status(), 403);
    let allowed = |name: &str| name.to_ascii_lowercase().starts_with("access-control");
    assert!(!answer.headers.iter().any(|(name, _)| allowed(name)));
}

#[test]
fn other_loopback_names_are_ours() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let port = proxy.addr().port();
    for host in [format!("localhost:{port}"), format!("[::1]:{port}")] {
        let request =
            format!("POST /v1/responses HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(proxy.exchange(&request).unwrap().status(), 200, "{host}");
    }
}
