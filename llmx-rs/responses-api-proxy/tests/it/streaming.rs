//! Bytes move when they come, in both directions, and no more of them than fit.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use llmx_test_support::{ScriptedUpstream, Step};

use crate::proxy::Proxy;

#[test]
fn every_event_arrives_before_the_next_one_is_sent() {
    let gap = Duration::from_millis(60);
    let upstream = ScriptedUpstream::start(move |_| {
        let mut steps = vec![Step::sse_head()];
        for number in 0..5 {
            steps.extend([Step::event(&format!("e{number}")), Step::Pause(gap)]);
        }
        steps.push(Step::last_chunk());
        steps
    });
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    client.send(proxy.post("{}"));
    let head = client.head().unwrap();
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    let begun = Instant::now();
    for number in 0..5_u32 {
        client.wait_for(&format!("data: e{number}\n\n"));
        // Event n is written n gaps after the first; a proxy that buffers would be a gap behind.
        let due = gap * number;
        let late = begun.elapsed().saturating_sub(due);
        assert!(late < gap, "event {number} came {late:?} late");
    }
}

#[test]
fn many_small_events_do_not_wait_for_acknowledgements() {
    const EVENTS: usize = 200;
    let upstream = ScriptedUpstream::start(|_| {
        let mut steps = vec![Step::sse_head()];
        steps.extend((0..EVENTS).map(|number| Step::event(&format!("e{number}"))));
        steps.push(Step::last_chunk());
        steps
    });
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    client.send(proxy.post("{}"));
    let body = client.answer().unwrap().text();
    assert_eq!(body.matches("data: e").count(), EVENTS);
}

#[test]
fn a_request_body_is_passed_on_while_it_is_still_being_sent() {
    let upstream = crate::proxy::echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let mut client = proxy.connect();
    client.send(
        proxy.fill(
            "POST /v1/responses HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
    );
    for _ in 0..3 {
        client.send("3\r\nabc\r\n");
    }
    // The upstream's head is only written once the proxy forwards before the end.
    client.send("0\r\n\r\n");
    assert_eq!(client.answer().unwrap().status(), 200);
    assert_eq!(upstream.requests()[0].text(), "abcabcabc");
}

#[test]
#[cfg(target_os = "linux")]
fn a_hundred_megabytes_pass_without_being_held() {
    let upstream = crate::proxy::echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let before = peak_kib(proxy.pid());
    let mut stream = TcpStream::connect(proxy.addr()).unwrap();
    let chunk = vec![b'x'; 1 << 20];
    let head = proxy.fill(&format!(
        "POST /v1/responses HTTP/1.1\r\nHost: HOST\r\nContent-Length: {}\r\n\r\n",
        100 << 20
    ));
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..100 {
        stream.write_all(&chunk).unwrap();
    }
    let request = upstream.wait_for_requests(1).remove(0);
    assert_eq!(request.body.len(), 100 << 20);
    let grown = peak_kib(proxy.pid()) - before;
    assert!(grown < 8 * 1024, "the proxy grew by {grown} KiB");
}

#[test]
#[cfg(target_os = "linux")]
fn a_slow_client_slows_the_upstream_down_instead_of_filling_memory() {
    let upstream = ScriptedUpstream::start(|_| {
        let mut steps = vec![Step::sse_head()];
        let event = Step::event(&"x".repeat(1 << 20));
        steps.extend(std::iter::repeat_n(event, 64));
        steps.push(Step::AwaitHangup);
        steps
    });
    let proxy = Proxy::start(&upstream, &[]);
    let before = peak_kib(proxy.pid());
    let mut client = proxy.connect();
    client.send(proxy.post("{}"));
    client.head().unwrap();
    pause(Duration::from_millis(500));
    let grown = peak_kib(proxy.pid()) - before;
    assert!(
        grown < 8 * 1024,
        "the proxy took {grown} KiB for a client that does not read"
    );
    client.hang_up();
}

#[cfg(target_os = "linux")]
pub(crate) fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the test thread may sleep")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
