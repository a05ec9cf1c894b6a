//! The conversation: turns, calls, results, thoughts, media.

use llmx_bridge::SystemMerge;
use serde_json::{Value, json};

use super::{
    body, losses, options, redacted, refusal, response, text, thinking, tool_use, translate,
};

#[test]
fn case_36_turns_alternate_and_results_come_first() {
    let items = json!([
        user("go"),
        user("now"),
        call("c1", "{}"),
        call("c2", "{\"a\":1}"),
        user("meanwhile"),
        output("c2", "two"),
        output("c1", "one"),
    ]);
    assert_eq!(
        messages(&items),
        json!([
            {"role": "user", "content": [words("go"), words("now")]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
                {"type": "tool_use", "id": "c2", "name": "f", "input": {"a": 1}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": [words("one")]},
                {"type": "tool_result", "tool_use_id": "c2", "content": [words("two")]},
                words("meanwhile"),
            ]},
        ])
    );
}

#[test]
fn case_37_one_turn_of_the_model_is_one_message() {
    let items = json!([
        user("go"),
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "first"}]},
        call("c1", "{}"),
        output("c1", "one"),
        {"type": "message", "role": "assistant", "content": "second"},
        user("more"),
    ]);
    let messages = messages(&items);
    let roles: Vec<&str> = messages
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "user"]);
    assert_eq!(messages[1]["content"][0], words("first"));
    assert_eq!(messages[1]["content"][1]["type"], "tool_use");
}

#[test]
fn case_39_a_call_without_a_result_gets_one_and_a_result_without_a_call_becomes_words() {
    let items = json!([
        user("go"),
        call("c1", "{}"),
        user("stop"),
        output("c9", "late")
    ]);
    let messages = messages(&items);
    let turn = &messages[2]["content"];
    assert_eq!(turn[0]["tool_use_id"], "c1");
    assert_eq!(turn[0]["is_error"], true);
    assert_eq!(turn[1], words("stop"));
    assert_eq!(turn[3], words("late"));
    assert_eq!(
        losses(&with_tool(&items), &options()),
        "input[].call_id;lowered"
    );
}

#[test]
fn case_08_names_of_calls_that_repeat_are_told_apart() {
    let items = json!([
        user("go"),
        call("0", "{}"),
        output("0", "a"),
        call("0", "{}"),
        output("0", "b"),
    ]);
    let messages = messages(&items);
    assert_eq!(messages[3]["content"][0]["id"], "0_2");
    assert_eq!(messages[4]["content"][0]["tool_use_id"], "0_2");
    assert_eq!(messages[4]["content"][0]["content"][0], words("b"));
}

#[test]
fn case_45_nothing_empty_is_sent() {
    let items = json!([
        user("go"),
        {"type": "message", "role": "assistant", "content": ""},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": " \n"}]},
        {"type": "message", "role": "user", "content": []},
        call("c1", ""),
        output("c1", ""),
    ]);
    assert_eq!(
        messages(&items),
        json!([
            {"role": "user", "content": [words("go")]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1"}]},
        ])
    );
}

#[test]
fn case_46_a_failed_tool_says_so() {
    for flag in [json!({"is_error": true}), json!({"success": false})] {
        let mut failed = output("c1", "boom");
        failed
            .as_object_mut()
            .unwrap()
            .extend(flag.as_object().unwrap().clone());
        let messages = messages(&json!([user("go"), call("c1", "{}"), failed]));
        assert_eq!(messages[2]["content"][0]["is_error"], true);
    }
}

#[test]
fn seed_23_arguments_that_are_no_object_survive_as_words() {
    let items = json!([
        user("go"),
        call("c1", "{\"a\":"),
        output("c1", "cut off"),
        call("c2", "[1]"),
        output("c2", "x")
    ]);
    let messages = messages(&items);
    let said = messages[1]["content"][0]["text"].as_str().unwrap();
    assert!(said.contains("`f`") && said.contains("{\"a\":"), "{said}");
    assert_eq!(messages[2]["content"][1], words("cut off"));
    assert!(
        messages[3]["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("[1]")
    );
}

#[test]
fn case_24_a_free_form_call_goes_back_as_its_wrapped_input() {
    let items = json!([
        user("go"),
        {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": "*** \"x\""},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "done"}]},
    ]);
    let messages = messages(&items);
    assert_eq!(
        messages[1]["content"][0]["input"],
        json!({"input": "*** \"x\""})
    );
    assert_eq!(messages[2]["content"][0]["content"][0], words("done"));
}

