//! The commands that go on in the background of a conversation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::process::Process;
use crate::tool::Permit;

/// The commands that go on in the background of a conversation.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    table: Mutex<Table>,
    /// One reference more for each command that runs or is kept.
    places: Arc<()>,
}

#[derive(Debug, Default)]
struct Table {
    last_id: u64,
    open: BTreeMap<u64, Arc<Session>>,
}

/// A command in the background.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: u64,
    pub(super) about: About,
    pub(super) process: Process,
    used: Mutex<Instant>,
    _place: Place,
}

/// What is known of a command beside the process.
#[derive(Debug, Clone)]
pub(super) struct About {
    /// As the model wrote it.
    pub(super) script: String,
    /// What runs it.
    pub(super) command: Vec<String>,
    pub(super) cwd: PathBuf,
    pub(super) permit: Permit,
}

/// The right to be one of the commands that run.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "it counts while it is held")] Arc<()>);

/// A command that was still running when the conversation ended, and was ended with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The number under which the model knew it.
    pub session_id: u64,
    /// What ran, as the model wrote it.
    pub command: String,
}

impl Sessions {
    /// Makes room for one more command. What ended longest ago and was never asked for goes first.
    pub(super) fn admit(&self) -> Result<Place, String> {
        let mut table = self.lock();
        if Arc::strong_count(&self.places) > MAX_COMMANDS {
            let ended = table
                .open
                .values()
                .filter(|session| session.process.end().is_some());
            let oldest = ended.min_by_key(|session| session.last_used());
            let Some(oldest) = oldest.map(|session| session.id) else {
                return Err(format!(
                    "the command was not run: {MAX_COMMANDS} others are still running; \
                     end one first, with the character \\u0003 for `write_stdin`\n{}",
                    table.list()
                ));
            };
            drop(table.open.remove(&oldest));
        }
        Ok(Place(Arc::clone(&self.places)))
    }

    /// Keeps a command that goes on, and returns its number.
    pub(super) fn keep(&self, process: Process, about: About, place: Place) -> u64 {
        let mut table = self.lock();
        table.last_id += 1;
        let id = table.last_id;
        let session = Session {
            id,
            about,
            process,
            used: Mutex::new(Instant::now()),
            _place: place,
        };
        table.open.insert(id, Arc::new(session));
        id
    }

    /// Returns the command `id`, or says which there are.
    pub(super) fn get(&self, id: u64) -> Result<Arc<Session>, String> {
        let table = self.lock();
        let session = table
            .open
            .get(&id)
            .ok_or_else(|| match table.open.is_empty() {
                true => format!("there is no session {id}: no command is running"),
                false => format!("there is no session {id}; there are:\n{}", table.list()),
            })?;
        session.touch();
        Ok(Arc::clone(session))
    }

    /// Forgets a command whose end has been told.
    pub(super) fn forget(&self, id: u64) {
        self.lock().open.remove(&id);
    }

    /// Ends every command, and returns those that were still running.
    pub(crate) async fn close(&self) -> Vec<Ended> {
        let sessions = std::mem::take(&mut self.lock().open);
        let running = sessions
            .into_values()
            .filter(|session| session.process.end().is_none());
        let running: Vec<_> = running.collect();
        for session in &running {
            session.process.request_end();
        }
        let mut ended = Vec::with_capacity(running.len());
        let patience = Instant::now() + super::process::GRACE;
        for session in running {
            session.process.end_by(patience).await;
            ended.push(Ended {
                session_id: session.id,
                command: session.about.script.clone(),
            });
        }
        ended
    }

    /// Kills every command.
    pub(crate) fn kill(&self) {
        for session in std::mem::take(&mut self.lock().open).into_values() {
            session.process.kill();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn list(&self) -> String {
        let mut list = String::new();
        for session in self.open.values() {
            let state = match session.process.end() {
                Some(end) => end.words(),
                None => format!("running for {} s", session.process.age().as_secs()),
            };
            let script = short(&session.about.script);
            let written = writeln!(list, "- session {}: `{script}` ({state})", session.id);
            debug_assert!(written.is_ok(), "writing to a string does not fail");
        }
        list
    }
}

impl Session {
    fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last_used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the first line of a script, or what of it fits on a line.
pub(super) fn short(script: &str) -> String {
    let line = script.trim().lines().next().unwrap_or_default();
    let kept = line
        .get(..line.floor_char_boundary(LONGEST_NAME))
        .unwrap_or_default();
    match kept.len() == script.trim().len() {
        true => kept.to_owned(),
        false => format!("{kept} …"),
    }
}

/// More at a time is a model that has lost count of them.
const MAX_COMMANDS: usize = 32;
const LONGEST_NAME: usize = 80;
