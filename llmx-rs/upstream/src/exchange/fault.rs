//! Why an exchange with a provider failed, in the provider's own words where it had any.

use std::time::Duration;

use http::StatusCode;
use llmx_bridge::ClientFault;
use llmx_wire::FaultBody;
use llmx_wire::sse::DecodeFault;

use crate::fault::TransportFault;

/// A failure that is the provider's or the network's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamFault {
    /// No answer came at all.
    #[error(transparent)]
    Transport(#[from] TransportFault),
    /// The answer was a refusal.
    #[error("{host} answered {status}{}", told(.body, .request_id.as_deref()))]
    Status {
        /// The provider's host.
        host: String,
        /// The status.
        status: StatusCode,
        /// What the provider said.
        body: Box<FaultBody>,
        /// The name under which its operators find the request.
        request_id: Option<String>,
        /// The pause it asked for.
        retry_after: Option<Duration>,
    },
    /// The answer was a success, but no stream of events.
    #[error("{host} sent no event stream but {kind}: {said}")]
    NotAStream {
        /// The provider's host.
        host: String,
        /// What it sent.
        kind: String,
        /// How that began.
        said: String,
    },
    /// An event could not be understood.
    #[error("the stream holds an event that cannot be read: {cause}")]
    Malformed {
        /// What the parser said.
        cause: String,
    },
    /// An event was too large.
    #[error(transparent)]
    TooLarge(#[from] DecodeFault),
    /// Nothing came for too long.
    #[error("the stream was silent for {} s", .after.as_secs_f64())]
    Idle {
        /// The time it had.
        after: Duration,
    },
    /// For too long nothing came but signs of life.
    #[error("the stream said nothing for {} s but that it goes on", .after.as_secs_f64())]
    Quiet {
        /// The time it had.
        after: Duration,
    },
    /// The connection broke.
    #[error("the stream was cut: {cause}")]
    Cut {
        /// What the connection said.
        cause: String,
    },
    /// The provider's dialect has no word for something in the request.
    #[error(transparent)]
    Unbridgeable(Box<ClientFault>),
    /// There is nothing that the provider could be asked in.
    #[error("no dialect is set for the provider")]
    NoDialect,
    /// The request has no JSON form.
    #[error("the request cannot be written as JSON: {0}")]
    Unsendable(String),
}

fn told(body: &FaultBody, request_id: Option<&str>) -> String {
    let mut text = String::new();
    if !body.message.is_empty() {
        text.push_str(": ");
        text.push_str(&body.message);
    }
    let code = body
        .code
        .as_deref()
        .filter(|code| !body.message.contains(code));
    let request_id = request_id.map(|id| format!("request id {id}"));
    let extra: Vec<_> = code.into_iter().chain(request_id.as_deref()).collect();
    if !extra.is_empty() {
        text.push_str(" (");
        text.push_str(&extra.join(", "));
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_the_servers_words_its_code_and_the_request_id_are_shown() {
        let fault = UpstreamFault::Status {
            host: "a.example".to_owned(),
            status: StatusCode::TOO_MANY_REQUESTS,
            body: Box::new(FaultBody {
                message: "slow down".to_owned(),
                code: Some("rate_limit_exceeded".to_owned()),
                kind: None,
            }),
            request_id: Some("req_1".to_owned()),
            retry_after: None,
        };
        assert_eq!(
            fault.to_string(),
            "a.example answered 429 Too Many Requests: slow down \
             (rate_limit_exceeded, request id req_1)"
        );
    }
}
