//! `docs/bridging.md` says what becomes of each field; the code does what it says.

use std::fs;
use std::path::Path;

use llmx_bridge::decision::{Decision, RESPONSES_TO_CHAT, Row};
use llmx_bridge::{ClientFault, LossAction, Options};
use llmx_wire::responses::Request;
use serde_json::{Value, json};

use crate::support::{options, try_request};

#[test]
fn the_document_shows_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bridging.md");
    let document = fs::read_to_string(path).unwrap();
    let table = table(RESPONSES_TO_CHAT);
    assert!(
        document.contains(&table),
        "docs/bridging.md must hold:\n{table}"
    );
}

#[test]
fn every_case_that_the_document_lists_as_done_has_its_test() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(path.join("../../docs/bridging.md")).unwrap();
    let mut sources = String::new();
    for entry in fs::read_dir(path.join("tests/it")).unwrap() {
        sources.push_str(&fs::read_to_string(entry.unwrap().path()).unwrap());
    }
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
        assert!(
            RESPONSES_TO_CHAT.iter().any(|row| row.field == field),
            "{field}"
        );
    }
    for (group, fields) in [
        ("reasoning", &written["reasoning"]),
        ("text", &written["text"]),
    ] {
        for field in fields.as_object().unwrap().keys() {
            let field = format!("{group}.{field}");
            assert!(
                RESPONSES_TO_CHAT.iter().any(|row| row.field == field),
                "{field}"
            );
        }
    }
}

#[test]
fn the_code_does_what_each_row_says() {
    for row in RESPONSES_TO_CHAT {
        let (input, fields) = sample(row.field);
        let outcome = |options: &Options| seen(row.field, &input, &fields, options);
        let found = outcome(&options());
        let expected = match row.decision {
            Decision::Mapped | Decision::Local => Seen::Carried,
            Decision::Lowered => Seen::Lowered,
            Decision::OpenAi | Decision::Dropped => Seen::Dropped,
            Decision::Refused => Seen::Refused,
        };
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

#[derive(Debug, PartialEq)]
enum Seen {
    Carried,
    Lowered,
    Dropped,
    Refused,
}

fn seen(field: &str, input: &Value, fields: &Value, options: &Options) -> Seen {
    let translated = match try_request(input.clone(), fields.clone(), options) {
        Ok(translated) => translated,
        Err(ClientFault::Unsupported { .. }) => return Seen::Refused,
        Err(fault) => panic!("{field}: {fault}"),
    };
    match translated.losses.iter().next() {
        None => Seen::Carried,
        Some(loss) if loss.action == LossAction::Lowered => Seen::Lowered,
        Some(_) => Seen::Dropped,
    }
}

/// A request, as input and other fields, in which only `field` can be lost.
fn sample(field: &str) -> (Value, Value) {
    let plain = |fields: Value| (json!("hi"), fields);
    if let Some(kind) = field.strip_prefix("input[].content[].") {
        return (part(kind), json!({}));
    }
    if let Some(kind) = field.strip_prefix("input[].") {
        return (items(kind), json!({}));
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
        "input_image" => json!({"image_url": "data:,x"}),
        "input_file" => json!({"file_data": "data:,x"}),
        "input_audio" => json!({"input_audio": {}}),
        "refusal" => json!({"refusal": "no"}),
        _ => json!({}),
    };
    let model = kind == "refusal";
    let role = if model { "assistant" } else { "user" };
    json!([{"role": role, "content": [with(json!({"type": kind}), part)]}])
}

fn items(kind: &str) -> Value {
    let item =
        |kind: &str, more: Value| with(json!({"type": kind, "call_id": "a", "name": "f"}), more);
    let output = |kind: &str| item(kind, json!({"output": "x"}));
    let call = || item("function_call", json!({"arguments": "{}"}));
    let seal = r#"llmx1:{"p":"p","m":"m","k":"reasoning_content","t":"x"}"#;
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
        "include" => json!([
            "reasoning.encrypted_content",
            "message.output_text.logprobs"
        ]),
        "max_output_tokens" | "seed" | "n" | "top_logprobs" | "max_tool_calls" | "top_k" => {
            json!(2)
        }
        "temperature" | "top_p" | "presence_penalty" | "frequency_penalty" => json!(0.5),
        "parallel_tool_calls" | "store" | "stream" | "background" => json!(true),
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
