//! The session files below a home: which there are, and which one a person means.

use std::cmp::Reverse;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use crate::rollout::{ReadFault, Recorded, name_of, read};

/// One session, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The session's name.
    pub id: String,
    /// Its file.
    pub path: PathBuf,
    /// When it was last written to.
    pub modified: SystemTime,
    /// Where it began.
    pub cwd: PathBuf,
    /// The first prompt; empty if there was none.
    pub prompt: String,
}

/// A session that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum NoSession {
    /// No session has this name, nor one that begins like it.
    #[error("there is no session `{id}` below {}; `llmx sessions list` shows those there are", .home.display())]
    Unknown {
        /// The name as given.
        id: String,
        /// Where sessions are.
        home: PathBuf,
    },
    /// Several sessions begin like this.
    #[error("`{id}` is the beginning of several sessions: {}", .matches.join(", "))]
    Ambiguous {
        /// The beginning as given.
        id: String,
        /// The sessions.
        matches: Vec<String>,
    },
    /// There is none to be the last one.
    #[error("no session was begun in {}; name one by its id, or `llmx sessions list --all`", .0.display())]
    NoneHere(PathBuf),
    /// The directory cannot be read.
    #[error("{} cannot be read: {cause}", .path.display())]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadFault),
    /// Another process has it open.
    #[error("the session `{0}` is open in another llmx; end that one first")]
    InUse(String),
}

impl Summary {
    /// Returns whether the session began in `directory`, as far as its file can name it: a name that
    /// is no text is written down as it is shown.
    pub fn began_in(&self, directory: &Path) -> bool {
        self.cwd == Path::new(&*directory.to_string_lossy())
    }
}

/// Returns the file of the session that `id` names or begins.
pub fn find(home: &Path, id: &str) -> Result<PathBuf, NoSession> {
    let files = files(home)?;
    let named = |file: &&SessionFile| file.id == id;
    if let Some(file) = files.iter().find(named) {
        return Ok(file.path.clone());
    }
    let begun: Vec<_> = files
        .iter()
        .filter(|file| id.len() >= SHORTEST && file.id.starts_with(id))
        .collect();
    match begun.as_slice() {
        [] => Err(NoSession::Unknown {
            id: id.to_owned(),
            home: home.to_owned(),
        }),
        [only] => Ok(only.path.clone()),
        several => Err(NoSession::Ambiguous {
            id: id.to_owned(),
            matches: several.iter().map(|file| file.id.clone()).collect(),
        }),
    }
}

/// Returns the file of the session that was last written to and that began in `cwd`.
pub fn last(home: &Path, cwd: &Path) -> Result<PathBuf, NoSession> {
    let sessions = list(home)?;
    let here = sessions.into_iter().find(|session| session.began_in(cwd));
    here.map(|session| session.path)
        .ok_or_else(|| NoSession::NoneHere(cwd.to_owned()))
}

/// Returns every session, the one that was last written to first.
pub fn list(home: &Path) -> Result<Vec<Summary>, NoSession> {
    let mut sessions: Vec<_> = files(home)?.into_iter().filter_map(summary).collect();
    sessions.sort_by_key(|session| Reverse(session.modified));
    Ok(sessions)
}

/// Reads the session that `id` names.
pub fn load(home: &Path, id: &str) -> Result<Recorded, NoSession> {
    Ok(read(&find(home, id)?)?)
}

/// Deletes the session that `id` names, and returns its file.
pub fn delete(home: &Path, id: &str) -> Result<PathBuf, NoSession> {
    let path = find(home, id)?;
    let io = |cause| NoSession::Io {
        path: path.clone(),
        cause,
    };
    let file = File::open(&path).map_err(io)?;
    if file.try_lock().is_err() {
        return Err(NoSession::InUse(id.to_owned()));
    }
    fs::remove_file(&path).map_err(io)?;
    Ok(path)
}

struct SessionFile {
    id: String,
    path: PathBuf,
}

