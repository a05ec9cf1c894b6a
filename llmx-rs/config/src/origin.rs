//! Remembers where a value came from, so that an error or a status line can point at it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use crate::builtin::default;
use crate::layer::Setting;
use crate::source::Located;

/// The one place that gave a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// llmx itself.
    Default,
    /// An environment variable.
    Environment {
        /// The variable's name.
        name: String,
    },
    /// A configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// A command line flag of its own, such as `--model`.
    Flag {
        /// The flag as it is typed.
        name: &'static str,
    },
    /// A `-c key=value`; the value is left out, since it may be a secret.
    Override {
        /// The dotted key, empty where none could be read.
        key: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("built-in default"),
            Self::Environment { name } => write!(f, "${name}"),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Flag { name } => f.write_str(name),
            Self::Override { key } if key.is_empty() => f.write_str("-c"),
            Self::Override { key } => write!(f, "-c {key}"),
        }
    }
}

/// Each configured value as it may be shown, with its origin, by its dotted key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Origins(BTreeMap<String, (Origin, Value)>);

impl Origins {
    /// Returns where the value of `key` came from.
    pub fn get(&self, key: &str) -> Option<&Origin> {
        self.0.get(key).map(|(origin, _)| origin)
    }

    /// Returns the value of `key`, where a secret is only dots.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key).map(|(_, value)| value)
    }

    /// Returns every key with its origin and its value, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Origin, &Value)> {
        self.0
            .iter()
            .map(|(key, (origin, value))| (key.as_str(), origin, value))
    }

    /// Notes where a setting came from and returns its value.
    pub(crate) fn keep<T: Serialize>(&mut self, key: &str, setting: Located<T>) -> T {
        let shown = serde_json::to_value(&setting.value).unwrap_or_default();
        self.0
            .insert(key.to_owned(), (setting.place.origin(), shown));
        setting.value
    }

    /// Notes where a setting came from, if it is set.
    pub(crate) fn keep_some<T: Serialize>(&mut self, key: &str, setting: Setting<T>) -> Option<T> {
        setting.map(|setting| self.keep(key, setting))
    }

    /// Notes where a setting came from; where it is not set, the default counts.
    pub(crate) fn keep_or<T: Serialize>(
        &mut self,
        key: &str,
        setting: Setting<T>,
        otherwise: T,
    ) -> T {
        self.keep(key, setting.unwrap_or_else(|| default(otherwise)))
    }
}
