//! The options of a request: how the answer is sampled, shaped and thought about.

use llmx_wire::gemini::{GenerationConfig, ThinkingConfig};
use llmx_wire::responses::ReasoningOptions;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::policy::{Policy, SchemaStyle, ThinkingStyle};
use super::schema;
use crate::{ClientFault, Extra, LossReport};

/// Translates each field that the pivot's types do not name and that is not null.
pub(super) fn extra(
    extra: &Extra,
    config: &mut GenerationConfig,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    for (name, value) in extra.iter().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "background" | "conversation" | "prompt" | "context_management" | "modalities" => {
                if *value != Value::Bool(false) {
                    let reason = "an upstream of Gemini has nothing like it";
                    return Err(ClientFault::unsupported(name, reason));
                }
            }
            "n" if value.as_u64() != Some(1) => {
                return Err(ClientFault::unsupported(
                    name,
                    "a response holds one answer",
                ));
            }
            "n" => {}
            "stop" => config.stop_sequences = stop_sequences(value)?,
            "top_k" => config.top_k = Some(typed(name, value)?),
            "seed" => config.seed = Some(typed(name, value)?),
            "presence_penalty" => config.presence_penalty = Some(typed(name, value)?),
            "frequency_penalty" => config.frequency_penalty = Some(typed(name, value)?),
            "truncation" if value == "disabled" => {}
            "truncation" => {
                losses.dropped(name, "the upstream never shortens a conversation by itself");
            }
            "top_logprobs" if value.as_u64() == Some(0) => {}
            "metadata" | "stream_options" if value.as_object().is_some_and(Extra::is_empty) => {}
            "stream_options" => {
                losses.dropped(name, "the stream is written here, not by the upstream");
            }
            "top_logprobs"
            | "logit_bias"
            | "metadata"
            | "max_tool_calls"
            | "client_metadata"
            | "user"
            | "safety_identifier"
            | "service_tier"
            | "prompt_cache_retention" => {
                losses.dropped(name, "Gemini has no such field");
            }
            _ => losses.dropped(name, "llmx does not know this field"),
        }
    }
    Ok(())
}

/// Asks for a format of the answer's text.
pub(super) fn format(
    format: &Value,
    policy: Policy,
    offers_tools: bool,
    config: &mut GenerationConfig,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    const PATH: &str = "text.format";
    let kind = format
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if kind == "text" {
        return Ok(());
    }
    if offers_tools && !policy.formats_beside_tools {
        let reason = "the upstream can only be held to a format where it is offered no tools";
        return Err(ClientFault::unsupported(PATH, reason));
    }
    config.response_mime_type = Some("application/json".to_owned());
    match (kind, policy.schemas) {
        ("json_object", _) => {}
        ("json_schema", SchemaStyle::Json) => {
            config.response_json_schema = format.get("schema").cloned();
        }
        ("json_schema", SchemaStyle::Lowered) => {
            let schema = format.get("schema").unwrap_or(&Value::Null);
            let (lowered, weaker) = schema::lower(schema);
            if weaker {
                let reason = "what Gemini's schemas cannot say is told in descriptions";
                losses.lowered("text.format.schema", reason);
            }
            config.response_schema = Some(lowered);
        }
        _ => {
            let reason = format!("Gemini has no format `{kind}`");
            return Err(ClientFault::unsupported(PATH, reason));
        }
    }
    Ok(())
}

/// Says how much to think, and that the client wants to see of it what there is.
pub(super) fn think(
    reasoning: &ReasoningOptions,
    style: ThinkingStyle,
    losses: &mut LossReport,
) -> Option<ThinkingConfig> {
    let ReasoningOptions {
        effort,
        summary,
        extra,
    } = reasoning;
    for (name, value) in extra {
        if !value.is_null() {
            losses.dropped(format!("reasoning.{name}"), "Gemini has no such field");
        }
    }
    if summary
        .as_deref()
        .is_some_and(|it| it != "none" && it != "auto")
    {
        losses.dropped("reasoning.summary", "the upstream decides what it shows");
    }
    let effort = effort.as_deref();
    if style == ThinkingStyle::Never {
        if effort.is_some_and(|effort| effort != "none") {
            losses.dropped("reasoning.effort", "the upstream's models do not think");
        }
        return None;
    }
    let mut config = ThinkingConfig::default();
    match (effort, style) {
        (None, _) => {}
        (Some(effort), ThinkingStyle::Level) => {
            config.thinking_level = Some(level(effort, losses).to_owned());
        }
        (Some(effort), _) => config.thinking_budget = Some(budget(effort, losses)),
    }
    let shows = effort.is_some_and(|it| it != "none") || summary.is_some();
    config.include_thoughts = shows.then_some(true);
    (config != ThinkingConfig::default()).then_some(config)
}

fn level(effort: &str, losses: &mut LossReport) -> &'static str {
    let (level, exact) = match effort {
        "minimal" => ("MINIMAL", true),
        "low" => ("LOW", true),
        "medium" => ("MEDIUM", true),
        "high" => ("HIGH", true),
        "none" => ("MINIMAL", false),
        "xhigh" | "max" => ("HIGH", false),
        _ => ("MEDIUM", false),
    };
    if !exact {
        losses.lowered("reasoning.effort", "the nearest level that Gemini has");
    }
    level
}

fn budget(effort: &str, losses: &mut LossReport) -> i64 {
    let (tokens, exact) = match effort {
        "none" => (0, true),
        "minimal" => (1_024, true),
        "low" => (4_096, true),
        "medium" => (8_192, true),
        "high" => (16_384, true),
        "xhigh" => (MAX_BUDGET, true),
        "max" => (MAX_BUDGET, false),
        _ => (8_192, false),
    };
    if !exact {
        losses.lowered("reasoning.effort", "the nearest budget that Gemini has");
    }
    tokens
}

fn stop_sequences(value: &Value) -> Result<Vec<String>, ClientFault> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        list => typed("stop", list),
    }
}

fn typed<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, ClientFault> {
    serde_json::from_value(value.clone())
        .map_err(|error| ClientFault::invalid(name, error.to_string()))
}

/// What the smallest of the models that think allows.
const MAX_BUDGET: i64 = 24_576;
