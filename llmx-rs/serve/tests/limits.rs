//! The limits on clients, with times short enough to wait for.
#![expect(clippy::unwrap_used, reason = "test code: a panic is a failed test")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use llmx_serve::{Ending, Handler, Limits, Listeners, Server, bind_loopback};
use llmx_test_support::RawClient;
use tokio::sync::oneshot;

/// Reads the whole request, thinks for a while, and answers with the length of its body.
struct Thinker(Duration);

impl Handler for Thinker {
    type Body = Full<Bytes>;

    async fn handle(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let Ok(body) = request.into_body().collect().await else {
            return Response::new(Full::from("cut"));
        };
        tokio::time::sleep(self.0).await;
        Response::new(Full::from(body.to_bytes().len().to_string()))
    }
}

/// Runs `client` in a thread of its own against a server with these limits, then ends the server.
fn against(
    limits: Limits,
    think: Duration,
    client: impl FnOnce(SocketAddr) + Send + 'static,
) -> Ending {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let tcp = bind_loopback(0).unwrap();
        let addr = tcp.local_addr().unwrap();
        let server = Server {
            listeners: Listeners {
                tcp: Some(tcp),
                ..Listeners::default()
            },
            limits,
            ..Server::default()
        };
        let (done, ended) = oneshot::channel::<Infallible>();
        let client = std::thread::spawn(move || {
            client(addr);
            drop(done);
        });
        let ending = server
            .run_on_threads(vec![Thinker(think), Thinker(think)], async {
                let _client_is_done = ended.await;
            })
            .await
            .unwrap();
        client.join().unwrap();
        ending
    })
}

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(20);

fn limits() -> Limits {
    Limits {
        head: LONG,
        body_silence: LONG,
        idle: LONG,
        grace: LONG,
        ..Limits::default()
    }
}

fn post(addr: SocketAddr, length: usize, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// Waits for the server to close, and returns how long that took.
fn until_closed(client: &mut RawClient) -> Duration {
    let begun = Instant::now();
    client.rest();
    begun.elapsed()
}

#[test]
fn an_idle_connection_is_closed_after_its_time_and_not_before() {
    let limits = Limits {
        idle: SHORT,
        ..limits()
    };
    // Thinking takes longer than idling may: a client that waits for an answer is not idle.
    against(limits, SHORT * 2, |addr| {
        let mut client = RawClient::connect(addr);
        for _ in 0..2 {
            client.send(post(addr, 3, "abc"));
            assert_eq!(client.answer().unwrap().text(), "3");
        }
        let took = until_closed(&mut client);
        assert!(took >= SHORT / 2 && took < LONG / 2, "{took:?}");
    });
}

#[test]
fn a_head_has_one_deadline_however_it_dribbles() {
    let limits = Limits {
        head: SHORT,
        ..limits()
    };
    against(limits, Duration::ZERO, |addr| {
        let mut client = RawClient::connect(addr);
        let begun = Instant::now();
        for byte in "POST / HTTP/1.1\r\n".repeat(20).bytes() {
            client.send([byte]);
            pause(Duration::from_millis(20));
            if begun.elapsed() > SHORT * 3 {
                break;
            }
        }
        assert!(until_closed(&mut client) < Duration::from_secs(1));
    });
}

#[test]
fn a_silent_body_is_cut_and_a_slow_one_is_not() {
    let limits = Limits {
        body_silence: SHORT,
        ..limits()
    };
    against(limits, Duration::ZERO, |addr| {
        let mut slow = RawClient::connect(addr);
        slow.send(post(addr, 8, ""));
        for _ in 0..8 {
            pause(SHORT / 3);
            slow.send("x");
        }
        assert_eq!(slow.answer().unwrap().text(), "8");

        let mut silent = RawClient::connect(addr);
        silent.send(post(addr, 8, "xx"));
        let took = until_closed(&mut silent);
        assert!(took >= SHORT / 2 && took < LONG / 2, "{took:?}");
    });
}

#[test]
fn connections_over_the_cap_wait_for_their_turn() {
    let limits = Limits {
        connections: 2,
        ..limits()
    };
    against(limits, Duration::ZERO, |addr| {
        let held: Vec<_> = (0..2)
            .map(|_| {
                let mut client = RawClient::connect(addr);
                client.send(post(addr, 0, ""));
                client.answer().unwrap();
                client
            })
            .collect();
        let mut third = RawClient::connect(addr);
        third.send(post(addr, 1, "x"));
        let freed = std::thread::spawn(move || {
            pause(SHORT);
            drop(held);
        });
        let begun = Instant::now();
        assert_eq!(third.answer().unwrap().text(), "1");
        assert!(begun.elapsed() >= SHORT / 2);
        freed.join().unwrap();
    });
}

#[test]
fn a_stop_drains_what_runs_or_cuts_it_after_the_grace_period() {
    let leave_while_thinking = |addr| {
        let mut client = RawClient::connect(addr);
        client.send(post(addr, 0, ""));
        pause(SHORT / 2);
        // The connection stays open in a thread of its own while the server is told to stop.
        std::thread::spawn(move || client.answer());
    };
    assert_eq!(
        against(limits(), SHORT * 2, leave_while_thinking),
        Ending::Drained
    );
    let hasty = Limits {
        grace: SHORT,
        ..limits()
    };
    assert_eq!(against(hasty, LONG, leave_while_thinking), Ending::Cut(1));
}

#[expect(clippy::disallowed_methods, reason = "the test thread may sleep")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
