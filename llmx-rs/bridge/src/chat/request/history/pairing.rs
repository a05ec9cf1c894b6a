//! Which output answers which call.

use std::collections::BTreeMap;

use llmx_wire::responses::Item;
use serde_json::Value;

/// The pairs of one conversation, by position.
///
/// An id may return: some upstreams number the calls of each turn from zero, and a retry repeats
/// its own. So an output answers the latest call of its id that has no answer yet; one that comes
/// before its call answers the first that stays without.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    outputs: BTreeMap<usize, usize>,
    answers: BTreeMap<usize, usize>,
    /// The id of each call on the wire, where its own is empty or taken.
    ids: BTreeMap<usize, String>,
}

impl Pairing {
    pub(super) fn of(items: &[Item]) -> Self {
        let mut pairing = Self::default();
        let mut waiting: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut early: Vec<(&str, usize)> = Vec::new();
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        for (position, item) in items.iter().enumerate() {
            match side(item) {
                Some(Side::Call(id)) => {
                    waiting.entry(id).or_default().push(position);
                    let uses = uses.entry(id).or_default();
                    *uses += 1;
                    pairing.ids.insert(position, unique(id, *uses));
                }
                Some(Side::Output(id)) => match waiting.get_mut(id).and_then(Vec::pop) {
                    Some(call) => pairing.pair(call, position),
                    None => early.push((id, position)),
                },
                None => {}
            }
        }
        for (id, output) in early {
            let unanswered = waiting.get_mut(id).filter(|calls| !calls.is_empty());
            if let Some(calls) = unanswered {
                pairing.pair(calls.remove(0), output);
            }
        }
        pairing
    }

    /// Returns where the output of a call stands.
    pub(super) fn output_of(&self, call: usize) -> Option<usize> {
        self.outputs.get(&call).copied()
    }

    /// Returns whether an output belongs to a call.
    pub(super) fn is_answer(&self, output: usize) -> bool {
        self.answers.contains_key(&output)
    }

    /// Returns the id of a call, unique in the conversation.
    pub(super) fn id_of(&self, call: usize) -> String {
        self.ids.get(&call).cloned().unwrap_or_default()
    }

    fn pair(&mut self, call: usize, output: usize) {
        self.outputs.insert(call, output);
        self.answers.insert(output, call);
    }
}

enum Side<'a> {
    Call(&'a str),
    Output(&'a str),
}

fn side(item: &Item) -> Option<Side<'_>> {
    match item {
        Item::FunctionCall(call) => Some(Side::Call(&call.call_id)),
        Item::CustomToolCall(call) => Some(Side::Call(&call.call_id)),
        Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
            Some(Side::Output(&output.call_id))
        }
        Item::Unknown(object) => {
            let text = |field: &str| object.get(field).and_then(Value::as_str);
            let id = text("call_id").or_else(|| text("id")).unwrap_or_default();
            match item.kind() {
                "tool_search_call" | "local_shell_call" => Some(Side::Call(id)),
                "tool_search_output" | "local_shell_call_output" => Some(Side::Output(id)),
                _ => None,
            }
        }
        Item::Message(_) | Item::Reasoning(_) => None,
    }
}

fn unique(id: &str, uses: usize) -> String {
    match (id, uses) {
        ("", _) => format!("call_unnamed_{uses}"),
        (_, 1) => id.to_owned(),
        _ => format!("{id}_{uses}"),
    }
}
