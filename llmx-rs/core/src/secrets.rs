//! What must not reach the programs that a session starts, under any name.

use std::ffi::OsString;
use std::path::Path;

use llmx_config::{Config, McpLogins, Secret};
use llmx_tools::scrub;

/// Names of variables, and values that none may hold.
pub(crate) struct Secrets {
    names: Vec<String>,
    values: Vec<String>,
}

type Variables = Vec<(OsString, OsString)>;

impl Secrets {
    /// Those of the provider in use: its key and what its headers hold.
    pub(crate) fn of_provider(config: &Config, key: Option<&Secret>) -> Self {
        let provider = &config.provider;
        let headers = provider
            .headers
            .iter()
            .map(|(_, value)| value.expose())
            .map(|value| value.strip_prefix("Bearer ").unwrap_or(value))
            // Plain settings such as `true` are no secrets, and half the environment may equal them.
            .filter(|value| value.len() >= MIN_SECRET);
        let key = key.into_iter().map(Secret::expose);
        let names = provider.env_key.iter().map(String::as_str);
        Self {
            names: names.chain([DEFAULT_ENV_KEY]).map(str::to_owned).collect(),
            values: key.chain(headers).map(str::to_owned).collect(),
        }
    }

    /// Adds the tokens of the logins to MCP servers. Logins that cannot be read are told of by the
    /// servers that need them.
    pub(crate) fn with_logins(mut self, home: &Path) -> Self {
        let logins = McpLogins::read(home).unwrap_or_default();
        let values = logins.secrets().map(Secret::expose);
        let values = values.filter(|value| value.len() >= MIN_SECRET);
        self.values.extend(values.map(str::to_owned));
        self
    }

    /// Those of the provider, and every other that the configuration names: the keys of providers
    /// that are not in use are nobody's business either.
    pub(crate) fn of_everything(
        config: &Config,
        key: Option<&Secret>,
        variables: &Variables,
    ) -> Self {
        let mut secrets = Self::of_provider(config, key);
        secrets
            .names
            .extend(config.secret_variables.iter().cloned());
        let named = variables.iter().filter(|(name, _)| {
            secrets
                .names
                .iter()
                .any(|secret| name.to_str() == Some(secret))
        });
        let values = named
            .filter_map(|(_, value)| value.to_str().map(str::to_owned))
            .filter(|value| value.len() >= MIN_SECRET);
        secrets.values.extend(values);
        secrets
    }

    /// Returns `variables` without them.
    pub(crate) fn remove_from(&self, variables: impl IntoIterator<Item = Variable>) -> Variables {
        let names: Vec<_> = self.names.iter().map(String::as_str).collect();
        let values: Vec<_> = self.values.iter().map(String::as_str).collect();
        scrub(variables, &names, &values)
    }

    /// Returns `variables` without those that hold one, whatever they are called.
    pub(crate) fn remove_values_from(
        &self,
        variables: impl IntoIterator<Item = Variable>,
    ) -> Variables {
        let values: Vec<_> = self.values.iter().map(String::as_str).collect();
        scrub(variables, &[], &values)
    }
}

type Variable = (OsString, OsString);

/// The variable that holds the key of the default provider; it never reaches a command, whichever
/// provider is in use.
const DEFAULT_ENV_KEY: &str = "LLMX_API_KEY";
const MIN_SECRET: usize = 8;
