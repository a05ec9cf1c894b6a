//! The lane of a message: what the model says to the client, and its refusals.

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
            done: Vec::new(),
            open: None,
        };
        let item = lane.item("in_progress");
        out.push(seq.item_added(&lane.place, item));
        (lane.place.index, lane)
    }

    pub(super) fn push(
        &mut self,
        words: Words,
        delta: &str,
        logprobs: Vec<Value>,
        seq: &mut Sequence,
        out: &mut Vec<StreamEvent>,
    ) {
        let content_index = self.open_part(words, seq, out);
        let mut extra = seq.numbered([("content_index", content_index)]);
        if words == Words::Text {
            extra.insert("logprobs".to_owned(), logprobs.clone().into());
        }
        if let Some(part) = &mut self.open {
            part.text.push_str(delta);
            part.logprobs.extend(logprobs);
        }
        let event = Box::new(Delta {
            item_id: self.place.id.clone(),
            output_index: self.place.index,
            delta: delta.to_owned(),
            extra,
        });
        out.push(match words {
            Words::Text => StreamEvent::OutputTextDelta(event),
            Words::Refusal => StreamEvent::RefusalDelta(event),
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
        part.annotations.push(annotation.clone());
        out.push(StreamEvent::AnnotationAdded(Box::new(AnnotationAdded {
            item_id: self.place.id.clone(),
            output_index: self.place.index,
            annotation,
            extra: seq.numbered([
                ("content_index", content_index),
                ("annotation_index", annotation_index),
            ]),
        })));
    }

    pub(super) fn close(
        mut self,
        status: &str,
        seq: &mut Sequence,
        out: &mut Vec<StreamEvent>,
    ) -> Item {
        self.close_part(seq, out);
        let item = self.item(status);
        out.push(seq.item_done(&self.place, item.clone()));
        item
    }

    /// Makes sure that the open part is of this kind and returns its place in the message.
    fn open_part(&mut self, words: Words, seq: &mut Sequence, out: &mut Vec<StreamEvent>) -> u64 {
        if self.open.as_ref().is_some_and(|part| part.words != words) {
            self.close_part(seq, out);
        }
        let content_index = self.done.len() as u64;
        if self.open.is_none() {
            let part = OpenPart {
                words,
                text: String::new(),
                annotations: Vec::new(),
                logprobs: Vec::new(),
            };
            let added = self.part_event(part.content(), content_index, seq);
            out.push(StreamEvent::ContentPartAdded(added));
            self.open = Some(part);
        }
        content_index
    }

    fn close_part(&mut self, seq: &mut Sequence, out: &mut Vec<StreamEvent>) {
        let Some(part) = self.open.take() else { return };
        let content_index = self.done.len() as u64;
        let mut extra = seq.numbered([("content_index", content_index)]);
        let (item_id, output_index) = (self.place.id.clone(), self.place.index);
        out.push(match part.words {
            Words::Text => {
                extra.insert("logprobs".to_owned(), part.logprobs.clone().into());
                StreamEvent::OutputTextDone(Box::new(TextDone {
                    item_id,
                    output_index,
                    text: part.text.clone(),
                    extra,
                }))
            }
            Words::Refusal => StreamEvent::RefusalDone(Box::new(RefusalDone {
                item_id,
                output_index,
                refusal: part.text.clone(),
                extra,
            })),
        });
        let content = part.content();
        let done = self.part_event(content.clone(), content_index, seq);
        out.push(StreamEvent::ContentPartDone(done));
        self.done.push(content);
    }

    fn part_event(
        &self,
        part: ContentPart,
        content_index: u64,
        seq: &mut Sequence,
    ) -> Box<PartEvent> {
        Box::new(PartEvent {
            item_id: self.place.id.clone(),
            output_index: self.place.index,
            content_index,
            part,
            extra: seq.numbered([]),
        })
    }

    fn item(&self, status: &str) -> Item {
        Item::Message(Message {
            id: Some(self.place.id.clone()),
            role: Role::Assistant,
            content: self.done.clone().into(),
            status: Some(status.to_owned()),
            extra: Extra::new(),
        })
    }
}

impl OpenPart {
    fn content(&self) -> ContentPart {
        match self.words {
            Words::Text => ContentPart::OutputText(Text {
                text: self.text.clone(),
                extra: Extra::from_iter([
                    ("annotations".to_owned(), self.annotations.clone().into()),
                    ("logprobs".to_owned(), self.logprobs.clone().into()),
                ]),
            }),
            Words::Refusal => ContentPart::Refusal(Refusal {
                refusal: self.text.clone(),
                extra: Extra::new(),
            }),
        }
    }
}
