//! Commands that go on in the background: started, polled, typed to, ended.

use std::path::Path;
use std::time::{Duration, Instant};

use llmx_protocol::{ItemDetails, ItemStatus, SandboxMode};
use llmx_tools::{Ended, Input, Permit, Reach, Said, Toolbox};
use serde_json::{Value, json};

use crate::{assert_gone, toolbox};

#[tokio::test]
async fn a_command_that_ends_in_time_is_no_session() {
    let scene = Scene::new();
    let said = scene
        .exec(json!({"cmd": "echo one; echo two >&2; exit 3"}))
        .await;
    assert!(
        said.answer.starts_with("exit code: 3\nduration: 0."),
        "{}",
        said.answer
    );
    assert!(said.answer.ends_with("output:\none\ntwo\n"));
    let ItemDetails::CommandExecution {
        command,
        exit_code,
        status,
        ..
    } = &said.shown
    else {
        panic!("{:?}", said.shown);
    };
    assert_eq!(command, "echo one; echo two >&2; exit 3");
    assert_eq!((*exit_code, *status), (Some(3), ItemStatus::Failed));
    let unknown = scene.refused("write_stdin", &json!({"session_id": 1}));
    assert!(
        unknown.contains("there is no session 1: no command is running"),
        "{unknown}"
    );
}

#[tokio::test]
async fn input_is_empty_and_the_shell_is_the_users() {
    let scene = Scene::new();
    let said = scene
        .exec(json!({"cmd": "cat; test -t 0 || echo no terminal; echo $0"}))
        .await;
    assert!(
        said.answer.ends_with("no terminal\nbash\n"),
        "{}",
        said.answer
    );
}

#[tokio::test]
async fn a_command_that_takes_long_goes_on_and_its_end_is_told_once() {
    let scene = Scene::new();
    let script = "echo begun; sleep 1; echo over; exit 4";
    let begun = Instant::now();
    let first = scene
        .exec(json!({"cmd": script, "yield_time_ms": 300}))
        .await;
    assert!(begun.elapsed() < Duration::from_millis(900));
    assert!(
        first.answer.starts_with("still running, as session 1\n"),
        "{}",
        first.answer
    );
    assert!(first.answer.ends_with("output:\nbegun\n"));
    let ItemDetails::CommandExecution {
        exit_code,
        status,
        aggregated_output,
        ..
    } = &first.shown
    else {
        panic!("{:?}", first.shown);
    };
    assert_eq!((*exit_code, *status), (None, ItemStatus::Completed));
    assert_eq!(aggregated_output, "begun\n");

    let poll = scene
        .write(json!({"session_id": 1, "yield_time_ms": 250}))
        .await;
    assert!(
        poll.answer.starts_with("still running, as session 1\n"),
        "{}",
        poll.answer
    );
    assert!(poll.answer.ends_with("output:\n"));
    let end = scene.write(json!({"session_id": "1", "chars": ""})).await;
    assert!(
        end.answer.starts_with("exit code: 4\nduration: 1."),
        "{}",
        end.answer
    );
    assert!(end.answer.ends_with("output:\nover\n"));
    let ItemDetails::ToolCall {
        tool,
        status,
        output,
        ..
    } = &end.shown
    else {
        panic!("{:?}", end.shown);
    };
    assert_eq!(
        (tool.as_str(), *status),
        ("write_stdin", ItemStatus::Failed)
    );
    assert!(output.starts_with("exit code: 4\n"));
    assert!(
        scene
            .refused("write_stdin", &json!({"session_id": 1}))
            .contains("no session 1")
    );
}

#[tokio::test]
async fn an_unknown_session_is_answered_with_those_there_are() {
    let scene = Scene::new();
    for _ in 0..2 {
        scene
            .exec(json!({"cmd": "sleep 60", "yield_time_ms": 250}))
            .await;
    }
    let unknown = scene.refused("write_stdin", &json!({"session_id": 7}));
    for part in [
        "there is no session 7",
        "- session 1: `sleep 60` (running for",
        "- session 2: ",
    ] {
        assert!(unknown.contains(part), "{unknown}");
    }
}

