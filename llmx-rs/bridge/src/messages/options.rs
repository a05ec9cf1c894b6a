//! The options of a request that the pivot's types do not name.
//!
//! A field either has a meaning for Messages, or its loss is named, or the request is refused
//! because the answer would not be what the client asked for.

use llmx_wire::messages::{Metadata, Request};
use serde_json::Value;

use super::RESPONSES_TO_MESSAGES;
use crate::decision::{self, Carry};
use crate::{ClientFault, Extra, LossReport, Object};

/// Translates each field that asks for something.
pub(super) fn extra(
    extra: &Object,
    request: &mut Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    for (name, value) in extra {
        if decision::carry(RESPONSES_TO_MESSAGES, name, value, losses)? == Carry::Yes {
            map(name, value, request, losses)?;
        }
    }
    Ok(())
}

fn map(
    name: &str,
    value: &Value,
    request: &mut Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    match name {
        "stop" => request.stop_sequences = stop_sequences(value, losses)?,
        "top_k" => request.top_k = Some(decision::typed(name, value)?),
        "user" | "safety_identifier" => on_behalf_of(name, value, request, losses),
        "service_tier" => service_tier(value, request, losses),
        _ => losses.dropped(name, "llmx does not know this field"),
    }
    Ok(())
}

fn stop_sequences(value: &Value, losses: &mut LossReport) -> Result<Vec<String>, ClientFault> {
    let mut texts = decision::stop_sequences(value)?;
    let held = texts.len();
    texts.retain(|text| !text.trim().is_empty());
    if texts.len() < held {
        losses.dropped("stop", "Messages refuses to stop at blanks");
    }
    Ok(texts)
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
