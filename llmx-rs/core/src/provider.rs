//! Turns a configured provider into a place that requests can be sent to.

use http::{HeaderMap, HeaderName, HeaderValue};
use llmx_config::{Provider, Secret};
use llmx_upstream::{BadSetting, BadTarget, BridgeOptions, Endpoint, Insecure, Target};
use llmx_wire::Dialect;

/// A provider that cannot be sent to.
#[derive(Debug, thiserror::Error)]
pub enum BadProvider {
    /// Its address, its key or its headers.
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// A decision about the translation.
    #[error("in its `bridge` table: {0}")]
    Bridge(#[from] BadSetting),
}

/// Checks `provider` and fills in everything that its requests share, for each dialect that it may
/// speak.
pub(crate) fn targets(
    provider: &Provider,
    key: Option<&Secret>,
) -> Result<Vec<Target>, BadProvider> {
    let dialects = provider.dialects.iter();
    dialects
        .map(|&dialect| target_at(provider, key, dialect, path(dialect)))
        .collect()
}

/// Makes a target of an address below the base URL of `dialect`.
pub(crate) fn target_at(
    provider: &Provider,
    key: Option<&Secret>,
    dialect: Dialect,
    path: &str,
) -> Result<Target, BadProvider> {
    target(provider, key, dialect, &url(provider, dialect, path))
}

/// Makes a target of an address beside the version, where servers of one machine tell of themselves.
pub(crate) fn target_beside(
    provider: &Provider,
    key: Option<&Secret>,
    dialect: Dialect,
    path: &str,
) -> Result<Target, BadProvider> {
    let base = provider.base_url.trim_end_matches('/');
    let root = base.strip_suffix("/v1").unwrap_or(base);
    target(provider, key, dialect, &format!("{root}/{path}"))
}

fn target(
    provider: &Provider,
    key: Option<&Secret>,
    dialect: Dialect,
    url: &str,
) -> Result<Target, BadProvider> {
    // Whoever writes a URL without TLS into their own configuration has decided; gateways on a
    // private network are commonly reached that way.
    let endpoint = Endpoint::parse(url, Insecure::Allowed).map_err(BadTarget::from)?;
    let mut bridge = BridgeOptions {
        provider: provider.id.clone(),
        ..BridgeOptions::for_host(endpoint.uri().host().unwrap_or_default())
    };
    for (name, value) in &provider.bridge {
        bridge.set(name, value)?;
    }
    Ok(Target {
        endpoint,
        bridge,
        headers: headers(provider)?,
        credential: match key {
            Some(key) => Some(Target::credential(dialect, key.expose())?),
            None => None,
        },
        dialect,
        idle_timeout: provider.stream_idle_timeout,
    })
}

fn url(provider: &Provider, dialect: Dialect, path: &str) -> String {
    let mut url = format!("{}/{}", base(provider, dialect), path);
    url.truncate(url.trim_end_matches('/').len());
    if !provider.query_params.is_empty() {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&provider.query_params);
        url.push('?');
        url.push_str(&query.finish());
    }
    url
}

/// Returns the base URL with the version that it may leave out.
fn base(provider: &Provider, dialect: Dialect) -> String {
    let base = provider.base_url.as_str();
    let authority = base.split_once("://").map_or(base, |(_, rest)| rest);
    let version = match dialect {
        Dialect::Gemini => "/v1beta",
        Dialect::Chat | Dialect::Messages | Dialect::Responses => "/v1",
    };
    if !authority.contains('/') {
        return format!("{base}{version}");
    }
    match base.strip_suffix("/v1") {
        // A server of several dialects is named by the address of the others.
        Some(server) if provider.dialects.len() > 1 => format!("{server}{version}"),
        _ => base.to_owned(),
    }
}

/// Returns where below its base URL a provider of `dialect` answers.
fn path(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Chat => "chat/completions",
        Dialect::Messages => "messages",
        Dialect::Responses => "responses",
        // The model stands in the path, which the exchange therefore completes.
        Dialect::Gemini => "",
    }
}

fn headers(provider: &Provider) -> Result<HeaderMap, BadTarget> {
    let mut headers = HeaderMap::new();
    for (name, value) in &provider.headers {
        let bad = || BadTarget::Header(name.clone());
        let parsed: HeaderName = name.parse().map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| bad())?;
        value.set_sensitive(true);
        headers.append(parsed, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::provider;

    #[test]
    fn query_parameters_are_encoded() {
        let mut provider = provider("http://127.0.0.1:1/v1");
        assert_eq!(
            url(&provider, Dialect::Responses, path(Dialect::Responses)),
            "http://127.0.0.1:1/v1/responses"
        );
        provider.query_params = vec![("api-version".to_owned(), "a&b c".to_owned())];
        assert_eq!(
            url(&provider, Dialect::Responses, path(Dialect::Responses)),
            "http://127.0.0.1:1/v1/responses?api-version=a%26b+c"
        );
    }

    #[test]
    fn the_version_may_be_left_out() {
        let mut provider = provider("http://127.0.0.1:1/");
        for base_url in ["http://127.0.0.1:1", "http://127.0.0.1:1/v1"] {
            provider.base_url = base_url.to_owned();
            provider.dialects = Dialect::ALL.to_vec();
            for (dialect, expected) in [
                (Dialect::Chat, "http://127.0.0.1:1/v1/chat/completions"),
                (Dialect::Messages, "http://127.0.0.1:1/v1/messages"),
                (Dialect::Responses, "http://127.0.0.1:1/v1/responses"),
                (Dialect::Gemini, "http://127.0.0.1:1/v1beta"),
            ] {
                assert_eq!(url(&provider, dialect, path(dialect)), expected);
            }
        }
        provider.dialects = vec![Dialect::Gemini];
        assert_eq!(
            url(&provider, Dialect::Gemini, path(Dialect::Gemini)),
            "http://127.0.0.1:1/v1"
        );
        provider.base_url = "http://127.0.0.1:1/api/v2".to_owned();
        assert_eq!(
            url(&provider, Dialect::Chat, path(Dialect::Chat)),
            "http://127.0.0.1:1/api/v2/chat/completions"
        );
    }

    #[test]
    fn decisions_about_the_bridge_are_taken_or_refused_by_name() {
        let mut provider = provider("http://127.0.0.1:1/v1");
        provider.bridge = vec![("prompt_cache".to_owned(), "false".to_owned())];
        assert!(!targets(&provider, None).unwrap()[0].bridge.messages.cache);
        provider.bridge = vec![("system_murge".to_owned(), "inline".to_owned())];
        let error = targets(&provider, None).unwrap_err().to_string();
        assert!(
            error.contains("`system_murge`") && error.contains("system_merge"),
            "{error}"
        );
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_named_without_its_value() {
        let mut provider = provider("http://127.0.0.1:1/v1");
        let value = Secret::new("canary\n".to_owned());
        provider.headers = vec![("x-team".to_owned(), value)];
        let error = targets(&provider, None).unwrap_err().to_string();
        assert!(error.contains("`x-team`") && !error.contains("canary"));
    }
}
