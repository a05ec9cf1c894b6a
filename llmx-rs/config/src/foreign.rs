//! Settings that other agents have and llmx has not, each with what to do instead.

/// Returns why a top-level setting has no effect here.
pub(crate) fn setting(name: &str) -> Option<&'static str> {
    look_up(name, &SETTINGS).or_else(|| {
        let experimental = name.starts_with("experimental_");
        experimental.then_some("llmx has no experimental settings; leave it out")
    })
}

/// Returns why a setting of a provider has no effect here.
pub(crate) fn of_provider(name: &str) -> Option<&'static str> {
    look_up(name, &OF_PROVIDER)
}

/// Returns why a setting of an MCP server has no effect here.
pub(crate) fn of_server(name: &str) -> Option<&'static str> {
    look_up(name, &OF_SERVER)
}

/// Returns why a setting of `tools` has no effect here.
pub(crate) fn of_tools(name: &str) -> Option<&'static str> {
    match name {
        "view_image" | "update_plan" => Some("it is always offered; leave it out"),
        "web_search_request" => Some("write it as `web_search`"),
        _ => None,
    }
}

/// Returns why hooks of an event do not run here.
pub(crate) fn of_hooks(name: &str) -> Option<&'static str> {
    look_up(name, &OF_HOOKS)
}

/// Returns why a setting of a hook has no effect here.
pub(crate) fn of_hook(name: &str) -> Option<&'static str> {
    look_up(name, &OF_HOOK)
}

/// Returns why a setting of `history` has no effect here.
pub(crate) fn of_history(name: &str) -> Option<&'static str> {
    (name == "max_bytes").then_some("the history is never cut; leave it out")
}

/// Returns why a setting of `shell_environment_policy` has no effect here.
pub(crate) fn of_environment(name: &str) -> Option<&'static str> {
    let profile = name == "experimental_use_profile";
    profile.then_some("commands do not start as login shells; put what they need into `set`")
}

