//! The options of a request that the pivot's types do not name.
//!
//! A field either has a meaning for a Chat upstream, or its loss is named, or the request is
//! refused because the answer would not be what the client asked for.

use llmx_wire::chat;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::decision::{self, Decision, RESPONSES_TO_CHAT};
use crate::{ClientFault, LossReport, Object, Options};

/// Why a field of OpenAI's own goes no further.
pub(super) const NOT_PORTABLE: &str = "only OpenAI documents it for Chat";

/// Translates each field that is not null.
pub(super) fn extra(
    extra: &Object,
    options: &Options,
    chat: &mut chat::Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    for (name, value) in extra.iter().filter(|(_, value)| !asks_nothing(value)) {
        let Some(row) = decision::row(RESPONSES_TO_CHAT, name) else {
            losses.dropped(name, "llmx does not know this field");
            continue;
        };
        match row.decision {
            Decision::OpenAi if !options.openai_fields => losses.dropped(name, row.note),
            Decision::Mapped | Decision::OpenAi => map(name, value, chat)?,
            Decision::Dropped if value == "disabled" => {}
            Decision::Dropped => losses.dropped(name, row.note),
            Decision::Lowered => losses.lowered(name, row.note),
            Decision::Local => {}
            Decision::Refused if name == "n" && value.as_u64() == Some(1) => {}
            Decision::Refused => return Err(ClientFault::unsupported(name, row.note)),
        }
    }
    Ok(())
}

/// Returns whether a value says the same as its absence.
fn asks_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn map(name: &str, value: &Value, chat: &mut chat::Request) -> Result<(), ClientFault> {
    match name {
        "stop" => chat.stop = Some(value.clone()),
        "seed" => chat.seed = Some(typed(name, value)?),
        "presence_penalty" => chat.presence_penalty = Some(typed(name, value)?),
        "frequency_penalty" => chat.frequency_penalty = Some(typed(name, value)?),
        "logit_bias" => chat.logit_bias = Some(value.clone()),
        "user" => chat.user = Some(typed(name, value)?),
        "metadata" => chat.metadata = Some(value.clone()),
        "safety_identifier" => chat.safety_identifier = Some(typed(name, value)?),
        "service_tier" => chat.service_tier = Some(typed(name, value)?),
        "top_logprobs" => {
            let count: u64 = typed(name, value)?;
            if count > 0 {
                chat.logprobs = Some(true);
                chat.top_logprobs = Some(count);
            }
        }
        _ => {
            chat.extra.insert(name.to_owned(), value.clone());
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

fn typed<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, ClientFault> {
    serde_json::from_value(value.clone())
        .map_err(|error| ClientFault::invalid(name, error.to_string()))
}

/// The effort levels that providers name, from least to most.
const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
