//! Answers that broke: what the upstream reported, or what it did.

use llmx_wire::FaultBody;
use llmx_wire::responses::ApiError;
use serde_json::{Value, json};

use super::FaultClass;
use crate::Extra;

/// An answer that cannot be completed, through no fault of the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamFault {
    /// The upstream said so itself.
    #[error("{}", .0.body.message)]
    Reported(Box<Report>),
    /// The stream ended before the answer did.
    #[error("the upstream ended the stream before the answer was complete")]
    CutOff,
    /// The connection failed.
    #[error("the connection to the upstream broke: {0}")]
    Broken(String),
    /// The upstream stopped in a way that leaves no usable answer.
    #[error("the upstream stopped the answer: {0}")]
    Stopped(String),
    /// Something that is not of the dialect.
    #[error("the upstream sent what is not part of its protocol: {0}")]
    Malformed(String),
    /// A call of a tool without the tool's name.
    #[error("the upstream called a tool without naming it")]
    UnnamedToolCall,
    /// More than the limits allow.
    #[error("the answer has more than {limit} {what}")]
    TooLarge {
        /// Of what there was too much.
        what: &'static str,
        /// The limit in force.
        limit: usize,
    },
}

/// An error in the upstream's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The HTTP status, where it came with one that says so.
    pub status: Option<u16>,
    /// What the upstream said.
    pub body: FaultBody,
    /// The upstream's name for the request.
    pub request_id: Option<String>,
    /// The value of `Retry-After`, as it came.
    pub retry_after: Option<String>,
}

impl UpstreamFault {
    /// Reads a failed HTTP answer.
    pub fn from_answer(status: u16, body: &[u8]) -> Self {
        Self::reported(Some(status), FaultBody::parse(body))
    }

    /// Makes a fault of what the upstream said.
    pub fn reported(status: Option<u16>, body: FaultBody) -> Self {
        Self::Reported(Box::new(Report {
            status,
            body,
            ..Report::default()
        }))
    }

    /// Makes a fault of what the upstream said inside of a stream, where the status that it would
    /// have had as an answer of its own is a number in its words.
    pub fn in_stream(body: FaultBody) -> Self {
        let code = body.code.as_deref().and_then(|code| code.parse().ok());
        Self::reported(code.filter(|code| (400..600).contains(code)), body)
    }

    /// Says what is wrong with what is not of the dialect: what the server says in it, or how the
    /// dialect is missed.
    pub fn unreadable(body: &str, error: &serde_json::Error) -> Self {
        let value = serde_json::from_str::<Value>(body).ok();
        match value.as_ref().and_then(FaultBody::from_value) {
            Some(fault) => Self::in_stream(fault),
            None if value.is_some() => Self::Malformed(error.to_string()),
            // A page of a proxy in between, or plain words.
            None => Self::Malformed(FaultBody::parse(body.as_bytes()).message),
        }
    }

    /// Returns what kind of failure this is.
    pub fn class(&self) -> FaultClass {
        match self {
            Self::Reported(report) => FaultClass::of(report),
            Self::CutOff | Self::Broken(_) | Self::Stopped(_) => FaultClass::Server,
            Self::Malformed(_) | Self::UnnamedToolCall => FaultClass::Server,
            Self::TooLarge { .. } => FaultClass::Refused,
        }
    }

    /// Returns the HTTP status that tells the client the same.
    pub fn status(&self) -> u16 {
        match self {
            Self::Reported(report) => match report.status {
                Some(status @ 400..=599) => status,
                _ => self.class().status(),
            },
            _ => 502,
        }
    }

    /// Returns the status that the upstream gave, or that its words stand for.
    fn told_status(&self) -> Option<u16> {
        match self {
            Self::Reported(report) => report.status.or_else(|| match self.class() {
                FaultClass::Server => None,
                class => Some(class.status()),
            }),
            _ => None,
        }
    }

    /// Returns the machine-readable reason: the upstream's own where it has one that clients know.
    pub fn code(&self) -> String {
        let class = self.class();
        let own = match self {
            Self::Reported(report) => report.body.code.clone(),
            _ => None,
        };
        // A numeric code only repeats the status, which clients do not look up.
        own.filter(|code| !class.has_fixed_code() && code.parse::<u64>().is_err())
            .unwrap_or_else(|| class.code().to_owned())
    }

    /// Returns the `error` of a response that failed.
    pub fn to_api_error(&self) -> ApiError {
        let mut extra = Extra::new();
        if let Self::Reported(report) = self {
            let told = [
                ("type", report.body.kind.clone().map(Value::from)),
                ("status", self.told_status().map(Value::from)),
                ("upstream_code", report.body.code.clone().map(Value::from)),
                ("request_id", report.request_id.clone().map(Value::from)),
                ("retry_after", report.retry_after.clone().map(Value::from)),
            ];
            extra.extend(
                told.into_iter()
                    .filter_map(|(name, value)| Some((name.to_owned(), value?))),
            );
        }
        ApiError {
            code: Some(self.code().into()),
            message: self.to_string(),
            extra,
        }
    }

    /// Returns the body of a failed answer in the shape that Responses and Chat share.
    pub fn to_openai(&self) -> Value {
        let own = match self {
            Self::Reported(report) => report.body.kind.clone(),
            _ => None,
        };
        let kind = own.unwrap_or_else(|| self.class().kind().to_owned());
        json!({"error": {
            "message": self.to_string(),
            "type": kind,
            "param": null,
            "code": self.code(),
        }})
    }
}
