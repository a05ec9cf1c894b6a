//! The options of a Messages request.

use llmx_wire::messages::{OutputConfig, Request as Messages, ThinkingConfig};
use llmx_wire::responses::{ReasoningOptions, Request, TextOptions};
use serde_json::{Value, json};

use crate::{ClientFault, Extra, LossReport, Object};

/// Translates the fields that the type names.
pub(super) fn named(
    request: &Messages,
    pivot: &mut Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    if !request.stop_sequences.is_empty() {
        let stop = json!(request.stop_sequences);
        pivot.extra.insert("stop".to_owned(), stop);
    }
    if let Some(top_k) = request.top_k {
        pivot.extra.insert("top_k".to_owned(), top_k.into());
    }
    if let Some(tier) = &request.service_tier {
        let tier = if tier == "standard_only" {
            "default"
        } else {
            tier
        };
        pivot.extra.insert("service_tier".to_owned(), tier.into());
    }
    if request.cache_control.is_some() {
        losses.dropped(
            "cache_control",
            "only Anthropic's servers place marks themselves",
        );
    }
    let user = request.metadata.as_ref().and_then(|it| it.user_id.as_ref());
    match user {
        Some(user) if user.chars().count() <= MAX_USER => {
            pivot.extra.insert("user".to_owned(), user.clone().into());
        }
        Some(_) => losses.dropped("metadata.user_id", "Responses takes no name so long"),
        None => {}
    }
    let config = request.output_config.clone().unwrap_or_default();
    pivot.reasoning = reasoning(request.thinking.as_ref(), &config, losses);
    pivot.text = format(&config)?;
    for (name, value) in &config.extra {
        if !value.is_null() {
            losses.dropped(
                format!("output_config.{name}"),
                "Responses has no such field",
            );
        }
    }
    Ok(())
}

/// Translates the fields that the type does not name.
pub(super) fn unnamed(extra: &Object, losses: &mut LossReport) -> Result<(), ClientFault> {
    for (name, value) in extra {
        let asks_nothing = match value {
            Value::Null => true,
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        match name.as_str() {
            _ if asks_nothing => {}
            "container" | "mcp_servers" => {
                let reason = "the upstream has no such servers";
                return Err(ClientFault::unsupported(name, reason));
            }
            "context_management" | "inference_geo" => {
                losses.dropped(name, "Responses has no such field");
            }
            _ => losses.dropped(name, "llmx does not know this field"),
        }
    }
    Ok(())
}

/// Says how much to think. Whoever turns thinking on wants to see it.
fn reasoning(
    thinking: Option<&ThinkingConfig>,
    config: &OutputConfig,
    losses: &mut LossReport,
) -> Option<ReasoningOptions> {
    let told = config.effort.clone();
    let (effort, shows) = match thinking {
        Some(ThinkingConfig::Enabled(budget)) => {
            let effort = told.unwrap_or_else(|| {
                losses.lowered("thinking.budget_tokens", "the nearest effort");
                nearest(budget.budget_tokens).to_owned()
            });
            (Some(effort), budget.display.as_deref() != Some("omitted"))
        }
        Some(ThinkingConfig::Adaptive(shown)) => {
            (told, shown.display.as_deref() != Some("omitted"))
        }
        Some(ThinkingConfig::Disabled(_)) => return None,
        Some(unknown @ ThinkingConfig::Unknown(_)) => {
            losses.dropped(
                format!("thinking.{}", unknown.kind()),
                "Responses has nothing like it",
            );
            (told, false)
        }
        None => (told, false),
    };
    if effort.is_none() && !shows {
        return None;
    }
    Some(ReasoningOptions {
        effort,
        summary: shows.then(|| "auto".to_owned()),
        extra: Extra::new(),
    })
}

fn nearest(budget: u64) -> &'static str {
    let steps = [
        ("minimal", 1_024),
        ("low", 4_096),
        ("medium", 8_192),
        ("high", 16_384),
    ];
    let step = steps.iter().find(|(_, tokens)| budget <= *tokens);
    step.map_or("xhigh", |(effort, _)| effort)
}

fn format(config: &OutputConfig) -> Result<Option<TextOptions>, ClientFault> {
    let Some(format) = config.format.as_ref().filter(|format| !format.is_null()) else {
        return Ok(None);
    };
    if format.get("type").and_then(Value::as_str) != Some("json_schema") {
        let reason = "Responses has no such format";
        return Err(ClientFault::unsupported("output_config.format", reason));
    }
    Ok(Some(TextOptions {
        format: Some(json!({
            "type": "json_schema",
            "name": "answer",
            "schema": format.get("schema"),
            "strict": true,
        })),
        ..TextOptions::default()
    }))
}

/// What OpenAI's servers take.
const MAX_USER: usize = 64;
