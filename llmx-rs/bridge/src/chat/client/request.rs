//! A Chat request becomes a request of the pivot.

use llmx_wire::chat::{self, StreamOptions};
use llmx_wire::responses::{ReasoningOptions, Request, TextOptions};
use serde_json::{Value, json};

use super::{messages, tools};
use crate::{ClientFault, LossReport, Object, Options};

/// A request of the pivot, and what its translation leaves behind.
#[derive(Debug, Clone)]
pub struct FromChat {
    /// The request. It may hold what only other dialects have (`stop`, `seed`, …): for an upstream
    /// of Responses, [`crate::for_responses`] takes that out.
    pub request: Request,
    /// What the translation of the answer needs.
    pub context: ChatContext,
    /// What could not be carried over.
    pub losses: LossReport,
}

/// What the translation of a Chat request leaves for the translation of its answer.
#[derive(Debug, Clone, Default)]
pub struct ChatContext {
    pub(super) model: String,
    pub(super) include_usage: bool,
}

/// Translates a request. Each field is taken apart by name, so that a new one cannot be forgotten;
/// those without a name here are translated in [`shared`].
pub(in crate::chat) fn translate(
    request: &chat::Request,
    options: &Options,
) -> Result<FromChat, ClientFault> {
    let chat::Request {
        model,
        messages,
        tools,
        tool_choice,
        parallel_tool_calls,
        reasoning_effort,
        verbosity,
        response_format,
        max_tokens,
        max_completion_tokens,
        temperature,
        top_p,
        n,
        stop: _,
        seed: _,
        presence_penalty: _,
        frequency_penalty: _,
        logit_bias: _,
        logprobs,
        top_logprobs: _,
        stream,
        stream_options,
        store,
        metadata: _,
        user: _,
        safety_identifier: _,
        prompt_cache_key,
        service_tier: _,
        extra,
    } = request;
    if n.is_some_and(|n| n != 1) {
        return Err(ClientFault::unsupported("n", "a response holds one answer"));
    }
    let mut losses = LossReport::default();
    let offered = tools::offered(tools, extra, &mut losses)?;
    let mut pivot = Request {
        model: options.model.as_ref().unwrap_or(model).clone(),
        input: messages::items(messages, &mut losses)?.into(),
        tools: offered,
        tool_choice: tools::choice(tool_choice.as_ref().or(extra.get("function_call")))?,
        parallel_tool_calls: *parallel_tool_calls,
        max_output_tokens: max_completion_tokens.or(*max_tokens),
        temperature: *temperature,
        top_p: *top_p,
        // Chat keeps nothing unless it is asked to; Responses keeps everything unless told not to.
        store: Some(store.unwrap_or(false)),
        stream: *stream,
        prompt_cache_key: prompt_cache_key.clone(),
        text: shape(response_format.as_ref(), verbosity.as_ref())?,
        reasoning: reasoning_effort.clone().map(|effort| ReasoningOptions {
            effort: Some(effort),
            ..ReasoningOptions::default()
        }),
        ..Request::default()
    };
    if *logprobs == Some(true) {
        pivot
            .include
            .push("message.output_text.logprobs".to_owned());
    }
    shared(request, &mut pivot);
    unnamed(extra, &mut pivot, &mut losses)?;
    Ok(FromChat {
        request: pivot,
        context: ChatContext {
            model: model.clone(),
            include_usage: wants_usage(stream_options.as_ref()),
        },
        losses,
    })
}

/// Passes on what has the same name and meaning on both sides.
fn shared(request: &chat::Request, pivot: &mut Request) {
    let fields = [
        ("stop", json!(request.stop)),
        ("seed", json!(request.seed)),
        ("presence_penalty", json!(request.presence_penalty)),
        ("frequency_penalty", json!(request.frequency_penalty)),
        ("logit_bias", json!(request.logit_bias)),
        ("top_logprobs", json!(request.top_logprobs)),
        ("metadata", json!(request.metadata)),
        ("user", json!(request.user)),
        ("safety_identifier", json!(request.safety_identifier)),
        ("service_tier", json!(request.service_tier)),
    ];
    let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
    pivot
        .extra
        .extend(fields.map(|(name, value)| (name.to_owned(), value)));
}

/// Translates the fields that the type does not name.
fn unnamed(
    extra: &Object,
    pivot: &mut Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    for (name, value) in extra.iter().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            // They are read with the tools.
            "functions" | "function_call" => {}
            "top_k" | "prompt_cache_retention" => {
                pivot.extra.insert(name.clone(), value.clone());
            }
            "modalities" if *value == json!(["text"]) => {}
            "modalities" | "audio" => {
                return Err(ClientFault::unsupported(
                    name,
                    "a response holds text alone",
                ));
            }
            "prediction" | "web_search_options" => {
                losses.dropped(name, "Responses has no such field");
            }
            _ => losses.dropped(name, "llmx does not know this field"),
        }
    }
    Ok(())
}

fn shape(
    format: Option<&Value>,
    verbosity: Option<&String>,
) -> Result<Option<TextOptions>, ClientFault> {
    if format.is_none() && verbosity.is_none() {
        return Ok(None);
    }
    Ok(Some(TextOptions {
        format: format.map(text_format).transpose()?,
        verbosity: verbosity.cloned(),
        ..TextOptions::default()
    }))
}

/// Chat keeps the schema in an object of its own, Responses beside `type`.
fn text_format(format: &Value) -> Result<Value, ClientFault> {
    match format.get("type").and_then(Value::as_str) {
        Some("text" | "json_object") => Ok(format.clone()),
        Some("json_schema") => {
            let mut flat = Object::from_iter([("type".to_owned(), json!("json_schema"))]);
            let schema = format.get("json_schema").and_then(Value::as_object);
            flat.extend(schema.cloned().unwrap_or_default());
            Ok(flat.into())
        }
        kind => Err(ClientFault::unsupported(
            "response_format",
            format!("Responses has no format `{}`", kind.unwrap_or_default()),
        )),
    }
}

fn wants_usage(options: Option<&StreamOptions>) -> bool {
    options.is_some_and(|options| options.include_usage == Some(true))
}
