//! A Messages request becomes a request of the pivot.

use llmx_wire::messages;
use llmx_wire::responses::{ContentPart, Item, Message, Request, Role, TextOrList};

use super::{history, options, tools};
use crate::{ClientFault, Extra, LossReport, Options};

/// A request of the pivot, and what its translation leaves behind.
#[derive(Debug, Clone)]
pub struct FromMessages {
    /// The request. It may hold what only other dialects have (`stop`, `top_k`, cache marks): for
    /// an upstream of Responses, [`crate::for_responses`] takes that out.
    pub request: Request,
    /// What the translation of the answer needs.
    pub context: MessagesContext,
    /// What could not be carried over.
    pub losses: LossReport,
}

/// What the translation of a Messages request leaves for the translation of its answer.
#[derive(Debug, Clone, Default)]
pub struct MessagesContext {
    pub(super) model: String,
}

/// Translates a request. Each field is taken apart by name, so that a new one cannot be forgotten.
pub(in crate::messages) fn translate(
    request: &messages::Request,
    options: &Options,
) -> Result<FromMessages, ClientFault> {
    let messages::Request {
        model,
        max_tokens,
        system,
        tools,
        tool_choice,
        thinking: _,
        output_config: _,
        stop_sequences: _,
        temperature,
        top_p,
        top_k: _,
        metadata: _,
        service_tier: _,
        cache_control: _,
        stream,
        messages,
        extra,
    } = request;
    let mut losses = LossReport::default();
    let mut items = Vec::new();
    if let Some(system) = system {
        items.extend(words_of_the_program(system));
    }
    items.extend(history::items(messages, &mut losses)?);
    let choice = tools::choice(tool_choice.as_ref())?;
    let mut pivot = Request {
        model: options.model.as_ref().unwrap_or(model).clone(),
        input: items.into(),
        tools: tools::tools(tools, &mut losses)?,
        tool_choice: choice.mode,
        parallel_tool_calls: choice.parallel,
        max_output_tokens: *max_tokens,
        temperature: *temperature,
        top_p: *top_p,
        // Messages keeps nothing; the client carries all that there is.
        store: Some(false),
        include: vec!["reasoning.encrypted_content".to_owned()],
        stream: *stream,
        ..Request::default()
    };
    options::named(request, &mut pivot, &mut losses)?;
    options::unnamed(extra, &mut losses)?;
    Ok(FromMessages {
        request: pivot,
        context: MessagesContext {
            model: model.clone(),
        },
        losses,
    })
}

/// The blocks stay apart, each with its mark: what an upstream has cached depends on both.
fn words_of_the_program(system: &TextOrList<messages::ContentBlock>) -> Option<Item> {
    let content: Vec<ContentPart> = match system {
        TextOrList::Text(text) => vec![ContentPart::input_text(text)],
        TextOrList::List(blocks) => blocks.iter().filter_map(history::words).collect(),
    };
    (!content.is_empty()).then(|| {
        Item::Message(Message {
            role: Role::Developer,
            content: content.into(),
            extra: Extra::new(),
            ..Message::default()
        })
    })
}
