//! Where a client of Gemini carries an upstream's reasoning: a thought's signature goes back as it
//! came, so it is the place. Clients read signatures as bytes in base 64.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use llmx_wire::responses::Reasoning;

use crate::carrier;

/// Makes the signature that carries `reasoning`; `None` if the upstream wants nothing back.
pub(super) fn load(reasoning: &Reasoning) -> Option<String> {
    Some(STANDARD.encode(carrier::load(reasoning)?))
}

/// Makes the reasoning item that `signature` carries; `None` if it is not one of ours.
pub(super) fn unload(signature: &str) -> Option<Reasoning> {
    // Some clients write it in the alphabet for URLs, or without padding.
    let signature = signature.replace('-', "+").replace('_', "/");
    let text = String::from_utf8(LENIENT.decode(signature).ok()?).ok()?;
    carrier::unload(&text)
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
