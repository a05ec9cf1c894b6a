//! Turns the settings of the chosen provider into one that can be called.

use std::collections::BTreeMap;
use std::time::Duration;

use llmx_wire::Dialect;
use serde::Serialize;

use crate::base_url;
use crate::builtin::default;
use crate::credential::CredentialSource;
use crate::error::ConfigError;
use crate::inputs::Inputs;
use crate::layer::Setting;
use crate::login;
use crate::mcp;
use crate::origin::Origins;
use crate::private;
use crate::problem::Problem;
use crate::raw::{RawProvider, WireApi};
use crate::read_provider::is_header_value;
use crate::reader::{join, quoted};
use crate::resolved::Provider;
use crate::secret::Secret;
use crate::source::{Located, Place, Source};

/// Returns whether a provider is sent a key.
pub(crate) fn needs_key(raw: &RawProvider) -> bool {
    let named = raw.env_key.as_ref().is_some_and(|key| key.value.is_some());
    named || raw.key.is_some() || raw.key_file.is_some() || raw.key_command.is_some()
}

/// Resolves the settings of the provider `id`, or returns all that is wrong with them.
pub(crate) fn resolve(
    id: &str,
    mut raw: RawProvider,
    inputs: &Inputs<'_>,
    origins: &mut Origins,
) -> Result<Provider, Vec<ConfigError>> {
    let needs_key = needs_key(&raw);
    let mut resolver = Resolver {
        id,
        path: join("model_providers", id),
        inputs,
        origins,
        faults: Vec::new(),
    };
    let dialects = resolver.dialects(raw.wire_api.take());
    let base_url = resolver.base_url(raw.base_url.take());
    let env_key = raw.env_key.take().and_then(|env_key| {
        let name = env_key.value?;
        Some(Located::new(name, env_key.place))
    });
    let credential = resolver.credential(env_key.as_ref(), &mut raw);
    let http_headers = std::mem::take(&mut raw.http_headers);
    let env_http_headers = std::mem::take(&mut raw.env_http_headers);
    let headers = resolver.headers(http_headers, env_http_headers, needs_key);
    let name = raw.name.take().unwrap_or_else(|| default(id.to_owned()));
    let name = resolver.keep("name", name);
    let query: Vec<(String, Secret)> = resolver.keep_all("query_params", raw.query_params);
    let reveal = |(name, value): (String, Secret)| (name, value.expose().to_owned());
    let provider = Provider {
        id: id.to_owned(),
        name,
        base_url: base_url.unwrap_or_default(),
        bridge: resolver.keep_all("bridge", raw.bridge),
        dialects,
        key: credential.at_hand(),
        env_key: env_key.map(|env_key| resolver.keep("env_key", env_key)),
        query_params: query.into_iter().map(reveal).collect(),
        headers,
        request_max_retries: resolver.keep_or(
            "request_max_retries",
            raw.request_max_retries,
            REQUEST_RETRIES,
        ),
        stream_max_retries: resolver.keep_or(
            "stream_max_retries",
            raw.stream_max_retries,
            STREAM_RETRIES,
        ),
        stream_idle_timeout: Duration::from_millis(resolver.keep_or(
            "stream_idle_timeout_ms",
            raw.stream_idle_timeout_ms,
            STREAM_IDLE_MS,
        )),
        credential,
    };
    if resolver.faults.is_empty() {
        Ok(provider)
    } else {
        Err(resolver.faults)
    }
}

struct Resolver<'a> {
    id: &'a str,
    path: String,
    inputs: &'a Inputs<'a>,
    origins: &'a mut Origins,
    faults: Vec<ConfigError>,
}

