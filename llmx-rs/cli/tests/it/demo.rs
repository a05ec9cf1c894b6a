//! `llmx demo`: every claim holds, in time, and nothing is left behind.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::{World, stderr, stdout};

#[test]
fn the_demonstration_holds_what_it_claims() {
    let world = World::new();
    let temp = world.path().join("tmp");
    std::fs::create_dir(&temp).unwrap();
    let begun = Instant::now();
    let output = world.llmx(&["demo"]).env("TMPDIR", &temp).output().unwrap();
    let took = begun.elapsed();
    let story = stdout(&output);
    assert!(output.status.success(), "{story}\n{}", stderr(&output));
    for claim in [
        "the provider got 3 requests from the proxy, 3 of them with the key",
        "the agent wrote fibonacci.sh",
        "the agent ran fibonacci.sh and reported what it printed",
        "the proxy ended when asked over HTTP, with exit code 0",
        "nothing is left behind",
    ] {
        assert!(story.contains(&format!("✓ {claim}")), "{claim}\n{story}");
    }
    #[cfg(target_os = "linux")]
    for place in ["environment (", "command line (", "memory ("] {
        assert!(
            story.contains(&format!("✓ the agent's {place}")),
            "{place}\n{story}"
        );
    }
    assert!(!story.contains('✗'), "{story}");
    assert!(
        story.contains("| Fibonacci: 0 1 1 2 3 5 8 13 21 34"),
        "{story}"
    );
    assert_eq!(
        std::fs::read_dir(&temp).unwrap().count(),
        0,
        "files were left behind"
    );
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// The key that the demonstration makes up never shows in what it prints.
#[test]
fn the_throw_away_key_is_not_printed() {
    let output = World::new().llmx(&["demo"]).output().unwrap();
    for text in [stdout(&output), stderr(&output)] {
        assert!(!text.contains("demo-key-"), "{text}");
    }
}

#[test]
fn a_reader_that_leaves_early_makes_no_panic() {
    let world = World::new();
    let mut command = world.llmx(&["demo"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_nothing_behind() {
    use std::io::{BufRead, BufReader};

    let world = World::new();
    let temp = world.path().join("tmp");
    std::fs::create_dir(&temp).unwrap();
    let mut command = world.llmx(&["demo"]);
    let mut child = command
        .env("TMPDIR", &temp)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let story = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut story = story
        .map_while(Result::ok)
        .skip_while(|line| !line.starts_with("3. Agent"));
    assert!(story.next().is_some());
    assert!(
        std::fs::read_dir(&temp).unwrap().count() > 0,
        "the agent has no place to work in"
    );
    let kill = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(kill.success());
    let _rest: Vec<_> = story.collect();
    // On a busy machine the demonstration may be over before the signal comes.
    let code = child.wait().unwrap().code();
    assert!(matches!(code, Some(0 | 143)), "{code:?}");
    assert_eq!(
        std::fs::read_dir(&temp).unwrap().count(),
        0,
        "files were left behind"
    );
}
