//! Where the requests of one provider go, and what goes with each of them.

use std::time::Duration;

use http::header::InvalidHeaderValue;
use http::{HeaderMap, HeaderValue};
use llmx_bridge::Options;
use llmx_wire::Dialect;

use crate::endpoint::{BadEndpoint, Endpoint};
use crate::fault::SetupFault;

/// One provider's address, credentials and patience.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where requests go.
    pub endpoint: Endpoint,
    /// Headers of every request; those that hold secrets are marked as sensitive.
    pub headers: HeaderMap,
    /// The `Authorization` header, marked as sensitive.
    pub authorization: Option<HeaderValue>,
    /// What the provider speaks.
    pub dialect: Dialect,
    /// How a translation to that dialect is done.
    pub bridge: Options,
    /// How long an answer may take to begin, and how long it may be silent then.
    pub idle_timeout: Duration,
}

/// A provider that requests cannot be sent to.
#[derive(Debug, thiserror::Error)]
pub enum BadTarget {
    /// The URL is not usable.
    #[error(transparent)]
    Endpoint(#[from] BadEndpoint),
    /// The key holds characters that no header may hold.
    #[error("the API key holds a character that cannot be sent, such as a line break")]
    Key(#[source] InvalidHeaderValue),
    /// A header is not usable.
    #[error("the header `{0}` cannot be sent: its name or value holds a forbidden character")]
    Header(String),
    /// The provider speaks something that llmx does not yet.
    #[error("the dialect `{0}` cannot be spoken yet; `responses` and `chat` can")]
    Dialect(Dialect),
    /// Connections cannot be prepared.
    #[error(transparent)]
    Setup(#[from] SetupFault),
}

impl Target {
    /// Makes the sensitive `Authorization` header for `key`.
    pub fn bearer(key: &str) -> Result<HeaderValue, BadTarget> {
        let value = format!("{BEARER}{key}");
        let mut value = HeaderValue::from_str(&value).map_err(BadTarget::Key)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Returns the provider's host, for messages.
    pub(super) fn host(&self) -> String {
        String::from_utf8_lossy(self.endpoint.host().as_bytes()).into_owned()
    }

    /// Removes the key from `text`: some providers repeat it when they refuse it.
    pub(super) fn redact(&self, text: String) -> String {
        let key = self
            .authorization
            .as_ref()
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix(BEARER))
            .filter(|key| !key.is_empty());
        match key {
            Some(key) if text.contains(key) => text.replace(key, "[redacted]"),
            _ => text,
        }
    }
}

const BEARER: &str = "Bearer ";
