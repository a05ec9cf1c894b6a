//! Decides what a patch makes of the files, before any of them is touched.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::edit::edit;
use super::fault::Unplaced;
use super::parse::{Change, Chunk, Patch};

/// Where the files of a patch are looked up.
pub trait Files {
    /// Looks at `path` as the patch names it.
    fn look(&self, path: &str) -> Result<Seen, String>;
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The path itself, whatever the way there; two names of one place are equal.
    pub place: PathBuf,
    /// Where its content is: elsewhere if it is a symbolic link.
    pub target: PathBuf,
    /// What is there.
    pub what: What,
}

/// What is at the end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Nothing.
    Absent,
    /// A file.
    File(Vec<u8>),
    /// A directory.
    Directory,
    /// Something else: a device, a link to nothing.
    Other,
}

/// What to do to the files, each at most once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the patch.
    pub steps: Vec<Step>,
    /// The changes as the patch names them.
    pub changes: Vec<Changed>,
}

/// What to do to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The file.
    pub path: PathBuf,
    /// Whether there is one now.
    pub exists: bool,
    /// What it shall hold; nothing if it shall be gone.
    pub content: Option<Vec<u8>>,
    /// The file whose mode it gets, if it gets any.
    pub mode_of: Option<PathBuf>,
}

/// One change, as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// What happened.
    pub kind: Kind,
    /// The file, as the patch names it.
    pub path: String,
    /// Where it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is new.
    Add,
    /// It is gone.
    Delete,
    /// It changed, or moved, or both.
    Update,
}

/// Why a patch cannot be applied. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// A file to add is there already.
    #[error(
        "{0} exists already. To change it use '*** Update File: {0}'; to replace it put '*** Delete File: {0}' before '*** Add File: {0}'."
    )]
    Exists(String),
    /// The place where a file is to go is taken.
    #[error("{from} cannot be moved to {to}: there is something already.")]
    MoveOnto {
        /// From where.
        from: String,
        /// To where.
        to: String,
    },
    /// A link would have to be taken apart.
    #[error("{0} is a symbolic link; move it with a command.")]
    MovesLink(String),
    /// There is no such file.
    #[error("{0} does not exist.")]
    Missing(String),
    /// It is a directory.
    #[error("{0} is a directory, and a patch changes files only.")]
    Directory(String),
    /// It is something else.
    #[error("{0} is no regular file.")]
    Special(String),
    /// It cannot be read.
    #[error("Failed to read {path}: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// A chunk has no place in its file.
    #[error("In {path}, the change at line {line} of the patch has no place. {why}")]
    Unplaced {
        /// The file.
        path: String,
        /// The line of the patch.
        line: usize,
        /// Why.
        why: Unplaced,
    },
}

impl Patch {
    /// Decides what the patch makes of `files`.
    pub fn plan(&self, files: &dyn Files) -> Result<Plan, PlanFault> {
        let mut planner = Planner {
            files,
            states: Vec::new(),
        };
        let mut changes = Vec::new();
        for change in &self.changes {
            planner.apply(change)?;
            changes.push(Changed::of(change));
        }
        let states = planner.states.into_iter();
        Ok(Plan {
            steps: states.filter_map(State::into_step).collect(),
            changes,
        })
    }

    /// Returns the changes as the patch names them.
    pub fn changes(&self) -> Vec<Changed> {
        self.changes.iter().map(Changed::of).collect()
    }
}

impl Changed {
    fn of(change: &Change) -> Self {
        let (kind, path, to) = match change {
            Change::Add { path, .. } => (Kind::Add, path, None),
            Change::Delete { path } => (Kind::Delete, path, None),
            Change::Update { path, to, .. } => (Kind::Update, path, to.clone()),
        };
        Self {
            kind,
            path: path.clone(),
            to,
        }
    }
}

/// A place that the patch has touched.
struct State {
    path: PathBuf,
    before: Option<Before>,
    after: Option<Vec<u8>>,
    mode_of: Option<PathBuf>,
}

enum Before {
    File(Vec<u8>),
    /// A link; what it leads to is not touched.
    Link,
}

impl State {
    fn into_step(self) -> Option<Step> {
        match (&self.before, &self.after) {
            (None, None) => return None,
            (Some(Before::File(before)), Some(after)) if before == after => return None,
            _ => {}
        }
        Some(Step {
            exists: self.before.is_some(),
            path: self.path,
            content: self.after,
            mode_of: self.mode_of,
        })
    }
}

struct Planner<'a> {
    files: &'a dyn Files,
    states: Vec<State>,
}

