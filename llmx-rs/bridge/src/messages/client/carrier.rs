//! Lets a client of Messages carry the reasoning of an upstream that is not one of Messages.
//!
//! The client gives thinking back as it came, signature included, and never looks into the
//! signature. So the signature is the place for what the upstream wants back. A block without words
//! is a redacted one, whose data is the place.

use llmx_wire::messages::{ContentBlock, RedactedThinking, Thinking};
use llmx_wire::responses::{ContentPart, Reasoning, Text};
use serde::{Deserialize, Serialize};

use crate::Extra;

/// What the upstream wants back.
#[derive(Serialize, Deserialize)]
struct Carried {
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "e")]
    encrypted_content: String,
}

/// Makes what a block carries of `reasoning`; `None` if the upstream wants nothing back.
pub(super) fn load(reasoning: &Reasoning) -> Option<String> {
    let carried = Carried {
        id: reasoning.id.clone(),
        encrypted_content: reasoning.encrypted_content.clone()?,
    };
    // Strings always serialize.
    let body = serde_json::to_string(&carried).ok()?;
    Some(format!("{MARK}{body}"))
}

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
    let carried: Carried = serde_json::from_str(carried.strip_prefix(MARK)?).ok()?;
    let summary =
        (!words.is_empty()).then(|| ContentPart::SummaryText(Text::from(words.to_owned())));
    Some(Reasoning {
        id: carried.id,
        summary: summary.into_iter().collect(),
        content: None,
        encrypted_content: Some(carried.encrypted_content),
        status: None,
        extra: Extra::new(),
    })
}

/// Tells what we carry from a signature of Anthropic's own; the number changes with the form.
const MARK: &str = "llmxr1:";
