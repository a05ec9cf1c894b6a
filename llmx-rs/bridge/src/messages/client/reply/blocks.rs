//! The blocks of a Messages answer: each part of an item is one, with a beginning and an end.

use std::collections::BTreeMap;

use llmx_wire::messages::{
    BlockDelta, BlockStart, BlockStop, CitationsDelta, ContentBlock, Delta, InputJsonDelta,
    RedactedThinking, SignatureDelta, StreamEvent, TextDelta, Thinking, ThinkingDelta, ToolUse,
};
use llmx_wire::responses::{ContentPart, Item, Message, Reasoning, Text, TextOrList};
use serde_json::{Value, json};

use super::Events;
use crate::Extra;
use crate::messages::client::carrier;

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Thinking,
    Call,
}

/// The blocks of one answer.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    next: u64,
    /// What the client has of each item, by its place in the output.
    items: BTreeMap<u64, Shown>,
    calls: u64,
}

/// What the client has of one item.
#[derive(Debug, Default)]
struct Shown {
    open: Option<Open>,
    /// The bytes of each part, in the order of the parts.
    parts: BTreeMap<u64, usize>,
    /// How many remarks on each part have come.
    remarks: BTreeMap<u64, usize>,
    /// Remarks on parts that have no words yet: a block without words is none.
    early: Vec<(u64, Value)>,
    is_call: bool,
    is_done: bool,
}

#[derive(Debug)]
struct Open {
    kind: Kind,
    /// The block's place in the answer.
    index: u64,
    part: u64,
}

impl Blocks {
    pub(super) fn has_calls(&self) -> bool {
        self.calls > 0
    }

    /// Opens the block of a call; other items open theirs with their first words.
    pub(super) fn open_call(&mut self, item: &Item, place: u64, out: &mut Events) {
        let Item::FunctionCall(call) = item else {
            return;
        };
        let shown = self.items.entry(place).or_default();
        if std::mem::replace(&mut shown.is_call, true) {
            return;
        }
        self.calls += 1;
        let block = ContentBlock::ToolUse(ToolUse {
            id: call.call_id.clone(),
            name: call.name.clone(),
            input: json!({}),
            ..ToolUse::default()
        });
        self.start(Kind::Call, place, 0, block, out);
    }

    /// Appends to a part; it becomes a block of its own if it is not the open one.
    pub(super) fn grow(&mut self, kind: Kind, place: u64, part: u64, more: &str, out: &mut Events) {
        let shown = self.items.entry(place).or_default();
        *shown.parts.entry(part).or_default() += more.len();
        if more.is_empty() {
            return;
        }
        let open = shown.open.as_ref();
        let is_open = open.is_some_and(|open| match kind {
            // Thoughts of one item are one block: one signature covers them.
            Kind::Thinking => open.kind == kind,
            _ => open.kind == kind && open.part == part,
        });
        let begins_part = kind == Kind::Thinking && open.is_some_and(|open| open.part != part);
        match (is_open, kind) {
            (true, _) => {}
            // A call that no one opened has no name.
            (false, Kind::Call) => return,
            (false, Kind::Text) => self.start(kind, place, part, ContentBlock::text(""), out),
            (false, Kind::Thinking) => {
                let block = ContentBlock::Thinking(Thinking {
                    signature: Some(String::new()),
                    ..Thinking::default()
                });
                self.start(kind, place, part, block, out);
            }
        }
        let Some(open) = self.items.get_mut(&place).and_then(|it| it.open.as_mut()) else {
            return;
        };
        open.part = part;
        let text = if begins_part {
            format!("\n\n{more}")
        } else {
            more.to_owned()
        };
        let extra = Extra::new();
        let delta = match kind {
            Kind::Text => Delta::Text(TextDelta { text, extra }),
            Kind::Thinking => Delta::Thinking(ThinkingDelta {
                thinking: text,
                extra,
            }),
            Kind::Call => Delta::InputJson(InputJsonDelta {
                partial_json: text,
                extra,
            }),
        };
        out.push(grown(open.index, delta));
        if kind == Kind::Text {
            self.cite_early(place, part, out);
        }
    }

    /// Adds a citation of the web to a part of the text.
    pub(super) fn cite(&mut self, place: u64, part: u64, annotation: &Value, out: &mut Events) {
        let shown = self.items.entry(place).or_default();
        *shown.remarks.entry(part).or_default() += 1;
        match &shown.open {
            Some(open) if open.kind == Kind::Text && open.part == part => {
                out.extend(citation(open.index, annotation));
            }
            _ => shown.early.push((part, annotation.clone())),
        }
    }

    /// Adds the citations that came before the words of their part.
    fn cite_early(&mut self, place: u64, part: u64, out: &mut Events) {
        let Some(shown) = self.items.get_mut(&place) else {
            return;
        };
        if let Some(open) = &shown.open {
            let early = shown.early.iter().filter(|(of, _)| *of == part);
            out.extend(early.filter_map(|(_, annotation)| citation(open.index, annotation)));
        }
        shown.early.retain(|(of, _)| *of != part);
    }

