//! Conversations become messages that every server accepts (cases 32 to 48).

use llmx_bridge::SystemMerge;
use serde_json::{Value, json};

use crate::support::{losses, messages, options, request, try_request};

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn developer(text: &str) -> Value {
    json!({"type": "message", "role": "developer", "content": [{"type": "input_text", "text": text}]})
}

fn call(id: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "call_id": id, "name": "f", "arguments": arguments})
}

fn output(id: &str, output: &str) -> Value {
    json!({"type": "function_call_output", "call_id": id, "output": output})
}

/// `role:content` of each message, calls as `+id`, results as `=id`.
fn brief(messages: &Value) -> Vec<String> {
    let one = |message: &Value| {
        let mut brief = message["role"].as_str().unwrap().to_owned();
        if let Some(id) = message["tool_call_id"].as_str() {
            brief.push_str(&format!("={id}"));
        }
        if let Some(text) = message["content"].as_str() {
            brief.push_str(&format!(":{text}"));
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            brief.push_str(&format!("+{}", call["id"].as_str().unwrap()));
        }
        brief
    };
    messages.as_array().unwrap().iter().map(one).collect()
}

#[test]
fn case_32_and_34_leading_system_words_become_one_system_message() {
    let input = json!([developer("a"), {"role": "system", "content": "b"}, user("hi")]);
    let translated = request(input, json!({"instructions": "i"}));
    assert_eq!(
        brief(&json!(translated.request.messages)),
        ["system:i\n\na\n\nb", "user:hi"]
    );
}

#[test]
fn case_33_later_developer_words_follow_the_policy() {
    let input = json!([developer("a"), user("hi"), developer("b")]);
    let with = |system| {
        let options = llmx_bridge::Options {
            system,
            ..options()
        };
        let translated = try_request(input.clone(), json!({}), &options).unwrap();
        brief(&json!(translated.request.messages))
    };
    let marked = |text: &str| format!("user:<system_message>\n{text}\n</system_message>");
    assert_eq!(
        with(SystemMerge::Fold),
        ["system:a".to_owned(), "user:hi".to_owned(), marked("b")]
    );
    assert_eq!(with(SystemMerge::Hoist), ["system:a\n\nb", "user:hi"]);
    assert_eq!(
        with(SystemMerge::Inline),
        ["system:a", "user:hi", "system:b"]
    );
    // Case 35: templates without a system role.
    assert_eq!(
        with(SystemMerge::AsUser),
        [marked("a"), "user:hi".to_owned(), marked("b")]
    );
}

