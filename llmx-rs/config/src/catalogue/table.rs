//! The table of all settings.

use super::{Kind, Setting};
use crate::words::{EFFORTS, SANDBOX_MODES, SUMMARIES, VERBOSITIES, WEB_SEARCH_WORDS};

const fn of(key: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Setting {
    Setting {
        key,
        kind,
        default,
        about,
    }
}

const APPROVALS: Kind = Kind::Word(&["untrusted", "on-request", "never"]);
const KEY_STORES: Kind = Kind::Word(&["file", "keyring", "auto"]);
const WIRE_APIS: Kind = Kind::Word(&["responses", "chat", "messages", "gemini", "auto"]);
const TOKENS: Kind = Kind::Whole(1, 1_000_000_000);
const RETRIES: Kind = Kind::Whole(0, 100);
const DAY_MS: Kind = Kind::Whole(1, 86_400_000);

/// Every setting, in the order of the document.
pub static SETTINGS: &[Setting] = &[
    of(
        "model",
        Kind::Text,
        "",
        "The model, as the provider names it; also -m.",
    ),
    of(
        "model_provider",
        Kind::Text,
        "\"litellm\"",
        "The provider: a built-in one or a key of model_providers.",
    ),
    of(
        "model_context_window",
        TOKENS,
        "",
        "How many tokens the model takes in all, where you know better than the provider.",
    ),
    of(
        "model_max_output_tokens",
        TOKENS,
        "",
        "The most tokens to ask for in one answer.",
    ),
    of(
        "model_auto_compact_token_limit",
        TOKENS,
        "",
        "How many tokens a conversation may have before it is summarized.",
    ),
    of(
        "model_reasoning_effort",
        Kind::Word(&EFFORTS),
        "",
        "How much the model shall think.",
    ),
    of(
        "model_reasoning_summary",
        Kind::Word(&SUMMARIES),
        "",
        "Which summary of its thoughts the model is asked for.",
    ),
    of(
        "model_verbosity",
        Kind::Word(&VERBOSITIES),
        "",
        "How long answers shall be.",
    ),
    of(
        "sandbox_mode",
        Kind::Word(&SANDBOX_MODES),
        "\"read-only\"",
        "How far commands of the agent may reach; also -s.",
    ),
    of(
        "approval_policy",
        APPROVALS,
        "\"on-request\"",
        "When a person must approve a command.",
    ),
    of(
        "cli_auth_credentials_store",
        KEY_STORES,
        "\"file\"",
        "Where llmx login keeps keys.",
    ),
    of(
        "notify",
        Kind::Command,
        "",
        "A program that is told when a turn was completed.",
    ),
    of(
        "project_doc_max_bytes",
        Kind::Whole(0, 1_048_576),
        "32768",
        "How much of the project's instructions is read; 0 for none.",
    ),
    of(
        "project_doc_fallback_filenames",
        Kind::List,
        "[]",
        "Names of files to look for where a directory has no AGENTS.md.",
    ),
    of(
        "developer_instructions",
        Kind::Text,
        "",
        "Instructions of your own, beside those of llmx.",
    ),
    of(
        "compact_prompt",
        Kind::Text,
        "",
        "What the model is asked for when a conversation has become too long.",
    ),
    of(
        "hide_agent_reasoning",
        Kind::Truth,
        "false",
        "Whether the model's thoughts are not shown.",
    ),
    of(
        "show_raw_agent_reasoning",
        Kind::Truth,
        "false",
        "Whether thoughts are shown as they are, where the provider gives them.",
    ),
    of(
        "web_search",
        Kind::Word(&WEB_SEARCH_WORDS),
        "\"disabled\"",
        "Whether the model may search the web, where the provider does that for it.",
    ),
    of("profile", Kind::Text, "", "The profile to use; also -p."),
    of(
        "model_prices.input",
        Kind::Amount,
        "",
        "US dollars per million tokens that the provider reads.",
    ),
    of(
        "model_prices.cached_input",
        Kind::Amount,
        "",
        "US dollars per million tokens that the provider remembers; as input where it is left out.",
    ),
    of(
        "model_prices.output",
        Kind::Amount,
        "",
        "US dollars per million tokens that the model writes.",
    ),
    of(
        "sandbox_workspace_write.writable_roots",
        Kind::List,
        "[]",
        "Directories that may be written beside the workspace.",
    ),
    of(
        "sandbox_workspace_write.network_access",
        Kind::Truth,
        "false",
        "Whether commands may use the network.",
    ),
    of(
        "sandbox_workspace_write.exclude_tmpdir_env_var",
        Kind::Truth,
        "false",
        "Whether the directory that TMPDIR names stays read-only.",
    ),
    of(
        "sandbox_workspace_write.exclude_slash_tmp",
        Kind::Truth,
        "false",
        "Whether /tmp stays read-only.",
    ),
    of(
        "shell_environment_policy.inherit",
        Kind::Word(&["all", "core", "none"]),
        "\"all\"",
        "What the environment of commands starts from.",
    ),
    of(
        "shell_environment_policy.ignore_default_excludes",
        Kind::Truth,
        "false",
        "Whether variables with KEY, SECRET or TOKEN in their names are kept.",
    ),
    of(
        "shell_environment_policy.exclude",
        Kind::List,
        "[]",
        "Patterns of names to take out.",
    ),
    of(
        "shell_environment_policy.set",
        Kind::Scalars,
        "",
        "Variables to add.",
    ),
    of(
        "shell_environment_policy.include_only",
        Kind::List,
        "[]",
        "Where not empty, patterns of the only names to keep.",
    ),
    of(
        "history.persistence",
        Kind::Word(&["save-all", "none"]),
        "\"save-all\"",
        "Whether what people type is remembered in history.jsonl.",
    ),
    of(
        "hooks.SessionStart",
        Kind::Hooks,
        "",
        "Programs that are asked before the first prompt of a session.",
    ),
    of(
        "hooks.UserPromptSubmit",
        Kind::Hooks,
        "",
        "Programs that are asked before a prompt is taken up.",
    ),
    of(
        "hooks.PreToolUse",
        Kind::Hooks,
        "",
        "Programs that are asked before a tool is used.",
    ),
    of(
        "hooks.PostToolUse",
        Kind::Hooks,
        "",
        "Programs that are told what a tool has done.",
    ),
    of(
        "hooks.PreCompact",
        Kind::Hooks,
        "",
        "Programs that are asked before a conversation is summarized.",
    ),
    of(
        "hooks.Stop",
        Kind::Hooks,
        "",
        "Programs that are asked before the agent stops.",
    ),
    of(
        "hooks.SessionEnd",
        Kind::Hooks,
        "",
        "Programs that are told that a session has ended.",
    ),
    of(
        "projects.PATH.trust_level",
        Kind::Word(&["trusted", "untrusted"]),
        "",
        "Whether the settings of the project in PATH count.",
    ),
    of(
        "model_providers.ID.name",
        Kind::Text,
        "",
        "The name shown to people; ID where it is left out.",
    ),
    of(
        "model_providers.ID.base_url",
        Kind::Text,
        "",
        "The address, up to the version: https://host/v1.",
    ),
    of(
        "model_providers.ID.wire_api",
        WIRE_APIS,
        "\"responses\"",
        "The protocol that the provider speaks; auto finds it out.",
    ),
    of(
        "model_providers.ID.env_key",
        Kind::Text,
        "",
        "The variable that holds the API key.",
    ),
    of(
        "model_providers.ID.key_file",
        Kind::Text,
        "",
        "The file that holds the API key, readable by you alone.",
    ),
    of(
        "model_providers.ID.key_command",
        Kind::Command,
        "",
        "The program that prints the API key.",
    ),
    of(
        "model_providers.ID.key_command_ttl_s",
        Kind::Whole(0, 86_400),
        "300",
        "How many seconds the answer of key_command counts.",
    ),
    of(
        "model_providers.ID.bridge",
        Kind::Scalars,
        "",
        "Decisions about translations.",
    ),
    of(
        "model_providers.ID.query_params",
        Kind::Texts,
        "",
        "Pairs added to the query of every request.",
    ),
    of(
        "model_providers.ID.http_headers",
        Kind::Texts,
        "",
        "Headers added to every request.",
    ),
    of(
        "model_providers.ID.env_http_headers",
        Kind::Texts,
        "",
        "Headers added to every request, each with the variable that holds its value.",
    ),
    of(
        "model_providers.ID.request_max_retries",
        RETRIES,
        "4",
        "How often one request is sent again before its stream has begun.",
    ),
    of(
        "model_providers.ID.stream_max_retries",
        RETRIES,
        "5",
        "How often a turn is sent again after its stream was cut.",
    ),
    of(
        "model_providers.ID.stream_idle_timeout_ms",
        DAY_MS,
        "300000",
        "How many milliseconds a stream may stay silent.",
    ),
    of(
        "mcp_servers.ID.command",
        Kind::Text,
        "",
        "The program of a server that speaks on its standard input and output.",
    ),
    of("mcp_servers.ID.args", Kind::List, "[]", "Its arguments."),
    of(
        "mcp_servers.ID.env",
        Kind::Scalars,
        "",
        "Variables that it is given.",
    ),
    of(
        "mcp_servers.ID.env_vars",
        Kind::List,
        "[]",
        "Names of your variables that it is given, too.",
    ),
    of(
        "mcp_servers.ID.cwd",
        Kind::Text,
        "",
        "Where it starts; else where the agent works.",
    ),
    of(
        "mcp_servers.ID.url",
        Kind::Text,
        "",
        "The address of a server that speaks streamable HTTP.",
    ),
    of(
        "mcp_servers.ID.bearer_token_env_var",
        Kind::Text,
        "",
        "The variable that holds its bearer token.",
    ),
    of(
        "mcp_servers.ID.http_headers",
        Kind::Texts,
        "",
        "Headers of every request.",
    ),
    of(
        "mcp_servers.ID.env_http_headers",
        Kind::Texts,
        "",
        "Headers of every request, each with the variable that holds its value.",
    ),
    of(
        "mcp_servers.ID.enabled",
        Kind::Truth,
        "true",
        "Whether the server is used.",
    ),
    of(
        "mcp_servers.ID.startup_timeout_sec",
        Kind::Amount,
        "10",
        "How many seconds it may take to start.",
    ),
    of(
        "mcp_servers.ID.startup_timeout_ms",
        DAY_MS,
        "",
        "The same in milliseconds.",
    ),
    of(
        "mcp_servers.ID.tool_timeout_sec",
        Kind::Amount,
        "60",
        "How many seconds one of its tools may take.",
    ),
    of(
        "mcp_servers.ID.enabled_tools",
        Kind::List,
        "",
        "The only tools to offer.",
    ),
    of(
        "mcp_servers.ID.disabled_tools",
        Kind::List,
        "[]",
        "Tools not to offer.",
    ),
    of(
        "tools.web_search",
        Kind::Truth,
        "",
        "An older way to write web_search: live or disabled.",
    ),
    of(
        "context_length",
        TOKENS,
        "",
        "An older name of model_context_window.",
    ),
    of("general.model", Kind::Text, "", "An older name of model."),
    of(
        "general.model_provider",
        Kind::Text,
        "",
        "An older name of model_provider.",
    ),
    of(
        "general.context_length",
        TOKENS,
        "",
        "An older name of model_context_window.",
    ),
    of(
        "general.api_base",
        Kind::Text,
        "",
        "An older name of model_providers.litellm.base_url.",
    ),
    of(
        "general.api_key",
        Kind::Text,
        "",
        "The key of the provider litellm, in a file that only you can read.",
    ),
    of("litellm.model", Kind::Text, "", "An older name of model."),
    of(
        "litellm.api_base",
        Kind::Text,
        "",
        "An older name of model_providers.litellm.base_url.",
    ),
    of(
        "litellm.api_key",
        Kind::Text,
        "",
        "The key of the provider litellm, in a file that only you can read.",
    ),
];
