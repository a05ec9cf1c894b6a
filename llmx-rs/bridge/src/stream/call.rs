//! The lane of a tool call: from what an upstream calls a function to the item that the client
//! waits for.

use llmx_wire::responses::{
    ArgumentsDone, CustomToolCall, Delta, FunctionCall, InputDone, Item, StreamEvent,
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::sequence::{Place, Sequence};
use super::unwrap::Unwrapper;
use crate::tools::{Kind, Target};
use crate::{Extra, Object};

/// A call under way.
#[derive(Debug)]
pub(super) struct CallLane {
    place: Place,
    call_id: String,
    target: Target,
    /// What the upstream sent, as far as the lane still needs it.
    arguments: String,
    /// Takes the text out of the arguments of a free-form tool.
    unwrapper: Unwrapper,
}

impl CallLane {
    pub(super) fn open(
        call_id: Option<String>,
        target: Target,
        seq: &mut Sequence,
        out: &mut Vec<StreamEvent>,
    ) -> (u64, Self) {
        let lane = Self {
            place: seq.place(id_prefix(target.kind)),
            call_id: call_id.unwrap_or_else(|| seq.call_id()),
            target,
            arguments: String::new(),
            unwrapper: Unwrapper::default(),
        };
        seq.tell_added(out, &lane.place, || lane.item("in_progress", ""));
        (lane.place.index, lane)
    }

    pub(super) fn push(&mut self, piece: &str, seq: &mut Sequence, out: &mut Vec<StreamEvent>) {
        match self.target.kind {
            Kind::Function => {
                self.arguments.push_str(piece);
                self.delta(piece, seq, out);
            }
            Kind::Custom => {
                let text = self.unwrapper.push(piece);
                self.delta(&text, seq, out);
            }
            // These items have no events for their arguments.
            Kind::ToolSearch | Kind::LocalShell => self.arguments.push_str(piece),
        }
    }

    /// Returns whether no arguments have come, as for a tool that takes none.
    pub(super) fn is_empty(&self) -> bool {
        match self.target.kind {
            Kind::Custom => self.unwrapper.is_empty(),
            Kind::Function | Kind::ToolSearch | Kind::LocalShell => {
                self.arguments.trim().is_empty()
            }
        }
    }

    /// Returns whether the arguments are whole.
    pub(super) fn is_whole(&self) -> bool {
        match self.target.kind {
            Kind::Custom => self.unwrapper.is_whole(),
            Kind::Function | Kind::ToolSearch | Kind::LocalShell => is_json(&self.arguments),
        }
    }

    /// Ends the call. Where the answer was `cut` off, a call without its end is incomplete, and
    /// nothing says that it is done: clients execute a call when they hear that, whatever its
    /// status, and what is left of a patch may be a patch.
    pub(super) fn close(
        mut self,
        cut: bool,
        seq: &mut Sequence,
        out: &mut Vec<StreamEvent>,
    ) -> Item {
        let (content, whole) = self.content(cut, seq, out);
        if cut && !whole {
            return self.item("incomplete", &content);
        }
        let item = self.item("completed", &content);
        self.say_done(&content, seq, out);
        seq.tell_done(out, &self.place, &item);
        item
    }

    /// Returns what the call says, and whether that is all of it; the client hears what it has not
    /// heard yet.
    fn content(
        &mut self,
        cut: bool,
        seq: &mut Sequence,
        out: &mut Vec<StreamEvent>,
    ) -> (String, bool) {
        if self.target.kind == Kind::Custom {
            let unwrapped = std::mem::take(&mut self.unwrapper).close();
            self.delta(&unwrapped.rest, seq, out);
            return (unwrapped.text, unwrapped.whole);
        }
        if self.target.kind == Kind::Function && self.arguments.trim().is_empty() && !cut {
            // A tool without parameters; the client parses what it gets.
            self.push("{}", seq, out);
        }
        let whole = is_json(&self.arguments);
        (std::mem::take(&mut self.arguments), whole)
    }

    fn say_done(&self, content: &str, seq: &mut Sequence, out: &mut Vec<StreamEvent>) {
        let (item_id, output_index) = (&self.place.id, self.place.index);
        match self.target.kind {
            Kind::Function => seq.tell(out, |number| {
                StreamEvent::ArgumentsDone(Box::new(ArgumentsDone {
                    item_id: item_id.clone(),
                    output_index,
                    arguments: content.to_owned(),
                    sequence_number: Some(number),
                    extra: self.named(),
                }))
            }),
            Kind::Custom => seq.tell(out, |number| {
                StreamEvent::InputDone(Box::new(InputDone {
                    item_id: item_id.clone(),
                    output_index,
                    input: content.to_owned(),
                    sequence_number: Some(number),
                    extra: self.named(),
                }))
            }),
            Kind::ToolSearch | Kind::LocalShell => {}
        }
    }

    fn delta(&self, delta: &str, seq: &mut Sequence, out: &mut Vec<StreamEvent>) {
        if delta.is_empty() {
            return;
        }
        seq.tell(out, |number| {
            let event = Box::new(Delta {
                item_id: self.place.id.clone(),
                output_index: self.place.index,
                delta: delta.to_owned(),
                sequence_number: Some(number),
                ..Delta::default()
            });
            match self.target.kind {
                Kind::Custom => StreamEvent::InputDelta(event),
                _ => StreamEvent::ArgumentsDelta(event),
            }
        });
    }

    fn named(&self) -> Extra {
        let mut extra = Extra::new();
        extra.insert("name".to_owned(), self.target.name.clone().into());
        extra.insert("call_id".to_owned(), self.call_id.clone().into());
        extra
    }

    fn item(&self, status: &str, content: &str) -> Item {
        let (id, status) = (Some(self.place.id.clone()), Some(status.to_owned()));
        let (call_id, name) = (self.call_id.clone(), self.target.name.clone());
        let namespace = self.target.namespace.clone();
        match self.target.kind {
            Kind::Function => Item::FunctionCall(FunctionCall {
                id,
                call_id,
                name,
                namespace,
                arguments: content.to_owned(),
                status,
                extra: Extra::new(),
            }),
            Kind::Custom => Item::CustomToolCall(CustomToolCall {
                id,
                call_id,
                name,
                namespace,
                input: content.to_owned(),
                status,
                extra: Extra::new(),
            }),
            Kind::ToolSearch => Item::Unknown(object(json!({
                "type": "tool_search_call",
                "id": id,
                "call_id": call_id,
                "execution": "client",
                "arguments": parsed(content),
                "status": status,
            }))),
            Kind::LocalShell => {
                let mut action = object(json!({"type": "exec"}));
                action.extend(object(parsed(content)));
                Item::Unknown(object(json!({
                    "type": "local_shell_call",
                    "id": id,
                    "call_id": call_id,
                    "action": action,
                    "status": status,
                })))
            }
        }
    }
}

fn id_prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::Function => "fc",
        Kind::Custom => "ctc",
        Kind::ToolSearch => "tsc",
        Kind::LocalShell => "lsh",
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Reads arguments; those that are not JSON stay visible as text.
fn parsed(arguments: &str) -> Value {
    if arguments.trim().is_empty() {
        return json!({});
    }
    serde_json::from_str(arguments).unwrap_or_else(|_| arguments.into())
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