    /// Shows what is missing of a whole item and ends its block.
    pub(super) fn complete(&mut self, item: &Item, place: u64, out: &mut Events) {
        let shown = self.items.entry(place).or_default();
        if std::mem::replace(&mut shown.is_done, true) {
            return;
        }
        match item {
            Item::Message(message) => self.complete_message(message, place, out),
            Item::Reasoning(reasoning) => self.complete_reasoning(reasoning, place, out),
            Item::FunctionCall(call) => {
                self.open_call(item, place, out);
                self.rest(Kind::Call, place, 0, &call.arguments, out);
            }
            _ => {}
        }
        self.stop(place, out);
    }

    /// Ends what is open.
    pub(super) fn close_all(&mut self, out: &mut Events) {
        let places: Vec<u64> = self.items.keys().copied().collect();
        for place in places {
            self.stop(place, out);
        }
    }

    fn complete_message(&mut self, message: &Message, place: u64, out: &mut Events) {
        match &message.content {
            TextOrList::Text(text) => self.rest(Kind::Text, place, 0, text, out),
            TextOrList::List(parts) => {
                for (part, content) in (0..).zip(parts) {
                    let text = content.text().unwrap_or_default();
                    self.rest(Kind::Text, place, part, text, out);
                    if let ContentPart::OutputText(text) = content {
                        self.complete_remarks(text, place, part, out);
                    }
                }
            }
        }
    }

    fn complete_remarks(&mut self, text: &Text, place: u64, part: u64, out: &mut Events) {
        let shown = self.items.get(&place);
        let told = shown.and_then(|it| it.remarks.get(&part).copied());
        let all = text.annotations.as_ref().and_then(Value::as_array);
        for annotation in all.into_iter().flatten().skip(told.unwrap_or(0)) {
            self.cite(place, part, annotation, out);
        }
    }

    fn complete_reasoning(&mut self, reasoning: &Reasoning, place: u64, out: &mut Events) {
        let full = reasoning.content.as_deref().unwrap_or_default();
        let (first, parts) = if reasoning.summary.is_empty() {
            (FULL_THOUGHT, full)
        } else {
            (0, &*reasoning.summary)
        };
        for (part, content) in (first..).zip(parts) {
            let text = ContentPart::text(content).unwrap_or_default();
            self.rest(Kind::Thinking, place, part, text, out);
        }
        let Some(carried) = carrier::load(reasoning) else {
            return;
        };
        let open = self.items.get(&place).and_then(|shown| shown.open.as_ref());
        match open {
            Some(open) => {
                let extra = Extra::new();
                let signature = carried;
                let delta = Delta::Signature(SignatureDelta { signature, extra });
                out.push(grown(open.index, delta));
            }
            None => {
                let block = ContentBlock::RedactedThinking(RedactedThinking {
                    data: carried,
                    extra: Extra::new(),
                });
                self.start(Kind::Thinking, place, 0, block, out);
            }
        }
    }

    /// Appends what the client does not have of a part.
    fn rest(&mut self, kind: Kind, place: u64, part: u64, whole: &str, out: &mut Events) {
        let shown = self.items.get(&place);
        let held = shown
            .and_then(|it| it.parts.get(&part).copied())
            .unwrap_or(0);
        let rest = whole.get(held..).unwrap_or_default().to_owned();
        self.grow(kind, place, part, &rest, out);
    }

    fn start(
        &mut self,
        kind: Kind,
        place: u64,
        part: u64,
        content_block: ContentBlock,
        out: &mut Events,
    ) {
        self.stop(place, out);
        let index = self.next;
        self.next += 1;
        let shown = self.items.entry(place).or_default();
        shown.open = Some(Open { kind, index, part });
        out.push(StreamEvent::BlockStart(Box::new(BlockStart {
            index,
            content_block,
            extra: Extra::new(),
        })));
    }

    fn stop(&mut self, place: u64, out: &mut Events) {
        let open = self
            .items
            .get_mut(&place)
            .and_then(|shown| shown.open.take());
        if let Some(open) = open {
            out.push(StreamEvent::BlockStop(BlockStop {
                index: open.index,
                extra: Extra::new(),
            }));
        }
    }
}

/// The number of the first part of a full thought: the parts of its summary have numbers of their
/// own, from zero.
pub(super) const FULL_THOUGHT: u64 = 1 << 32;

/// Makes a citation of an annotation, if it is one of the web.
fn citation(index: u64, annotation: &Value) -> Option<StreamEvent> {
    let url = annotation.get("url")?;
    let citation = json!({
        "type": "web_search_result_location",
        "url": url,
        "title": annotation.get("title"),
        "cited_text": annotation.get("cited_text").and_then(Value::as_str).unwrap_or_default(),
        "encrypted_index": "",
    });
    let extra = Extra::new();
    let delta = Delta::Citations(CitationsDelta { citation, extra });
    Some(grown(index, delta))
}

fn grown(index: u64, delta: Delta) -> StreamEvent {
    StreamEvent::BlockDelta(Box::new(BlockDelta {
        index,
        delta,
        extra: Extra::new(),
    }))
}
