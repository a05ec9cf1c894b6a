//! Where the requests of one provider go, and what goes with each of them.

use std::time::Duration;

use http::header::{AUTHORIZATION, InvalidHeaderValue};
use http::{HeaderMap, HeaderName, HeaderValue};
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
    /// The header that carries the key, and its value, marked as sensitive.
    pub credential: Option<(HeaderName, HeaderValue)>,
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
    /// Connections cannot be prepared.
    #[error(transparent)]
    Setup(#[from] SetupFault),
}

impl Target {
    /// Makes the header in which providers of `dialect` expect `key`.
    pub fn credential(dialect: Dialect, key: &str) -> Result<(HeaderName, HeaderValue), BadTarget> {
        let name = credential_name(dialect);
        let value = if name == AUTHORIZATION {
            HeaderValue::from_str(&format!("{BEARER}{key}"))
        } else {
            HeaderValue::from_str(key)
        };
        let mut value = value.map_err(BadTarget::Key)?;
        value.set_sensitive(true);
        Ok((name, value))
    }

    /// Returns the provider's host, for messages.
    pub(super) fn host(&self) -> String {
        String::from_utf8_lossy(self.endpoint.host().as_bytes()).into_owned()
    }
}

/// Returns the header in which providers of `dialect` expect their key.
pub fn credential_name(dialect: Dialect) -> HeaderName {
    match dialect {
        Dialect::Chat | Dialect::Responses => AUTHORIZATION,
        Dialect::Messages => X_API_KEY,
        Dialect::Gemini => X_GOOG_API_KEY,
    }
}

pub(super) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
pub(super) const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

pub(super) const BEARER: &str = "Bearer ";
