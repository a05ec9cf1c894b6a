//! Turns the settings of the chosen provider into one that can be called.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use llmx_wire::Dialect;

use crate::base_url;
use crate::builtin::default;
use crate::error::ConfigError;
use crate::origin::Origins;
use crate::problem::Problem;
use crate::raw::{RawProvider, WireApi};
use crate::read::quoted;
use crate::read_provider::is_header_value;
use crate::resolved::Provider;
use crate::secret::Secret;
use crate::source::{Located, Place, Source};

/// Resolves the settings of the provider `id`, or returns all that is wrong with them.
pub(crate) fn resolve(
    id: &str,
    raw: RawProvider,
    env: &dyn Fn(&str) -> Option<OsString>,
    origins: &mut Origins,
) -> Result<Provider, Vec<ConfigError>> {
    let mut resolver = Resolver {
        id,
        path: format!("model_providers.{}", quoted(id)),
        env,
        origins,
        faults: Vec::new(),
    };
    let dialects = resolver.dialects(raw.wire_api);
    let base_url = resolver.base_url(raw.base_url);
    let env_key = raw.env_key.and_then(|env_key| {
        let name = env_key.value?;
        Some(Located::new(name, env_key.place))
    });
    let key = resolver.key(env_key.as_ref());
    let headers = resolver.headers(raw.http_headers, raw.env_http_headers, env_key.is_some());
    let (Some(base_url), true) = (base_url, resolver.faults.is_empty()) else {
        return Err(resolver.faults);
    };
    Ok(Provider {
        id: id.to_owned(),
        name: resolver.keep("name", raw.name.unwrap_or_else(|| default(id.to_owned()))),
        base_url,
        bridge: resolver.keep_all("bridge", raw.bridge),
        dialects,
        key,
        env_key: env_key.map(|env_key| resolver.keep("env_key", env_key)),
        query_params: resolver.keep_all("query_params", raw.query_params),
        headers,
        request_max_retries: resolver.keep(
            "request_max_retries",
            raw.request_max_retries
                .unwrap_or_else(|| default(REQUEST_RETRIES)),
        ),
        stream_max_retries: resolver.keep(
            "stream_max_retries",
            raw.stream_max_retries
                .unwrap_or_else(|| default(STREAM_RETRIES)),
        ),
        stream_idle_timeout: resolver.keep(
            "stream_idle_timeout_ms",
            raw.stream_idle_timeout
                .unwrap_or_else(|| default(STREAM_IDLE)),
        ),
    })
}

struct Resolver<'a> {
    id: &'a str,
    path: String,
    env: &'a dyn Fn(&str) -> Option<OsString>,
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

    fn key(&mut self, env_key: Option<&Located<String>>) -> Option<Secret> {
        let env_key = env_key?;
        let variable = &env_key.value;
        let problem = match self.variable(variable) {
            Variable::Value(value) => return Some(value),
            Variable::Unusable => Problem::UnusableVariable {
                variable: variable.clone(),
            },
            // A name in another style may be the key itself, pasted into the wrong place.
            Variable::Unset if variable.contains(|c: char| c.is_ascii_lowercase()) => {
                Problem::NotAVariable {
                    key: format!("{}.env_key", self.path),
                }
            }
            Variable::Unset => Problem::NoKey {
                provider: self.id.to_owned(),
                variable: variable.clone(),
            },
        };
        self.fault(problem, &env_key.place);
        None
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

    fn keep_all(
        &mut self,
        table: &str,
        texts: BTreeMap<String, Located<String>>,
    ) -> Vec<(String, String)> {
        let pair = |(name, value): (String, _)| {
            let value = self.keep(&format!("{table}.{}", quoted(&name)), value);
            (name, value)
        };
        texts.into_iter().map(pair).collect()
    }

    /// Looks up a variable whose value is to travel in a header.
    fn variable(&self, name: &str) -> Variable {
        let Some(value) = (self.env)(name) else {
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

    fn keep<T>(&mut self, key: &str, setting: Located<T>) -> T {
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
const STREAM_IDLE: Duration = Duration::from_mins(5);
