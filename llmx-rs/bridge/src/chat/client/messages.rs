//! Messages become the items of a conversation.

use std::collections::BTreeSet;

use llmx_wire::chat::{self, Part, Role as ChatRole, ToolCall};
use llmx_wire::responses::{
    ContentPart, CustomToolCall, FunctionCall, InputImage, Item, Message, Refusal, Role,
    TextOrList, ToolCallOutput,
};
use serde_json::Value;

use crate::{ClientFault, Extra, LossReport, Object};

/// Translates a conversation.
pub(super) fn items(
    messages: &[chat::Message],
    losses: &mut LossReport,
) -> Result<Vec<Item>, ClientFault> {
    let mut walk = Walk {
        losses,
        items: Vec::with_capacity(messages.len()),
        custom: BTreeSet::new(),
        legacy: 0,
    };
    for (position, message) in messages.iter().enumerate() {
        walk.message(position, message)?;
    }
    Ok(walk.items)
}

/// The conversation up to one message.
struct Walk<'a> {
    losses: &'a mut LossReport,
    items: Vec<Item>,
    /// The calls of free-form tools, whose outputs are of another kind.
    custom: BTreeSet<String>,
    /// How many calls of the protocol's first form, which had no ids, there were.
    legacy: usize,
}

impl Walk<'_> {
    fn message(&mut self, position: usize, message: &chat::Message) -> Result<(), ClientFault> {
        if message.name.is_some() && message.role != Some(ChatRole::Function) {
            self.losses
                .dropped("messages[].name", "Responses has no names");
        }
        let role = match message.role {
            Some(ChatRole::Assistant) => return self.assistant(position, message),
            Some(ChatRole::Tool) => {
                let id = message.tool_call_id.clone().unwrap_or_default();
                return self.output(position, id, message);
            }
            Some(ChatRole::Function) => {
                let id = legacy_id(self.legacy);
                return self.output(position, id, message);
            }
            Some(ChatRole::System) => Role::System,
            Some(ChatRole::Developer) => Role::Developer,
            Some(ChatRole::User) | None => Role::User,
            Some(ChatRole::Other(ref role)) => {
                let path = format!("messages[{position}].role");
                return Err(ClientFault::invalid(
                    path,
                    format!("no such role: `{role}`"),
                ));
            }
        };
        let content = self.content(position, message)?;
        self.items.push(Item::Message(Message {
            role,
            content,
            ..Message::default()
        }));
        Ok(())
    }

    fn assistant(&mut self, position: usize, message: &chat::Message) -> Result<(), ClientFault> {
        let reasons = message.reasoning_content.is_some()
            || message.reasoning.is_some()
            || message.reasoning_details.is_some();
        if reasons {
            self.losses.dropped(
                "messages[].reasoning",
                "nothing tells which model it came from",
            );
        }
        let mut parts = match &message.content {
            None => Vec::new(),
            Some(TextOrList::Text(text)) if text.is_empty() => Vec::new(),
            Some(TextOrList::Text(text)) => vec![ContentPart::output_text(text.clone())],
            Some(TextOrList::List(parts)) => self.spoken(position, parts)?,
        };
        parts.extend(message.refusal.clone().map(refusal));
        if !parts.is_empty() {
            self.items.push(Item::Message(Message {
                role: Role::Assistant,
                content: parts.into(),
                ..Message::default()
            }));
        }
        for call in &message.tool_calls {
            self.call(call);
        }
        if let Some(call) = &message.function_call {
            self.legacy += 1;
            self.function(legacy_id(self.legacy), call);
        }
        Ok(())
    }

    fn call(&mut self, call: &ToolCall) {
        let id = call.id.clone().unwrap_or_default();
        let Some(custom) = call.extra.get("custom") else {
            return self.function(id, &call.function.clone().unwrap_or_default());
        };
        let text = |field: &str| {
            custom
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        self.custom.insert(id.clone());
        self.items.push(Item::CustomToolCall(CustomToolCall {
            call_id: id,
            name: text("name").to_owned(),
            input: text("input").to_owned(),
            ..CustomToolCall::default()
        }));
    }

    fn function(&mut self, call_id: String, call: &chat::FunctionCall) {
        let arguments = match &call.arguments {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        };
        self.items.push(Item::FunctionCall(FunctionCall {
            call_id,
            name: call.name.clone().unwrap_or_default(),
            arguments,
            ..FunctionCall::default()
        }));
    }

    fn output(
        &mut self,
        position: usize,
        call_id: String,
        message: &chat::Message,
    ) -> Result<(), ClientFault> {
        let custom = self.custom.contains(&call_id);
        let output = ToolCallOutput {
            call_id,
            output: self.content(position, message)?,
            ..ToolCallOutput::default()
        };
        self.items.push(if custom {
            Item::CustomToolCallOutput(output)
        } else {
            Item::FunctionCallOutput(output)
        });
        Ok(())
    }

    fn content(
        &mut self,
        position: usize,
        message: &chat::Message,
    ) -> Result<TextOrList<ContentPart>, ClientFault> {
        let parts = match &message.content {
            None => return Ok(TextOrList::Text(String::new())),
            Some(TextOrList::Text(text)) => return Ok(TextOrList::Text(text.clone())),
            Some(TextOrList::List(parts)) => parts,
        };
        let parts = parts.iter().map(|part| heard(position, part));
        parts.collect::<Result<Vec<_>, _>>().map(TextOrList::List)
    }

    fn spoken(&mut self, position: usize, parts: &[Part]) -> Result<Vec<ContentPart>, ClientFault> {
        let speak = |part: &Part| match part {
            Part::Text(part) => Ok(ContentPart::output_text(part.text.clone())),
            Part::Refusal(part) => Ok(refusal(part.refusal.clone())),
            part => Err(unsupported(position, part)),
        };
        parts.iter().map(speak).collect()
    }
}

/// Translates a part of what the model is told.
fn heard(position: usize, part: &Part) -> Result<ContentPart, ClientFault> {
    match part {
        Part::Text(part) => Ok(ContentPart::input_text(part.text.clone())),
        Part::ImageUrl(part) => Ok(ContentPart::InputImage(InputImage {
            image_url: Some(part.image_url.url.clone()),
            detail: part.image_url.detail.clone(),
            ..InputImage::default()
        })),
        Part::InputAudio(part) => Ok(unnamed(
            "input_audio",
            [("input_audio", part.input_audio.clone())],
        )),
        Part::File(part) => {
            let fields = part.file.as_object().cloned().unwrap_or_default();
            let mut object = Object::from_iter([("type".to_owned(), "input_file".into())]);
            object.extend(fields);
            Ok(ContentPart::Unknown(object))
        }
        part => Err(unsupported(position, part)),
    }
}

fn unnamed<const N: usize>(kind: &str, fields: [(&str, Value); N]) -> ContentPart {
    let mut object = Object::from_iter([("type".to_owned(), kind.into())]);
    object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    ContentPart::Unknown(object)
}

fn refusal(refusal: String) -> ContentPart {
    ContentPart::Refusal(Refusal {
        refusal,
        extra: Extra::new(),
    })
}

fn unsupported(position: usize, part: &Part) -> ClientFault {
    let path = format!("messages[{position}].content[].{}", part.kind());
    ClientFault::unsupported(path, "Responses has no such part here")
}

/// The id of a call of the protocol's first form; its answer is the next message.
fn legacy_id(number: usize) -> String {
    format!("call_function_{number}")
}
