//! The configuration as the rest of llmx sees it: every value present, checked and meaningful.

use std::path::PathBuf;
use std::time::Duration;

use llmx_protocol::{ApprovalPolicy, SandboxMode};
use llmx_wire::Dialect;

use crate::builtin;
use crate::origin::Origins;
use crate::secret::Secret;

/// Everything that one run of the agent needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The directory of configuration and sessions (`$LLMX_HOME`, else `~/.llmx`).
    pub home: PathBuf,
    /// The directory the agent works in, absolute.
    pub cwd: PathBuf,
    /// The model, as the provider names it.
    pub model: String,
    /// Where requests go.
    pub provider: Provider,
    /// How far commands may reach.
    pub sandbox_mode: SandboxMode,
    /// When a person must approve a command.
    pub approval_policy: ApprovalPolicy,
    /// Where each of these values came from, by its key in `config.toml`.
    pub origins: Origins,
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
    /// The API key, where the provider needs one.
    pub key: Option<Secret>,
    /// The environment variable that the key came from.
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
}

impl Provider {
    /// Returns whether this is the scripted model of `llmx` itself, which whoever runs it must
    /// start first and put its address into `base_url`.
    pub fn is_unstarted_demo(&self) -> bool {
        self.id == builtin::DEMO && self.base_url == builtin::DEMO_BASE_URL
    }
}
