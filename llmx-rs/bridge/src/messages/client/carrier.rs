//! Where a client of Messages carries an upstream's reasoning: thinking goes back as it came, so
//! its signature is the place. A block without words is a redacted one, whose data is the place.

use llmx_wire::messages::{ContentBlock, RedactedThinking, Thinking};
use llmx_wire::responses::{ContentPart, Reasoning, Text};

pub(super) use crate::carrier::load;

/// Makes the reasoning item that `block` carries; `None` if the block is not one of ours.
pub(super) fn unload(block: &ContentBlock) -> Option<Reasoning> {
    let (words, carried) = match block {
        ContentBlock::Thinking(Thinking {
            thinking,
            signature,
            ..
        }) => (thinking.as_str(), signature.as_deref()?),
        ContentBlock::RedactedThinking(RedactedThinking { data, .. }) => ("", data.as_str()),
        _ => return None,
    };
    let mut reasoning = crate::carrier::unload(carried)?;
    if !words.is_empty() {
        let summary = ContentPart::SummaryText(Text::from(words.to_owned()));
        reasoning.summary.push(summary);
    }
    Some(reasoning)
}
