//! Turns that end early, and those that nearly do.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use llmx_protocol::{Op, ThreadEvent};
use llmx_test_support::{ScriptedUpstream, Step};
use serde_json::json;

use crate::bench::{Bench, answer, base_url, event, item_done, message, provider, shell};

#[tokio::test]
async fn a_cut_stream_is_asked_for_again_and_nothing_runs_twice() {
    let count = shell("c1", "echo x >> runs");
    let cut = vec![Step::sse_head(), item_done(&count), Step::Close];
    let upstream = ScriptedUpstream::with_replies(vec![
        cut.clone(),
        answer(&[count]),
        vec![Step::sse_head(), item_done(&message("half")), Step::Close],
        answer(&[message("whole")]),
    ]);
    let bench = Bench::new(&base_url(&upstream));
    let course = bench.turn(|_| None).await;

    let brief = course.brief();
    assert!(brief[2].starts_with("notice trying again in 0.2 s (1 of 2): the stream was cut"));
    assert!(brief[6].starts_with("notice trying again in 0.2 s (1 of 2): the stream was cut"));
    assert_eq!(brief[7..], ["done message whole", "completed 6"]);
    let runs = std::fs::read_to_string(bench.directory.path().join("runs")).unwrap();
    assert_eq!(runs, "x\n");
    assert_eq!(upstream.requests().len(), 4);
}

#[tokio::test]
async fn a_stream_that_is_always_cut_ends_the_turn() {
    let upstream = ScriptedUpstream::with_replies(vec![vec![
        Step::sse_head(),
        item_done(&message("half")),
        Step::last_chunk(),
    ]]);
    let course = Bench::new(&base_url(&upstream)).turn(|_| None).await;
    assert_eq!(
        course.brief().last().unwrap(),
        "failed the stream ended before the answer was complete (after 2 retries)"
    );
    assert_eq!(upstream.requests().len(), 3);
    assert_eq!(course.recorded().last().unwrap(), "event_msg error");
}

#[tokio::test]
async fn a_refusal_is_final_and_shown_once_in_the_servers_words() {
    for status in [400, 401, 403, 404] {
        let body = r#"{"error":{"message":"no such thing","code":"odd"}}"#;
        let upstream = ScriptedUpstream::with_replies(vec![vec![Step::json(status, body)]]);
        let course = Bench::new(&base_url(&upstream)).turn(|_| None).await;
        let brief = course.brief();
        assert_eq!(brief.len(), 3, "{brief:?}");
        assert!(brief[2].contains("no such thing (odd)"), "{brief:?}");
        assert_eq!(upstream.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_busy_server_gets_the_pause_it_asks_for() {
    let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 4\r\n\r\nbusy";
    let upstream = ScriptedUpstream::with_replies(vec![
        vec![Step::Send(busy.as_bytes().to_vec())],
        answer(&[message("hello")]),
    ]);
    let begun = Instant::now();
    let course = Bench::new(&base_url(&upstream)).turn(|_| None).await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let brief = course.brief();
    assert!(brief[2].starts_with("notice trying again in 1.0 s (1 of 2): "));
    assert!(brief[2].ends_with("answered 429 Too Many Requests: busy"));
    assert_eq!(brief[3..], ["done message hello", "completed 3"]);
}

#[tokio::test]
async fn a_failing_server_is_given_up_with_its_words() {
    let failing = vec![Step::json(503, r#"{"error":{"message":"on fire"}}"#)];
    let upstream = ScriptedUpstream::with_replies(vec![failing]);
    let course = Bench::new(&base_url(&upstream)).turn(|_| None).await;
    let last = course.brief().pop().unwrap();
    assert!(
        last.ends_with("503 Service Unavailable: on fire (after 2 retries)"),
        "{last}"
    );
    assert_eq!(upstream.requests().len(), 3);
}

#[tokio::test]
async fn an_unreachable_server_ends_the_turn_in_bounded_time() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", free.local_addr().unwrap());
    drop(free);
    let begun = Instant::now();
    let course = Bench::new(&url).turn(|_| None).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    let last = course.brief().pop().unwrap();
    assert!(
        last.contains("cannot be reached") && last.ends_with("(after 2 retries)"),
        "{last}"
    );
}

#[tokio::test]
async fn a_failed_response_is_judged_by_its_code() {
    let failed = |code: &str| {
        let error = json!({"code": code, "message": "the reason"});
        let response = json!({"id": "r", "status": "failed", "error": error});
        vec![
            Step::sse_head(),
            event(&json!({"type": "response.failed", "response": response})),
            Step::last_chunk(),
        ]
    };
    for (code, requests) in [("insufficient_quota", 1), ("server_error", 3)] {
        let upstream = ScriptedUpstream::with_replies(vec![failed(code)]);
        let course = Bench::new(&base_url(&upstream)).turn(|_| None).await;
        let last = course.brief().pop().unwrap();
        assert!(
            last.starts_with(&format!("failed the reason ({code})")),
            "{last}"
        );
        assert_eq!(upstream.requests().len(), requests);
    }
}

#[tokio::test]
async fn an_interrupt_ends_a_silent_request_and_hangs_up() {
    let silent = vec![Step::sse_head(), Step::AwaitHangup];
    let upstream = ScriptedUpstream::with_replies(vec![silent]);
    let bench = Bench::new(&base_url(&upstream));
    let course = bench
        .turn(|event| matches!(event, ThreadEvent::TurnStarted {}).then_some(Op::Interrupt))
        .await;
    assert_eq!(course.brief()[2..], ["failed interrupted"]);
    assert_eq!(course.recorded().last().unwrap(), "event_msg turn_aborted");
}

#[tokio::test]
async fn an_interrupt_kills_the_command_and_answers_its_call() {
    let upstream = provider(vec![vec![shell("c1", "sleep 60"), shell("c2", "true")]]);
    let bench = Bench::new(&base_url(&upstream));
    let begun = Instant::now();
    let course = bench
        .turn(|event| matches!(event, ThreadEvent::ItemStarted { .. }).then_some(Op::Shutdown))
        .await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(
        course.brief()[2..],
        [
            "started bash -c 'sleep 60' None ",
            "done bash -c 'sleep 60' None not finished: interrupted",
            "failed interrupted",
        ]
    );
    assert_eq!(
        course.recorded()[5..],
        [
            "response_item function_call",
            "response_item function_call",
            "response_item function_call_output",
            "response_item function_call_output",
            "event_msg turn_aborted",
        ]
    );
}

#[tokio::test]
async fn a_frontend_that_goes_away_ends_the_turn_and_the_file_says_so() {
    let upstream = provider(vec![vec![shell("c1", "sleep 60")]]);
    let bench = Bench::new(&base_url(&upstream));
    let session = bench.session();
    let rollout = session.rollout_path().to_owned();
    let (ops, ops_in) = tokio::sync::mpsc::channel(1);
    let (events_out, mut events) = tokio::sync::mpsc::channel(1);
    let prompt = "do it".to_owned();
    ops.send(Op::UserTurn {
        prompt: prompt.into(),
    })
    .await
    .unwrap();
    let leave = async move {
        while let Some(event) = events.recv().await {
            if matches!(event, ThreadEvent::ItemStarted { .. }) {
                return;
            }
        }
    };
    let both = async { tokio::join!(session.run(ops_in, events_out), leave) };
    tokio::time::timeout(Duration::from_secs(10), both)
        .await
        .unwrap();
    let text = std::fs::read_to_string(rollout).unwrap();
    assert!(text.lines().last().unwrap().contains("turn_aborted"));
}
