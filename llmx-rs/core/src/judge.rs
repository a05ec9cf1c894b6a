//! Decides whether a failure of the provider or the network may pass if the request is sent again.

use std::time::Duration;

use http::StatusCode;
use llmx_upstream::UpstreamFault;

use crate::connection::AskFault;
use crate::turn::{Fault, Retry, asked_pause_ms, is_final_code, is_too_long};

/// Judges `fault`; `env_key` is the variable that the key came from.
pub(crate) fn judge(fault: &AskFault, env_key: Option<&str>) -> Fault {
    let AskFault::Upstream(fault) = fault else {
        return Fault {
            message: fault.to_string(),
            retry: Retry::Never,
        };
    };
    Fault {
        message: message(fault, env_key),
        retry: retry(fault),
    }
}

fn retry(fault: &UpstreamFault) -> Retry {
    match fault {
        UpstreamFault::Transport(_) => Retry::Request { after_ms: None },
        UpstreamFault::Status {
            status,
            body,
            retry_after,
            ..
        } => {
            if is_too_long(body.code.as_deref(), &body.message) {
                return Retry::Shorter;
            }
            let reasons = [body.code.as_deref(), body.kind.as_deref()];
            if !passes(*status) || reasons.into_iter().flatten().any(is_final_code) {
                return Retry::Never;
            }
            let asked = retry_after.map(millis);
            Retry::Request {
                after_ms: asked.or_else(|| asked_pause_ms(&body.message)),
            }
        }
        UpstreamFault::Cut { .. }
        | UpstreamFault::Idle { .. }
        | UpstreamFault::Quiet { .. }
        | UpstreamFault::Malformed { .. } => Retry::Stream { after_ms: None },
        UpstreamFault::NotAStream { .. }
        | UpstreamFault::TooLarge(_)
        | UpstreamFault::NoDialect
        | UpstreamFault::Unbridgeable(_)
        | UpstreamFault::Unsendable(_) => Retry::Never,
    }
}

/// Returns whether a refusal of this status may pass.
fn passes(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    ) || status.is_server_error()
}

fn message(fault: &UpstreamFault, env_key: Option<&str>) -> String {
    let refused_key = matches!(
        fault,
        UpstreamFault::Status { status, .. } if *status == StatusCode::UNAUTHORIZED
    );
    match env_key {
        Some(name) if refused_key => format!("{fault}; the key came from ${name}"),
        _ => fault.to_string(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use llmx_wire::FaultBody;

    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, expected) in [
            (400, Retry::Never),
            (401, Retry::Never),
            (403, Retry::Never),
            (404, Retry::Never),
            (408, Retry::Request { after_ms: None }),
            (429, Retry::Request { after_ms: None }),
            (500, Retry::Request { after_ms: None }),
            (529, Retry::Request { after_ms: None }),
        ] {
            assert_eq!(retry(&refusal(status, "", None)), expected, "{status}");
        }
    }

    #[test]
    fn an_empty_purse_is_not_tried_again() {
        let fault = refusal(429, "no money", Some("insufficient_quota"));
        assert_eq!(retry(&fault), Retry::Never);
    }

    #[test]
    fn a_pause_in_the_words_counts() {
        let fault = refusal(429, "try again in 2s", None);
        let after_ms = Some(2_000);
        assert_eq!(retry(&fault), Retry::Request { after_ms });
    }

    #[test]
    fn a_refused_key_is_traced_to_its_variable() {
        let fault = judge(&refusal(401, "no", None).into(), Some("LLMX_API_KEY"));
        assert!(
            fault
                .message
                .ends_with("no; the key came from $LLMX_API_KEY")
        );
    }

    fn refusal(status: u16, message: &str, code: Option<&str>) -> UpstreamFault {
        UpstreamFault::Status {
            host: "a.example".to_owned(),
            status: StatusCode::from_u16(status).unwrap(),
            body: Box::new(FaultBody {
                message: message.to_owned(),
                code: code.map(str::to_owned),
                kind: None,
            }),
            request_id: None,
            retry_after: None,
        }
    }
}