#[tokio::test]
async fn an_interactive_program_answers_what_is_typed() {
    let scene = Scene::new();
    let start = json!({"cmd": "cat", "tty": true, "yield_time_ms": 250});
    assert!(scene.exec(start).await.answer.contains("session 1"));
    let begun = Instant::now();
    let said = scene
        .write(json!({"session_id": 1, "chars": "höllo\n"}))
        .await;
    assert!(
        said.answer.ends_with("output:\nhöllo\nhöllo\n"),
        "{}",
        said.answer
    );
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "it did not notice the answer"
    );
    let end = scene
        .write(json!({"session_id": 1, "chars": "\u{4}"}))
        .await;
    assert!(end.answer.starts_with("exit code: 0\n"), "{}", end.answer);
}

#[tokio::test]
async fn python_keeps_its_state_between_calls() {
    let scene = Scene::new();
    let start = json!({"cmd": "python3 -q", "tty": true, "yield_time_ms": 1000});
    let said = scene.exec(start).await;
    if said.answer.starts_with("exit code: 127") {
        return;
    }
    for (typed, expected) in [("x = 6\n", ">>> "), ("x * 7\n", "42\n>>> ")] {
        let said = scene.write(json!({"session_id": 1, "chars": typed})).await;
        assert!(said.answer.ends_with(expected), "{}", said.answer);
    }
    let end = scene
        .write(json!({"session_id": 1, "chars": "exit(5)\n"}))
        .await;
    assert!(end.answer.starts_with("exit code: 5\n"), "{}", end.answer);
}

#[tokio::test]
async fn a_terminal_has_a_size_and_controls_jobs() {
    let scene = Scene::new();
    let script = "stty size; tty | sed 's/[0-9]//g'; test -t 0 -a -t 1 -a -t 2 && echo $TERM; : > /dev/tty && echo controls";
    let said = scene.exec(json!({"cmd": script, "tty": true})).await;
    assert!(
        said.answer
            .ends_with("output:\n24 80\n/dev/pts/\ndumb\ncontrols\n"),
        "{}",
        said.answer
    );
    let start = json!({"cmd": "bash --norc -i", "tty": true, "yield_time_ms": 500});
    let shell = scene.exec(start).await;
    assert!(shell.answer.contains("session 1"), "{}", shell.answer);
    assert!(!shell.answer.contains("no job control"), "{}", shell.answer);
    scene
        .write(json!({"session_id": 1, "chars": "sleep 60\n", "yield_time_ms": 500}))
        .await;
    let said = scene
        .write(json!({"session_id": 1, "chars": "\u{3}echo st$((1))ll here\n"}))
        .await;
    assert!(said.answer.contains("st1ll here"), "{}", said.answer);
}

#[tokio::test]
async fn ctrl_c_interrupts_with_and_without_a_terminal() {
    let scene = Scene::new();
    for (id, tty) in [(1, false), (2, true)] {
        let script = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done";
        let start = json!({"cmd": script, "tty": tty, "yield_time_ms": 700});
        assert!(scene.exec(start).await.answer.ends_with("ready\n"));
        let said = scene
            .write(json!({"session_id": id, "chars": "\u{3}"}))
            .await;
        let end = match said.answer.contains("still running") {
            true => scene.write(json!({"session_id": id})).await.answer,
            false => said.answer.clone(),
        };
        assert!(end.starts_with("exit code: 9\n"), "{tty}: {end}");
        assert!(said.answer.contains("caught\n"), "{tty}: {}", said.answer);
    }
}

#[tokio::test]
async fn without_a_terminal_nothing_can_be_typed_and_that_is_said() {
    let scene = Scene::new();
    scene
        .exec(json!({"cmd": "sleep 60", "yield_time_ms": 250}))
        .await;
    let why = scene.refused("write_stdin", &json!({"session_id": 1, "chars": "y\n"}));
    assert!(why.contains("it was started without `tty`"), "{why}");
}

#[tokio::test]
async fn escape_sequences_are_for_the_frontend_only() {
    let scene = Scene::new();
    let script = r"printf '\033[31mred\033[0m 10%%\r\033[K20%%\n'";
    let said = scene.exec(json!({"cmd": script, "tty": true})).await;
    assert!(said.answer.ends_with("output:\n20%\n"), "{}", said.answer);
    let ItemDetails::CommandExecution {
        aggregated_output, ..
    } = &said.shown
    else {
        panic!("{:?}", said.shown);
    };
    assert_eq!(aggregated_output, "\x1b[31mred\x1b[0m 10%\r\x1b[K20%\r\n");
}

