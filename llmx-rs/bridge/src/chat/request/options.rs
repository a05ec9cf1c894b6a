//! The options of a request that the pivot's types do not name.
//!
//! A field either has a meaning for a Chat upstream, or its loss is named, or the request is
//! refused because the answer would not be what the client asked for.

use llmx_wire::chat;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{ClientFault, Extra, LossReport, Options};

/// Why a field of OpenAI's own goes no further.
pub(super) const NOT_PORTABLE: &str = "only OpenAI documents it for Chat";

/// Translates each field that is not null.
pub(super) fn extra(
    extra: &Extra,
    options: &Options,
    chat: &mut chat::Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    for (name, value) in extra.iter().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "background" | "conversation" | "prompt" | "context_management" | "modalities" => {
                demand_absent(name, value)?;
            }
            "n" => one_answer(value)?,
            "stop" => chat.stop = Some(value.clone()),
            "seed" => chat.seed = Some(typed(name, value)?),
            "presence_penalty" => chat.presence_penalty = Some(typed(name, value)?),
            "frequency_penalty" => chat.frequency_penalty = Some(typed(name, value)?),
            "logit_bias" => chat.logit_bias = Some(value.clone()),
            "user" => chat.user = Some(typed(name, value)?),
            "top_logprobs" => {
                let count: u64 = typed(name, value)?;
                if count > 0 {
                    chat.logprobs = Some(true);
                    chat.top_logprobs = Some(count);
                }
            }
            "truncation" => {
                if value != "disabled" {
                    losses.dropped(name, "the upstream never shortens a conversation by itself");
                }
            }
            "metadata" | "safety_identifier" | "service_tier" | "prompt_cache_retention" => {
                if options.openai_fields {
                    openai_field(name, value, chat)?;
                } else {
                    losses.dropped(name, NOT_PORTABLE);
                }
            }
            "stream_options" => {
                let asks = value.as_object().is_some_and(|fields| !fields.is_empty());
                if asks {
                    losses.dropped(name, "the stream is written here, not by the upstream");
                }
            }
            "max_tool_calls" | "client_metadata" | "top_k" => {
                losses.dropped(name, "Chat has no such field");
            }
            _ => losses.dropped(name, "llmx does not know this field"),
        }
    }
    Ok(())
}

/// Translates what the client wants to see beyond the default.
pub(super) fn include(include: &[String], chat: &mut chat::Request, losses: &mut LossReport) {
    for wish in include {
        match wish.as_str() {
            // Reasoning that an upstream wants back is always included.
            "reasoning.encrypted_content" => {}
            "message.output_text.logprobs" => chat.logprobs = Some(true),
            _ => losses.dropped(format!("include.{wish}"), "the upstream has nothing of it"),
        }
    }
}

/// Returns the level that is nearest to `effort` among those that the upstream knows.
pub(super) fn nearest_effort(effort: &str, known: &[String]) -> String {
    if known.is_empty() || known.iter().any(|level| level == effort) {
        return effort.to_owned();
    }
    let rank = |level: &str| EFFORTS.iter().position(|known| *known == level);
    let Some(wanted) = rank(effort) else {
        return effort.to_owned();
    };
    known
        .iter()
        .filter_map(|level| Some((rank(level)?.abs_diff(wanted), level)))
        .min_by_key(|(distance, _)| *distance)
        .map_or_else(|| effort.to_owned(), |(_, level)| level.clone())
}

fn openai_field(name: &str, value: &Value, chat: &mut chat::Request) -> Result<(), ClientFault> {
    match name {
        "metadata" => chat.metadata = Some(value.clone()),
        "safety_identifier" => chat.safety_identifier = Some(typed(name, value)?),
        "service_tier" => chat.service_tier = Some(typed(name, value)?),
        _ => {
            chat.extra.insert(name.to_owned(), value.clone());
        }
    }
    Ok(())
}

fn demand_absent(name: &str, value: &Value) -> Result<(), ClientFault> {
    if *value == Value::Bool(false) {
        return Ok(());
    }
    Err(ClientFault::unsupported(
        name,
        "a Chat upstream has nothing like it",
    ))
}

fn one_answer(value: &Value) -> Result<(), ClientFault> {
    if value.as_u64() == Some(1) {
        return Ok(());
    }
    Err(ClientFault::unsupported("n", "a response holds one answer"))
}

fn typed<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, ClientFault> {
    serde_json::from_value(value.clone())
        .map_err(|error| ClientFault::invalid(name, error.to_string()))
}

/// The effort levels that providers name, from least to most.
const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
