//! Gemini's thought signatures. Each belongs to one part of the model's turn and must come back
//! on that part; Responses gives it a reasoning item of its own, next to the part.

use llmx_wire::gemini::Part;
use llmx_wire::responses::Reasoning;
use serde_json::{Value, json};

use crate::seal::{self, Origin};
use crate::{LossReport, Options};

/// The word of a seal that holds a signature.
pub(super) const SEAL: &str = "gemini";

/// A signature, and the kind of part that it belongs to.
#[derive(Debug, PartialEq)]
pub(super) enum Signature {
    /// The call that follows.
    Call(String),
    /// The words beside it. Gemini takes it on a part without words of its own.
    Words(String),
}

impl Signature {
    /// Makes what the seal holds.
    pub(super) fn data(&self) -> Value {
        match self {
            Self::Call(signature) => json!({"on": "call", "signature": signature}),
            Self::Words(signature) => json!({"on": "words", "signature": signature}),
        }
    }

    /// Opens the seal; a signature of another model is an error to this one, so it stays behind.
    pub(super) fn open(
        reasoning: &Reasoning,
        origin: &Origin,
        options: &Options,
        losses: &mut LossReport,
    ) -> Option<Self> {
        // Gemini does not want the words of a thought back: without a signature nothing is lost.
        let sealed = reasoning.encrypted_content.as_deref()?;
        let why = match seal::replay(sealed, SEAL, origin, options) {
            Ok(data) => match Self::read(&data) {
                Some(signature) => return Some(signature),
                None => "its seal is broken",
            },
            Err(why) => why,
        };
        losses.dropped("input[].reasoning", why);
        None
    }

    /// Makes a part of words that carries the signature, if it is theirs.
    pub(super) fn part(self) -> Option<Part> {
        match self {
            Self::Call(_) => None,
            Self::Words(signature) => Some(Part {
                text: Some(String::new()),
                thought_signature: Some(signature),
                ..Part::default()
            }),
        }
    }

    fn read(data: &Value) -> Option<Self> {
        let signature = data.get("signature")?.as_str()?.to_owned();
        match data.get("on")?.as_str()? {
            "call" => Some(Self::Call(signature)),
            "words" => Some(Self::Words(signature)),
            _ => None,
        }
    }
}
