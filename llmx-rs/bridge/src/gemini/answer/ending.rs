//! Why an answer ended, and what it cost, in the words of Responses.

use llmx_wire::gemini::{FinishReason, UsageMetadata};
use llmx_wire::responses::{self, InputTokensDetails, OutputTokensDetails};

use crate::stream::Ending;
use crate::{Extra, UpstreamFault};

pub(super) fn of(reason: &FinishReason, message: Option<String>, has_output: bool) -> Ending {
    match reason {
        FinishReason::Stop => Ending::Completed,
        FinishReason::MaxTokens => Ending::Incomplete("max_output_tokens"),
        FinishReason::Safety
        | FinishReason::Recitation
        | FinishReason::Blocklist
        | FinishReason::ProhibitedContent
        | FinishReason::Spii
        | FinishReason::ImageSafety
        | FinishReason::Language => Ending::Incomplete("content_filter"),
        // The model stumbled over its own call; asked again, it often does not.
        FinishReason::MalformedFunctionCall
        | FinishReason::UnexpectedToolCall
        | FinishReason::TooManyToolCalls => Ending::Failed(stopped(reason, message)),
        FinishReason::Unknown(name) if FAILURES.contains(&name.as_str()) => {
            Ending::Failed(stopped(reason, message))
        }
        FinishReason::Unknown(name) if FILTERED.contains(&name.as_str()) => {
            Ending::Incomplete("content_filter")
        }
        FinishReason::Other | FinishReason::FinishReasonUnspecified | FinishReason::Unknown(_) => {
            if has_output {
                Ending::Completed
            } else {
                Ending::Failed(stopped(reason, message))
            }
        }
    }
}

fn stopped(reason: &FinishReason, message: Option<String>) -> UpstreamFault {
    let name = serde_json::to_value(reason).unwrap_or_default();
    let name = name.as_str().unwrap_or("for no reason");
    UpstreamFault::Stopped(match message {
        Some(message) => format!("{name}: {message}"),
        None => name.to_owned(),
    })
}

/// Takes over every counter that `later` gives; counters are totals, so nothing is summed.
pub(super) fn replace(held: &mut UsageMetadata, later: &UsageMetadata) {
    let counters = [
        (&mut held.prompt_token_count, later.prompt_token_count),
        (
            &mut held.cached_content_token_count,
            later.cached_content_token_count,
        ),
        (
            &mut held.candidates_token_count,
            later.candidates_token_count,
        ),
        (&mut held.thoughts_token_count, later.thoughts_token_count),
        (
            &mut held.tool_use_prompt_token_count,
            later.tool_use_prompt_token_count,
        ),
        (&mut held.total_token_count, later.total_token_count),
    ];
    for (held, given) in counters {
        *held = given.or(*held);
    }
}

/// Counts thoughts as part of the output, as Responses does; `None` if nothing is known.
pub(super) fn usage(usage: &UsageMetadata) -> Option<responses::Usage> {
    let known = [
        usage.prompt_token_count,
        usage.tool_use_prompt_token_count,
        usage.candidates_token_count,
        usage.thoughts_token_count,
        usage.total_token_count,
    ];
    known.iter().flatten().next()?;
    let [prompt, tool_use, candidates, thoughts, _] = known.map(Option::unwrap_or_default);
    let input_tokens = prompt.saturating_add(tool_use);
    let output_tokens = candidates.saturating_add(thoughts);
    Some(responses::Usage {
        input_tokens,
        input_tokens_details: InputTokensDetails {
            cached_tokens: usage.cached_content_token_count.unwrap_or(0),
            extra: Extra::new(),
        },
        output_tokens,
        output_tokens_details: OutputTokensDetails {
            reasoning_tokens: thoughts,
            extra: Extra::new(),
        },
        total_tokens: usage
            .total_token_count
            .unwrap_or_else(|| input_tokens.saturating_add(output_tokens)),
        extra: Extra::new(),
    })
}

/// Reasons that came later than the others and leave an answer that cannot be used.
const FAILURES: &[&str] = &["MALFORMED_RESPONSE", "MISSING_THOUGHT_SIGNATURE"];
/// And those of a filter.
const FILTERED: &[&str] = &["IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"];
