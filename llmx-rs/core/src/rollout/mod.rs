//! Writes the session file: one JSON object per line, on disk before anyone sees its effect.
//!
//! The file holds prompts, code and command output, so only its owner may read it. A line is
//! written with one call and never rewritten; a crash can at worst cut the last one.

mod line;
mod read;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use llmx_protocol::ThreadId;
use serde_json::{Value, json};

pub(crate) use line::payload;
pub use line::timestamp;
pub use read::{ReadFault, Recorded, RecordedItem};
pub(crate) use read::{name_of, read};

/// An open session file.
#[derive(Debug)]
pub(crate) struct Rollout {
    /// `None` for a session that leaves no trace.
    file: Option<File>,
    path: PathBuf,
}

/// A session file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the session file {} cannot be written: {cause}", .path.display())]
pub struct RecordFault {
    path: PathBuf,
    cause: io::Error,
}

impl Rollout {
    /// Creates the file of a new session below `home`.
    pub(crate) fn create(
        home: &Path,
        thread_id: &ThreadId,
        now: SystemTime,
    ) -> Result<Self, RecordFault> {
        let path = home.join(line::relative_path(thread_id, now));
        match create(&path) {
            Ok(file) => Ok(Self {
                file: Some(file),
                path,
            }),
            Err(cause) => Err(RecordFault { path, cause }),
        }
    }

    /// Begins a session of which nothing is written down.
    pub(crate) fn nowhere() -> Self {
        Self {
            file: None,
            path: PathBuf::new(),
        }
    }

    /// Opens the file of a session to go on with it. A line that a crash has cut stays as it is;
    /// what follows begins on a line of its own.
    pub(crate) fn reopen(path: &Path) -> Result<Self, RecordFault> {
        let open = || {
            let mut file = OpenOptions::new().read(true).append(true).open(path)?;
            lock(&file)?;
            if !ends_with_a_line(&mut file)? {
                file.write_all(b"\n")?;
            }
            Ok(file)
        };
        let path = path.to_owned();
        match open() {
            Ok(file) => Ok(Self {
                file: Some(file),
                path,
            }),
            Err(cause) => Err(RecordFault { path, cause }),
        }
    }

    /// Appends every whole line of the file at `origin` but the one that names its session.
    pub(crate) fn copy(&mut self, origin: &Path) -> Result<(), RecordFault> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let copied = fs::read(origin).and_then(|bytes| {
            let whole = bytes.iter().rposition(|byte| *byte == b'\n');
            let lines = bytes
                .get(..whole.map_or(0, |end| end + 1))
                .unwrap_or_default();
            let own = lines
                .split_inclusive(|byte| *byte == b'\n')
                .filter(|line| !line::names_a_session(line));
            file.write_all(&own.collect::<Vec<_>>().concat())
        });
        copied.map_err(|cause| RecordFault {
            path: self.path.clone(),
            cause,
        })
    }

    /// Appends a line of type `kind`.
    pub(crate) fn write(
        &mut self,
        now: SystemTime,
        kind: &str,
        payload: &Value,
    ) -> Result<(), RecordFault> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let line = json!({"timestamp": timestamp(now), "type": kind, "payload": payload});
        let written = file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|cause| RecordFault {
            path: self.path.clone(),
            cause,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new();
    file.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    if let Some(parent) = path.parent() {
        llmx_config::create_private(parent)?;
    }
    let file = file.open(path)?;
    lock(&file)?;
    Ok(file)
}

/// Two processes must not go on with one conversation at the same time.
fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::new(
            io::ErrorKind::ResourceBusy,
            "the session is open in another llmx; end that one first, or fork the session",
        ),
        TryLockError::Error(error) => error,
    })
}

fn ends_with_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn lines_are_appended_in_the_place_that_the_day_gives() {
        let home = tempfile::tempdir().unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_500);
        let mut rollout = Rollout::create(home.path(), &ThreadId::new("t1"), now).unwrap();
        rollout.write(now, "a", &json!({"x": 1})).unwrap();
        rollout.write(now, "b", &json!("\n")).unwrap();

        let expected = "sessions/1970/01/01/rollout-1970-01-01T00-00-01-t1.jsonl";
        assert_eq!(rollout.path(), home.path().join(expected));
        let text = fs::read_to_string(rollout.path()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                r#"{"timestamp":"1970-01-01T00:00:01.500Z","type":"a","payload":{"x":1}}"#,
                r#"{"timestamp":"1970-01-01T00:00:01.500Z","type":"b","payload":"\n"}"#,
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let now = SystemTime::UNIX_EPOCH;
        let rollout = Rollout::create(home.path(), &ThreadId::new("t1"), now).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(rollout.path()), 0o600);
        for directory in ["sessions", "sessions/1970", "sessions/1970/01/01"] {
            assert_eq!(mode(&home.path().join(directory)), 0o700, "{directory}");
        }
    }

    #[test]
    fn a_file_is_gone_on_with_after_a_torn_line_by_one_process_at_a_time() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.jsonl");
        fs::write(&path, "{\"type\":\"a\"}\n{\"ty").unwrap();
        let mut rollout = Rollout::reopen(&path).unwrap();
        let fault = Rollout::reopen(&path).unwrap_err().to_string();
        assert!(fault.contains("open in another llmx"), "{fault}");
        rollout
            .write(SystemTime::UNIX_EPOCH, "b", &json!(1))
            .unwrap();
        drop(rollout);
        drop(Rollout::reopen(&path).unwrap());
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(lines[1], "{\"ty");
    }

    #[test]
    fn a_fork_has_every_line_but_the_name() {
        let home = tempfile::tempdir().unwrap();
        let origin = home.path().join("a.jsonl");
        let lines = "{\"timestamp\":\"t\",\"type\":\"session_meta\",\"payload\":{}}\n{\"type\":\"a\"}\n{\"to";
        fs::write(&origin, lines).unwrap();
        let mut fork =
            Rollout::create(home.path(), &ThreadId::new("t2"), SystemTime::UNIX_EPOCH).unwrap();
        fork.copy(&origin).unwrap();
        assert_eq!(
            fs::read_to_string(fork.path()).unwrap(),
            "{\"type\":\"a\"}\n"
        );
    }

    #[test]
    fn an_existing_file_is_never_taken_over() {
        let home = tempfile::tempdir().unwrap();
        let create = || Rollout::create(home.path(), &ThreadId::new("t1"), SystemTime::UNIX_EPOCH);
        let _first = create().unwrap();
        let fault = create().unwrap_err().to_string();
        assert!(fault.contains("t1.jsonl cannot be written"), "{fault}");
    }
}
