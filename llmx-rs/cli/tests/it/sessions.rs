//! Recorded conversations: what was shown is on disk, and can be gone on with.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use llmx_test_support::{Message, Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::conversation::body;
use crate::{World, stderr, stdout};

#[test]
fn a_session_is_resumed_forked_listed_shown_exported_and_deleted() {
    let upstream = ScriptedUpstream::start(echo);
    let world = World::new();
    let exec = |args: &[&str]| {
        let output = exec(&world, &upstream, args).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output).trim().to_owned()
    };
    assert_eq!(exec(&["first"]), "heard: first");
    let list = stdout(
        &world
            .llmx(&["sessions", "list", "--json"])
            .output()
            .unwrap(),
    );
    let session: Value = serde_json::from_str(list.trim()).unwrap();
    assert_eq!(session["prompt"], "first");
    let id = session["id"].as_str().unwrap();

    assert_eq!(exec(&["resume", id, "second"]), "heard: first, second");
    assert_eq!(
        exec(&["fork", &id[..13], "other"]),
        "heard: first, second, other"
    );
    // The fork was used last; the session itself does not know of it.
    assert_eq!(
        exec(&["resume", id, "third"]),
        "heard: first, second, third"
    );
    assert_eq!(
        exec(&["resume", "--last", "fourth"]),
        "heard: first, second, third, fourth"
    );
    let threads: Vec<_> = upstream
        .requests()
        .iter()
        .map(|request| body(request)["prompt_cache_key"].clone())
        .collect();
    assert_eq!(threads.iter().filter(|thread| *thread == id).count(), 4);

    let run = |args: &[&str]| stdout(&world.llmx(args).output().unwrap());
    assert_eq!(run(&["sessions", "list"]).lines().count(), 2);
    let shown = run(&["sessions", "show", id]);
    assert!(
        shown.contains("\n> third\n\nheard: first, second, third\n"),
        "{shown}"
    );
    assert!(!shown.contains("environment_context"), "{shown}");
    let exported = run(&["sessions", "export", id]);
    assert!(exported.contains("## User\n\nthird\n"), "{exported}");
    let lines = run(&["sessions", "export", "--jsonl", id]);
    assert!(
        lines
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
    assert!(run(&["sessions", "delete", id]).starts_with("deleted "));
    assert_eq!(run(&["sessions", "list"]).lines().count(), 1);
}

#[test]
fn an_unknown_session_is_an_error_that_names_it() {
    let world = World::new();
    for args in [
        &["exec", "resume", "0199-none", "go", "-m", "m"][..],
        &["exec", "fork", "0199-none", "go", "-m", "m"],
        &["sessions", "show", "0199-none"],
        &["sessions", "delete", "0199-none"],
    ] {
        let output = world.llmx(args).env("LLMX_API_KEY", "k").output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains("there is no session `0199-none`"),
            "{}",
            stderr(&output)
        );
    }
    let output = world
        .llmx(&["exec", "resume", "--last", "--json", "go"])
        .args(MODEL)
        .env("LLMX_API_KEY", "k")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stdout(&output).contains("no session was begun in"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_session_with_a_damaged_first_line_goes_on_under_the_name_of_its_file() {
    let upstream = ScriptedUpstream::start(echo);
    let world = World::new();
    let run = |args: &[&str]| exec(&world, &upstream, args).output().unwrap();
    assert_eq!(stdout(&run(&["first"])).trim(), "heard: first");
    let list = world.llmx(&["sessions", "list", "--json"]).output();
    let session: Value = serde_json::from_str(&stdout(&list.unwrap())).unwrap();
    let id = session["id"].as_str().unwrap();
    let path = file(&world, id);
    let mut bytes = fs::read(&path).unwrap();
    bytes[..9].fill(0);
    fs::write(&path, bytes).unwrap();

    for words in [["resume", id, "second"], ["resume", "--last", "third"]] {
        let output = run(&words);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).contains("the first line of the session file is damaged"));
    }
    let sent = body(upstream.requests().last().unwrap());
    assert_eq!(sent["prompt_cache_key"], id);
    let last = world.llmx(&["sessions", "show", id]).output().unwrap();
    assert!(stdout(&last).contains("heard: first, second, third\n"));
}

