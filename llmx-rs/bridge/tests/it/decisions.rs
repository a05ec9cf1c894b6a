//! `docs/bridging.md` says what becomes of each field; the code does what it says.

use std::fs;
use std::path::Path;

use llmx_bridge::chat::{from_chat, to_chat};
use llmx_bridge::decision::{CHAT_TO_RESPONSES, Decision, RESPONSES_TO_CHAT, Row};
use llmx_bridge::gemini::{GEMINI_TO_RESPONSES, RESPONSES_TO_GEMINI, to_gemini};
use llmx_bridge::messages::{MESSAGES_TO_RESPONSES, RESPONSES_TO_MESSAGES, to_messages};
use llmx_bridge::{ClientFault, LossAction, LossReport, Options, for_responses};
use llmx_wire::chat;
use llmx_wire::responses::Request;
use serde_json::{Value, json};

use crate::support::options;

/// One direction: its table, and the code that the table speaks of.
struct Lane {
    table: &'static [Row],
    translate: fn(&Request, &Options) -> Result<LossReport, ClientFault>,
    /// The word of a seal that holds the upstream's reasoning, and what it holds.
    seal: &'static str,
}

const LANES: &[Lane] = &[
    Lane {
        table: RESPONSES_TO_CHAT,
        translate: |request, options| Ok(to_chat(request, options)?.losses),
        seal: r#""k":"reasoning_content","t":"x""#,
    },
    Lane {
        table: RESPONSES_TO_MESSAGES,
        translate: |request, options| Ok(to_messages(request, options)?.losses),
        seal: r#""k":"messages","d":{"type":"thinking","thinking":"x","signature":"s"}"#,
    },
    Lane {
        table: RESPONSES_TO_GEMINI,
        translate: |request, options| Ok(to_gemini(request, options)?.losses),
        seal: r#""k":"gemini","d":{"on":"call","signature":"s"}"#,
    },
];

#[test]
fn the_documentation_names_every_setting() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let document = fs::read_to_string(path).unwrap();
    for setting in &llmx_bridge::SETTINGS {
        let row = format!("| `{}` | {} | ", setting.name, setting.takes);
        assert!(document.contains(&row), "docs/configuration.md lacks {row}");
    }
}

#[test]
fn the_document_shows_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bridging.md");
    let document = fs::read_to_string(path).unwrap();
    let outward = LANES.iter().map(|lane| lane.table);
    for rows in outward.chain([
        CHAT_TO_RESPONSES,
        MESSAGES_TO_RESPONSES,
        GEMINI_TO_RESPONSES,
    ]) {
        let table = table(rows);
        assert!(
            document.contains(&table),
            "docs/bridging.md must hold:\n{table}"
        );
    }
}

#[test]
fn every_case_that_the_document_lists_as_done_has_its_test() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(path.join("../../docs/bridging.md")).unwrap();
    let mut sources = String::new();
    read_all(&path.join(".."), &mut sources);
    let cases = document.split("## Hard cases").nth(1).unwrap();
    let tests = cases.split('`').skip(1).step_by(2);
    let tests: Vec<&str> = tests
        .filter(|name| name.contains('_') && !name.contains("::"))
        .collect();
    assert!(tests.len() > 40);
    for test in tests {
        assert!(
            sources.contains(&format!("fn {test}(")),
            "no test is called {test}"
        );
    }
}

