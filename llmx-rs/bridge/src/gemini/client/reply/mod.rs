//! A Responses stream becomes Gemini chunks.

mod ending;
mod fold;

use std::collections::BTreeMap;

use llmx_wire::gemini::{Candidate, Content, FunctionCall, Part, Response};
use llmx_wire::responses::{self, ContentPart, Item, StreamEvent, TextOrList};
use serde_json::{Value, json};

use super::{GeminiContext, carrier};
use crate::{Extra, Object, Stamp, StreamBridge, StreamEnd, UpstreamFault};

pub use ending::error_body;
pub use fold::fold_chunks;

type Chunks = Vec<Response>;

/// Responses events in, Gemini chunks out.
#[derive(Debug)]
pub struct ResponsesToGemini {
    blank: Response,
    /// What the client has of each item, by its place in the output.
    items: BTreeMap<u64, Shown>,
    /// What the upstream wants back, for the next part.
    signature: Option<String>,
    end: Option<End>,
}

/// What the client has of one item.
#[derive(Debug, Default)]
struct Shown {
    text: usize,
    /// Of the full reasoning and of its summary.
    thought: usize,
    summary: usize,
    is_done: bool,
}

/// How the answer ended.
#[derive(Debug)]
enum End {
    Told(Box<responses::Response>),
    Failed(UpstreamFault),
}

impl ResponsesToGemini {
    /// Begins the answer to the request that left `context`.
    pub fn new(context: GeminiContext, stamp: &Stamp) -> Self {
        Self {
            blank: Response {
                model_version: Some(context.model),
                response_id: Some(stamp.id.clone()),
                ..Response::default()
            },
            items: BTreeMap::new(),
            signature: None,
            end: None,
        }
    }

    fn event(&mut self, event: StreamEvent, out: &mut Chunks) {
        match event {
            StreamEvent::Created(event) | StreamEvent::InProgress(event) => {
                self.learn_model(&event.response);
            }
            StreamEvent::OutputTextDelta(delta) | StreamEvent::RefusalDelta(delta) => {
                self.shown(delta.output_index).text += delta.delta.len();
                self.say(delta.delta, out);
            }
            StreamEvent::ReasoningTextDelta(delta) => {
                self.shown(delta.output_index).thought += delta.delta.len();
                self.think(delta.delta, out);
            }
            StreamEvent::SummaryTextDelta(delta) => {
                self.shown(delta.output_index).summary += delta.delta.len();
                self.think(delta.delta, out);
            }
            StreamEvent::OutputItemDone(event) => {
                self.complete(&event.item, event.output_index, out);
            }
            StreamEvent::Completed(event) | StreamEvent::Incomplete(event) => {
                self.learn_model(&event.response);
                for (index, item) in (0..).zip(&event.response.output) {
                    self.complete(item, index, out);
                }
                self.end = Some(End::Told(Box::new(event.response)));
            }
            StreamEvent::Failed(event) => {
                self.end = Some(End::Failed(ending::failure(&event.response)));
            }
            StreamEvent::Error(event) => {
                self.end = Some(End::Failed(UpstreamFault::reported(None, event.fault())));
            }
            // A call is shown whole; the rest repeats what deltas and items say.
            _ => {}
        }
    }

