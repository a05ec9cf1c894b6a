//! A Gemini request becomes a request of the pivot.

use llmx_wire::gemini;
use llmx_wire::responses::{ContentPart, Item, Message, Request, Role};

use super::{config, history, tools};
use crate::{ClientFault, Extra, LossReport, Options};

/// A request of the pivot, and what its translation leaves behind.
#[derive(Debug, Clone)]
pub struct FromGemini {
    /// The request. It may hold what only other dialects have (`stop`, `seed`, …): for an upstream
    /// of Responses, [`crate::for_responses`] takes that out.
    pub request: Request,
    /// What the translation of the answer needs.
    pub context: GeminiContext,
    /// What could not be carried over.
    pub losses: LossReport,
}

/// What the translation of a Gemini request leaves for the translation of its answer.
#[derive(Debug, Clone, Default)]
pub struct GeminiContext {
    pub(super) model: String,
}

/// Translates a request. Each field is taken apart by name, so that a new one cannot be forgotten.
pub(in crate::gemini) fn translate(
    model: &str,
    streams: bool,
    request: &gemini::Request,
    options: &Options,
) -> Result<FromGemini, ClientFault> {
    let gemini::Request {
        system_instruction,
        tools,
        tool_config,
        generation_config,
        safety_settings,
        cached_content,
        contents,
        extra,
    } = request;
    if cached_content.is_some() {
        let reason = "the upstream has no such cache; send the whole conversation";
        return Err(ClientFault::unsupported("cachedContent", reason));
    }
    let mut losses = LossReport::default();
    if !safety_settings.is_empty() {
        losses.dropped("safetySettings", "Responses has no such field");
    }
    for (name, value) in extra {
        if !value.is_null() {
            losses.dropped(name, "llmx does not know this field");
        }
    }
    let mut items: Vec<Item> = Vec::new();
    if let Some(system) = system_instruction {
        items.extend(words_of_the_program(system));
    }
    items.extend(history::items(contents, &mut losses)?);
    let mut pivot = Request {
        model: options.model.clone().unwrap_or_else(|| model.to_owned()),
        input: items.into(),
        tools: tools::tools(tools, &mut losses),
        tool_choice: tools::choice(tool_config.as_ref(), &mut losses),
        // Gemini keeps nothing; the client carries all that there is.
        store: Some(false),
        include: vec!["reasoning.encrypted_content".to_owned()],
        stream: streams.then_some(true),
        ..Request::default()
    };
    if let Some(config) = generation_config {
        config::apply(config, &mut pivot, &mut losses)?;
    }
    Ok(FromGemini {
        request: pivot,
        context: GeminiContext {
            model: model.to_owned(),
        },
        losses,
    })
}

fn words_of_the_program(system: &gemini::Content) -> Option<Item> {
    let texts = system.parts.iter().filter_map(|part| part.text.as_ref());
    let content: Vec<ContentPart> = texts
        .filter(|text| !text.is_empty())
        .map(ContentPart::input_text)
        .collect();
    (!content.is_empty()).then(|| {
        Item::Message(Message {
            role: Role::Developer,
            content: content.into(),
            extra: Extra::new(),
            ..Message::default()
        })
    })
}
