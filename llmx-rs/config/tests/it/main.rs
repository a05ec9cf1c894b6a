//! What a configuration resolves to, and what every fault says, as tables over pure inputs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod secrets;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use llmx_config::{Config, ConfigErrors, Flags, Inputs, resolve};

/// A world to resolve in; everything not set is empty.
#[derive(Default)]
struct World {
    file: Option<String>,
    env: BTreeMap<String, OsString>,
    overrides: Vec<String>,
    flags: Flags,
}

impl World {
    fn file(mut self, text: &str) -> Self {
        self.file = Some(text.to_owned());
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
        resolve(&Inputs {
            home: PathBuf::from("/home"),
            cwd: PathBuf::from("/project"),
            file: self.file.clone(),
            env: &|name| self.env.get(name).cloned(),
            overrides: &self.overrides,
            flags: self.flags.clone(),
            ..Inputs::default()
        })
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
