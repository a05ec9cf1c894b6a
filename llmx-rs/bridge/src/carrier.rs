//! Lets a client of another dialect carry the reasoning of an upstream, as a client of Responses
//! does in `encrypted_content`: in a field that the client gives back and never looks into.

use llmx_wire::responses::Reasoning;
use serde::{Deserialize, Serialize};

/// What the upstream wants back.
#[derive(Serialize, Deserialize)]
struct Carried {
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "e")]
    encrypted_content: String,
}

/// Writes down what the upstream wants back of `reasoning`; `None` if it wants nothing.
pub(crate) fn load(reasoning: &Reasoning) -> Option<String> {
    let carried = Carried {
        id: reasoning.id.clone(),
        encrypted_content: reasoning.encrypted_content.clone()?,
    };
    // Strings always serialize.
    let body = serde_json::to_string(&carried).ok()?;
    Some(format!("{MARK}{body}"))
}

/// Makes the reasoning item that was written down; `None` if the text is not one of ours.
pub(crate) fn unload(text: &str) -> Option<Reasoning> {
    let carried: Carried = serde_json::from_str(text.strip_prefix(MARK)?).ok()?;
    Some(Reasoning {
        id: carried.id,
        encrypted_content: Some(carried.encrypted_content),
        ..Reasoning::default()
    })
}

/// Tells what we wrote down from a provider's own signatures; the number changes with the form.
const MARK: &str = "llmxr1:";
