//! Remembers what people asked, over all sessions: `history.jsonl` in the home of llmx.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use llmx_protocol::ThreadId;
use serde_json::json;

/// The history of one home.
#[derive(Debug)]
pub(crate) struct History {
    path: PathBuf,
    thread_id: ThreadId,
}

impl History {
    pub(crate) fn new(home: &Path, thread_id: &ThreadId) -> Self {
        Self {
            path: home.join("history.jsonl"),
            thread_id: thread_id.clone(),
        }
    }

    /// Appends one prompt, with one call, so that several processes can.
    pub(crate) fn add(&self, prompt: &str, now: SystemTime) -> io::Result<()> {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let line = json!({"session_id": self.thread_id, "ts": seconds, "text": prompt});
        if let Some(home) = self.path.parent() {
            llmx_config::create_private(home)?;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path)?;
        file.write_all(format!("{line}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_prompt_is_a_line_that_only_its_owner_reads() {
        let home = tempfile::tempdir().unwrap();
        let history = History::new(home.path(), &ThreadId::new("t"));
        for prompt in ["one", "two\nlines"] {
            history.add(prompt, UNIX_EPOCH).unwrap();
        }
        let path = home.path().join("history.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1], r#"{"session_id":"t","ts":0,"text":"two\nlines"}"#);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
