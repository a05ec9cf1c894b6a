//! The lane of reasoning: what the model thinks, in full or in summary, and what must go back.

use llmx_wire::responses::{
    ContentPart, Delta, Item, PartEvent, Reasoning, StreamEvent, SummaryPartEvent, Text, TextDone,
};
use serde_json::Value;

use super::sequence::{Place, Sequence};
use crate::Extra;
use crate::seal::{Origin, Seal, absorb};

/// What kind of thought a delta belongs to. Clients show summaries and hide the full text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thought {
    Full,
    Summary,
}

/// A reasoning item under way.
#[derive(Debug)]
pub(super) struct ReasoningLane {
    place: Place,
    full: Vec<String>,
    summary: Vec<String>,
    open: Option<Thought>,
    /// The upstream's word for this piece of reasoning, and what only it understands.
    seal: Option<(&'static str, Value)>,
}

impl ReasoningLane {
    pub(super) fn open(seq: &mut Sequence, out: &mut Vec<StreamEvent>) -> (u64, Self) {
        let lane = Self {
            place: seq.place("rs"),
            full: Vec::new(),
            summary: Vec::new(),
            open: None,
            seal: None,
        };
        seq.tell_added(out, &lane.place, || lane.item("in_progress", None));
        (lane.place.index, lane)
    }

    /// Says how the upstream wants this piece back. Lists grow; all else is replaced.
    pub(super) fn seal(&mut self, kind: &'static str, data: Value) {
        match (&mut self.seal, data) {
            (Some((held, Value::Array(list))), Value::Array(more)) if *held == kind => {
                for piece in more {
                    absorb(list, piece);
                }
            }
            (seal, data) => *seal = Some((kind, data)),
        }
    }

    pub(super) fn push(
        &mut self,
        thought: Thought,
        delta: &str,
        seq: &mut Sequence,
        out: &mut Vec<StreamEvent>,
    ) {
        if self.open != Some(thought) {
            self.close_part(seq, out);
            self.open = Some(thought);
            self.parts(thought).push(String::new());
            seq.tell(out, |number| self.part_event(thought, false, number));
        }
        if let Some(text) = self.parts(thought).last_mut() {
            text.push_str(delta);
        }
        seq.tell(out, |number| {
            let index = self.part_index(thought);
            let event = Box::new(Delta {
                item_id: self.place.id.clone(),
                output_index: self.place.index,
                delta: delta.to_owned(),
                content_index: (thought == Thought::Full).then_some(index),
                summary_index: (thought == Thought::Summary).then_some(index),
                sequence_number: Some(number),
                ..Delta::default()
            });
            match thought {
                Thought::Full => StreamEvent::ReasoningTextDelta(event),
                Thought::Summary => StreamEvent::SummaryTextDelta(event),
            }
        });
    }

    pub(super) fn close(
        mut self,
        status: &str,
        origin: &Origin,
        seq: &mut Sequence,
        out: &mut Vec<StreamEvent>,
    ) -> Item {
        self.close_part(seq, out);
        let sealed = self.seal.take().map(|(kind, data)| {
            let text = self.full.concat();
            let kind = kind.to_owned();
            Seal { kind, text, data }.close(origin)
        });
        let item = self.item(status, sealed);
        seq.tell_done(out, &self.place, &item);
        item
    }

    fn close_part(&mut self, seq: &mut Sequence, out: &mut Vec<StreamEvent>) {
        let Some(thought) = self.open.take() else {
            return;
        };
        seq.tell(out, |number| {
            let index = self.part_index(thought);
            let event = Box::new(TextDone {
                item_id: self.place.id.clone(),
                output_index: self.place.index,
                text: self.parts(thought).last().cloned().unwrap_or_default(),
                content_index: (thought == Thought::Full).then_some(index),
                summary_index: (thought == Thought::Summary).then_some(index),
                sequence_number: Some(number),
                ..TextDone::default()
            });
            match thought {
                Thought::Full => StreamEvent::ReasoningTextDone(event),
                Thought::Summary => StreamEvent::SummaryTextDone(event),
            }
        });
        seq.tell(out, |number| self.part_event(thought, true, number));
    }

    fn part_event(&mut self, thought: Thought, done: bool, number: u64) -> StreamEvent {
        let index = self.part_index(thought);
        let text = self.parts(thought).last().cloned().unwrap_or_default();
        let (item_id, output_index) = (self.place.id.clone(), self.place.index);
        let (sequence_number, extra) = (Some(number), Extra::new());
        match thought {
            Thought::Full => {
                let event = Box::new(PartEvent {
                    item_id,
                    output_index,
                    content_index: index,
                    part: ContentPart::ReasoningText(Text::from(text)),
                    sequence_number,
                    extra,
                });
                if done {
                    StreamEvent::ContentPartDone(event)
                } else {
                    StreamEvent::ContentPartAdded(event)
                }
            }
            Thought::Summary => {
                let event = Box::new(SummaryPartEvent {
                    item_id,
                    output_index,
                    summary_index: index,
                    part: ContentPart::SummaryText(Text::from(text)),
                    sequence_number,
                    extra,
                });
                if done {
                    StreamEvent::SummaryPartDone(event)
                } else {
                    StreamEvent::SummaryPartAdded(event)
                }
            }
        }
    }

    fn part_index(&self, thought: Thought) -> u64 {
        let parts = match thought {
            Thought::Full => &self.full,
            Thought::Summary => &self.summary,
        };
        parts.len().saturating_sub(1) as u64
    }

    fn parts(&mut self, thought: Thought) -> &mut Vec<String> {
        match thought {
            Thought::Full => &mut self.full,
            Thought::Summary => &mut self.summary,
        }
    }

    fn item(&self, status: &str, sealed: Option<String>) -> Item {
        let text = |text: &String| Text::from(text.clone());
        let summary = self.summary.iter().map(text);
        let full = self.full.iter().map(text);
        let mut extra = Extra::new();
        if sealed.is_none() {
            extra.insert("encrypted_content".to_owned(), Value::Null);
        }
        Item::Reasoning(Reasoning {
            id: Some(self.place.id.clone()),
            summary: summary.map(ContentPart::SummaryText).collect(),
            content: Some(full.map(ContentPart::ReasoningText).collect()),
            encrypted_content: sealed,
            status: Some(status.to_owned()),
            extra,
        })
    }
}
