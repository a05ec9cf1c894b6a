//! Why the proxy does not start, each with what to do about it.

use std::io;
use std::path::PathBuf;

use llmx_serve::ListenError;
use llmx_upstream::{BadEndpoint, BadTarget, SetupFault};

/// A reason not to start.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// Nothing, or only white space, on standard input.
    #[error(
        "no API key came on standard input; pipe it in: printenv OPENAI_API_KEY | env -u OPENAI_API_KEY llmx responses-api-proxy"
    )]
    KeyEmpty,
    /// A key that does not fit its buffer.
    #[error("the API key is longer than {limit} bytes")]
    KeyTooLong {
        /// The bytes that fit.
        limit: usize,
    },
    /// A byte that no bearer token has. The byte is not shown: it is part of the key.
    #[error(
        "the API key has a character that bearer tokens may not have; allowed are A-Z a-z 0-9 and - . _ ~ + / ="
    )]
    KeyNotToken,
    /// Standard input could not be read.
    #[error("the API key cannot be read from standard input: {0}")]
    KeyUnreadable(io::Error),
    /// Memory for the key could not be had.
    #[error("no memory for the API key")]
    NoMemory,
    /// `--require-hardening` and something did not hold.
    #[error("--require-hardening: {0}")]
    NotHardened(String),
    /// `--upstream-url`.
    #[error("--upstream-url: {0}")]
    Upstream(#[from] BadEndpoint),
    /// The HTTP client.
    #[error(transparent)]
    Client(#[from] SetupFault),
    /// `--bridge-option`.
    #[error("--bridge-option: {0}")]
    BridgeOption(#[from] llmx_bridge::BadSetting),
    /// The translation.
    #[error(transparent)]
    Bridge(#[from] BadTarget),
    /// The sockets.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// `--server-info`.
    #[error("--server-info: cannot write {}: {source}", path.display())]
    ServerInfo {
        /// The path asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `--dump-dir`.
    #[error("--dump-dir: cannot write to {}: {source}", path.display())]
    DumpDir {
        /// The path asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The runtime or its signals.
    #[error("the runtime cannot start: {0}")]
    Runtime(io::Error),
}