#[test]
fn case_33_words_of_the_program_go_where_the_policy_says() {
    let items = json!([
        developer("rules"),
        user("go"),
        developer("new rules"),
        user("on")
    ]);
    let request = json!({"model": "m", "instructions": "be brief", "input": items});
    let with = |system: SystemMerge| {
        let mut options = options();
        options.system = system;
        options.messages.cache = false;
        serde_json::to_value(translate(&request, &options).unwrap().request).unwrap()
    };
    let marked = |text: &str| words(&format!("<system_message>\n{text}\n</system_message>"));

    let fold = with(SystemMerge::Fold);
    assert_eq!(fold["system"], json!([words("be brief"), words("rules")]));
    assert_eq!(
        fold["messages"][0]["content"],
        json!([words("go"), marked("new rules"), words("on")])
    );

    let hoist = with(SystemMerge::Hoist);
    assert_eq!(
        hoist["system"],
        json!([words("be brief"), words("rules"), words("new rules")])
    );
    assert_eq!(
        hoist["messages"][0]["content"],
        json!([words("go"), words("on")])
    );

    let inline = with(SystemMerge::Inline);
    assert_eq!(
        inline["messages"][1],
        json!({"role": "system", "content": [words("new rules")]})
    );
    assert_eq!(
        inline["messages"][2],
        json!({"role": "user", "content": [words("on")]})
    );

    let as_user = with(SystemMerge::AsUser);
    assert_eq!(as_user["system"], Value::Null);
    assert_eq!(
        as_user["messages"][0]["content"],
        json!([
            marked("be brief"),
            marked("rules"),
            words("go"),
            marked("new rules"),
            words("on")
        ])
    );
}

#[test]
fn case_40_items_of_other_servers_are_refused_lost_by_name_or_told() {
    for kind in [
        "item_reference",
        "compaction",
        "compaction_trigger",
        "computer_call",
    ] {
        let items = json!([user("go"), {"type": kind, "id": "x"}]);
        assert_eq!(
            refusal(&with_tool(&items), &options()),
            format!("input[1].{kind}")
        );
    }
    let items = json!([user("go"), {"type": "web_search_call", "id": "ws"}, {"type": "message", "role": "assistant", "content": "found"}, user("on")]);
    assert_eq!(
        losses(&with_tool(&items), &options()),
        "input[].web_search_call"
    );
    let items = json!([user("go"), {"type": "mcp_call", "id": "x", "name": "add", "output": "3"}, user("on")]);
    let told = &messages(&items)[1]["content"][0]["text"];
    assert_eq!(told, "[mcp_call: {\"name\":\"add\",\"output\":\"3\"}]");
}

#[test]
fn case_44_a_conversation_that_ends_with_the_model_is_refused() {
    let items =
        json!([user("go"), {"type": "message", "role": "assistant", "content": "The answer is"}]);
    assert_eq!(refusal(&with_tool(&items), &options()), "input");
}

#[test]
fn a_conversation_that_begins_with_the_model_is_given_a_beginning() {
    let items = json!([{"type": "message", "role": "assistant", "content": "Hello"}, user("hi")]);
    assert_eq!(messages(&items)[0]["role"], "user");
    assert_eq!(losses(&with_tool(&items), &options()), "input;lowered");
}

#[test]
fn case_48_a_text_is_a_conversation() {
    let body = body(&json!({"model": "m", "input": "hi"}));
    assert_eq!(
        body["messages"],
        json!([{"role": "user", "content": [words("hi")]}])
    );
    for input in [json!([]), json!(" \n")] {
        assert_eq!(
            refusal(&json!({"model": "m", "input": input}), &options()),
            "input"
        );
    }
}

#[test]
fn a_conversation_of_the_program_alone_is_asked_as_the_client() {
    let body = body(&json!({"model": "m", "input": [developer("say hi")]}));
    assert_eq!(body["messages"][0]["role"], "user");
    assert_eq!(body["system"], Value::Null);
}

#[test]
fn case_47_media_go_where_messages_has_a_place() {
    let parts = json!([
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "high"},
        {"type": "input_image", "image_url": "https://x/y.png"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"},
        {"type": "input_file", "file_url": "https://x/y.pdf"},
    ]);
    let items = json!([{"type": "message", "role": "user", "content": parts}]);
    assert_eq!(
        messages(&items)[0]["content"],
        json!([
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            {"type": "document", "title": "a.pdf",
             "source": {"type": "base64", "media_type": "application/pdf", "data": "BBBB"}},
            {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}},
        ])
    );
    assert_eq!(
        losses(&with_tool(&items), &options()),
        "input[].content[].detail"
    );
}

#[test]
fn case_47_what_has_no_place_is_refused_by_name() {
    for part in [
        json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}),
        json!({"type": "input_image", "file_id": "file_1"}),
        json!({"type": "input_image", "image_url": "data:image/tiff;base64,AA"}),
        json!({"type": "input_image", "image_url": "gs://bucket/x"}),
        json!({"type": "input_file", "file_id": "file_1"}),
        json!({"type": "input_file", "filename": "a.doc", "file_data": "data:application/msword;base64,AA"}),
    ] {
        let items = json!([user("go"), {"type": "message", "role": "user", "content": [part]}]);
        assert_eq!(
            refusal(&with_tool(&items), &options()),
            "input[1].content[0]",
            "{part}"
        );
    }
}