#[tokio::test]
async fn a_flood_is_cut_to_the_budget_with_both_ends_kept() {
    let scene = Scene::new();
    for tty in [false, true] {
        let script = "echo first; seq 1 2800000; echo last";
        let said = scene
            .exec(json!({
                "cmd": script, "tty": tty, "max_output_tokens": 100, "yield_time_ms": 60000,
            }))
            .await;
        assert!(
            said.answer.contains("output:\nfirst\n1\n2\n"),
            "{}",
            said.answer
        );
        assert!(
            said.answer.ends_with("\n2800000\nlast\n"),
            "{}",
            said.answer
        );
        assert!(
            said.answer.contains(" lines, ") && said.answer.len() < 600,
            "{}",
            said.answer
        );
        let gap = said
            .answer
            .split_once('[')
            .unwrap()
            .1
            .split_once(" lines")
            .unwrap()
            .0;
        let kept = said
            .answer
            .split_once("output:\n")
            .unwrap()
            .1
            .lines()
            .count() as u64
            - 1;
        assert_eq!(gap.parse::<u64>().unwrap() + kept, 2_800_002);
    }
}

/// The agent's runtime has one thread in the worst case; a flood must leave it to others.
#[tokio::test(flavor = "current_thread")]
async fn an_endless_flood_in_the_background_leaves_the_runtime_to_others() {
    let scene = Scene::new();
    scene
        .exec(json!({"cmd": "yes", "yield_time_ms": 250}))
        .await;
    let begun = Instant::now();
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    let said = scene.exec(json!({"cmd": "echo through"})).await;
    assert!(said.answer.ends_with("through\n"));
    let end = scene
        .write(json!({"session_id": 1, "chars": "\u{3}"}))
        .await;
    assert!(end.answer.starts_with("killed by signal 2\n"));
    assert!(end.answer.contains(" bytes are left out here]"));
}

#[tokio::test]
async fn closing_ends_what_runs_and_names_it_even_if_it_ignores_the_request() {
    let scene = Scene::new();
    let pids = scene.home.path().join("pids");
    let place = pids.display();
    let stubborn = format!("trap '' TERM HUP; sleep 60 & echo $! $$ >> {place}; wait; sleep 60");
    let tidy = format!(
        "trap 'echo tidied > {place}.tidy; exit' TERM; echo $$ >> {place}; while :; do sleep 0.05; done"
    );
    let calls = [
        (stubborn.clone(), false),
        (tidy.clone(), false),
        (stubborn.clone(), true),
    ];
    for (script, tty) in &calls {
        scene
            .exec(json!({"cmd": script, "tty": tty, "yield_time_ms": 400}))
            .await;
    }
    scene
        .exec(json!({"cmd": "sleep 0.4", "yield_time_ms": 250}))
        .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    let ended = scene.toolbox.close().await;
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    let expected = [(1, stubborn.clone()), (2, tidy), (3, stubborn)];
    let expected = expected.map(|(session_id, command)| Ended {
        session_id,
        command,
    });
    assert_eq!(ended, expected);
    assert!(scene.home.path().join("pids.tidy").exists());
    assert_gone(&pids);
    assert_eq!(scene.toolbox.close().await, []);
}

#[tokio::test]
async fn dropping_the_toolbox_kills_every_session() {
    let scene = Scene::new();
    let pids = scene.home.path().join("pids");
    for tty in [false, true] {
        let script = format!(
            "trap '' HUP TERM; sleep 60 & echo $! $$ >> {}; wait",
            pids.display()
        );
        scene
            .exec(json!({"cmd": script, "tty": tty, "yield_time_ms": 400}))
            .await;
    }
    drop(scene.toolbox);
    assert_gone(&pids);
}

#[tokio::test]
async fn an_interrupt_ends_the_commands_of_its_call_only() {
    let scene = Scene::new();
    let (kept, gone) = (
        scene.home.path().join("kept"),
        scene.home.path().join("gone"),
    );
    let script = |pids: &Path| format!("sleep 60 & echo $! $$ > {}; wait", pids.display());
    scene
        .exec(json!({"cmd": script(&kept), "yield_time_ms": 400}))
        .await;
    let call = scene.exec(json!({"cmd": script(&gone)}));
    assert!(
        tokio::time::timeout(Duration::from_millis(700), call)
            .await
            .is_err()
    );
    assert_gone(&gone);
    let poll = scene.write(json!({"session_id": 1, "chars": ""}));
    assert!(
        tokio::time::timeout(Duration::from_millis(300), poll)
            .await
            .is_err()
    );
    let said = scene
        .write(json!({"session_id": 1, "yield_time_ms": 250}))
        .await;
    assert!(said.answer.contains("still running"), "{}", said.answer);
}