#[test]
fn case_37_one_turn_is_one_message() {
    let messages = messages(json!([
        user("hi"),
        {"role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        call("a", "{}"),
        call("b", ""),
        output("a", "1"),
        output("b", "2"),
        {"role": "assistant", "content": "done"},
    ]));
    assert_eq!(
        brief(&messages),
        [
            "user:hi",
            "assistant:I look.+a+b",
            "tool=a:1",
            "tool=b:2",
            "assistant:done"
        ]
    );
    assert_eq!(messages[1]["tool_calls"][1]["function"]["arguments"], "{}");
}

#[test]
fn case_38_results_follow_their_calls_in_order() {
    let messages = messages(json!([
        call("a", "{}"),
        call("b", "{}"),
        user("wait"),
        output("b", "2"),
        output("a", "1"),
    ]));
    assert_eq!(
        brief(&messages),
        ["assistant+a+b", "tool=a:1", "tool=b:2", "user:wait"]
    );
}

#[test]
fn case_38_a_result_before_its_call_is_found() {
    let messages = messages(json!([output("a", "1"), call("a", "{}")]));
    assert_eq!(brief(&messages), ["assistant+a", "tool=a:1"]);
}

/// Found by fuzzing: the result cut the model's turn in two.
#[test]
fn case_38_a_result_before_its_call_does_not_part_it_from_its_words() {
    let words = json!({"role": "assistant", "content": "I look."});
    let messages = messages(json!([words, output("a", "1"), call("a", "{}")]));
    assert_eq!(brief(&messages), ["assistant:I look.+a", "tool=a:1"]);
}

#[test]
fn case_39_a_call_without_a_result_gets_one() {
    let translated = request(json!([call("a", "{}"), user("go on")]), json!({}));
    assert_eq!(
        brief(&json!(translated.request.messages)),
        [
            "assistant+a",
            "tool=a:There is no result: the call was not completed.",
            "user:go on"
        ]
    );
    assert_eq!(losses(&translated).len(), 1);
}

#[test]
fn case_39_a_result_without_a_call_is_told_by_the_user() {
    for orphan in [
        output("gone", "42"),
        json!({"type": "function_call_output", "output": "42"}),
    ] {
        let messages = messages(json!([user("hi"), orphan]));
        let told = messages[1]["content"].as_str().unwrap();
        assert_eq!(messages[1]["role"], "user");
        assert!(told.ends_with("\n42"), "{told}");
    }
}

#[test]
fn case_08_an_id_that_returns_is_made_unique() {
    let messages = messages(json!([
        call("call_0", "{}"),
        output("call_0", "1"),
        call("call_0", "{}"),
        output("call_0", "2"),
    ]));
    assert_eq!(
        brief(&messages),
        [
            "assistant+call_0",
            "tool=call_0:1",
            "assistant+call_0_2",
            "tool=call_0_2:2"
        ]
    );
}

#[test]
fn an_output_answers_the_latest_call_of_its_id() {
    let messages = messages(json!([
        call("a", "{}"),
        user("again"),
        call("a", "{}"),
        output("a", "1"),
    ]));
    assert_eq!(
        brief(&messages),
        [
            "assistant+a",
            "tool=a:There is no result: the call was not completed.",
            "user:again",
            "assistant+a_2",
            "tool=a_2:1"
        ]
    );
}

#[test]
fn arguments_that_are_not_json_survive_as_text() {
    let translated = request(json!([call("a", "{\"p\":"), output("a", "no")]), json!({}));
    let messages = json!(translated.request.messages);
    assert!(messages[0]["content"].as_str().unwrap().contains("{\"p\":"));
    assert!(messages[0].get("tool_calls").is_none());
    assert_eq!(messages[1]["content"], "Result of the call of `f`:\nno");
    assert_eq!(losses(&translated).len(), 1);
}

#[test]
fn case_40_items_of_other_servers_are_resolved_told_dropped_or_refused() {
    let with = |item: Value| try_request(json!([user("hi"), item]), json!({}), &options());
    for refused in [
        "item_reference",
        "compaction",
        "compaction_trigger",
        "computer_call",
    ] {
        let fault = with(json!({"type": refused, "id": "x"})).unwrap_err();
        assert_eq!(fault.path(), format!("input[1].{refused}"));
    }
    let dropped = with(json!({"type": "web_search_call", "id": "x"})).unwrap();
    assert_eq!(
        dropped.losses.header_value().unwrap(),
        "input[].web_search_call"
    );

    let told = with(json!({"type": "mcp_call", "id": "x", "name": "add", "output": "3"})).unwrap();
    assert_eq!(
        json!(told.request.messages[1].content),
        "(mcp_call: {\"name\":\"add\",\"output\":\"3\"})"
    );
    assert_eq!(
        told.losses.header_value().unwrap(),
        "input[].mcp_call;lowered"
    );
}

#[test]
fn a_local_shell_in_history_is_a_call() {
    let messages = messages(json!([
        {"type": "local_shell_call", "id": "i", "call_id": "a", "action": {"type": "exec", "command": ["ls"]}},
        {"type": "local_shell_call_output", "call_id": "a", "output": "x"},
    ]));
    assert_eq!(brief(&messages), ["assistant+a", "tool=a:x"]);
    assert_eq!(
        messages[0]["tool_calls"][0]["function"]["arguments"],
        "{\"command\":[\"ls\"]}"
    );
}

#[test]
fn case_41_a_response_that_no_one_keeps_cannot_be_continued() {
    let fields = json!({"previous_response_id": "resp_1"});
    let fault = try_request(json!("hi"), fields, &options()).unwrap_err();
    assert_eq!(fault.path(), "previous_response_id");
}

#[test]
fn case_45_empty_content_makes_no_empty_messages() {
    let messages = messages(json!([
        user("hi"),
        {"role": "assistant", "content": []},
        {"role": "assistant", "content": ""},
        call("a", "{}"),
        output("a", ""),
        user(""),
        {"role": "user", "content": [{"type": "input_text", "text": ""}, {"type": "input_text", "text": "x"}]},
    ]));
    assert_eq!(
        brief(&messages),
        ["user:hi", "assistant+a", "tool=a:", "user:x"]
    );
    assert_eq!(messages[1]["content"], Value::Null);
}

#[test]
fn case_46_a_failed_tool_says_so() {
    let mut failed = output("a", "no such file");
    failed["is_error"] = true.into();
    let messages = messages(json!([call("a", "{}"), failed]));
    assert_eq!(messages[1]["content"], "The tool failed.\nno such file");
}

#[test]
fn case_47_media_go_where_chat_has_a_place() {
    let translated = request(
        json!([{"role": "user", "content": [
            {"type": "input_text", "text": "look"},
            {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "original"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        ]}]),
        json!({}),
    );
    assert_eq!(
        json!(translated.request.messages[0].content),
        json!([
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "high"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}},
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        ])
    );
    assert_eq!(
        translated.losses.header_value().unwrap(),
        "input[].content[].detail;lowered"
    );

    for refused in [
        json!({"type": "input_image", "file_id": "f"}),
        json!({"type": "input_file", "file_url": "https://example.com/a.pdf"}),
        json!({"type": "input_video", "video_url": "x"}),
    ] {
        let kind = refused["type"].as_str().unwrap().to_owned();
        let input = json!([{"role": "user", "content": [refused]}]);
        let fault = try_request(input, json!({}), &options()).unwrap_err();
        assert_eq!(fault.path(), format!("input[0].content[0].{kind}"));
    }
}

