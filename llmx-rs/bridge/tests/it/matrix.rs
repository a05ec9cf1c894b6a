//! The golden matrix: each fixture of a dialect, translated to each other dialect, beside what was
//! lost. A fixture without a snapshot fails, and so does a snapshot without its fixture.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use llmx_bridge::chat::{from_chat, to_chat};
use llmx_bridge::{Options, StreamEnd, for_responses};
use llmx_wire::responses::StreamEvent;
use llmx_wire::sse::{Decoder, Limits, encode};
use serde_json::{Value, json};

use crate::support::{chat_stream, stream_for, try_request};

#[test]
fn every_fixture_has_its_translation() {
    let mut names = BTreeSet::new();
    for (case, fixture) in fixtures("responses") {
        let shown = if fixture.get("events").is_some() {
            answer_to_chat(&fixture)
        } else {
            request_to_chat(fixture)
        };
        names.insert(check(&format!("{case}.responses-chat"), &shown));
    }
    for (case, fixture) in fixtures("chat") {
        let shown = if fixture.get("chunks").is_some() {
            answer_to_responses(&fixture)
        } else {
            request_to_responses(fixture)
        };
        names.insert(check(&format!("{case}.chat-responses"), &shown));
    }
    names.extend(crate::golden::check_all());
    names.extend(crate::golden_clients::check_all());
    let kept = fs::read_dir(folder().join("snapshots")).unwrap();
    for entry in kept {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "no fixture for {name}");
    }
}

#[test]
fn every_stream_is_the_same_under_every_framing() {
    for (case, fixture) in fixtures("chat") {
        if fixture.get("chunks").is_none() {
            continue;
        }
        let plain = answer_to_responses(&fixture);
        let mut bytes = Vec::new();
        for chunk in fixture["chunks"].as_array().unwrap() {
            encode("", &chunk.to_string(), &mut bytes);
        }
        let text = String::from_utf8(bytes).unwrap();
        for framed in [
            text.clone(),
            text.replace('\n', "\r\n"),
            text.replace("data: ", ": beat\n\ndata:"),
        ] {
            for size in [1, 7, framed.len().max(1)] {
                let mut again = fixture.clone();
                again["chunks"] = decode(framed.as_bytes(), size);
                assert_eq!(answer_to_responses(&again), plain, "{case} by {size}");
            }
        }
    }
}

/// A conversation that went to Chat and back goes to Chat as it did before.
#[test]
fn every_history_is_stable_from_responses_to_chat_and_back() {
    for (case, fixture) in fixtures("responses") {
        if fixture.get("input").is_none() {
            continue;
        }
        let mut first = to_chat(
            &serde_json::from_value(fixture).unwrap(),
            &Options::default(),
        )
        .unwrap()
        .request;
        for message in &mut first.messages {
            // A Chat client has no seal, so reasoning does not come back.
            message.reasoning_content = None;
        }
        let pivot = from_chat(&first, &Options::default()).unwrap().request;
        let second = to_chat(&pivot, &Options::default()).unwrap().request;
        assert_eq!(json!(second.messages), json!(first.messages), "{case}");
        assert_eq!(json!(second.tools), json!(first.tools), "{case}");
    }
}

fn request_to_chat(fixture: Value) -> String {
    let options = Options {
        provider: "fixture".to_owned(),
        ..Options::default()
    };
    let translated = to_chat(&serde_json::from_value(fixture).unwrap(), &options).unwrap();
    let losses: Vec<String> = translated.losses.iter().map(ToString::to_string).collect();
    let shown = json!({"losses": losses, "request": translated.request});
    serde_json::to_string_pretty(&shown).unwrap()
}

fn request_to_responses(fixture: Value) -> String {
    let request = serde_json::from_value(fixture).unwrap();
    let mut translated = from_chat(&request, &Options::default()).unwrap();
    for_responses(&mut translated.request, &mut translated.losses);
    let losses: Vec<String> = translated.losses.iter().map(ToString::to_string).collect();
    let shown = json!({"losses": losses, "request": translated.request});
    serde_json::to_string_pretty(&shown).unwrap()
}

/// One line per chunk.
fn answer_to_chat(fixture: &Value) -> String {
    let events = fixture["events"].as_array().unwrap();
    let chunks = chat_stream(events, ended(fixture));
    let lines = chunks.iter().map(|chunk| json!(chunk).to_string());
    lines.collect::<Vec<_>>().join("\n")
}

fn ended(fixture: &Value) -> StreamEnd {
    match fixture["end"].as_str().unwrap() {
        "done" => StreamEnd::Done,
        _ => StreamEnd::Eof,
    }
}

/// The events of the pivot that a Chat answer becomes.
pub(crate) fn chat_events(fixture: &Value) -> Vec<StreamEvent> {
    let end = ended(fixture);
    let tools = json!({"tools": [
        {"type": "function", "name": "exec_command"},
        {"type": "custom", "name": "apply_patch"},
        {"type": "namespace", "name": "mcp__calc", "tools": [{"type": "function", "name": "add"}]},
        {"type": "tool_search", "execution": "client"},
    ]});
    let options = Options {
        provider: "fixture".to_owned(),
        ..Options::default()
    };
    let asked = try_request(json!("hi"), tools, &options).unwrap();
    let chunks = fixture["chunks"].as_array().unwrap();
    stream_for(asked, chunks, end)
}

/// One line per event; what a response repeats of its request is left out.
fn answer_to_responses(fixture: &Value) -> String {
    let lines = chat_events(fixture).into_iter().map(|event| {
        let mut event = json!(event);
        if let Some(Value::Object(response)) = event.get_mut("response") {
            let shown = [
                "id",
                "status",
                "model",
                "output",
                "usage",
                "error",
                "incomplete_details",
            ];
            response.retain(|field, _| shown.contains(&field.as_str()));
        }
        event.to_string()
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(crate) fn check(name: &str, found: &str) -> String {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, found));
    format!("{name}.snap")
}

pub(crate) fn fixtures(dialect: &str) -> Vec<(String, Value)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder().join(dialect))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    let read = |path: &Path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), read(path))).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

pub(crate) fn decode(bytes: &[u8], size: usize) -> Value {
    let (mut decoder, mut events) = (Decoder::new(Limits::default()), Vec::new());
    for piece in bytes.chunks(size) {
        decoder.push(piece, &mut events).unwrap();
    }
    events.extend(decoder.finish());
    events
        .iter()
        .map(|event| serde_json::from_str::<Value>(&event.data).unwrap())
        .collect()
}
