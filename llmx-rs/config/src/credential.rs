//! Where the key of a provider comes from, and how a stale one is renewed.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::key_command::{self, CommandFault};
use crate::private::{self, PrivateFault};
use crate::secret::Secret;

/// The source of one provider's key; clones share what they have fetched.
#[derive(Clone)]
pub struct CredentialSource(Arc<Source>);

/// A key that could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum CredentialFault {
    /// The command failed.
    #[error(transparent)]
    Command(#[from] CommandFault),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] PrivateFault),
}

enum Source {
    None,
    Fixed {
        key: Secret,
        from: String,
    },
    File {
        path: PathBuf,
        key: Mutex<Secret>,
    },
    Command {
        command: Vec<String>,
        ttl: Duration,
        fetched: Mutex<Option<Fetched>>,
    },
}

struct Fetched {
    key: Secret,
    at: Instant,
}

impl CredentialSource {
    /// Returns the key to send, if the provider takes one.
    ///
    /// A command runs where its last answer is too old, and blocks until it has ended: call this
    /// where a thread may wait, unless [`at_hand`](Self::at_hand) has the key.
    pub fn fetch(&self) -> Result<Option<Secret>, CredentialFault> {
        if let Some(key) = self.at_hand() {
            return Ok(Some(key));
        }
        let Source::Command {
            command,
            ttl,
            fetched,
        } = &*self.0
        else {
            return Ok(None);
        };
        // The lock is held while the command runs, so that of many callers only one runs it.
        let mut fetched = lock(fetched);
        if let Some(key) = fresh(fetched.as_ref(), *ttl) {
            return Ok(Some(key));
        }
        let key = key_command::run(command)?;
        *fetched = Some(Fetched {
            key: key.clone(),
            at: Instant::now(),
        });
        Ok(Some(key))
    }

    /// Returns the key to try after the provider has `refused` one, or nothing where there is no
    /// other. May block as [`fetch`](Self::fetch) does.
    pub fn refresh(&self, refused: &Secret) -> Result<Option<Secret>, CredentialFault> {
        let key = match &*self.0 {
            Source::None | Source::Fixed { .. } => None,
            Source::File { path, key } => {
                let fresh = private::key(path, private::read(path)?)?;
                *lock(key) = fresh.clone();
                Some(fresh)
            }
            Source::Command { fetched, .. } => {
                {
                    // Another request may have renewed it already.
                    let mut fetched = lock(fetched);
                    if fetched.as_ref().is_some_and(|last| last.key == *refused) {
                        *fetched = None;
                    }
                }
                self.fetch()?
            }
        };
        Ok(key.filter(|key| key != refused))
    }

    /// Returns the key where it is known without waiting.
    pub fn at_hand(&self) -> Option<Secret> {
        match &*self.0 {
            Source::None => None,
            Source::Fixed { key, .. } => Some(key.clone()),
            Source::File { key, .. } => Some(lock(key).clone()),
            Source::Command { ttl, fetched, .. } => {
                // Whoever holds the lock runs the command.
                let fetched = fetched.try_lock().ok()?;
                fresh(fetched.as_ref(), *ttl)
            }
        }
    }

    /// Returns whether a refused key can be followed by another one.
    pub fn can_refresh(&self) -> bool {
        matches!(&*self.0, Source::File { .. } | Source::Command { .. })
    }

    pub(crate) fn none() -> Self {
        Self(Arc::new(Source::None))
    }

    pub(crate) fn fixed(key: Secret, from: String) -> Self {
        Self(Arc::new(Source::Fixed { key, from }))
    }

    pub(crate) fn file(path: PathBuf, key: Secret) -> Self {
        let key = Mutex::new(key);
        Self(Arc::new(Source::File { path, key }))
    }

    pub(crate) fn command(command: Vec<String>, ttl: Duration) -> Self {
        Self(Arc::new(Source::Command {
            command,
            ttl,
            fetched: Mutex::new(None),
        }))
    }
}

/// Says where the key comes from, without the key.
impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Source::None => f.write_str("needs no key"),
            Source::Fixed { from, .. } => write!(f, "key from {from}"),
            Source::File { path, .. } => write!(f, "key from the file {}", path.display()),
            Source::Command { command, .. } => {
                let program = command.first().map(String::as_str).unwrap_or_default();
                write!(f, "key from the command `{program}`")
            }
        }
    }
}

impl fmt::Debug for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn fresh(fetched: Option<&Fetched>, ttl: Duration) -> Option<Secret> {
    let fetched = fetched?;
    (fetched.at.elapsed() < ttl).then(|| fetched.key.clone())
}

/// A thread that panicked leaves a whole value behind, since each is written at once.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
