//! The turns of a Messages conversation become items.

use llmx_wire::messages::{ContentBlock, Document, Message, Role, Source, ToolResult};
use llmx_wire::responses::{
    self, ContentPart, FunctionCall, InputImage, Item, Text, TextOrList, ToolCallOutput,
};
use serde_json::{Value, json};

use super::carrier;
use crate::{ClientFault, Extra, LossReport, Object};

/// Translates the conversation.
pub(super) fn items(
    messages: &[Message],
    losses: &mut LossReport,
) -> Result<Vec<Item>, ClientFault> {
    let mut items = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let role = match &message.role {
            Role::Assistant => responses::Role::Assistant,
            Role::System => responses::Role::Developer,
            Role::User => responses::Role::User,
            Role::Other(name) => {
                let reason = format!("no such role: `{name}`");
                return Err(ClientFault::invalid(format!("messages[{at}].role"), reason));
            }
        };
        let mut turn = Turn {
            at,
            role,
            parts: Vec::new(),
            items: &mut items,
            losses,
        };
        match &message.content {
            TextOrList::Text(text) => turn.say(text, None),
            TextOrList::List(blocks) => {
                for (index, block) in blocks.iter().enumerate() {
                    turn.block(index, block)?;
                }
            }
        }
        turn.end();
    }
    Ok(items)
}

/// Makes a part of the words of a system prompt.
pub(super) fn words(block: &ContentBlock) -> Option<ContentPart> {
    match block {
        ContentBlock::Text(text) if !text.text.is_empty() => {
            let mark = text.cache_control.as_ref().map(|mark| json!(mark));
            Some(part(&text.text, mark, &responses::Role::Developer))
        }
        _ => None,
    }
}

struct Turn<'a> {
    at: usize,
    role: responses::Role,
    /// What was said since the last item.
    parts: Vec<ContentPart>,
    items: &'a mut Vec<Item>,
    losses: &'a mut LossReport,
}

impl Turn<'_> {
    fn block(&mut self, index: usize, block: &ContentBlock) -> Result<(), ClientFault> {
        let path = || format!("messages[{}].content[{index}]", self.at);
        if loses_its_mark(block, &self.role) {
            let reason = "only words that are not the model's keep the mark of a cached prefix";
            self.losses
                .dropped("messages[].content[].cache_control", reason);
        }
        match block {
            ContentBlock::Text(text) => {
                let mark = text.cache_control.as_ref().map(|mark| json!(mark));
                self.say(&text.text, mark);
            }
            ContentBlock::Image(image) => {
                let picture = picture(&image.source, &path())?;
                self.parts.push(picture);
            }
            ContentBlock::Document(document) => {
                let parts = paper(document, &path())?;
                self.parts.extend(parts);
            }
            ContentBlock::ToolUse(call) => {
                self.end();
                self.items.push(Item::FunctionCall(FunctionCall {
                    call_id: call.id.clone(),
                    name: call.name.clone(),
                    arguments: call.input.to_string(),
                    ..FunctionCall::default()
                }));
            }
            ContentBlock::ToolResult(result) => {
                let item = output(result, &path())?;
                self.end();
                self.items.push(item);
            }
            ContentBlock::Thinking(_) | ContentBlock::RedactedThinking(_) => {
                self.end();
                match carrier::unload(block) {
                    Some(reasoning) => self.items.push(Item::Reasoning(reasoning)),
                    None => self.losses.dropped(
                        format!("messages[].content[].{}", block.kind()),
                        "only the provider that signed it can read it",
                    ),
                }
            }
            ContentBlock::Unknown(object) => self.unknown(object, &path())?,
        }
        Ok(())
    }

    /// What Anthropic's servers did themselves is told in the words that follow it.
    fn unknown(&mut self, object: &Object, path: &str) -> Result<(), ClientFault> {
        let kind = object
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if kind == "server_tool_use" || kind.ends_with("_tool_result") {
            let reason = "a server answered it, and its words followed";
            self.losses
                .dropped(format!("messages[].content[].{kind}"), reason);
            return Ok(());
        }
        let reason = format!("Responses has no place for `{kind}`");
        Err(ClientFault::unsupported(path, reason))
    }

    fn say(&mut self, text: &str, mark: Option<Value>) {
        if !text.is_empty() {
            self.parts.push(part(text, mark, &self.role));
        }
    }

    /// Ends the message under way, if there is one.
    fn end(&mut self) {
        let parts = std::mem::take(&mut self.parts);
        if !parts.is_empty() {
            self.items.push(Item::Message(responses::Message {
                role: self.role.clone(),
                content: parts.into(),
                ..responses::Message::default()
            }));
        }
    }
}

