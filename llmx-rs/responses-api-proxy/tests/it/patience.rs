//! Clients that send slowly or never cost a bounded time and never another client's.

use std::time::{Duration, Instant};

use llmx_test_support::{ScriptedUpstream, Step};

use crate::proxy::{Proxy, echo_upstream};

#[test]
fn a_thousand_dribbling_sockets_do_not_slow_a_live_stream() {
    const EVENTS: u32 = 20;
    allow_many_files();
    let gap = Duration::from_millis(20);
    let upstream = ScriptedUpstream::start(move |_| {
        let mut steps = vec![Step::sse_head()];
        for number in 0..EVENTS {
            steps.extend([Step::Pause(gap), Step::event(&format!("e{number}."))]);
        }
        steps.push(Step::last_chunk());
        steps
    });
    let proxy = Proxy::start(&upstream, &[]);
    let mut dribblers: Vec<_> = (0..1000).map(|_| proxy.connect()).collect();
    for dribbler in &mut dribblers {
        dribbler.send("POST /v1/resp");
    }
    let mut client = proxy.connect();
    client.send(proxy.post("{}"));
    let begun = Instant::now();
    for number in 0..EVENTS {
        for dribbler in dribblers.iter_mut().skip(number as usize).step_by(20) {
            dribbler.send("x");
        }
        client.wait_for(&format!("e{number}."));
    }
    let late = begun.elapsed().saturating_sub(gap * EVENTS);
    assert!(late < Duration::from_millis(400), "{late:?} late");
}

#[test]
fn a_head_that_never_ends_is_given_ten_seconds_however_it_dribbles() {
    let upstream = echo_upstream();
    let proxy = Proxy::start(&upstream, &[]);
    let (mut silent, mut dribbling) = (proxy.connect(), proxy.connect());
    let begun = Instant::now();
    dribbling.send("POST /v1/responses HTTP/1.1\r\n");
    for _ in 0..8 {
        pause(Duration::from_secs(1));
        dribbling.send("X-A: b\r\n");
    }
    assert!(dribbling.rest().is_empty());
    assert!(silent.rest().is_empty());
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(9) && took < Duration::from_secs(14),
        "{took:?}"
    );
}

/// The usual soft limit of 1024 leaves too little room beside a thousand sockets.
fn allow_many_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "the test thread may sleep")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
