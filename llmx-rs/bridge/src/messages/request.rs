//! A Responses request becomes a Messages request.

use llmx_wire::messages::{self, ContentBlock, Message, Role};
use llmx_wire::responses::{ReasoningOptions, Request, TextOptions, TextOrList};

use super::{ToMessages, cache, format, history, options, thinking, tools};
use crate::tools::{Choice, choice, offer};
use crate::turns::SPOKE_FIRST;
use crate::{ClientFault, Context, Extra, LossReport, Object, Options, SystemMerge, context};

/// Translates a request. Each field is taken apart by name, so that a new one cannot be forgotten.
pub(super) fn translate(request: &Request, options: &Options) -> Result<ToMessages, ClientFault> {
    let Request {
        model,
        instructions,
        input,
        tools: _,
        tool_choice,
        parallel_tool_calls,
        reasoning: _,
        text,
        max_output_tokens,
        temperature,
        top_p,
        store: _,
        stream,
        include: _,
        previous_response_id: _,
        prompt_cache_key: _,
        extra,
    } = request;
    let policy = &options.messages;
    let mut losses = LossReport::default();
    let mut offer = offer(request, &mut losses)?;
    let choice = choice(tool_choice.as_ref(), &mut offer, &mut losses)?;
    let offers_tools = !offer.tools.is_empty();
    let forced = matches!(choice, Some(Choice::Required | Choice::Tool(_)));

    let mut out = messages::Request {
        model: options.model.as_ref().unwrap_or(model).clone(),
        max_tokens: Some(max_output_tokens.unwrap_or(policy.max_tokens)),
        tools: tools::tools(offer.tools, options.strict_tools, &mut losses),
        tool_choice: tools::tool_choice(choice, *parallel_tool_calls, offers_tools),
        temperature: temperature.map(|it| bounded(it, &mut losses)),
        top_p: *top_p,
        stream: *stream,
        ..messages::Request::default()
    };
    let origin = context::origin(request, options);
    converse(
        input,
        instructions.as_deref(),
        options.system,
        &mut out,
        |items| history::translate(items, options, &origin, &offer.table, &mut losses),
    )?;
    check_ends(&mut out, &mut losses)?;
    options::extra(extra, &mut out, &mut losses)?;
    let answer_tool = match text {
        Some(text) => shape(text, options, offers_tools, &mut out, &mut losses)?,
        None => None,
    };
    tools::declare_called(&mut out);
    let forced = forced || answer_tool.is_some();
    thinking::configure(&mut out, request, forced, options, &mut losses);
    cache::mark(&mut out, policy.cache, &mut losses);
    report(request, options, &mut losses)?;
    let mut context = Context::new(request, options, origin, offer.table);
    context.answer_tool = answer_tool;
    Ok(ToMessages {
        request: out,
        context,
        losses,
    })
}

/// Fills in the system prompt and the conversation.
fn converse(
    input: &TextOrList<llmx_wire::responses::Item>,
    instructions: Option<&str>,
    system: SystemMerge,
    out: &mut messages::Request,
    translate: impl FnOnce(&[llmx_wire::responses::Item]) -> Result<history::History, ClientFault>,
) -> Result<(), ClientFault> {
    let history = match input {
        TextOrList::Text(text) => history::History {
            messages: said(text).into_iter().collect(),
            ..history::History::default()
        },
        TextOrList::List(items) => translate(items)?,
    };
    let told = instructions.filter(|text| !text.trim().is_empty());
    let told = told.map(ContentBlock::text);
    let mut before: Vec<ContentBlock> = told.into_iter().chain(history.system).collect();
    out.messages = history.messages;
    if system == SystemMerge::AsUser || out.messages.is_empty() {
        // Without a turn of the client there is nothing to answer.
        let as_user = before.drain(..).map(history::marked).collect::<Vec<_>>();
        prepend(out, as_user);
    }
    if !before.is_empty() {
        out.system = Some(before.into());
    }
    Ok(())
}

