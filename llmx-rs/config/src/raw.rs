//! The first stage: what one source asks for, every setting optional, and how sources stack.

use std::collections::BTreeMap;
use std::time::Duration;

use llmx_protocol::{ApprovalPolicy, SandboxMode};
use llmx_wire::Dialect;

use crate::secret::Secret;
use crate::source::Located;

/// The settings of one source.
#[derive(Debug, Default)]
pub(crate) struct RawConfig {
    pub(crate) approval_policy: Setting<ApprovalPolicy>,
    pub(crate) model: Setting<String>,
    pub(crate) model_provider: Setting<String>,
    pub(crate) providers: BTreeMap<String, RawProvider>,
    pub(crate) sandbox_mode: Setting<SandboxMode>,
}

/// What one source says about one provider.
#[derive(Debug, Default)]
pub(crate) struct RawProvider {
    pub(crate) base_url: Setting<String>,
    /// Decisions about translations, which only the bridge knows.
    pub(crate) bridge: BTreeMap<String, Located<String>>,
    /// `None` inside means that the provider is asked to need no key.
    pub(crate) env_key: Setting<Option<String>>,
    /// Header names in lower case, each with the variable that holds its value.
    pub(crate) env_http_headers: BTreeMap<String, Located<String>>,
    /// Header names in lower case.
    pub(crate) http_headers: BTreeMap<String, Located<Secret>>,
    pub(crate) name: Setting<String>,
    pub(crate) query_params: BTreeMap<String, Located<String>>,
    pub(crate) request_max_retries: Setting<u32>,
    pub(crate) stream_idle_timeout: Setting<Duration>,
    pub(crate) stream_max_retries: Setting<u32>,
    pub(crate) wire_api: Setting<WireApi>,
}

/// A setting that a source may leave out.
pub(crate) type Setting<T> = Option<Located<T>>;

/// A value of `wire_api`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireApi {
    Auto,
    Dialect(Dialect),
}

impl RawConfig {
    /// Lays this source over `lower`, setting by setting.
    pub(crate) fn over(self, lower: Self) -> Self {
        Self {
            approval_policy: self.approval_policy.or(lower.approval_policy),
            model: self.model.or(lower.model),
            model_provider: self.model_provider.or(lower.model_provider),
            providers: merge(self.providers, lower.providers, RawProvider::over),
            sandbox_mode: self.sandbox_mode.or(lower.sandbox_mode),
        }
    }
}

impl RawProvider {
    fn over(self, lower: Self) -> Self {
        Self {
            base_url: self.base_url.or(lower.base_url),
            bridge: merge(self.bridge, lower.bridge, keep),
            env_key: self.env_key.or(lower.env_key),
            env_http_headers: merge(self.env_http_headers, lower.env_http_headers, keep),
            http_headers: merge(self.http_headers, lower.http_headers, keep),
            name: self.name.or(lower.name),
            query_params: merge(self.query_params, lower.query_params, keep),
            request_max_retries: self.request_max_retries.or(lower.request_max_retries),
            stream_idle_timeout: self.stream_idle_timeout.or(lower.stream_idle_timeout),
            stream_max_retries: self.stream_max_retries.or(lower.stream_max_retries),
            wire_api: self.wire_api.or(lower.wire_api),
        }
    }
}

fn merge<T>(
    upper: BTreeMap<String, T>,
    mut lower: BTreeMap<String, T>,
    both: impl Fn(T, T) -> T,
) -> BTreeMap<String, T> {
    for (key, value) in upper {
        let value = match lower.remove(&key) {
            Some(below) => both(value, below),
            None => value,
        };
        lower.insert(key, value);
    }
    lower
}

fn keep<T>(upper: T, _lower: T) -> T {
    upper
}
