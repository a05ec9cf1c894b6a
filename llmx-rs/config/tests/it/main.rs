//! What a configuration resolves to, and what every fault says, as tables over pure inputs.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod document;
mod edits;
mod faults;
mod keys;
mod layers;
mod secrets;
mod settings;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use llmx_config::{
    Config, ConfigErrors, Flags, Inputs, PrivateFault, Project, Secret, SourceText, resolve,
};

/// A world to resolve in; everything not set is empty.
#[derive(Default)]
struct World {
    system: Option<String>,
    file: Option<String>,
    exposed: bool,
    /// Files of the project at `/repo`, and of secrets, by their paths.
    files: BTreeMap<PathBuf, String>,
    private: BTreeMap<PathBuf, String>,
    /// Secrets by account.
    keyring: BTreeMap<String, String>,
    env: BTreeMap<String, OsString>,
    overrides: Vec<String>,
    flags: Flags,
}

impl World {
    fn file(mut self, text: &str) -> Self {
        self.file = Some(text.to_owned());
        self
    }

    fn project(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.to_owned());
        self
    }

    fn private(mut self, path: &str, text: &str) -> Self {
        self.private.insert(path.into(), text.to_owned());
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    fn c(mut self, argument: &str) -> Self {
        self.overrides.push(argument.to_owned());
        self
    }

    fn model_flag(mut self, model: &str) -> Self {
        self.flags.model = Some(model.to_owned());
        self
    }

    fn resolve(&self) -> Result<Config, ConfigErrors> {
        self.with(resolve)
    }

    fn with<T>(&self, decide: impl FnOnce(&Inputs<'_>) -> T) -> T {
        decide(&Inputs {
            home: PathBuf::from("/home"),
            cwd: PathBuf::from("/project"),
            user_home: Some(PathBuf::from("/users/me")),
            system: self.system.clone().map(|text| SourceText {
                path: PathBuf::from("/etc/llmx/config.toml"),
                text,
                exposed: true,
            }),
            file: self.file.clone(),
            file_exposed: self.exposed,
            project: Project {
                root: PathBuf::from("/repo"),
                files: self.files.keys().cloned().collect(),
            },
            read: &|path| {
                self.files
                    .get(path)
                    .cloned()
                    .ok_or_else(|| "gone".to_owned())
            },
            read_private: &|path| self.read_private(path),
            read_keyring: &|account| Ok(self.keyring.get(account).cloned().map(Secret::new)),
            env: &|name| self.env.get(name).cloned(),
            overrides: &self.overrides,
            flags: self.flags.clone(),
        })
    }

    /// Reads a file of secrets, of which those below `/exposed` are not.
    fn read_private(&self, path: &Path) -> Result<Option<Secret>, PrivateFault> {
        if path.starts_with("/exposed") {
            let path = path.to_owned();
            return Err(PrivateFault::Exposed { path, mode: 0o644 });
        }
        Ok(self.private.get(path).cloned().map(Secret::new))
    }

    fn config(&self) -> Config {
        self.resolve().map_err(|errors| errors.to_string()).unwrap()
    }

    fn error(&self) -> String {
        self.resolve().unwrap_err().to_string()
    }
}

/// A world in which the default provider works.
fn litellm() -> World {
    World::default()
        .env("LLMX_API_KEY", "sk-canary")
        .c("model=m")
}

/// A world with a provider that needs no key.
fn proxy() -> World {
    World::default()
        .c("model_providers.p={ base_url = 'http://127.0.0.1:1/v1' }")
        .c("model_provider=p")
}