#[test]
fn every_typed_field_of_a_request_has_a_row() {
    let full = json!({
        "model": "m", "instructions": "i", "input": "x", "tools": [{"type": "x"}], "tool_choice": "auto",
        "parallel_tool_calls": true, "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {}, "verbosity": "low"}, "max_output_tokens": 1, "temperature": 1.0, "top_p": 1.0,
        "store": true, "stream": true, "include": ["x"], "previous_response_id": "x", "prompt_cache_key": "x",
    });
    let request: Request = serde_json::from_value(full).unwrap();
    // A field that is not in the sample lands here; a new one of the type breaks the next line.
    assert!(request.extra.is_empty());
    let Request {
        model: _,
        instructions: _,
        input: _,
        tools: _,
        tool_choice: _,
        parallel_tool_calls: _,
        reasoning: _,
        text: _,
        max_output_tokens: _,
        temperature: _,
        top_p: _,
        store: _,
        stream: _,
        include: _,
        previous_response_id: _,
        prompt_cache_key: _,
        extra: _,
    } = request.clone();
    let written = json!(request);
    for field in written.as_object().unwrap().keys() {
        assert!(is_listed(field), "{field}");
    }
    for (group, fields) in [
        ("reasoning", &written["reasoning"]),
        ("text", &written["text"]),
    ] {
        for field in fields.as_object().unwrap().keys() {
            let field = format!("{group}.{field}");
            assert!(is_listed(&field), "{field}");
        }
    }
}

fn is_listed(field: &str) -> bool {
    let in_lane = |lane: &Lane| lane.table.iter().any(|row| row.field == field);
    LANES.iter().all(in_lane)
}

#[test]
fn the_code_does_what_each_row_says() {
    let rows = |lane: &'static Lane| lane.table.iter().map(move |row| (lane, row));
    for (lane, row) in LANES.iter().flat_map(rows) {
        let request = sample(row.field, lane.seal);
        let outcome = |options: &Options| seen(lane, row.field, &request, options);
        let found = outcome(&options());
        let expected = expected(row.decision);
        assert_eq!(found, expected, "{}", row.field);
        if row.decision == Decision::OpenAi {
            let options = Options {
                openai_fields: true,
                ..options()
            };
            assert_eq!(outcome(&options), Seen::Carried, "{}", row.field);
        }
    }
}

#[test]
fn every_typed_field_of_a_chat_request_has_a_row() {
    let full = json!({
        "model": "m", "messages": [], "tools": [{"type": "x"}], "tool_choice": "auto",
        "parallel_tool_calls": true, "reasoning_effort": "low", "verbosity": "low",
        "response_format": {}, "max_tokens": 1, "max_completion_tokens": 1, "temperature": 1.0,
        "top_p": 1.0, "n": 1, "stop": "x", "seed": 1, "presence_penalty": 1.0,
        "frequency_penalty": 1.0, "logit_bias": {}, "logprobs": true, "top_logprobs": 1,
        "stream": true, "stream_options": {}, "store": true, "metadata": {}, "user": "u",
        "safety_identifier": "s", "prompt_cache_key": "k", "service_tier": "flex",
    });
    let request: chat::Request = serde_json::from_value(full).unwrap();
    assert!(request.extra.is_empty());
    for field in json!(request).as_object().unwrap().keys() {
        let named = CHAT_TO_RESPONSES.iter().any(|row| row.field == field);
        assert!(named, "{field}");
    }
}

#[test]
fn the_code_does_what_each_row_of_a_chat_request_says() {
    for row in CHAT_TO_RESPONSES {
        let request = serde_json::from_value(chat_sample(row.field)).unwrap();
        let found = match from_chat(&request, &options()) {
            Ok(mut translated) => {
                for_responses(&mut translated.request, &mut translated.losses);
                lost(&translated.losses)
            }
            Err(ClientFault::Unsupported { .. }) => Seen::Refused,
            Err(fault) => panic!("{}: {fault}", row.field),
        };
        assert_eq!(found, expected(row.decision), "{}", row.field);
    }
}

