//! The conversation: turns, calls, results, signatures, media.

use llmx_bridge::SystemMerge;
use serde_json::{Value, json};

use super::{
    body, call, chunk, context, developer, last, losses, options, output, refusal, response,
    translate, user, with_tool,
};

#[test]
fn case_36_turns_alternate_and_results_come_first() {
    let items = json!([
        user("go"),
        call("c1", "{\"a\":1}"),
        call("c2", ""),
        user("meanwhile"),
        output("c2", "two"),
        output("c1", "one"),
    ]);
    assert_eq!(
        contents(&items),
        json!([
            {"role": "user", "parts": [{"text": "go"}]},
            {"role": "model", "parts": [
                {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}},
                {"functionCall": {"id": "c2", "name": "f", "args": {}}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "c1", "name": "f", "response": {"output": "one"}}},
                {"functionResponse": {"id": "c2", "name": "f", "response": {"output": "two"}}},
                {"text": "meanwhile"},
            ]},
        ])
    );
}

#[test]
fn case_39_a_call_without_a_result_gets_one_and_a_result_without_a_call_becomes_words() {
    let items = json!([
        user("go"),
        call("c1", "{}"),
        output("c9", "late"),
        user("on")
    ]);
    let contents = contents(&items);
    let parts = &contents[2]["parts"];
    assert!(parts[0]["functionResponse"]["response"]["error"].is_string());
    assert_eq!(parts[2], json!({"text": "late"}));
    assert_eq!(
        losses(&with_tool(&items), &options()),
        "input[].call_id;lowered"
    );
}

#[test]
fn case_46_a_failed_tool_says_so() {
    let mut failed = output("c1", "boom");
    failed["is_error"] = json!(true);
    let contents = contents(&json!([user("go"), call("c1", "{}"), failed]));
    assert_eq!(
        contents[2]["parts"][0]["functionResponse"]["response"],
        json!({"error": "boom"})
    );
}

#[test]
fn pain_06_a_picture_from_a_tool_stays_a_picture() {
    let items = json!([user("look"), call("c1", "{}"), {"type": "function_call_output", "call_id": "c1", "output": [
        {"type": "input_text", "text": "screen"}, {"type": "input_image", "image_url": "data:image/png;base64,AA"}]}]);
    let contents = contents(&items);
    let parts = &contents[2]["parts"];
    assert!(
        parts[0]["functionResponse"]["response"]["output"]
            .as_str()
            .unwrap()
            .starts_with("screen\n")
    );
    assert_eq!(
        parts[1],
        json!({"inlineData": {"mimeType": "image/png", "data": "AA"}})
    );
}

#[test]
fn seed_23_arguments_that_are_no_object_survive_as_words() {
    let contents = contents(&json!([
        user("go"),
        call("c1", "{\"a\":"),
        output("c1", "cut off")
    ]));
    assert!(
        contents[1]["parts"][0]["text"]
            .as_str()
            .unwrap()
            .contains("{\"a\":")
    );
    assert_eq!(contents[2]["parts"][1], json!({"text": "cut off"}));
}

#[test]
fn case_33_words_of_the_program_go_where_the_policy_says() {
    let request = json!({"model": "m", "instructions": "be brief",
        "input": [developer("rules"), user("go"), developer("new rules")]});
    let with = |system: SystemMerge| {
        let mut options = options();
        options.system = system;
        serde_json::to_value(translate(&request, &options).unwrap().request).unwrap()
    };
    let marked = "<system_message>\nnew rules\n</system_message>";
    for system in [SystemMerge::Fold, SystemMerge::Inline] {
        let body = with(system);
        assert_eq!(
            body["systemInstruction"]["parts"],
            json!([{"text": "be brief"}, {"text": "rules"}])
        );
        assert_eq!(body["contents"][0]["parts"][1]["text"], marked);
    }
    assert_eq!(
        with(SystemMerge::Hoist)["systemInstruction"]["parts"][2]["text"],
        "new rules"
    );
    let as_user = with(SystemMerge::AsUser);
    assert_eq!(as_user["systemInstruction"], Value::Null);
    assert_eq!(as_user["contents"][0]["parts"].as_array().unwrap().len(), 4);
}

