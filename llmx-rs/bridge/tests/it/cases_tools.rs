//! Tools of every kind become functions and come back as what they were (cases 23 to 31).

use llmx_bridge::{ClientFault, StreamEnd};
use llmx_wire::responses::StreamEvent;
use serde_json::{Value, json};

use crate::support::{
    calls, ends, folded, losses, messages, offering, options, piece, request, stream, try_request,
};

fn tool_names(tools: Value) -> Vec<String> {
    let translated = request(json!("hi"), json!({ "tools": tools }));
    let tools = json!(translated.request.tools);
    let names = tools.as_array().into_iter().flatten();
    names
        .map(|tool| tool["function"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn case_23_a_free_form_tool_is_a_function_with_its_grammar_told() {
    let tools = json!(offering().request.tools);
    let tool = &tools[2];
    assert_eq!(tool["function"]["name"], "apply_patch");
    assert_eq!(tool["function"]["parameters"]["required"], json!(["input"]));
    let told = tool["function"]["description"].as_str().unwrap();
    assert!(told.contains("start: X"), "{told}");
}

#[test]
fn case_23_its_input_is_unwrapped_while_it_streams() {
    let pieces = [
        "{\"inp",
        "ut\":\"*** Begin\\",
        "n\\u00",
        "e9\\ud83d\\",
        "ude00\"",
        "}",
    ];
    let mut chunks = vec![piece(Some(0), Some("a"), "apply_patch", "")];
    chunks.extend(pieces.map(|arguments| piece(Some(0), None, "", arguments)));
    let events = stream(&chunks, StreamEnd::Done);
    let deltas: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            StreamEvent::InputDelta(delta) => Some(delta.delta.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(deltas, ["*** Begin", "\n", "é", "😀"]);
    assert_eq!(calls(events), ["apply_patch<*** Begin\né😀> #a"]);
}

#[test]
fn case_24_free_form_history_is_a_call_and_its_result() {
    let messages = messages(json!([
        {"type": "custom_tool_call", "call_id": "a", "name": "apply_patch", "input": "x\n"},
        {"type": "custom_tool_call_output", "call_id": "a", "output": [{"type": "input_text", "text": "ok"}]},
    ]));
    assert_eq!(
        messages[0]["tool_calls"][0]["function"],
        json!({"name": "apply_patch", "arguments": "{\"input\":\"x\\n\"}"})
    );
    assert_eq!(
        messages[1],
        json!({"role": "tool", "content": "ok", "tool_call_id": "a"})
    );
}

#[test]
fn case_25_a_group_is_flattened_and_restored() {
    let name = "mcp__calc__add";
    let events = stream(
        &[piece(Some(0), Some("a"), name, "{}"), ends("tool_calls")],
        StreamEnd::Done,
    );
    for event in &events {
        if let StreamEvent::OutputItemAdded(event) | StreamEvent::OutputItemDone(event) = event {
            let item = json!(event.item);
            assert_eq!(
                (&item["namespace"], &item["name"]),
                (&json!("mcp__calc"), &json!("add"))
            );
        }
    }
    let history = messages(json!([
        {"type": "function_call", "call_id": "a", "name": "add", "namespace": "mcp__calc", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "3"},
    ]));
    assert_eq!(history[0]["tool_calls"][0]["function"]["name"], name);
}

#[test]
fn case_25_added_tools_and_found_tools_are_offered() {
    let group = |name: &str| json!({"type": "namespace", "name": name, "tools": [{"type": "function", "name": "f", "defer_loading": true}]});
    let translated = request(
        json!([
            {"type": "additional_tools", "role": "developer", "tools": [group("clock")]},
            {"role": "user", "content": "hi"},
            {"type": "tool_search_call", "call_id": "s", "execution": "client", "arguments": {"query": "q"}},
            {"type": "tool_search_output", "call_id": "s", "tools": [group("mcp__calc")]},
        ]),
        json!({"tools": [{"type": "tool_search", "execution": "client", "parameters": {"type": "object"}}]}),
    );
    let body = json!(translated.request);
    let names: Vec<&Value> = body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["function"]["name"])
        .collect();
    assert_eq!(names, ["tool_search", "clock__f", "mcp__calc__f"]);
    assert_eq!(
        body["messages"][1]["tool_calls"][0]["function"]["arguments"],
        "{\"query\":\"q\"}"
    );
    assert_eq!(
        body["messages"][2]["content"],
        "These tools can now be called:\nmcp__calc__f"
    );
    assert!(translated.losses.is_empty(), "{:?}", translated.losses);
}

#[test]
fn a_search_comes_back_as_a_search_and_a_shell_as_a_shell() {
    let events = stream(
        &[
            piece(Some(0), Some("a"), "tool_search", "{\"query\":\"q\"}"),
            piece(Some(1), Some("b"), "local_shell", "{\"command\":[\"ls\"]}"),
        ],
        StreamEnd::Done,
    );
    let output = json!(folded(events).output);
    assert_eq!(output[0]["type"], "tool_search_call");
    assert_eq!(output[0]["execution"], "client");
    assert_eq!(output[0]["arguments"], json!({"query": "q"}));
    assert_eq!(output[1]["type"], "local_shell_call");
    assert_eq!(
        output[1]["action"],
        json!({"type": "exec", "command": ["ls"]})
    );
}

#[test]
fn case_26_long_and_illegal_names_are_made_legal_and_restored() {
    let long = "x".repeat(80);
    let names = tool_names(json!([
        {"type": "function", "name": long},
        {"type": "function", "name": "a.b c"},
        {"type": "function", "name": "a_b_c"},
    ]));
    assert!(names.iter().all(
        |name| name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    ));
    assert_eq!(names[2], "a_b_c");
    assert_ne!(names[1], "a_b_c");
}

#[test]
fn case_27_each_choice_has_its_translation() {
    let tools = json!([
        {"type": "function", "name": "f"},
        {"type": "custom", "name": "c"},
        {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "g"}]},
        {"type": "web_search"},
    ]);
    let choose = |choice: Value| {
        let fields = json!({"tools": tools, "tool_choice": choice});
        try_request(json!("hi"), fields, &options())
    };
    let chosen = |choice: Value| json!(choose(choice).unwrap().request.tool_choice);
    let named = |name: &str| json!({"type": "function", "function": {"name": name}});
    for mode in ["auto", "none", "required"] {
        assert_eq!(chosen(json!(mode)), mode);
    }
    assert_eq!(chosen(json!({"type": "function", "name": "f"})), named("f"));
    assert_eq!(chosen(json!({"type": "custom", "name": "c"})), named("c"));
    assert_eq!(
        chosen(json!({"type": "function", "namespace": "n", "name": "g"})),
        named("n__g")
    );

    let allowed = json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "c"}]});
    let translated = choose(allowed).unwrap();
    assert_eq!(translated.request.tools.len(), 1);
    assert_eq!(json!(translated.request.tool_choice), "required");

    for refused in [
        json!({"type": "web_search"}),
        json!({"type": "mcp", "server_label": "s"}),
        json!({"type": "function", "name": "unknown"}),
        json!("sometimes"),
    ] {
        assert_eq!(choose(refused).unwrap_err().path(), "tool_choice");
    }
}

