//! The providers that llmx knows without being told, as settings below every other source.

use std::collections::BTreeMap;

use llmx_wire::Dialect;

use crate::raw::{RawConfig, RawProvider, WireApi};
use crate::source::{Located, Place, Source};

/// The provider used where none is chosen.
pub(crate) const DEFAULT_PROVIDER: &str = "litellm";

/// The provider that is a scripted model inside llmx itself.
pub(crate) const DEMO: &str = "demo";

/// The address of `demo` until whoever runs it has started the scripted model. The name is
/// reserved (RFC 2606), so a request that is sent there by mistake reaches nobody.
pub(crate) const DEMO_BASE_URL: &str = "http://demo.invalid/v1";

/// Returns the settings below every other source.
pub(crate) fn defaults() -> RawConfig {
    let mut litellm = provider("LiteLLM", "http://localhost:4000/v1", Some("LLMX_API_KEY"));
    // Its address may as well be that of another server, which speaks what it speaks.
    litellm.wire_api = Some(default(WireApi::Auto));
    let openai = provider(
        "OpenAI",
        "https://api.openai.com/v1",
        Some("OPENAI_API_KEY"),
    );
    let demo = provider("Demo (a scripted model inside llmx)", DEMO_BASE_URL, None);
    RawConfig {
        model_provider: Some(default(DEFAULT_PROVIDER.to_owned())),
        providers: BTreeMap::from([
            (DEFAULT_PROVIDER.to_owned(), litellm),
            (OPENAI.to_owned(), openai),
            (DEMO.to_owned(), demo),
        ]),
        ..RawConfig::default()
    }
}

/// Returns the model to use where none is set, for a provider where a guess is sensible.
///
/// A provider that needs no key of ours is a proxy that holds one, and the proxy of this project
/// forwards to OpenAI unless told otherwise. LiteLLM and other services name their models
/// themselves.
pub(crate) fn default_model(provider: &str, needs_key: bool) -> Option<&'static str> {
    match provider {
        DEMO => Some("demo"),
        DEFAULT_PROVIDER => None,
        OPENAI => Some(OPENAI_MODEL),
        _ if !needs_key => Some(OPENAI_MODEL),
        _ => None,
    }
}

/// Returns `value` as a default.
pub(crate) fn default<T>(value: T) -> Located<T> {
    Located::new(value, Place::whole(Source::Default))
}

fn provider(name: &str, base_url: &str, env_key: Option<&str>) -> RawProvider {
    RawProvider {
        base_url: Some(default(base_url.to_owned())),
        env_key: Some(default(env_key.map(str::to_owned))),
        name: Some(default(name.to_owned())),
        wire_api: Some(default(WireApi::Dialect(Dialect::Responses))),
        ..RawProvider::default()
    }
}

const OPENAI: &str = "openai";
const OPENAI_MODEL: &str = "gpt-5.5";
