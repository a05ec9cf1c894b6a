//! The options of a request: how the answer is sampled, shaped and thought about.

use llmx_wire::gemini::{GenerationConfig, ThinkingConfig};
use llmx_wire::responses::ReasoningOptions;
use serde_json::Value;

use super::RESPONSES_TO_GEMINI;
use super::policy::{Policy, SchemaStyle, ThinkingStyle};
use super::schema;
use crate::decision::{self, Carry};
use crate::{ClientFault, LossReport, Object};

/// Translates each field that the pivot's types do not name and that asks for something.
pub(super) fn extra(
    extra: &Object,
    config: &mut GenerationConfig,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    for (name, value) in extra {
        if decision::carry(RESPONSES_TO_GEMINI, name, value, losses)? == Carry::No {
            continue;
        }
        match name.as_str() {
            "stop" => config.stop_sequences = decision::stop_sequences(value)?,
            "top_k" => config.top_k = Some(decision::typed(name, value)?),
            "seed" => config.seed = Some(decision::typed(name, value)?),
            "presence_penalty" => config.presence_penalty = Some(decision::typed(name, value)?),
            "frequency_penalty" => {
                config.frequency_penalty = Some(decision::typed(name, value)?);
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

/// What the smallest of the models that think allows.
const MAX_BUDGET: i64 = 24_576;
