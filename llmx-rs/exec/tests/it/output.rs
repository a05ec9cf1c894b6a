//! What a run prints and writes.

use llmx_exec::Ending;
use serde_json::{Value, json};

use crate::bench::{Bench, kinds, lines, message, provider, shell};

#[tokio::test]
async fn stdout_holds_the_last_message_and_stderr_the_way_to_it() {
    let upstream = provider(vec![
        vec![message("looking"), shell("c1", "echo found")],
        vec![message("all is well")],
    ]);
    let (ending, out, err) = Bench::new(&upstream.url("/v1")).run().await;
    assert_eq!(ending, Ending::Completed);
    assert_eq!(out, "all is well\n");
    let (head, way) = err.split_once("\n\n").unwrap();
    assert!(
        head.contains("m at Test") && head.contains("danger-full-access"),
        "{head}"
    );
    assert_eq!(
        way,
        "looking\n\n$ bash -c 'echo found'\nfound\n\ntokens   20 in (8 cached), 6 out\n"
    );
}

#[tokio::test]
async fn json_lines_have_the_published_shapes() {
    let upstream = provider(vec![vec![shell("c1", "echo hi")], vec![message("done")]]);
    let (ending, out, err) = Bench::new(&upstream.url("/v1")).json().run().await;
    assert_eq!((ending, err.as_str()), (Ending::Completed, ""));
    let mut lines = lines(&out);
    let id = lines[0]["thread_id"].take();
    assert_eq!(id.as_str().map(str::len), Some(36));
    assert_eq!(
        lines[0],
        json!({"type": "thread.started", "thread_id": null})
    );
    let end = lines.len() - 1;
    assert!(lines[end]["time_to_first_token_ms"].take().is_u64());
    let command = |status: &str, output: &str, code: Value| {
        json!({"id": "item_0", "type": "command_execution", "command": "bash -c 'echo hi'",
            "aggregated_output": output, "exit_code": code, "status": status})
    };
    assert_eq!(
        lines[1..],
        [
            json!({"type": "turn.started"}),
            json!({"type": "item.started", "item": command("in_progress", "", Value::Null)}),
            json!({"type": "sandbox.reported", "sandbox": {"policy": "danger-full-access",
                "rung": null, "reason": "the policy holds nothing"}}),
            json!({"type": "item.completed", "item": command("completed", "hi\n", json!(0))}),
            json!({"type": "item.completed", "item":
                {"id": "item_1", "type": "agent_message", "text": "done"}}),
            json!({"type": "turn.completed", "usage": {
                    "input_tokens": 20, "cached_input_tokens": 8, "cache_write_input_tokens": 0,
                    "output_tokens": 6, "reasoning_output_tokens": 0,
                }, "requests": 2, "retries": 0, "time_to_first_token_ms": null}),
        ]
    );
}

#[tokio::test]
async fn the_prompt_may_come_from_stdin_or_with_it() {
    for (argument, expected) in [
        (None, "from stdin"),
        (Some("look"), "look\n\n<stdin>\nfrom stdin\n</stdin>"),
    ] {
        let upstream = provider(vec![vec![message("ok")]]);
        let mut bench = Bench::new(&upstream.url("/v1"));
        bench.stdin = "from stdin";
        bench.args.prompt = argument.map(str::to_owned);
        assert_eq!(bench.run().await.0, Ending::Completed);
        let request = upstream.requests().remove(0);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["input"][1]["content"][0]["text"], expected);
    }
}

#[tokio::test]
async fn the_last_message_file_is_written_on_success_and_kept_on_failure() {
    let upstream = provider(vec![vec![message("one"), message("two")]]);
    let gone = "http://127.0.0.1:9";
    for (url, ending, expected) in [
        (gone.to_owned(), Ending::TurnFailed, "old"),
        (upstream.url("/v1"), Ending::Completed, "two"),
    ] {
        let mut bench = Bench::new(&url);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.txt");
        std::fs::write(&path, "old").unwrap();
        bench.args.output_last_message = Some(path.clone());
        assert_eq!(bench.run().await.0, ending);
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
    }
}

#[tokio::test]
async fn an_agent_that_says_nothing_is_reported() {
    let upstream = provider(vec![vec![]]);
    let (ending, out, err) = Bench::new(&upstream.url("/v1")).run().await;
    assert_eq!((ending, out.as_str()), (Ending::Completed, ""));
    assert!(err.ends_with("warning: the agent said nothing\n"), "{err}");
    let (_, out, _) = Bench::new(&upstream.url("/v1")).json().run().await;
    assert_eq!(
        kinds(&out),
        ["thread.started", "turn.started", "turn.completed"]
    );
}
