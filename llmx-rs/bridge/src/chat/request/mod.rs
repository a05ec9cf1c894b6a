//! A Responses request becomes a Chat request.

mod format;
mod history;
mod options;
mod tools;

use llmx_wire::chat::{self, StreamOptions};
use llmx_wire::responses::{ReasoningOptions, Request, TextOptions};

use super::ToChat;
use crate::tools::{choice, offer};
use crate::{ClientFault, Context, LossReport, Options, TokenBound, UpstreamFault, context};

/// Translates a request. Each field is taken apart by name, so that a new one cannot be forgotten.
pub(super) fn translate(request: &Request, options: &Options) -> Result<ToChat, ClientFault> {
    let Request {
        model,
        instructions: _,
        input: _,
        tools: _,
        tool_choice,
        parallel_tool_calls,
        reasoning,
        text,
        max_output_tokens,
        temperature,
        top_p,
        store,
        stream,
        include,
        previous_response_id,
        prompt_cache_key,
        extra,
    } = request;
    if previous_response_id.is_some() {
        return Err(ClientFault::unsupported(
            "previous_response_id",
            "the upstream keeps no responses; send the whole conversation as `input`",
        ));
    }
    let mut losses = LossReport::default();
    let mut offer = offer(request, &mut losses)?;
    let choice = choice(tool_choice.as_ref(), &mut offer, &mut losses)?;
    let origin = context::origin(request, options);
    let messages = history::messages(request, &offer.table, &origin, options, &mut losses)?;

    if !options.prefill && ends_with_the_model(&messages) {
        let reason = "it ends with words of the model, which this upstream does not go on from";
        return Err(ClientFault::unsupported("input", reason));
    }

    let mut chat = chat::Request {
        model: options.model.as_ref().unwrap_or(model).clone(),
        messages,
        tools: tools::tools(offer.tools, options.strict_tools, &mut losses),
        stream: *stream,
        ..chat::Request::default()
    };
    sample(*temperature, *top_p, options, &mut chat, &mut losses);
    if *stream == Some(true) {
        // Without it most servers never tell the cost; the client's stream always does.
        chat.stream_options = Some(StreamOptions {
            include_usage: Some(true),
            ..StreamOptions::default()
        });
    }
    bound(*max_output_tokens, options, &mut chat);
    chat.tool_choice = tools::tool_choice(choice, !chat.tools.is_empty());
    if !chat.tools.is_empty() {
        chat.parallel_tool_calls = *parallel_tool_calls;
    }
    if let Some(reasoning) = reasoning {
        think(reasoning, options, &mut chat, &mut losses);
    }
    if let Some(text) = text {
        shape(text, options, &mut chat, &mut losses)?;
    }
    if *store == Some(true) && !options.stores {
        losses.dropped("store", "the upstream keeps no responses");
    }
    if let Some(key) = prompt_cache_key {
        if options.openai_fields {
            chat.prompt_cache_key = Some(key.clone());
        } else {
            losses.dropped("prompt_cache_key", options::NOT_PORTABLE);
        }
    }
    options::include(include, &mut chat, &mut losses);
    options::extra(extra, options, &mut chat, &mut losses)?;
    Ok(ToChat {
        request: chat,
        context: Context::new(request, options, origin, offer.table),
        losses,
    })
}

fn sample(
    temperature: Option<f64>,
    top_p: Option<f64>,
    options: &Options,
    chat: &mut chat::Request,
    losses: &mut LossReport,
) {
    if options.sampling {
        chat.temperature = temperature;
        chat.top_p = top_p;
        return;
    }
    for (name, value) in [("temperature", temperature), ("top_p", top_p)] {
        if value.is_some() {
            losses.dropped(name, "this model takes none");
        }
    }
}

fn bound(max_output_tokens: Option<u64>, options: &Options, chat: &mut chat::Request) {
    match options.token_bound {
        TokenBound::MaxTokens => chat.max_tokens = max_output_tokens,
        TokenBound::MaxCompletionTokens => chat.max_completion_tokens = max_output_tokens,
    }
}

fn ends_with_the_model(messages: &[chat::Message]) -> bool {
    let last = messages.last().and_then(|message| message.role.as_ref());
    last == Some(&chat::Role::Assistant)
}

/// Returns whether an upstream refuses a request because it asks for reasoning.
pub fn refuses_reasoning(fault: &UpstreamFault) -> bool {
    let UpstreamFault::Reported(report) = fault else {
        return false;
    };
    let refused = matches!(report.status, Some(400 | 404 | 422) | None);
    let message = report.body.message.to_ascii_lowercase();
    let names_it = message.contains("reasoning") || message.contains("thinking");
    refused && names_it && !message.contains("reasoning_content")
}

/// Takes the wish for reasoning out of a request; returns whether there was one.
///
/// For the one retry that a server deserves which refuses the field.
pub fn without_reasoning(request: &mut chat::Request) -> bool {
    let had_details = request.extra.shift_remove("reasoning").is_some();
    request.reasoning_effort.take().is_some() || had_details
}

fn think(
    reasoning: &ReasoningOptions,
    options: &Options,
    chat: &mut chat::Request,
    losses: &mut LossReport,
) {
    let ReasoningOptions {
        effort,
        summary,
        extra,
    } = reasoning;
    if let Some(effort) = effort {
        let nearest = options::nearest_effort(effort, &options.efforts);
        if nearest != *effort {
            losses.lowered(
                "reasoning.effort",
                "the nearest level that the upstream has",
            );
        }
        chat.reasoning_effort = Some(nearest);
    }
    if summary.as_deref().is_some_and(|summary| summary != "none") {
        losses.dropped("reasoning.summary", "the upstream decides what it shows");
    }
    for (name, value) in extra {
        if !value.is_null() {
            losses.dropped(format!("reasoning.{name}"), "Chat has no such field");
        }
    }
}

fn shape(
    text: &TextOptions,
    options: &Options,
    chat: &mut chat::Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    let TextOptions {
        format,
        verbosity,
        extra,
    } = text;
    if let Some(format) = format {
        chat.response_format = format::response_format(format)?;
    }
    if let Some(verbosity) = verbosity {
        if options.openai_fields {
            chat.verbosity = Some(verbosity.clone());
        } else {
            losses.dropped("text.verbosity", options::NOT_PORTABLE);
        }
    }
    for (name, value) in extra {
        if !value.is_null() {
            losses.dropped(format!("text.{name}"), "Chat has no such field");
        }
    }
    Ok(())
}
