//! Tools, choices, options, thinking, formats and cache marks of a request.

use llmx_bridge::messages::{Structured, ThinkingStyle, without_reasoning};
use llmx_bridge::{LossAction, Options};
use serde_json::{Value, json};

use super::history::{call, output, user, with_tool};
use super::{body, losses, options, refusal, translate};

fn ask(more: Value) -> Value {
    let mut request = json!({"model": "m", "input": "hi"});
    request
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    request
}

fn with_tools(more: Value) -> Value {
    let mut request = ask(json!({"tools": [
        {"type": "function", "name": "f", "description": "d", "parameters": {"properties": {}}, "strict": true},
        {"type": "custom", "name": "apply_patch", "description": "Patches.",
         "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"}},
    ]}));
    request
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    request
}

#[test]
fn case_23_every_tool_becomes_a_client_tool() {
    let tools = &body(&with_tools(json!({})))["tools"];
    assert_eq!(
        tools[0],
        json!({"name": "f", "description": "d", "input_schema": {"properties": {}, "type": "object"}, "strict": true})
    );
    assert_eq!(tools[1]["name"], "apply_patch");
    assert_eq!(tools[1]["input_schema"]["required"], json!(["input"]));
    let told = tools[1]["description"].as_str().unwrap();
    assert!(told.starts_with("Patches.") && told.contains("lark") && told.ends_with("start: x"));
}

#[test]
fn case_25_and_26_namespaces_are_flattened_and_names_are_legal() {
    let request = ask(json!({"tools": [
        {"type": "namespace", "name": "mcp__calc", "tools": [{"type": "function", "name": "add", "parameters": {}}]},
        {"type": "function", "name": "a.b", "parameters": {}},
        {"type": "tool_search", "execution": "client", "description": "finds", "parameters": {"type": "object"}},
    ]}));
    let body = body(&request);
    assert_eq!(body["tools"][0]["name"], "mcp__calc__add");
    let name = body["tools"][1]["name"].as_str().unwrap();
    assert!(name.starts_with("a_b_") && name.len() <= 64);
    assert_eq!(body["tools"][2]["name"], "tool_search");
}

#[test]
fn case_29_strict_is_dropped_by_name_where_the_upstream_has_none() {
    let lenient = Options {
        strict_tools: false,
        ..options()
    };
    let request = with_tools(json!({}));
    assert!(losses(&request, &lenient).contains("tools[].function.strict"));
    assert!(!losses(&request, &options()).contains("strict"));
}

#[test]
fn case_31_who_may_call_a_tool_is_never_lost() {
    let request = ask(
        json!({"tools": [{"type": "function", "name": "f", "parameters": {}, "allowed_callers": ["code"]}]}),
    );
    assert_eq!(
        refusal(&request, &options()),
        "tools[].function.allowed_callers"
    );
}

#[test]
fn case_27_and_28_every_choice_of_tools_is_translated() {
    for (choice, parallel, expected) in [
        (Value::Null, Value::Null, Value::Null),
        (json!("auto"), json!(true), json!({"type": "auto"})),
        (
            Value::Null,
            json!(false),
            json!({"type": "auto", "disable_parallel_tool_use": true}),
        ),
        (json!("required"), Value::Null, json!({"type": "any"})),
        (
            json!("required"),
            json!(false),
            json!({"type": "any", "disable_parallel_tool_use": true}),
        ),
        (json!("none"), json!(false), json!({"type": "none"})),
        (
            json!({"type": "function", "name": "f"}),
            Value::Null,
            json!({"type": "tool", "name": "f"}),
        ),
        (
            json!({"type": "custom", "name": "apply_patch"}),
            json!(false),
            json!({"type": "tool", "name": "apply_patch", "disable_parallel_tool_use": true}),
        ),
    ] {
        let request = with_tools(json!({"tool_choice": choice, "parallel_tool_calls": parallel}));
        assert_eq!(body(&request)["tool_choice"], expected, "{choice}");
    }
}

#[test]
fn case_27_allowed_tools_are_the_only_ones_offered() {
    let request = with_tools(
        json!({"tool_choice": {"type": "allowed_tools", "mode": "required",
        "tools": [{"type": "function", "name": "f"}]}}),
    );
    let body = body(&request);
    assert_eq!(body["tools"].as_array().unwrap().len(), 1);
    assert_eq!(body["tool_choice"], json!({"type": "any"}));
}

