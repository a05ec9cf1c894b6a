//! A Chat answer, streamed or whole, becomes a Responses stream.

mod calls;
mod ending;
mod growing;
mod json_end;
mod leaked;
mod reasoning;
mod route;
mod streamed;
mod think;
mod usage;

use llmx_wire::FaultBody;
use llmx_wire::chat::{Chunk, ChunkChoice, Message, Part, TextOrList};
use llmx_wire::responses::StreamEvent;
use serde_json::Value;

use self::calls::Calls;
use self::growing::Growing;
use self::leaked::{LeakedCalls, Part as Said};
use self::streamed::Streamed;
use self::think::{Piece, ThinkTags};
use crate::stream::{ResponsesWriter, StreamBridge, StreamEnd, Thought, Words};
use crate::{Context, Stamp, UpstreamFault};

/// Chat chunks in, Responses events out.
#[derive(Debug)]
pub struct ChatToResponses {
    writer: ResponsesWriter,
    calls: Calls,
    think: ThinkTags,
    /// Why the upstream says that the answer ends, once it has.
    finish_reason: Option<String>,
    costs: usage::Costs,
    /// Finds calls in the text, where the driver asks for it.
    leaked: Option<LeakedCalls>,
    words: Growing,
    thoughts: Growing,
    streamed: Streamed,
    /// The index of the one choice that is the client's.
    answer: Option<u64>,
}

type Events = Vec<StreamEvent>;
type Pushed = Result<(), UpstreamFault>;

impl ChatToResponses {
    /// Begins the answer to the request that left `context`.
    pub fn new(mut context: Context, stamp: &Stamp) -> Self {
        Self {
            writer: ResponsesWriter::new(&mut context, stamp),
            think: ThinkTags::new(context.think_tags),
            leaked: context.calls_in_text.then(LeakedCalls::default),
            words: Growing::new(context.cumulative),
            thoughts: Growing::new(context.cumulative),
            calls: Calls::new(context.tools, context.cumulative),
            finish_reason: None,
            costs: usage::Costs::default(),
            streamed: Streamed::default(),
            answer: None,
        }
    }

    fn choice(&mut self, choice: ChunkChoice, out: &mut Events) -> Pushed {
        let logprobs = choice.logprobs.as_ref().map(tokens).unwrap_or_default();
        self.streamed.note(&choice.delta);
        self.message(choice.delta, logprobs, out)?;
        if let Some(message) = choice.message {
            let logprobs = choice.logprobs.as_ref().map(tokens).unwrap_or_default();
            self.message(self.streamed.rest_of(*message), logprobs, out)?;
        }
        let reason = choice.finish_reason.filter(|reason| !reason.is_empty());
        let error = choice.extra.get("error").and_then(FaultBody::from_value);
        if let Some(fault) = error {
            return Err(UpstreamFault::in_stream(fault));
        }
        // The first reason stands: some servers repeat the last chunk.
        self.finish_reason = self.finish_reason.take().or(reason);
        Ok(())
    }

    /// Applies what a message holds, in the order in which a model works.
    fn message(&mut self, mut message: Message, logprobs: Vec<Value>, out: &mut Events) -> Pushed {
        for thought in reasoning::of(&mut message) {
            let news = self.thoughts.news(thought.text);
            self.writer.think(thought.kind, &news, out)?;
            self.writer.seal(thought.field, thought.data, out)?;
        }
        match message.content {
            Some(TextOrList::Text(text)) => self.text(text, logprobs, out)?,
            Some(TextOrList::List(parts)) => {
                for part in parts {
                    self.part(part, out)?;
                }
            }
            None => {}
        }
        if let Some(refusal) = message.refusal {
            self.writer.say(Words::Refusal, refusal, Vec::new(), out)?;
        }
        for annotation in annotations(&message.extra) {
            self.writer.annotate(annotation, out);
        }
        let called = !message.tool_calls.is_empty();
        let several = message.tool_calls.len() > 1;
        for (position, mut call) in message.tool_calls.into_iter().enumerate() {
            if several {
                // Calls side by side are different calls, whatever else they lack.
                call.index.get_or_insert(position as u64);
            }
            self.calls.push(call, &mut self.writer, out)?;
        }
        // Where both forms stand side by side, they are the same call.
        if let Some(call) = message.function_call.filter(|_| !called) {
            self.calls
                .push(calls::legacy(call), &mut self.writer, out)?;
        }
        Ok(())
    }

    fn text(&mut self, text: String, logprobs: Vec<Value>, out: &mut Events) -> Pushed {
        let text = self.words.news(text);
        if self.think.are_over(&text) && self.leaked.is_none() {
            if !text.is_empty() {
                self.calls.show_named(&mut self.writer, out)?;
            }
            return self.writer.say(Words::Text, text, logprobs, out);
        }
        let mut logprobs = Some(logprobs);
        for piece in self.think.push(&text) {
            self.piece(piece, logprobs.take().unwrap_or_default(), out)?;
        }
        Ok(())
    }

