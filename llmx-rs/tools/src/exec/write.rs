//! The `write_stdin` tool: types to a command in the background, or waits for it.

use std::sync::Arc;

use llmx_protocol::{ItemDetails, ItemStatus};
use rustix::process::Signal;
use serde_json::json;

use super::MAX_SHOWN;
use super::answer::Report;
use super::arguments::WriteCall;
use super::sessions::{Session, Sessions};
use crate::confine::Confinement;
use crate::tool::{Input, Job, Outcome, Permit, Reach, Running, Takes, Tool, ToolSpec};

/// The tool `write_stdin`.
#[derive(Debug)]
pub(crate) struct WriteStdin {
    confinement: Arc<Confinement>,
    sessions: Arc<Sessions>,
}

impl WriteStdin {
    pub(crate) fn new(confinement: Arc<Confinement>, sessions: Arc<Sessions>) -> Self {
        Self {
            confinement,
            sessions,
        }
    }
}

impl Tool for WriteStdin {
    fn name(&self) -> &str {
        "write_stdin"
    }

    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: include_str!("write_stdin.md").to_owned(),
            takes: Takes::Json(json!({
                "type": "object",
                "properties": {
                    "session_id": {"type": "integer", "description": "The number that exec_command gave"},
                    "chars": {"type": "string", "description": "What to type; empty to wait only"},
                    "yield_time_ms": {"type": "integer", "description": "How long to wait, 250 to 600000 (default 10000)"},
                    "max_output_tokens": {"type": "integer", "description": "How much output to return (default 10000)"},
                },
                "required": ["session_id"],
                "additionalProperties": false,
            })),
        }
    }

    fn prepare(&self, input: Input<'_>) -> Result<Box<dyn Job>, String> {
        let call = WriteCall::read(input)?;
        let session = self.sessions.get(call.session_id)?;
        let takes = session.process.has_terminal() || call.chars.is_empty();
        if !takes && call.chars != INTERRUPT && session.process.end().is_none() {
            return Err(format!(
                "session {} has no terminal to type into: it was started without `tty`. \
                 Only \"\\u0003\" interrupts it, and \"\" waits for it",
                session.id
            ));
        }
        Ok(Box::new(WriteJob {
            call,
            session,
            confinement: Arc::clone(&self.confinement),
            sessions: Arc::clone(&self.sessions),
        }))
    }
}

struct WriteJob {
    call: WriteCall,
    session: Arc<Session>,
    confinement: Arc<Confinement>,
    sessions: Arc<Sessions>,
}

impl Job for WriteJob {
    fn shown(&self) -> ItemDetails {
        self.item(String::new(), ItemStatus::InProgress)
    }

    fn reach(&self) -> Reach {
        // What only waits for a command or ends it is nothing new.
        if self
            .call
            .chars
            .chars()
            .all(|typed| ENDINGS.contains(&typed))
        {
            return Reach::Harmless;
        }
        // What is typed to a shell is run by it. Taken for the rest of its script, it is judged
        // and shown as what it may do; typed to another program it is at least seen.
        let about = &self.session.about;
        let mut command = about.command.clone();
        if let Some(script) = command.last_mut() {
            *script = format!("{script}\n{}", self.call.chars);
        }
        Reach::Command {
            command,
            cwd: about.cwd.clone(),
            escalation: match about.permit {
                Permit::Confined => None,
                Permit::Unconfined => Some(format!(
                    "this types into session {}, which runs outside of the sandbox",
                    self.session.id
                )),
            },
        }
    }

    fn run(self: Box<Self>, _: Permit) -> Running {
        Box::pin(async move {
            let untyped = self.type_and_wait().await;
            let session = &self.session;
            let (output, end) = session.process.take();
            let mut state = match end {
                Some(end) => {
                    self.sessions.forget(session.id);
                    end.words()
                }
                None => format!("still running, as session {}", session.id),
            };
            if untyped > 0 && end.is_none() {
                state += &format!("\nnote: it did not take the last {untyped} bytes");
            }
            let report = Report {
                state,
                end,
                age: session.process.age(),
                output: &output,
                terminal: session.process.has_terminal(),
                permit: session.about.permit,
                budget: self.call.bounds.budget,
            };
            let status = end.map_or(ItemStatus::Completed, |end| end.item_status());
            let words = report.words(&self.confinement);
            let shown = Report {
                budget: self.call.bounds.budget.min(MAX_SHOWN),
                ..report
            };
            let shown = self.item(shown.words(&self.confinement), status);
            Outcome::text(words, shown)
        })
    }
}

impl WriteJob {
    /// Returns how many bytes could not be typed.
    async fn type_and_wait(&self) -> usize {
        let (process, wait) = (&self.session.process, self.call.bounds.wait);
        let typed = self.call.chars.as_bytes();
        if typed.is_empty() || process.end().is_some() {
            process.ended(wait).await;
            return 0;
        }
        if !process.has_terminal() {
            process.signal(Signal::INT);
            process.ended(wait).await;
            return 0;
        }
        // What was printed before stays for the answer, but is none.
        let before = process.printed();
        let written = process.write(typed, wait).await;
        // The terminal shows what is typed, with two characters for the end of a line and for what
        // is no letter; only more than that is an answer.
        let two = typed.iter().filter(|byte| byte.is_ascii_control()).count();
        let echo = (written + two) as u64;
        process.answered(before + echo, wait).await;
        typed.len() - written
    }

    fn item(&self, output: String, status: ItemStatus) -> ItemDetails {
        ItemDetails::ToolCall {
            tool: "write_stdin".to_owned(),
            arguments: json!({
                "session_id": self.session.id,
                "chars": self.call.chars,
            }),
            output,
            status,
        }
    }
}

/// Ctrl-C, which a command without a terminal gets as a signal.
const INTERRUPT: &str = "\u{3}";
/// Ctrl-C, Ctrl-D, Ctrl-Z and Ctrl-\.
const ENDINGS: &[char] = &['\u{3}', '\u{4}', '\u{1a}', '\u{1c}'];
