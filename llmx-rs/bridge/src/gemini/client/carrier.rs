//! Where a client of Gemini carries an upstream's reasoning: a thought's signature goes back as it
//! came, so it is the place. Clients read signatures as bytes in base 64.

use llmx_wire::responses::Reasoning;

use crate::{base64, carrier};

/// Makes the signature that carries `reasoning`; `None` if the upstream wants nothing back.
pub(super) fn load(reasoning: &Reasoning) -> Option<String> {
    Some(base64::encode(carrier::load(reasoning)?.as_bytes()))
}

/// Makes the reasoning item that `signature` carries; `None` if it is not one of ours.
pub(super) fn unload(signature: &str) -> Option<Reasoning> {
    let text = String::from_utf8(base64::decode(signature)?).ok()?;
    carrier::unload(&text)
}
