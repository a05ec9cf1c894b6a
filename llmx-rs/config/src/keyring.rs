//! The keyring of this system, where `llmx login` can keep keys.
//!
//! Linux: the kernel's, which needs no desktop and forgets (see [`Keyring::forgets`]). macOS: the
//! login keychain. Windows: the Credential Manager. The Secret Service of Linux desktops is reached
//! by `key_command`.

use crate::secret::Secret;

/// A keyring: secrets by account.
pub trait Keyring {
    /// What people call it.
    fn name(&self) -> &'static str;

    /// Returns when it forgets what it was given, if it does.
    fn forgets(&self) -> Option<&'static str>;

    /// Returns the secret of an account, if there is one.
    fn get(&self, account: &str) -> Result<Option<Secret>, KeyringFault>;

    /// Keeps a secret in place of the one that there may be.
    fn set(&self, account: &str, secret: &Secret) -> Result<(), KeyringFault>;

    /// Forgets the secret of an account, if there is one.
    fn forget(&self, account: &str) -> Result<(), KeyringFault>;
}

/// A key that a keyring does not give or take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringFault {
    /// There is none that can be used.
    #[error(
        "{name} cannot be used here ({reason}); set `cli_auth_credentials_store = \"file\"`, or name the program of another keyring in `key_command`"
    )]
    Unusable {
        /// Which.
        name: &'static str,
        /// What the system said.
        reason: String,
    },
    /// The key was there once.
    #[error(
        "the key of provider `{provider}` was put into {name} and is not there any more{}; run `llmx login --with-api-key` again",
        .hint.map(|hint| format!(" (it forgets keys {hint})")).unwrap_or_default()
    )]
    Lost {
        /// The provider.
        provider: String,
        /// Which keyring.
        name: &'static str,
        /// Why that may be so.
        hint: Option<&'static str>,
    },
}

impl KeyringFault {
    /// A key that is not where it was put.
    pub(crate) fn lost(provider: &str, keyring: &dyn Keyring) -> Self {
        Self::Lost {
            provider: provider.to_owned(),
            name: keyring.name(),
            hint: keyring.forgets(),
        }
    }
}

/// Returns the keyring of this system.
pub fn system_keyring() -> impl Keyring {
    system::System
}

/// Looks an account up in the keyring of this system.
pub(crate) fn read(account: &str) -> Result<Option<Secret>, KeyringFault> {
    system_keyring().get(account)
}

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod system {
    use std::sync::Arc;

    use keyring_core::{CredentialStore, Entry, Error};

    use super::{Keyring, KeyringFault};
    use crate::secret::Secret;

    pub(super) struct System;

    impl Keyring for System {
        fn name(&self) -> &'static str {
            NAME
        }

        fn forgets(&self) -> Option<&'static str> {
            cfg!(target_os = "linux").then_some(FORGETS)
        }

        fn get(&self, account: &str) -> Result<Option<Secret>, KeyringFault> {
            match entry(account)?.get_password() {
                Ok(secret) => Ok(Some(Secret::new(secret))),
                Err(Error::NoEntry) => Ok(None),
                Err(error) => Err(fault(&error)),
            }
        }

        fn set(&self, account: &str, secret: &Secret) -> Result<(), KeyringFault> {
            let set = entry(account)?.set_password(secret.expose());
            set.map_err(|error| {
                // A part of it may have got there.
                let _absent = self.forget(account);
                fault(&error)
            })
        }

        fn forget(&self, account: &str) -> Result<(), KeyringFault> {
            match entry(account)?.delete_credential() {
                Ok(()) | Err(Error::NoEntry) => Ok(()),
                Err(error) => Err(fault(&error)),
            }
        }
    }

    fn entry(account: &str) -> Result<Entry, KeyringFault> {
        let entry = store().and_then(|store| store.build(SERVICE, account, None));
        entry.map_err(|error| fault(&error))
    }

    fn store() -> keyring_core::Result<Arc<CredentialStore>> {
        #[cfg(target_os = "linux")]
        prepare()?;
        #[cfg(target_os = "linux")]
        let store = linux_keyutils_keyring_store::Store::new()?;
        #[cfg(target_os = "macos")]
        let store = apple_native_keyring_store::keychain::Store::new()?;
        #[cfg(windows)]
        let store = windows_native_keyring_store::Store::new()?;
        Ok(store)
    }

    /// Makes sure of a session keyring and of the user's persistent one. Without the first the store
    /// would get one while it works and then not find its own key; without the second the key would
    /// end with this process or this login.
    #[cfg(target_os = "linux")]
    fn prepare() -> keyring_core::Result<()> {
        use linux_keyutils::{KeyRing, KeyRingIdentifier};

        let unusable = |error: linux_keyutils::KeyError| Error::NoStorageAccess(Box::new(error));
        KeyRing::from_special_id(KeyRingIdentifier::Session, true).map_err(unusable)?;
        KeyRing::get_persistent(KeyRingIdentifier::Session).map_err(unusable)?;
        Ok(())
    }

    /// Only kinds of errors whose words hold no secret are quoted.
    fn fault(error: &Error) -> KeyringFault {
        let reason = match error {
            Error::PlatformFailure(inner) | Error::NoStorageAccess(inner) => inner.to_string(),
            Error::TooLong(..) => "the key is too long for it".to_owned(),
            _ => "it does not keep what it was given".to_owned(),
        };
        KeyringFault::Unusable { name: NAME, reason }
    }

    const SERVICE: &str = "llmx";
    const FORGETS: &str = "when the machine starts again, and after days without use";
    #[cfg(target_os = "linux")]
    const NAME: &str = "the kernel's keyring";
    #[cfg(target_os = "macos")]
    const NAME: &str = "the login keychain";
    #[cfg(windows)]
    const NAME: &str = "the Credential Manager";
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod system {
    use super::{Keyring, KeyringFault};
    use crate::secret::Secret;

    pub(super) struct System;

    impl Keyring for System {
        fn name(&self) -> &'static str {
            "a keyring"
        }

        fn forgets(&self) -> Option<&'static str> {
            None
        }

        fn get(&self, _: &str) -> Result<Option<Secret>, KeyringFault> {
            Err(self.missing())
        }

        fn set(&self, _: &str, _: &Secret) -> Result<(), KeyringFault> {
            Err(self.missing())
        }

        fn forget(&self, _: &str) -> Result<(), KeyringFault> {
            Err(self.missing())
        }
    }

    impl System {
        fn missing(&self) -> KeyringFault {
            KeyringFault::Unusable {
                name: self.name(),
                reason: "llmx knows none on this system".to_owned(),
            }
        }
    }
}
