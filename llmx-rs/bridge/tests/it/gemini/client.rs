//! A client of Gemini, such as gemini-cli, in front of the pivot.

use llmx_bridge::decision::Decision;
use llmx_bridge::gemini::{
    GEMINI_TO_RESPONSES, GeminiContext, ResponsesToGemini, error_body, fold_chunks, from_gemini,
    reply, to_gemini,
};
use llmx_bridge::{LossAction, Options, StreamBridge, StreamEnd, UpstreamFault, for_responses};
use llmx_wire::gemini::{Request, Response};
use llmx_wire::responses::StreamEvent;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::stamp;
use crate::laws;

#[test]
fn the_second_turn_of_a_coding_agent_becomes_items() {
    let request = json!({
        "systemInstruction": {"parts": [{"text": "rules"}]},
        "tools": [{"functionDeclarations": [{"name": "read", "description": "d", "parametersJsonSchema": {"type": "object"}},
            {"name": "old", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": true}}}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["read"]}},
        "generationConfig": {"temperature": 1.0, "topP": 0.95, "topK": 64,
            "thinkingConfig": {"includeThoughts": true, "thinkingLevel": "HIGH"}},
        "contents": [
            {"role": "user", "parts": [{"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": "AA=="}}]},
            {"role": "model", "parts": [{"text": "hm", "thought": true}, {"text": "ok"},
                {"functionCall": {"id": "own", "name": "read", "args": {"p": 1}}},
                {"functionCall": {"name": "old", "args": {}}}, {"functionCall": {"name": "old"}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "old", "response": {"error": "no"}}},
                {"functionResponse": {"id": "own", "name": "read", "response": {"output": "yes"}}},
                {"functionResponse": {"name": "old", "response": {"n": 1}}}]},
        ],
    });
    let pivot = pivot(&request);
    assert_eq!(
        pivot["input"],
        json!([
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "rules"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA=="}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "ok"}]},
            {"type": "function_call", "call_id": "own", "name": "read", "arguments": "{\"p\":1}"},
            {"type": "function_call", "call_id": "call_1", "name": "old", "arguments": "{}"},
            {"type": "function_call", "call_id": "call_2", "name": "old", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "no", "is_error": true},
            {"type": "function_call_output", "call_id": "own", "output": "yes"},
            {"type": "function_call_output", "call_id": "call_2", "output": "{\"n\":1}"},
        ])
    );
    assert_eq!(pivot["tools"][0]["parameters"], json!({"type": "object"}));
    assert_eq!(
        pivot["tools"][1]["parameters"]["properties"]["a"],
        json!({"type": ["string", "null"]})
    );
    assert_eq!(
        pivot["tool_choice"],
        json!({"type": "function", "name": "read"})
    );
    assert_eq!(
        pivot["reasoning"],
        json!({"effort": "high", "summary": "auto"})
    );
    assert_eq!(
        (&pivot["model"], &pivot["stream"], &pivot["top_k"]),
        (&json!("m"), &json!(true), &json!(64))
    );
    assert_eq!(losses(&request), "");
}

#[test]
fn options_are_mapped_dropped_by_name_or_refused() {
    let ask = |more: Value| {
        let mut request = json!({"contents": [{"parts": [{"text": "hi"}]}]});
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        request
    };
    let config = |config: Value| ask(json!({"generationConfig": config}));
    let plain = pivot(&config(
        json!({"maxOutputTokens": 9, "stopSequences": ["E"], "seed": 3,
        "responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}}),
    ));
    assert_eq!(
        (&plain["max_output_tokens"], &plain["stop"], &plain["seed"]),
        (&json!(9), &json!(["E"]), &json!(3))
    );
    assert_eq!(plain["text"]["format"]["schema"], json!({"type": "object"}));
    for (budget, effort) in [
        (-1, Value::Null),
        (0, json!("none")),
        (8_192, json!("medium")),
        (30_000, json!("xhigh")),
    ] {
        let request = config(json!({"thinkingConfig": {"thinkingBudget": budget}}));
        assert_eq!(pivot(&request)["reasoning"]["effort"], effort);
    }
    let lost = ask(
        json!({"safetySettings": [{"category": "c"}], "labels": {"a": "b"}, "tools": [{"googleSearch": {}}],
        "generationConfig": {"responseLogprobs": true, "mediaResolution": "HIGH"}}),
    );
    assert_eq!(
        losses(&lost),
        "safetySettings, labels, tools[].googleSearch, generationConfig.responseLogprobs, generationConfig.mediaResolution"
    );
    for (request, path) in [
        (ask(json!({"cachedContent": "c"})), "cachedContent"),
        (
            config(json!({"candidateCount": 2})),
            "generationConfig.candidateCount",
        ),
        (
            config(json!({"responseModalities": ["IMAGE"]})),
            "generationConfig.responseModalities",
        ),
        (
            config(json!({"responseMimeType": "text/x.enum"})),
            "generationConfig.responseMimeType",
        ),
        (
            json!({"contents": [{"parts": [{"fileData": {"fileUri": "gs://x"}}]}]}),
            "contents[0].parts[0]",
        ),
        (
            json!({"contents": [{"parts": [{"functionResponse": {"name": "f"}}]}]}),
            "contents[0].parts[0]",
        ),
    ] {
        let request = serde_json::from_value(request).unwrap();
        let fault = from_gemini("m", false, &request, &Options::default()).unwrap_err();
        assert_eq!(fault.path(), path);
    }
}

#[test]
fn an_answer_is_told_in_chunks() {
    let chunks = stream(&[
        json!({"type": "response.created", "response": {"model": "gpt-x"}}),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "hm"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": {"type": "reasoning", "id": "rs",
            "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gAAA"}}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": call("{\"a\":1}")}),
        json!({"type": "response.output_text.delta", "output_index": 2, "delta": "Hey"}),
        json!({"type": "response.completed", "response": {"status": "completed", "usage": {"input_tokens": 9,
            "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 2}}}}),
    ]);
    let parts: Vec<Value> = chunks
        .iter()
        .map(|chunk| json!(chunk)["candidates"][0]["content"]["parts"][0].clone())
        .collect();
    assert_eq!(parts[0], json!({"text": "hm", "thought": true}));
    assert_eq!(
        parts[1]["functionCall"],
        json!({"id": "c1", "name": "f", "args": {"a": 1}})
    );
    assert!(parts[1]["thoughtSignature"].is_string());
    assert_eq!(parts[2], json!({"text": "Hey"}));
    let last = json!(chunks.last().unwrap());
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert_eq!(
        last["usageMetadata"],
        json!({"promptTokenCount": 9, "cachedContentTokenCount": 4, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 16})
    );
    assert_eq!(last["modelVersion"], "gpt-x");
}

#[test]
fn a_whole_answer_is_the_same_answer_and_carries_reasoning_back() {
    let response = json!({"status": "completed", "model": "gpt-x", "output": [
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gAAA"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hey"}]},
        {"type": "reasoning", "summary": [], "encrypted_content": "gBBB"}, call("{}"),
    ], "usage": {"input_tokens": 3, "output_tokens": 2}});
    let whole = reply(
        serde_json::from_value(response.clone()).unwrap(),
        context(),
        &stamp(),
    )
    .unwrap();
    let events: Vec<Value> = response["output"].as_array().unwrap().iter().enumerate()
        .map(|(index, item)| json!({"type": "response.output_item.done", "output_index": index, "item": item}))
        .chain([json!({"type": "response.completed", "response": response})])
        .collect();
    assert_eq!(fold_chunks(stream(&events)).unwrap(), whole);

    let contents = json!([json!(whole)["candidates"][0]["content"],
        {"role": "user", "parts": [{"functionResponse": {"id": "c1", "name": "f", "response": {"output": "r"}}}]}]);
    let items = pivot(&json!({"contents": contents}))["input"].take();
    assert_eq!(
        items[0],
        json!({"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "gAAA"})
    );
    assert_eq!(items[1]["content"][0]["text"], "Hey");
    assert_eq!(items[2]["encrypted_content"], "gBBB");
    assert_eq!(items[3]["call_id"], "c1");
    let foreign = json!({"contents": [{"role": "model", "parts": [{"text": "a", "thoughtSignature": "c2ln"}]}]});
    assert_eq!(losses(&foreign), "contents[].parts[].thoughtSignature");
}

/// Found by fuzzing: what was told of the full reasoning was taken off its summary.
#[test]
fn a_summary_that_comes_with_the_item_is_told_after_the_full_reasoning() {
    let item = json!({"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "short"}],
        "content": [{"type": "reasoning_text", "text": "long"}]});
    let told = fold_chunks(stream(&[
        json!({"type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "long"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        json!({"type": "response.completed", "response": {"id": "r", "output": [item]}}),
    ]));
    let part = &json!(told.unwrap())["candidates"][0]["content"]["parts"][0];
    assert_eq!(
        (&part["text"], &part["thought"]),
        (&json!("longshort"), &json!(true))
    );
}

#[test]
fn every_end_has_its_reason_or_its_error() {
    for (end, reason) in [
        (json!({"status": "completed"}), "STOP"),
        (
            json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
            "MAX_TOKENS",
        ),
        (
            json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}),
            "SAFETY",
        ),
        (
            json!({"status": "incomplete", "incomplete_details": {"reason": "pause_turn"}}),
            "OTHER",
        ),
    ] {
        let whole = reply(serde_json::from_value(end).unwrap(), context(), &stamp()).unwrap();
        assert_eq!(json!(whole)["candidates"][0]["finishReason"], reason);
    }
    let failed = json!({"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow", "status": 429}});
    let error = reply(serde_json::from_value(failed).unwrap(), context(), &stamp()).unwrap_err();
    assert_eq!(
        json!(error),
        json!({"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED"}})
    );
    let body = error_body(&UpstreamFault::from_answer(
        401,
        br#"{"error":{"message":"bad key"}}"#,
    ));
    assert_eq!(body.error.status, "UNAUTHENTICATED");
    let cut =
        stream(&[json!({"type": "response.output_text.delta", "output_index": 0, "delta": "a"})]);
    assert!(cut.last().unwrap().error.is_some());
}

#[test]
fn a_history_is_stable_from_gemini_to_the_pivot_and_back() {
    let request = json!({
        "systemInstruction": {"parts": [{"text": "rules"}]},
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}}}]}],
        "contents": [
            {"role": "user", "parts": [{"text": "go"}]},
            {"role": "model", "parts": [{"text": "ok"}, {"functionCall": {"id": "t1", "name": "f", "args": {"a": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": {"id": "t1", "name": "f", "response": {"error": "no"}}}, {"text": "on"}]},
        ],
    });
    let parsed = serde_json::from_value(request.clone()).unwrap();
    let translated = from_gemini("m", false, &parsed, &Options::default()).unwrap();
    let back = to_gemini(&translated.request, &Options::default()).unwrap();
    assert!(back.losses.is_empty() && translated.losses.is_empty());
    assert_eq!(json!(back.request), request);
}

#[test]
fn the_code_does_what_each_row_of_the_clients_table_says() {
    for row in GEMINI_TO_RESPONSES {
        let request = serde_json::from_value(sample(row.field)).unwrap();
        let outcome = match from_gemini("m", false, &request, &Options::default()) {
            Err(_) => Decision::Refused,
            Ok(mut translated) => {
                for_responses(&mut translated.request, &mut translated.losses);
                let mut losses = translated.losses.iter();
                match losses.next().map(|loss| loss.action) {
                    None => Decision::Mapped,
                    Some(LossAction::Lowered) => Decision::Lowered,
                    Some(LossAction::Dropped) => Decision::Dropped,
                }
            }
        };
        let expected = match row.decision {
            Decision::Local => Decision::Mapped,
            decision => decision,
        };
        assert_eq!(outcome, expected, "{}", row.field);
    }
}

#[test]
fn every_typed_field_of_the_clients_request_has_a_row() {
    let full: Request = serde_json::from_value(json!({
        "systemInstruction": {}, "tools": [{}], "toolConfig": {}, "safetySettings": [{"category": "c"}],
        "cachedContent": "c", "contents": [],
        "generationConfig": {"temperature": 1.0, "topP": 1.0, "topK": 1, "candidateCount": 1, "maxOutputTokens": 1,
            "stopSequences": ["x"], "seed": 1, "presencePenalty": 1.0, "frequencyPenalty": 1.0, "responseMimeType": "x",
            "responseSchema": {}, "responseJsonSchema": {}, "responseLogprobs": true, "logprobs": 1, "thinkingConfig": {}},
    }))
    .unwrap();
    assert!(full.extra.is_empty());
    let written = json!(full);
    let is_listed = |field: &str| GEMINI_TO_RESPONSES.iter().any(|row| row.field == field);
    for field in written.as_object().unwrap().keys() {
        assert!(is_listed(field), "{field}");
    }
    for field in written["generationConfig"].as_object().unwrap().keys() {
        assert!(is_listed(&format!("generationConfig.{field}")), "{field}");
    }
}

/// A request in which only `field` can be lost.
fn sample(field: &str) -> Value {
    let mut request = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    if let Some(name) = field.strip_prefix("generationConfig.") {
        request["generationConfig"] = json!({name: match name {
            "temperature" | "topP" | "presencePenalty" | "frequencyPenalty" => json!(0.5),
            "responseMimeType" => json!("application/json"),
            "responseSchema" | "responseJsonSchema" => json!({"type": "OBJECT"}),
            "responseLogprobs" => json!(true),
            "thinkingConfig" => json!({"thinkingBudget": 2048}),
            "stopSequences" => json!(["x"]),
            "mediaResolution" => json!("HIGH"),
            "responseModalities" => json!(["IMAGE"]),
            _ => json!(2),
        }});
    } else if let Some(name) = field.strip_prefix("parts[].") {
        let part = match name {
            "text" => json!({"text": "x"}),
            "thought" => json!({"text": "x", "thought": true}),
            "thoughtSignature" => {
                json!({"text": "x", "thoughtSignature": "bGxteHIxOnsiZSI6ImdBQUEifQ=="})
            }
            "inlineData" => json!({"inlineData": {"mimeType": "image/png", "data": "AA=="}}),
            "fileData" => json!({"fileData": {"fileUri": "https://x"}}),
            "functionCall" => json!({"functionCall": {"name": "f"}}),
            "functionResponse" => json!({"functionResponse": {"id": "x", "name": "f"}}),
            name => json!({"text": "x", name: {}}),
        };
        request["contents"] = json!([{"role": "model", "parts": [part]}]);
    } else if let Some(name) = field.strip_prefix("tools[].") {
        let functions = name == "functionDeclarations";
        request["tools"] =
            json!([{name: if functions { json!([{"name": "f"}]) } else { json!({}) }}]);
    } else if field != "contents" {
        request[field] = match field {
            "systemInstruction" => json!({"parts": [{"text": "x"}]}),
            "tools" => json!([{"functionDeclarations": []}]),
            "toolConfig" => json!({"functionCallingConfig": {"mode": "AUTO"}}),
            "generationConfig" => json!({}),
            "safetySettings" => json!([{"category": "c"}]),
            _ => json!("x"),
        };
    }
    request
}

proptest! {
    /// However its events come, an answer has one end, and it is the last chunk.
    #[test]
    fn every_stream_for_the_client_ends_once(picks in prop::collection::vec((0..5_u8, 0..3_u64), 0..20), whole in any::<bool>()) {
        let mut events: Vec<Value> = picks.iter().map(|(kind, place)| match kind {
            0 => json!({"type": "response.output_item.done", "output_index": place, "item": call("{")}),
            1 => json!({"type": "response.output_text.delta", "output_index": place, "delta": "é"}),
            2 => json!({"type": "response.reasoning_summary_text.delta", "output_index": place, "delta": "b"}),
            3 => json!({"type": "response.output_item.done", "output_index": place, "item": {"type": "message", "role": "assistant", "content": "a"}}),
            _ => json!({"type": "response.output_item.done", "output_index": place, "item": {"type": "reasoning", "summary": [], "encrypted_content": "e"}}),
        }).collect();
        if whole {
            events.push(json!({"type": "response.completed", "response": {"status": "completed"}}));
        }
        let out = stream(&events);
        prop_assert_eq!(laws::gemini_stream(&out), Ok(()));
        prop_assert_eq!(out.last().unwrap().error.is_none(), whole);
    }
}

fn stream(events: &[Value]) -> Vec<Response> {
    let mut bridge = ResponsesToGemini::new(context(), &stamp());
    let mut out = Vec::new();
    for event in events {
        let event = StreamEvent::parse(None, &event.to_string()).unwrap();
        bridge.push(event, &mut out).unwrap();
    }
    bridge.finish(StreamEnd::Eof, &mut out);
    out
}

fn context() -> GeminiContext {
    let request = serde_json::from_value(json!({"contents": []})).unwrap();
    from_gemini("m", true, &request, &Options::default())
        .unwrap()
        .context
}

fn pivot(request: &Value) -> Value {
    let request = serde_json::from_value(request.clone()).unwrap();
    json!(
        from_gemini("m", true, &request, &Options::default())
            .unwrap()
            .request
    )
}

fn losses(request: &Value) -> String {
    let request = serde_json::from_value(request.clone()).unwrap();
    let losses = from_gemini("m", true, &request, &Options::default())
        .unwrap()
        .losses;
    losses.header_value().unwrap_or_default()
}

fn call(arguments: &str) -> Value {
    json!({"type": "function_call", "call_id": "c1", "name": "f", "arguments": arguments})
}
