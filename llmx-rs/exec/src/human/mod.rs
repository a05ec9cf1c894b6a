//! Prints events for a person: the last message on stdout, the way to it on stderr.

mod items;
mod screen;

use std::io::{self, Write};

use llmx_config::Config;
use llmx_protocol::{
    ItemDetails, SandboxFacts, SandboxMode, ThreadEvent, ThreadItem, TurnFacts, Usage,
};

pub use self::screen::Screen;

/// What a person sees of a run.
#[derive(Debug, Default)]
pub(crate) struct Human {
    /// The newest message; only when something follows is it known not to be the last.
    message: Option<String>,
}

impl Human {
    /// Writes what the run is about to do.
    pub(crate) fn begin(config: &Config, thread_id: &str, stderr: &mut dyn Write) {
        let sandbox = serde_json::to_value(config.sandbox_mode).unwrap_or_default();
        let lines = [
            ("workdir", config.cwd.display().to_string()),
            (
                "model",
                format!("{} at {}", config.model, config.provider.name),
            ),
            ("sandbox", sandbox.as_str().unwrap_or_default().to_owned()),
            ("session", thread_id.to_owned()),
        ];
        tell(stderr, concat!("llmx ", env!("CARGO_PKG_VERSION")));
        for (name, value) in lines {
            tell(stderr, &format!("{name:8} {value}"));
        }
    }

    /// Prints `event`. Only stdout can fail: without it there is no use in going on, while
    /// stderr is a courtesy.
    pub(crate) fn print(
        &mut self,
        event: &ThreadEvent,
        stdout: &mut dyn Write,
        stderr: &mut dyn Write,
    ) -> io::Result<()> {
        match event {
            ThreadEvent::ThreadStarted { .. }
            | ThreadEvent::TurnStarted {}
            | ThreadEvent::AnswerDelta { .. }
            | ThreadEvent::AnswerDiscarded {} => {}
            ThreadEvent::ItemStarted { item } | ThreadEvent::ItemUpdated { item } => {
                self.flush_message(stderr);
                tell(stderr, &items::beginning(&item.details));
            }
            ThreadEvent::ItemCompleted { item } => {
                self.flush_message(stderr);
                self.end_item(item, stderr);
            }
            ThreadEvent::Error { message } => tell(stderr, message),
            ThreadEvent::SandboxReported { sandbox } => {
                // The policy stands at the head already; a person needs to know of less than that.
                let is_held = sandbox.rung.is_some() && sandbox.weaknesses.is_empty();
                if !is_held && sandbox.policy != SandboxMode::DangerFullAccess {
                    tell(stderr, &held(sandbox));
                }
            }
            ThreadEvent::ApprovalRequested { request } => {
                tell(stderr, &format!("waiting for approval: {}", request.reason));
            }
            ThreadEvent::TurnFailed { error } => {
                self.flush_message(stderr);
                tell(stderr, &format!("error: {}", error.message));
            }
            ThreadEvent::TurnCompleted { usage, facts } => {
                tell(stderr, &account(usage, facts));
                if let Some(message) = self.message.take() {
                    writeln!(stdout, "{}", message.trim_end_matches('\n'))?;
                    stdout.flush()?;
                }
            }
        }
        Ok(())
    }

    fn end_item(&mut self, item: &ThreadItem, stderr: &mut dyn Write) {
        match &item.details {
            ItemDetails::AgentMessage { text } => self.message = Some(text.clone()),
            details => tell(stderr, items::ending(details).trim_end_matches('\n')),
        }
    }

    fn flush_message(&mut self, stderr: &mut dyn Write) {
        if let Some(message) = self.message.take() {
            tell(stderr, &format!("\n{message}"));
        }
    }
}

/// Returns what holds commands, and what does not.
fn held(sandbox: &SandboxFacts) -> String {
    let rung = sandbox.rung.as_deref().unwrap_or("none");
    let mut text = format!("sandbox: {rung}; {}", sandbox.reason);
    for weakness in &sandbox.weaknesses {
        text += &format!("\n  note: {weakness}");
    }
    text
}

