//! Reads files that hold secrets, and refuses those that other users can read.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::read_provider::is_header_value;
use crate::secret::Secret;

/// A file of secrets that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivateFault {
    /// Other users can read it.
    #[error(
        "{} holds a key and other users can reach it (mode {mode:04o}); run `chmod 600 {}`", path.display(), path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It cannot be read.
    #[error("{} cannot be read ({reason}); it holds a key", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// It is not there.
    #[error("{} does not exist; write the key into it and run `chmod 600 {}`", path.display(), path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It is not what a key is.
    #[error(
        "{} does not hold a key: it must be one line of visible ASCII; write the key into it without quotes", path.display()
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// It is not what llmx writes.
    #[error("{} cannot be read ({reason}); remove it and run `{cure}`", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// What the parser said, without the text.
        reason: String,
        /// The command that writes it.
        cure: &'static str,
    },
}

/// Reads a file of secrets that may be missing.
pub(crate) fn read(path: &Path) -> Result<Option<Secret>, PrivateFault> {
    let unreadable = |reason: String| PrivateFault::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let metadata = file
        .metadata()
        .map_err(|error| unreadable(error.to_string()))?;
    if metadata.is_dir() {
        return Err(unreadable("it is a directory".to_owned()));
    }
    if let Some(mode) = exposed(&metadata) {
        let path = path.to_owned();
        return Err(PrivateFault::Exposed { path, mode });
    }
    // One allocation of the right size: a string that grows leaves copies of the key behind.
    let mut text = String::with_capacity(usize::try_from(LIMIT).unwrap_or_default());
    let read = file.by_ref().take(LIMIT).read_to_string(&mut text);
    read.map_err(|error| unreadable(error.to_string()))?;
    Ok(Some(Secret::new(text)))
}

/// Takes the key out of what a file holds.
pub(crate) fn key(path: &Path, text: Option<Secret>) -> Result<Secret, PrivateFault> {
    let path = || path.to_owned();
    let text = text.ok_or_else(|| PrivateFault::Missing { path: path() })?;
    let key = text.expose().trim();
    if key.is_empty() || !is_header_value(key) {
        return Err(PrivateFault::NotAKey { path: path() });
    }
    Ok(Secret::new(key.to_owned()))
}

/// Returns the mode of a file that users other than its owner can reach.
#[cfg(unix)]
pub(crate) fn exposed(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Files below a user's directory are theirs alone on the other systems.
#[cfg(not(unix))]
pub(crate) fn exposed(_metadata: &fs::Metadata) -> Option<u32> {
    None
}

/// More than any key or list of keys takes.
const LIMIT: u64 = 64 * 1024;
