//! The parts of a message: text stays text, media goes where Chat has a place for it, and what
//! has none is refused by name.

use llmx_wire::chat::{self, File, ImageUrl, ImageUrlPart, InputAudio, Part, Role};
use llmx_wire::responses::{ContentPart, InputImage, Message, TextOrList, ToolCallOutput};
use serde_json::{Value, json};

use crate::{ClientFault, Extra, LossReport, Object};

/// What a tool returned: text for the tool message, and media that only a user message can hold.
pub(super) struct ToolResult {
    pub(super) text: String,
    pub(super) attachments: Vec<Part>,
}

/// Makes the content of a text; `None` if it is nothing.
pub(super) fn plain(text: &str) -> Option<TextOrList<Part>> {
    (!text.is_empty()).then(|| TextOrList::Text(text.to_owned()))
}

/// Translates what a user says; `None` if it is nothing.
pub(super) fn user(
    position: usize,
    content: &TextOrList<ContentPart>,
    losses: &mut LossReport,
) -> Result<Option<TextOrList<Part>>, ClientFault> {
    report_marks(content, losses);
    let parts = match content {
        TextOrList::Text(text) => return Ok(plain(text)),
        TextOrList::List(parts) => parts,
    };
    // Many servers and templates take lists only where there is more than text.
    if let Some(texts) = texts(parts) {
        return Ok((!texts.is_empty()).then(|| TextOrList::Text(texts.join("\n"))));
    }
    let mut out = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        match part.text() {
            Some("") => {}
            Some(text) => out.push(Part::text(text)),
            None => out.push(media(position, index, part, losses)?),
        }
    }
    Ok(Some(TextOrList::List(out)))
}

/// Returns the words of a message that can hold nothing else. Its parts are separate texts, such
/// as the rules of a program and those of a project.
pub(super) fn words(
    position: usize,
    message: &Message,
    losses: &mut LossReport,
) -> Result<String, ClientFault> {
    report_marks(&message.content, losses);
    let TextOrList::List(parts) = &message.content else {
        return Ok(message.text());
    };
    let mut texts = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        texts.push(part.text().ok_or_else(|| {
            let path = format!("input[{position}].content[{index}]");
            ClientFault::unsupported(path, "a system message holds text alone")
        })?);
    }
    Ok(texts.join("\n\n"))
}

/// Names the marks of cached prefixes, which servers of Chat find by themselves.
fn report_marks(content: &TextOrList<ContentPart>, losses: &mut LossReport) {
    if let TextOrList::List(parts) = content
        && parts.iter().any(ContentPart::marks_cache)
    {
        losses.dropped(
            "input[].content[].cache_control",
            "servers of Chat find what they have cached by themselves",
        );
    }
}

/// Returns what the model said.
pub(super) fn spoken(message: &Message, losses: &mut LossReport) -> String {
    if let TextOrList::List(parts) = &message.content {
        for part in parts {
            match part {
                ContentPart::Refusal(_) => {
                    losses.lowered("input[].content[].refusal", "it is told as text");
                }
                _ if part.text().is_none() => losses.dropped(
                    format!("input[].content[].{}", part.kind()),
                    "an assistant message holds text alone",
                ),
                _ => {}
            }
        }
    }
    message.text()
}

/// Translates what a tool returned.
pub(super) fn result(
    position: usize,
    output: &ToolCallOutput,
    losses: &mut LossReport,
) -> Result<ToolResult, ClientFault> {
    report_marks(&output.output, losses);
    let mut text = String::new();
    let mut attachments = Vec::new();
    if is_failure(output) {
        text.push_str("The tool failed.\n");
    }
    match &output.output {
        TextOrList::Text(plain) => text.push_str(plain),
        TextOrList::List(parts) => {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 && !text.is_empty() {
                    text.push('\n');
                }
                if let Some(plain) = part.text() {
                    text.push_str(plain);
                    continue;
                }
                // A detail that Chat does not have is not worth a report of its own here.
                attachments.push(media(position, index, part, &mut LossReport::default())?);
                let number = attachments.len();
                text.push_str(&format!(
                    "(Attachment {number} is in the next user message.)"
                ));
            }
        }
    }
    Ok(ToolResult { text, attachments })
}

/// Makes a user message of text and what belongs to it.
pub(super) fn with_attachments(text: String, attachments: Vec<Part>) -> chat::Message {
    if attachments.is_empty() {
        return chat::Message::text(Role::User, text);
    }
    let parts = [Part::text(text)].into_iter().chain(attachments).collect();
    chat::Message {
        role: Some(Role::User),
        content: Some(TextOrList::List(parts)),
        ..chat::Message::default()
    }
}

fn media(
    position: usize,
    index: usize,
    part: &ContentPart,
    losses: &mut LossReport,
) -> Result<Part, ClientFault> {
    let path = || format!("input[{position}].content[{index}].{}", part.kind());
    match part {
        ContentPart::InputImage(image) => picture(image, losses)
            .ok_or_else(|| ClientFault::unsupported(path(), "Chat takes pictures by URL alone")),
        ContentPart::Unknown(object) => match part.kind() {
            "input_file" => document(object).ok_or_else(|| {
                ClientFault::unsupported(path(), "Chat takes files by content or id, not by URL")
            }),
            "input_audio" => Ok(Part::InputAudio(InputAudio {
                input_audio: object.get("input_audio").cloned().unwrap_or_default(),
                extra: Extra::new(),
            })),
            _ => Err(ClientFault::unsupported(path(), "Chat has no such part")),
        },
        _ => Err(ClientFault::unsupported(path(), "Chat has no such part")),
    }
}

fn picture(image: &InputImage, losses: &mut LossReport) -> Option<Part> {
    let url = image.image_url.clone()?;
    let known = ["auto", "low", "high"];
    let detail = image.detail.clone().filter(|detail| !detail.is_null());
    let detail = detail.map(|detail| {
        if detail.as_str().is_some_and(|level| known.contains(&level)) {
            return detail;
        }
        losses.lowered("input[].content[].detail", "the closest look that Chat has");
        json!("high")
    });
    Some(Part::ImageUrl(ImageUrlPart {
        image_url: ImageUrl {
            url,
            detail,
            extra: Extra::new(),
        },
        extra: Extra::new(),
    }))
}

fn document(object: &Object) -> Option<Part> {
    let fields: Object = ["filename", "file_data", "file_id"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), object.get(name)?.clone())))
        .filter(|(_, value)| !value.is_null())
        .collect();
    let has_content = fields.contains_key("file_data") || fields.contains_key("file_id");
    has_content.then(|| {
        Part::File(File {
            file: fields.into(),
            extra: Extra::new(),
        })
    })
}

fn is_failure(output: &ToolCallOutput) -> bool {
    output.extra.get("is_error") == Some(&Value::Bool(true))
        || output.extra.get("success") == Some(&Value::Bool(false))
}

/// Returns the texts of parts that are nothing else; those that say nothing are left out.
fn texts(parts: &[ContentPart]) -> Option<Vec<&str>> {
    let mut texts = parts
        .iter()
        .map(ContentPart::text)
        .collect::<Option<Vec<_>>>()?;
    texts.retain(|text| !text.is_empty());
    Some(texts)
}