/// Returns what a turn took, on one line.
fn account(usage: &Usage, facts: &TurnFacts) -> String {
    let mut line = format!(
        "\ntokens   {} in ({} cached), {} out",
        usage.input_tokens, usage.cached_input_tokens, usage.output_tokens
    );
    if usage.reasoning_output_tokens > 0 {
        line += &format!(" ({} thinking)", usage.reasoning_output_tokens);
    }
    if let Some(cost) = facts.cost_usd {
        line += &format!(", ${cost:.4}");
    }
    if facts.retries > 0 {
        let noun = if facts.retries == 1 {
            "retry"
        } else {
            "retries"
        };
        line += &format!(", {} {noun}", facts.retries);
    }
    line
}

/// Writes `text` as lines, unless there are none.
fn tell(stderr: &mut dyn Write, text: &str) {
    if !text.is_empty() {
        let _unread = writeln!(stderr, "{}", harmless(text));
    }
}

/// Replaces control characters, with which a model or a command could rewrite the screen.
fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => c,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.replace("\r\n", "\n").chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use llmx_protocol::{ItemError, ItemStatus, ThreadError};

    use super::*;

    #[test]
    fn only_the_last_message_is_on_stdout() {
        let (out, err) = printed(&[
            item(agent("looking")),
            item(command("ls", Some(0), "a.txt\n")),
            item(agent("one file")),
            ThreadEvent::TurnCompleted {
                usage: Usage::default(),
                facts: TurnFacts::default(),
            },
        ]);
        assert_eq!(out, "one file\n");
        assert_eq!(err, "\nlooking\na.txt\n\ntokens   0 in (0 cached), 0 out\n");
    }

    #[test]
    fn a_failed_turn_leaves_stdout_empty_and_says_why_once() {
        let error = ThreadError {
            message: "no".to_owned(),
            code: None,
        };
        let events = [item(agent("half")), ThreadEvent::TurnFailed { error }];
        let (out, err) = printed(&events);
        assert_eq!((out.as_str(), err.as_str()), ("", "\nhalf\nerror: no\n"));
    }

    #[test]
    fn no_output_can_rewrite_the_screen() {
        let (_, err) = printed(&[item(command("x", Some(3), "\u{1b}[2Jboo\r\nrow\tx\r"))]);
        assert_eq!(err, "\u{FFFD}[2Jboo\nrow\tx\nexit code 3\n");
    }

    #[test]
    fn why_a_patch_failed_and_a_plan_changed_is_said() {
        let (_, err) = printed(&[
            item(ItemDetails::FileChange {
                changes: Vec::new(),
                error: Some(ItemError {
                    message: "no such line".to_owned(),
                }),
                status: ItemStatus::Failed,
            }),
            item(ItemDetails::TodoList {
                items: Vec::new(),
                explanation: Some("tests first".to_owned()),
            }),
        ]);
        assert_eq!(
            err,
            "\ncould not change\nno such line\n\nplan: tests first\n"
        );
    }

    fn printed(events: &[ThreadEvent]) -> (String, String) {
        let (mut human, mut out, mut err) = (Human::default(), Vec::new(), Vec::new());
        for event in events {
            human.print(event, &mut out, &mut err).unwrap();
        }
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(out), text(err))
    }

    fn item(details: ItemDetails) -> ThreadEvent {
        let id = "item_0".to_owned();
        ThreadEvent::ItemCompleted {
            item: ThreadItem { id, details },
        }
    }

    fn agent(text: &str) -> ItemDetails {
        ItemDetails::AgentMessage {
            text: text.to_owned(),
        }
    }

    fn command(command: &str, exit_code: Option<i32>, output: &str) -> ItemDetails {
        ItemDetails::CommandExecution {
            command: command.to_owned(),
            aggregated_output: output.to_owned(),
            exit_code,
            status: ItemStatus::Completed,
        }
    }
}
