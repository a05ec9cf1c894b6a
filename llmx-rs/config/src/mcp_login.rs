//! The tokens that `llmx mcp login` stores, by server, in `auth-mcp.json`.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::login::{LoginFault, Stored};
use crate::private::{self, PrivateFault};
use crate::secret::Secret;

/// A login to one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpLogin {
    /// The address that it was made for; its token goes nowhere else.
    pub url: String,
    /// Where the token is renewed.
    pub token_endpoint: String,
    /// What the token is good for, as the authorization server calls it.
    pub resource: String,
    /// The name of llmx there.
    pub client_id: String,
    /// What proves that name, where the authorization server wants it so.
    pub client_secret: Option<Secret>,
    /// Whether the proof goes into a header, not into the form.
    pub is_secret_in_header: bool,
    /// What is sent to the server.
    pub access_token: Secret,
    /// What a new token is got for.
    pub refresh_token: Option<Secret>,
    /// When the token ends, in seconds since 1970.
    pub expires_at: Option<u64>,
}

/// The stored logins of one home.
#[derive(Debug, Default)]
pub struct McpLogins {
    file: LoginFile,
}

/// The stored logins, for as long as no other process can change them.
#[derive(Debug)]
pub struct McpLoginsEdit {
    path: PathBuf,
    logins: McpLogins,
    _lock: File,
}

impl McpLogins {
    /// Reads the stored logins of `home`; none are stored where there is no file.
    pub fn read(home: &Path) -> Result<Self, PrivateFault> {
        let path = home.join(FILE_NAME);
        let Some(text) = private::read(&path)? else {
            return Ok(Self::default());
        };
        // The parser's own sentence may quote the text.
        let file = serde_json::from_str(text.expose()).map_err(|error| PrivateFault::NotJson {
            path,
            reason: format!("line {}, column {}", error.line(), error.column()),
            cure: "llmx mcp login NAME",
        })?;
        Ok(Self { file })
    }

    /// Returns the login to a server, if it was made for this address.
    pub fn get(&self, server: &str, url: &str) -> Option<McpLogin> {
        let written = self.file.logins.get(server)?;
        (written.url == url).then(|| written.login())
    }

    /// Returns the servers that there is a login to.
    pub fn servers(&self) -> impl Iterator<Item = &str> {
        self.file.logins.keys().map(String::as_str)
    }

    /// Returns every stored value that nobody else may see.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let logins = self.file.logins.values();
        logins.flat_map(|login| {
            let more = [&login.refresh_token, &login.client_secret];
            let more = more.into_iter().flatten();
            [&login.access_token]
                .into_iter()
                .chain(more)
                .map(|stored| &stored.0)
        })
    }
}

impl McpLoginsEdit {
    /// Reads the stored logins for a change; nothing while another process changes them.
    pub fn try_open(home: &Path) -> Result<Option<Self>, LoginFault> {
        let path = home.join(FILE_NAME);
        let fault = |cause| LoginFault::Write {
            path: path.clone(),
            cause,
        };
        let lock = lock_file(home).map_err(fault)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        let logins = McpLogins::read(home)?;
        Ok(Some(Self {
            path,
            logins,
            _lock: lock,
        }))
    }

    /// Returns them as they are now.
    pub fn logins(&self) -> &McpLogins {
        &self.logins
    }

    /// Stores a login in place of the one that there may be.
    pub fn store(&mut self, server: &str, login: &McpLogin) -> Result<(), LoginFault> {
        let written = Written::of(login);
        self.logins.file.logins.insert(server.to_owned(), written);
        self.write()
    }

    /// Forgets the login to a server; returns whether there was one.
    pub fn forget(&mut self, server: &str) -> Result<bool, LoginFault> {
        let was = self.logins.file.logins.remove(server).is_some();
        if was {
            self.write()?;
        }
        Ok(was)
    }

