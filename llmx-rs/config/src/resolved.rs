//! The configuration as the rest of llmx sees it: every value present, checked and meaningful.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use llmx_protocol::{ApprovalPolicy, SandboxMode, SandboxPolicy};
use llmx_wire::Dialect;
use serde::Serialize;

use crate::builtin;
use crate::credential::CredentialSource;
use crate::environment::ShellEnvironmentPolicy;
use crate::hook::Hook;
use crate::login::KeyStore;
use crate::mcp::McpServer;
use crate::origin::Origins;
use crate::secret::Secret;

/// Everything that one run of the agent needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The directory of configuration and sessions (`$LLMX_HOME`, else `~/.llmx`).
    pub home: PathBuf,
    /// The directory the agent works in, absolute.
    pub cwd: PathBuf,
    /// The profile in force.
    pub profile: Option<String>,
    /// The model, as the provider names it.
    pub model: String,
    /// How many tokens the model takes in all, where the user knows better than the provider.
    pub model_context_window: Option<u64>,
    /// The most tokens to ask for in one answer.
    pub model_max_output_tokens: Option<u64>,
    /// How many tokens a conversation may have before it is summarized.
    pub model_auto_compact_token_limit: Option<u64>,
    /// How much the model shall think.
    pub model_reasoning_effort: Option<String>,
    /// Which summary of its thoughts is asked for.
    pub model_reasoning_summary: Option<String>,
    /// How long answers shall be.
    pub model_verbosity: Option<String>,
    /// What the model costs.
    pub model_prices: Option<ModelPrices>,
    /// Where requests go.
    pub provider: Provider,
    /// How far commands may reach.
    pub sandbox_mode: SandboxMode,
    /// What `workspace-write` means.
    pub sandbox_workspace_write: WorkspaceWrite,
    /// When a person must approve a command.
    pub approval_policy: ApprovalPolicy,
    /// Which variables commands see.
    pub shell_environment_policy: ShellEnvironmentPolicy,
    /// Where `llmx login` keeps keys.
    pub cli_auth_credentials_store: KeyStore,
    /// The program that is told when a turn has ended, and its first arguments.
    pub notify: Option<Vec<String>>,
    /// Programs of the user that are asked along the way, in the order in which they run.
    pub hooks: Vec<Hook>,
    /// MCP servers, in the order of their ids; those that are off are here, too.
    pub mcp_servers: Vec<McpServer>,
    /// Whether prompts are remembered in `history.jsonl`.
    pub history: HistoryPersistence,
    /// How much of the project's instructions is read.
    pub project_doc_max_bytes: usize,
    /// Names of files to look for where a directory has no AGENTS.md.
    pub project_doc_fallback_filenames: Vec<String>,
    /// Instructions of the user's own, beside those of llmx.
    pub developer_instructions: Option<String>,
    /// What the model is asked for when a conversation has become too long.
    pub compact_prompt: Option<String>,
    /// Whether the model's thoughts are not shown.
    pub hide_agent_reasoning: bool,
    /// Whether thoughts are shown as they are, where the provider gives them.
    pub show_raw_agent_reasoning: bool,
    /// Whether the model may search the web. Only providers of the Responses API search.
    pub web_search: WebSearch,
    /// The variables that any provider or MCP server takes a secret from; no command may see them.
    pub secret_variables: BTreeSet<String>,
    /// The files that any provider takes its key from; no command may read them.
    pub secret_files: BTreeSet<PathBuf>,
    /// What the user should hear once, such as a project file that was not read.
    pub notices: Vec<String>,
    /// Where each of these values came from, by its key in `config.toml`.
    pub origins: Origins,
}

impl Config {
    /// Returns the sandbox that commands run in.
    pub fn sandbox_policy(&self) -> SandboxPolicy {
        let workspace = &self.sandbox_workspace_write;
        match self.sandbox_mode {
            SandboxMode::WorkspaceWrite => SandboxPolicy::WorkspaceWrite {
                writable_roots: workspace.writable_roots.clone(),
                network_access: workspace.network_access,
                exclude_tmpdir_env_var: workspace.exclude_tmpdir_env_var,
                exclude_slash_tmp: workspace.exclude_slash_tmp,
            },
            mode => mode.into(),
        }
    }
}

/// `sandbox_workspace_write`: what the sandbox mode of that name opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkspaceWrite {
    /// Directories that may be written beside the workspace.
    pub writable_roots: Vec<PathBuf>,
    /// Whether commands may use the network.
    pub network_access: bool,
    /// Whether the directory that `TMPDIR` names stays read-only.
    pub exclude_tmpdir_env_var: bool,
    /// Whether `/tmp` stays read-only.
    pub exclude_slash_tmp: bool,
}

/// What a model costs, in US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelPrices {
    /// Tokens that the provider reads.
    pub input: f64,
    /// Tokens that it remembers; the price of the others where it is not given.
    pub cached_input: f64,
    /// Tokens that it writes.
    pub output: f64,
}

/// Whether prompts are remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HistoryPersistence {
    /// All are.
    #[default]
    SaveAll,
    /// None is.
    None,
}

/// Whether the model may search the web, where the provider does that for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebSearch {
    /// It may not.
    #[default]
    Disabled,
    /// It may search in what the provider has at hand.
    Cached,
    /// It may search the web as it is.
    Live,
}

/// One model provider, ready to be called.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The key below `model_providers`, for example `litellm`.
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// The base URL without a trailing slash; a dialect appends its own path to it.
    pub base_url: String,
    /// The protocols the provider may speak, the likeliest first. With more than one, the first
    /// request finds out which it is.
    pub dialects: Vec<Dialect>,
    /// Decisions about translations to those protocols, by the names that the bridge gives them.
    pub bridge: Vec<(String, String)>,
    /// The API key, where the provider needs one and it was known from the start; what a
    /// command gives is only in [`credential`](Self::credential).
    pub key: Option<Secret>,
    /// The environment variable that may hold the key, and that no command may see.
    pub env_key: Option<String>,
    /// Pairs added to the query of every request.
    pub query_params: Vec<(String, String)>,
    /// Headers added to every request, environment headers included.
    pub headers: Vec<(String, Secret)>,
    /// How often one request is sent again before its stream has begun.
    pub request_max_retries: u32,
    /// How often a turn is sent again after its stream was cut.
    pub stream_max_retries: u32,
    /// How long a stream may stay silent.
    pub stream_idle_timeout: Duration,
    pub(crate) credential: CredentialSource,
}

impl Provider {
    /// Returns where the key comes from; clones share what they have fetched.
    pub fn credential(&self) -> CredentialSource {
        self.credential.clone()
    }

    /// Returns whether this is the scripted model of `llmx` itself, which whoever runs it must
    /// start first and put its address into `base_url`.
    pub fn is_unstarted_demo(&self) -> bool {
        self.id == builtin::DEMO && self.base_url == builtin::DEMO_BASE_URL
    }
}
