//! Turns the settings of MCP servers into servers that can be started or reached.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;

use crate::error::ConfigError;
use crate::inputs::Inputs;
use crate::layer::Setting;
use crate::origin::Origins;
use crate::problem::Problem;
use crate::raw::RawMcpServer;
use crate::reader::join;
use crate::secret::Secret;
use crate::source::{Located, Place, Source};

/// One MCP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServer {
    /// The key below `mcp_servers`.
    pub id: String,
    /// How it is reached.
    pub transport: McpTransport,
    /// Whether it is used.
    pub enabled: bool,
    /// How long it may take to start.
    pub startup_timeout: Duration,
    /// How long one of its tools may take.
    pub tool_timeout: Duration,
    /// The only tools to offer, where named.
    pub enabled_tools: Option<Vec<String>>,
    /// Tools not to offer.
    pub disabled_tools: Vec<String>,
}

/// How an MCP server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum McpTransport {
    /// A program that speaks on its standard input and output.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Variables that it is given.
        env: Vec<(String, Secret)>,
        /// Names of variables of llmx that it is given, too.
        env_vars: Vec<String>,
        /// Where it starts; else where the agent works.
        cwd: Option<PathBuf>,
    },
    /// An address that speaks streamable HTTP.
    Http {
        /// The address.
        url: String,
        /// The variable that holds its bearer token.
        bearer_token_env_var: Option<String>,
        /// Headers of every request.
        http_headers: Vec<(String, Secret)>,
        /// Headers of every request, each with the variable that holds its value.
        env_http_headers: Vec<(String, String)>,
    },
}

/// Resolves every server, or returns all that is wrong with them.
pub(crate) fn resolve(
    servers: BTreeMap<String, RawMcpServer>,
    inputs: &Inputs<'_>,
    origins: &mut Origins,
) -> Result<Vec<McpServer>, Vec<ConfigError>> {
    let mut faults = Vec::new();
    let mut resolved = Vec::new();
    for (id, raw) in servers {
        let path = join("mcp_servers", &id);
        match server(id, raw, &path, inputs, origins) {
            Ok(server) => resolved.push(server),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(resolved)
    } else {
        Err(faults)
    }
}

fn server(
    id: String,
    mut raw: RawMcpServer,
    path: &str,
    inputs: &Inputs<'_>,
    origins: &mut Origins,
) -> Result<McpServer, ConfigError> {
    let fault = |reason, place: &Place| {
        let key = path.to_owned();
        ConfigError::new(Problem::Server { key, reason }, place)
    };
    let key = |name: &str| join(path, name);
    let transport = match (raw.command.take(), raw.url.take()) {
        (Some(command), None) => {
            if let Some(place) = http_part(&raw) {
                return Err(fault(NOT_FOR_PROGRAMS, &place));
            }
            stdio(command, &mut raw, path, inputs, origins)
        }
        (None, Some(url)) => {
            if let Some(place) = stdio_part(&raw) {
                return Err(fault(NOT_FOR_ADDRESSES, &place));
            }
            if !is_address(&url.value) {
                return Err(fault(NOT_AN_ADDRESS, &url.place));
            }
            http(url, &mut raw, path, origins)
        }
        (Some(_), Some(url)) => return Err(fault(BOTH, &url.place)),
        (None, None) => return Err(fault(NEITHER, &Place::whole(Source::Default))),
    };
    let startup = origins.keep_or(
        &key("startup_timeout_ms"),
        raw.startup_timeout_ms,
        STARTUP_MS,
    );
    let tool = origins.keep_or(&key("tool_timeout_ms"), raw.tool_timeout_ms, TOOL_MS);
    Ok(McpServer {
        transport,
        enabled: origins.keep_or(&key("enabled"), raw.enabled, true),
        startup_timeout: Duration::from_millis(startup),
        tool_timeout: Duration::from_millis(tool),
        enabled_tools: origins.keep_some(&key("enabled_tools"), raw.enabled_tools),
        disabled_tools: list(origins, &key("disabled_tools"), raw.disabled_tools),
        id,
    })
}

fn stdio(
    command: Located<String>,
    raw: &mut RawMcpServer,
    path: &str,
    inputs: &Inputs<'_>,
    origins: &mut Origins,
) -> McpTransport {
    let key = |name: &str| join(path, name);
    McpTransport::Stdio {
        command: origins.keep(&key("command"), command),
        args: list(origins, &key("args"), raw.args.take()),
        env: pairs(origins, &key("env"), std::mem::take(&mut raw.env)),
        env_vars: list(origins, &key("env_vars"), raw.env_vars.take()),
        cwd: origins
            .keep_some(&key("cwd"), raw.cwd.take())
            .map(|cwd| inputs.expand(&cwd)),
    }
}

fn http(
    url: Located<String>,
    raw: &mut RawMcpServer,
    path: &str,
    origins: &mut Origins,
) -> McpTransport {
    let key = |name: &str| join(path, name);
    let http_headers = std::mem::take(&mut raw.http_headers);
    let env_http_headers = std::mem::take(&mut raw.env_http_headers);
    McpTransport::Http {
        url: origins.keep(&key("url"), url),
        bearer_token_env_var: origins.keep_some(
            &key("bearer_token_env_var"),
            raw.bearer_token_env_var.take(),
        ),
        http_headers: pairs(origins, &key("http_headers"), http_headers),
        env_http_headers: pairs(origins, &key("env_http_headers"), env_http_headers),
    }
}

fn list(origins: &mut Origins, key: &str, setting: Setting<Vec<String>>) -> Vec<String> {
    origins.keep_some(key, setting).unwrap_or_default()
}

/// Notes each pair of a table and returns them in the order of their names.
pub(crate) fn pairs<T: serde::Serialize>(
    origins: &mut Origins,
    path: &str,
    table: BTreeMap<String, Located<T>>,
) -> Vec<(String, T)> {
    let pair = |(name, value): (String, _)| {
        let value = origins.keep(&join(path, &name), value);
        (name, value)
    };
    table.into_iter().map(pair).collect()
}

/// Returns where a server says what only an address has.
fn http_part(raw: &RawMcpServer) -> Option<Place> {
    place(raw.bearer_token_env_var.as_ref())
        .or_else(|| place(raw.http_headers.values().next()))
        .or_else(|| place(raw.env_http_headers.values().next()))
}

/// Returns where a server says what only a program has.
fn stdio_part(raw: &RawMcpServer) -> Option<Place> {
    place(raw.args.as_ref())
        .or_else(|| place(raw.cwd.as_ref()))
        .or_else(|| place(raw.env.values().next()))
        .or_else(|| place(raw.env_vars.as_ref()))
}

fn place<T>(setting: Option<&Located<T>>) -> Option<Place> {
    Some(setting?.place.clone())
}

fn is_address(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let user = uri
            .authority()
            .is_some_and(|name| name.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("http" | "https")) && !host.is_empty() && !user
    })
}

const STARTUP_MS: u64 = 10_000;
const TOOL_MS: u64 = 60_000;

const BOTH: &str = "is both a program (`command`) and an address (`url`); leave one out";
const NEITHER: &str = "is neither a program nor an address; give it a `command` or a `url`";
const NOT_AN_ADDRESS: &str =
    "takes a `url` that begins with http:// or https:// and holds no password";
const NOT_FOR_PROGRAMS: &str = "is a program (`command`), which has no headers and no bearer token; give it variables in `env`";
const NOT_FOR_ADDRESSES: &str =
    "is an address (`url`), which has no arguments, variables or directory; give it `http_headers`";
