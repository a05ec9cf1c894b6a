//! The command line and the one request it serves.

use std::fs;

use llmx_test_support::{ScriptedUpstream, Step};

use crate::proxy::{KEY, Proxy, command, echo_upstream, run};

#[test]
fn the_one_request_is_forwarded_with_the_key_and_mirrored_back() {
    let upstream = ScriptedUpstream::start(|_| {
        vec![Step::Send(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/x-test\r\nX-Request-Id: r1\r\n\
              Set-Cookie: a=b\r\nAlt-Svc: h3=\":443\"\r\nContent-Length: 2\r\n\r\nhi"
                .to_vec(),
        )]
    });
    let proxy = Proxy::start(&upstream, &[]);
    let answer = proxy
        .exchange(
            "POST /v1/responses HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer stolen\r\n\
             authorization: Basic other\r\nX-Custom: 1\r\nX-Custom: 2\r\nCookie: c=d\r\n\
             Content-Type: application/json\r\nContent-Length: 7\r\n\r\nno json",
        )
        .unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.header("content-type"), Some("application/x-test"));
    assert_eq!(answer.header("x-request-id"), Some("r1"));
    assert_eq!(answer.header("set-cookie"), Some("a=b"));
    assert_eq!(answer.header("alt-svc"), None);
    assert_eq!(answer.text(), "hi");

    let request = upstream.wait_for_requests(1).remove(0);
    assert_eq!(request.start_line, "POST /v1/responses HTTP/1.1");
    assert_eq!(
        request.header("host"),
        Some(upstream.addr().to_string().as_str())
    );
    let values = |name: &str| -> Vec<String> {
        let of_name = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        request
            .headers
            .iter()
            .filter(of_name)
            .map(|(_, value)| value.clone())
            .collect()
    };
    assert_eq!(values("authorization"), [format!("Bearer {KEY}")]);
    assert_eq!(values("x-custom"), ["1", "2"]);
    assert_eq!(values("cookie"), ["c=d"]);
    assert_eq!(values("content-length"), ["7"]);
    assert_eq!(request.text(), "no json");
}

#[test]
fn everything_else_gets_403_with_a_reason_and_never_reaches_the_upstream() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    for line in [
        "GET /v1/responses",
        "HEAD /v1/responses",
        "PUT /v1/responses",
        "OPTIONS /v1/responses",
        "TRACE /v1/responses",
        "POST /v1/responses?x=1",
        "POST /v1/responses?",
        "POST /v1/responses/",
        "POST //v1/responses",
        "POST /v1/%72esponses",
        "POST /V1/responses",
        "POST /v1/responses;a",
        "POST /v1/responses/../responses",
        "POST /v1/chat/completions",
        "POST /shutdown",
        "GET /shutdown",
        "GET /",
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n");
        let mut client = proxy.connect();
        client.send(proxy.fill(&request));
        let answer = client.head().unwrap();
        assert_eq!(answer.status(), 403, "{line}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{line}"
        );
    }
    let answer = proxy
        .exchange("GET / HTTP/1.1\r\nHost: HOST\r\n\r\n")
        .unwrap();
    assert!(answer.text().contains("only POST /v1/responses"));
    assert!(upstream.requests().is_empty());
}

#[test]
fn a_websocket_is_refused_with_the_status_after_which_codex_sends_a_post() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let upgrade = |line: &str| {
        let head = "Host: HOST\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
        proxy
            .exchange(&format!("{line} HTTP/1.1\r\n{head}\r\n"))
            .unwrap()
    };
    let answer = upgrade("GET /v1/responses");
    assert_eq!(answer.status(), 426);
    assert_eq!(answer.header("upgrade"), Some("HTTP/1.1"));
    for line in ["GET /v1/models", "GET /v1/responses?a=b"] {
        assert_eq!(upgrade(line).status(), 403, "{line}");
    }
    assert!(upstream.requests().is_empty());
}

#[test]
fn the_upstreams_query_and_path_are_kept() {
    let upstream = echo_upstream();
    let url = upstream.url("/openai/deployments/d/responses?api-version=2025-04-01-preview");
    let mut command = command();
    command.args(["--upstream-url", &url]);
    let proxy = Proxy::spawn(command);
    assert_eq!(proxy.exchange(&proxy.post("{}")).unwrap().status(), 200);
    assert_eq!(
        upstream.requests()[0].target(),
        "/openai/deployments/d/responses?api-version=2025-04-01-preview"
    );
}

#[test]
fn server_info_names_the_port_and_the_process_and_a_fixed_port_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("deep/info.json");
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &["--server-info", file.to_str().unwrap()]);
    let info: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(info["port"], proxy.addr().port());
    assert_eq!(info["pid"], proxy.pid());

    let taken = proxy.addr().port().to_string();
    let mut command = command();
    command.args(["--port", &taken]);
    let (status, stderr) = run(command, "key\n");
    assert_eq!(status.code(), Some(1));
    assert!(
        stderr.contains(&format!("127.0.0.1:{taken}")) && stderr.contains("--port"),
        "{stderr}"
    );
}

#[test]
fn a_bad_upstream_url_is_refused_with_its_reason() {
    for (url, reason) in [
        ("ftp://127.0.0.1/", "scheme `ftp`"),
        ("/v1/responses", "not absolute"),
        ("http://192.0.2.1/v1/responses", "--allow-insecure-upstream"),
        ("https://u:canary@h.example/", "user name or password"),
    ] {
        let mut command = command();
        command.args(["--upstream-url", url]);
        let (status, stderr) = run(command, "key\n");
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(reason), "{stderr}");
        assert!(!stderr.contains("canary"), "{stderr}");
    }
}

#[test]
fn a_flag_that_does_not_exist_is_a_usage_error() {
    let mut command = command();
    command.arg("--prot");
    let (status, stderr) = run(command, "");
    assert_eq!(status.code(), Some(2));
    assert!(stderr.contains("--port"), "{stderr}");
}

#[test]
fn connections_are_reused_on_both_sides() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    for _ in 0..5 {
        assert_eq!(
            client.send(proxy.post("{}")).answer().unwrap().status(),
            200
        );
    }
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let upstream = ScriptedUpstream::start(|request| vec![Step::json(200, &request.text())]);
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    let three: String = ["1", "2", "3"].map(|body| proxy.post(body)).concat();
    client.send(three);
    let bodies = [(); 3].map(|()| client.answer().unwrap().text());
    assert_eq!(bodies, ["1", "2", "3"]);
}
