//! What an answer cost.

use llmx_wire::chat::Chunk;
use llmx_wire::{chat, responses};
use serde_json::Value;

/// The cost as last told. Servers tell it once, or so far in each chunk, or as zeros until the
/// end; it is never summed, and zeros do not replace what was told.
#[derive(Debug, Default)]
pub(super) struct Costs {
    last: Option<chat::Usage>,
}

impl Costs {
    pub(super) fn set(&mut self, usage: chat::Usage) {
        let zero =
            usage.prompt_tokens == 0 && usage.completion_tokens == 0 && usage.total_tokens == 0;
        if !zero {
            self.last = Some(usage);
        }
    }

    pub(super) fn take(&mut self) -> Option<responses::Usage> {
        self.last.take().map(translate)
    }
}

/// Finds the cost where some servers tell it: Groq in a field of its own, Kimi in the choice.
pub(super) fn told_aside(chunk: &Chunk) -> Option<chat::Usage> {
    let beside = chunk.extra.get("x_groq").and_then(|own| own.get("usage"));
    let inside = || {
        let mut choices = chunk.choices.iter();
        choices.find_map(|choice| choice.extra.get("usage"))
    };
    let told = beside.or_else(inside)?;
    serde_json::from_value(told.clone()).ok()
}

fn translate(usage: chat::Usage) -> responses::Usage {
    let prompt = usage.prompt_tokens_details.unwrap_or_default();
    let completion = usage.completion_tokens_details.unwrap_or_default();
    let other = |name: &str| usage.extra.get(name).and_then(Value::as_u64);
    // DeepSeek and Kimi tell it beside the details.
    let cached = prompt
        .cached_tokens
        .or_else(|| other("prompt_cache_hit_tokens"))
        .or_else(|| other("cached_tokens"));
    let mut input_extra = prompt.extra;
    if let Some(written) = other("cache_creation_input_tokens") {
        input_extra.insert("cache_write_tokens".to_owned(), written.into());
    }
    let total = match usage.total_tokens {
        0 => usage.prompt_tokens.saturating_add(usage.completion_tokens),
        total => total,
    };
    responses::Usage {
        input_tokens: usage.prompt_tokens,
        input_tokens_details: responses::InputTokensDetails {
            cached_tokens: cached.unwrap_or_default(),
            extra: input_extra,
        },
        output_tokens: usage.completion_tokens,
        output_tokens_details: responses::OutputTokensDetails {
            reasoning_tokens: completion.reasoning_tokens.unwrap_or_default(),
            extra: completion.extra,
        },
        total_tokens: total,
        extra: crate::Extra::new(),
    }
}