#[test]
fn case_47_media_are_inline_and_what_has_no_place_is_refused_by_name() {
    let items = json!([{"type": "message", "role": "user", "content": [
        {"type": "input_image", "image_url": "data:image/png;base64,AA"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,BB"},
        {"type": "input_audio", "input_audio": {"data": "CC", "format": "wav"}},
    ]}]);
    let types: Vec<Value> = contents(&items)[0]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["inlineData"]["mimeType"].clone())
        .collect();
    assert_eq!(types, ["image/png", "application/pdf", "audio/wav"]);

    let on_the_web = json!([{"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "https://x/y.png"}]}]);
    assert_eq!(
        refusal(&with_tool(&on_the_web), &options()),
        "input[0].content[0]"
    );
    let mut fetching = options();
    fetching.gemini.fetches_media = true;
    let translated = translate(&with_tool(&on_the_web), &fetching)
        .unwrap()
        .request;
    let part = serde_json::to_value(&translated.contents[0].parts[0]).unwrap();
    assert_eq!(part, json!({"fileData": {"fileUri": "https://x/y.png"}}));

    for part in [
        json!({"type": "input_image", "file_id": "f"}),
        json!({"type": "hologram"}),
    ] {
        let items = json!([{"type": "message", "role": "user", "content": [part]}]);
        assert_eq!(
            refusal(&with_tool(&items), &options()),
            "input[0].content[0]"
        );
    }
}

#[test]
fn pain_23_signatures_go_back_on_the_parts_they_belong_to() {
    let request = with_tool(&json!([user("go")]));
    let answered = response(
        context(&request),
        &[
            chunk(json!([{"text": "hm", "thought": true}])),
            chunk(json!([{"text": "I look."}])),
            last(
                json!([
                    {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "first"},
                    {"functionCall": {"id": "c2", "name": "f", "args": {}}},
                ]),
                "STOP",
            ),
        ],
    );
    let mut items = vec![user("go")];
    items.extend(answered["output"].as_array().unwrap().clone());
    items.extend([output("c1", "x"), output("c2", "y")]);
    assert_eq!(
        contents(&json!(items))[1]["parts"],
        json!([
            {"text": "I look."},
            {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "first"},
            {"functionCall": {"id": "c2", "name": "f", "args": {}}},
        ])
    );
}

#[test]
fn pain_23_a_signature_on_words_goes_back_beside_them() {
    let request = with_tool(&json!([user("go")]));
    let answered = response(
        context(&request),
        &[
            chunk(json!([{"text": "Done"}])),
            last(
                json!([{"text": "", "thoughtSignature": "of words"}]),
                "STOP",
            ),
        ],
    );
    let mut items = vec![user("go")];
    items.extend(answered["output"].as_array().unwrap().clone());
    items.push(user("on"));
    assert_eq!(
        contents(&json!(items))[1]["parts"],
        json!([{"text": "Done"}, {"text": "", "thoughtSignature": "of words"}])
    );
}

#[test]
fn case_51_a_signature_of_another_model_is_dropped_and_reported() {
    let request = with_tool(&json!([user("go")]));
    let answered = response(
        context(&request),
        &[last(
            json!([
        {"functionCall": {"id": "c1", "name": "f"}, "thoughtSignature": "s"}]),
            "STOP",
        )],
    );
    let mut items = vec![user("go")];
    items.extend(answered["output"].as_array().unwrap().clone());
    items.push(output("c1", "x"));
    let mut elsewhere = options();
    elsewhere.provider = "another".to_owned();
    let request = with_tool(&json!(items));
    assert_eq!(losses(&request, &elsewhere), "input[].reasoning");
    assert_eq!(losses(&request, &options()), "");
    let translated = translate(&request, &elsewhere).unwrap().request;
    assert_eq!(translated.contents[1].parts[0].thought_signature, None);
}

#[test]
fn case_44_and_48_ends_and_short_forms() {
    let items =
        json!([user("go"), {"type": "message", "role": "assistant", "content": "The answer is"}]);
    assert_eq!(refusal(&with_tool(&items), &options()), "input");
    for input in [json!([]), json!(" \n")] {
        assert_eq!(
            refusal(&json!({"model": "m", "input": input}), &options()),
            "input"
        );
    }
    let body = body(&json!({"model": "m", "input": "hi"}));
    assert_eq!(
        body,
        json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
    );
}

fn contents(items: &Value) -> Value {
    body(&with_tool(items))["contents"].take()
}
