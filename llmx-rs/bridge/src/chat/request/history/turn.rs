//! One turn of the model: what it thought, said and called, and the results.

use llmx_wire::chat::{FunctionCall, Message, Role, TextOrList, ToolCall};
use llmx_wire::responses::{Item, ToolCallOutput};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::content::{self, ToolResult};
use super::{Walk, foreign};
use crate::ClientFault;
use crate::seal::Seal;

/// One turn under way.
#[derive(Debug, Default)]
pub(super) struct Turn {
    thoughts: Vec<Seal>,
    text: String,
    calls: Vec<Call>,
    /// Whether a result has come: what the model does next is a turn of its own.
    pub(super) answered: bool,
}

/// One call of a turn.
#[derive(Debug)]
pub(super) struct Call {
    /// Where it stands in the input.
    pub(super) position: usize,
    /// The tool's name on the wire.
    pub(super) name: String,
    pub(super) arguments: String,
}

impl Turn {
    pub(super) fn think(&mut self, seal: Seal) {
        self.thoughts.push(seal);
    }

    pub(super) fn say(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        self.text.push_str(text);
    }

    pub(super) fn call(&mut self, call: Call) {
        self.calls.push(call);
    }

    pub(super) fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Writes the turn's messages: the model's own, its results, and what results cannot hold.
    pub(super) fn tell(mut self, walk: &mut Walk<'_>) -> Result<(), ClientFault> {
        let (calls, broken): (Vec<Call>, Vec<Call>) = std::mem::take(&mut self.calls)
            .into_iter()
            .partition(|call| is_object(&call.arguments));
        for call in &broken {
            walk.losses.lowered(
                "input[].arguments",
                "they are not a JSON object and are told as text",
            );
            self.say(&format!(
                "(I called the tool `{}` with arguments that are not valid JSON: {})",
                call.name, call.arguments
            ));
        }
        let mut message = Message {
            role: Some(Role::Assistant),
            content: (!self.text.is_empty()).then(|| TextOrList::Text(self.text.clone())),
            ..Message::default()
        };
        self.give_back(&mut message, !calls.is_empty(), walk);
        if calls.is_empty() && message.content.is_none() {
            return Ok(());
        }
        message.tool_calls = calls.iter().map(|call| call.wire(walk)).collect();
        walk.out.push(message);

        let mut attachments = Vec::new();
        for call in &calls {
            let result = call.result(walk)?;
            attachments.extend(result.attachments);
            walk.out.push(Message {
                tool_call_id: Some(walk.pairing.id_of(call.position)),
                ..Message::text(Role::Tool, result.text)
            });
        }
        if !attachments.is_empty() {
            let text = "Attachments of the tool results above:".to_owned();
            walk.out.push(content::with_attachments(text, attachments));
        }
        for call in &broken {
            let result = call.result(walk)?;
            let text = format!("Result of the call of `{}`:\n{}", call.name, result.text);
            walk.out
                .push(content::with_attachments(text, result.attachments));
        }
        Ok(())
    }

    /// Gives reasoning back in the field that it came in. Upstreams that ask for it want it where
    /// the model called tools; elsewhere some refuse it.
    fn give_back(&self, message: &mut Message, has_calls: bool, walk: &mut Walk<'_>) {
        for seal in &self.thoughts {
            let shown = match seal.kind.as_str() {
                _ if !has_calls => false,
                "reasoning_content" => {
                    append(
                        message.reasoning_content.get_or_insert_default(),
                        &seal.text,
                    );
                    true
                }
                "reasoning" => {
                    let mut text = match message.reasoning.take() {
                        Some(Value::String(text)) => text,
                        _ => String::new(),
                    };
                    append(&mut text, &seal.text);
                    message.reasoning = Some(text.into());
                    true
                }
                "reasoning_details" => {
                    let details = seal.data.as_array().cloned().unwrap_or_default();
                    match &mut message.reasoning_details {
                        Some(Value::Array(held)) => held.extend(details),
                        held => *held = Some(details.into()),
                    }
                    true
                }
                _ => false,
            };
            if !shown {
                walk.losses.dropped(
                    "input[].reasoning",
                    "only turns with tool calls take it back",
                );
            }
        }
    }
}

impl Call {
    fn wire(&self, walk: &Walk<'_>) -> ToolCall {
        let empty = self.arguments.trim().is_empty();
        let arguments = if empty { "{}" } else { &self.arguments };
        ToolCall {
            id: Some(walk.pairing.id_of(self.position)),
            kind: Some("function".to_owned()),
            function: Some(FunctionCall {
                name: Some(self.name.clone()),
                arguments: Some(arguments.into()),
                ..FunctionCall::default()
            }),
            ..ToolCall::default()
        }
    }

    /// Returns what the call returned; every call must have a result, even if no one has it.
    fn result(&self, walk: &mut Walk<'_>) -> Result<ToolResult, ClientFault> {
        let position = walk.pairing.output_of(self.position);
        let item = position.and_then(|position| Some((position, walk.items.get(position)?)));
        let foreign: ToolCallOutput;
        let (position, output) = match item {
            Some((
                position,
                Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output),
            )) => (position, output),
            Some((position, Item::Unknown(object))) => {
                foreign = foreign::output(object, walk.table);
                (position, &foreign)
            }
            _ => {
                walk.losses.lowered(
                    "input[].call",
                    "it has no output; one that says so stands in",
                );
                return Ok(ToolResult {
                    text: "There is no result: the call was not completed.".to_owned(),
                    attachments: Vec::new(),
                });
            }
        };
        content::result(position, output, walk.losses)
    }
}

fn append(held: &mut String, text: &str) {
    if !held.is_empty() {
        held.push('\n');
    }
    held.push_str(text);
}

fn is_object(arguments: &str) -> bool {
    let arguments = arguments.trim();
    arguments.is_empty()
        || (arguments.starts_with('{') && serde_json::from_str::<IgnoredAny>(arguments).is_ok())
}
