//! Why an answer ended, and what it cost, in the words of Responses.

use llmx_wire::FaultBody;
use llmx_wire::messages::{StopReason, Usage};
use llmx_wire::responses::{self, InputTokensDetails, OutputTokensDetails};
use serde_json::Value;

use crate::stream::Ending;
use crate::{Extra, UpstreamFault};

pub(super) fn of(reason: &StopReason) -> Ending {
    match reason {
        StopReason::MaxTokens => Ending::Incomplete("max_output_tokens"),
        StopReason::Refusal => Ending::Incomplete("content_filter"),
        StopReason::PauseTurn => Ending::Incomplete("pause_turn"),
        // Clients know this one as an error, after which they shorten the conversation.
        StopReason::ModelContextWindowExceeded => Ending::Failed(UpstreamFault::reported(
            None,
            FaultBody {
                message: "The conversation and its answer fill the model's context window."
                    .to_owned(),
                code: Some("model_context_window_exceeded".to_owned()),
                kind: None,
            },
        )),
        // Whether there are calls shows in the output; an unknown reason is an end all the same.
        StopReason::EndTurn
        | StopReason::StopSequence
        | StopReason::ToolUse
        | StopReason::Other(_) => Ending::Completed,
    }
}

/// Counts cached tokens as part of the input, as Responses does; `None` if nothing is known.
pub(super) fn usage(usage: &Usage) -> Option<responses::Usage> {
    let known = [
        usage.input_tokens,
        usage.cache_creation_input_tokens,
        usage.cache_read_input_tokens,
        usage.output_tokens,
    ];
    known.iter().flatten().next()?;
    let [fresh, written, read, output_tokens] = known.map(Option::unwrap_or_default);
    let input_tokens = fresh.saturating_add(written).saturating_add(read);
    let mut details = InputTokensDetails {
        cached_tokens: read,
        extra: Extra::new(),
    };
    if usage.cache_creation_input_tokens.is_some() {
        let name = "cache_write_tokens".to_owned();
        details.extra.insert(name, written.into());
    }
    let thought = usage.output_tokens_details.as_ref();
    Some(responses::Usage {
        input_tokens,
        input_tokens_details: details,
        output_tokens,
        output_tokens_details: OutputTokensDetails {
            reasoning_tokens: thought.and_then(|it| it.thinking_tokens).unwrap_or(0),
            extra: Extra::new(),
        },
        total_tokens: input_tokens.saturating_add(output_tokens),
        extra: Extra::new(),
    })
}

/// Returns the class of service under the name that Responses has for it.
pub(super) fn service_tier(usage: &Usage) -> Option<Value> {
    match usage.extra.get("service_tier")?.as_str()? {
        "standard" => Some("default".into()),
        tier => Some(tier.into()),
    }
}
