//! Faults: each says where it is, what is wrong, and how to cure it.

use proptest::prelude::*;

use crate::{World, litellm, proxy};

#[test]
fn a_fault_in_the_file_is_shown_in_its_line() {
    let error = litellm()
        .file("model = 'm'\nsandbox_mode = \"read-onyl\"\n")
        .error();
    assert_eq!(
        error,
        "/home/config.toml:2:16: `sandbox_mode` does not know \"read-onyl\"; did you mean `read-only`?\n  \
           |\n\
         2 | sandbox_mode = \"read-onyl\"\n  \
           |                ^^^^^^^^^^^"
    );
}

#[test]
fn every_fault_of_a_file_is_reported_in_reading_order() {
    let error = litellm()
        .file("zzz = 1\nmodle = 'm'\napproval_policy = 3\n")
        .error();
    let places: Vec<_> = error
        .lines()
        .filter_map(|line| line.split(": ").next()?.strip_prefix("/home/"))
        .collect();
    assert_eq!(
        places,
        ["config.toml:1:1", "config.toml:2:1", "config.toml:3:19"]
    );
}

#[test]
fn faults_in_the_file_name_place_and_cure() {
    check_file(&[
        (
            "model = gpt\n",
            "1:9",
            &["not valid TOML", "key = \"text\""],
        ),
        (
            "model = 'a'\nmodel = 'b'\n",
            "2:1",
            &["not valid TOML", "duplicate"],
        ),
        ("modle = 'm'", "1:1", &["`modle`", "did you mean `model`?"]),
        (
            "temperature = 1",
            "1:1",
            &[
                "`temperature`",
                "approval_policy, cli_auth_credentials_store, compact_prompt, ",
            ],
        ),
        (
            "model = 5",
            "1:9",
            &["`model` takes text in quotes, not an integer"],
        ),
        ("model = ''", "1:9", &["`model` is empty"]),
    ]);
}

#[test]
fn faults_of_a_provider_in_the_file_name_place_and_cure() {
    check_file(&[
        (
            "model_providers = 5",
            "1:19",
            &["takes a table", "not an integer"],
        ),
        (
            "model_providers.x = 'y'",
            "1:21",
            &["`model_providers.x` takes a table", "not text"],
        ),
        (
            "approval_policy = 'always'",
            "1:19",
            &["it takes untrusted, on-request, never"],
        ),
        (
            "model_providers.x.wire_ap = 'chat'",
            "1:19",
            &["`model_providers.x.wire_ap`", "did you mean `wire_api`?"],
        ),
        (
            "model_providers.x.wire_api = 'respones'",
            "1:30",
            &["did you mean `responses`?"],
        ),
        (
            "model_providers.x.request_max_retries = 101",
            "1:41",
            &["from 0 to 100"],
        ),
        (
            "model_providers.x.stream_max_retries = -1",
            "1:40",
            &["from 0 to 100"],
        ),
        (
            "model_providers.x.stream_idle_timeout_ms = 0",
            "1:44",
            &["from 1 to 86400000"],
        ),
        (
            "model_providers.x.stream_idle_timeout_ms = 1.5",
            "1:44",
            &["a whole number, not a number with a fraction"],
        ),
        (
            "model_providers.x.stream_max_retries = 99999999999999999999",
            "1:40",
            &["not an integer beyond 64 bits"],
        ),
        (
            "model_providers.x.http_headers = { 'a b' = 'c' }",
            "1:36",
            &["`model_providers.x.http_headers.\"a b\"` is not a header"],
        ),
        (
            "model_providers.x.http_headers = { Host = 'c' }",
            "1:36",
            &["llmx itself sets Host"],
        ),
        (
            "model_providers.x.http_headers = { X = \"a\\nb\" }",
            "1:40",
            &["visible ASCII on one line"],
        ),
        (
            "model_providers.x.env_key = 'sk-123'",
            "1:29",
            &["the name of an environment variable"],
        ),
        (
            "model_providers.x.query_params = { v = 1 }",
            "1:40",
            &["takes text in quotes"],
        ),
    ]);
}

/// Checks that each text gives a fault at its place (`line:column`) with all of its words.
fn check_file(cases: &[(&str, &str, &[&str])]) {
    for (text, place, words) in cases {
        let error = litellm().file(text).error();
        assert!(
            error.starts_with(&format!("/home/config.toml:{place}: ")),
            "{text}\n{error}"
        );
        for word in *words {
            assert!(error.contains(word), "{text}\n{error}");
        }
        assert!(error.contains('^'), "{text}\n{error}");
    }
}