fn chat_sample(field: &str) -> Value {
    let with_message = |message: Value| json!({"model": "m", "messages": [message]});
    if let Some(kind) = field.strip_prefix("messages[].content[].") {
        let content = match kind {
            "text" => json!("x"),
            "image_url" => json!({"url": "data:,x"}),
            _ => json!({}),
        };
        return with_message(json!({"role": "user", "content": [{"type": kind, kind: content}]}));
    }
    match field.strip_prefix("messages[].") {
        Some(field @ ("refusal" | "name" | "reasoning_content")) => {
            return with_message(json!({"role": "assistant", "content": "x", field: "x"}));
        }
        Some(role) => return with_message(json!({"role": role, "content": "x"})),
        None => {}
    }
    if let Some(kind) = field.strip_prefix("tools[].") {
        return json!({"model": "m", "messages": [], "tools": [{"type": kind, kind: {"name": "f"}}]});
    }
    let value = match field {
        "messages" => json!([]),
        "tools" => json!([{"type": "function", "function": {"name": "f"}}]),
        "functions" => json!([{"name": "f"}]),
        "response_format" => json!({"type": "json_object"}),
        "audio" | "logit_bias" | "metadata" | "stream_options" | "prediction"
        | "web_search_options" => json!({}),
        "max_tokens" | "max_completion_tokens" | "n" | "seed" | "top_logprobs" | "top_k" => {
            json!(2)
        }
        "temperature" | "top_p" | "presence_penalty" | "frequency_penalty" => json!(0.5),
        "parallel_tool_calls" | "logprobs" | "stream" | "store" => json!(true),
        "modalities" => json!(["audio"]),
        _ => json!("auto"),
    };
    let mut request = json!({"model": "m", "messages": []});
    request[field] = value;
    request
}

fn expected(decision: Decision) -> Seen {
    match decision {
        Decision::Mapped | Decision::Local => Seen::Carried,
        Decision::Lowered => Seen::Lowered,
        Decision::OpenAi | Decision::Dropped => Seen::Dropped,
        Decision::Refused => Seen::Refused,
    }
}

fn lost(losses: &LossReport) -> Seen {
    match losses.iter().next() {
        None => Seen::Carried,
        Some(loss) if loss.action == LossAction::Lowered => Seen::Lowered,
        Some(_) => Seen::Dropped,
    }
}

#[derive(Debug, PartialEq)]
enum Seen {
    Carried,
    Lowered,
    Dropped,
    Refused,
}

fn seen(lane: &Lane, field: &str, request: &Request, options: &Options) -> Seen {
    let losses = match (lane.translate)(request, options) {
        Ok(losses) => losses,
        Err(ClientFault::Unsupported { .. }) => return Seen::Refused,
        Err(fault) => panic!("{field}: {fault}"),
    };
    lost(&losses)
}

