//! The Gemini types lose nothing, keep what they do not know, and read both spellings of names.

use llmx_wire::gemini::{
    Candidate, Content, ErrorBody, FinishReason, Mode, ModelList, Part, Request, Response,
    TokenCount, Tool, UsageMetadata,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::lossless::{json_value, merged, round_trip, unknown_fields};

#[test]
fn a_request_of_a_coding_agent_survives_the_round_trip() {
    let parsed: Request = round_trip(&json!({
        "systemInstruction": {"parts": [{"text": "rules"}]},
        "tools": [
            {"functionDeclarations": [
                {"name": "read", "description": "d", "parametersJsonSchema": {"type": "object"}},
                {"name": "write", "parameters": {"type": "OBJECT"}, "behavior": "BLOCKING"},
            ]},
            {"googleSearch": {}},
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["read"]}},
        "generationConfig": {
            "temperature": 0.5, "topP": 0.95, "topK": 64, "candidateCount": 1, "maxOutputTokens": 9,
            "stopSequences": ["END"], "seed": -3, "presencePenalty": 0.5, "frequencyPenalty": 0.5,
            "responseMimeType": "application/json", "responseJsonSchema": {"type": "OBJECT"},
            "responseLogprobs": true, "logprobs": 2, "responseModalities": ["TEXT"],
            "thinkingConfig": {"includeThoughts": true, "thinkingLevel": "HIGH", "thinkingBudget": -1},
        },
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "cachedContent": "cachedContents/1", "labels": {"a": "b"},
        "contents": [
            {"role": "user", "parts": [
                {"text": "look"},
                {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "https://x/f"}},
            ]},
            {"role": "model", "parts": [
                {"text": "hm", "thought": true},
                {"functionCall": {"id": "c1", "name": "read", "args": {"p": 1}}, "thoughtSignature": "c2ln"},
                {"executableCode": {"language": "PYTHON", "code": "1"}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "c1", "name": "read", "response": {"output": "ok"},
                    "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}},
            ]},
        ],
    }));
    let config = parsed.tool_config.unwrap().function_calling_config.unwrap();
    assert_eq!(config.mode, Some(Mode::Any));
    assert!(parsed.tools[1].extra.contains_key("googleSearch"));
    let call = &parsed.contents[1].parts[1];
    assert_eq!(call.thought_signature.as_deref(), Some("c2ln"));
    assert!(call.function_call.is_some() && call.text.is_none());
}

#[test]
fn names_in_snake_case_are_read_too() {
    let snake = json!({
        "system_instruction": {"parts": [{"text": "s"}]},
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {}}]}],
        "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
        "generation_config": {"top_k": 4, "max_output_tokens": 5, "thinking_config": {"thinking_budget": 0}},
        "contents": [{"parts": [
            {"inline_data": {"mime_type": "image/png", "data": "AA=="}},
            {"function_call": {"name": "f"}, "thought_signature": "s"},
        ]}],
    });
    let parsed: Request = serde_json::from_value(snake).unwrap();
    let camel = json!({
        "systemInstruction": {"parts": [{"text": "s"}]},
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"topK": 4, "maxOutputTokens": 5, "thinkingConfig": {"thinkingBudget": 0}},
        "contents": [{"parts": [
            {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
            {"functionCall": {"name": "f"}, "thoughtSignature": "s"},
        ]}],
    });
    assert_eq!(serde_json::to_value(&parsed).unwrap(), camel);
}

#[test]
fn every_chunk_of_a_stream_survives_the_round_trip() {
    for chunk in chunks() {
        round_trip::<Response>(&chunk);
    }
}

#[test]
fn odd_counters_do_not_break_a_stream() {
    let usage = |usage: Value| {
        let chunk = json!({"usageMetadata": usage});
        serde_json::from_value::<Response>(chunk)
            .unwrap()
            .usage_metadata
    };
    let odd = usage(json!({"promptTokenCount": "10", "totalTokenCount": 15.0})).unwrap();
    assert_eq!(odd.prompt_token_count, Some(10));
    assert_eq!(odd.total_token_count, Some(15));
    assert_eq!(usage(json!([])), None);
}

