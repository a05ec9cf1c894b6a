//! A Responses request becomes a Gemini request.

use llmx_wire::gemini::{self, Content, GenerationConfig, Part};
use llmx_wire::responses::{Item, Request, TextOptions, TextOrList};

use super::{ToGemini, history, options, tools};
use crate::tools::{choice, offer};
use crate::turns::SPOKE_FIRST;
use crate::{ClientFault, Context, LossReport, Options, SystemMerge, context};

/// Translates a request.
pub(super) fn translate(request: &Request, options: &Options) -> Result<ToGemini, ClientFault> {
    let mut losses = LossReport::default();
    report(request, options, &mut losses)?;
    let mut offer = offer(request, &mut losses)?;
    let choice = choice(request.tool_choice.as_ref(), &mut offer, &mut losses)?;
    let offers_tools = !offer.tools.is_empty();
    let config = configure(request, options, offers_tools, &mut losses)?;
    let mut out = gemini::Request {
        tools: tools::tools(offer.tools, options.gemini.schemas, &mut losses),
        tool_config: tools::tool_config(choice, offers_tools),
        generation_config: (config != GenerationConfig::default()).then_some(config),
        ..gemini::Request::default()
    };
    let origin = context::origin(request, options);
    let history = match &request.input {
        TextOrList::Text(text) => history::History {
            contents: said(text).into_iter().collect(),
            ..history::History::default()
        },
        TextOrList::List(items) => {
            let items: &[Item] = items;
            history::translate(items, options, &origin, &offer.table, &mut losses)?
        }
    };
    converse(
        history,
        request.instructions.as_deref(),
        options.system,
        &mut out,
        &mut losses,
    )?;
    Ok(ToGemini {
        model: options.model.as_ref().unwrap_or(&request.model).clone(),
        streams: request.stream == Some(true),
        request: out,
        context: Context::new(request, options, origin, offer.table),
        losses,
    })
}

/// Says how the answer is sampled, shaped and thought about.
fn configure(
    request: &Request,
    options: &Options,
    offers_tools: bool,
    losses: &mut LossReport,
) -> Result<GenerationConfig, ClientFault> {
    let mut config = GenerationConfig {
        temperature: request.temperature,
        top_p: request.top_p,
        max_output_tokens: request.max_output_tokens,
        ..GenerationConfig::default()
    };
    options::extra(&request.extra, &mut config, losses)?;
    if let Some(text) = &request.text {
        shape(text, options, offers_tools, &mut config, losses)?;
    }
    if let Some(reasoning) = &request.reasoning {
        config.thinking_config = options::think(reasoning, options.gemini.thinking, losses);
    }
    Ok(config)
}

/// Deals with the fields that have no place in the translated request. Each field is taken apart
/// by name, so that a new one cannot be forgotten.
fn report(
    request: &Request,
    options: &Options,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    let Request {
        parallel_tool_calls,
        store,
        include,
        previous_response_id,
        // The upstream finds what it has cached by its bytes, without a name.
        prompt_cache_key: _,
        // These have a place.
        model: _,
        instructions: _,
        input: _,
        tools: _,
        tool_choice: _,
        reasoning: _,
        text: _,
        max_output_tokens: _,
        temperature: _,
        top_p: _,
        stream: _,
        extra: _,
    } = request;
    if previous_response_id.is_some() {
        return Err(ClientFault::unsupported(
            "previous_response_id",
            "the upstream keeps no responses; send the whole conversation as `input`",
        ));
    }
    if *parallel_tool_calls == Some(false) {
        losses.dropped("parallel_tool_calls", "Gemini has no such field");
    }
    for wish in include {
        // Reasoning that an upstream wants back is always included.
        if wish != "reasoning.encrypted_content" {
            losses.dropped(format!("include.{wish}"), "the upstream has nothing of it");
        }
    }
    if *store == Some(true) && !options.stores {
        losses.dropped("store", "the upstream keeps no responses");
    }
    Ok(())
}

/// Fills in the system instruction and the conversation.
fn converse(
    history: history::History,
    instructions: Option<&str>,
    system: SystemMerge,
    out: &mut gemini::Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    let told = instructions.filter(|text| !text.trim().is_empty());
    let mut before: Vec<Part> = told
        .map(Part::text)
        .into_iter()
        .chain(history.system)
        .collect();
    out.contents = history.contents;
    if system == SystemMerge::AsUser || out.contents.is_empty() {
        // Without a turn of the client there is nothing to answer.
        let marked: Vec<Part> = before.drain(..).map(history::marked).collect();
        prepend(marked, &mut out.contents);
    }
    if !before.is_empty() {
        out.system_instruction = Some(Content {
            parts: before,
            ..Content::default()
        });
    }
    check_ends(&mut out.contents, losses)
}

/// Gemini wants the client to speak first and last.
fn check_ends(contents: &mut Vec<Content>, losses: &mut LossReport) -> Result<(), ClientFault> {
    let is_model = |content: &Content| content.role.as_deref() == Some("model");
    match contents.last() {
        None => {
            return Err(ClientFault::invalid("input", "it holds nothing to answer"));
        }
        Some(last) if is_model(last) => {
            return Err(ClientFault::unsupported(
                "input",
                "it ends with the model's own words, which Gemini would continue, not answer",
            ));
        }
        Some(_) => {}
    }
    if contents.first().is_some_and(is_model) {
        losses.lowered(
            "input",
            "the model spoke first; Gemini is told that the client did",
        );
        prepend(vec![Part::text(SPOKE_FIRST)], contents);
    }
    Ok(())
}

/// Makes the one turn of a conversation that is a text; a blank one is none.
fn said(text: &str) -> Option<Content> {
    let is_blank = text.trim().is_empty();
    (!is_blank).then(|| history::turn("user", vec![Part::text(text)]))
}

fn prepend(mut parts: Vec<Part>, contents: &mut Vec<Content>) {
    if parts.is_empty() {
        return;
    }
    match contents.first_mut() {
        Some(first) if first.role.as_deref() == Some("user") => {
            parts.append(&mut first.parts);
            first.parts = parts;
        }
        _ => contents.insert(0, history::turn("user", parts)),
    }
}

fn shape(
    text: &TextOptions,
    options: &Options,
    offers_tools: bool,
    config: &mut GenerationConfig,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    let TextOptions {
        format,
        verbosity,
        extra,
    } = text;
    if verbosity.is_some() {
        losses.dropped("text.verbosity", "Gemini has no such field");
    }
    for (name, value) in extra {
        if !value.is_null() {
            losses.dropped(format!("text.{name}"), "Gemini has no such field");
        }
    }
    match format {
        Some(format) => options::format(format, options.gemini, offers_tools, config, losses),
        None => Ok(()),
    }
}
