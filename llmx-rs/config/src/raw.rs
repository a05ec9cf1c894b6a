//! The first stage: what one source asks for, every setting optional.

use std::collections::BTreeMap;

use llmx_protocol::{ApprovalPolicy, SandboxMode};
use llmx_wire::Dialect;
use serde::{Serialize, Serializer};

use crate::environment::Inherit;
use crate::hook::Hooks;
use crate::layer::{Setting, layers};
use crate::login::KeyStore;
use crate::resolved::{HistoryPersistence, WebSearch};
use crate::secret::Secret;
use crate::source::Located;

layers! {
    /// The settings of one source, or of one profile in it.
    struct RawConfig {
        approval_policy: Setting<ApprovalPolicy>,
        cli_auth_credentials_store: Setting<KeyStore>,
        compact_prompt: Setting<String>,
        developer_instructions: Setting<String>,
        hide_agent_reasoning: Setting<bool>,
        history: Setting<HistoryPersistence>,
        hooks: Hooks,
        mcp_servers: BTreeMap<String, RawMcpServer>,
        model: Setting<String>,
        model_facts: RawModel,
        model_provider: Setting<String>,
        notify: Setting<Vec<String>>,
        profile: Setting<String>,
        profiles: BTreeMap<String, RawConfig>,
        project_doc_fallback_filenames: Setting<Vec<String>>,
        project_doc_max_bytes: Setting<usize>,
        /// By directory, as it was written.
        projects: BTreeMap<String, Located<Trust>>,
        providers: BTreeMap<String, RawProvider>,
        sandbox_mode: Setting<SandboxMode>,
        sandbox_workspace_write: RawSandbox,
        shell_environment: RawEnvironment,
        show_raw_agent_reasoning: Setting<bool>,
        web_search: Setting<WebSearch>,
    }

    /// What a source says about the model, beside its name.
    struct RawModel {
        auto_compact_token_limit: Setting<u64>,
        context_window: Setting<u64>,
        max_output_tokens: Setting<u64>,
        price_cached_input: Setting<f64>,
        price_input: Setting<f64>,
        price_output: Setting<f64>,
        reasoning_effort: Setting<String>,
        reasoning_summary: Setting<String>,
        verbosity: Setting<String>,
    }

    /// `sandbox_workspace_write`.
    struct RawSandbox {
        exclude_slash_tmp: Setting<bool>,
        exclude_tmpdir_env_var: Setting<bool>,
        network_access: Setting<bool>,
        writable_roots: Setting<Vec<String>>,
    }

    /// `shell_environment_policy`.
    struct RawEnvironment {
        exclude: Setting<Vec<String>>,
        ignore_default_excludes: Setting<bool>,
        include_only: Setting<Vec<String>>,
        inherit: Setting<Inherit>,
        set: BTreeMap<String, Located<Secret>>,
    }

    /// What one source says about one provider.
    struct RawProvider {
        base_url: Setting<String>,
        /// Decisions about translations, which only the bridge knows.
        bridge: BTreeMap<String, Located<String>>,
        /// `None` inside means that the provider is asked to need no key.
        env_key: Setting<Option<String>>,
        /// Header names in lower case, each with the variable that holds its value.
        env_http_headers: BTreeMap<String, Located<String>>,
        /// Header names in lower case.
        http_headers: BTreeMap<String, Located<Secret>>,
        /// The key itself, which only the table of an older spelling may hold.
        key: Setting<Secret>,
        key_command: Setting<Vec<String>>,
        key_command_ttl_s: Setting<u64>,
        key_file: Setting<String>,
        name: Setting<String>,
        query_params: BTreeMap<String, Located<Secret>>,
        request_max_retries: Setting<u32>,
        stream_idle_timeout_ms: Setting<u64>,
        stream_max_retries: Setting<u32>,
        wire_api: Setting<WireApi>,
    }

    /// What one source says about one MCP server.
    struct RawMcpServer {
        args: Setting<Vec<String>>,
        bearer_token_env_var: Setting<String>,
        command: Setting<String>,
        cwd: Setting<String>,
        disabled_tools: Setting<Vec<String>>,
        enabled: Setting<bool>,
        enabled_tools: Setting<Vec<String>>,
        env: BTreeMap<String, Located<Secret>>,
        env_http_headers: BTreeMap<String, Located<String>>,
        env_vars: Setting<Vec<String>>,
        http_headers: BTreeMap<String, Located<Secret>>,
        startup_timeout_ms: Setting<u64>,
        tool_timeout_ms: Setting<u64>,
        url: Setting<String>,
    }
}

/// A value of `wire_api`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireApi {
    Auto,
    Dialect(Dialect),
}

impl Serialize for WireApi {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Auto => "auto",
            Self::Dialect(Dialect::Responses) => "responses",
            Self::Dialect(Dialect::Chat) => "chat",
            Self::Dialect(Dialect::Messages) => "messages",
            Self::Dialect(Dialect::Gemini) => "gemini",
        })
    }
}

/// Whether the settings of a project count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Trust {
    Trusted,
    Untrusted,
}
