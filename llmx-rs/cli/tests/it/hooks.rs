//! Programs of the user that judge prompts, calls and ends of turns.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use llmx_test_support::ScriptedUpstream;
use serde_json::{Value, json};

use crate::conversation::{answers_in, body, calling, events, script};
use crate::{World, stderr, stdout};

#[test]
fn a_call_that_a_hook_blocks_is_answered_with_the_reason_and_not_run() {
    let test = Test::new(
        "[[hooks.PreToolUse]]\nmatcher = 'Bash'\n\
         command = 'cat > told; env > seen; echo no pushing >&2; exit 2'",
    );
    let run = test.run(&[
        ("shell", json!({"command": ["sh", "-c", "touch trace"]})),
        ("exec_command", json!({"cmd": "touch trace"})),
        (
            "update_plan",
            json!({"plan": [{"step": "x", "status": "pending"}]}),
        ),
    ]);
    for answer in &run.answers()[..2] {
        assert!(answer.contains("refused this call"), "{answer}");
        assert!(answer.ends_with("not run: no pushing"), "{answer}");
    }
    let items = run.items("item.completed");
    assert_eq!(items[0]["status"], "declined");
    assert!(
        items[0]["aggregated_output"]
            .as_str()
            .unwrap()
            .contains("no pushing")
    );
    assert_eq!(items[2]["type"], "todo_list");
    assert!(!test.exists("trace"));
    let told = test.told();
    assert_eq!(told["hook_event_name"], "PreToolUse");
    assert_eq!(told["tool_name"], "exec_command");
    assert_eq!(told["tool_use_id"], "c1");
    assert_eq!(told["tool_input"]["command"], "touch trace");
    assert_eq!(told["session_id"], run.events[0]["thread_id"]);
    assert!(
        told["transcript_path"]
            .as_str()
            .unwrap()
            .ends_with(".jsonl")
    );
    let seen = fs::read_to_string(test.path("seen")).unwrap();
    assert!(
        seen.contains("PATH=") && !seen.contains("sk-test"),
        "{seen}"
    );
}

#[test]
fn a_hook_that_gives_no_answer_is_told_and_the_call_is_not_run() {
    for (hook, words) in [
        (
            "command = 'echo oops >&2; exit 1'",
            "ended with exit code 1: oops",
        ),
        ("command = 'kill -9 $$'", "was killed"),
        ("command = ['no-such-guard']", "cannot be started"),
        (
            "command = 'sleep 60'\ntimeout_sec = 0.3",
            "has not ended within 0.3 s",
        ),
        ("command = 'echo {'", "does not understand"),
        (
            "command = \"echo '{\\\"updatedInput\\\": {}}'\"",
            "does not understand",
        ),
    ] {
        let test = Test::new(&format!("[[hooks.PreToolUse]]\n{hook}"));
        let run = test.run(&[("exec_command", json!({"cmd": "touch trace"}))]);
        let (answer, notices) = (&run.answers()[0], run.notices());
        assert!(answer.contains("could not be checked"), "{answer}");
        assert!(answer.contains(words), "{answer}");
        assert!(
            notices.contains(words) && notices.contains("not run"),
            "{notices}"
        );
        assert!(!test.exists("trace"), "{hook}");
    }
}

#[test]
fn a_hook_adds_to_the_answer_of_a_call_and_its_failure_is_only_told() {
    let test = Test::new(
        "[[hooks.PostToolUse]]\ncommand = 'cat > told; echo run the formatter >&2; exit 2'\n\
         [[hooks.PostToolUse]]\ncommand = 'touch too-late'",
    );
    let run = test.run(&[("exec_command", json!({"cmd": "echo hi; exit 3"}))]);
    let answer = &run.answers()[0];
    assert!(answer.contains("hi\n"), "{answer}");
    assert!(
        answer.ends_with("[a hook of the user says] run the formatter"),
        "{answer}"
    );
    let told = test.told();
    assert!(
        told["tool_response"]["output"]
            .as_str()
            .unwrap()
            .contains("hi")
    );
    assert_eq!(told["tool_response"]["exit_code"], 3);
    assert!(!test.exists("too-late"));

    let test = Test::new("[[hooks.PostToolUse]]\ncommand = 'exit 1'");
    let run = test.run(&[("exec_command", json!({"cmd": "echo hi"}))]);
    assert!(run.answers()[0].ends_with("hi\n"), "{:?}", run.answers());
    assert!(
        run.notices()
            .contains("the PostToolUse hook `exit 1` ended")
    );
    assert_eq!(
        run.notices().matches("hook").count(),
        1,
        "{}",
        run.notices()
    );
}

#[test]
fn a_prompt_is_refused_or_added_to() {
    let test =
        Test::new("[[hooks.UserPromptSubmit]]\ncommand = 'cat > told; echo secret >&2; exit 2'");
    let upstream = test.upstream(&[]);
    let output = test.command(&upstream).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(upstream.requests().len(), 0);
    let events = events(&output);
    assert_eq!(events[1]["type"], "turn.started");
    assert_eq!(events[2]["error"]["code"], "blocked");
    let message = events[2]["error"]["message"].as_str().unwrap();
    assert_eq!(message, "a hook refused the prompt: secret");
    assert_eq!(test.told()["prompt"], "go");

    let test = Test::new(
        "[[hooks.SessionStart]]\nmatcher = 'startup'\ncommand = 'echo the branch is main'\n\
         [[hooks.SessionStart]]\nmatcher = 'resume'\ncommand = 'touch resumed'\n\
         [[hooks.UserPromptSubmit]]\ncommand = 'no-such-program'\n\
         [[hooks.SessionEnd]]\ncommand = 'cat > told'",
    );
    let run = test.run(&[]);
    let input = run.requests[0]["input"].as_array().unwrap();
    let words = |item: &Value| item["content"].to_string();
    let [.., context, prompt] = input.as_slice() else {
        panic!("{input:?}")
    };
    assert!(words(context).contains("the branch is main"), "{context}");
    assert!(words(prompt).contains("go"), "{prompt}");
    assert!(
        run.notices()
            .contains("the UserPromptSubmit hook `no-such-program`")
    );
    assert!(!test.exists("resumed"));
    assert_eq!(test.told()["hook_event_name"], "SessionEnd");
}