#[test]
fn pictures_of_a_tool_follow_its_turn() {
    let picture = json!([{"type": "input_text", "text": "shot"}, {"type": "input_image", "image_url": "data:,x"}]);
    let messages = messages(json!([
        call("a", "{}"),
        call("b", "{}"),
        {"type": "function_call_output", "call_id": "a", "output": picture},
        output("b", "2"),
    ]));
    assert_eq!(
        messages[1]["content"],
        "shot\n(Attachment 1 is in the next user message.)"
    );
    assert_eq!(messages[2]["tool_call_id"], "b");
    assert_eq!(messages[3]["role"], "user");
    assert_eq!(messages[3]["content"][1]["image_url"]["url"], "data:,x");
}

#[test]
fn case_48_plain_and_listed_input_mean_the_same() {
    let listed = json!([{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]);
    assert_eq!(messages(json!("hi")), messages(listed));
}

#[test]
fn a_turn_keeps_its_bytes_when_the_next_is_added() {
    let items = [
        developer("rules"),
        user("hi"),
        developer("more"),
        json!({"role": "assistant", "content": "I look."}),
        call("a", "{\"p\": 1}"),
        output("a", "1"),
        call("b", "{"),
        output("b", "2"),
        json!({"role": "assistant", "content": "done"}),
        user("thanks"),
    ];
    // A turn ends where the model must act next: after the user or after results.
    let ends = [2, 6, 8, 10];
    let at = |end: usize| {
        let text = json!(messages(json!(items[..end]))).to_string();
        text.trim_end_matches(']').to_owned()
    };
    for pair in ends.windows(2) {
        let (before, after) = (at(pair[0]), at(pair[1]));
        assert!(after.starts_with(&before), "\n{before}\n{after}");
    }
}
