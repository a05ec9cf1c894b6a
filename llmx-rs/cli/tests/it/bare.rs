//! The command line itself: `llmx` alone, help, unknown flags.

use crate::{World, stderr, stdout};

#[test]
fn llmx_alone_says_what_to_do_and_exits_with_2() {
    let output = World::new().llmx(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    let stderr = stderr(&output);
    assert!(
        stderr.contains("error: `llmx` alone will open the terminal interface"),
        "{stderr}"
    );
    for command in ["exec", "responses-api-proxy", "demo"] {
        assert!(stderr.contains(command), "{stderr}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let output = World::new().llmx(&["--help"]).output().unwrap();
    assert!(output.status.success() && stdout(&output).contains("llmx demo"));
    let output = World::new().llmx(&["--version"]).output().unwrap();
    assert!(output.status.success() && stdout(&output).starts_with("llmx "));
}

#[test]
fn an_unknown_flag_is_a_usage_error() {
    let output = World::new().llmx(&["exec", "--jsn", "x"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--json"), "{}", stderr(&output));
}

#[test]
fn the_proxy_is_a_command_of_llmx_and_refuses_an_empty_key() {
    let output = World::new()
        .llmx(&["responses-api-proxy"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("error: "), "{}", stderr(&output));
}