/// Returns whether a block has a mark of where a cached prefix ends for which the pivot has no place.
fn loses_its_mark(block: &ContentBlock, role: &responses::Role) -> bool {
    let mark = match block {
        ContentBlock::Text(text) if *role == responses::Role::Assistant => &text.cache_control,
        ContentBlock::Image(block) => &block.cache_control,
        ContentBlock::Document(block) => &block.cache_control,
        ContentBlock::ToolUse(block) => &block.cache_control,
        ContentBlock::ToolResult(block) => &block.cache_control,
        _ => return false,
    };
    mark.is_some()
}

fn part(text: &str, mark: Option<Value>, role: &responses::Role) -> ContentPart {
    let mut part = Text::from(text.to_owned());
    match role {
        responses::Role::Assistant => ContentPart::OutputText(part),
        _ => {
            let mark = mark.map(|mark| ("cache_control".to_owned(), mark));
            part.extra.extend(mark);
            ContentPart::InputText(part)
        }
    }
}

fn output(result: &ToolResult, path: &str) -> Result<Item, ClientFault> {
    let output = match &result.content {
        None => TextOrList::Text(String::new()),
        Some(TextOrList::Text(text)) => TextOrList::Text(text.clone()),
        Some(TextOrList::List(blocks)) => {
            let mut parts = Vec::with_capacity(blocks.len());
            for block in blocks {
                match block {
                    ContentBlock::Text(text) => parts.push(ContentPart::input_text(&text.text)),
                    ContentBlock::Image(image) => parts.push(picture(&image.source, path)?),
                    ContentBlock::Document(document) => parts.extend(paper(document, path)?),
                    other => {
                        let reason = format!("a result holds no `{}` here", other.kind());
                        return Err(ClientFault::unsupported(path, reason));
                    }
                }
            }
            TextOrList::List(parts)
        }
    };
    let mut extra = Extra::new();
    if result.is_error == Some(true) {
        extra.insert("is_error".to_owned(), true.into());
    }
    Ok(Item::FunctionCallOutput(ToolCallOutput {
        call_id: result.tool_use_id.clone(),
        output,
        extra,
        ..ToolCallOutput::default()
    }))
}

fn picture(source: &Source, path: &str) -> Result<ContentPart, ClientFault> {
    Ok(ContentPart::InputImage(InputImage {
        image_url: Some(url(source, path)?),
        ..InputImage::default()
    }))
}

fn paper(document: &Document, path: &str) -> Result<Vec<ContentPart>, ClientFault> {
    let file = match &document.source {
        Source::Text(text) => return Ok(vec![ContentPart::input_text(&text.data)]),
        Source::Content(content) => {
            return match &content.content {
                TextOrList::Text(text) => Ok(vec![ContentPart::input_text(text)]),
                TextOrList::List(blocks) => blocks
                    .iter()
                    .map(|block| match block {
                        ContentBlock::Text(text) => Ok(ContentPart::input_text(&text.text)),
                        ContentBlock::Image(image) => picture(&image.source, path),
                        _ => Err(unshared(path)),
                    })
                    .collect(),
            };
        }
        Source::Url(source) => json!({"file_url": source.url}),
        source => json!({"file_data": url(source, path)?}),
    };
    let mut object = Object::from_iter([("type".to_owned(), "input_file".into())]);
    let title = document
        .title
        .clone()
        .unwrap_or_else(|| "document.pdf".to_owned());
    if file.get("file_data").is_some() {
        object.insert("filename".to_owned(), title.into());
    }
    object.extend(file.as_object().cloned().unwrap_or_default());
    Ok(vec![ContentPart::Unknown(object)])
}

fn url(source: &Source, path: &str) -> Result<String, ClientFault> {
    match source {
        Source::Base64(bytes) => Ok(format!("data:{};base64,{}", bytes.media_type, bytes.data)),
        Source::Url(source) => Ok(source.url.clone()),
        _ => Err(unshared(path)),
    }
}

fn unshared(path: &str) -> ClientFault {
    ClientFault::unsupported(
        path,
        "it must come with its bytes or its address; files are not shared between providers",
    )
}
