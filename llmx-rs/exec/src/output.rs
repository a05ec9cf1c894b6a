//! Prints the events of a run in a thread of its own, so that a slow reader of stdout never keeps
//! the run from hearing a signal.

use std::io::{self, Write};
use std::thread;

use llmx_protocol::{ErrorCode, ItemDetails, Op, ThreadEvent};
use tokio::sync::{mpsc, oneshot};

use crate::human::Human;
use crate::json;

/// How events are printed.
pub(crate) enum Style {
    Human(Human),
    Json,
}

/// What the printed events came to.
pub(crate) struct Report {
    /// The agent's last message.
    pub(crate) last_message: Option<String>,
    /// Whether the turn was completed.
    pub(crate) completed: bool,
    /// Why it was not, where there is a word for it.
    pub(crate) code: Option<ErrorCode>,
    /// Why printing stopped before the end.
    pub(crate) fault: Option<io::Error>,
    /// What is left to say goes here.
    pub(crate) stderr: Box<dyn Write + Send>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            last_message: None,
            completed: false,
            code: None,
            fault: None,
            stderr: Box::new(io::stderr()),
        }
    }
}

/// Starts printing `events`; asks for the end of the conversation when the turn has ended.
pub(crate) fn start(
    mut style: Style,
    mut events: mpsc::Receiver<ThreadEvent>,
    ops: mpsc::Sender<Op>,
    mut stdout: Box<dyn Write + Send>,
    mut stderr: Box<dyn Write + Send>,
) -> oneshot::Receiver<Report> {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        let mut report = Report::default();
        while let Some(event) = events.blocking_recv() {
            let printed = match &mut style {
                Style::Human(human) => human.print(&event, &mut *stdout, &mut *stderr),
                Style::Json => json::print(&event, &mut *stdout),
            };
            report.note(&event);
            if let Err(fault) = printed {
                // Closing the channel tells the session that nobody listens any more.
                report.fault = Some(fault);
                break;
            }
            if event.ends_turn() {
                // An ended session needs no telling.
                let _told = ops.blocking_send(Op::Shutdown);
            }
        }
        drop(events);
        report.stderr = stderr;
        // Whoever started this may have given up waiting.
        let _awaited = sender.send(report);
    });
    receiver
}

impl Report {
    fn note(&mut self, event: &ThreadEvent) {
        match event {
            ThreadEvent::ItemCompleted { item } => {
                if let ItemDetails::AgentMessage { text } = &item.details {
                    self.last_message = Some(text.clone());
                }
            }
            ThreadEvent::TurnCompleted { .. } => self.completed = true,
            ThreadEvent::TurnFailed { error } => self.code = error.code,
            _ => {}
        }
    }
}
