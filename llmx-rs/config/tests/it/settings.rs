//! The settings of the agent: what they resolve to, and what each refuses.

use std::path::PathBuf;
use std::time::Duration;

use llmx_config::{
    HistoryPersistence, HookCommand, HookEvent, Inherit, McpTransport, ModelPrices, WebSearch,
};
use llmx_protocol::SandboxPolicy;

use crate::{World, litellm};

fn file(text: &str) -> World {
    litellm().file(text)
}

#[test]
fn what_is_not_set_has_its_default() {
    let config = litellm().config();
    assert_eq!(config.model_context_window, None);
    assert_eq!(config.model_prices, None);
    assert_eq!(config.sandbox_policy(), SandboxPolicy::default());
    assert_eq!(config.history, HistoryPersistence::SaveAll);
    assert_eq!(config.project_doc_max_bytes, 32_768);
    assert!(config.notify.is_none() && config.mcp_servers.is_empty());
    assert!(!config.hide_agent_reasoning && !config.show_raw_agent_reasoning);
}

#[test]
fn facts_about_the_model_are_taken() {
    let config = file(
        "model_context_window = 131072\nmodel_max_output_tokens = 8192\n\
         model_auto_compact_token_limit = 100000\nmodel_reasoning_effort = 'high'\n\
         model_reasoning_summary = 'detailed'\nmodel_verbosity = 'low'\n\
         model_prices = { input = 3, output = 15.0 }",
    )
    .config();
    assert_eq!(config.model_context_window, Some(131_072));
    assert_eq!(config.model_max_output_tokens, Some(8192));
    assert_eq!(config.model_auto_compact_token_limit, Some(100_000));
    assert_eq!(config.model_reasoning_effort.as_deref(), Some("high"));
    assert_eq!(config.model_reasoning_summary.as_deref(), Some("detailed"));
    assert_eq!(config.model_verbosity.as_deref(), Some("low"));
    let prices = ModelPrices {
        input: 3.0,
        cached_input: 3.0,
        output: 15.0,
    };
    assert_eq!(config.model_prices, Some(prices));
}

#[test]
fn the_sandbox_is_a_policy() {
    let text = "sandbox_mode = 'workspace-write'\n[sandbox_workspace_write]\n\
                writable_roots = ['/data', '~/cache']\nnetwork_access = true\nexclude_slash_tmp = true";
    assert_eq!(
        file(text).config().sandbox_policy(),
        SandboxPolicy::WorkspaceWrite {
            writable_roots: vec![PathBuf::from("/data"), PathBuf::from("/users/me/cache")],
            network_access: true,
            exclude_tmpdir_env_var: false,
            exclude_slash_tmp: true,
        }
    );
    let config = file(text).c("sandbox_mode=read-only").config();
    assert!(!config.sandbox_policy().network_access());
}

#[test]
fn the_agents_own_settings_are_taken() {
    let config = file(
        "notify = ['notify-send', '']\nproject_doc_max_bytes = 0\n\
         project_doc_fallback_filenames = ['CLAUDE.md']\ndeveloper_instructions = 'Be brief.'\n\
         compact_prompt = 'Sum up.'\nhide_agent_reasoning = true\nshow_raw_agent_reasoning = true\n\
         history.persistence = 'none'\n\
         [shell_environment_policy]\ninherit = 'core'\nexclude = ['AWS_*']\nset = { CI = 1 }\n",
    )
    .c("shell_environment_policy.set.LANG=C")
    .config();
    assert_eq!(config.notify.unwrap(), ["notify-send", ""]);
    assert_eq!(config.project_doc_max_bytes, 0);
    assert_eq!(config.project_doc_fallback_filenames, ["CLAUDE.md"]);
    assert_eq!(config.developer_instructions.as_deref(), Some("Be brief."));
    assert_eq!(config.compact_prompt.as_deref(), Some("Sum up."));
    assert!(config.hide_agent_reasoning && config.show_raw_agent_reasoning);
    assert_eq!(config.history, HistoryPersistence::None);
    let policy = config.shell_environment_policy;
    assert_eq!((policy.inherit, policy.exclude.len()), (Inherit::Core, 1));
    let set: Vec<_> = policy
        .set
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(set, [("CI", "1"), ("LANG", "C")]);
}

