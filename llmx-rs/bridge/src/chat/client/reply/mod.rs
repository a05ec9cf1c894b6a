//! A Responses stream becomes Chat chunks.

mod chunks;
mod fold;

use std::collections::BTreeMap;

use llmx_wire::FaultBody;
use llmx_wire::chat::{Chunk, FunctionCall, TextOrList, ToolCall};
use llmx_wire::responses::{self, ContentPart, Delta, Item, StreamEvent};
use serde_json::{Value, json};

use self::chunks::{ChunkWriter, Chunks};
use super::request::ChatContext;
use crate::{Stamp, StreamBridge, StreamEnd, UpstreamFault};

pub use fold::fold_chunks;

/// Responses events in, Chat chunks out.
#[derive(Debug)]
pub struct ResponsesToChat {
    writer: ChunkWriter,
    /// What the client has of each item, by the item's id, or by its place where it has none.
    items: BTreeMap<String, Shown>,
    calls: u64,
    end: Option<End>,
}

/// What the client has of one item.
#[derive(Debug, Default)]
struct Shown {
    /// The call's place among the calls.
    call: Option<u64>,
    custom: bool,
    text: usize,
    refusal: usize,
    /// Of the full reasoning and of its summary: which comes first is the upstream's choice.
    thought: usize,
    summary: usize,
    arguments: usize,
}

/// How the answer ended.
#[derive(Debug)]
enum End {
    Whole(Box<responses::Response>),
    Cut(Box<responses::Response>),
    Failed(UpstreamFault),
}

impl ResponsesToChat {
    /// Begins the answer to the request that left `context`.
    pub fn new(context: ChatContext, stamp: &Stamp) -> Self {
        Self {
            writer: ChunkWriter::new(context, stamp),
            items: BTreeMap::new(),
            calls: 0,
            end: None,
        }
    }

    fn event(&mut self, event: StreamEvent, out: &mut Chunks) {
        match event {
            StreamEvent::Created(event) | StreamEvent::InProgress(event) => {
                self.writer.model(&event.response);
                self.writer.begin(out);
            }
            StreamEvent::OutputTextDelta(delta) => {
                self.shown(&delta.item_id, delta.output_index).text += delta.delta.len();
                let logprobs = logprobs(&delta);
                self.writer.say(delta.delta, logprobs, out);
            }
            StreamEvent::RefusalDelta(delta) => {
                self.shown(&delta.item_id, delta.output_index).refusal += delta.delta.len();
                self.writer.refuse(delta.delta, out);
            }
            StreamEvent::ReasoningTextDelta(delta) => {
                self.shown(&delta.item_id, delta.output_index).thought += delta.delta.len();
                self.writer.think(delta.delta, out);
            }
            StreamEvent::SummaryTextDelta(delta) => {
                self.shown(&delta.item_id, delta.output_index).summary += delta.delta.len();
                self.writer.think(delta.delta, out);
            }
            StreamEvent::ArgumentsDelta(delta) | StreamEvent::InputDelta(delta) => {
                let shown = self.shown(&delta.item_id, delta.output_index);
                shown.arguments += delta.delta.len();
                let (call, custom) = (shown.call, shown.custom);
                if let Some(call) = call {
                    self.writer.argue(call, custom, delta.delta, out);
                }
            }
            StreamEvent::OutputItemAdded(event) => {
                self.open(&event.item, event.output_index, out);
            }
            StreamEvent::OutputItemDone(event) => {
                self.complete(&event.item, event.output_index, out);
            }
            StreamEvent::Completed(event) => self.terminal(event.response, End::Whole, out),
            StreamEvent::Incomplete(event) => self.terminal(event.response, End::Cut, out),
            StreamEvent::Failed(event) => {
                self.writer.model(&event.response);
                self.end = Some(End::Failed(failure(&event.response)));
            }
            StreamEvent::Error(event) => {
                self.end = Some(End::Failed(UpstreamFault::reported(None, event.fault())));
            }
            // The rest repeats what deltas and items say, or has no place in Chat.
            _ => {}
        }
    }

    /// Shows what no event has shown: a response that came whole is nothing else.
    fn terminal(
        &mut self,
        response: responses::Response,
        end: fn(Box<responses::Response>) -> End,
        out: &mut Chunks,
    ) {
        self.writer.model(&response);
        for (index, item) in response.output.iter().enumerate() {
            self.complete(item, index as u64, out);
        }
        self.end = Some(end(Box::new(response)));
    }

