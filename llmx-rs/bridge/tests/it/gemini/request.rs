//! Tools, choices, options, thinking and formats of a request.

use llmx_bridge::gemini::{SchemaStyle, ThinkingStyle, without_reasoning};
use serde_json::{Value, json};

use super::{body, losses, options, refusal, translate};

fn ask(more: Value) -> Value {
    let mut request = json!({"model": "m", "input": "hi"});
    request
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    request
}

fn tools() -> Value {
    json!([
        {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object",
            "properties": {"a": {"type": "integer", "exclusiveMinimum": 0}}, "additionalProperties": false}},
        {"type": "custom", "name": "apply_patch"},
        {"type": "function", "name": "now"},
        {"type": "namespace", "name": "mcp__calc", "tools": [{"type": "function", "name": "add", "parameters": {}}]},
    ])
}

#[test]
fn case_30_schemas_are_lowered_and_the_loss_is_named() {
    let request = ask(json!({"tools": tools()}));
    let declared = &body(&request)["tools"][0]["functionDeclarations"];
    assert_eq!(
        declared[0],
        json!({"name": "f", "description": "d", "parameters": {"type": "OBJECT",
            "properties": {"a": {"type": "INTEGER", "description": "(exclusiveMinimum: 0)"}},
            "description": "(additionalProperties: false)"}})
    );
    assert_eq!(declared[1]["parameters"]["required"], json!(["input"]));
    assert_eq!(declared[2], json!({"name": "now"}));
    assert_eq!(declared[3]["name"], "mcp__calc__add");
    assert_eq!(
        losses(&request, &options()),
        "tools[].function.parameters;lowered"
    );

    let mut exact = options();
    exact.gemini.schemas = SchemaStyle::Json;
    let translated = translate(&request, &exact).unwrap();
    assert!(translated.losses.is_empty());
    let declared = &translated.request.tools[0].function_declarations[0];
    assert_eq!(
        declared.parameters_json_schema,
        Some(tools()[0]["parameters"].clone())
    );
}

#[test]
fn case_27_and_28_every_choice_of_tools_is_translated() {
    for (choice, expected) in [
        (Value::Null, Value::Null),
        (json!("auto"), json!({"mode": "AUTO"})),
        (json!("none"), json!({"mode": "NONE"})),
        (json!("required"), json!({"mode": "ANY"})),
        (
            json!({"type": "function", "name": "f"}),
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ),
        (
            json!({"type": "function", "namespace": "mcp__calc", "name": "add"}),
            json!({"mode": "ANY", "allowedFunctionNames": ["mcp__calc__add"]}),
        ),
    ] {
        let body = body(&ask(json!({"tools": tools(), "tool_choice": choice})));
        assert_eq!(
            body["toolConfig"]["functionCallingConfig"], expected,
            "{choice}"
        );
    }
    let request = ask(json!({"tools": tools(), "parallel_tool_calls": false}));
    assert!(losses(&request, &options()).contains("parallel_tool_calls"));
    let request =
        ask(json!({"tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}}));
    assert_eq!(refusal(&request, &options()), "tool_choice");
}

#[test]
fn case_53_efforts_become_budgets_or_levels() {
    for (effort, budget, level, lost) in [
        ("none", 0, "MINIMAL", "reasoning.effort;lowered"),
        ("low", 4_096, "LOW", ""),
        ("high", 16_384, "HIGH", ""),
        ("xhigh", 24_576, "HIGH", "reasoning.effort;lowered"),
    ] {
        let request = ask(json!({"reasoning": {"effort": effort}}));
        let config = &body(&request)["generationConfig"]["thinkingConfig"];
        assert_eq!(config["thinkingBudget"], budget);
        let mut by_level = options();
        by_level.gemini.thinking = ThinkingStyle::Level;
        let mut translated = translate(&request, &by_level).unwrap();
        let config = serde_json::to_value(&translated.request).unwrap();
        assert_eq!(
            config["generationConfig"]["thinkingConfig"]["thinkingLevel"],
            level
        );
        assert_eq!(losses(&request, &by_level), lost);
        assert!(without_reasoning(&mut translated.request));
        assert!(!without_reasoning(&mut translated.request));
    }
    let mut never = options();
    never.gemini.thinking = ThinkingStyle::Never;
    assert_eq!(
        losses(&ask(json!({"reasoning": {"effort": "low"}})), &never),
        "reasoning.effort"
    );
    let shown = body(&ask(json!({"reasoning": {"summary": "auto"}})));
    assert_eq!(
        shown["generationConfig"]["thinkingConfig"],
        json!({"includeThoughts": true})
    );
}

#[test]
fn case_72_options_are_mapped_dropped_by_name_or_refused() {
    let request = ask(json!({
        "temperature": 0.5, "top_p": 0.5, "top_k": 3, "max_output_tokens": 9, "stop": "END", "seed": 4,
        "presence_penalty": 0.5, "frequency_penalty": 0.5, "user": "u", "metadata": {"a": "b"}, "top_logprobs": 2,
        "store": true, "service_tier": "flex", "prompt_cache_key": "k", "truncation": "auto",
        "text": {"verbosity": "low"}, "include": ["reasoning.encrypted_content"], "new_field": 1,
    }));
    assert_eq!(
        body(&request)["generationConfig"],
        json!({"temperature": 0.5, "topP": 0.5, "topK": 3, "maxOutputTokens": 9, "stopSequences": ["END"], "seed": 4,
            "presencePenalty": 0.5, "frequencyPenalty": 0.5})
    );
    let mut lost: Vec<String> = losses(&request, &options())
        .split(", ")
        .map(str::to_owned)
        .collect();
    lost.sort();
    assert_eq!(
        lost,
        [
            "metadata",
            "new_field",
            "service_tier",
            "store",
            "text.verbosity",
            "top_logprobs",
            "truncation",
            "user"
        ]
    );
    for (field, value) in [
        ("n", json!(2)),
        ("background", json!(true)),
        ("previous_response_id", json!("resp_1")),
        ("seed", json!("x")),
    ] {
        assert_eq!(refusal(&ask(json!({field: value})), &options()), field);
    }
}

#[test]
fn case_72_a_format_becomes_a_schema_of_the_answer() {
    let format = json!({"type": "json_schema", "name": "a", "schema": {"type": "object", "properties": {"x": {"const": 1}}}});
    let request = ask(json!({"text": {"format": format}}));
    let body = body(&request);
    assert_eq!(
        body["generationConfig"]["responseMimeType"],
        "application/json"
    );
    assert_eq!(
        body["generationConfig"]["responseSchema"]["properties"]["x"]["description"],
        "(one of 1)"
    );
    assert_eq!(losses(&request, &options()), "text.format.schema;lowered");
    let beside_tools = ask(json!({"text": {"format": format}, "tools": tools()}));
    assert_eq!(refusal(&beside_tools, &options()), "text.format");
    let mut newer = options();
    newer.gemini.formats_beside_tools = true;
    newer.gemini.schemas = SchemaStyle::Json;
    let config = translate(&beside_tools, &newer)
        .unwrap()
        .request
        .generation_config
        .unwrap();
    assert_eq!(config.response_json_schema, Some(format["schema"].clone()));
}

#[test]
fn the_model_and_the_stream_stand_beside_the_body() {
    let mut renamed = options();
    renamed.model = Some("gemini-y".to_owned());
    let translated = translate(&ask(json!({"stream": true})), &renamed).unwrap();
    assert_eq!(
        (translated.model.as_str(), translated.streams),
        ("gemini-y", true)
    );
}
