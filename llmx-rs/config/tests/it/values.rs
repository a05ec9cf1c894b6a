//! Values: defaults, layers, overrides, built-in providers, origins.

use std::path::PathBuf;
use std::time::Duration;

use llmx_config::{Flags, Origin};
use llmx_protocol::{ApprovalPolicy, SandboxMode};
use llmx_wire::Dialect;

use crate::{World, litellm, proxy};

#[test]
fn the_default_provider_is_litellm_on_this_machine() {
    let config = litellm().config();
    let provider = &config.provider;
    assert_eq!(
        (
            provider.id.as_str(),
            provider.name.as_str(),
            provider.base_url.as_str()
        ),
        ("litellm", "LiteLLM", "http://localhost:4000/v1")
    );
    assert_eq!(
        provider.dialects,
        [
            Dialect::Responses,
            Dialect::Chat,
            Dialect::Messages,
            Dialect::Gemini
        ]
    );
    assert_eq!(provider.key.as_ref().unwrap().expose(), "sk-canary");
    assert_eq!(provider.env_key.as_deref(), Some("LLMX_API_KEY"));
    assert_eq!(
        (provider.request_max_retries, provider.stream_max_retries),
        (4, 5)
    );
    assert_eq!(provider.stream_idle_timeout, Duration::from_millis(300_000));
    assert_eq!(config.sandbox_mode, SandboxMode::ReadOnly);
    assert_eq!(config.approval_policy, ApprovalPolicy::OnRequest);
    assert_eq!(config.home, PathBuf::from("/home"));
    assert_eq!(config.cwd, PathBuf::from("/project"));
}

#[test]
fn later_sources_win() {
    let file =
        litellm().file("model = 'file'\n[model_providers.litellm]\nbase_url = 'http://file/v1'");
    assert_eq!(file.config().provider.base_url, "http://file/v1");
    let env = file.env("LLMX_BASE_URL", "http://env/v1/");
    assert_eq!(env.config().provider.base_url, "http://env/v1");
    let first = env.c("model_providers.litellm.base_url=http://first/v1");
    assert_eq!(first.config().provider.base_url, "http://first/v1");
    let second = first.c("model_providers.litellm.base_url=http://second/v1");
    assert_eq!(second.config().provider.base_url, "http://second/v1");
    assert_eq!(second.config().model, "m");
    assert_eq!(second.model_flag("flag").config().model, "flag");
}

#[test]
fn decisions_about_the_bridge_may_be_text_numbers_or_truth_values() {
    let config = litellm()
        .file("[model_providers.litellm.bridge]\nsystem_merge = 'inline'\nmax_tokens = 8192")
        .c("model_providers.litellm.bridge.prompt_cache=false")
        .config();
    let decisions: Vec<_> = config
        .provider
        .bridge
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        decisions,
        [
            ("max_tokens", "8192"),
            ("prompt_cache", "false"),
            ("system_merge", "inline")
        ]
    );
}

#[test]
fn a_blank_base_url_variable_counts_as_unset() {
    let config = litellm().env("LLMX_BASE_URL", "  ").config();
    assert_eq!(config.provider.base_url, "http://localhost:4000/v1");
}

#[test]
fn the_variable_of_the_base_url_does_not_choose_the_provider() {
    let config = litellm()
        .env("LLMX_BASE_URL", "http://env/v1")
        .env("OPENAI_API_KEY", "sk-other")
        .c("model_provider=openai")
        .config();
    assert_eq!(config.provider.id, "openai");
    assert_eq!(config.provider.base_url, "https://api.openai.com/v1");
}

#[test]
fn the_seeds_own_command_line_resolves() {
    let config = World::default()
        .c("model_providers.openai-proxy={ name = 'OpenAI Proxy', base_url = 'http://127.0.0.1:1/v1', wire_api='responses' }")
        .c("model_provider=openai-proxy")
        .config();
    assert_eq!(config.provider.id, "openai-proxy");
    assert_eq!(config.provider.name, "OpenAI Proxy");
    assert_eq!(config.provider.base_url, "http://127.0.0.1:1/v1");
    assert!(config.provider.key.is_none());
    assert_eq!(config.model, "gpt-5.5");
}

#[test]
fn built_in_providers_are_overridden_field_by_field() {
    let config = World::default()
        .env("OPENAI_API_KEY", "sk-x")
        .file("model_provider = 'openai'\n[model_providers.openai]\nname = 'Ours'\nstream_max_retries = 0")
        .config();
    assert_eq!(config.provider.name, "Ours");
    assert_eq!(config.provider.base_url, "https://api.openai.com/v1");
    assert_eq!(config.provider.stream_max_retries, 0);
    assert_eq!(config.model, "gpt-5.5");
}

