//! The form of an input: that of the bridge's fixtures, which therefore are the seeds.

use llmx_bridge::{StreamEnd, UpstreamFault};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// One exchange, or a part of one. Raw values reach the parsers as the text that they are.
#[derive(Debug, Deserialize)]
pub(crate) struct Case<'a> {
    /// What the client asks.
    #[serde(borrow)]
    pub(crate) request: Option<&'a RawValue>,
    /// What streams back.
    #[serde(borrow, alias = "events", default)]
    pub(crate) chunks: Vec<&'a RawValue>,
    #[serde(default)]
    end: Option<&'a RawValue>,
    /// What is known of the upstream: see [`crate::options::of`].
    #[serde(default)]
    pub(crate) traits: u64,
}

impl<'a> Case<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(crate) fn end(&self) -> StreamEnd {
        match self.end.map(RawValue::get) {
            Some(r#""done""#) => StreamEnd::Done,
            Some(r#""broken""#) => StreamEnd::Broken(UpstreamFault::CutOff),
            _ => StreamEnd::Eof,
        }
    }
}

/// Reads a request: the `request` of a case, or the whole input.
pub(crate) fn request<T: DeserializeOwned>(bytes: &[u8]) -> Option<(T, u64)> {
    match Case::read(bytes) {
        Some(Case {
            request: Some(request),
            traits,
            ..
        }) => Some((serde_json::from_str(request.get()).ok()?, traits)),
        _ => Some((serde_json::from_slice(bytes).ok()?, 0)),
    }
}
