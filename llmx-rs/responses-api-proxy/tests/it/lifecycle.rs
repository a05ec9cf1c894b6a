//! How the proxy ends: on request, by signal, after running answers have come to their end.

use std::time::{Duration, Instant};

use llmx_test_support::{ScriptedUpstream, Step};
#[cfg(unix)]
use rustix::process::Signal;

use crate::proxy::{Proxy, echo_upstream};

/// An upstream that streams for half a second.
fn slow_stream() -> ScriptedUpstream {
    ScriptedUpstream::start(|_| {
        vec![
            Step::sse_head(),
            Step::event("begun"),
            Step::Pause(Duration::from_millis(500)),
            Step::event("ended"),
            Step::last_chunk(),
        ]
    })
}

#[test]
fn shutdown_is_an_exact_get_and_only_with_its_flag() {
    let upstream = echo_upstream();
    let mut proxy = Proxy::start(&upstream, &["--http-shutdown"]);
    for line in [
        "POST /shutdown",
        "GET /shutdown?x",
        "GET /shutdown/",
        "HEAD /shutdown",
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n");
        let mut client = proxy.connect();
        client.send(proxy.fill(&request));
        assert_eq!(client.head().unwrap().status(), 403, "{line}");
    }
    let answer = proxy
        .exchange("GET /shutdown HTTP/1.1\r\nHost: HOST\r\n\r\n")
        .unwrap();
    assert_eq!((answer.status(), answer.text().as_str()), (200, ""));
    assert_eq!(proxy.wait().code(), Some(0));
}

#[test]
fn a_shutdown_lets_running_streams_end() {
    let upstream = slow_stream();
    let mut proxy = Proxy::start(&upstream, &["--http-shutdown"]);
    let mut client = proxy.connect();
    client.send(proxy.post("{}"));
    client.wait_for("begun");
    proxy.exchange("GET /shutdown HTTP/1.1\r\nHost: HOST\r\n\r\n");
    client.wait_for("ended\n\n\r\n0\r\n\r\n");
    assert_eq!(proxy.wait().code(), Some(0));
}

#[test]
fn idle_connections_do_not_hold_a_shutdown_up() {
    let upstream = echo_upstream();
    let mut proxy = Proxy::start(&upstream, &["--http-shutdown"]);
    let mut idle = proxy.connect();
    assert_eq!(idle.send(proxy.post("{}")).answer().unwrap().status(), 200);
    let _silent = proxy.connect();
    let begun = Instant::now();
    proxy.exchange("GET /shutdown HTTP/1.1\r\nHost: HOST\r\n\r\n");
    assert_eq!(proxy.wait().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
#[cfg(unix)]
fn both_signals_drain_and_exit_zero() {
    for signal in [Signal::TERM, Signal::INT] {
        let upstream = slow_stream();
        let mut proxy = Proxy::start(&upstream, &[]);
        let mut client = proxy.connect();
        client.send(proxy.post("{}"));
        client.wait_for("begun");
        send_signal(proxy.pid(), signal);
        client.wait_for("ended\n\n\r\n0\r\n\r\n");
        assert_eq!(proxy.wait().code(), Some(0));
    }
}

#[test]
#[cfg(unix)]
fn the_grace_period_ends_what_does_not_end_itself() {
    let upstream = ScriptedUpstream::with_replies(vec![vec![
        Step::sse_head(),
        Step::event("begun"),
        Step::AwaitHangup,
    ]]);
    let mut proxy = Proxy::start(&upstream, &["--shutdown-grace", "1"]);
    let mut client = proxy.connect();
    client.send(proxy.post("{}"));
    client.wait_for("begun");
    let begun = Instant::now();
    send_signal(proxy.pid(), Signal::TERM);
    assert_eq!(proxy.wait().code(), Some(0));
    let took = begun.elapsed();
    assert!(
        took > Duration::from_millis(900) && took < Duration::from_secs(4),
        "{took:?}"
    );
    upstream.wait_for_hangups(1);
    let printed = proxy.printed().join("\n");
    assert!(printed.contains("1 connections were cut"), "{printed}");
}

#[cfg(unix)]
fn send_signal(pid: u32, signal: Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
