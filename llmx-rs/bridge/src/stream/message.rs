//! The lane of a message: what the model says to the client, and its refusals.

use std::mem;

use llmx_wire::responses::{
    AnnotationAdded, ContentPart, Delta, Item, Message, PartEvent, Refusal, RefusalDone, Role,
    StreamEvent, Text, TextDone,
};
use serde_json::Value;

use super::sequence::{Place, Sequence};
use crate::Extra;

/// What kind of part a delta belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    Text,
    Refusal,
}

/// A message under way. Its parts follow one another; the last may be open.
#[derive(Debug)]
pub(super) struct MessageLane {
    place: Place,
    done: Vec<ContentPart>,
    open: Option<OpenPart>,
}

#[derive(Debug)]
struct OpenPart {
    words: Words,
    text: String,
    annotations: Vec<Value>,
    logprobs: Vec<Value>,
}

impl MessageLane {
    pub(super) fn open(seq: &mut Sequence, out: &mut Vec<StreamEvent>) -> (u64, Self) {
        let lane = Self {
            place: seq.place("msg"),
            // Nearly every message is one text.
            done: Vec::with_capacity(1),
            open: None,
        };
        seq.tell_added(out, &lane.place, || {
            lane.item(lane.place.id.clone(), "in_progress", Vec::new())
        });
        (lane.place.index, lane)
    }

    pub(super) fn push(
        &mut self,
        words: Words,
        delta: String,
        logprobs: Vec<Value>,
        seq: &mut Sequence,
        out: &mut Vec<StreamEvent>,
    ) {
        let content_index = self.open_part(words, seq, out);
        let Some(part) = &mut self.open else { return };
        let start = part.text.len();
        if start == 0 {
            // An answer that came whole is not copied.
            part.text = delta;
        } else {
            part.text.push_str(&delta);
        }
        part.logprobs.extend_from_slice(&logprobs);
        seq.tell(out, |number| {
            let event = Box::new(Delta {
                item_id: self.place.id.clone(),
                output_index: self.place.index,
                delta: part.text.get(start..).unwrap_or_default().to_owned(),
                content_index: Some(content_index),
                sequence_number: Some(number),
                logprobs: (words == Words::Text).then(|| logprobs.into()),
                ..Delta::default()
            });
            match words {
                Words::Text => StreamEvent::OutputTextDelta(event),
                Words::Refusal => StreamEvent::RefusalDelta(event),
            }
        });
    }

    /// Adds a remark, such as a citation, to the text.
    pub(super) fn annotate(
        &mut self,
        annotation: Value,
        seq: &mut Sequence,
        out: &mut Vec<StreamEvent>,
    ) {
        let content_index = self.open_part(Words::Text, seq, out);
        let Some(part) = &mut self.open else { return };
        let annotation_index = part.annotations.len() as u64;
        seq.tell(out, |number| {
            StreamEvent::AnnotationAdded(Box::new(AnnotationAdded {
                item_id: self.place.id.clone(),
                output_index: self.place.index,
                annotation: annotation.clone(),
                content_index: Some(content_index),
                annotation_index: Some(annotation_index),
                sequence_number: Some(number),
                extra: Extra::new(),
            }))
        });
        part.annotations.push(annotation);
    }

    pub(super) fn close(
        mut self,
        status: &str,
        seq: &mut Sequence,
        out: &mut Vec<StreamEvent>,
    ) -> Item {
        self.close_part(seq, out);
        let content = mem::take(&mut self.done);
        let id = mem::take(&mut self.place.id);
        let item = self.item(id, status, content);
        seq.tell_done(out, &self.place, &item);
        item
    }

    /// Makes sure that the open part is of this kind and returns its place in the message.
    fn open_part(&mut self, words: Words, seq: &mut Sequence, out: &mut Vec<StreamEvent>) -> u64 {
        if self.open.as_ref().is_some_and(|part| part.words != words) {
            self.close_part(seq, out);
        }
        let content_index = self.done.len() as u64;
        if self.open.is_none() {
            seq.tell(out, |number| {
                let empty = OpenPart::new(words).into_content();
                StreamEvent::ContentPartAdded(self.part_event(&empty, content_index, number))
            });
            self.open = Some(OpenPart::new(words));
        }
        content_index
    }

    fn close_part(&mut self, seq: &mut Sequence, out: &mut Vec<StreamEvent>) {
        let Some(part) = self.open.take() else { return };
        let content_index = self.done.len() as u64;
        let (item_id, output_index) = (&self.place.id, self.place.index);
        seq.tell(out, |number| match part.words {
            Words::Text => StreamEvent::OutputTextDone(Box::new(TextDone {
                item_id: item_id.clone(),
                output_index,
                text: part.text.clone(),
                content_index: Some(content_index),
                sequence_number: Some(number),
                logprobs: Some(part.logprobs.clone().into()),
                ..TextDone::default()
            })),
            Words::Refusal => StreamEvent::RefusalDone(Box::new(RefusalDone {
                item_id: item_id.clone(),
                output_index,
                refusal: part.text.clone(),
                content_index: Some(content_index),
                sequence_number: Some(number),
                extra: Extra::new(),
            })),
        });
        let content = part.into_content();
        seq.tell(out, |number| {
            StreamEvent::ContentPartDone(self.part_event(&content, content_index, number))
        });
        self.done.push(content);
    }

    fn part_event(&self, part: &ContentPart, content_index: u64, number: u64) -> Box<PartEvent> {
        Box::new(PartEvent {
            item_id: self.place.id.clone(),
            output_index: self.place.index,
            content_index,
            part: part.clone(),
            sequence_number: Some(number),
            extra: Extra::new(),
        })
    }

    fn item(&self, id: String, status: &str, content: Vec<ContentPart>) -> Item {
        Item::Message(Message {
            id: Some(id),
            role: Role::Assistant,
            content: content.into(),
            status: Some(status.to_owned()),
            extra: Extra::new(),
        })
    }
}

impl OpenPart {
    fn new(words: Words) -> Self {
        Self {
            words,
            text: String::new(),
            annotations: Vec::new(),
            logprobs: Vec::new(),
        }
    }

    fn into_content(self) -> ContentPart {
        match self.words {
            Words::Text => ContentPart::OutputText(Text {
                text: self.text,
                annotations: Some(self.annotations.into()),
                logprobs: Some(self.logprobs.into()),
                extra: Extra::new(),
            }),
            Words::Refusal => ContentPart::Refusal(Refusal {
                refusal: self.text,
                extra: Extra::new(),
            }),
        }
    }
}