#[test]
fn mcp_servers_are_programs_or_addresses() {
    let config = file(
        "[mcp_servers.docs]\ncommand = 'npx'\nargs = ['-y', 'server', '']\nenv = { A = 'b' }\n\
         startup_timeout_sec = 2.5\nenabled_tools = ['find']\n\
         [mcp_servers.web]\nurl = 'https://h/mcp'\nbearer_token_env_var = 'WEB_TOKEN'\nenabled = false\n",
    )
    .config();
    let [docs, web] = config.mcp_servers.as_slice() else {
        unreachable!("there are two");
    };
    assert_eq!((docs.id.as_str(), docs.enabled), ("docs", true));
    assert_eq!(docs.startup_timeout, Duration::from_millis(2500));
    assert_eq!(docs.tool_timeout, Duration::from_secs(60));
    assert_eq!(
        docs.enabled_tools.as_deref(),
        Some(["find".to_owned()].as_slice())
    );
    assert!(matches!(&docs.transport, McpTransport::Stdio { args, .. } if args.len() == 3));
    assert!(!web.enabled);
    assert!(
        matches!(&web.transport, McpTransport::Http { bearer_token_env_var: Some(name), .. } if name == "WEB_TOKEN")
    );
    assert!(!format!("{:?}", docs.transport).contains("\"b\""));
}

#[test]
fn mcp_servers_that_cannot_be_are_refused() {
    for (text, words) in [
        ("mcp_servers.x = {}", "neither a program nor an address"),
        (
            "mcp_servers.x = { command = 'c', url = 'http://h' }",
            "both a program",
        ),
        (
            "mcp_servers.x = { command = 'c', bearer_token_env_var = 'T' }",
            "has no headers",
        ),
        (
            "mcp_servers.x = { url = 'http://h', args = [] }",
            "has no arguments",
        ),
        (
            "mcp_servers.x = { url = 'file:///x' }",
            "http:// or https://",
        ),
        (
            "mcp_servers.x = { url = 'http://h', bearer_token = 'canary' }",
            "bearer_token_env_var",
        ),
        (
            "mcp_servers.x = { url = 'http://h', bearer_token_env_var = 'sk-canary' }",
            "the name of an environment variable",
        ),
        (
            "mcp_servers.'a b' = { command = 'c' }",
            "not a name for an MCP server",
        ),
        (
            "mcp_servers.x = { command = 'c', cwd = 'sub' }",
            "absolute path",
        ),
        (
            "mcp_servers.x = { command = 'c', startup_timeout_sec = 1, startup_timeout_ms = 1 }",
            "same setting",
        ),
        (
            "mcp_servers.x = { comand = 'c' }",
            "did you mean `command`?",
        ),
    ] {
        let error = file(text).error();
        assert!(error.contains(words), "{text}\n{error}");
        assert!(!error.contains("canary"), "{text}\n{error}");
    }
}

#[test]
fn values_that_cannot_be_are_refused_with_their_cure() {
    for (text, words) in [
        ("model_context_window = 0", "from 1 to 1000000000"),
        ("model_prices.input = 1", "needs `input` and `output`"),
        (
            "model_prices = { input = -1, output = 1 }",
            "a number from 0 up",
        ),
        (
            "model_prices = { input = nan, output = 1 }",
            "a number from 0 up",
        ),
        ("model_reasoning_effort = 'hihg'", "did you mean `high`?"),
        ("notify = []", "is empty"),
        ("notify = 'bell'", "a program and its arguments"),
        (
            "sandbox_workspace_write.writable_roots = ['build']",
            "absolute path",
        ),
        (
            "sandbox_workspace_write.network = true",
            "the settings here are",
        ),
        (
            "shell_environment_policy.set = { 'A=B' = 'c' }",
            "name of an environment variable",
        ),
        (
            "project_doc_fallback_filenames = ['a/b']",
            "without directories",
        ),
        ("hide_agent_reasoning = 'yes'", "true or false"),
        ("projects.repo.trust_level = 'trusted'", "absolute path"),
        (
            "projects.'/r'.trust_level = 'yes'",
            "it takes trusted, untrusted",
        ),
        ("history.max_bytes = 5", "never cut"),
        ("features = {}", "has no effect in llmx"),
        ("experimental_thing = 1", "no experimental settings"),
        ("tui.theme = 'x'", "no terminal interface yet"),
        ("otel = {}", "no telemetry"),
    ] {
        let error = file(text).error();
        assert!(error.starts_with("/home/config.toml:1:"), "{text}\n{error}");
        assert!(error.contains(words), "{text}\n{error}");
    }
}

#[test]
fn hooks_of_all_sources_run_the_weakest_first() {
    let config = file(
        "[[hooks.PreToolUse]]\nmatcher = 'Bash|read_file'\ncommand = ['~/guard', '-v']\n\
         timeout_sec = 1.5\n[[profiles.p.hooks.PreToolUse]]\ncommand = 'two'",
    )
    .c("profile=p")
    .c("hooks.PreToolUse=[{ command = 'three' }]")
    .config();
    let commands: Vec<_> = config.hooks.iter().map(|hook| &hook.command).collect();
    let shell = |line: &str| HookCommand::Shell(line.to_owned());
    let first = ["/users/me/guard", "-v"].map(str::to_owned).to_vec();
    assert_eq!(
        commands,
        [&HookCommand::Program(first), &shell("two"), &shell("three")]
    );
    let first = &config.hooks[0];
    assert_eq!(first.event, HookEvent::PreToolUse);
    assert_eq!(first.timeout, Duration::from_millis(1_500));
    assert!(first.matcher.matches(&["exec_command", "Bash"]));
    assert!(!first.matcher.matches(&["grep"]));
    assert_eq!(config.hooks[1].timeout, Duration::from_secs(60));
    assert!(config.hooks[1].matcher.matches(&["grep"]));
    let origin = config.origins.get("hooks.PreToolUse.1").unwrap();
    assert_eq!(origin.to_string(), "/home/config.toml:1:1");
}

