//! The keys that `llmx login` stores, by provider: in `auth.json`, or in a keyring, which that file
//! then says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::inputs::Inputs;
use crate::keyring::{Keyring, KeyringFault, system_keyring};
use crate::private::{self, PrivateFault};
use crate::problem::Problem;
use crate::read_provider::is_header_value;
use crate::secret::Secret;
use crate::words::KEY_STORES;

/// Where a key is kept: `cli_auth_credentials_store`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyStore {
    /// In `auth.json`.
    #[default]
    File,
    /// In the keyring of the system.
    Keyring,
    /// In the keyring if there is one, else in the file.
    Auto,
}

impl KeyStore {
    /// Returns what a value of `cli_auth_credentials_store` means.
    pub fn named(name: &str) -> Option<Self> {
        let at = KEY_STORES.names.iter().position(|known| *known == name)?;
        KEY_STORES.meanings.get(at).copied()
    }
}

/// Where a key was kept in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In the file.
    InFile,
    /// In the keyring.
    InKeyring,
    /// In the file, since the keyring cannot be used.
    InFileAfter(KeyringFault),
}

/// The stored keys of one home.
#[derive(Debug)]
pub struct Logins {
    home: PathBuf,
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
    #[error("{} cannot be written ({cause}); correct the permissions of its directory", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The keyring does not take it.
    #[error(transparent)]
    Keyring(#[from] KeyringFault),
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
    /// The providers whose keys are in a keyring.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    in_keyring: BTreeSet<String>,
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
        let home = home.to_owned();
        Ok(Self { home, path, file })
    }

    /// Returns the providers that a key is stored for.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        let all: BTreeSet<_> = self.file.keys.keys().chain(&self.file.in_keyring).collect();
        all.into_iter().map(String::as_str)
    }

    /// Returns the file that keys are in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Stores the key of a provider in place of the one it may have had, wherever that was.
    pub fn store(
        &mut self,
        provider: &str,
        key: &Secret,
        store: KeyStore,
        keyring: &dyn Keyring,
    ) -> Result<Kept, LoginFault> {
        let key = key.expose().trim();
        if key.is_empty() || !is_header_value(key) {
            return Err(LoginFault::NotAKey);
        }
        let key = Secret::new(key.to_owned());
        let account = account(&self.home, provider);
        let in_keyring = match store {
            KeyStore::File => None,
            KeyStore::Keyring | KeyStore::Auto => Some(keyring.set(&account, &key)),
        };
        let kept = match in_keyring {
            Some(Ok(())) => Kept::InKeyring,
            Some(Err(fault)) if store == KeyStore::Keyring => return Err(fault.into()),
            Some(Err(fault)) => Kept::InFileAfter(fault),
            None => Kept::InFile,
        };
        if kept == Kept::InKeyring {
            self.file.keys.remove(provider);
            self.file.in_keyring.insert(provider.to_owned());
        } else {
            self.file.keys.insert(provider.to_owned(), Stored(key));
            if self.file.in_keyring.remove(provider) {
                // Where it cannot be reached the key is lost as well.
                let _unreachable = keyring.forget(&account);
            }
        }
        self.write()?;
        Ok(kept)
    }

    /// Forgets the key of a provider; returns whether there was one.
    pub fn forget(&mut self, provider: &str, keyring: &dyn Keyring) -> Result<bool, LoginFault> {
        let was_in_file = self.file.keys.remove(provider).is_some();
        let was_in_keyring = self.file.in_keyring.contains(provider);
        if was_in_keyring {
            keyring.forget(&account(&self.home, provider))?;
            self.file.in_keyring.remove(provider);
        }
        if was_in_file || was_in_keyring {
            self.write()?;
        }
        Ok(was_in_file || was_in_keyring)
    }

    fn write(&self) -> Result<(), LoginFault> {
        let fault = |cause| LoginFault::Write {
            path: self.path.clone(),
            cause,
        };
        if self.file.keys.is_empty() && self.file.in_keyring.is_empty() {
            return match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(fault(error)),
                _ => Ok(()),
            };
        }
        let text = serde_json::to_vec_pretty(&self.file).map_err(|error| fault(error.into()))?;
        crate::atomic::write(&self.path, &zeroize::Zeroizing::new(text), Some(0o600)).map_err(fault)
    }
}

