//! What a configuration is made of: everything that the outside world has to say, as values.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::builtin;
use crate::error::ConfigError;
use crate::overrides;
use crate::problem::Problem;
use crate::raw::{RawConfig, RawProvider};
use crate::read;
use crate::source::{Located, Place, Source};
use crate::tree::{self, Entry, Node, Value};

/// The inputs of [`resolve`](crate::resolve), which reads nothing else.
pub struct Inputs<'a> {
    /// The directory of configuration and sessions.
    pub home: PathBuf,
    /// The directory llmx was started in, absolute.
    pub cwd: PathBuf,
    /// The text of `config.toml`, where there is one.
    pub file: Option<String>,
    /// Looks a variable up in the environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// The arguments of `-c`, in the order given.
    pub overrides: &'a [String],
    /// The flags that set a value of their own.
    pub flags: Flags,
}

/// Command line flags that set one value each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `-m`, `--model`.
    pub model: Option<String>,
    /// `-s`, `--sandbox`: one of [`SANDBOX_MODES`](crate::SANDBOX_MODES).
    pub sandbox_mode: Option<String>,
    /// `-C`, `--cd`.
    pub cd: Option<PathBuf>,
}

impl Inputs<'_> {
    /// Returns the path of the configuration file, whether or not it exists.
    pub(crate) fn file_path(&self) -> PathBuf {
        self.home.join(FILE_NAME)
    }

    /// Stacks all sources, the strongest on top.
    pub(crate) fn stack(&self) -> (RawConfig, Vec<ConfigError>) {
        let mut errors = Vec::new();
        let file = self.file_layer(&mut errors);
        let environment = self.environment_layer(&mut errors);
        let overrides = self.override_layer(&mut errors);
        let flags = self.flag_layer(&mut errors);
        let raw = [file, environment, overrides, flags]
            .into_iter()
            .fold(builtin::defaults(), |lower, upper| upper.over(lower));
        (raw, errors)
    }

    fn file_layer(&self, errors: &mut Vec<ConfigError>) -> RawConfig {
        let Some(text) = &self.file else {
            return RawConfig::default();
        };
        match tree::parse_file(&self.file_path(), text) {
            Ok(entries) => collect(read::read(&entries), errors),
            Err(error) => {
                errors.push(error);
                RawConfig::default()
            }
        }
    }

    fn environment_layer(&self, errors: &mut Vec<ConfigError>) -> RawConfig {
        let name = BASE_URL_VARIABLE.to_owned();
        let Some(value) = (self.env)(BASE_URL_VARIABLE) else {
            return RawConfig::default();
        };
        let place = Place::whole(Source::Environment { name: name.clone() });
        let Ok(value) = value.into_string() else {
            errors.push(ConfigError::new(
                Problem::UnusableVariable { variable: name },
                &place,
            ));
            return RawConfig::default();
        };
        if value.trim().is_empty() {
            return RawConfig::default();
        }
        let litellm = RawProvider {
            base_url: Some(Located::new(value, place)),
            ..RawProvider::default()
        };
        RawConfig {
            providers: BTreeMap::from([(builtin::DEFAULT_PROVIDER.to_owned(), litellm)]),
            ..RawConfig::default()
        }
    }

    fn override_layer(&self, errors: &mut Vec<ConfigError>) -> RawConfig {
        let mut raw = RawConfig::default();
        for argument in self.overrides {
            match overrides::parse(argument) {
                Ok(entry) => raw = collect(read::read(&[entry]), errors).over(raw),
                Err(error) => errors.push(error),
            }
        }
        raw
    }

    fn flag_layer(&self, errors: &mut Vec<ConfigError>) -> RawConfig {
        let flags = [
            ("--model", "model", &self.flags.model),
            ("--sandbox", "sandbox_mode", &self.flags.sandbox_mode),
        ];
        let entry = |(name, key, value): (&'static str, &str, &Option<String>)| {
            let place = Place::whole(Source::Flag { name });
            let value = Value::Text(value.clone()?);
            Some(Entry {
                key: key.to_owned(),
                place: place.clone(),
                node: Node { value, place },
            })
        };
        let entries: Vec<_> = flags.into_iter().filter_map(entry).collect();
        collect(read::read(&entries), errors)
    }
}

fn collect(
    (raw, faults): (RawConfig, Vec<ConfigError>),
    errors: &mut Vec<ConfigError>,
) -> RawConfig {
    errors.extend(faults);
    raw
}

pub(crate) const FILE_NAME: &str = "config.toml";

const BASE_URL_VARIABLE: &str = "LLMX_BASE_URL";
