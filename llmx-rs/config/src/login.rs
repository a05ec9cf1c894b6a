//! The keys that `llmx login` stores, by provider, in `auth.json`.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::inputs::Inputs;
use crate::private::{self, PrivateFault};
use crate::read_provider::is_header_value;
use crate::secret::Secret;

/// The stored keys of one home.
#[derive(Debug)]
pub struct Logins {
    path: PathBuf,
    file: AuthFile,
}

/// Stored keys that cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum LoginFault {
    /// They cannot be read.
    #[error(transparent)]
    Read(#[from] PrivateFault),
    /// They cannot be written.
    #[error("{} cannot be written ({source}); correct the permissions of its directory", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What should be stored is no key.
    #[error(
        "this is not a key: it must be one line of visible ASCII; pipe the key alone, as in `printenv KEY | llmx login --with-api-key`"
    )]
    NotAKey,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthFile {
    /// By the provider's id.
    #[serde(default)]
    keys: BTreeMap<String, Stored>,
}

/// A key as it is written, which a [`Secret`] never is.
#[derive(Debug)]
pub(crate) struct Stored(pub(crate) Secret);

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Secret::new(String::deserialize(deserializer)?)))
    }
}

impl Logins {
    /// Reads the stored keys of `home`; none are stored where there is no file.
    pub fn read(home: &Path) -> Result<Self, PrivateFault> {
        let path = home.join(FILE_NAME);
        let file = parse(&path, private::read(&path)?)?;
        Ok(Self { path, file })
    }

    /// Returns the providers that a key is stored for.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        self.file.keys.keys().map(String::as_str)
    }

    /// Returns the file that the keys are in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Stores the key of a provider in place of the one it may have had.
    pub fn store(&mut self, provider: &str, key: &Secret) -> Result<(), LoginFault> {
        let key = key.expose().trim();
        if key.is_empty() || !is_header_value(key) {
            return Err(LoginFault::NotAKey);
        }
        let stored = Stored(Secret::new(key.to_owned()));
        self.file.keys.insert(provider.to_owned(), stored);
        self.write()
    }

    /// Forgets the key of a provider; returns whether there was one.
    pub fn forget(&mut self, provider: &str) -> Result<bool, LoginFault> {
        let was = self.file.keys.remove(provider).is_some();
        if was {
            self.write()?;
        }
        Ok(was)
    }

    fn write(&self) -> Result<(), LoginFault> {
        let fault = |source| LoginFault::Write {
            path: self.path.clone(),
            source,
        };
        if self.file.keys.is_empty() {
            return match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(fault(error)),
                _ => Ok(()),
            };
        }
        let text = serde_json::to_vec_pretty(&self.file).map_err(|error| fault(error.into()))?;
        crate::atomic::write(&self.path, &zeroize::Zeroizing::new(text), Some(0o600)).map_err(fault)
    }
}

/// Looks for the key of a provider among those stored.
pub(crate) fn stored(inputs: &Inputs<'_>, provider: &str) -> Result<Option<Secret>, PrivateFault> {
    let path = inputs.home.join(FILE_NAME);
    let mut file = parse(&path, (inputs.read_private)(&path)?)?;
    Ok(file.keys.remove(provider).map(|Stored(key)| key))
}

fn parse(path: &Path, text: Option<Secret>) -> Result<AuthFile, PrivateFault> {
    let Some(text) = text else {
        return Ok(AuthFile::default());
    };
    // The parser's own sentence may quote the text.
    serde_json::from_str(text.expose()).map_err(|error| PrivateFault::NotJson {
        path: path.to_owned(),
        reason: format!("line {}, column {}", error.line(), error.column()),
        cure: "llmx login --with-api-key",
    })
}

const FILE_NAME: &str = "auth.json";