/// Looks for the key of a provider among those stored; returns it with where it was.
pub(crate) fn stored(
    inputs: &Inputs<'_>,
    provider: &str,
) -> Result<Option<(Secret, String)>, Problem> {
    let path = inputs.home.join(FILE_NAME);
    let mut file = parse(&path, (inputs.read_private)(&path)?)?;
    if let Some(Stored(key)) = file.keys.remove(provider) {
        return Ok(Some((key, path.display().to_string())));
    }
    if !file.in_keyring.contains(provider) {
        return Ok(None);
    }
    let keyring = system_keyring();
    match (inputs.read_keyring)(&account(&inputs.home, provider))? {
        Some(key) if is_header_value(key.expose()) => Ok(Some((key, keyring.name().to_owned()))),
        _ => Err(KeyringFault::lost(provider, &keyring).into()),
    }
}

/// Returns the name of a key in a keyring, which has those of other homes, too.
fn account(home: &Path, provider: &str) -> String {
    format!("{provider} in {}", home.display())
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A keyring in memory, which may be out of order.
    #[derive(Default)]
    struct Memory {
        secrets: RefCell<BTreeMap<String, Secret>>,
        is_broken: bool,
    }

    impl Memory {
        fn check(&self) -> Result<(), KeyringFault> {
            match self.is_broken {
                true => Err(KeyringFault::Unusable {
                    name: "the keyring",
                    reason: "locked".to_owned(),
                }),
                false => Ok(()),
            }
        }
    }

    impl Keyring for Memory {
        fn name(&self) -> &'static str {
            "the keyring"
        }

        fn forgets(&self) -> Option<&'static str> {
            None
        }

        fn get(&self, account: &str) -> Result<Option<Secret>, KeyringFault> {
            self.check()?;
            Ok(self.secrets.borrow().get(account).cloned())
        }

        fn set(&self, account: &str, secret: &Secret) -> Result<(), KeyringFault> {
            self.check()?;
            let mut secrets = self.secrets.borrow_mut();
            secrets.insert(account.to_owned(), secret.clone());
            Ok(())
        }

        fn forget(&self, account: &str) -> Result<(), KeyringFault> {
            self.check()?;
            self.secrets.borrow_mut().remove(account);
            Ok(())
        }
    }

    fn key() -> Secret {
        Secret::new(" sk-canary\n".to_owned())
    }

    #[test]
    fn a_key_is_in_one_place_only_and_the_file_says_in_which() {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Memory::default();
        let file = dir.path().join(FILE_NAME);
        let text = || std::fs::read_to_string(&file).unwrap();
        let mut logins = Logins::read(dir.path()).unwrap();
        for (store, kept) in [
            (KeyStore::File, Kept::InFile),
            (KeyStore::Keyring, Kept::InKeyring),
            (KeyStore::File, Kept::InFile),
            (KeyStore::Auto, Kept::InKeyring),
        ] {
            assert_eq!(logins.store("p", &key(), store, &keyring).unwrap(), kept);
            let is_in_file = kept == Kept::InFile;
            assert_eq!(text().contains("canary"), is_in_file, "{}", text());
            assert_eq!(keyring.secrets.borrow().is_empty(), is_in_file);
            assert_eq!(logins.providers().collect::<Vec<_>>(), ["p"]);
        }
        let kept = keyring.secrets.borrow().values().next().cloned();
        assert_eq!(kept.unwrap().expose(), "sk-canary");
        let mut logins = Logins::read(dir.path()).unwrap();
        assert!(logins.forget("p", &keyring).unwrap());
        assert!(keyring.secrets.borrow().is_empty() && !file.exists());
        assert!(!logins.forget("p", &keyring).unwrap());
    }

    #[test]
    fn a_keyring_that_is_out_of_order_is_an_error_or_leaves_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Memory {
            is_broken: true,
            ..Memory::default()
        };
        let mut logins = Logins::read(dir.path()).unwrap();
        let fault = logins.store("p", &key(), KeyStore::Keyring, &keyring);
        let fault = fault.unwrap_err().to_string();
        assert!(
            fault.contains("(locked)") && fault.contains("\"file\""),
            "{fault}"
        );
        assert!(!dir.path().join(FILE_NAME).exists());
        let kept = logins.store("p", &key(), KeyStore::Auto, &keyring).unwrap();
        assert!(matches!(kept, Kept::InFileAfter(_)), "{kept:?}");
        assert!(dir.path().join(FILE_NAME).exists());
    }
}