/// Returns the session files below `home`; one that has none yet has no sessions.
fn files(home: &Path) -> Result<Vec<SessionFile>, NoSession> {
    let mut found = Vec::new();
    let mut open = vec![home.join("sessions")];
    while let Some(directory) = open.pop() {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(cause) => {
                return Err(NoSession::Io {
                    path: directory,
                    cause,
                });
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(path);
            } else if let Some(name) = name_of(&path) {
                found.push(SessionFile { id: name.id, path });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Reads of a session only what a list shows.
fn summary(file: SessionFile) -> Option<Summary> {
    let opened = File::open(&file.path).ok()?;
    let modified = opened.metadata().and_then(|it| it.modified()).ok()?;
    let mut cwd = PathBuf::new();
    let mut prompt = String::new();
    for line in BufReader::new(opened).lines().take(LINES_TO_A_PROMPT) {
        let Ok(line) = serde_json::from_str::<Value>(&line.ok()?) else {
            continue;
        };
        let payload = &line["payload"];
        let text = |name: &str| payload[name].as_str().unwrap_or_default();
        match line["type"].as_str() {
            // The first line may be damaged; the first turn says it, too.
            Some("session_meta" | "turn_context") if cwd.as_os_str().is_empty() => {
                cwd = text("cwd").into();
            }
            Some("event_msg") if payload["type"] == "user_message" => {
                prompt = text("message").to_owned();
                break;
            }
            _ => {}
        }
    }
    Some(Summary {
        id: file.id,
        path: file.path,
        modified,
        cwd,
        prompt,
    })
}

/// A shorter beginning is more likely a slip than a session.
const SHORTEST: usize = 4;
/// What a session may say before its first prompt.
const LINES_TO_A_PROMPT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for (day, id, cwd) in [
            ("01", "aaaa-1", "/a"),
            ("02", "aaaa-2", "/b"),
            ("03", "bbbb", "/a"),
        ] {
            let directory = home.path().join("sessions/2026/01").join(day);
            fs::create_dir_all(&directory).unwrap();
            let name = format!("rollout-2026-01-{day}T00-00-00-{id}.jsonl");
            let text = format!(
                "{{\"type\":\"session_meta\",\"payload\":{{\"id\":\"{id}\",\"cwd\":\"{cwd}\"}}}}\n\
                 {{\"type\":\"event_msg\",\"payload\":{{\"type\":\"user_message\",\"message\":\"do {id}\"}}}}\n"
            );
            let path = directory.join(name);
            fs::write(&path, text).unwrap();
            let file = File::options().append(true).open(&path).unwrap();
            let day: u64 = day.parse().unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(day))
                .unwrap();
        }
        home
    }

    #[test]
    fn sessions_are_listed_newest_first_with_their_prompts() {
        let home = home();
        let listed = list(home.path()).unwrap();
        let listed: Vec<_> = listed
            .iter()
            .map(|it| (it.id.as_str(), it.prompt.as_str()))
            .collect();
        assert_eq!(
            listed,
            [
                ("bbbb", "do bbbb"),
                ("aaaa-2", "do aaaa-2"),
                ("aaaa-1", "do aaaa-1")
            ]
        );
        assert_eq!(list(Path::new("/nowhere")).unwrap(), []);
    }

    #[test]
    fn a_session_is_found_by_its_name_a_beginning_or_as_the_last_one() {
        let home = home();
        let id = |path: Result<PathBuf, NoSession>| path.map(|path| name_of(&path).unwrap().id);
        assert_eq!(id(find(home.path(), "aaaa-1")).unwrap(), "aaaa-1");
        assert_eq!(id(find(home.path(), "bbbb")).unwrap(), "bbbb");
        assert!(matches!(
            find(home.path(), "aaaa"),
            Err(NoSession::Ambiguous { .. })
        ));
        assert!(matches!(
            find(home.path(), "cccc"),
            Err(NoSession::Unknown { .. })
        ));
        assert!(matches!(
            find(home.path(), "b"),
            Err(NoSession::Unknown { .. })
        ));
        assert_eq!(id(last(home.path(), Path::new("/a"))).unwrap(), "bbbb");
        assert_eq!(id(last(home.path(), Path::new("/b"))).unwrap(), "aaaa-2");
        assert!(matches!(
            last(home.path(), Path::new("/c")),
            Err(NoSession::NoneHere(_))
        ));
    }

    #[test]
    fn a_deleted_session_is_gone_and_an_open_one_stays() {
        let home = home();
        let open = File::open(find(home.path(), "bbbb").unwrap()).unwrap();
        open.try_lock().unwrap();
        assert!(matches!(
            delete(home.path(), "bbbb"),
            Err(NoSession::InUse(_))
        ));
        drop(open);
        delete(home.path(), "bbbb").unwrap();
        assert!(find(home.path(), "bbbb").is_err());
    }
}
