//! `llmx exec`: the command line and the configuration meet the agent.

use std::fs;
use std::process::Stdio;

use llmx_test_support::{Reply, ScriptedUpstream, Step};
use serde_json::{Value, json};

use crate::{World, stderr, stdout};

const OUTPUT: &str = "Fibonacci: 0 1 1 2 3 5 8 13 21 34";

#[test]
fn the_demo_provider_needs_no_key_and_does_real_work() {
    let world = World::new();
    let output = world
        .llmx(&[
            "exec",
            "-c",
            "model_provider=demo",
            "-s",
            "danger-full-access",
            "go",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains(OUTPUT), "{}", stdout(&output));
    assert!(world.path().join("work/fibonacci.sh").is_file());
}

#[test]
#[cfg(target_os = "linux")]
fn commands_reach_as_far_as_the_sandbox_lets_them() {
    for (mode, may_write) in [(&[][..], false), (&["-s", "workspace-write"], true)] {
        let world = World::new();
        let output = world
            .llmx(&["e", "-c", "model_provider=demo", "go"])
            .args(mode)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let answer = stdout(&output);
        let expected = if may_write {
            OUTPUT
        } else {
            "Read-only file system"
        };
        assert!(answer.contains(expected), "{answer}");
        assert_eq!(world.path().join("work/fibonacci.sh").exists(), may_write);
    }
}

#[test]
fn a_turn_ends_at_its_limits_with_exit_codes_of_their_own() {
    let world = World::new();
    let run = |args: &[&str]| {
        let demo = ["exec", "-c", "model_provider=demo", "--json", "go"];
        world.llmx(&demo).args(args).output().unwrap()
    };
    for (args, code, word) in [
        (["--max-turns", "1"], 4, "max_turns"),
        (["--timeout", "0.001"], 6, "timeout"),
    ] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        let last: Value = serde_json::from_str(stdout(&output).lines().last().unwrap()).unwrap();
        assert_eq!(last["error"]["code"], word, "{last}");
    }
    assert_eq!(run(&["--timeout", "-1"]).status.code(), Some(2));
}

#[test]
fn pictures_go_with_the_prompt_and_a_missing_one_stops_before_anything_is_sent() {
    let upstream = ScriptedUpstream::start(|_| says("a cat"));
    let world = World::new();
    fs::write(world.path().join("work/cat.png"), b"\x89PNG\r\n").unwrap();
    let run = |image: &str| {
        world
            .llmx(&["exec", "-m", "m", "-i", image, "what is this?"])
            .env("LLMX_BASE_URL", upstream.url("/v1"))
            .env("LLMX_API_KEY", "k")
            .output()
            .unwrap()
    };
    let output = run("none.png");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("none.png cannot be read"),
        "{}",
        stderr(&output)
    );
    assert!(upstream.requests().is_empty());
    let output = run("cat.png");
    assert_eq!(stdout(&output).trim(), "a cat", "{}", stderr(&output));
    let body: Value = serde_json::from_slice(&upstream.requests()[0].body).unwrap();
    let content = body["input"].as_array().unwrap().last().unwrap()["content"].clone();
    assert_eq!(content[0]["image_url"], "data:image/png;base64,iVBORw0K");
    assert_eq!(content[1]["text"], "what is this?");
}

#[test]
fn answers_are_shown_while_they_grow_on_request() {
    let world = World::new();
    let output = world
        .llmx(&[
            "exec",
            "-c",
            "model_provider=demo",
            "--json",
            "--json-deltas",
            "go",
        ])
        .output()
        .unwrap();
    let events: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let previewed: String = events
        .iter()
        .filter(|event| event["type"] == "answer.delta")
        .map(|event| event["delta"].as_str().unwrap())
        .collect();
    let said: String = events
        .iter()
        .filter(|event| event["item"]["type"] == "agent_message")
        .map(|event| event["item"]["text"].as_str().unwrap())
        .collect();
    assert!(!said.is_empty());
    assert_eq!(previewed, said);
}

