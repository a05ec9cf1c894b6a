//! The shapes of the lines of a session file.

use std::path::PathBuf;
use std::time::SystemTime;

use jiff::Timestamp;
use llmx_protocol::ThreadId;
use llmx_wire::responses::Item;
use serde_json::{Value, json};

use crate::turn::Note;

/// Returns where below the home a session that starts now is kept. Days and times are UTC, so
/// that names sort in the order of events whatever the clock on the wall does.
pub(super) fn relative_path(thread_id: &ThreadId, now: SystemTime) -> PathBuf {
    let day = format(now, "%Y/%m/%d");
    let time = format(now, "%Y-%m-%dT%H-%M-%S");
    PathBuf::from(format!("sessions/{day}/rollout-{time}-{thread_id}.jsonl"))
}

/// Returns whether `line` says which session its file holds.
pub(super) fn names_a_session(line: &[u8]) -> bool {
    let line: Option<Value> = serde_json::from_slice(line).ok();
    line.is_some_and(|line| line["type"] == "session_meta")
}

/// Returns a time as lines tell it, to the millisecond.
pub fn timestamp(now: SystemTime) -> String {
    format(now, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

fn format(time: SystemTime, pattern: &str) -> String {
    // A clock outside the range of years 1 to 9999 is told as the epoch.
    let time = Timestamp::try_from(time).unwrap_or_default();
    time.strftime(pattern).to_string()
}

/// What can be the payload of a line, with the line's type.
pub(crate) trait Payload {
    fn kind(&self) -> &'static str;
    fn value(&self) -> Value;
}

/// Returns the type and the payload of a line.
pub(crate) fn payload(of: &impl Payload) -> (&'static str, Value) {
    (of.kind(), of.value())
}

impl Payload for Item {
    fn kind(&self) -> &'static str {
        "response_item"
    }

    fn value(&self) -> Value {
        // Items come from JSON or from literals; neither holds what JSON cannot.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Payload for Note {
    fn kind(&self) -> &'static str {
        "event_msg"
    }

    fn value(&self) -> Value {
        match self {
            Self::UserMessage(message) => json!({"type": "user_message", "message": message}),
            Self::AgentMessage(message) => json!({"type": "agent_message", "message": message}),
            Self::AgentReasoning(text) => json!({"type": "agent_reasoning", "text": text}),
            Self::TokenCount(usage) => json!({"type": "token_count", "turn_usage": usage}),
            Self::TurnAborted => json!({"type": "turn_aborted", "reason": "interrupted"}),
            Self::TurnFailed(message) => json!({"type": "error", "message": message}),
        }
    }
}