#[tokio::test]
async fn what_a_script_leaves_behind_does_not_delay_it_and_is_killed() {
    let scene = Scene::new();
    for tty in [false, true] {
        let pids = scene.home.path().join("pids");
        let begun = Instant::now();
        let script = format!(
            "trap '' HUP; sleep 60 & echo $! > {}; echo done",
            pids.display()
        );
        let said = scene.exec(json!({"cmd": script, "tty": tty})).await;
        assert!(begun.elapsed() < Duration::from_secs(3));
        assert!(said.answer.ends_with("output:\ndone\n"), "{}", said.answer);
        assert_gone(&pids);
    }
}

#[tokio::test]
async fn there_are_at_most_32_commands_and_ended_ones_make_room() {
    let scene = Scene::new();
    for _ in 0..31 {
        scene
            .exec(json!({"cmd": "exec sleep 60", "yield_time_ms": 1}))
            .await;
    }
    scene
        .exec(json!({"cmd": "sleep 0.5", "yield_time_ms": 250}))
        .await;
    let why = scene.exec(json!({"cmd": "echo no"})).await.answer;
    assert!(
        why.contains("32 others are still running") && why.contains("- session 31: "),
        "{why}"
    );
    tokio::time::sleep(Duration::from_millis(700)).await;
    let said = scene.exec(json!({"cmd": "echo yes"})).await;
    assert!(said.answer.ends_with("yes\n"), "{}", said.answer);
    let unknown = scene.refused("write_stdin", &json!({"session_id": 32}));
    assert!(unknown.contains("there is no session 32"), "{unknown}");
}

#[tokio::test]
async fn whoever_judges_a_call_learns_how_far_it_reaches() {
    let scene = Scene::new();
    let reach = |tool: &str, arguments: Value| {
        let arguments = arguments.to_string();
        scene
            .toolbox
            .prepare(tool, Input::Json(&arguments))
            .unwrap()
            .reach()
    };
    let call = json!({"cmd": "make", "with_escalated_permissions": true, "justification": "why"});
    let Reach::Command {
        command,
        escalation,
        cwd,
    } = reach("exec_command", call)
    else {
        panic!("it runs a command");
    };
    assert_eq!(
        (command.as_slice(), escalation.as_deref()),
        (
            ["bash", "-c", "make"].map(str::to_owned).as_slice(),
            Some("why")
        )
    );
    assert_eq!(cwd, scene.home.path());

    let start = json!({"cmd": "cat", "tty": true, "yield_time_ms": 250}).to_string();
    for permit in [Permit::Confined, Permit::Unconfined] {
        let job = scene
            .toolbox
            .prepare("exec_command", Input::Json(&start))
            .unwrap();
        job.run(permit).await;
    }
    for (id, chars, expected) in [
        (1, "", None),
        (1, "\u{3}", None),
        (1, "rm x\n", Some(false)),
        (2, "\u{4}", None),
        (2, "rm x\n", Some(true)),
    ] {
        let escalates = match reach("write_stdin", json!({"session_id": id, "chars": chars})) {
            Reach::Command {
                escalation,
                command,
                ..
            } => {
                assert_eq!(command[2], "cat\nrm x\n");
                Some(escalation.is_some())
            }
            _ => None,
        };
        assert_eq!(escalates, expected, "{id} {chars:?}");
    }
}

struct Scene {
    home: tempfile::TempDir,
    toolbox: Toolbox,
}

/// What came of a call.
struct Came {
    answer: String,
    shown: ItemDetails,
}

impl Scene {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let toolbox = toolbox(home.path(), SandboxMode::DangerFullAccess);
        Self { home, toolbox }
    }

    async fn exec(&self, arguments: Value) -> Came {
        self.call("exec_command", arguments).await
    }

    async fn write(&self, arguments: Value) -> Came {
        self.call("write_stdin", arguments).await
    }

    async fn call(&self, tool: &str, arguments: Value) -> Came {
        let arguments = arguments.to_string();
        let job = self.toolbox.prepare(tool, Input::Json(&arguments));
        let outcome = job.unwrap().run(Permit::Confined).await;
        let [Said::Text(answer)] = outcome.answer.as_slice() else {
            panic!("not what a command says");
        };
        Came {
            answer: answer.clone(),
            shown: outcome.shown,
        }
    }

    fn refused(&self, tool: &str, arguments: &Value) -> String {
        let arguments = arguments.to_string();
        let job = self.toolbox.prepare(tool, Input::Json(&arguments));
        job.err().unwrap()
    }
}
