//! The file that the agent's last message is written to (`-o`).

use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// A file that can be written, and that nobody has touched yet.
#[derive(Debug)]
pub(crate) struct LastMessageFile {
    path: PathBuf,
}

impl LastMessageFile {
    /// Finds out whether `path` can be written, before any work is done for it. What it holds
    /// stays until there is something better.
    pub(crate) fn check(path: PathBuf) -> Result<Self> {
        let fault = || format!("the output file {} cannot be written", path.display());
        if path.is_dir() {
            bail!("{}: it is a directory", fault());
        }
        if path.exists() {
            OpenOptions::new()
                .append(true)
                .open(&path)
                .with_context(fault)?;
        } else {
            let parent = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            if parent.is_some_and(|parent| !parent.is_dir()) {
                bail!("{}: its directory does not exist", fault());
            }
        }
        Ok(Self { path })
    }

    /// Writes the message in place of what was there.
    pub(crate) fn write(&self, message: &str) -> Result<()> {
        fs::write(&self.path, message)
            .with_context(|| format!("the output file {} cannot be written", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checking_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        LastMessageFile::check(path.clone()).unwrap();
        assert!(!path.exists());
        fs::write(&path, "old").unwrap();
        let file = LastMessageFile::check(path.clone()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        file.write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn what_cannot_be_written_is_named_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let message = |path: PathBuf| LastMessageFile::check(path).unwrap_err().to_string();
        assert!(message(directory.path().to_owned()).ends_with("it is a directory"));
        let lost = message(directory.path().join("none/out"));
        assert!(lost.ends_with("none/out cannot be written: its directory does not exist"));
    }
}
