//! Requests that cannot be honoured, named so that the client can change them.

use serde_json::{Value, json};

/// A request that the target dialect cannot honour and that must not be weakened in silence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// A field or an item asks for what the target has no word for.
    #[error("`{path}` cannot be honoured by this upstream: {reason}")]
    Unsupported {
        /// Where it stands in the request.
        path: String,
        /// Why not, in words for the client.
        reason: String,
    },
    /// A field or an item is not what its dialect says it is.
    #[error("`{path}` is not valid: {reason}")]
    Invalid {
        /// Where it stands in the request.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

impl ClientFault {
    /// Says that `path` cannot be honoured.
    pub fn unsupported(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unsupported {
            path: path.into(),
            reason: reason.into(),
        }
    }

    /// Says that `path` is not valid.
    pub fn invalid(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid {
            path: path.into(),
            reason: reason.into(),
        }
    }

    /// Returns the place in the request.
    pub fn path(&self) -> &str {
        match self {
            Self::Unsupported { path, .. } | Self::Invalid { path, .. } => path,
        }
    }

    /// Returns the body of the 400 in the shape that Responses and Chat share.
    pub fn to_openai(&self) -> Value {
        let code = match self {
            Self::Unsupported { .. } => "unsupported_parameter",
            Self::Invalid { .. } => "invalid_value",
        };
        json!({"error": {
            "message": self.to_string(),
            "type": "invalid_request_error",
            "param": self.path(),
            "code": code,
        }})
    }
}