#[test]
fn hooks_that_cannot_be_are_refused() {
    for (hooks, words) in [
        ("hooks.PreTooluse = []", "did you mean `PreToolUse`?"),
        ("hooks.SubagentStop = []", "no agents below"),
        ("hooks.Stop = 'x'", "takes a list of tables"),
        ("hooks.Stop = ['x']", "takes a table"),
        ("hooks.Stop = [{}]", "has no `command`"),
        ("hooks.Stop = [{ command = [] }]", "is empty"),
        ("hooks.Stop = [{ command = 3 }]", "takes text for a shell"),
        (
            "hooks.Stop = [{ command = ['./x'] }]",
            "takes an absolute path",
        ),
        (
            "hooks.Stop = [{ command = 'x', timeout = 3 }]",
            "`timeout_sec`",
        ),
        (
            "hooks.Stop = [{ command = 'x', timeout_sec = 0 }]",
            "from 1 to",
        ),
        (
            "hooks.Stop = [{ command = 'x', matcher = 'y' }]",
            "nothing to choose",
        ),
        (
            "hooks.PreToolUse = [{ command = 'x', matcher = '(' }]",
            "as a pattern",
        ),
        (
            "hooks.PreToolUse = [{ hooks = [{ command = 'x' }] }]",
            "an entry of its own",
        ),
    ] {
        let error = file(hooks).error();
        assert!(error.contains(words), "{hooks}\n{error}");
        assert_eq!(
            error
                .lines()
                .filter(|line| line.contains("config.toml:"))
                .count(),
            1,
            "{error}"
        );
    }
}

#[test]
fn the_web_is_searched_only_where_a_provider_can() {
    for (text, expected) in [
        ("", WebSearch::Disabled),
        ("web_search = 'cached'", WebSearch::Cached),
        ("web_search = 'live'", WebSearch::Live),
        ("tools.web_search = true", WebSearch::Live),
        ("tools = { web_search = false }", WebSearch::Disabled),
    ] {
        let config = file(text).config();
        assert_eq!(config.web_search, expected, "{text}");
        assert!(config.notices.is_empty(), "{:?}", config.notices);
    }
    let chat = "\n[model_providers.litellm]\nwire_api = 'chat'";
    let config = file(&format!("web_search = 'live'{chat}")).config();
    assert!(
        config.notices[0].contains("`litellm` is set to chat"),
        "{:?}",
        config.notices
    );
    assert!(file(chat).config().notices.is_empty());
    for (text, words) in [
        ("web_search = 'on'", "it takes disabled, cached, live"),
        ("web_search = true", "takes text"),
        (
            "tools.web_search = true\nweb_search = 'live'",
            "are the same setting",
        ),
        (
            "web_search = 'live'\ntools.web_search = true",
            "are the same setting",
        ),
        ("tools.view_image = true", "always offered"),
        ("tools.websearch = true", "did you mean `web_search`?"),
    ] {
        let error = file(text).error();
        assert!(error.contains(words), "{text}\n{error}");
    }
}

#[test]
fn older_spellings_mean_the_current_settings() {
    let config = World::default()
        .file(
            "[general]\nmodel_provider = 'litellm'\napi_base = 'http://h:4000'\nmodel = 'm'\n\
             context_length = 130000\n[litellm]\napi_key = 'sk-canary'\n",
        )
        .config();
    assert_eq!(config.provider.base_url, "http://h:4000");
    assert_eq!(config.model, "m");
    assert_eq!(config.model_context_window, Some(130_000));
    assert_eq!(config.provider.key.as_ref().unwrap().expose(), "sk-canary");
    assert!(!format!("{config:?}").contains("sk-canary"));
}

#[test]
fn a_setting_under_two_names_is_refused() {
    for text in [
        "context_length = 1\nmodel_context_window = 2",
        "general.model = 'a'\nmodel = 'b'",
        "general.api_base = 'http://a'\nlitellm.api_base = 'http://b'",
    ] {
        let error = file(text).error();
        assert!(
            error.contains("are the same setting; leave one out"),
            "{text}\n{error}"
        );
    }
}
