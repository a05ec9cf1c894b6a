//! The client against sockets that behave badly.
#![expect(clippy::unwrap_used, reason = "test code: a panic is a failed test")]

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use llmx_test_support::{ScriptedUpstream, Step};
use llmx_upstream::{Client, ClientOptions, Endpoint, Insecure, TransportFault};

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_upstream_closed_while_idle_is_replaced_unnoticed() {
    let upstream = ScriptedUpstream::start(|_| vec![Step::json(200, "{}"), Step::Close]);
    let endpoint = Endpoint::parse(&upstream.url("/"), Insecure::Refused).unwrap();
    let client = Client::new(&endpoint, ClientOptions::default()).unwrap();
    for number in 1..=3 {
        let request = Request::post(upstream.url("/"))
            .body(Full::<Bytes>::default())
            .unwrap();
        let response = client.send(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap();
        assert_eq!(body.to_bytes(), "{}");
        upstream.wait_for_requests(number);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(upstream.connections(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_used_again_one_after_the_other_and_beside_each_other() {
    let upstream = ScriptedUpstream::start(|_| {
        vec![
            Step::Pause(Duration::from_millis(50)),
            Step::json(200, "{}"),
        ]
    });
    let endpoint = Endpoint::parse(&upstream.url("/"), Insecure::Refused).unwrap();
    let client = Client::new(&endpoint, ClientOptions::default()).unwrap();
    for _ in 0..3 {
        let ask = async || {
            let request = Request::post(upstream.url("/"))
                .body(Full::<Bytes>::default())
                .unwrap();
            let response = client.send(request).await.unwrap();
            response.into_body().collect().await.unwrap();
        };
        tokio::join!(ask(), ask());
    }
    assert_eq!(upstream.connections(), 2);
}

async fn ask(url: &str, options: ClientOptions) -> TransportFault {
    let endpoint = Endpoint::parse(url, Insecure::Refused).unwrap();
    let client = Client::new(&endpoint, options).unwrap();
    let request = Request::post(url).body(Full::<Bytes>::default()).unwrap();
    client.send(request).await.unwrap_err()
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_is_a_connect_timeout() {
    // The backlog accepts the connection, and nobody ever says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = ClientOptions {
        connect_timeout: Duration::from_millis(300),
        ..ClientOptions::default()
    };
    let begun = Instant::now();
    let fault = ask(
        &format!("https://{}/", silent.local_addr().unwrap()),
        options,
    )
    .await;
    assert!(
        matches!(fault, TransportFault::ConnectTimeout { .. }),
        "{fault:?}"
    );
    assert!(fault.is_timeout());
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_begins_is_an_answer_timeout() {
    let upstream = ScriptedUpstream::with_replies(vec![vec![Step::AwaitHangup]]);
    let options = ClientOptions {
        answer_timeout: Duration::from_millis(300),
        ..ClientOptions::default()
    };
    let fault = ask(&upstream.url("/"), options).await;
    assert!(
        matches!(fault, TransportFault::AnswerTimeout { .. }),
        "{fault:?}"
    );
    upstream.wait_for_hangups(1);
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_is_away() {
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = plain.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        stream.write_all(b"220 mail.example ready\r\n").unwrap();
    });
    let fault = ask(&format!("https://{addr}/"), ClientOptions::default()).await;
    server.join().unwrap();
    let TransportFault::Unreachable { host, cause } = fault else {
        unreachable!("{fault:?}")
    };
    assert_eq!(host, addr.to_string());
    assert!(!cause.is_empty());
}