impl Planner<'_> {
    fn apply(&mut self, change: &Change) -> Result<(), PlanFault> {
        match change {
            Change::Add { path, lines } => {
                let mut content = lines.join("\n").into_bytes();
                if !lines.is_empty() {
                    content.push(b'\n');
                }
                let seen = self.look(path)?;
                let taken = || PlanFault::Exists(path.clone());
                self.create(seen, content, None, taken)
            }
            Change::Delete { path } => {
                let seen = self.look(path)?;
                self.delete(path, seen)
            }
            Change::Update { path, to, chunks } => self.update(path, to.as_deref(), chunks),
        }
    }

    fn look(&self, path: &str) -> Result<Seen, PlanFault> {
        self.files.look(path).map_err(|why| PlanFault::Unreadable {
            path: path.to_owned(),
            why,
        })
    }

    fn state(&mut self, path: &PathBuf) -> Option<&mut State> {
        self.states.iter_mut().find(|state| state.path == *path)
    }

    fn create(
        &mut self,
        seen: Seen,
        content: Vec<u8>,
        mode_of: Option<PathBuf>,
        taken: impl FnOnce() -> PlanFault,
    ) -> Result<(), PlanFault> {
        if let Some(state) = self.state(&seen.place) {
            if state.after.is_some() {
                return Err(taken());
            }
            state.after = Some(content);
            // What was deleted and is added again is another file, with the mode it had.
            state.mode_of = mode_of.or(match state.before {
                Some(Before::File(_)) => Some(seen.place),
                _ => None,
            });
            return Ok(());
        }
        if seen.what != What::Absent {
            return Err(taken());
        }
        self.states.push(State {
            path: seen.place,
            before: None,
            after: Some(content),
            mode_of,
        });
        Ok(())
    }

    fn delete(&mut self, path: &str, seen: Seen) -> Result<(), PlanFault> {
        if let Some(state) = self.state(&seen.place) {
            let missing = || PlanFault::Missing(path.to_owned());
            return state.after.take().map(drop).ok_or_else(missing);
        }
        let before = match seen.what {
            What::Absent => return Err(PlanFault::Missing(path.to_owned())),
            What::Directory => return Err(PlanFault::Directory(path.to_owned())),
            What::File(_) | What::Other if seen.place != seen.target => Before::Link,
            What::File(bytes) => Before::File(bytes),
            What::Other => return Err(PlanFault::Special(path.to_owned())),
        };
        self.states.push(State {
            path: seen.place,
            before: Some(before),
            after: None,
            mode_of: None,
        });
        Ok(())
    }

    fn update(&mut self, path: &str, to: Option<&str>, chunks: &[Chunk]) -> Result<(), PlanFault> {
        let seen = self.look(path)?;
        let is_link = seen.place != seen.target;
        // A link that the patch has replaced is a file by now.
        let place = match self.state(&seen.place) {
            Some(_) => seen.place.clone(),
            None => seen.target.clone(),
        };
        if self.state(&place).is_none() {
            let before = existing(path, seen.what.clone())?;
            self.states.push(State {
                path: place.clone(),
                after: Some(before.clone()),
                before: Some(Before::File(before)),
                mode_of: Some(place.clone()),
            });
        }
        let missing = || PlanFault::Missing(path.to_owned());
        let state = self.state(&place).ok_or_else(missing)?;
        let content = state.after.as_mut().ok_or_else(missing)?;
        *content = edited(path, content, chunks)?;
        let Some(to) = to else {
            return Ok(());
        };
        let goal = self.look(to)?;
        if goal.place == place {
            return Ok(());
        }
        if is_link {
            return Err(PlanFault::MovesLink(path.to_owned()));
        }
        let state = self.state(&place).ok_or_else(missing)?;
        let content = state.after.take().ok_or_else(missing)?;
        let mode_of = state.mode_of.clone();
        self.create(goal, content, mode_of, || PlanFault::MoveOnto {
            from: path.to_owned(),
            to: to.to_owned(),
        })
    }
}

fn existing(path: &str, what: What) -> Result<Vec<u8>, PlanFault> {
    match what {
        What::File(bytes) => Ok(bytes),
        What::Absent => Err(PlanFault::Missing(path.to_owned())),
        What::Directory => Err(PlanFault::Directory(path.to_owned())),
        What::Other => Err(PlanFault::Special(path.to_owned())),
    }
}

fn edited(path: &str, content: &[u8], chunks: &[Chunk]) -> Result<Vec<u8>, PlanFault> {
    edit(content, chunks).map_err(|(index, why)| PlanFault::Unplaced {
        path: path.to_owned(),
        line: chunks.get(index).map_or(0, |chunk| chunk.number),
        why,
    })
}

#[cfg(test)]
mod tests;
