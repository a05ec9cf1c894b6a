//! Finds tool calls that a model writes into its text, because its server does not know their form.
//!
//! The form is the one that most templates teach: `<tool_call>{"name": …, "arguments": {…}}`
//! `</tool_call>`. What stands between the tags but is no call stays text, tags included.

use llmx_wire::chat::{FunctionCall, ToolCall};
use serde_json::Value;

/// A part of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(String),
    Call(Box<ToolCall>),
}

/// The calls in one answer's text.
#[derive(Debug, Default)]
pub(super) struct LeakedCalls {
    /// What may be, or is, the beginning of a call.
    held: String,
    found: u64,
}

impl LeakedCalls {
    /// Takes more text and returns what of it is certain.
    pub(super) fn push(&mut self, text: &str) -> Vec<Part> {
        self.held.push_str(text);
        let mut parts = Vec::new();
        while let Some(part) = self.step() {
            parts.push(part);
        }
        parts
    }

    /// Returns what was held back: a call without its end is none.
    pub(super) fn close(&mut self) -> Option<Part> {
        let held = std::mem::take(&mut self.held);
        (!held.is_empty()).then_some(Part::Text(held))
    }

    fn step(&mut self) -> Option<Part> {
        let Some(start) = self.held.find(OPEN) else {
            let certain = self.held.len() - partial(&self.held);
            return self.take(certain).map(Part::Text);
        };
        if start > 0 {
            return self.take(start).map(Part::Text);
        }
        let Some(end) = self.held.find(CLOSE) else {
            let hopeless = self.held.len() > MAX_CALL;
            return hopeless.then(|| Part::Text(std::mem::take(&mut self.held)));
        };
        let whole = self.take(end + CLOSE.len())?;
        let Some(mut call) = call(&whole) else {
            return Some(Part::Text(whole));
        };
        // Each is whole, so no piece of another may be taken for its continuation.
        call.index = Some(FIRST_INDEX + self.found);
        self.found += 1;
        Some(Part::Call(Box::new(call)))
    }

    /// Takes the first bytes of what is held; none if that is nothing.
    fn take(&mut self, end: usize) -> Option<String> {
        let rest = self.held.split_off(end);
        let taken = std::mem::replace(&mut self.held, rest);
        (!taken.is_empty()).then_some(taken)
    }
}

fn call(tagged: &str) -> Option<ToolCall> {
    let body = tagged.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
    let mut body: Value = serde_json::from_str(body).ok()?;
    let name = body.get("name")?.as_str()?.to_owned();
    let arguments = body.get_mut("arguments").map(Value::take);
    Some(ToolCall {
        function: Some(FunctionCall {
            name: Some(name),
            arguments,
            ..FunctionCall::default()
        }),
        ..ToolCall::default()
    })
}

/// Returns how many bytes at the end of `text` may be the beginning of a call.
fn partial(text: &str) -> usize {
    (1..OPEN.len())
        .rev()
        .find(|length| {
            OPEN.get(..*length)
                .is_some_and(|start| text.ends_with(start))
        })
        .unwrap_or(0)
}

const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";

/// Above every index that a server gives.
const FIRST_INDEX: u64 = 1 << 32;

/// Each piece is searched anew for the end of a call; a longer one is text.
const MAX_CALL: usize = 64 << 10;
