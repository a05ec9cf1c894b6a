//! The turns of a Gemini conversation become items.

use llmx_wire::gemini::{Blob, Content, FileData, FunctionCall, FunctionResponse, Part};
use llmx_wire::responses::{self, ContentPart, InputImage, Item, TextOrList, ToolCallOutput};
use serde_json::{Value, json};

use super::carrier;
use crate::{ClientFault, LossReport, Object};

/// Translates the conversation.
pub(super) fn items(
    contents: &[Content],
    losses: &mut LossReport,
) -> Result<Vec<Item>, ClientFault> {
    let mut writer = Writer {
        items: Vec::new(),
        parts: Vec::new(),
        waiting: Vec::new(),
        made: 0,
        losses,
    };
    for (at, content) in contents.iter().enumerate() {
        let is_model = content.role.as_deref() == Some("model");
        for (index, part) in content.parts.iter().enumerate() {
            let path = format!("contents[{at}].parts[{index}]");
            writer.part(part, is_model, &path)?;
        }
        writer.end(is_model);
    }
    Ok(writer.items)
}

struct Writer<'a> {
    items: Vec<Item>,
    /// What was said since the last item.
    parts: Vec<ContentPart>,
    /// The calls without a result: the name of the tool, and the name of the call.
    waiting: Vec<(String, String)>,
    /// How many calls came without a name of their own.
    made: usize,
    losses: &'a mut LossReport,
}

impl Writer<'_> {
    fn part(&mut self, part: &Part, is_model: bool, path: &str) -> Result<(), ClientFault> {
        if let Some(signature) = part.thought_signature.as_ref().filter(|it| !it.is_empty()) {
            self.end(is_model);
            match carrier::unload(signature) {
                Some(reasoning) => self.items.push(Item::Reasoning(reasoning)),
                None => self.losses.dropped(
                    "contents[].parts[].thoughtSignature",
                    "only the provider that made it can read it",
                ),
            }
        }
        match &part.text {
            // What the model thought is the upstream's; its signature carries it.
            Some(_) if part.thought == Some(true) => {}
            Some(text) if !text.is_empty() => self.parts.push(if is_model {
                ContentPart::output_text(text)
            } else {
                ContentPart::input_text(text)
            }),
            _ => {}
        }
        if let Some(blob) = &part.inline_data {
            self.parts.push(bytes(blob));
        }
        if let Some(file) = &part.file_data {
            self.parts.push(elsewhere(file, path)?);
        }
        if let Some(call) = &part.function_call {
            self.end(is_model);
            self.call(call);
        }
        if let Some(response) = &part.function_response {
            self.end(is_model);
            self.response(response, path)?;
        }
        for (kind, value) in &part.extra {
            if matches!(kind.as_str(), "executableCode" | "codeExecutionResult") {
                let text = format!("[{kind}: {value}]");
                self.losses
                    .lowered(format!("contents[].parts[].{kind}"), "it became words");
                self.parts.push(ContentPart::output_text(text));
            } else if !value.is_null() {
                let reason = "Responses has no such field";
                self.losses
                    .dropped(format!("contents[].parts[].{kind}"), reason);
            }
        }
        Ok(())
    }

    fn call(&mut self, call: &FunctionCall) {
        let own = call.id.clone().filter(|id| !id.is_empty());
        let call_id = own.unwrap_or_else(|| {
            self.made += 1;
            format!("call_{}", self.made)
        });
        self.waiting.push((call.name.clone(), call_id.clone()));
        let arguments = call.args.clone().unwrap_or_else(|| json!({}));
        self.items.push(Item::FunctionCall(responses::FunctionCall {
            call_id,
            name: call.name.clone(),
            arguments: arguments.to_string(),
            ..responses::FunctionCall::default()
        }));
    }

    /// A response without a name answers the first call of its tool that has no answer.
    fn response(&mut self, response: &FunctionResponse, path: &str) -> Result<(), ClientFault> {
        let own = response.id.as_ref().filter(|id| !id.is_empty());
        let found = self.waiting.iter().position(|(name, call_id)| match own {
            Some(id) => id == call_id,
            None => *name == response.name,
        });
        let call_id = match (found, own) {
            (Some(found), _) => self.waiting.remove(found).1,
            (None, Some(id)) => id.clone(),
            (None, None) => {
                let reason = format!("no call of `{}` waits for it", response.name);
                return Err(ClientFault::invalid(path, reason));
            }
        };
        let (text, failed) = told(&response.response);
        let mut media = Vec::new();
        for part in &response.parts {
            match (&part.inline_data, &part.file_data) {
                (Some(blob), _) => media.push(bytes(blob)),
                (None, Some(file)) => media.push(elsewhere(file, path)?),
                (None, None) => {}
            }
        }
        let output = if media.is_empty() {
            TextOrList::Text(text)
        } else {
            let words = [ContentPart::input_text(text)];
            TextOrList::List(words.into_iter().chain(media).collect())
        };
        let failed = failed.then(|| ("is_error".to_owned(), Value::Bool(true)));
        self.items.push(Item::FunctionCallOutput(ToolCallOutput {
            call_id,
            output,
            extra: failed.into_iter().collect(),
            ..ToolCallOutput::default()
        }));
        Ok(())
    }

    /// Ends the message under way, if there is one.
    fn end(&mut self, is_model: bool) {
        let parts = std::mem::take(&mut self.parts);
        if parts.is_empty() {
            return;
        }
        let role = if is_model {
            responses::Role::Assistant
        } else {
            responses::Role::User
        };
        self.items.push(Item::Message(responses::Message {
            role,
            content: parts.into(),
            ..responses::Message::default()
        }));
    }
}

/// Reads what a tool returned, and whether it failed; by custom it stands under one of two names.
fn told(response: &Value) -> (String, bool) {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fields: Vec<(&String, &Value)> = response.as_object().into_iter().flatten().collect();
    match fields.as_slice() {
        [(name, value)] if *name == "output" => (plain(value), false),
        [(name, value)] if *name == "error" => (plain(value), true),
        _ => (plain(response), false),
    }
}

fn bytes(blob: &Blob) -> ContentPart {
    let url = format!("data:{};base64,{}", blob.mime_type, blob.data);
    if blob.mime_type.starts_with("image/") {
        return ContentPart::InputImage(InputImage {
            image_url: Some(url),
            ..InputImage::default()
        });
    }
    ContentPart::Unknown(match blob.mime_type.strip_prefix("audio/") {
        Some(format) => object(&[
            ("type", json!("input_audio")),
            ("input_audio", json!({"data": blob.data, "format": format})),
        ]),
        None => object(&[
            ("type", json!("input_file")),
            ("filename", json!("document")),
            ("file_data", json!(url)),
        ]),
    })
}

fn elsewhere(file: &FileData, path: &str) -> Result<ContentPart, ClientFault> {
    let uri = file.file_uri.clone();
    if !uri.starts_with("https://") && !uri.starts_with("http://") {
        let reason = "files are not shared between providers; send the bytes";
        return Err(ClientFault::unsupported(path, reason));
    }
    let mime_type = file.mime_type.as_deref().unwrap_or_default();
    if mime_type.starts_with("image/") {
        return Ok(ContentPart::InputImage(InputImage {
            image_url: Some(uri),
            ..InputImage::default()
        }));
    }
    let fields = [("type", json!("input_file")), ("file_url", json!(uri))];
    Ok(ContentPart::Unknown(object(&fields)))
}

fn object(fields: &[(&str, Value)]) -> Object {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}
