//! Remembers where a value came from, so that an error or a status line can point at it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

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

/// The origin of each configured value, by its dotted key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Returns where the value of `key` came from.
    pub fn get(&self, key: &str) -> Option<&Origin> {
        self.0.get(key)
    }

    /// Returns every key with its origin, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.0.iter().map(|(key, origin)| (key.as_str(), origin))
    }

    /// Notes where a setting came from and returns its value.
    pub(crate) fn keep<T>(&mut self, key: &str, setting: Located<T>) -> T {
        self.0.insert(key.to_owned(), setting.place.origin());
        setting.value
    }
}
