//! Commands that go on in the background of a conversation, in the sandbox.

use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{fs, thread};

use llmx_test_support::ScriptedUpstream;
use serde_json::{Value, json};

use crate::conversation::{answers, calling, script};
use crate::{World, stderr};

#[test]
fn a_shell_in_the_sandbox_can_be_typed_into() {
    let said = converse(&[
        (
            "exec_command",
            json!({"cmd": "bash --norc -i", "tty": true, "yield_time_ms": 1500}),
        ),
        (
            "write_stdin",
            json!({"session_id": 1,
            "chars": "echo in $LLMX_SANDBOX; stty size; touch /etc/llmx-test\n"}),
        ),
        (
            "write_stdin",
            json!({"session_id": 1, "chars": "sleep 60\n", "yield_time_ms": 500}),
        ),
        (
            "write_stdin",
            json!({"session_id": 1, "chars": "\u{3}echo b$((1))ck\n"}),
        ),
        ("write_stdin", json!({"session_id": 1, "chars": "exit 3\n"})),
        ("write_stdin", json!({"session_id": 1})),
    ]);
    assert!(
        said[0].starts_with("still running, as session 1\n"),
        "{}",
        said[0]
    );
    assert!(!said[0].contains("no job control"), "{}", said[0]);
    for part in ["in namespaces\n", "in bubblewrap\n", "in landlock\n"] {
        if said[1].contains(part) {
            assert!(said[1].contains("24 80\n"), "{}", said[1]);
            assert!(
                said[1].contains("cannot touch '/etc/llmx-test'"),
                "{}",
                said[1]
            );
            assert!(said[3].contains("b1ck\n"), "{}", said[3]);
            assert!(said[4].starts_with("exit code: 3\n"), "{}", said[4]);
            assert!(said[5].contains("there is no session 1"), "{}", said[5]);
            return;
        }
    }
    panic!("not in a sandbox: {}", said[1]);
}

#[test]
fn a_command_in_the_background_is_polled_while_others_run() {
    let said = converse(&[
        (
            "exec_command",
            json!({"cmd": "for i in 1 2 3; do echo tick $i; sleep 0.5; done; exit 4",
            "yield_time_ms": 250}),
        ),
        ("exec_command", json!({"cmd": "echo meanwhile"})),
        ("write_stdin", json!({"session_id": 1})),
    ]);
    assert!(said[0].ends_with("output:\ntick 1\n"), "{}", said[0]);
    assert!(said[1].ends_with("output:\nmeanwhile\n"), "{}", said[1]);
    assert!(said[2].starts_with("exit code: 4\n"), "{}", said[2]);
    assert!(
        said[2].ends_with("output:\ntick 2\ntick 3\n"),
        "{}",
        said[2]
    );
}

#[test]
fn nothing_outlives_the_conversation() {
    // Seconds that no other process sleeps for, by which these are found.
    let mark = format!("47{}.25", std::process::id());
    let script =
        format!("trap '' TERM HUP INT; setsid sh -c 'trap \"\" TERM; sleep {mark}' & sleep {mark}");
    for tty in [false, true] {
        let said = converse(&[
            (
                "exec_command",
                json!({"cmd": script, "tty": tty, "yield_time_ms": 700}),
            ),
            (
                "exec_command",
                json!({"cmd": format!("pgrep -f {mark} | wc -l; echo looked")}),
            ),
        ]);
        assert!(
            said[0].starts_with("still running, as session 1\n"),
            "{}",
            said[0]
        );
        assert!(said[1].contains("looked"), "{}", said[1]);
        until("nothing is left", || count(&mark) == 0);
    }
}

#[test]
fn what_nothing_holds_ends_when_llmx_is_killed() {
    let mark = format!("48{}.25", std::process::id());
    let stubborn = format!("trap '' TERM HUP INT; sleep {mark} | cat; sleep {mark}");
    let calls = script(&[
        (
            "exec_command",
            json!({"cmd": stubborn, "yield_time_ms": 250}),
        ),
        (
            "exec_command",
            json!({"cmd": stubborn, "tty": true, "yield_time_ms": 250}),
        ),
        ("shell", json!({"command": ["sh", "-c", stubborn]})),
    ]);
    let upstream = ScriptedUpstream::start(move |request| calling(request, &calls));
    let world = World::new();
    let mut llmx = world
        .llmx(&["exec", "-m", "any", "-s", "danger-full-access", "go"])
        .env("LLMX_API_KEY", "sk-test")
        .env("LLMX_BASE_URL", upstream.url("/v1"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Each is a shell, a sleep in a pipe, and `cat`, which has no mark.
    until("there are six", || count(&mark) == 6);
    llmx.kill().unwrap();
    llmx.wait().unwrap();
    until("nothing is left", || count(&mark) == 0);
}

/// Has `llmx exec` make these calls one after the other, and returns what each was answered.
fn converse(calls: &[(&str, Value)]) -> Vec<String> {
    let script = script(calls);
    let upstream = ScriptedUpstream::start(move |request| calling(request, &script));
    let world = World::new();
    let output = world
        .llmx(&["exec", "-m", "any", "-s", "workspace-write", "go"])
        .env("LLMX_API_KEY", "sk-test")
        .env("LLMX_BASE_URL", upstream.url("/v1"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let requests = upstream.requests();
    let said = answers(requests.last().unwrap());
    said.iter()
        .map(|output| output.as_str().unwrap().to_owned())
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "the test thread may sleep")]
fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(20), "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Returns how many processes have `mark` in their command lines; a zombie has none.
fn count(mark: &str) -> usize {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(Result::ok)
        .filter(|entry| {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(mark)
        })
        .count()
}