fn look_up(name: &str, table: &[(&str, &'static str)]) -> Option<&'static str> {
    let (_, reason) = table.iter().find(|(known, _)| *known == name)?;
    Some(reason)
}

const SETTINGS: [(&str, &str); 29] = [
    (
        "api_base",
        "write it as `model_providers.litellm.base_url`, or set $LLMX_BASE_URL",
    ),
    ("api_key", NO_KEY),
    ("chatgpt_base_url", NO_CHATGPT),
    (
        "check_for_update_on_startup",
        "llmx never looks for updates; leave it out",
    ),
    (
        "default_permissions",
        "use `sandbox_mode` and `approval_policy`",
    ),
    ("disable_paste_burst", NO_TUI),
    ("features", "what llmx can do is always on; leave it out"),
    ("file_opener", NO_TUI),
    ("forced_chatgpt_workspace_id", NO_CHATGPT),
    ("forced_login_method", NO_CHATGPT),
    ("instructions", "write it as `developer_instructions`"),
    ("mcp_oauth_callback_port", NO_OAUTH),
    ("mcp_oauth_credentials_store", NO_OAUTH),
    (
        "model_catalog_json",
        "write what llmx should know as `model_context_window`, `model_max_output_tokens` and `model_prices`",
    ),
    (
        "model_instructions_file",
        "write its text as `developer_instructions`",
    ),
    (
        "model_reasoning_summary_format",
        "llmx shows summaries as they come; leave it out",
    ),
    (
        "model_supports_reasoning_summaries",
        "llmx asks the provider; leave it out, or set `model_reasoning_summary`",
    ),
    ("notice", NO_TUI),
    (
        "openai_base_url",
        "write it as `model_providers.openai.base_url`",
    ),
    ("oss_provider", "choose the provider with `model_provider`"),
    ("otel", "llmx sends no telemetry; leave it out"),
    ("permissions", "use `sandbox_mode` and `approval_policy`"),
    ("personality", "write it as `developer_instructions`"),
    (
        "project_root_markers",
        "the root of a project is where `.git` is; leave it out",
    ),
    ("review_model", "reviews use `model`; leave it out"),
    (
        "service_tier",
        "leave it out; a Responses provider decides it",
    ),
    ("telemetry", "llmx sends no telemetry; leave it out"),
    (
        "tool_output_token_limit",
        "the output of tools is cut by llmx itself; leave it out",
    ),
    ("tui", NO_TUI),
];

const OF_PROVIDER: [(&str, &str); 14] = [
    ("api_base", "write it as `base_url`"),
    ("api_key", NO_KEY),
    (
        "auth",
        "write its command as `key_command = [\"program\", \"argument\"]`",
    ),
    ("bearer_token", NO_KEY),
    (
        "context_length",
        "write it as `model_context_window` outside the provider",
    ),
    (
        "env_key_instructions",
        "llmx says itself which variable is missing; leave it out",
    ),
    ("experimental_bearer_token", NO_KEY),
    (
        "keyring",
        "set `cli_auth_credentials_store = \"keyring\"` outside the provider and run `llmx login --with-api-key`, or name the tool of a keyring in `key_command`, such as [\"secret-tool\", \"lookup\", \"service\", \"llmx\"]",
    ),
    (
        "max_tokens",
        "write it as `model_max_output_tokens` outside the provider",
    ),
    (
        "model_catalog_url",
        "llmx asks the provider itself; leave it out",
    ),
    (
        "requires_openai_auth",
        "llmx has no ChatGPT login; name the variable of an API key in `env_key`",
    ),
    (
        "supports_websockets",
        "llmx speaks HTTP with its providers; leave it out",
    ),
    (
        "websocket_connect_timeout_ms",
        "llmx speaks HTTP with its providers; leave it out",
    ),
    (
        "aws",
        "put a gateway such as LiteLLM in front, which signs requests for AWS",
    ),
];

const OF_HOOKS: [(&str, &str); 5] = [
    ("Notification", "name a program in `notify`"),
    (
        "PermissionRequest",
        "a PreToolUse hook sees every call before anybody is asked; write it there",
    ),
    (
        "PostCompact",
        "write it as a PreCompact hook, or leave it out",
    ),
    ("SubagentStart", NO_SUBAGENTS),
    ("SubagentStop", NO_SUBAGENTS),
];

const OF_HOOK: [(&str, &str); 3] = [
    (
        "hooks",
        "write `command` beside `matcher`, with an entry of its own for each command",
    ),
    ("timeout", "write it as `timeout_sec`"),
    ("type", "every hook is a command; leave it out"),
];

const OF_SERVER: [(&str, &str); 9] = [
    (
        "bearer_token",
        "name its variable in `bearer_token_env_var`; a token does not belong into this file",
    ),
    ("default_tools_approval_mode", "use `approval_policy`"),
    ("environment_id", "llmx has no environments; leave it out"),
    ("oauth", NO_OAUTH),
    ("oauth_resource", NO_OAUTH),
    (
        "required",
        "a server that does not start is reported and the turn goes on; leave it out",
    ),
    ("scopes", NO_OAUTH),
    (
        "supports_parallel_tool_calls",
        "llmx finds out itself; leave it out",
    ),
    ("tools", "use `enabled_tools` and `disabled_tools`"),
];

const NO_KEY: &str = "a key does not belong into this file; name its variable in `env_key` or its file in `key_file`, or store it with `llmx login --with-api-key`";
const NO_CHATGPT: &str = "llmx has no ChatGPT login; leave it out";
const NO_SUBAGENTS: &str = "llmx starts no agents below the agent; leave it out";
const NO_OAUTH: &str = "leave it out: `llmx mcp login NAME` finds out how a server logs people in, and takes `--scope` and `--client-id`";
const NO_TUI: &str = "llmx has no terminal interface yet; leave it out";
