//! Makes of a recorded conversation one that can go on.

use std::collections::BTreeSet;

use llmx_wire::responses::{Item, ToolCallOutput};

use crate::rollout::RecordedItem;

/// A conversation that goes on.
#[derive(Debug, Default)]
pub(crate) struct Continuation {
    pub(crate) items: Vec<Item>,
    /// Answers to calls that were cut off; they are part of `items` and not of the file yet.
    pub(crate) answers: Vec<Item>,
    /// What of it the model could not read.
    pub(crate) left_out: usize,
}

/// Prepares `recorded` for `model` of `provider`.
///
/// One provider may be a gateway to many, so that another model of it counts as another maker.
pub(crate) fn continuation(
    recorded: Vec<RecordedItem>,
    provider: &str,
    model: &str,
) -> Continuation {
    let mut continuation = Continuation::default();
    for RecordedItem {
        mut item,
        provider: its_provider,
        model: its_model,
    } in recorded
    {
        let is_of_another_model = !its_model.is_empty() && &*its_model != model;
        if &*its_provider != provider || is_of_another_model {
            // Sealed thoughts can be read by their maker alone, and its names mean nothing here.
            if matches!(item, Item::Reasoning(_)) {
                continuation.left_out += 1;
                continue;
            }
            forget_id(&mut item);
        }
        continuation.items.push(item);
    }
    continuation.answers = missing_answers(&continuation.items);
    let answers = continuation.answers.iter().cloned();
    continuation.items.extend(answers);
    continuation
}

fn forget_id(item: &mut Item) {
    match item {
        Item::Message(message) => message.id = None,
        Item::FunctionCall(call) => call.id = None,
        Item::CustomToolCall(call) => call.id = None,
        Item::FunctionCallOutput(_) | Item::CustomToolCallOutput(_) | Item::Reasoning(_) => {}
        Item::Unknown(object) => {
            object.shift_remove("id");
        }
    }
}

/// Answers the calls that a process began and did not live to answer. They are not run again:
/// what they did before they were cut off is unknown.
fn missing_answers(items: &[Item]) -> Vec<Item> {
    let answered: BTreeSet<&str> = items
        .iter()
        .filter_map(|item| match item {
            Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
                Some(output.call_id.as_str())
            }
            _ => None,
        })
        .collect();
    let output = |call_id: &str| ToolCallOutput {
        call_id: call_id.to_owned(),
        output: CUT_OFF.to_owned().into(),
        ..ToolCallOutput::default()
    };
    items
        .iter()
        .filter_map(|item| match item {
            Item::FunctionCall(call) if !answered.contains(call.call_id.as_str()) => {
                Some(Item::FunctionCallOutput(output(&call.call_id)))
            }
            Item::CustomToolCall(call) if !answered.contains(call.call_id.as_str()) => {
                Some(Item::CustomToolCallOutput(output(&call.call_id)))
            }
            _ => None,
        })
        .collect()
}

const CUT_OFF: &str = "not finished: llmx was ended while this call was under way; what it did until \
                       then is not known, so look before you run it again";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(origin: (&str, &str), value: serde_json::Value) -> RecordedItem {
        RecordedItem {
            item: serde_json::from_value(value).unwrap(),
            provider: origin.0.into(),
            model: origin.1.into(),
        }
    }

    #[test]
    fn calls_that_were_cut_off_are_answered_and_not_run() {
        let call = |id: &str| json!({"type": "function_call", "call_id": id, "name": "shell", "arguments": "{}"});
        let output = json!({"type": "function_call_output", "call_id": "a", "output": "ok"});
        let custom =
            json!({"type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": ""});
        let recorded = [call("a"), call("b"), custom, output].map(|value| item(("p", "m"), value));
        let continuation = continuation(recorded.to_vec(), "p", "m");
        assert_eq!(continuation.items.len(), 6);
        let kinds: Vec<_> = continuation.answers.iter().map(Item::kind).collect();
        assert_eq!(kinds, ["function_call_output", "custom_tool_call_output"]);
        assert_eq!(json!(continuation.answers[0])["call_id"], "b");
    }

    #[test]
    fn what_only_another_provider_or_model_can_read_is_left_out() {
        let thought =
            json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"});
        let words = json!({"type": "message", "id": "msg_1", "role": "assistant", "content": []});
        let recorded = |model| [&thought, &words].map(|it| item(("p", model), it.clone()));
        // Files of other programs need not say which model it was.
        for (was, provider, model) in [("m", "p", "m"), ("", "p", "m")] {
            let same = continuation(recorded(was).to_vec(), provider, model);
            assert_eq!((same.items.len(), same.left_out), (2, 0), "{was}");
        }
        for (provider, model) in [("q", "m"), ("p", "n")] {
            let other = continuation(recorded("m").to_vec(), provider, model);
            assert_eq!(
                (other.items.len(), other.left_out),
                (1, 1),
                "{provider} {model}"
            );
            assert_eq!(json!(other.items[0]).get("id"), None);
        }
    }
}
