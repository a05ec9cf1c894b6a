//! One block of an answer, from its beginning to its end.

use std::collections::BTreeMap;

use llmx_wire::messages::{ContentBlock, Delta, Text, Thinking};
use serde_json::Value;

use super::Events;
use crate::UpstreamFault;
use crate::messages::thinking::{SEAL, sealed};
use crate::stream::{CallKey, ResponsesWriter, Thought, Words};
use crate::tools::ToolTable;

/// The blocks that have begun and not ended, by their place in the answer.
#[derive(Debug)]
pub(super) struct Blocks {
    open: BTreeMap<u64, Block>,
    limit: usize,
}

impl Blocks {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            open: BTreeMap::new(),
            limit,
        }
    }

    pub(super) fn insert(&mut self, index: u64, block: Block) -> Result<(), UpstreamFault> {
        if self.open.len() >= self.limit {
            return Err(UpstreamFault::TooLarge {
                what: "open blocks",
                limit: self.limit,
            });
        }
        self.open.insert(index, block);
        Ok(())
    }

    pub(super) fn get(&mut self, index: u64) -> Option<&mut Block> {
        self.open.get_mut(&index)
    }

    pub(super) fn remove(&mut self, index: u64) -> Option<Block> {
        self.open.remove(&index)
    }
}

/// A block under way.
#[derive(Debug)]
pub(super) enum Block {
    Text,
    /// What it holds so far is what goes back: the words and the signature.
    Thinking(Thinking),
    Call(CallKey, Arguments),
    /// The call that stands for the answer's text.
    Answer(Arguments),
    /// A tool that the server ran; Responses clients did not ask for it.
    Other,
}

/// The arguments that a call began with: the whole of them, or a placeholder for the deltas.
#[derive(Debug)]
pub(super) struct Arguments {
    first: Value,
    has_deltas: bool,
}

impl Block {
    pub(super) fn open(
        block: ContentBlock,
        tools: &ToolTable,
        answer_tool: Option<&str>,
        writer: &mut ResponsesWriter,
        out: &mut Events,
    ) -> Result<Self, UpstreamFault> {
        match block {
            ContentBlock::Text(text) => {
                say_whole(text, writer, out)?;
                Ok(Self::Text)
            }
            ContentBlock::Thinking(thinking) => {
                writer.think(Thought::Summary, &thinking.thinking, out)?;
                Ok(Self::Thinking(thinking))
            }
            redacted @ ContentBlock::RedactedThinking(_) => {
                writer.seal(SEAL, sealed(&redacted), out)?;
                writer.end_reasoning(out);
                Ok(Self::Other)
            }
            ContentBlock::ToolUse(call) => {
                let arguments = Arguments {
                    first: call.input,
                    has_deltas: false,
                };
                if answer_tool == Some(call.name.as_str()) {
                    return Ok(Self::Answer(arguments));
                }
                if call.name.is_empty() {
                    return Err(UpstreamFault::UnnamedToolCall);
                }
                let id = (!call.id.is_empty()).then_some(call.id);
                let key = writer.call(id, tools.target(&call.name), out)?;
                Ok(Self::Call(key, arguments))
            }
            ContentBlock::Image(_)
            | ContentBlock::Document(_)
            | ContentBlock::ToolResult(_)
            | ContentBlock::Unknown(_) => Ok(Self::Other),
        }
    }

    /// Returns the block that a delta without a beginning belongs to.
    pub(super) fn implied_by(delta: &Delta) -> Result<Self, UpstreamFault> {
        match delta {
            Delta::Text(_) | Delta::Citations(_) => Ok(Self::Text),
            Delta::Thinking(_) | Delta::Signature(_) => Ok(Self::Thinking(Thinking::default())),
            Delta::InputJson(_) => Err(UpstreamFault::UnnamedToolCall),
            Delta::Unknown(_) => Ok(Self::Other),
        }
    }

    pub(super) fn push(
        &mut self,
        delta: Delta,
        writer: &mut ResponsesWriter,
        out: &mut Events,
    ) -> Result<(), UpstreamFault> {
        match (self, delta) {
            (Self::Other, _) => Ok(()),
            (Self::Text, Delta::Text(delta)) => {
                writer.say(Words::Text, delta.text, Vec::new(), out)
            }
            (Self::Text, Delta::Citations(delta)) => {
                writer.annotate(annotation(delta.citation), out);
                Ok(())
            }
            (Self::Thinking(held), Delta::Thinking(delta)) => {
                held.thinking.push_str(&delta.thinking);
                writer.think(Thought::Summary, &delta.thinking, out)
            }
            (Self::Thinking(held), Delta::Signature(delta)) => {
                held.signature = Some(delta.signature);
                Ok(())
            }
            (Self::Call(key, arguments), Delta::InputJson(delta)) => {
                arguments.has_deltas |= !delta.partial_json.is_empty();
                writer.arguments(*key, &delta.partial_json, out)
            }
            (Self::Answer(arguments), Delta::InputJson(delta)) => {
                arguments.has_deltas |= !delta.partial_json.is_empty();
                writer.say(Words::Text, delta.partial_json, Vec::new(), out)
            }
            // Guessing here could run half a command or break a signature.
            (_, delta) => {
                let what = format!("a `{}` in a block of another kind", delta.kind());
                Err(UpstreamFault::Malformed(what))
            }
        }
    }

    pub(super) fn close(
        self,
        writer: &mut ResponsesWriter,
        out: &mut Events,
    ) -> Result<(), UpstreamFault> {
        match self {
            Self::Text | Self::Other => {}
            Self::Thinking(thinking) => {
                // A thought without a signature would be refused: there is nothing to seal.
                let signed = thinking.signature.as_ref().is_some_and(|it| !it.is_empty());
                if signed {
                    let block = ContentBlock::Thinking(thinking);
                    writer.seal(SEAL, sealed(&block), out)?;
                }
                writer.end_reasoning(out);
            }
            Self::Call(key, arguments) => {
                writer.arguments(key, &arguments.whole(), out)?;
                writer.end_call(key, out);
            }
            Self::Answer(arguments) => {
                writer.say(Words::Text, arguments.whole(), Vec::new(), out)?;
            }
        }
        Ok(())
    }
}

impl Arguments {
    /// Returns the arguments that came with the beginning, if no delta replaced them.
    fn whole(&self) -> String {
        match &self.first {
            _ if self.has_deltas => String::new(),
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        }
    }
}

/// Says the words that a block begins with, which are all of them where the answer came whole.
fn say_whole(
    text: Text,
    writer: &mut ResponsesWriter,
    out: &mut Events,
) -> Result<(), UpstreamFault> {
    writer.say(Words::Text, text.text, Vec::new(), out)?;
    if let Some(Value::Array(citations)) = text.extra.get("citations") {
        for citation in citations {
            writer.annotate(annotation(citation.clone()), out);
        }
    }
    Ok(())
}

/// Gives a citation of the web the form that Responses has for it; others stay as they are.
fn annotation(citation: Value) -> Value {
    match citation {
        Value::Object(mut fields) if fields.contains_key("url") => {
            fields.insert("type".to_owned(), "url_citation".into());
            for place in ["start_index", "end_index"] {
                // Messages does not tell the place; the citation speaks of the words before it.
                fields.entry(place).or_insert_with(|| 0.into());
            }
            Value::Object(fields)
        }
        other => other,
    }
}