#[test]
fn every_finish_reason_is_kept() {
    for (text, reason) in [
        ("STOP", FinishReason::Stop),
        ("MAX_TOKENS", FinishReason::MaxTokens),
        ("SPII", FinishReason::Spii),
        (
            "MALFORMED_FUNCTION_CALL",
            FinishReason::MalformedFunctionCall,
        ),
        ("UNEXPECTED_TOOL_CALL", FinishReason::UnexpectedToolCall),
        ("TOO_MANY_TOOL_CALLS", FinishReason::TooManyToolCalls),
        ("OTHER", FinishReason::Other),
        ("BORED", FinishReason::Unknown("BORED".to_owned())),
    ] {
        assert_eq!(round_trip::<FinishReason>(&json!(text)), reason);
    }
}

#[test]
fn an_error_in_a_stream_keeps_its_status() {
    let chunk: Response = serde_json::from_value(json!({
        "error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"},
    }))
    .unwrap();
    let fault = chunk.fault().unwrap();
    assert_eq!(
        (fault.message, fault.code, fault.kind),
        (
            "busy".to_owned(),
            Some("503".to_owned()),
            Some("UNAVAILABLE".to_owned())
        )
    );
    assert_eq!(Response::default().fault(), None);
}

#[test]
fn errors_counts_and_models_survive_the_round_trip() {
    round_trip::<ErrorBody>(&json!({"error": {"code": 400, "message": "no",
        "status": "INVALID_ARGUMENT", "details": [{"@type": "t"}]}}));
    round_trip::<TokenCount>(&json!({"totalTokens": 4, "cachedContentTokenCount": 1}));
    let models: ModelList = round_trip(&json!({
        "models": [{"name": "models/m", "displayName": "M", "inputTokenLimit": 10,
            "outputTokenLimit": 5, "supportedGenerationMethods": ["generateContent"], "thinking": true}],
        "nextPageToken": "t",
    }));
    assert_eq!(models.models[0].output_token_limit, Some(5));
}

proptest! {
    /// Whatever else an object holds, reading and writing it changes nothing.
    #[test]
    fn unknown_fields_are_kept(extra in unknown_fields()) {
        for part in parts() {
            let part = merged(part, &extra);
            round_trip::<Part>(&part);
            round_trip::<Content>(&merged(json!({"role": "user", "parts": [part]}), &extra));
        }
        round_trip::<Request>(&merged(json!({"contents": []}), &extra));
        round_trip::<Tool>(&merged(json!({"functionDeclarations": [merged(json!({"name": "f"}), &extra)]}), &extra));
        round_trip::<Candidate>(&merged(json!({"finishReason": "STOP"}), &extra));
        round_trip::<UsageMetadata>(&merged(json!({"promptTokenCount": 1}), &extra));
        for chunk in chunks() {
            round_trip::<Response>(&merged(chunk, &extra));
        }
    }

    /// Data from a hostile server is a value or an error, never a panic.
    #[test]
    fn arbitrary_data_never_panics(text in ".{0,80}", value in json_value()) {
        let _ = serde_json::from_str::<Response>(&text).is_ok();
        for chunk in chunks() {
            for field in ["candidates", "usageMetadata", "promptFeedback", "error", "responseId"] {
                let mut chunk = chunk.clone();
                chunk[field] = value.clone();
                if let Ok(response) = serde_json::from_value::<Response>(chunk) {
                    drop(response.fault());
                }
            }
        }
    }
}

fn parts() -> Vec<Value> {
    vec![
        json!({"text": "t"}),
        json!({"text": "t", "thought": true, "thoughtSignature": "s"}),
        json!({"inlineData": {"mimeType": "image/png", "data": "AA=="}}),
        json!({"fileData": {"fileUri": "u"}}),
        json!({"functionCall": {"name": "f", "args": {}}}),
        json!({"functionResponse": {"name": "f", "response": {"output": 1}}}),
    ]
}

fn chunks() -> Vec<Value> {
    vec![
        json!({"candidates": [{"content": {"role": "model", "parts": parts()}, "index": 0}],
            "usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 5}, "modelVersion": "m", "responseId": "r"}),
        json!({"candidates": [{"content": {"role": "model"}, "finishReason": "STOP", "finishMessage": "done",
            "safetyRatings": []}],
            "usageMetadata": {"promptTokenCount": 5, "cachedContentTokenCount": 3, "candidatesTokenCount": 7,
                "thoughtsTokenCount": 2, "toolUsePromptTokenCount": 1, "totalTokenCount": 15,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 5}]}}),
        json!({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "no", "safetyRatings": []}}),
        json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}),
    ]
}