#[test]
fn every_line_of_json_is_an_event_and_the_answer_goes_to_its_file() {
    let world = World::new();
    let output = world
        .llmx(&[
            "exec",
            "--json",
            "-c",
            "model_provider=demo",
            "-s",
            "danger-full-access",
        ])
        .args(["-o", "answer.txt", "go"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let events: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<_> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.first(), Some(&"thread.started"));
    assert_eq!(kinds.last(), Some(&"turn.completed"));
    let answer = fs::read_to_string(world.path().join("work/answer.txt")).unwrap();
    assert!(answer.contains(OUTPUT), "{answer}");
}

#[test]
fn the_directory_of_the_agent_is_the_one_asked_for() {
    let world = World::new();
    fs::create_dir(world.path().join("work/sub")).unwrap();
    let output = world
        .llmx(&[
            "exec",
            "-c",
            "model_provider=demo",
            "-s",
            "danger-full-access",
            "-C",
            "sub",
            "go",
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(world.path().join("work/sub/fibonacci.sh").is_file());
}

#[test]
fn faults_of_the_configuration_end_it_with_2_before_anything_is_sent() {
    let world = World::new();
    let config = world.path().join("home/config.toml");
    fs::write(&config, "model = 'm'\nsandbox_mode = 'open'\n").unwrap();
    for (args, words) in [
        (
            &["exec", "go"][..],
            vec![format!("error: {}:2:16: `sandbox_mode`", config.display())],
        ),
        (
            &["exec", "-c", "x", "go"],
            vec!["error: -c: `-c` takes `key=value`".to_owned()],
        ),
    ] {
        let output = world.llmx(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        for word in words {
            assert!(stderr(&output).contains(&word), "{}", stderr(&output));
        }
    }
    fs::remove_file(config).unwrap();
    for (args, word) in [
        (&["exec", "go"][..], "no model is set"),
        (&["exec", "go"], "export LLMX_API_KEY=KEY"),
        (
            &["exec", "-c", "model_provider=demo", "-C", "nowhere", "go"],
            "work/nowhere is not a directory",
        ),
        (&["exec", "-s", "open", "go"], "workspace-write"),
    ] {
        let output = world.llmx(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            stderr(&output).contains(word),
            "{args:?}\n{}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn what_the_provider_says_reaches_the_user_with_exit_code_1() {
    let world = World::new();
    let body = r#"{"error":{"message":"no such model: zzz","code":"model_not_found"}}"#;
    let upstream = ScriptedUpstream::with_replies(vec![vec![Step::json(404, body)]]);
    let provider = format!("model_providers.p.base_url={}", upstream.url("/v1"));
    let output = world
        .llmx(&[
            "exec",
            "-c",
            &provider,
            "-c",
            "model_provider=p",
            "-m",
            "zzz",
            "go",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no such model: zzz"),
        "{}",
        stderr(&output)
    );
    let request = &upstream.requests()[0];
    assert_eq!(request.target(), "/v1/responses");
    assert_eq!(request.header("authorization"), None);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["model"], "zzz");
}

#[test]
fn key_headers_and_query_of_the_configuration_travel_with_the_request() {
    let world = World::new();
    let upstream = ScriptedUpstream::with_replies(vec![vec![Step::json(400, "{}")]]);
    let config = format!(
        "model = 'm'\nmodel_provider = 'p'\n[model_providers.p]\nbase_url = '{}'\nenv_key = 'MY_KEY'\n\
         query_params = {{ api-version = '1' }}\nhttp_headers = {{ X-Fixed = 'f' }}\n\
         env_http_headers = {{ X-Env = 'MY_ORG' }}\n",
        upstream.url("/v1/")
    );
    fs::write(world.path().join("home/config.toml"), config).unwrap();
    let output = world
        .llmx(&["exec", "go"])
        .env("MY_KEY", "sk-canary-3b")
        .env("MY_ORG", "org-1")
        .output()
        .unwrap();
    assert!(
        !stderr(&output).contains("sk-canary-3b"),
        "{}",
        stderr(&output)
    );
    let request = &upstream.requests()[0];
    assert_eq!(request.target(), "/v1/responses?api-version=1");
    assert_eq!(request.header("authorization"), Some("Bearer sk-canary-3b"));
    assert_eq!(request.header("x-fixed"), Some("f"));
    assert_eq!(request.header("x-env"), Some("org-1"));
}

#[test]
fn a_program_that_reads_events_learns_why_there_are_none() {
    let world = World::new();
    let output = world
        .llmx(&["exec", "--json", "-c", "model_provider=nope", "go"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let event: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(event["type"], "error");
    assert!(
        event["message"]
            .as_str()
            .unwrap()
            .contains("no model provider `nope`"),
        "{event}"
    );
}

#[test]
fn the_rules_say_what_becomes_of_a_command() {
    let world = World::new();
    let rules = "[[rule]]\nprefix = ['cargo', 'publish']\ndecision = 'deny'\nreason = 'CI does'\n";
    fs::write(world.path().join("home/rules.toml"), rules).unwrap();
    let check = |command: &[&str]| -> Value {
        let output = world
            .llmx(&["execpolicy", "check", "--"])
            .args(command)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    };
    let refused = check(&["cargo", "publish", "--dry-run"]);
    assert_eq!(refused["decision"], "refuse");
    assert!(refused["reason"].as_str().unwrap().contains("CI does"));
    let rule = json!({"prefix": ["cargo", "publish"], "decision": "deny", "reason": "CI does"});
    assert_eq!(refused["rule"], rule);
    let asked = check(&["bash", "-lc", "ls && rm -rf x"]);
    assert_eq!(
        (&asked["decision"], &asked["class"]),
        (&"ask".into(), &"dangerous".into())
    );
    assert_eq!(check(&["ls"])["class"], "safe");
}

#[test]
fn rules_that_cannot_be_used_are_told_once_and_start_nothing() {
    let world = World::new();
    fs::write(world.path().join("home/rules.toml"), "[[rule]]\nprefx = []").unwrap();
    let refused = |words: &[&str]| {
        let output = world.llmx(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let said = stderr(&output);
        assert_eq!(said.matches("TOML parse error").count(), 1, "{said}");
        assert!(said.contains("rules.toml"), "{said}");
    };
    refused(&["exec", "-c", "model_provider=demo", "go"]);
    refused(&["execpolicy", "check", "--", "ls"]);
    let none = ["execpolicy", "check", "--rules", "none.toml", "--", "ls"];
    let output = world.llmx(&none).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("none.toml does not exist"));
}

#[test]
fn a_decision_about_translations_that_is_none_is_a_fault_of_the_configuration() {
    let world = World::new();
    let provider =
        "model_providers.p={base_url='http://127.0.0.1:9/v1',wire_api='chat',bridge={maybe=1}}";
    let words = [
        "exec",
        "-c",
        provider,
        "-c",
        "model_provider=p",
        "-m",
        "m",
        "go",
    ];
    let output = world.llmx(&words).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(
        stderr(&output).matches("maybe").count(),
        1,
        "{}",
        stderr(&output)
    );
}

#[test]
fn that_nobody_reads_an_error_changes_no_exit_code() {
    let world = World::new();
    for (words, expected) in [
        (&["exec", "-c", "model_provider=nope", "go"][..], 2),
        (&["sessions", "show", "none"], 2),
        (&["responses-api-proxy"], 1),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = world.llmx(words);
        let status = command.stdin(Stdio::null()).stderr(writer).status();
        assert_eq!(status.unwrap().code(), Some(expected), "{words:?}");
    }
}

#[test]
fn the_scripted_model_is_not_looked_for_in_the_network() {
    let world = World::new();
    let words = ["models", "-c", "model_provider=demo"];
    let output = world.llmx(&words).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`demo`"), "{}", stderr(&output));
}

#[test]
fn an_ephemeral_session_leaves_no_file() {
    let world = World::new();
    let output = world
        .llmx(&[
            "exec",
            "-c",
            "model_provider=demo",
            "--ephemeral",
            "--skip-git-repo-check",
            "go",
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!world.path().join("home/sessions").exists());
}

#[test]
fn the_schema_names_every_event_and_item_that_is_printed() {
    let world = World::new();
    let output = world.llmx(&["exec", "--print-schema"]).output().unwrap();
    let schema: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(schema["$id"], "urn:llmx:exec-events:1");
    let text = schema.to_string();
    let output = world
        .llmx(&[
            "exec",
            "-c",
            "model_provider=demo",
            "--json",
            "--json-deltas",
            "go",
        ])
        .output()
        .unwrap();
    for line in stdout(&output).lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        for kind in [&event["type"], &event["item"]["type"]] {
            if let Some(kind) = kind.as_str() {
                assert!(text.contains(&format!("\"const\":\"{kind}\"")), "{kind}");
            }
        }
    }
}

#[test]
fn a_review_asks_for_the_changes_and_changes_nothing() {
    let upstream = ScriptedUpstream::start(|_| says("fine"));
    let world = World::new();
    init_repository(&world);
    let output = world
        .llmx(&[
            "exec",
            "review",
            "--base",
            "main",
            "mind the locks",
            "-m",
            "m",
            "-s",
            "workspace-write",
        ])
        .env("LLMX_BASE_URL", upstream.url("/v1"))
        .env("LLMX_API_KEY", "k")
        .output()
        .unwrap();
    assert_eq!(stdout(&output).trim(), "fine", "{}", stderr(&output));
    let request = String::from_utf8(upstream.requests()[0].body.clone()).unwrap();
    for words in ["git diff main...HEAD", "mind the locks", "write none"] {
        assert!(request.contains(words), "{words}");
    }
}

#[test]
fn a_review_of_nothing_is_refused_before_a_model_is_asked() {
    let world = World::new();
    let review = |words: &[&str]| {
        let output = world
            .llmx(&["exec", "-c", "model_provider=demo", "--json", "review"])
            .args(words)
            // A repository around the directory of the tests is not meant.
            .env("GIT_CEILING_DIRECTORIES", world.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let event: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(event["type"], "error");
        stderr(&output)
    };
    assert!(review(&[]).contains("is in no git repository"));
    init_repository(&world);
    for words in [["--base", "nowhere"], ["--commit", "0123abc"]] {
        let said = review(&words);
        assert!(said.contains("git knows no commit"), "{said}");
        assert!(
            said.contains(words[1]) && said.contains("git fetch"),
            "{said}"
        );
    }
    assert!(review(&["--base=--all"]).contains("git knows no commit `--all`"));
}

/// Makes the workspace a repository with one commit on `main`.
fn init_repository(world: &World) {
    let commit = "commit -q --allow-empty -m first";
    for line in ["init -q -b main", commit] {
        let status = std::process::Command::new("git")
            .args(["-c", "user.name=T", "-c", "user.email=t@example.invalid"])
            .args(line.split(' '))
            .current_dir(world.path().join("work"))
            .status();
        assert!(status.unwrap().success(), "git {line}");
    }
}

#[test]
fn the_models_of_a_provider_are_listed_with_what_it_tells_of_them() {
    let upstream = ScriptedUpstream::start_with_facts(|request| match request.target() {
        "/v1/models" => vec![Step::json(
            200,
            r#"{"data":[{"id":"b"},{"id":"a"},{"id":"x/gpt-5.5"}]}"#,
        )],
        "/v1/model/info" => vec![Step::json(
            200,
            r#"{"data":[{"model_name":"a","model_info":{"max_input_tokens":8192,
                "input_cost_per_token":2e-6,"output_cost_per_token":8e-6}}]}"#,
        )],
        other => panic!("{other}"),
    });
    let world = World::new();
    let run = |args: &[&str]| {
        world
            .llmx(&["models"])
            .args(args)
            .env("LLMX_BASE_URL", upstream.url("/v1"))
            .env("LLMX_API_KEY", "sk-models")
            .output()
            .unwrap()
    };
    let output = run(&[]);
    let listed = stdout(&output);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}{}", stderr(&output));
    let known = "8192 tokens; $2 in, $8 out for a million";
    assert!(
        lines[0].starts_with("a ") && lines[0].ends_with(known),
        "{listed}"
    );
    assert_eq!(lines[1], "b");
    let known = "272000 tokens (llmx's own table)";
    assert!(lines[2].ends_with(known), "{listed}");
    let listed = stdout(&run(&["-c", "model=b", "-c", "model_context_window=5000"]));
    assert!(
        listed.contains("5000 tokens (your configuration)\n"),
        "{listed}"
    );
    let listed = stdout(&run(&["--json"]));
    let first: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    assert_eq!(first["context_window"], 8192);
    assert_eq!(first["context_window_source"], "provider");
    assert_eq!(first["prices_source"], "provider");
    assert_eq!(
        upstream.requests()[0].header("authorization"),
        Some("Bearer sk-models")
    );
}

#[test]
#[cfg(unix)]
fn a_key_that_a_command_prints_is_fetched_again_when_it_is_refused() {
    let upstream = ScriptedUpstream::start(|request| {
        if request.header("authorization") != Some("Bearer key-2") {
            return vec![Step::json(401, r#"{"error":{"message":"expired"}}"#)];
        }
        says("welcome")
    });
    let world = World::new();
    let script = "n=$(cat n 2>/dev/null || echo 0); n=$((n+1)); echo $n > n; echo key-$n";
    let provider = format!(
        "model_providers.p={{ base_url = '{}', key_command = ['sh', '-c', '{script}'] }}",
        upstream.url("/v1")
    );
    let output = world
        .llmx(&[
            "exec",
            "-c",
            &provider,
            "-c",
            "model_provider=p",
            "-m",
            "m",
            "hi",
        ])
        .output()
        .unwrap();
    assert_eq!(stdout(&output).trim(), "welcome", "{}", stderr(&output));
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
#[cfg(target_os = "linux")]
fn a_further_directory_may_be_written() {
    let world = World::new();
    let other = world.path().join("other");
    fs::create_dir(&other).unwrap();
    let upstream = ScriptedUpstream::start(|request| {
        let is_first = !String::from_utf8_lossy(&request.body).contains("function_call_output");
        let item = if is_first {
            r#"{"type":"function_call","call_id":"c","name":"exec_command","arguments":"{\"cmd\":\"touch ../other/made\"}"}"#
        } else {
            r#"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"done"}]}"#
        };
        let completed =
            format!(r#"{{"type":"response.completed","response":{{"id":"r","output":[{item}]}}}}"#);
        vec![
            Step::sse_head(),
            Step::event(&completed),
            Step::last_chunk(),
        ]
    });
    let closed = "sandbox_workspace_write={exclude_slash_tmp=true,exclude_tmpdir_env_var=true}";
    for (directory, status, made) in [("../other", 0, true), ("../none", 2, false)] {
        let output = world
            .llmx(&[
                "exec",
                "-m",
                "m",
                "-s",
                "workspace-write",
                "-c",
                closed,
                "go",
            ])
            .args(["--add-dir", directory])
            .env("LLMX_BASE_URL", upstream.url("/v1"))
            .env("LLMX_API_KEY", "k")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{}", stderr(&output));
        assert_eq!(other.join("made").exists(), made);
        let _made = fs::remove_file(other.join("made"));
    }
}

/// What a provider of Responses answers if its model says `words`.
fn says(words: &str) -> Reply {
    let part = json!({"type": "output_text", "text": words});
    let message = json!({"type": "message", "role": "assistant", "content": [part]});
    let response = json!({"id": "r", "output": [message]});
    let completed = json!({"type": "response.completed", "response": response});
    let event = Step::event(&completed.to_string());
    vec![Step::sse_head(), event, Step::last_chunk()]
}