#[test]
fn another_provider_goes_on_without_what_it_cannot_read() {
    let upstream = ScriptedUpstream::start(echo);
    let world = World::new();
    let first = exec(&world, &upstream, &["think"]).output().unwrap();
    assert!(first.status.success(), "{}", stderr(&first));
    let other = format!(
        "model_providers.other={{ base_url = '{}', wire_api = 'responses' }}",
        upstream.url("/v1")
    );
    let output = world
        .llmx(&["exec", "resume", "--last", "again", "-c", &other])
        .args(["-c", "model_provider=other", "-m", "m2"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("1 thought(s) of another model or provider"),
        "{}",
        stderr(&output)
    );
    let sent = body(upstream.requests().last().unwrap())["input"].clone();
    assert!(!sent.to_string().contains("sealed"), "{sent}");
    assert!(sent.to_string().contains("heard: think"), "{sent}");
}

#[test]
fn another_model_of_the_same_provider_goes_on_without_what_it_cannot_read() {
    let upstream = ScriptedUpstream::start(echo);
    let world = World::new();
    let first = exec(&world, &upstream, &["think"]).output().unwrap();
    assert!(first.status.success(), "{}", stderr(&first));
    for (model, is_sent) in [("m2", false), ("m", true)] {
        let output = world
            .llmx(&["exec", "resume", "--last", "again", "-m", model])
            .env("LLMX_BASE_URL", upstream.url("/v1"))
            .env("LLMX_API_KEY", "sk-canary")
            .output()
            .unwrap();
        // Each of the two cannot read what the other one thought.
        let said = stderr(&output);
        assert!(said.contains("1 thought(s) of another model"), "{said}");
        let sent = body(upstream.requests().last().unwrap())["input"].clone();
        assert_eq!(sent.to_string().contains("sealed"), is_sent, "{sent}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn directories_whose_names_are_no_text_are_worked_in_and_found_again() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let upstream = ScriptedUpstream::start(echo);
    let world = World::new();
    let [work, other] = [&b"w\xff"[..], b"o\xfe"]
        .map(|name| world.path().join("work").join(OsStr::from_bytes(name)));
    for directory in [&work, &other] {
        fs::create_dir(directory).unwrap();
    }
    for args in [&["first"][..], &["resume", "--last", "second"]] {
        let output = exec(&world, &upstream, args)
            .args(["-s", "workspace-write", "--add-dir"])
            .arg(&other)
            .current_dir(&work)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let sent = body(upstream.requests().last().unwrap())["input"].clone();
    assert!(sent.to_string().contains("heard: first"), "{sent}");
}

#[test]
fn the_cause_of_a_session_that_cannot_be_opened_is_said_once() {
    let upstream = ScriptedUpstream::start(echo);
    let world = World::new();
    let first = exec(&world, &upstream, &["think"]).output().unwrap();
    assert!(first.status.success(), "{}", stderr(&first));
    let listed = world
        .llmx(&["sessions", "list", "--json"])
        .output()
        .unwrap();
    let session: Value = serde_json::from_str(stdout(&listed).lines().next().unwrap()).unwrap();
    let file = fs::File::open(session["path"].as_str().unwrap()).unwrap();
    file.lock().unwrap();
    let output = exec(&world, &upstream, &["resume", "--last", "again"])
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(said.matches("open in another llmx").count(), 1, "{said}");
}

/// Whatever a frontend was shown before a kill is on disk, and the session can be gone on with.
#[test]
#[cfg(unix)]
fn a_kill_at_any_moment_loses_nothing_that_was_shown() {
    let upstream = ScriptedUpstream::start(tools_then_echo);
    let world = World::new();
    let mut cut_short = 0;
    for round in 0_u64..100 {
        let mut child = exec(
            &world,
            &upstream,
            &["--json", "-s", "danger-full-access", "count"],
        )
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // From the first event on, at most as long as a whole run takes.
        let patience = Duration::from_micros(round * 150);
        let mut begun = None;
        let mut shown = Vec::new();
        for line in lines {
            let event: Value = match serde_json::from_str(&line.unwrap()) {
                Ok(event) => event,
                Err(_cut) => break,
            };
            shown.push(event);
            if begun.get_or_insert_with(Instant::now).elapsed() >= patience {
                child.kill().unwrap();
            }
        }
        let _status = child.wait().unwrap();
        let id = shown[0]["thread_id"].as_str().unwrap().to_owned();
        let recorded = recorded(&world, &id);
        for event in &shown {
            let item = &event["item"];
            if event["type"] != "item.completed" {
                continue;
            }
            let held = match item["type"].as_str().unwrap() {
                "agent_message" => item["text"].as_str().unwrap(),
                "command_execution" => item["aggregated_output"].as_str().unwrap().trim(),
                other => panic!("{other}"),
            };
            assert!(recorded.contains(held), "shown and not recorded: {event}");
        }
        cut_short += usize::from(shown.last().unwrap()["type"] != "turn.completed");
        if round % 10 == 0 {
            let output = exec(&world, &upstream, &["resume", &id, "go on"])
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
            let sent = body(upstream.requests().last().unwrap())["input"].clone();
            assert_paired(&sent);
        }
    }
    assert!(
        cut_short > 20,
        "only {cut_short} of 100 runs were cut short"
    );
}

/// Every call has one answer, after it.
fn assert_paired(input: &Value) {
    let mut open = Vec::new();
    for item in input.as_array().unwrap() {
        match item["type"].as_str().unwrap() {
            "function_call" => open.push(item["call_id"].clone()),
            "function_call_output" => {
                let at = open.iter().position(|id| *id == item["call_id"]).unwrap();
                open.remove(at);
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{input}");
}

fn recorded(world: &World, id: &str) -> String {
    fs::read_to_string(file(world, id)).unwrap()
}

fn file(world: &World, id: &str) -> PathBuf {
    let mut open = vec![world.path().join("home/sessions")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_str().unwrap().contains(id) {
                return path;
            }
        }
    }
    panic!("{id} has no file")
}

const MODEL: [&str; 2] = ["-m", "m"];

fn exec(world: &World, upstream: &ScriptedUpstream, args: &[&str]) -> std::process::Command {
    let mut command = world.llmx(&["exec"]);
    command
        .args(args)
        .args(MODEL)
        .env("LLMX_BASE_URL", upstream.url("/v1"))
        .env("LLMX_API_KEY", "sk-canary");
    command
}

/// Repeats every prompt of the conversation.
fn echo(request: &Message) -> Reply {
    let prompts = body(request)["input"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["role"] == "user")
        .map(|item| item["content"][0]["text"].as_str().unwrap().to_owned())
        .filter(|text| !text.starts_with('<'))
        .collect::<Vec<_>>()
        .join(", ");
    let thought =
        json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"});
    answer(&[thought, message(&format!("heard: {prompts}"))])
}

/// Calls three commands one after the other, and then answers.
fn tools_then_echo(request: &Message) -> Reply {
    let input = body(request)["input"].clone();
    let items = input.as_array().unwrap();
    let last = items
        .iter()
        .rposition(|item| item["role"] == "user")
        .unwrap();
    let done = items[last..]
        .iter()
        .filter(|item| item["type"] == "function_call_output")
        .count();
    if done == 3 {
        return echo(request);
    }
    let arguments = json!({"command": ["echo", format!("step {done}")]}).to_string();
    let call = json!({"type": "function_call", "call_id": format!("c{}", items.len()), "name": "shell",
        "arguments": arguments});
    answer(&[message(&format!("now {done}")), call])
}

fn message(text: &str) -> Value {
    let part = json!({"type": "output_text", "text": text});
    json!({"type": "message", "id": "msg_1", "role": "assistant", "content": [part]})
}

fn answer(items: &[Value]) -> Reply {
    let usage = json!({"input_tokens": 10, "output_tokens": 3, "total_tokens": 13});
    let response = json!({"id": "r", "status": "completed", "output": items, "usage": usage});
    let mut reply = vec![Step::sse_head()];
    let done = |item: &Value| json!({"type": "response.output_item.done", "output_index": 0, "item": item});
    reply.extend(
        items
            .iter()
            .map(|item| Step::event(&done(item).to_string())),
    );
    let completed = json!({"type": "response.completed", "response": response});
    reply.push(Step::event(&completed.to_string()));
    reply.push(Step::last_chunk());
    reply
}