#[test]
fn the_agent_goes_on_until_a_hook_is_content() {
    let test = Test::new(
        "[[hooks.Stop]]\ncommand = 'cat > told; test -e passed && exit 0; touch passed; echo tests fail >&2; exit 2'",
    );
    let run = test.run(&[]);
    assert_eq!(run.requests.len(), 2);
    let last = run.requests[1]["input"].as_array().unwrap().last().unwrap();
    assert!(last["content"].to_string().contains("tests fail"), "{last}");
    assert_eq!(test.told()["stop_hook_active"], true);
    assert_eq!(test.told()["last_assistant_message"], "done");
    assert!(
        run.notices()
            .contains("a Stop hook has the agent go on: tests fail")
    );

    let test = Test::new("[[hooks.Stop]]\ncommand = 'exit 2'");
    let run = test.run(&[]);
    assert_eq!(run.requests.len(), 6);
    assert!(run.notices().contains("5 times are enough"));
}

#[test]
fn a_hook_dies_with_the_turn() {
    let mark = format!("48{}.5", std::process::id());
    let hook = format!("touch begun; sleep {mark} & sleep {mark}");
    let test = Test::new(&format!("[[hooks.PreToolUse]]\ncommand = '{hook}'"));
    let upstream = test.upstream(&[("exec_command", json!({"cmd": "touch trace"}))]);
    let mut command = test.command(&upstream);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !test.exists("begun") {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
    let interrupt = format!("kill -INT {}", child.id());
    Command::new("sh")
        .args(["-c", &interrupt])
        .status()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let left = Command::new("pgrep")
        .args(["-f", &format!("sleep {mark}")])
        .output()
        .unwrap();
    assert_eq!(stdout(&left), "");
    assert!(!test.exists("trace"));
}

#[test]
fn a_matcher_without_a_tool_and_a_program_that_is_missing_are_told_in_advance() {
    let test = Test::new(
        "[[hooks.PreToolUse]]\nmatcher = 'Edit'\ncommand = ['no-such-guard']\n\
         [[hooks.Stop]]\ncommand = '/nowhere/check --all'",
    );
    let run = test.run(&[]);
    assert!(
        run.notices().contains("hook for `Edit` matches no tool"),
        "{}",
        run.notices()
    );
    let mut doctor = test.world.llmx(&["doctor", "--json"]);
    doctor.env("LLMX_BASE_URL", "http://127.0.0.1:9");
    let output = doctor.env("LLMX_API_KEY", "sk-test").output().unwrap();
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let hooks = checks.iter().find(|check| check["id"] == "hooks").unwrap();
    assert_eq!(hooks["status"], "fail");
    assert_eq!(
        hooks["details"],
        json!([
            "PreToolUse: there is no program `no-such-guard`",
            "Stop: there is no program `/nowhere/check`"
        ])
    );
}

/// A home that is configured with hooks.
struct Test {
    world: World,
}

impl Test {
    fn new(config: &str) -> Self {
        let world = World::new();
        fs::write(world.path().join("home/config.toml"), config).unwrap();
        Self { world }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.world.path().join("work").join(name)
    }

    fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Returns what a hook was told last.
    fn told(&self) -> Value {
        let told = fs::read_to_string(self.path("told")).unwrap();
        serde_json::from_str(&told).unwrap()
    }

    /// Starts a model that makes these calls one after the other.
    fn upstream(&self, calls: &[(&str, Value)]) -> ScriptedUpstream {
        let script = script(calls);
        ScriptedUpstream::start(move |request| calling(request, &script))
    }

    fn command(&self, upstream: &ScriptedUpstream) -> Command {
        let args = [
            "exec",
            "-m",
            "any",
            "-s",
            "danger-full-access",
            "--json",
            "go",
        ];
        let mut command = self.world.llmx(&args);
        command
            .env("LLMX_API_KEY", "sk-test")
            .env("COPY", "sk-test")
            .env("LLMX_BASE_URL", upstream.url("/v1"));
        command
    }

    fn run(&self, calls: &[(&str, Value)]) -> Run {
        let upstream = self.upstream(calls);
        let output = self.command(&upstream).output().unwrap();
        assert!(output.status.success(), "{}", stdout(&output));
        let requests = upstream.requests();
        Run {
            requests: requests.iter().map(body).collect(),
            events: events(&output),
        }
    }
}

/// What came of one run.
struct Run {
    requests: Vec<Value>,
    events: Vec<Value>,
}

impl Run {
    fn answers(&self) -> Vec<String> {
        let said = answers_in(self.requests.last().unwrap());
        said.iter()
            .map(|output| output.as_str().unwrap().to_owned())
            .collect()
    }

    fn items(&self, kind: &str) -> Vec<&Value> {
        let events = self.events.iter().filter(|event| event["type"] == kind);
        events.map(|event| &event["item"]).collect()
    }

    fn notices(&self) -> String {
        let errors = self.events.iter().filter(|event| event["type"] == "error");
        let errors: Vec<_> = errors
            .map(|event| event["message"].as_str().unwrap())
            .collect();
        errors.join("\n")
    }
}