/// Makes the one turn of a conversation that is a text; a blank one is none.
fn said(text: &str) -> Option<Message> {
    let is_blank = text.trim().is_empty();
    (!is_blank).then(|| turn(Role::User, vec![ContentBlock::text(text)]))
}

fn prepend(out: &mut messages::Request, mut blocks: Vec<ContentBlock>) {
    if blocks.is_empty() {
        return;
    }
    match out.messages.first_mut() {
        Some(Message {
            role: Role::User,
            content: TextOrList::List(held),
            ..
        }) => {
            blocks.append(held);
            *held = blocks;
        }
        _ => out.messages.insert(0, turn(Role::User, blocks)),
    }
}

/// Messages wants the client to speak first and last.
fn check_ends(out: &mut messages::Request, losses: &mut LossReport) -> Result<(), ClientFault> {
    match out.messages.last().map(|last| &last.role) {
        None => {
            return Err(ClientFault::invalid("input", "it holds nothing to answer"));
        }
        Some(Role::Assistant) => {
            return Err(ClientFault::unsupported(
                "input",
                "it ends with the model's own words, which Messages would continue, not answer",
            ));
        }
        Some(_) => {}
    }
    if out
        .messages
        .first()
        .is_some_and(|first| first.role == Role::Assistant)
    {
        losses.lowered(
            "input",
            "the model spoke first; Messages is told that the client did",
        );
        prepend(out, vec![ContentBlock::text(SPOKE_FIRST)]);
    }
    Ok(())
}

fn shape(
    text: &TextOptions,
    options: &Options,
    offers_tools: bool,
    out: &mut messages::Request,
    losses: &mut LossReport,
) -> Result<Option<String>, ClientFault> {
    let TextOptions {
        format,
        verbosity,
        extra,
    } = text;
    if verbosity.is_some() {
        losses.dropped("text.verbosity", "Messages has no such field");
    }
    report_unknown("text", extra, losses);
    match format {
        Some(format) => format::apply(format, options.messages.structured, offers_tools, out),
        None => Ok(None),
    }
}

/// Deals with the fields that have no place in the translated request.
fn report(
    request: &Request,
    options: &Options,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    if request.previous_response_id.is_some() {
        return Err(ClientFault::unsupported(
            "previous_response_id",
            "the upstream keeps no responses; send the whole conversation as `input`",
        ));
    }
    for wish in &request.include {
        // Reasoning that an upstream wants back is always included.
        if wish != "reasoning.encrypted_content" {
            losses.dropped(format!("include.{wish}"), "the upstream has nothing of it");
        }
    }
    if request.store == Some(true) && !options.stores {
        losses.dropped("store", "the upstream keeps no responses");
    }
    if request.prompt_cache_key.is_some() && !options.messages.cache {
        let reason = "Messages caches what is marked, without names";
        losses.dropped("prompt_cache_key", reason);
    }
    if let Some(reasoning) = &request.reasoning {
        let ReasoningOptions {
            effort: _,
            summary,
            extra,
        } = reasoning;
        let told = summary.as_deref();
        if told.is_some_and(|it| it != "none" && it != "auto") {
            losses.dropped("reasoning.summary", "the upstream decides what it shows");
        }
        report_unknown("reasoning", extra, losses);
    }
    Ok(())
}

fn report_unknown(object: &str, extra: &Object, losses: &mut LossReport) {
    for (name, value) in extra {
        if !value.is_null() {
            losses.dropped(format!("{object}.{name}"), "Messages has no such field");
        }
    }
}

fn bounded(temperature: f64, losses: &mut LossReport) -> f64 {
    if temperature > MAX_TEMPERATURE {
        losses.lowered("temperature", "Messages takes no more than 1");
    }
    temperature.min(MAX_TEMPERATURE)
}

fn turn(role: Role, blocks: Vec<ContentBlock>) -> Message {
    Message {
        role,
        content: blocks.into(),
        extra: Extra::new(),
    }
}

const MAX_TEMPERATURE: f64 = 1.0;