    /// Shows what is missing of a whole item.
    fn complete(&mut self, item: &Item, place: u64, out: &mut Chunks) {
        let shown = self.shown(place);
        if std::mem::replace(&mut shown.is_done, true) {
            return;
        }
        let (text, thought, summary) = (shown.text, shown.thought, shown.summary);
        match item {
            Item::Message(message) => {
                let whole = match &message.content {
                    TextOrList::Text(text) => text.clone(),
                    TextOrList::List(parts) => parts.iter().filter_map(ContentPart::text).collect(),
                };
                self.say(whole.get(text..).unwrap_or_default().to_owned(), out);
            }
            Item::Reasoning(reasoning) => {
                let full = reasoning.content.as_deref().unwrap_or_default();
                let (parts, told) = if reasoning.summary.is_empty() {
                    (full, thought)
                } else {
                    (&*reasoning.summary, summary)
                };
                let whole: String = parts.iter().filter_map(ContentPart::text).collect();
                self.think(whole.get(told..).unwrap_or_default().to_owned(), out);
                self.flush(out);
                self.signature = carrier::load(reasoning);
            }
            // A call of Gemini comes whole, so what was cut off is none: a client would run it.
            Item::FunctionCall(call) if call.status.as_deref() == Some("incomplete") => {}
            Item::FunctionCall(call) => {
                let arguments = serde_json::from_str::<Object>(&call.arguments);
                // Arguments that are no object stay visible.
                let cut = |_| Object::from_iter([("incomplete".to_owned(), json!(call.arguments))]);
                self.push(
                    Part {
                        function_call: Some(FunctionCall {
                            id: Some(call.call_id.clone()),
                            name: call.name.clone(),
                            args: Some(Value::Object(arguments.unwrap_or_else(cut))),
                            extra: Extra::new(),
                        }),
                        ..Part::default()
                    },
                    out,
                );
            }
            _ => {}
        }
    }

    fn say(&mut self, text: String, out: &mut Chunks) {
        if !text.is_empty() {
            self.push(Part::text(text), out);
        }
    }

    fn think(&mut self, text: String, out: &mut Chunks) {
        if !text.is_empty() {
            let mut part = Part::text(text);
            part.thought = Some(true);
            out.push(self.chunk(vec![part]));
        }
    }

    /// Shows a part of the answer; a signature that waits stands on it.
    fn push(&mut self, mut part: Part, out: &mut Chunks) {
        part.thought_signature = self.signature.take();
        out.push(self.chunk(vec![part]));
    }

    /// Shows a signature that found no part to stand on.
    fn flush(&mut self, out: &mut Chunks) {
        if self.signature.is_some() {
            self.push(Part::text(""), out);
        }
    }

    fn chunk(&self, parts: Vec<Part>) -> Response {
        let content = Content {
            role: Some("model".to_owned()),
            parts,
            extra: Extra::new(),
        };
        Response {
            candidates: vec![Candidate {
                content: Some(content),
                index: Some(0),
                ..Candidate::default()
            }],
            ..self.blank.clone()
        }
    }

    fn shown(&mut self, place: u64) -> &mut Shown {
        self.items.entry(place).or_default()
    }

    fn learn_model(&mut self, response: &responses::Response) {
        if let Some(model) = response.model.as_ref().filter(|model| !model.is_empty()) {
            self.blank.model_version = Some(model.clone());
        }
    }
}

impl StreamBridge for ResponsesToGemini {
    type In = StreamEvent;
    type Out = Response;

    fn push(&mut self, event: StreamEvent, out: &mut Chunks) -> Result<(), UpstreamFault> {
        // Nothing counts after the answer's end.
        if self.end.is_none() {
            self.event(event, out);
        }
        Ok(())
    }

    fn finish(mut self, end: StreamEnd, out: &mut Chunks) {
        let ended = match (self.end.take(), end) {
            (Some(ended), _) => ended,
            (None, StreamEnd::Broken(fault)) => End::Failed(fault),
            (None, StreamEnd::Done | StreamEnd::Eof) => End::Failed(UpstreamFault::CutOff),
        };
        match ended {
            End::Told(response) => {
                self.flush(out);
                let mut last = self.chunk(Vec::new());
                if let Some(candidate) = last.candidates.first_mut() {
                    candidate.finish_reason = Some(ending::reason(&response));
                }
                last.usage_metadata = response.usage.as_ref().map(ending::usage);
                out.push(last);
            }
            End::Failed(fault) => out.push(Response {
                error: Some(json!(error_body(&fault).error)),
                ..self.blank.clone()
            }),
        }
    }
}