fn read_all(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, sources);
        } else if path.extension().is_some_and(|it| it == "rs") {
            sources.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// A request in which only `field` can be lost.
fn sample(field: &str, seal: &str) -> Request {
    let (input, fields) = input_and_fields(field, seal);
    let input = match input {
        // The client speaks first and last, as upstreams want it.
        Value::Array(items) => {
            let user = || [json!({"role": "user", "content": "x"})];
            user().into_iter().chain(items).chain(user()).collect()
        }
        text => text,
    };
    let request = with(json!({"model": "m", "input": input}), fields);
    serde_json::from_value(request).unwrap()
}

fn input_and_fields(field: &str, seal: &str) -> (Value, Value) {
    let plain = |fields: Value| (json!("hi"), fields);
    if field == "input[].content[].cache_control" {
        let marked =
            json!({"type": "input_text", "text": "x", "cache_control": {"type": "ephemeral"}});
        return (json!([{"role": "user", "content": [marked]}]), json!({}));
    }
    if let Some(kind) = field.strip_prefix("input[].content[].") {
        return (part(kind), json!({}));
    }
    if let Some(kind) = field.strip_prefix("input[].") {
        return (items(kind, seal), json!({}));
    }
    if let Some(kind) = field.strip_prefix("tools[].") {
        return plain(json!({"tools": [tool(kind)]}));
    }
    if let Some(kind) = field.strip_prefix("tool_choice.") {
        let choice = json!({"type": kind, "name": "f", "tools": [tool("function")]});
        let offered = if kind == "custom" { kind } else { "function" };
        let offered = json!({"type": offered, "name": "f"});
        return plain(json!({"tools": [offered], "tool_choice": choice}));
    }
    match field.split_once('.') {
        Some((group, "format")) => plain(json!({ group: {"format": {"type": "json_object"}} })),
        Some((group, name)) => plain(json!({ group: { name: "low" } })),
        None if field == "input" => plain(json!({})),
        None => plain(json!({ field: value(field) })),
    }
}

fn part(kind: &str) -> Value {
    let part = match kind {
        "input_text" => json!({"text": "x"}),
        "input_image" => json!({"image_url": "data:image/png;base64,AA"}),
        "input_file" => json!({"file_data": "data:application/pdf;base64,AA"}),
        "input_audio" => json!({"input_audio": {"data": "AA", "format": "wav"}}),
        "refusal" => json!({"refusal": "no"}),
        _ => json!({}),
    };
    let model = kind == "refusal";
    let role = if model { "assistant" } else { "user" };
    json!([{"role": role, "content": [with(json!({"type": kind}), part)]}])
}

fn items(kind: &str, seal: &str) -> Value {
    let item =
        |kind: &str, more: Value| with(json!({"type": kind, "call_id": "a", "name": "f"}), more);
    let output = |kind: &str| item(kind, json!({"output": "x"}));
    let call = || item("function_call", json!({"arguments": "{}"}));
    let seal = format!(r#"llmx1:{{"p":"p","m":"m",{seal}}}"#);
    match kind {
        "message" => json!([{"role": "user", "content": "x"}]),
        "reasoning" => json!([
            {"type": "reasoning", "encrypted_content": seal},
            call(),
            output("function_call_output"),
        ]),
        "function_call" | "function_call_output" => json!([call(), output("function_call_output")]),
        "custom_tool_call" | "custom_tool_call_output" => json!([
            item("custom_tool_call", json!({"input": "x"})),
            output("custom_tool_call_output"),
        ]),
        "tool_search_call" | "tool_search_output" => json!([
            item("tool_search_call", json!({"arguments": {}})),
            item("tool_search_output", json!({"tools": [tool("function")]})),
        ]),
        "local_shell_call" | "local_shell_call_output" => json!([
            item(
                "local_shell_call",
                json!({"action": {"type": "exec", "command": []}})
            ),
            output("local_shell_call_output"),
        ]),
        "additional_tools" => json!([{"type": kind, "tools": [tool("function")]}]),
        _ => json!([{"type": kind, "id": "x"}]),
    }
}

fn tool(kind: &str) -> Value {
    let tool = match kind {
        "custom" => json!({"name": "f", "format": {"type": "grammar", "definition": "x"}}),
        "namespace" => json!({"name": "n", "tools": [{"type": "function", "name": "f"}]}),
        "tool_search" => json!({"execution": "client"}),
        _ => json!({"name": "f"}),
    };
    with(json!({"type": kind}), tool)
}

fn value(field: &str) -> Value {
    match field {
        "model" => json!("m"),
        "tools" => json!([tool("function")]),
        "reasoning" => json!({"effort": "low"}),
        "text" => json!({"format": {"type": "text"}}),
        "include" => json!(["reasoning.encrypted_content"]),
        "max_output_tokens" | "seed" | "n" | "top_logprobs" | "max_tool_calls" | "top_k" => {
            json!(2)
        }
        "temperature" | "top_p" | "presence_penalty" | "frequency_penalty" => json!(0.5),
        "store" | "stream" | "background" => json!(true),
        "parallel_tool_calls" => json!(false),
        "metadata" | "logit_bias" | "stream_options" | "client_metadata" => json!({"x": 1}),
        _ => json!("auto"),
    }
}

fn with(mut base: Value, more: Value) -> Value {
    base.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    base
}

fn table(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        format!(
            "| `{}` | {} | {} |",
            row.field,
            row.decision.name(),
            row.note
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}
