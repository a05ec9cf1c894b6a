//! The client against sockets that behave badly.
#![expect(clippy::unwrap_used, reason = "test code: a panic is a failed test")]

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use llmx_test_support::{ScriptedUpstream, Step};
use llmx_upstream::{Client, ClientOptions, Endpoint, Insecure, TransportFault};

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
