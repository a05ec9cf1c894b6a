//! The options of a request that the pivot's types do not name.
//!
//! A field either has a meaning for Messages, or its loss is named, or the request is refused
//! because the answer would not be what the client asked for.

use llmx_wire::messages::{Metadata, Request};
use serde_json::Value;

use crate::{ClientFault, Extra, LossReport};

/// Translates each field that is not null.
pub(super) fn extra(
    extra: &Extra,
    request: &mut Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    for (name, value) in extra.iter().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "background" | "conversation" | "prompt" | "context_management" | "modalities" => {
                demand_absent(name, value)?;
            }
            "n" if value.as_u64() != Some(1) => {
                return Err(ClientFault::unsupported(
                    name,
                    "a response holds one answer",
                ));
            }
            "n" => {}
            "stop" => request.stop_sequences = stop_sequences(value, losses)?,
            "top_k" => request.top_k = value.as_u64(),
            "user" | "safety_identifier" => on_behalf_of(name, value, request, losses),
            "service_tier" => service_tier(value, request, losses),
            "truncation" if value == "disabled" => {}
            "truncation" => {
                losses.dropped(name, "the upstream never shortens a conversation by itself");
            }
            "top_logprobs" if value.as_u64() == Some(0) => {}
            "stream_options" if value.as_object().is_some_and(Extra::is_empty) => {}
            "stream_options" => {
                losses.dropped(name, "the stream is written here, not by the upstream");
            }
            "metadata" if value.as_object().is_some_and(Extra::is_empty) => {}
            "top_logprobs"
            | "seed"
            | "presence_penalty"
            | "frequency_penalty"
            | "logit_bias"
            | "metadata"
            | "max_tool_calls"
            | "client_metadata"
            | "prompt_cache_retention" => {
                losses.dropped(name, "Messages has no such field");
            }
            _ => losses.dropped(name, "llmx does not know this field"),
        }
    }
    Ok(())
}

/// Reports what the client wants to see beyond the default and Messages does not have.
pub(super) fn include(include: &[String], losses: &mut LossReport) {
    for wish in include {
        // Reasoning that an upstream wants back is always included.
        if wish != "reasoning.encrypted_content" {
            losses.dropped(format!("include.{wish}"), "the upstream has nothing of it");
        }
    }
}

fn stop_sequences(value: &Value, losses: &mut LossReport) -> Result<Vec<String>, ClientFault> {
    let texts = match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(texts) => texts
            .iter()
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect(),
        _ => {
            return Err(ClientFault::invalid(
                "stop",
                "neither a text nor a list of texts",
            ));
        }
    };
    let held = texts.len();
    let kept: Vec<String> = texts
        .into_iter()
        .filter(|text| !text.trim().is_empty())
        .collect();
    if kept.len() < held {
        losses.dropped("stop", "Messages refuses to stop at blanks");
    }
    Ok(kept)
}

fn on_behalf_of(name: &str, value: &Value, request: &mut Request, losses: &mut LossReport) {
    let held = request.metadata.as_ref().and_then(|it| it.user_id.as_ref());
    match value.as_str() {
        Some(user) if held.is_none_or(|held| held == user) => {
            request.metadata = Some(Metadata {
                user_id: Some(user.to_owned()),
                extra: Extra::new(),
            });
        }
        _ => losses.dropped(name, "Messages takes one name of a user"),
    }
}

fn service_tier(value: &Value, request: &mut Request, losses: &mut LossReport) {
    match value.as_str() {
        Some("auto") => request.service_tier = Some("auto".to_owned()),
        Some("default" | "standard_only") => {
            request.service_tier = Some("standard_only".to_owned());
        }
        _ => losses.dropped("service_tier", "Messages has no such tier"),
    }
}

fn demand_absent(name: &str, value: &Value) -> Result<(), ClientFault> {
    if *value == Value::Bool(false) {
        return Ok(());
    }
    Err(ClientFault::unsupported(
        name,
        "an upstream of Messages has nothing like it",
    ))
}
