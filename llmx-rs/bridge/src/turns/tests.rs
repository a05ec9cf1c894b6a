//! Turns are strict, whatever the items are.

use llmx_wire::responses::Item;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Heard, Said, Turn, turns};
use crate::tools::ToolTable;

#[test]
fn one_turn_of_the_model_stays_one_turn() {
    let items = items([
        thought(),
        say("a"),
        call("1"),
        call("2"),
        result("1"),
        result("2"),
    ]);
    assert_eq!(
        brief(&items),
        [
            "model: thought a call(1) call(2)",
            "client: result(1) result(2)"
        ]
    );
}

#[test]
fn results_follow_their_calls_in_the_order_of_the_calls() {
    let items = items([
        call("1"),
        call("2"),
        hear("wait"),
        result("2"),
        hear("go"),
        result("1"),
    ]);
    assert_eq!(
        brief(&items),
        [
            "model: call(1) call(2)",
            "client: result(1) result(2) wait go"
        ]
    );
}

#[test]
fn turns_of_the_model_are_not_collapsed() {
    let items = items([call("1"), result("1"), call("2"), result("2"), say("done")]);
    assert_eq!(
        brief(&items),
        [
            "model: call(1)",
            "client: result(1)",
            "model: call(2)",
            "client: result(2)",
            "model: done",
        ]
    );
}

#[test]
fn a_call_without_a_result_is_answered_and_a_result_without_a_call_is_kept() {
    let items = items([result("9"), call("1"), hear("hello"), call("2")]);
    assert_eq!(
        brief(&items),
        [
            "client: stray(9)",
            "model: call(1)",
            "client: nothing(1) hello",
            "model: call(2)",
            "client: nothing(2)",
        ]
    );
}

#[test]
fn a_result_before_its_call_is_found() {
    let items = items([result("1"), call("1"), hear("go")]);
    assert_eq!(brief(&items), ["model: call(1)", "client: result(1) go"]);
}

#[test]
fn names_that_repeat_are_told_apart_and_keep_their_results() {
    let items = items([call("0"), result("0"), call("0"), call(""), result("0")]);
    assert_eq!(
        brief(&items),
        [
            "model: call(0)",
            "client: result(0)",
            "model: call(0_2) call(call)",
            "client: result(0_2) nothing(call)",
        ]
    );
}

#[test]
fn other_kinds_of_calls_are_calls() {
    let items = items([
        json!({"type": "tool_search_call", "call_id": "s", "execution": "client", "arguments": {"query": "x"}}),
        json!({"type": "local_shell_call", "call_id": "l", "action": {"type": "exec", "command": ["ls"]}}),
        json!({"type": "custom_tool_call", "call_id": "c", "name": "patch", "input": "p"}),
        json!({"type": "tool_search_output", "call_id": "s", "tools": [{"name": "mcp__a", "tools": [{"name": "add"}]}]}),
        json!({"type": "local_shell_call_output", "call_id": "l", "output": "ok"}),
        json!({"type": "custom_tool_call_output", "call_id": "c", "output": "ok"}),
    ]);
    assert_eq!(
        brief(&items),
        [
            "model: call(s) call(l) call(c)",
            "client: result(s) result(l) result(c)"
        ]
    );
    let turns = turns(&items);
    let Turn::Client(heard) = &turns[1] else {
        panic!("{turns:?}")
    };
    let Heard::Result(_, Some((_, output))) = &heard[0] else {
        panic!("{heard:?}")
    };
    let content = serde_json::to_value(output.content(&ToolTable::default())).unwrap();
    assert_eq!(
        content,
        "These tools can be called from now on:\nmcp__a__add"
    );
}

proptest! {
    /// Sides alternate, every call is answered once in the very next turn, first and in order,
    /// and nothing of the input is lost or doubled.
    #[test]
    fn every_history_becomes_a_strict_exchange(picks in prop::collection::vec((0..5_u8, 0..4_u8), 0..24)) {
        let values: Vec<Value> = picks
            .iter()
            .map(|(kind, id)| match kind {
                0 => call(&id.to_string()),
                1 => result(&id.to_string()),
                2 => say("s"),
                3 => hear("h"),
                _ => thought(),
            })
            .collect();
        let items = items(values);
        let turns = turns(&items);
        let mut places = Vec::new();
        let mut open: Vec<&str> = Vec::new();
        let mut was_model = None;
        for turn in &turns {
            let is_model = matches!(turn, Turn::Model(_));
            prop_assert_ne!(was_model.replace(is_model), Some(is_model));
            match turn {
                Turn::Model(said) => {
                    prop_assert!(!said.is_empty() && open.is_empty());
                    for said in said {
                        match said {
                            Said::Call(place, call) => {
                                open.push(&call.id);
                                places.push(*place);
                            }
                            Said::Words(place, _) | Said::Thought(place, _) | Said::Other(place, _) => places.push(*place),
                        }
                    }
                }
                Turn::Client(heard) => {
                    let mut answered = Vec::new();
                    for (at, heard) in heard.iter().enumerate() {
                        match heard {
                            Heard::Result(call, output) => {
                                prop_assert_eq!(at, answered.len(), "results come first");
                                answered.push(call.id.as_str());
                                places.extend(output.map(|(place, _)| place));
                            }
                            Heard::Stray(place, _) | Heard::Words(place, _) | Heard::Other(place, _) => places.push(*place),
                        }
                    }
                    prop_assert_eq!(&std::mem::take(&mut open), &answered);
                }
            }
        }
        prop_assert!(open.is_empty());
        places.sort_unstable();
        prop_assert_eq!(places, (0..items.len()).collect::<Vec<_>>());
    }
}

fn brief(items: &[Item]) -> Vec<String> {
    turns(items)
        .iter()
        .map(|turn| match turn {
            Turn::Model(said) => {
                let said = said.iter().map(|said| match said {
                    Said::Words(_, message) => message.text(),
                    Said::Thought(..) => "thought".to_owned(),
                    Said::Call(_, call) => format!("call({})", call.id),
                    Said::Other(..) => "other".to_owned(),
                });
                format!("model: {}", said.collect::<Vec<_>>().join(" "))
            }
            Turn::Client(heard) => {
                let heard = heard.iter().map(|heard| match heard {
                    Heard::Result(call, Some(_)) => format!("result({})", call.id),
                    Heard::Result(call, None) => format!("nothing({})", call.id),
                    Heard::Stray(_, output) => format!("stray({})", output.call_id()),
                    Heard::Words(_, message) => message.text(),
                    Heard::Other(..) => "other".to_owned(),
                });
                format!("client: {}", heard.collect::<Vec<_>>().join(" "))
            }
        })
        .collect()
}

fn items(values: impl IntoIterator<Item = Value>) -> Vec<Item> {
    let parse = |value| serde_json::from_value(value).unwrap();
    values.into_iter().map(parse).collect()
}

fn call(id: &str) -> Value {
    json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"})
}

fn result(id: &str) -> Value {
    json!({"type": "function_call_output", "call_id": id, "output": "r"})
}

fn say(text: &str) -> Value {
    json!({"type": "message", "role": "assistant", "content": text})
}

fn hear(text: &str) -> Value {
    json!({"type": "message", "role": "user", "content": text})
}

fn thought() -> Value {
    json!({"type": "reasoning", "summary": []})
}