    /// Shows that a call begins.
    fn open(&mut self, item: &Item, index: u64, out: &mut Chunks) {
        let (id, call_id, name, custom) = match item {
            Item::FunctionCall(call) => (&call.id, &call.call_id, &call.name, false),
            Item::CustomToolCall(call) => (&call.id, &call.call_id, &call.name, true),
            _ => return,
        };
        let number = self.calls;
        let shown = self.shown(id.as_deref().unwrap_or_default(), index);
        if shown.call.is_some() {
            return;
        }
        shown.call = Some(number);
        shown.custom = custom;
        self.calls += 1;
        let mut call = ToolCall {
            index: Some(number),
            id: Some(call_id.clone()),
            kind: Some(if custom { "custom" } else { "function" }.to_owned()),
            ..ToolCall::default()
        };
        if custom {
            let opening = json!({"name": name, "input": ""});
            call.extra.insert("custom".to_owned(), opening);
        } else {
            call.function = Some(FunctionCall {
                name: Some(name.clone()),
                arguments: Some("".into()),
                ..FunctionCall::default()
            });
        }
        self.writer.call(call, out);
    }

    /// Shows what is missing of a whole item.
    fn complete(&mut self, item: &Item, index: u64, out: &mut Chunks) {
        match item {
            Item::Message(message) => {
                let id = message.id.as_deref().unwrap_or_default();
                let (mut text, mut refusal) = (String::new(), String::new());
                if let TextOrList::List(parts) = &message.content {
                    for part in parts {
                        match part {
                            ContentPart::Refusal(part) => refusal.push_str(&part.refusal),
                            part => text.push_str(part.text().unwrap_or_default()),
                        }
                    }
                }
                let shown = self.shown(id, index);
                let text = rest(&text, &mut shown.text);
                let refusal = rest(&refusal, &mut shown.refusal);
                if !text.is_empty() {
                    self.writer.say(text, None, out);
                }
                if !refusal.is_empty() {
                    self.writer.refuse(refusal, out);
                }
            }
            Item::Reasoning(reasoning) => {
                let id = reasoning.id.as_deref().unwrap_or_default();
                let summary: String = reasoning
                    .summary
                    .iter()
                    .filter_map(ContentPart::text)
                    .collect();
                let full = reasoning.content.iter().flatten();
                let full: String = full.filter_map(ContentPart::text).collect();
                let shown = self.shown(id, index);
                let thought = rest(&summary, &mut shown.summary) + &rest(&full, &mut shown.thought);
                if !thought.is_empty() {
                    self.writer.think(thought, out);
                }
            }
            Item::FunctionCall(call) => {
                self.complete_call(item, call.id.as_deref(), index, &call.arguments, out);
            }
            Item::CustomToolCall(call) => {
                self.complete_call(item, call.id.as_deref(), index, &call.input, out);
            }
            _ => {}
        }
    }

    fn complete_call(
        &mut self,
        item: &Item,
        id: Option<&str>,
        index: u64,
        arguments: &str,
        out: &mut Chunks,
    ) {
        self.open(item, index, out);
        let shown = self.shown(id.unwrap_or_default(), index);
        let rest = rest(arguments, &mut shown.arguments);
        let (call, custom) = (shown.call, shown.custom);
        if let (Some(call), false) = (call, rest.is_empty()) {
            self.writer.argue(call, custom, rest, out);
        }
    }

    fn shown(&mut self, id: &str, index: u64) -> &mut Shown {
        let key = if id.is_empty() {
            format!("#{index}")
        } else {
            id.to_owned()
        };
        self.items.entry(key).or_default()
    }
}

impl StreamBridge for ResponsesToChat {
    type In = StreamEvent;
    type Out = Chunk;

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
            End::Whole(response) => {
                let reason = if self.calls > 0 { "tool_calls" } else { "stop" };
                self.writer.close(reason, response.usage.as_ref(), out);
            }
            End::Cut(response) => {
                let details = response.incomplete_details.as_ref();
                let why = details.and_then(|details| details.reason.as_deref());
                let filtered = why == Some("content_filter");
                let reason = if filtered { "content_filter" } else { "length" };
                self.writer.close(reason, response.usage.as_ref(), out);
            }
            End::Failed(fault) => self.writer.fail(&fault, out),
        }
    }
}

/// Returns what the client does not have of a text, and notes that it now has it.
fn rest(text: &str, shown: &mut usize) -> String {
    let rest = text.get(*shown..).unwrap_or_default().to_owned();
    *shown = text.len().max(*shown);
    rest
}

fn logprobs(delta: &Delta) -> Option<Value> {
    let tokens = delta.logprobs.as_ref()?.as_array()?;
    (!tokens.is_empty()).then(|| json!({"content": tokens, "refusal": null}))
}

fn failure(response: &responses::Response) -> UpstreamFault {
    let error = response.error.clone().unwrap_or_default();
    let fault = FaultBody::from_value(&json!(error));
    UpstreamFault::reported(None, fault.unwrap_or_default())
}
