//! Prompts of the user's own, called by their names.

use std::fs;
use std::process::Output;

use llmx_test_support::{ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::{World, stderr, stdout};

#[test]
fn a_prompt_file_is_called_by_its_name() {
    let world = world();
    let (output, sent) = exec(&world, "/fix the 'login page'");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(sent.unwrap(), "Fix the, namely login page.");
    assert!(
        stderr(&output).contains("prompts/fix.md"),
        "{}",
        stderr(&output)
    );
    for text in ["/etc/hosts is broken", " /fxi it", "/deploy it"] {
        let (output, sent) = exec(&world, text);
        assert_eq!(sent.as_deref(), Some(text), "{}", stderr(&output));
    }
    let (output, _) = exec(&world, "/deploy it");
    assert!(stderr(&output).contains("no prompt file `/deploy`"));
}

#[test]
fn a_slip_in_the_name_is_told_and_nothing_is_sent() {
    let world = world();
    let (output, sent) = exec(&world, "/fxi it");
    assert_eq!((output.status.code(), sent), (Some(2), None));
    assert!(
        stderr(&output).contains("did you mean `/fix`?"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn prompt_files_are_listed() {
    let world = world();
    let output = world.llmx(&["prompts"]).output().unwrap();
    assert_eq!(
        stdout(&output),
        "/fix WHAT HOW                    Mends something\n/plain\n"
    );
    let output = world.llmx(&["prompts", "--json"]).output().unwrap();
    let lines = stdout(&output);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["name"], "fix");
    assert_eq!(first["argument_hint"], "WHAT HOW");
    let output = World::new().llmx(&["prompts"]).output().unwrap();
    assert!(stdout(&output).starts_with("no prompts; write one as "));
}

fn world() -> World {
    let world = World::new();
    let prompts = world.path().join("home/prompts");
    fs::create_dir(&prompts).unwrap();
    let fix =
        "---\ndescription: Mends something\nargument-hint: WHAT HOW\n---\nFix $1, namely $2.\n";
    fs::write(prompts.join("fix.md"), fix).unwrap();
    fs::write(prompts.join("plain.md"), "Plain.").unwrap();
    world
}

/// Runs `text` as a prompt, and returns what the model was sent as the user's last words.
fn exec(world: &World, text: &str) -> (Output, Option<String>) {
    let upstream = ScriptedUpstream::start(|_| {
        let item = json!({ "type": "message", "role": "assistant",
            "content": [{ "type": "output_text", "text": "done" }] });
        let completed = json!({ "type": "response.completed",
            "response": { "id": "r1", "output": [item] } });
        vec![
            Step::sse_head(),
            Step::event(&completed.to_string()),
            Step::last_chunk(),
        ]
    });
    let output = world
        .llmx(&["exec", "-m", "any", text])
        .env("LLMX_API_KEY", "sk-test")
        .env("LLMX_BASE_URL", upstream.url("/v1"))
        .output()
        .unwrap();
    let requests = upstream.requests();
    let sent = requests.first().map(|request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let last = body["input"].as_array().unwrap().last().unwrap().clone();
        let content = &last["content"];
        let text = content.as_str().or(content[0]["text"].as_str());
        text.unwrap().to_owned()
    });
    (output, sent)
}
