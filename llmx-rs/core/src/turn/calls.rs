//! Holds the calls of one answer while they run, one after the other in the model's order.
//!
//! Commands of a coding agent build on each other's effects, so they never overlap.

use std::collections::{BTreeSet, VecDeque};

use llmx_protocol::ItemDetails;
use llmx_wire::responses::{ContentPart, Item, ToolCallOutput};

use super::vocabulary::{Call, Payload, Permit};

/// The calls of one answer that are not answered yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Calls {
    /// The first is the one under way.
    waiting: VecDeque<Call>,
    /// What a frontend was told about the call under way.
    pub(super) started: Option<Started>,
    /// How far the call under way would reach, while a person is asked whether it may.
    pub(super) asked: Option<Permit>,
}

/// A call that a frontend was told about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Started {
    pub(super) item_id: String,
    pub(super) shown: Box<ItemDetails>,
}

impl Calls {
    pub(super) fn push(&mut self, call: Call) {
        self.waiting.push_back(call);
    }

    pub(super) fn current(&self) -> Option<&Call> {
        self.waiting.front()
    }

    /// Removes the call under way together with what was shown of it.
    pub(super) fn finish_current(&mut self) -> Option<(Call, Option<Started>)> {
        self.asked = None;
        let call = self.waiting.pop_front()?;
        Some((call, self.started.take()))
    }
}

impl Call {
    /// Makes the item that answers this call.
    pub(super) fn answer(&self, mut parts: Vec<ContentPart>) -> Item {
        let words = match parts.as_mut_slice() {
            [ContentPart::InputText(only)] => Some(std::mem::take(&mut only.text)),
            _ => None,
        };
        let output = ToolCallOutput {
            call_id: self.call_id.clone(),
            // Every server takes a text; lists are for those that need more.
            output: words.map_or_else(|| parts.into(), Into::into),
            ..ToolCallOutput::default()
        };
        match self.payload {
            Payload::Json(_) => Item::FunctionCallOutput(output),
            Payload::Text(_) => Item::CustomToolCallOutput(output),
        }
    }
}

/// Makes sure that every call of a conversation has a name of its own.
///
/// Small models leave `call_id` empty or say `call_0` in every answer; then neither the server nor
/// llmx could tell which output belongs to which call.
#[derive(Debug, Clone, Default)]
pub(super) struct CallIds {
    taken: BTreeSet<String>,
}

impl CallIds {
    /// Takes the names that the calls of `conversation` have.
    pub(super) fn of(conversation: &[Item]) -> Self {
        let names = conversation.iter().filter_map(|item| match item {
            Item::FunctionCall(call) => Some(call.call_id.clone()),
            Item::CustomToolCall(call) => Some(call.call_id.clone()),
            _ => None,
        });
        Self {
            taken: names.collect(),
        }
    }

    /// Renames the call in `item` if its name is taken, and returns what is to be run.
    pub(super) fn settle(&mut self, item: &mut Item) -> Option<Call> {
        let (call_id, name, payload) = match item {
            Item::FunctionCall(call) => {
                let payload = Payload::Json(call.arguments.clone());
                (&mut call.call_id, &call.name, payload)
            }
            Item::CustomToolCall(call) => {
                let payload = Payload::Text(call.input.clone());
                (&mut call.call_id, &call.name, payload)
            }
            _ => return None,
        };
        if call_id.is_empty() || self.taken.contains(call_id.as_str()) {
            *call_id = self.free_name(call_id);
        }
        self.taken.insert(call_id.clone());
        Some(Call {
            call_id: call_id.clone(),
            name: name.clone(),
            payload,
        })
    }

    fn free_name(&self, wanted: &str) -> String {
        let stem = if wanted.is_empty() { "call" } else { wanted };
        // Of as many names as are taken plus one, one is free; the count bounds the search.
        (2..=self.taken.len().saturating_add(2))
            .map(|n| format!("{stem}_{n}"))
            .find(|name| !self.taken.contains(name))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use llmx_wire::responses::FunctionCall;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever names the model gives, every call gets one of its own, and good names stay.
        #[test]
        fn names_are_unique(names in prop::collection::vec("(call|c)?(_[2-4])?", 0..12)) {
            let mut ids = CallIds::default();
            let mut seen = BTreeSet::new();
            for name in names {
                let was_free = !name.is_empty() && !seen.contains(&name);
                let mut item = Item::FunctionCall(FunctionCall {
                    call_id: name.clone(),
                    ..FunctionCall::default()
                });
                let call = ids.settle(&mut item).unwrap();
                if was_free {
                    prop_assert_eq!(&call.call_id, &name);
                }
                prop_assert!(!call.call_id.is_empty());
                prop_assert!(seen.insert(call.call_id));
            }
        }
    }
}