#[test]
fn an_empty_env_key_means_that_no_key_is_needed() {
    let config = World::default()
        .c("model=m")
        .c("model_providers.litellm.env_key=''")
        .config();
    assert!(config.provider.key.is_none() && config.provider.env_key.is_none());
}

#[test]
fn the_demo_provider_waits_for_its_address() {
    let demo = World::default().c("model_provider=demo");
    assert!(demo.config().provider.is_unstarted_demo());
    assert_eq!(demo.config().model, "demo");
    let started = demo.c("model_providers.demo.base_url='http://127.0.0.1:9/v1'");
    assert!(!started.config().provider.is_unstarted_demo());
}

#[test]
fn tables_of_different_sources_are_merged() {
    let config = proxy()
        .file("[model_providers.p]\nquery_params = { a = '1', b = '2' }\nhttp_headers = { X-One = 'file', X-Two = 'file' }")
        .c("model_providers.p.query_params.b=3")
        .c("model_providers.p.http_headers={ x-one = 'flag' }")
        .config();
    let provider = config.provider;
    assert_eq!(
        provider.query_params,
        [("a".into(), "1".into()), ("b".into(), "3".into())]
    );
    let headers: Vec<_> = provider
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(headers, [("x-one", "flag"), ("x-two", "file")]);
}

#[test]
fn headers_from_the_environment_win_where_they_are_set() {
    let world = proxy().file(
        "[model_providers.p]\nhttp_headers = { X-Org = 'file' }\nenv_http_headers = { x-org = 'ORG', X-Gone = 'GONE' }",
    );
    let value = |world: &World| {
        let headers = world.config().provider.headers;
        assert_eq!(headers.len(), 1);
        headers[0].1.expose().to_owned()
    };
    assert_eq!(value(&world), "file");
    assert_eq!(value(&world.env("ORG", "env\n")), "env");
}

#[test]
fn numbers_and_words_of_an_override_serve_settings_that_take_text() {
    assert_eq!(litellm().c("model=5").config().model, "5");
    assert_eq!(litellm().c("model=true").config().model, "true");
    assert_eq!(litellm().c("model=gpt-5.5").config().model, "gpt-5.5");
    let config = litellm()
        .c("model_providers.litellm.request_max_retries=7")
        .config();
    assert_eq!(config.provider.request_max_retries, 7);
}

#[test]
fn quoted_names_reach_providers_with_dots_in_their_names() {
    let config = World::default()
        .c("model_providers.\"my.proxy\".base_url=http://h/v1")
        .c("model_provider=my.proxy")
        .config();
    assert_eq!(
        (config.provider.id.as_str(), config.provider.name.as_str()),
        ("my.proxy", "my.proxy")
    );
}

#[test]
fn the_key_is_taken_without_the_line_break_of_its_file() {
    let config = World::default()
        .env("LLMX_API_KEY", " sk-1\n")
        .c("model=m")
        .config();
    assert_eq!(config.provider.key.unwrap().expose(), "sk-1");
}

#[test]
fn flags_set_sandbox_and_directory() {
    let mut world = litellm().c("sandbox_mode=read-only");
    world.flags = Flags {
        sandbox_mode: Some("danger-full-access".to_owned()),
        cd: Some("sub".into()),
        ..Flags::default()
    };
    let config = world.config();
    assert_eq!(config.sandbox_mode, SandboxMode::DangerFullAccess);
    assert_eq!(config.cwd, PathBuf::from("/project/sub"));
    world.flags.cd = Some("/abs".into());
    assert_eq!(world.config().cwd, PathBuf::from("/abs"));
}

#[test]
fn a_provider_of_another_protocol_may_stay_in_the_file_while_it_is_not_chosen() {
    let world = litellm()
        .file("[model_providers.claude]\nbase_url = 'https://h/v1'\nwire_api = 'messages'");
    assert_eq!(world.config().provider.id, "litellm");
}

#[test]
fn each_value_knows_where_it_came_from() {
    let config = litellm()
        .env("LLMX_BASE_URL", "http://env/v1")
        .file("approval_policy = 'never'\n\n[model_providers.litellm]\n  name = 'Mine'\n")
        .model_flag("m")
        .config();
    let origin = |key: &str| config.origins.get(key).unwrap().to_string();
    assert_eq!(origin("model"), "--model");
    assert_eq!(origin("model_provider"), "built-in default");
    assert_eq!(origin("sandbox_mode"), "built-in default");
    assert_eq!(origin("approval_policy"), "/home/config.toml:1:19");
    assert_eq!(
        origin("model_providers.litellm.name"),
        "/home/config.toml:4:10"
    );
    assert_eq!(origin("model_providers.litellm.base_url"), "$LLMX_BASE_URL");
    assert_eq!(
        litellm().config().origins.get("model"),
        Some(&Origin::Override {
            key: "model".into()
        })
    );
}