#[test]
fn pain_06_a_picture_from_a_tool_stays_a_picture() {
    let items = json!([user("look"), call("c1", "{}"), {"type": "function_call_output", "call_id": "c1", "output": [
        {"type": "input_text", "text": "screen"},
        {"type": "input_image", "image_url": "data:image/webp;base64,AA"},
    ]}]);
    let content = &messages(&items)[2]["content"][0]["content"];
    assert_eq!(content[0], words("screen"));
    assert_eq!(content[1]["source"]["media_type"], "image/webp");
}

#[test]
fn case_50_thoughts_go_back_unaltered_and_in_place() {
    let request = with_tool(&json!([user("go")]));
    let blocks = [
        thinking(&["let me ", "see \"é\""], "c2lnbmF0dXJl"),
        redacted("b3BhcXVl"),
        text(&["ok"]),
        tool_use("c1", "f", &["{}"]),
    ];
    let answered = response(
        super::context(&request),
        &super::answer(&blocks, "tool_use"),
    );
    let mut items = vec![user("go")];
    items.extend(answered["output"].as_array().unwrap().clone());
    items.push(output("c1", "done"));
    assert_eq!(
        messages(&json!(items))[1]["content"],
        json!([
            {"type": "thinking", "thinking": "let me see \"é\"", "signature": "c2lnbmF0dXJl"},
            {"type": "redacted_thinking", "data": "b3BhcXVl"},
            words("ok"),
            {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
        ])
    );
}

#[test]
fn case_51_a_thought_of_another_model_is_dropped_and_reported() {
    let request = with_tool(&json!([user("go")]));
    let blocks = [thinking(&["hm"], "sig"), text(&["ok"])];
    let answered = response(
        super::context(&request),
        &super::answer(&blocks, "end_turn"),
    );
    let mut items = vec![user("go")];
    items.extend(answered["output"].as_array().unwrap().clone());
    items.push(user("on"));
    let mut elsewhere = options();
    elsewhere.model = Some("another".to_owned());
    let request = with_tool(&json!(items));
    let translated = translate(&request, &elsewhere).unwrap();
    assert_eq!(losses(&request, &elsewhere), "input[].reasoning");
    let mut unwanted = options();
    unwanted.replay_reasoning = false;
    assert_eq!(losses(&request, &unwanted), "input[].reasoning");
    let body = serde_json::to_value(translated.request).unwrap();
    assert_eq!(body["messages"][1]["content"][0]["text"], "ok");
    assert_eq!(losses(&request, &options()), "");
}

#[test]
fn case_52_a_thought_without_a_signature_is_never_forged() {
    for reasoning in [
        json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}),
        json!({"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}),
    ] {
        let items = json!([user("go"), reasoning, {"type": "message", "role": "assistant", "content": "ok"}, user("on")]);
        assert_eq!(losses(&with_tool(&items), &options()), "input[].reasoning");
        assert_eq!(messages(&items)[1]["content"], json!([words("ok")]));
    }
}

#[test]
fn a_thought_after_which_nothing_was_said_is_left_out() {
    let request = with_tool(&json!([user("go")]));
    let blocks = [thinking(&["hm"], "sig")];
    let answered = response(
        super::context(&request),
        &super::answer(&blocks, "max_tokens"),
    );
    let mut items = vec![user("go")];
    items.extend(answered["output"].as_array().unwrap().clone());
    items.push(user("on"));
    assert_eq!(
        messages(&json!(items)),
        json!([{"role": "user", "content": [words("go"), words("on")]}])
    );
}

#[test]
fn calls_in_a_conversation_without_tools_are_declared() {
    let items = json!([
        user("go"),
        call("c1", "{}"),
        output("c1", "x"),
        user("sum up")
    ]);
    let body = body(&json!({"model": "m", "input": items, "tools": []}));
    assert_eq!(
        body["tools"],
        json!([{"name": "f", "input_schema": {"type": "object"}}])
    );
    assert_eq!(body["tool_choice"], json!({"type": "none"}));
}

fn messages(items: &Value) -> Value {
    let mut body = body(&with_tool(items));
    body["messages"].take()
}

pub(super) fn with_tool(items: &Value) -> Value {
    json!({"model": "m", "input": items, "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]})
}

pub(super) fn words(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

pub(super) fn user(text: &str) -> Value {
    json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]})
}

pub(super) fn developer(text: &str) -> Value {
    json!({"type": "message", "role": "developer", "content": [{"type": "input_text", "text": text}]})
}

pub(super) fn call(id: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "call_id": id, "name": "f", "arguments": arguments})
}

pub(super) fn output(id: &str, text: &str) -> Value {
    json!({"type": "function_call_output", "call_id": id, "output": text})
}
