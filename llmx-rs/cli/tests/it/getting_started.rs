//! `docs/getting-started.md`: its settings and commands, run as they stand, against scripted providers
//! in the place of the real ones.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use llmx_test_support::{Message, Reply, ScriptedUpstream, Step};
use serde_json::json;

use crate::{World, stderr, stdout};

const DOCUMENT: &str = include_str!("../../../../docs/getting-started.md");

#[test]
fn what_it_says_of_each_provider_works() {
    for (heading, target) in [
        ("LiteLLM", "/v1/chat/completions"),
        ("OpenAI", "/v1/responses"),
        ("Anthropic", "/v1/messages"),
        (
            "Gemini",
            "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        ),
        ("llama.cpp", "/v1/chat/completions"),
        ("Ollama", "/v1/chat/completions"),
    ] {
        let scene = Scene::new();
        let section = section(&format!("### {heading}\n"));
        let output = scene.run(section);
        assert!(output.status.success(), "{heading}: {}", stderr(&output));
        let requests = scene.upstream.requests();
        // Facts about models are fetched beside.
        let mut posted = requests.iter().rev();
        let last = posted.find(|request| request.method() == "POST").unwrap();
        assert_eq!(last.target(), target, "{heading}");
        assert!(!stdout(&output).trim().is_empty(), "{heading}");
        assert!(!section.contains("\nenv_key") || format!("{last:?}").contains("my-key"));
    }
}

#[test]
fn the_rest_of_it_works_from_the_first_line_to_the_last() {
    let scene = Scene::new();
    let of_litellm = "export LLMX_BASE_URL=http://localhost:4000/v1 LLMX_API_KEY=sk-my-key";
    assert!(DOCUMENT.contains(of_litellm));
    let repository = "git init -q repository && cd repository && echo text > file && git add file";
    let mut script = vec!["set -e".to_owned()];
    for heading in ["## Install\n", "## See it work\n"] {
        script.extend(blocks(section(heading), "shell"));
    }
    script.extend([of_litellm, repository].map(str::to_owned));
    for heading in [
        "### Keep the key\n",
        "## A first useful run\n",
        "## What the agent may do\n",
    ] {
        script.extend(blocks(section(heading), "shell"));
    }
    let output = scene.shell(&script.join("\n"));
    let (said, also) = (stdout(&output), stderr(&output));
    assert!(output.status.success(), "{said}\n{also}");
    assert!(scene.world.path().join("work/try/fibonacci.sh").exists());
    for words in [
        "Fibonacci: 0 1 1 2 3 5 8",
        "key from `llmx login`",
        ANSWER,
        "sandbox_mode = \"workspace-write\"",
    ] {
        assert!(said.contains(words), "no {words} in {said}\n{also}");
    }
    // What is missing there is for the doctor to say, not to fix.
    let doctor = scene.shell(&format!(
        "{of_litellm}\n{}",
        blocks(section("## When it does not work\n"), "shell").concat()
    ));
    assert!(stdout(&doctor).contains("sandbox"), "{}", stderr(&doctor));
}

#[test]
fn what_it_points_to_is_there() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let links = DOCUMENT.split("](").skip(1);
    let files: Vec<_> = links
        .filter_map(|link| link.split([')', '#']).next())
        .collect();
    assert!(files.len() > 10);
    for file in files {
        assert!(docs.join(file).is_file(), "{file}");
    }
}

struct Scene {
    world: World,
    upstream: ScriptedUpstream,
}

impl Scene {
    fn new() -> Self {
        Self {
            world: World::new(),
            upstream: ScriptedUpstream::start_with_facts(serve),
        }
    }

    /// Writes the settings of a section, and runs its commands.
    fn run(&self, section: &str) -> Output {
        let settings = blocks(section, "toml").concat();
        // The address of this one is built in.
        let openai = format!(
            "[model_providers.openai]\nbase_url = '{}'\n",
            self.upstream.url("/v1")
        );
        let file = self.world.path().join("home/config.toml");
        fs::write(file, self.here(&format!("{settings}\n{openai}"))).unwrap();
        self.shell(&format!("set -e\n{}", blocks(section, "shell").concat()))
    }

    fn shell(&self, script: &str) -> Output {
        let llmx = Path::new(env!("CARGO_BIN_EXE_llmx"));
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", llmx.parent().unwrap().display());
        // The world takes the variables of the person out that run the tests.
        let clean = self.world.llmx(&[]);
        let mut shell = Command::new("sh");
        for (name, value) in clean.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell
            .args(["-c", &self.here(script)])
            .current_dir(self.world.path().join("work"))
            .env("PATH", path)
            .env("HOME", self.world.path())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    }

    /// Puts the scripted provider in the place of every real one.
    fn here(&self, text: &str) -> String {
        let places = [
            "http://localhost:4000",
            "https://api.anthropic.com",
            "https://generativelanguage.googleapis.com",
            "http://127.0.0.1:8080",
            "http://127.0.0.1:11434",
        ];
        let here = self.upstream.url("");
        places
            .iter()
            .fold(text.to_owned(), |text, place| text.replace(place, &here))
    }
}

/// Returns what stands below a heading, up to the next one.
fn section(heading: &str) -> &'static str {
    let (_, after) = DOCUMENT
        .split_once(heading)
        .unwrap_or_else(|| panic!("no {heading}"));
    let ends = [after.find("\n## "), after.find("\n### ")];
    let end = ends.into_iter().flatten().min();
    &after[..end.unwrap_or(after.len())]
}

/// Returns the blocks of a language.
fn blocks(section: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let blocks = section.split(&begin).skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

/// Speaks every dialect but, in the place of LiteLLM, the one that is tried first.
fn serve(request: &Message) -> Reply {
    let events = match request.target() {
        "/v1/models" | "/v1/model/info" => {
            return vec![Step::json(200, r#"{"data":[{"id":"any"}]}"#)];
        }
        "/v1/responses" if request.text().contains("gpt-5.5") => {
            return crate::conversation::calling(request, &[]);
        }
        "/v1/chat/completions" => vec![json!({ "id": "c", "choices": [{ "index": 0,
            "delta": { "content": ANSWER }, "finish_reason": "stop" }] })],
        "/v1/messages" => messages(),
        target if target.contains("streamGenerateContent") => {
            let part = json!({ "text": ANSWER });
            vec![
                json!({ "candidates": [{ "content": { "role": "model", "parts": [part] },
                "finishReason": "STOP" }] }),
            ]
        }
        _ => return vec![Step::json(404, r#"{"detail":"Not Found"}"#)],
    };
    let mut reply = vec![Step::sse_head()];
    reply.extend(events.iter().map(|event| Step::event(&event.to_string())));
    reply.push(Step::last_chunk());
    reply
}

fn messages() -> Vec<serde_json::Value> {
    let message = json!({ "id": "m", "type": "message", "role": "assistant", "model": "c",
        "content": [], "stop_reason": null, "usage": { "input_tokens": 3, "output_tokens": 1 } });
    vec![
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0,
            "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "content_block_delta", "index": 0,
            "delta": { "type": "text_delta", "text": ANSWER } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" },
            "usage": { "output_tokens": 5 } }),
        json!({ "type": "message_stop" }),
    ]
}

const ANSWER: &str = "It is a scripted answer.";
