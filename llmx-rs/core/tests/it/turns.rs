//! Turns that go as they should.

use llmx_protocol::SandboxMode;
use serde_json::{Value, json};

use crate::bench::{Bench, KEY, base_url, call, message, provider, shell};

#[tokio::test]
async fn a_turn_runs_a_command_and_reports() {
    let upstream = provider(vec![
        vec![shell("c1", "echo hi > a.txt; cat a.txt")],
        vec![message("written")],
    ]);
    let bench = Bench::new(&base_url(&upstream));
    let course = bench.turn(|_| None).await;

    assert_eq!(
        course.brief(),
        [
            "thread",
            "turn",
            "started bash -c 'echo hi > a.txt; cat a.txt' None ",
            "held by None",
            "done bash -c 'echo hi > a.txt; cat a.txt' Some(0) hi",
            "done message written",
            "completed 6",
        ]
    );
    assert_eq!(
        course.recorded(),
        [
            "session_meta -",
            "turn_context -",
            "response_item user",
            "response_item user",
            "event_msg user_message",
            "response_item function_call",
            "response_item function_call_output",
            "response_item assistant",
            "event_msg agent_message",
            "event_msg token_count",
        ]
    );
    let text = std::fs::read_to_string(bench.directory.path().join("a.txt")).unwrap();
    assert_eq!(text, "hi\n");
}

#[tokio::test]
async fn the_second_request_repeats_the_first_and_adds_the_answer() {
    let upstream = provider(vec![vec![shell("c1", "true")], vec![message("done")]]);
    Bench::new(&base_url(&upstream)).turn(|_| None).await;

    let bodies: Vec<Value> = upstream
        .requests()
        .iter()
        .map(|request| serde_json::from_slice(&request.body).unwrap())
        .collect();
    let input = |n: usize| bodies[n]["input"].as_array().unwrap();
    assert_eq!(input(1)[..2], input(0)[..]);
    assert_eq!(input(1)[2]["type"], "function_call");
    assert_eq!(input(1)[3]["type"], "function_call_output");
    assert_eq!(input(1)[3]["call_id"], "c1");
    let output = input(1)[3]["output"].as_str().unwrap();
    assert!(output.starts_with("exit code: 0\n"), "{output}");
    for body in &bodies {
        assert_eq!(body["stream"], true);
        assert_eq!(body["tools"][0]["name"], "exec_command");
        assert_eq!(body["prompt_cache_key"], bodies[0]["prompt_cache_key"]);
    }
}

#[tokio::test]
async fn no_command_sees_the_key() {
    let upstream = provider(vec![vec![shell("c1", "env")], vec![message("done")]]);
    let course = Bench::new(&base_url(&upstream)).turn(|_| None).await;
    let output = course.brief()[4].clone();
    assert!(
        output.contains("PATH=") && !output.contains(KEY),
        "{output}"
    );
    assert!(!course.rollout.contains(KEY));
}

#[tokio::test]
async fn commands_are_refused_without_full_access() {
    let upstream = provider(vec![vec![shell("c1", "touch trace")], vec![message("no")]]);
    let mut bench = Bench::new(&base_url(&upstream));
    bench.config.sandbox_mode = SandboxMode::ReadOnly;
    let course = bench.turn(|_| None).await;
    let brief = course.brief();
    assert_eq!(brief[3], "held by None");
    let done = &brief[4];
    assert!(
        done.starts_with("done bash -c 'touch trace' None the command was not run"),
        "{done}"
    );
    assert!(!bench.directory.path().join("trace").exists());
}

#[tokio::test]
async fn calls_that_cannot_be_understood_are_answered_and_shown() {
    let custom = json!({"type": "custom_tool_call", "call_id": "c3", "name": "draw",
        "input": "a cat"});
    let upstream = provider(vec![
        vec![
            call("c1", "no_such_tool", "{}"),
            call("c2", "shell", "{\"command\""),
            custom,
        ],
        vec![message("sorry")],
    ]);
    let course = Bench::new(&base_url(&upstream)).turn(|_| None).await;
    let brief = course.brief();
    assert!(brief[2].starts_with("done no_such_tool: there is no tool `no_such_tool`; the tools"));
    assert!(brief[3].starts_with("done shell: the call of `shell` cannot be read: "));
    assert!(brief[4].starts_with("done draw: there is no tool `draw`"));
    assert_eq!(brief[5..], ["done message sorry", "completed 6"]);
    let outputs: Vec<_> = course
        .recorded()
        .into_iter()
        .filter(|line| line.ends_with("_output"))
        .collect();
    assert_eq!(
        outputs,
        [
            "response_item function_call_output",
            "response_item function_call_output",
            "response_item custom_tool_call_output",
        ]
    );
}