    fn piece(&mut self, piece: Piece, logprobs: Vec<Value>, out: &mut Events) -> Pushed {
        match &piece {
            Piece::Text(text) | Piece::Thought(text) if text.is_empty() => {}
            _ => self.calls.show_named(&mut self.writer, out)?,
        }
        match piece {
            Piece::Text(text) => match &mut self.leaked {
                Some(leaked) => {
                    let said = leaked.push(&text);
                    self.said(said, out)
                }
                None => self.writer.say(Words::Text, text, logprobs, out),
            },
            Piece::Thought(text) => self.writer.think(Thought::Full, &text, out),
        }
    }

    fn said(&mut self, said: Vec<Said>, out: &mut Events) -> Pushed {
        for said in said {
            match said {
                Said::Text(text) => self.writer.say(Words::Text, text, Vec::new(), out)?,
                Said::Call(call) => self.calls.push(*call, &mut self.writer, out)?,
            }
        }
        Ok(())
    }

    fn part(&mut self, part: Part, out: &mut Events) -> Pushed {
        match part {
            Part::Text(part) => self.text(part.text, Vec::new(), out),
            Part::Refusal(part) => self
                .writer
                .say(Words::Refusal, part.refusal, Vec::new(), out),
            // Mistral points between its words at what they rest on.
            Part::Unknown(object) if is_reference(&object) => {
                self.writer.annotate(Value::Object(object), out);
                Ok(())
            }
            Part::Unknown(object) => match reasoning::part_text(&object) {
                Some(text) => self.writer.think(Thought::Full, &text, out),
                None => Err(UpstreamFault::Malformed(
                    "a content part of no known type".to_owned(),
                )),
            },
            part => Err(UpstreamFault::Malformed(format!(
                "a part `{}` of an answer",
                part.kind()
            ))),
        }
    }
}

impl StreamBridge for ChatToResponses {
    type In = Chunk;
    type Out = StreamEvent;

    fn push(&mut self, chunk: Chunk, out: &mut Events) -> Pushed {
        if let Some(fault) = chunk.fault() {
            return Err(UpstreamFault::in_stream(fault));
        }
        self.writer.model(&chunk.model);
        self.writer.begin(out);
        if let Some(tier) = chunk
            .extra
            .get("service_tier")
            .filter(|tier| tier.is_string())
        {
            self.writer.service_tier(tier.clone());
        }
        for usage in usage::told_aside(&chunk).into_iter().chain(chunk.usage) {
            self.costs.set(usage);
        }
        for choice in chunk.choices {
            // Only one answer was asked for; a second is not the client's. Some servers spread the
            // one over choices of the same index: its words, then its calls.
            if *self.answer.get_or_insert(choice.index) == choice.index {
                self.choice(choice, out)?;
            }
        }
        Ok(())
    }

    fn is_closing(&self) -> bool {
        self.finish_reason.is_some()
    }

    fn finish(mut self, end: StreamEnd, out: &mut Events) {
        let closed = self.close(out);
        if let Some(usage) = self.costs.take() {
            self.writer.usage(usage);
        }
        let end = match (end, closed) {
            (StreamEnd::Broken(fault), _) | (_, Err(fault)) => StreamEnd::Broken(fault),
            (end, Ok(())) => end,
        };
        let end = end.after_reason(self.is_closing());
        let is_whole = self.writer.has_output() && !self.writer.is_in_a_call();
        let ending = ending::of(end, self.finish_reason.as_deref(), is_whole);
        self.writer.finish(ending, out);
    }
}

impl ChatToResponses {
    /// Gives out what was held back.
    fn close(&mut self, out: &mut Events) -> Pushed {
        if let Some(piece) = self.think.close() {
            self.piece(piece, Vec::new(), out)?;
        }
        let held = self.leaked.as_mut().and_then(LeakedCalls::close);
        self.said(held.into_iter().collect(), out)?;
        self.calls.close(&mut self.writer, out)
    }
}

fn tokens(logprobs: &Value) -> Vec<Value> {
    let content = logprobs.get("content").and_then(Value::as_array);
    content.cloned().unwrap_or_default()
}

fn is_reference(part: &crate::Object) -> bool {
    part.get("type").and_then(Value::as_str) == Some("reference")
}

/// Returns citations in the form of Responses, which has no object around them.
fn annotations(extra: &crate::Object) -> Vec<Value> {
    let listed = extra.get("annotations").and_then(Value::as_array);
    let flat = |annotation: &Value| {
        let kind = annotation.get("type")?.as_str()?;
        let mut flat = annotation.get(kind)?.as_object()?.clone();
        flat.insert("type".to_owned(), kind.into());
        Some(Value::Object(flat))
    };
    listed.into_iter().flatten().filter_map(flat).collect()
}
