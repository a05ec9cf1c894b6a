//! Tells a program of the user's choice that a turn has ended.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use llmx_protocol::{ItemDetails, ThreadEvent, ThreadId};
use llmx_tools::group::Group;
use serde_json::json;

/// What the program is told, as far as it is known.
#[derive(Debug)]
pub(crate) struct Notifier {
    command: Vec<String>,
    cwd: PathBuf,
    environment: Vec<(OsString, OsString)>,
    thread_id: ThreadId,
    prompts: Vec<String>,
    last_message: Option<String>,
    turns: u64,
}

impl Notifier {
    /// Starts `command`, with the note as its last argument, after each turn.
    pub(crate) fn new(
        command: Vec<String>,
        cwd: &Path,
        environment: Vec<(OsString, OsString)>,
        thread_id: &ThreadId,
    ) -> Self {
        Self {
            command,
            cwd: cwd.to_owned(),
            environment,
            thread_id: thread_id.clone(),
            prompts: Vec::new(),
            last_message: None,
            turns: 0,
        }
    }

    /// Takes note of what a person asked.
    pub(crate) fn prompt(&mut self, text: &str) {
        self.prompts.push(text.to_owned());
    }

    /// Takes note of what happens; a failure to start the program is returned, for people.
    pub(crate) fn note(&mut self, event: &ThreadEvent) -> Option<String> {
        match event {
            ThreadEvent::ItemCompleted { item } => {
                if let ItemDetails::AgentMessage { text } = &item.details {
                    self.last_message = Some(text.clone());
                }
                None
            }
            ThreadEvent::TurnCompleted { .. } => self.tell().err(),
            _ => None,
        }
    }

    fn tell(&mut self) -> Result<(), String> {
        self.turns = self.turns.saturating_add(1);
        let note = json!({
            "type": "agent-turn-complete",
            "thread-id": self.thread_id,
            "turn-id": self.turns.to_string(),
            "cwd": self.cwd.to_string_lossy(),
            "input-messages": std::mem::take(&mut self.prompts),
            "last-assistant-message": self.last_message.take(),
        });
        let Some((program, arguments)) = self.command.split_first() else {
            return Ok(());
        };
        let environment = self.environment.iter();
        // Nobody waits for it: a program that hangs must not hold a turn.
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(note.to_string())
            .current_dir(&self.cwd)
            .env_clear()
            .envs(environment.map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let started = Group::start(command);
        started
            .map(Group::let_go)
            .map_err(|error| format!("notify: `{program}` cannot be started: {error}"))
    }
}
