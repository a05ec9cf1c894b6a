//! Lets the client carry an upstream's reasoning from turn to turn, so that no one must store it.
//!
//! Some upstreams refuse a conversation whose earlier reasoning is missing or altered. Responses
//! has a place for what only the server understands: `encrypted_content` of a reasoning item. A
//! seal travels there. It names the provider and the model that the reasoning came from, because
//! a signature of one is an error to the other; on a mismatch the seal stays shut.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Options;

/// Whose reasoning a seal may hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    #[serde(rename = "p")]
    pub(crate) provider: String,
    #[serde(rename = "m")]
    pub(crate) model: String,
}

/// One piece of reasoning in the form that its upstream wants back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seal {
    /// The upstream's own word for the piece: the name of its field or of its block.
    #[serde(rename = "k")]
    pub(crate) kind: String,
    /// The words, where the upstream showed any.
    #[serde(rename = "t", default, skip_serializing_if = "String::is_empty")]
    pub(crate) text: String,
    /// What only the upstream understands.
    #[serde(rename = "d", default, skip_serializing_if = "Value::is_null")]
    pub(crate) data: Value,
}

/// Why a seal stays shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shut {
    /// It is not a seal of ours.
    Foreign,
    /// It belongs to another provider or model.
    Mismatch,
}

impl Seal {
    pub(crate) fn close(&self, origin: &Origin) -> String {
        // Strings and JSON values always serialize.
        let body = serde_json::to_string(&Labelled {
            origin: origin.clone(),
            seal: self.clone(),
        });
        format!("{MARK}{}", body.unwrap_or_default())
    }

    pub(crate) fn open(sealed: &str, origin: &Origin) -> Result<Self, Shut> {
        let body = sealed.strip_prefix(MARK).ok_or(Shut::Foreign)?;
        let labelled: Labelled = serde_json::from_str(body).map_err(|_| Shut::Foreign)?;
        if labelled.origin == *origin {
            Ok(labelled.seal)
        } else {
            Err(Shut::Mismatch)
        }
    }
}

/// Opens a seal of `kind` for the upstream that it came from, or says why it stays shut.
pub(crate) fn replay(
    sealed: &str,
    kind: &str,
    origin: &Origin,
    options: &Options,
) -> Result<Value, &'static str> {
    if !options.replay_reasoning {
        return Err("this upstream wants none back");
    }
    match Seal::open(sealed, origin) {
        Ok(seal) if seal.kind == kind => Ok(seal.data),
        Ok(_) | Err(Shut::Mismatch) => Err("it belongs to another provider or model"),
        Err(Shut::Foreign) => Err("only the provider that sealed it can read it"),
    }
}

#[derive(Serialize, Deserialize)]
struct Labelled {
    #[serde(flatten)]
    origin: Origin,
    #[serde(flatten)]
    seal: Seal,
}

/// Adds a piece to a list that came in pieces: the text of equal entries is joined, so that a seal
/// is as long as what it holds and not as its stream.
pub(crate) fn absorb(list: &mut Vec<Value>, piece: Value) {
    let same = |held: &Value| {
        ["type", "index", "id"].iter().all(|name| {
            let (held, new) = (held.get(*name), piece.get(*name));
            held == new || new.is_none()
        })
    };
    let last = list.last_mut().filter(|held| same(held));
    match (last, piece) {
        (Some(Value::Object(held)), Value::Object(piece)) => {
            for (name, value) in piece {
                match (held.get_mut(&name), value) {
                    (Some(Value::String(text)), Value::String(more))
                        if matches!(name.as_str(), "text" | "summary" | "data") =>
                    {
                        text.push_str(&more);
                    }
                    (Some(_), Value::Null) => {}
                    (_, value) => {
                        held.insert(name, value);
                    }
                }
            }
        }
        (_, piece) => list.push(piece),
    }
}

/// Tells our seals from a provider's own; the number changes with the form.
const MARK: &str = "llmx1:";

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(provider: &str, model: &str) -> Origin {
        Origin {
            provider: provider.to_owned(),
            model: model.to_owned(),
        }
    }

    #[test]
    fn a_seal_opens_for_its_origin_alone() {
        let seal = Seal {
            kind: "thinking".to_owned(),
            text: "hm \"é\"".to_owned(),
            data: serde_json::json!({"signature": "c2ln"}),
        };
        let sealed = seal.close(&origin("a", "m"));
        assert_eq!(Seal::open(&sealed, &origin("a", "m")), Ok(seal));
        assert_eq!(Seal::open(&sealed, &origin("b", "m")), Err(Shut::Mismatch));
        assert_eq!(Seal::open(&sealed, &origin("a", "n")), Err(Shut::Mismatch));
    }

    #[test]
    fn pieces_of_one_entry_are_joined_and_others_stay_apart() {
        let mut list = Vec::new();
        for piece in [
            serde_json::json!({"type": "reasoning.text", "index": 0, "text": "a"}),
            serde_json::json!({"type": "reasoning.text", "index": 0, "text": "b", "signature": "s"}),
            serde_json::json!({"type": "reasoning.encrypted", "index": 1, "data": "x"}),
        ] {
            absorb(&mut list, piece);
        }
        assert_eq!(
            Value::Array(list),
            serde_json::json!([
                {"type": "reasoning.text", "index": 0, "text": "ab", "signature": "s"},
                {"type": "reasoning.encrypted", "index": 1, "data": "x"},
            ])
        );
    }

    #[test]
    fn a_providers_own_content_is_foreign() {
        assert_eq!(Seal::open("gAAAA", &origin("a", "m")), Err(Shut::Foreign));
        assert_eq!(Seal::open("llmx1:{", &origin("a", "m")), Err(Shut::Foreign));
    }
}