#[test]
fn faults_of_an_override_name_the_flag() {
    for (argument, start, words) in [
        ("model", "-c: ", &["key=value", "-c model=NAME"][..]),
        ("=x", "-c: ", &["cannot be read"]),
        ("modle=x", "-c modle: ", &["did you mean `model`?"]),
        (
            "sandbox_mode=open",
            "-c sandbox_mode: ",
            &["it takes read-only, workspace-write, danger-full-access"],
        ),
        (
            "model_providers.x={ base_url = }",
            "-c model_providers.x: ",
            &["begins like TOML"],
        ),
        (
            "model_providers.x.base_url.y=1",
            "-c model_providers.x.base_url.y: ",
            &["`model_providers.x.base_url` takes text"],
        ),
        (
            "model_providers=none",
            "-c model_providers: ",
            &["takes a table"],
        ),
        (
            "model_providers.x.request_max_retries=many",
            "-c model_providers.x.request_max_retries: ",
            &["takes a whole number, not text"],
        ),
    ] {
        let error = litellm().c(argument).error();
        assert!(error.starts_with(start), "{argument}\n{error}");
        for word in words {
            assert!(error.contains(word), "{argument}\n{error}");
        }
    }
}

#[test]
fn an_unknown_provider_is_refused_with_what_exists() {
    let error = litellm().c("model_provider=litelm").error();
    assert_eq!(
        error,
        "-c model_provider: there is no model provider `litelm`; did you mean `litellm`?"
    );
    let error = litellm().file("model_provider = 'mine'").error();
    assert!(
        error.contains("configure [model_providers.mine], or use one of demo, litellm, openai"),
        "{error}"
    );
}

#[test]
fn litellm_needs_a_model_and_a_key_and_says_so_at_once() {
    let error = World::default().error();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(
        lines[0].contains("`-m NAME`") && lines[0].contains("/home/config.toml"),
        "{error}"
    );
    assert!(lines[1].contains("export LLMX_API_KEY=KEY"), "{error}");
}

#[test]
fn a_blank_key_counts_as_missing() {
    let error = litellm().env("LLMX_API_KEY", " \n").error();
    assert!(error.contains("$LLMX_API_KEY is not set"), "{error}");
}

#[test]
fn a_custom_provider_with_a_key_of_its_own_needs_a_model() {
    let error = proxy()
        .env("K", "k")
        .c("model_providers.p.env_key=K")
        .error();
    assert!(error.contains("provider `p` has no default"), "{error}");
}

#[test]
fn a_provider_without_an_address_is_refused_when_chosen() {
    let error = World::default()
        .c("model_providers.p.name=P")
        .c("model_provider=p")
        .error();
    assert!(
        error.contains("set `model_providers.p.base_url`"),
        "{error}"
    );
}

#[test]
fn a_bad_address_names_its_source() {
    let error = litellm().env("LLMX_BASE_URL", "localhost:4000").error();
    assert!(
        error.starts_with("$LLMX_BASE_URL: `model_providers.litellm.base_url` takes a whole URL"),
        "{error}"
    );
    let error = proxy()
        .c("model_providers.p.base_url=http://h/v1/responses")
        .error();
    assert!(
        error.starts_with("-c model_providers.p.base_url: "),
        "{error}"
    );
}

#[test]
fn an_empty_model_flag_is_refused() {
    assert_eq!(
        litellm().model_flag(" ").error(),
        "--model: `model` is empty; give it a value or leave it out"
    );
}

#[test]
fn two_authorizations_are_refused() {
    let error = litellm()
        .c("model_providers.litellm.http_headers.Authorization='Bearer x'")
        .error();
    assert!(
        error.contains("both set the Authorization header"),
        "{error}"
    );
}

proptest! {
    /// Whatever a file and a `-c` hold, the answer is a configuration or faults that can be shown.
    #[test]
    fn resolving_never_panics(
        file in "([a-z_.]{1,12} ?= ?[\"'{\\[ü\t]{0,3}.{0,12}\n){0,3}",
        argument in "(model|model_providers.x|sandbox_mode|mcp_servers.x|profiles.x|general|litellm|model_prices|projects|shell_environment_policy.set|notify).{0,24}",
    ) {
        if let Err(errors) = litellm().file(&file).c(&argument).resolve() {
            prop_assert!(!errors.to_string().is_empty());
        }
    }
}