    fn write(&self) -> Result<(), LoginFault> {
        let fault = |cause| LoginFault::Write {
            path: self.path.clone(),
            cause,
        };
        if self.logins.file.logins.is_empty() {
            return match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(fault(error)),
                _ => Ok(()),
            };
        }
        let text = serde_json::to_vec_pretty(&self.logins.file);
        let text = zeroize::Zeroizing::new(text.map_err(|error| fault(error.into()))?);
        crate::atomic::write(&self.path, &text, Some(0o600)).map_err(fault)
    }
}

fn lock_file(home: &Path) -> std::io::Result<File> {
    crate::atomic::create_private(home)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // The file itself is replaced when it changes, so it cannot be what is locked.
    options.open(home.join(LOCK_NAME))
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginFile {
    /// By the server's name.
    #[serde(default)]
    logins: BTreeMap<String, Written>,
}

/// A login as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: String,
    token_endpoint: String,
    resource: String,
    client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<Stored>,
    #[serde(default)]
    is_secret_in_header: bool,
    access_token: Stored,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Stored>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
}

impl Written {
    fn of(login: &McpLogin) -> Self {
        let stored = |secret: &Option<Secret>| secret.clone().map(Stored);
        Self {
            url: login.url.clone(),
            token_endpoint: login.token_endpoint.clone(),
            resource: login.resource.clone(),
            client_id: login.client_id.clone(),
            client_secret: stored(&login.client_secret),
            is_secret_in_header: login.is_secret_in_header,
            access_token: Stored(login.access_token.clone()),
            refresh_token: stored(&login.refresh_token),
            expires_at: login.expires_at,
        }
    }

    fn login(&self) -> McpLogin {
        let secret = |stored: &Option<Stored>| stored.as_ref().map(|stored| stored.0.clone());
        McpLogin {
            url: self.url.clone(),
            token_endpoint: self.token_endpoint.clone(),
            resource: self.resource.clone(),
            client_id: self.client_id.clone(),
            client_secret: secret(&self.client_secret),
            is_secret_in_header: self.is_secret_in_header,
            access_token: self.access_token.0.clone(),
            refresh_token: secret(&self.refresh_token),
            expires_at: self.expires_at,
        }
    }
}

const FILE_NAME: &str = "auth-mcp.json";
const LOCK_NAME: &str = "auth-mcp.lock";

#[cfg(test)]
mod tests {
    use super::*;

    fn login(url: &str) -> McpLogin {
        McpLogin {
            url: url.to_owned(),
            token_endpoint: "https://a/token".to_owned(),
            resource: url.to_owned(),
            client_id: "c".to_owned(),
            client_secret: None,
            is_secret_in_header: false,
            access_token: Secret::new("canary-access".to_owned()),
            refresh_token: Some(Secret::new("canary-refresh".to_owned())),
            expires_at: Some(7),
        }
    }

    #[test]
    fn a_login_is_kept_for_its_address_and_forgotten_with_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let mut edit = McpLoginsEdit::try_open(&home).unwrap().unwrap();
        edit.store("web", &login("https://h/mcp")).unwrap();
        assert!(McpLoginsEdit::try_open(&home).unwrap().is_none());
        drop(edit);
        let logins = McpLogins::read(&home).unwrap();
        assert_eq!(
            logins.get("web", "https://h/mcp"),
            Some(login("https://h/mcp"))
        );
        assert_eq!(logins.get("web", "https://other/mcp"), None);
        assert_eq!(logins.secrets().count(), 2);
        assert!(!format!("{logins:?}").contains("canary"));
        let mut edit = McpLoginsEdit::try_open(&home).unwrap().unwrap();
        assert!(edit.forget("web").unwrap() && !edit.forget("web").unwrap());
        assert!(!home.join(FILE_NAME).exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused_and_one_of_ours_is_not() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let mut edit = McpLoginsEdit::try_open(dir.path()).unwrap().unwrap();
        edit.store("web", &login("https://h/mcp")).unwrap();
        let file = dir.path().join(FILE_NAME);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let fault = McpLogins::read(dir.path()).unwrap_err();
        assert!(matches!(fault, PrivateFault::Exposed { .. }), "{fault}");
    }
}
