//! What holds for every conversation and for every stream, however odd.

use llmx_bridge::StreamEnd;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{call, context, developer, options, output, run, translate, user, with_tool};
use crate::laws;

proptest! {
    /// Any stream ends once and last, rises in number, and is the sum of its items.
    #[test]
    fn every_stream_is_well_formed(chunks in prop::collection::vec(any_chunk(), 0..16)) {
        let out = run(context(&with_tool(&json!([user("go")]))), &chunks, StreamEnd::Eof);
        prop_assert_eq!(laws::responses_stream(&out), Ok(()));
    }

    /// Whatever the items are, Gemini takes the conversation: sides alternate, no turn is empty,
    /// and a turn of calls is followed by as many results, first.
    #[test]
    fn every_conversation_is_one_that_gemini_takes(items in prop::collection::vec(item(), 0..16)) {
        let Ok(translated) = translate(&with_tool(&json!(items)), &options()) else {
            return Ok(());
        };
        let contents = &translated.request.contents;
        prop_assert_eq!(contents.len() % 2, 1, "the last turn is the user's");
        prop_assert_eq!(laws::gemini_conversation(&translated.request), Ok(()));
    }

    /// What the upstream has cached stays equal: a longer conversation begins with the bytes of a
    /// shorter one, up to the last turn.
    #[test]
    fn pain_24_the_prefix_keeps_its_bytes(texts in prop::collection::vec("[a-z]{1,3}", 2..6)) {
        let bytes = |count: usize| {
            let turns = texts[..count].iter().enumerate().flat_map(|(at, text)| {
                [call(&format!("c{at}"), "{\"a\":1}"), output(&format!("c{at}"), text), developer("note")]
            });
            let items: Vec<Value> = [developer("rules"), user("go")].into_iter().chain(turns).collect();
            let body = translate(&with_tool(&json!(items)), &options()).unwrap().request;
            let last = serde_json::to_string(body.contents.last().unwrap()).unwrap();
            let whole = serde_json::to_string(&body).unwrap();
            (whole.rfind(&last).unwrap(), whole)
        };
        for count in 1..texts.len() {
            let (end, before) = bytes(count);
            prop_assert!(bytes(count + 1).1.starts_with(&before[..end]));
        }
    }
}

fn any_chunk() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        "[a-zé]{0,3}".prop_map(|text| json!({"text": text})),
        "[a-z]{0,3}".prop_map(|text| json!({"text": text, "thought": true})),
        "[a-z]{0,1}".prop_map(|signature| json!({"text": "", "thoughtSignature": signature})),
        ("[ab]{0,1}", "(f|g|)").prop_map(
            |(id, name)| json!({"functionCall": {"id": id, "name": name, "args": {"a": 1}}})
        ),
        Just(json!({"functionCall": {"name": "f"}, "thoughtSignature": "s"})),
        Just(json!({"executableCode": {"code": "1"}})),
    ];
    let reason =
        prop::option::weighted(0.2, "(STOP|MAX_TOKENS|SAFETY|MALFORMED_FUNCTION_CALL|ODD)");
    (prop::collection::vec(part, 0..3), reason).prop_map(|(parts, reason)| {
        let mut candidate = json!({"content": {"role": "model", "parts": parts}});
        if let Some(reason) = reason {
            candidate["finishReason"] = json!(reason);
        }
        json!({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 1}})
    })
}

fn item() -> impl Strategy<Value = Value> {
    let id = "[a-c.]{0,1}";
    prop_oneof![
        "[a-z ]{0,2}".prop_map(|text| user(&text)),
        "[a-z ]{0,2}".prop_map(|text| developer(&text)),
        "[a-z ]{0,2}"
            .prop_map(|text| json!({"type": "message", "role": "assistant", "content": text})),
        (id, "(\\{\\}|\\{\"a\":1\\}|\\{|)").prop_map(|(id, arguments)| call(&id, &arguments)),
        (id, "[a-z]{0,2}").prop_map(|(id, text)| output(&id, &text)),
        Just(json!({"type": "reasoning", "summary": []})),
    ]
}
