//! Runs real calls through the toolbox.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report; clippy sees only #[test] functions as tests"
)]

mod exec;
mod files;
mod patch;

use std::path::Path;
use std::time::{Duration, Instant};

use llmx_protocol::{ItemDetails, SandboxMode};
use llmx_tools::{Confinement, Input, Owner, Permit, Said, SandboxSettings, Toolbox};

#[tokio::test]
async fn a_command_answers_with_its_exit_code_and_its_output_in_order() {
    let outcome = bash("echo one; echo two >&2; echo three; exit 3").await;
    assert_eq!(outcome.exit_code, Some(3));
    assert_eq!(outcome.output, "one\ntwo\nthree\n");
    assert!(outcome.answer.starts_with("exit code: 3\nduration: 0."));
    assert!(outcome.answer.ends_with("output:\none\ntwo\nthree\n"));
}

#[tokio::test]
async fn stdin_is_empty_and_the_environment_is_what_was_given() {
    let outcome = bash("cat; env | sort | grep -v -e ^_= -e ^PWD= -e ^SHLVL=").await;
    assert_eq!(outcome.output, format!("PATH={PATH}\n"));
}

#[tokio::test]
async fn the_working_directory_is_that_of_the_session_or_of_the_call() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("sub")).unwrap();
    let toolbox = toolbox(home.path(), SandboxMode::DangerFullAccess);
    for (workdir, expected) in [("", ""), (r#","workdir":"sub""#, "/sub")] {
        let outcome = call(&toolbox, &format!(r#"{{"command":["pwd","-P"]{workdir}}}"#)).await;
        let real = home.path().canonicalize().unwrap();
        assert_eq!(outcome.output, format!("{}{expected}\n", real.display()));
    }
    let outcome = call(&toolbox, r#"{"command":["pwd"],"workdir":"none"}"#).await;
    assert!(outcome.answer.contains("none is not a directory"));
}

#[tokio::test]
async fn a_command_that_is_too_long_is_told_how_to_be_shorter() {
    let script = format!("true {}", "x".repeat(200 << 10));
    let arguments = serde_json::json!({"command": ["sh", "-c", script]});
    let outcome = run(&arguments.to_string()).await;
    assert_eq!(outcome.exit_code, None);
    for words in ["`sh` cannot be started", "apply_patch", "split"] {
        assert!(outcome.answer.contains(words), "{}", outcome.answer);
    }
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_named() {
    let outcome = run(r#"{"command":["no-such-program-here"]}"#).await;
    assert_eq!(outcome.exit_code, None);
    assert!(
        outcome
            .answer
            .contains("`no-such-program-here` cannot be started")
    );
}

#[tokio::test]
async fn the_time_limit_kills_the_whole_tree() {
    let home = tempfile::tempdir().unwrap();
    let pids = home.path().join("pids");
    let script = format!(
        "trap '' TERM; (trap '' TERM; sleep 60) & echo $! $$ > {}; echo begun; wait",
        pids.display()
    );
    let arguments = format!(r#"{{"command":["bash","-c","{script}"],"timeout_ms":1000}}"#);
    let begun = Instant::now();
    let outcome = run(&arguments).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(
        (outcome.exit_code, outcome.output.as_str()),
        (None, "begun\n")
    );
    assert!(
        outcome
            .answer
            .starts_with("killed: it did not end within timeout_ms")
    );
    assert_gone(&pids);
}

#[tokio::test]
async fn dropping_the_run_kills_the_whole_tree() {
    let home = tempfile::tempdir().unwrap();
    let pids = home.path().join("pids");
    let script = format!("sleep 60 & echo $! $$ > {}; wait", pids.display());
    let arguments = format!(r#"{{"command":["bash","-c","{script}"]}}"#);
    let interrupted = tokio::time::timeout(Duration::from_millis(1000), run(&arguments)).await;
    assert!(interrupted.is_err());
    assert_gone(&pids);
}

#[tokio::test]
async fn a_process_left_in_the_background_does_not_delay_the_answer_and_is_killed() {
    let home = tempfile::tempdir().unwrap();
    let pids = home.path().join("pids");
    let begun = Instant::now();
    let outcome = bash(&format!(
        "sleep 60 & echo $! > {}; echo done",
        pids.display()
    ))
    .await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(
        (outcome.exit_code, outcome.output.as_str()),
        (Some(0), "done\n")
    );
    assert_gone(&pids);
}

#[tokio::test]
async fn a_flood_of_output_is_cut_in_the_middle() {
    let outcome = bash("head -c 20000000 /dev/zero | tr '\\0' x; echo end").await;
    assert_eq!(outcome.exit_code, Some(0));
    assert!(outcome.output.len() < 64 << 10);
    assert!(outcome.output.contains(" bytes are left out here]"));
    assert!(outcome.output.ends_with("xend\n"));
}

/// This test is no helper that could hold a command, so no rung of the ladder holds.
#[tokio::test]
async fn where_nothing_can_hold_a_command_none_runs_and_the_reason_is_named() {
    let home = tempfile::tempdir().unwrap();
    for mode in [SandboxMode::ReadOnly, SandboxMode::WorkspaceWrite] {
        let toolbox = toolbox(home.path(), mode);
        let outcome = call(&toolbox, r#"{"command":["touch","trace"]}"#).await;
        assert_eq!(outcome.exit_code, None);
        assert!(
            outcome.answer.starts_with("the command was not run: "),
            "{}",
            outcome.answer
        );
        assert!(!home.path().join("trace").exists());
    }
}

#[test]
fn unknown_tools_and_unreadable_calls_are_refused_in_words() {
    let toolbox = toolbox(Path::new("/"), SandboxMode::DangerFullAccess);
    let unknown = toolbox
        .prepare("no_such_tool", Input::Json("{}"))
        .err()
        .unwrap();
    assert!(
        unknown.starts_with("there is no tool `no_such_tool`; the tools are exec_command, "),
        "{unknown}"
    );
    assert!(!unknown.contains("shell"), "{unknown}");
    let arguments = Input::Json(r#"{"path": "a"}"#);
    assert!(toolbox.prepare("functions.read_file", arguments).is_ok());
    let broken = toolbox.prepare("shell", Input::Json("{")).err().unwrap();
    assert!(broken.starts_with("the call of `shell` cannot be read: "));
}

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

fn toolbox(cwd: &Path, sandbox_mode: SandboxMode) -> Toolbox {
    Toolbox::new(Confinement::new(
        sandbox_mode.into(),
        cwd.to_owned(),
        SandboxSettings::new(Owner::default()),
        vec![("PATH".into(), PATH.into())],
    ))
}

/// What came of a command.
struct Ran {
    answer: String,
    output: String,
    exit_code: Option<i32>,
}

async fn bash(script: &str) -> Ran {
    let toolbox = toolbox(Path::new("/"), SandboxMode::DangerFullAccess);
    ran(&toolbox, Input::Text(script)).await
}

async fn run(arguments: &str) -> Ran {
    call(
        &toolbox(Path::new("/"), SandboxMode::DangerFullAccess),
        arguments,
    )
    .await
}

async fn call(toolbox: &Toolbox, arguments: &str) -> Ran {
    ran(toolbox, Input::Json(arguments)).await
}

async fn ran(toolbox: &Toolbox, input: Input<'_>) -> Ran {
    let job = toolbox.prepare("shell", input).unwrap();
    let outcome = job.run(Permit::Confined).await;
    let (
        [Said::Text(answer)],
        ItemDetails::CommandExecution {
            aggregated_output,
            exit_code,
            ..
        },
    ) = (outcome.answer.as_slice(), outcome.shown)
    else {
        panic!("not what a command says");
    };
    Ran {
        answer: answer.clone(),
        output: aggregated_output,
        exit_code,
    }
}

/// Waits until none of the processes in `pids` is alive; a zombie is not.
fn assert_gone(pids: &Path) {
    let pids = std::fs::read_to_string(pids).unwrap();
    let alive = || {
        pids.split_whitespace().any(|pid| {
            let output = std::process::Command::new("ps")
                .args(["-o", "stat=", "-p", pid])
                .output()
                .unwrap();
            let state = String::from_utf8(output.stdout).unwrap();
            !state.trim().is_empty() && !state.trim().starts_with('Z')
        })
    };
    let begun = Instant::now();
    while alive() {
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "still alive: {pids}"
        );
    }
}
