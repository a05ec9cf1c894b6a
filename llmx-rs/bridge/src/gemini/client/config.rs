//! How a Gemini client wants the answer sampled, shaped and thought about.

use llmx_wire::gemini::{GenerationConfig, ThinkingConfig};
use llmx_wire::responses::{ReasoningOptions, Request, TextOptions};
use serde_json::{Value, json};

use super::schema;
use crate::{ClientFault, Extra, LossReport, Object};

/// Translates each field; one is taken apart by name, so that a new one cannot be forgotten.
pub(super) fn apply(
    config: &GenerationConfig,
    pivot: &mut Request,
    losses: &mut LossReport,
) -> Result<(), ClientFault> {
    let GenerationConfig {
        temperature,
        top_p,
        top_k,
        candidate_count,
        max_output_tokens,
        stop_sequences,
        seed,
        presence_penalty,
        frequency_penalty,
        response_mime_type,
        response_schema,
        response_json_schema,
        response_logprobs,
        logprobs: _,
        thinking_config,
        extra,
    } = config;
    if candidate_count.is_some_and(|count| count != 1) {
        let path = "generationConfig.candidateCount";
        return Err(ClientFault::unsupported(
            path,
            "a response holds one answer",
        ));
    }
    if *response_logprobs == Some(true) {
        let reason = "what the upstream gives is not translated";
        losses.dropped("generationConfig.responseLogprobs", reason);
    }
    pivot.temperature = *temperature;
    pivot.top_p = *top_p;
    pivot.max_output_tokens = *max_output_tokens;
    let stop = (!stop_sequences.is_empty()).then(|| json!(stop_sequences));
    let kept = [
        ("top_k", json!(top_k)),
        ("stop", json!(stop)),
        ("seed", json!(seed)),
        ("presence_penalty", json!(presence_penalty)),
        ("frequency_penalty", json!(frequency_penalty)),
    ];
    let kept = kept.into_iter().filter(|(_, value)| !value.is_null());
    pivot
        .extra
        .extend(kept.map(|(name, value)| (name.to_owned(), value)));
    let raised = response_schema.as_ref().map(schema::raise);
    let schema = response_json_schema.as_ref().map(schema::raise).or(raised);
    pivot.text = format(response_mime_type.as_deref(), schema)?;
    pivot.reasoning = thinking_config.as_ref().and_then(|it| think(it, losses));
    rest(extra, losses)
}

fn rest(extra: &Object, losses: &mut LossReport) -> Result<(), ClientFault> {
    for (name, value) in extra.iter().filter(|(_, value)| !value.is_null()) {
        let path = format!("generationConfig.{name}");
        if name == "responseModalities" {
            if *value != json!(["TEXT"]) {
                return Err(ClientFault::unsupported(
                    path,
                    "a response holds text alone",
                ));
            }
        } else {
            losses.dropped(path, "Responses has no such field");
        }
    }
    Ok(())
}

fn format(
    mime_type: Option<&str>,
    schema: Option<Value>,
) -> Result<Option<TextOptions>, ClientFault> {
    let format = match (mime_type, schema) {
        (None | Some("text/plain"), None) => return Ok(None),
        (Some("application/json"), None) => json!({"type": "json_object"}),
        (None | Some("application/json"), Some(schema)) => json!({
            "type": "json_schema", "name": "answer", "schema": schema, "strict": false,
        }),
        (Some(other), _) => {
            let reason = format!("Responses has no format `{other}`");
            return Err(ClientFault::unsupported(
                "generationConfig.responseMimeType",
                reason,
            ));
        }
    };
    Ok(Some(TextOptions {
        format: Some(format),
        ..TextOptions::default()
    }))
}

fn think(config: &ThinkingConfig, losses: &mut LossReport) -> Option<ReasoningOptions> {
    let effort = match (&config.thinking_level, config.thinking_budget) {
        (Some(level), _) => Some(level.to_ascii_lowercase()),
        (None, Some(budget)) => nearest(budget, losses),
        (None, None) => None,
    };
    let summary = (config.include_thoughts == Some(true)).then(|| "auto".to_owned());
    (effort.is_some() || summary.is_some()).then(|| ReasoningOptions {
        effort,
        summary,
        extra: Extra::new(),
    })
}

/// A negative budget leaves it to the model, which is what no effort says.
fn nearest(budget: i64, losses: &mut LossReport) -> Option<String> {
    let effort = match budget {
        i64::MIN..=-1 => return None,
        0 => "none",
        1..=1_024 => "minimal",
        1_025..=4_096 => "low",
        4_097..=8_192 => "medium",
        8_193..=16_384 => "high",
        _ => "xhigh",
    };
    if budget > 0 {
        losses.lowered(
            "generationConfig.thinkingConfig.thinkingBudget",
            "the nearest effort",
        );
    }
    Some(effort.to_owned())
}