impl Resolver<'_> {
    fn dialects(&mut self, wire_api: Option<Located<WireApi>>) -> Vec<Dialect> {
        let wire_api = wire_api.unwrap_or_else(|| default(WireApi::Dialect(Dialect::Responses)));
        match self.keep("wire_api", wire_api) {
            WireApi::Dialect(dialect) => vec![dialect],
            WireApi::Auto => AUTO.to_vec(),
        }
    }

    fn base_url(&mut self, setting: Option<Located<String>>) -> Option<String> {
        let Some(setting) = setting else {
            let problem = Problem::NoBaseUrl {
                id: quoted(self.id),
            };
            self.fault(problem, &Place::whole(Source::Default));
            return None;
        };
        match base_url::check(&setting.value) {
            Ok(url) => Some(self.keep("base_url", Located::new(url, setting.place))),
            Err(reason) => {
                let key = format!("{}.base_url", self.path);
                self.fault(Problem::BaseUrl { key, reason }, &setting.place);
                None
            }
        }
    }

    /// Finds out where the key is; what a file or a variable holds is read at once, so that its
    /// faults are told before anything is sent.
    fn credential(
        &mut self,
        env_key: Option<&Located<String>>,
        raw: &mut RawProvider,
    ) -> CredentialSource {
        let ttl = raw.key_command_ttl_s.take();
        let command = raw.key_command.take();
        let ttl = command
            .is_some()
            .then(|| self.keep_or("key_command_ttl_s", ttl, COMMAND_TTL_S));
        match (command, raw.key_file.take(), raw.key.take()) {
            (Some(command), Some(_), _) => {
                self.two_keys("key_command", "key_file", &command.place);
                CredentialSource::none()
            }
            (Some(command), None, _) => {
                let command = self.keep("key_command", command);
                let ttl = Duration::from_secs(ttl.unwrap_or(COMMAND_TTL_S));
                CredentialSource::command(command, ttl)
            }
            (None, Some(file), _) => self.key_file(file),
            (None, None, Some(key)) => {
                let from = key.place.origin().to_string();
                CredentialSource::fixed(self.keep("api_key", key), from)
            }
            (None, None, None) => self.key(env_key),
        }
    }

    fn key_file(&mut self, file: Located<String>) -> CredentialSource {
        let place = file.place.clone();
        let path = self.inputs.expand(&self.keep("key_file", file));
        let read = (self.inputs.read_private)(&path);
        match read.and_then(|text| private::key(&path, text)) {
            Ok(key) => CredentialSource::file(path, key),
            Err(fault) => {
                self.fault(fault.into(), &place);
                CredentialSource::none()
            }
        }
    }

    /// Looks for the key in its variable, then among those of `llmx login`.
    fn key(&mut self, env_key: Option<&Located<String>>) -> CredentialSource {
        let Some(env_key) = env_key else {
            return CredentialSource::none();
        };
        let variable = &env_key.value;
        let problem = match self.variable(variable) {
            Variable::Value(value) => {
                return CredentialSource::fixed(value, format!("${variable}"));
            }
            Variable::Unusable => Problem::UnusableVariable {
                variable: variable.clone(),
            },
            Variable::Unset => match login::stored(self.inputs, self.id) {
                Ok(Some((key, place))) => {
                    return CredentialSource::fixed(key, format!("`llmx login`, in {place}"));
                }
                Err(problem) => problem,
                // A name in another style may be the key itself, pasted into the wrong place.
                Ok(None) if variable.contains(|c: char| c.is_ascii_lowercase()) => {
                    Problem::NotAVariable {
                        key: format!("{}.env_key", self.path),
                    }
                }
                Ok(None) => Problem::NoKey {
                    provider: self.id.to_owned(),
                    variable: variable.clone(),
                },
            },
        };
        self.fault(problem, &env_key.place);
        CredentialSource::none()
    }

    fn two_keys(&mut self, name: &str, other: &'static str, place: &Place) {
        let problem = Problem::TwoKeys {
            key: format!("{}.{name}", self.path),
            other,
            provider: self.id.to_owned(),
        };
        self.fault(problem, place);
    }

    /// Joins fixed headers with those from the environment, which win where they are set.
    fn headers(
        &mut self,
        fixed: BTreeMap<String, Located<Secret>>,
        from_env: BTreeMap<String, Located<String>>,
        has_key: bool,
    ) -> Vec<(String, Secret)> {
        let mut headers = BTreeMap::new();
        for (name, header) in fixed {
            self.no_second_authorization("http_headers", &name, &header.place, has_key);
            headers.insert(
                name.clone(),
                self.keep(&format!("http_headers.{name}"), header),
            );
        }
        for (
            name,
            Located {
                value: variable,
                place,
            },
        ) in from_env
        {
            self.no_second_authorization("env_http_headers", &name, &place, has_key);
            match self.variable(&variable) {
                Variable::Value(value) => {
                    let key = format!("env_http_headers.{name}");
                    headers.insert(name, self.keep(&key, Located::new(value, place)));
                }
                Variable::Unset => {}
                Variable::Unusable => self.fault(Problem::UnusableVariable { variable }, &place),
            }
        }
        headers.into_iter().collect()
    }

    fn no_second_authorization(&mut self, table: &str, name: &str, place: &Place, has_key: bool) {
        if has_key && name == "authorization" {
            let problem = Problem::TwoAuthorizations {
                key: format!("{}.{table}.{name}", self.path),
                provider: self.id.to_owned(),
            };
            self.fault(problem, place);
        }
    }

    fn keep_all<T: Serialize>(
        &mut self,
        table: &str,
        values: BTreeMap<String, Located<T>>,
    ) -> Vec<(String, T)> {
        mcp::pairs(self.origins, &format!("{}.{table}", self.path), values)
    }

    fn keep_or<T: Serialize>(&mut self, key: &str, setting: Setting<T>, otherwise: T) -> T {
        self.keep(key, setting.unwrap_or_else(|| default(otherwise)))
    }

    /// Looks up a variable whose value is to travel in a header.
    fn variable(&self, name: &str) -> Variable {
        let Some(value) = (self.inputs.env)(name) else {
            return Variable::Unset;
        };
        match value.into_string() {
            Ok(value) if value.trim().is_empty() => Variable::Unset,
            Ok(value) if is_header_value(value.trim()) => {
                Variable::Value(Secret::new(value.trim().to_owned()))
            }
            _ => Variable::Unusable,
        }
    }

    fn keep<T: Serialize>(&mut self, key: &str, setting: Located<T>) -> T {
        self.origins.keep(&format!("{}.{key}", self.path), setting)
    }

    fn fault(&mut self, problem: Problem, place: &Place) {
        self.faults.push(ConfigError::new(problem, place));
    }
}

enum Variable {
    Unset,
    Unusable,
    Value(Secret),
}

/// The dialects to try, the likeliest first.
const AUTO: [Dialect; 4] = [
    Dialect::Responses,
    Dialect::Chat,
    Dialect::Messages,
    Dialect::Gemini,
];
const REQUEST_RETRIES: u32 = 4;
const STREAM_RETRIES: u32 = 5;
const STREAM_IDLE_MS: u64 = 300_000;

/// How long the answer of a command counts where nothing is said.
const COMMAND_TTL_S: u64 = 300;
