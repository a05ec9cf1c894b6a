//! How much the model thinks, and the thoughts of earlier turns that must go back unaltered.

use llmx_wire::messages::{
    BudgetedThinking, ContentBlock, Message, OutputConfig, Request, Role, ThinkingConfig,
    ThinkingDisplay,
};
use llmx_wire::responses::{Reasoning, Request as Responses, TextOrList};
use serde_json::Value;

use super::policy::ThinkingStyle;
use crate::seal::{self, Origin};
use crate::{LossReport, Options};

/// The word of a seal that holds a whole block of thinking.
pub(super) const SEAL: &str = "messages";

/// Opens the seal of a thought. A thought that is not the upstream's own would be an error to it,
/// and one that is rebuilt from its summary would be a forgery: both stay behind.
pub(super) fn block(
    reasoning: &Reasoning,
    origin: &Origin,
    options: &Options,
    losses: &mut LossReport,
) -> Option<ContentBlock> {
    let opened = match reasoning.encrypted_content.as_deref() {
        Some(sealed) => seal::replay(sealed, SEAL, origin, options),
        None => Err("it came without the upstream's signature"),
    };
    let why = match opened.map(serde_json::from_value) {
        Ok(Ok(block @ (ContentBlock::Thinking(_) | ContentBlock::RedactedThinking(_)))) => {
            return Some(block);
        }
        Ok(_) => "its seal is broken",
        Err(why) => why,
    };
    losses.dropped("input[].reasoning", why);
    None
}

/// Says how much to think, as far as the rest of the request allows.
pub(super) fn configure(
    request: &mut Request,
    asked: &Responses,
    forced: bool,
    options: &Options,
    losses: &mut LossReport,
) {
    let effort = asked.reasoning.as_ref().and_then(|it| it.effort.as_deref());
    let Some(effort) = effort else { return };
    let style = options.messages.thinking;
    if style == ThinkingStyle::Never {
        losses.dropped("reasoning.effort", "the upstream's models do not think");
    } else if effort == "none" {
        request.thinking = Some(ThinkingConfig::Disabled(ThinkingDisplay::default()));
    } else if forced {
        losses.dropped(
            "reasoning.effort",
            "Messages does not think before a forced call",
        );
    } else if style == ThinkingStyle::Adaptive {
        request.thinking = Some(ThinkingConfig::Adaptive(ThinkingDisplay::default()));
        let config = request
            .output_config
            .get_or_insert_with(OutputConfig::default);
        config.effort = Some(known_effort(effort, &options.efforts, losses));
    } else if misses_a_thought(&request.messages) {
        losses.dropped(
            "reasoning.effort",
            "the thought behind the last call is missing, and without it Messages does not think",
        );
    } else {
        request.thinking = budget(effort, request.max_tokens.unwrap_or_default(), losses);
    }
    if thinks(request) {
        restrain_sampling(request, losses);
    }
}

fn thinks(request: &Request) -> bool {
    matches!(
        request.thinking,
        Some(ThinkingConfig::Enabled(_) | ThinkingConfig::Adaptive(_))
    )
}

fn budget(effort: &str, max_tokens: u64, losses: &mut LossReport) -> Option<ThinkingConfig> {
    let known = BUDGETS.iter().find(|(name, _)| *name == effort);
    let wanted = match known {
        Some((_, tokens)) => *tokens,
        None => {
            losses.lowered("reasoning.effort", "an unknown effort counts as medium");
            MEDIUM_BUDGET
        }
    };
    // A quarter of the answer is left for words: a model that only thinks says nothing.
    let budget_tokens = wanted.min(max_tokens - max_tokens / 4);
    if budget_tokens < MIN_BUDGET {
        losses.dropped(
            "reasoning.effort",
            "`max_output_tokens` leaves no room to think",
        );
        return None;
    }
    if budget_tokens < wanted {
        losses.lowered(
            "reasoning.effort",
            "`max_output_tokens` leaves less room to think",
        );
    }
    Some(ThinkingConfig::Enabled(BudgetedThinking {
        budget_tokens,
        ..BudgetedThinking::default()
    }))
}

/// Returns the effort itself if the upstream knows it, else the nearest that it knows.
fn known_effort(effort: &str, known: &[String], losses: &mut LossReport) -> String {
    let standard = || EFFORTS.iter().map(|name| (*name).to_owned()).collect();
    let known: Vec<String> = if known.is_empty() {
        standard()
    } else {
        known.to_vec()
    };
    if known.iter().any(|name| name == effort) {
        return effort.to_owned();
    }
    losses.lowered(
        "reasoning.effort",
        "the nearest effort that the upstream knows",
    );
    let rank = |name: &str| BUDGETS.iter().position(|(known, _)| *known == name);
    let wanted = rank(effort).unwrap_or(MEDIUM_RANK);
    known
        .into_iter()
        .min_by_key(|name| rank(name).unwrap_or(MEDIUM_RANK).abs_diff(wanted))
        .unwrap_or_else(|| effort.to_owned())
}

/// Returns whether the turn that the upstream is asked to go on with called without a thought.
fn misses_a_thought(messages: &[Message]) -> bool {
    let Some(turn) = messages.iter().rev().find(|it| it.role == Role::Assistant) else {
        return false;
    };
    let answered = messages
        .last()
        .is_some_and(|last| blocks(last).any(|block| matches!(block, ContentBlock::ToolResult(_))));
    answered && !blocks(turn).next().is_some_and(is_thought)
}

/// Drops thoughts after which the model said nothing: an answer may not end with one.
pub(super) fn trim(blocks: &mut Vec<ContentBlock>, losses: &mut LossReport) {
    while blocks.last().is_some_and(is_thought) {
        blocks.pop();
        losses.dropped("input[].reasoning", "nothing follows it");
    }
}

fn is_thought(block: &ContentBlock) -> bool {
    matches!(
        block,
        ContentBlock::Thinking(_) | ContentBlock::RedactedThinking(_)
    )
}

fn blocks(message: &Message) -> impl Iterator<Item = &ContentBlock> {
    match &message.content {
        TextOrList::List(blocks) => blocks.as_slice(),
        TextOrList::Text(_) => &[],
    }
    .iter()
}

/// Drops the sampling options that Messages refuses while the model thinks.
fn restrain_sampling(request: &mut Request, losses: &mut LossReport) {
    const REASON: &str = "Messages does not take it while the model thinks";
    if request.temperature.take().is_some_and(|it| it != 1.0) {
        losses.dropped("temperature", REASON);
    }
    if request
        .top_p
        .is_some_and(|top_p| top_p < MIN_THINKING_TOP_P)
    {
        request.top_p = None;
        losses.dropped("top_p", REASON);
    }
    if request.top_k.take().is_some() {
        losses.dropped("top_k", REASON);
    }
}

/// Makes what a seal holds: the block as it came.
pub(super) fn sealed(block: &ContentBlock) -> Value {
    // Blocks are strings and JSON values, which always serialize.
    serde_json::to_value(block).unwrap_or_default()
}

/// The tokens that stand for an effort, from least to most.
const BUDGETS: &[(&str, u64)] = &[
    ("minimal", 1_024),
    ("low", 4_096),
    ("medium", 8_192),
    ("high", 16_384),
    ("xhigh", 24_000),
    ("max", 32_000),
];

const MEDIUM_BUDGET: u64 = 8_192;
const MEDIUM_RANK: usize = 2;

/// What Messages requires at least.
const MIN_BUDGET: u64 = 1_024;

/// What Messages requires at least while the model thinks.
const MIN_THINKING_TOP_P: f64 = 0.95;

/// The efforts that Anthropic documents.
const EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];
