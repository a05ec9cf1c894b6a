//! The command line of the proxy.

use std::path::PathBuf;
use std::sync::LazyLock;

use llmx_wire::Dialect;

/// Flags of `llmx responses-api-proxy`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Port on 127.0.0.1; without it (or with 0) a free one is chosen.
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,

    /// Write one line of JSON with the port and the process id to FILE once the proxy listens.
    #[arg(long, value_name = "FILE")]
    pub server_info: Option<PathBuf>,

    /// Let `GET /shutdown` end the proxy, so that a user who may not signal it can.
    #[arg(long)]
    pub http_shutdown: bool,

    /// Where requests are forwarded; a query in it is kept.
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://api.openai.com/v1/responses"
    )]
    pub upstream_url: String,

    /// Translate to what the upstream speaks.
    #[arg(long, value_name = "DIALECT", value_enum, group = "bridge")]
    pub bridge_to: Option<BridgeTo>,

    /// Short for --bridge-to chat: the upstream is a /chat/completions endpoint.
    #[arg(long, group = "bridge")]
    pub bridge_to_chat: bool,

    /// Decide how the translation is done; give it several times for several decisions.
    #[arg(long, value_name = "NAME=VALUE", requires = "bridge", value_parser = bridge_option, long_help = BRIDGE_OPTION_HELP.as_str())]
    pub bridge_option: Vec<(String, String)>,

    /// The largest request that is translated, in MiB; forwarded ones have no limit.
    #[arg(long, value_name = "MIB", default_value_t = 64)]
    pub body_limit: usize,

    /// How much memory translated responses may take that clients continue by their id, with K, M
    /// or G for powers of 1024; 0 keeps none.
    #[arg(long, value_name = "BYTES", default_value = "64M", value_parser = bytes)]
    pub state_max_bytes: usize,

    /// Allow an upstream on another machine over plain http; the key then travels unencrypted.
    #[arg(long)]
    pub allow_insecure_upstream: bool,

    /// Reach the upstream through the proxy that HTTPS_PROXY, ALL_PROXY and NO_PROXY name.
    #[arg(long)]
    pub use_env_proxy: bool,

    /// Listen on a Unix socket that only this user may open; no TCP port then, unless --port.
    #[cfg(unix)]
    #[arg(long, value_name = "PATH")]
    pub unix_socket: Option<PathBuf>,

    /// Serve only the user with this id; give it several times for several users.
    #[arg(long, value_name = "UID")]
    pub allow_uid: Vec<u32>,

    /// Refuse to start if any protection of the key does not hold.
    #[arg(long)]
    pub require_hardening: bool,

    /// Write every request and response to DIR as JSON, secrets redacted.
    #[arg(long, value_name = "DIR")]
    pub dump_dir: Option<PathBuf>,

    /// How long running answers may take to end after a shutdown began.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub shutdown_grace: u64,
}

impl Args {
    /// Returns what the upstream speaks, if it is not Responses.
    pub(crate) fn bridge(&self) -> Option<Dialect> {
        let to = self
            .bridge_to
            .or(self.bridge_to_chat.then_some(BridgeTo::Chat));
        to.map(|to| match to {
            BridgeTo::Chat => Dialect::Chat,
            BridgeTo::Messages => Dialect::Messages,
            BridgeTo::Gemini => Dialect::Gemini,
        })
    }
}

/// The dialects that requests can be translated to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum BridgeTo {
    /// OpenAI Chat Completions: the upstream's URL ends in /chat/completions.
    Chat,
    /// Anthropic Messages: the upstream's URL ends in /messages.
    Messages,
    /// Google Gemini: the upstream's URL ends before /models, as in /v1beta.
    Gemini,
}

/// Reads `NAME=VALUE`, and refuses at once what the bridge would not take.
fn bridge_option(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it takes the form NAME=VALUE")?;
    llmx_bridge::Options::default()
        .set(name, value)
        .map_err(|error| error.to_string())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads a number of bytes, which may end in K, M or G.
fn bytes(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (text.get(..at), 1 << 10),
        Some((at, 'm' | 'M')) => (text.get(..at), 1 << 20),
        Some((at, 'g' | 'G')) => (text.get(..at), 1 << 30),
        _ => (Some(text), 1),
    };
    let number: Option<usize> = digits.and_then(|digits| digits.parse().ok());
    let bytes = number.and_then(|number| number.checked_mul(unit));
    bytes.ok_or_else(|| "it takes a number of bytes, such as 500000, 512K or 64M".to_owned())
}

static BRIDGE_OPTION_HELP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "Decide how the translation is done; give it several times for several decisions:\n{}",
        llmx_bridge::settings_help()
    )
});

const AFTER_HELP: &str = "\
The key comes from standard input, so that it is never in the arguments or the environment:
  printenv OPENAI_API_KEY | env -u OPENAI_API_KEY llmx responses-api-proxy --http-shutdown --server-info /tmp/server-info.json

Only POST /v1/responses is forwarded; everything else gets 403.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_with_and_without_a_unit() {
        for (text, count) in [
            ("0", 0),
            ("1500", 1500),
            ("2k", 2048),
            ("64M", 64 << 20),
            ("1G", 1 << 30),
        ] {
            assert_eq!(bytes(text), Ok(count), "{text}");
        }
        for text in ["", "M", "-1", "1.5M", "64MB", "4 M", "99999999999G"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