#[test]
fn hosted_tools_are_dropped_by_name_and_refused_where_they_are_forced() {
    let hosted =
        json!([{"type": "web_search"}, {"type": "function", "name": "f", "parameters": {}}]);
    assert_eq!(
        losses(&ask(json!({"tools": hosted})), &options()),
        "tools[].web_search"
    );
    for choice in [
        json!({"type": "web_search"}),
        json!({"type": "function", "name": "gone"}),
    ] {
        let request = ask(json!({"tools": hosted, "tool_choice": choice}));
        assert_eq!(refusal(&request, &options()), "tool_choice");
    }
    let request = ask(json!({"tools": [{"type": "web_search"}], "tool_choice": "required"}));
    assert_eq!(refusal(&request, &options()), "tool_choice");
}

#[test]
fn case_72_max_tokens_is_always_there() {
    assert_eq!(body(&ask(json!({})))["max_tokens"], 32_000);
    assert_eq!(body(&ask(json!({"max_output_tokens": 9})))["max_tokens"], 9);
    let mut options = options();
    options.messages.max_tokens = 64_000;
    let translated = translate(&ask(json!({})), &options).unwrap();
    assert_eq!(translated.request.max_tokens, Some(64_000));
}

#[test]
fn case_53_efforts_become_budgets() {
    for (effort, max, budget, lost) in [
        ("minimal", 20_000, json!(1_024), ""),
        ("low", 20_000, json!(4_096), ""),
        ("medium", 20_000, json!(8_192), ""),
        ("high", 40_000, json!(16_384), ""),
        ("xhigh", 64_000, json!(24_000), ""),
        ("high", 8_000, json!(6_000), "reasoning.effort;lowered"),
        ("medium", 1_000, Value::Null, "reasoning.effort"),
        ("galactic", 20_000, json!(8_192), "reasoning.effort;lowered"),
    ] {
        let request = ask(json!({"reasoning": {"effort": effort}, "max_output_tokens": max}));
        assert_eq!(
            body(&request)["thinking"]["budget_tokens"],
            budget,
            "{effort}"
        );
        assert_eq!(losses(&request, &options()), lost, "{effort}");
    }
    let off = body(&ask(json!({"reasoning": {"effort": "none"}})));
    assert_eq!(off["thinking"], json!({"type": "disabled"}));
    let silent = body(&ask(json!({"reasoning": {"summary": "auto"}})));
    assert_eq!(silent["thinking"], Value::Null);
}

#[test]
fn case_53_efforts_stay_efforts_where_the_upstream_knows_them() {
    let mut options = options();
    options.messages.thinking = ThinkingStyle::Adaptive;
    let request = ask(json!({"reasoning": {"effort": "minimal"}}));
    let translated = translate(&request, &options).unwrap();
    let body = serde_json::to_value(&translated.request).unwrap();
    assert_eq!(body["thinking"], json!({"type": "adaptive"}));
    assert_eq!(body["output_config"], json!({"effort": "low"}));
    assert_eq!(losses(&request, &options), "reasoning.effort;lowered");

    let mut again = translated.request;
    assert!(without_reasoning(&mut again));
    assert!(!without_reasoning(&mut again));

    options.messages.thinking = ThinkingStyle::Never;
    assert_eq!(losses(&request, &options), "reasoning.effort");
}

#[test]
fn case_54_a_forced_call_comes_before_thinking() {
    let request = with_tools(json!({"tool_choice": "required", "reasoning": {"effort": "low"}}));
    assert_eq!(body(&request)["thinking"], Value::Null);
    assert!(losses(&request, &options()).contains("reasoning.effort"));
}

#[test]
fn pain_22_without_the_thought_behind_the_last_call_there_is_no_thinking() {
    let mut request = with_tool(&json!([user("go"), call("c1", "{}"), output("c1", "x")]));
    request["reasoning"] = json!({"effort": "low"});
    assert_eq!(body(&request)["thinking"], Value::Null);
    assert_eq!(losses(&request, &options()), "reasoning.effort");
    request["input"].as_array_mut().unwrap().extend([
        json!({"type": "message", "role": "assistant", "content": "done"}),
        user("thanks"),
    ]);
    assert_eq!(body(&request)["thinking"]["type"], "enabled");
}

