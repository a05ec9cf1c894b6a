//! `llmx sandbox -- COMMAND`: the agent's sandbox for any command.

use std::fs;

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
    let status: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(status["rung"].is_string(), "{status}");
    let both = world
        .llmx(&["sandbox", "--status", "--", "true"])
        .output()
        .unwrap();
    assert_eq!(both.status.code(), Some(2));
}
