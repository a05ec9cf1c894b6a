//! `llmx sandbox -- COMMAND`: the agent's sandbox for any command.

use std::fs;

use serde_json::Value;

use crate::{World, stderr, stdout};

#[test]
fn the_exit_code_passes_through() {
    let world = World::new();
    for code in [0, 7, 200] {
        let words = ["sandbox", "--", "sh", "-c", &format!("exit {code}")];
        let output = world.llmx(&words).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    }
    let output = world.llmx(&["sandbox", "--", "/no/such"]).output().unwrap();
    assert_eq!(output.status.code(), Some(127), "{}", stderr(&output));
}

#[test]
fn a_policy_is_as_wide_as_it_is_asked_for() {
    let world = World::new();
    fs::create_dir(world.path().join("more")).unwrap();
    fs::write(world.path().join("home/auth.json"), "sk-secret").unwrap();
    let script = "touch here; touch ../more/there; cat ../home/auth.json; exit 0";
    for (flags, here, there) in [
        ([].as_slice(), false, false),
        // Below the directory of temporary files, where this test is, all is writable.
        (&["-p", "workspace-write"], true, true),
        (&["-w", "../more"], true, true),
    ] {
        let words = [&["sandbox"], flags, &["--", "sh", "-c", script]].concat();
        let output = world.llmx(&words).output().unwrap();
        assert!(!stdout(&output).contains("sk-secret"));
        for (name, expected) in [("work/here", here), ("more/there", there)] {
            let path = world.path().join(name);
            assert_eq!(path.exists(), expected, "{flags:?} {}", stderr(&output));
            let _absent = fs::remove_file(path);
        }
    }
}

#[test]
fn the_status_names_the_rung() {
    let world = World::new();
    let output = world
        .llmx(&["sandbox", "--status", "--json"])
        .output()
        .unwrap();
    let status: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(status["rung"].is_string(), "{status}");
    let both = world
        .llmx(&["sandbox", "--status", "--", "true"])
        .output()
        .unwrap();
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn a_run_names_the_rung_with_its_first_command() {
    let world = World::new();
    let words = ["exec", "-c", "model_provider=demo", "--json", "go"];
    let output = world.llmx(&words).output().unwrap();
    let mut status = world.llmx(&["sandbox", "--status", "--json"]);
    let status: Value = serde_json::from_str(&stdout(&status.output().unwrap())).unwrap();
    let text = stdout(&output);
    let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let told: Vec<Value> = events
        .filter(|event: &Value| event["type"] == "sandbox.reported")
        .collect();
    let [told] = told.as_slice() else {
        panic!("{text}{}", stderr(&output))
    };
    assert_eq!(told["sandbox"]["rung"], status["rung"]);
    assert_ne!(told["sandbox"]["policy"], "danger-full-access");
    assert_ne!(told["sandbox"]["reason"], "");
}

#[test]
fn inside_a_sandbox_another_one_holds_or_says_why_not() {
    let world = World::new();
    let llmx = env!("CARGO_BIN_EXE_llmx");
    let script = format!("'{llmx}' sandbox -- sh -c 'exit 7'");
    let output = world
        .llmx(&["sandbox", "--", "sh", "-c", &script])
        .output()
        .unwrap();
    match output.status.code() {
        Some(7) => {}
        // Without Landlock there is no rung left in there.
        Some(2) => assert!(stderr(&output).contains("not landlock: asking for Landlock")),
        other => panic!("{other:?}: {}", stderr(&output)),
    }
}