#[test]
fn case_55_sampling_is_dropped_by_name_while_the_model_thinks() {
    let request =
        ask(json!({"temperature": 0.2, "top_p": 0.5, "top_k": 3, "reasoning": {"effort": "low"}}));
    let body = body(&request);
    assert_eq!(
        (&body["temperature"], &body["top_p"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(losses(&request, &options()), "temperature, top_p, top_k");
    let plain = super::body(&ask(json!({"temperature": 1.5, "top_p": 0.5, "top_k": 3})));
    assert_eq!(
        (&plain["temperature"], &plain["top_p"], &plain["top_k"]),
        (&json!(1.0), &json!(0.5), &json!(3))
    );
}

#[test]
fn case_72_options_are_mapped_dropped_by_name_or_refused() {
    let request = ask(json!({
        "stop": ["END", " "], "user": "u1", "service_tier": "default", "seed": 4, "presence_penalty": 0.1,
        "logit_bias": {"1": 1}, "metadata": {"a": "b"}, "truncation": "auto", "top_logprobs": 2, "max_tool_calls": 3,
        "text": {"verbosity": "low"}, "include": ["reasoning.encrypted_content", "file_search_call.results"],
        "store": true, "client_metadata": {"k": "v"}, "prompt_cache_key": "k", "n": 1, "background": false,
        "stream_options": {}, "new_field": 1,
    }));
    let body = body(&request);
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(body["metadata"], json!({"user_id": "u1"}));
    assert_eq!(body["service_tier"], "standard_only");
    let mut lost: Vec<String> = losses(&request, &options())
        .split(", ")
        .map(str::to_owned)
        .collect();
    lost.sort();
    assert_eq!(
        lost,
        [
            "client_metadata",
            "include.file_search_call.results",
            "logit_bias",
            "max_tool_calls",
            "metadata",
            "new_field",
            "presence_penalty",
            "seed",
            "stop",
            "store",
            "text.verbosity",
            "top_logprobs",
            "truncation",
        ]
    );
    for (field, value) in [
        ("n", json!(2)),
        ("background", json!(true)),
        ("conversation", json!("c")),
        ("prompt", json!({"id": "p"})),
        ("previous_response_id", json!("resp_1")),
        ("stop", json!(7)),
    ] {
        assert_eq!(refusal(&ask(json!({field: value})), &options()), field);
    }
}

#[test]
fn case_72_a_format_is_kept_by_a_forced_call() {
    let format = json!({"type": "json_schema", "name": "answer", "schema": {"type": "object", "properties": {}}});
    let request = ask(json!({"text": {"format": format}}));
    let body = body(&request);
    assert_eq!(body["tools"][0]["name"], "answer");
    assert_eq!(body["tools"][0]["input_schema"], format["schema"]);
    assert_eq!(
        body["tool_choice"],
        json!({"type": "tool", "name": "answer", "disable_parallel_tool_use": true})
    );

    let beside_tools = with_tools(json!({"text": {"format": format}}));
    assert_eq!(refusal(&beside_tools, &options()), "text.format");
    let mut never = options();
    never.messages.structured = Structured::Refused;
    assert_eq!(refusal(&request, &never), "text.format");

    let mut native = options();
    native.messages.structured = Structured::Native;
    let translated = translate(&beside_tools, &native).unwrap();
    let body = serde_json::to_value(translated.request).unwrap();
    assert_eq!(
        body["output_config"]["format"],
        json!({"type": "json_schema", "schema": format["schema"]})
    );
}

#[test]
fn cache_marks_stand_where_prefixes_end() {
    let mut request = with_tool(&json!([user("a"), call("c1", "{}"), output("c1", "x")]));
    request["instructions"] = json!("rules");
    let marks = |request: &Value| -> Vec<String> {
        let body = serde_json::to_value(translate(request, &options()).unwrap().request).unwrap();
        let mut found = Vec::new();
        let mut look = |name: &str, blocks: &Value| {
            for (at, block) in blocks.as_array().unwrap().iter().enumerate() {
                if block["cache_control"] == json!({"type": "ephemeral"}) {
                    found.push(format!("{name}[{at}]"));
                }
            }
        };
        look("tools", &body["tools"]);
        look("system", &body["system"]);
        for (at, message) in body["messages"].as_array().unwrap().iter().enumerate() {
            look(&format!("messages[{at}]"), &message["content"]);
        }
        found
    };
    assert_eq!(
        marks(&request),
        ["tools[0]", "system[0]", "messages[0][0]", "messages[2][0]"]
    );
    request["input"][0]["content"][0]["cache_control"] = json!({"type": "ephemeral"});
    assert_eq!(marks(&request), ["messages[0][0]"]);
}

#[test]
fn a_client_may_set_four_cache_marks() {
    let marked: Vec<Value> = (0..6)
        .map(|n| json!({"type": "input_text", "text": format!("{n}"), "cache_control": {"type": "ephemeral", "ttl": "1h"}}))
        .collect();
    let request = ask(json!({"input": [{"type": "message", "role": "user", "content": marked}]}));
    let body = body(&request);
    let held = body["messages"][0]["content"].as_array().unwrap();
    let held: Vec<bool> = held
        .iter()
        .map(|it| it["cache_control"]["ttl"] == "1h")
        .collect();
    assert_eq!(held, [false, false, true, true, true, true]);
    let translated = translate(&request, &options()).unwrap();
    let loss = translated.losses.iter().next().unwrap();
    assert_eq!(
        (loss.path.as_str(), loss.action, loss.count),
        ("cache_control", LossAction::Dropped, 2)
    );
}
