//! How a Chat answer ended, from the reason it gave and the way its stream closed.

use llmx_wire::FaultBody;

use crate::UpstreamFault;
use crate::stream::{Ending, StreamEnd};

/// Decides the ending. A reason outweighs a missing `[DONE]`; without a reason only `[DONE]` after
/// output that looks whole tells a whole answer from a broken one.
pub(super) fn of(end: StreamEnd, reason: Option<&str>, is_whole: bool) -> Ending {
    match (end, reason) {
        (StreamEnd::Broken(fault), _) => Ending::Failed(fault),
        (_, Some(reason)) => by_reason(reason),
        (StreamEnd::Done, None) if is_whole => Ending::Completed,
        (StreamEnd::Done | StreamEnd::Eof, None) => Ending::Failed(UpstreamFault::CutOff),
    }
}

/// Reads the reason. What it says about calls is not asked: the content shows whether there are
/// any, and servers contradict themselves.
fn by_reason(reason: &str) -> Ending {
    match reason.to_ascii_lowercase().as_str() {
        "length" | "max_tokens" | "max_output_tokens" | "model_length" => {
            Ending::Incomplete("max_output_tokens")
        }
        "content_filter" | "safety" | "recitation" | "sensitive" | "prohibited_content" => {
            Ending::Incomplete("content_filter")
        }
        "pause_turn" => Ending::Incomplete("pause_turn"),
        "context_length_exceeded" | "model_context_window_exceeded" => {
            Ending::Failed(UpstreamFault::reported(
                None,
                FaultBody {
                    message: "the conversation does not fit the model's context window".to_owned(),
                    code: Some("context_length_exceeded".to_owned()),
                    kind: None,
                },
            ))
        }
        "error"
        | "abort"
        | "malformed_function_call"
        | "insufficient_system_resource"
        | "network_error" => Ending::Failed(UpstreamFault::Stopped(reason.to_owned())),
        _ => Ending::Completed,
    }
}
