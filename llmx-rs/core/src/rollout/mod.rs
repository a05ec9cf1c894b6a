//! Writes the session file: one JSON object per line, on disk before anyone sees its effect.
//!
//! The file holds prompts, code and command output, so only its owner may read it. A line is
//! written with one call and never rewritten; a crash can at worst cut the last one.

mod line;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use llmx_protocol::ThreadId;
use serde_json::{Value, json};

pub(crate) use line::{payload, timestamp};

/// An open session file.
#[derive(Debug)]
pub(crate) struct Rollout {
    file: File,
    path: PathBuf,
}

/// A session file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the session file {} cannot be written: {source}", .path.display())]
pub struct RecordFault {
    path: PathBuf,
    source: io::Error,
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
            Ok(file) => Ok(Self { file, path }),
            Err(source) => Err(RecordFault { path, source }),
        }
    }

    /// Appends a line of type `kind`.
    pub(crate) fn write(
        &mut self,
        now: SystemTime,
        kind: &str,
        payload: &Value,
    ) -> Result<(), RecordFault> {
        let line = json!({"timestamp": timestamp(now), "type": kind, "payload": payload});
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|source| RecordFault {
            path: self.path.clone(),
            source,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut directories = DirBuilder::new();
    let mut file = OpenOptions::new();
    directories.recursive(true);
    file.append(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        directories.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent() {
        directories.create(parent)?;
    }
    file.open(path)
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
        let text = std::fs::read_to_string(rollout.path()).unwrap();
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
    fn an_existing_file_is_never_taken_over() {
        let home = tempfile::tempdir().unwrap();
        let create = || Rollout::create(home.path(), &ThreadId::new("t1"), SystemTime::UNIX_EPOCH);
        let _first = create().unwrap();
        let fault = create().unwrap_err().to_string();
        assert!(fault.contains("t1.jsonl cannot be written"), "{fault}");
    }
}