#[test]
fn a_required_tool_that_cannot_be_offered_is_refused() {
    let fields = json!({"tools": [{"type": "web_search"}], "tool_choice": "required"});
    let fault = try_request(json!("hi"), fields, &options()).unwrap_err();
    assert!(matches!(fault, ClientFault::Unsupported { path, .. } if path == "tool_choice"));
}

#[test]
fn hosted_tools_are_dropped_by_name() {
    let translated = request(
        json!("hi"),
        json!({"tools": [{"type": "web_search"}, {"type": "image_generation"}], "tool_choice": "auto", "parallel_tool_calls": true}),
    );
    assert_eq!(
        translated.losses.header_value().unwrap(),
        "tools[].web_search, tools[].image_generation"
    );
    let body = json!(translated.request);
    for absent in ["tools", "tool_choice", "parallel_tool_calls"] {
        assert!(body.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn case_28_parallel_calls_are_passed_on() {
    let fields =
        json!({"tools": [{"type": "function", "name": "f"}], "parallel_tool_calls": false});
    assert_eq!(
        request(json!("hi"), fields).request.parallel_tool_calls,
        Some(false)
    );
}

#[test]
fn case_29_strict_is_kept_or_dropped_with_a_note() {
    let fields = json!({"tools": [{"type": "function", "name": "f", "strict": true}]});
    let kept = request(json!("hi"), fields.clone());
    assert_eq!(json!(kept.request.tools)[0]["function"]["strict"], true);

    let mut lenient = options();
    lenient.strict_tools = false;
    let dropped = try_request(json!("hi"), fields, &lenient).unwrap();
    assert!(
        json!(dropped.request.tools)[0]["function"]
            .get("strict")
            .is_none()
    );
    assert_eq!(losses(&dropped).len(), 1);
}

#[test]
fn case_31_a_policy_on_callers_is_never_lost() {
    let tool = |callers: Value| json!({"tools": [{"type": "function", "name": "f", "allowed_callers": callers}]});
    assert!(try_request(json!("hi"), tool(json!(["direct"])), &options()).is_ok());
    let fault = try_request(json!("hi"), tool(json!(["code_execution"])), &options()).unwrap_err();
    assert_eq!(fault.path(), "tools[].function.allowed_callers");
}
