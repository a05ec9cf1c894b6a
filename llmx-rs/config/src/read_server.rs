//! Reads the settings of one MCP server out of a source's tree.

use crate::foreign;
use crate::layer::Setting;
use crate::problem::Problem;
use crate::raw::RawMcpServer;
use crate::read_provider::{header_value, headers};
use crate::read_tables::{foreign_or_unknown, is_variable, variables, whole_path};
use crate::reader::{Reader, join};
use crate::source::Located;
use crate::tree::{Entry, Node, Value};

/// Reads `mcp_servers.ID`, where `path` is that dotted key.
pub(crate) fn read(reader: &mut Reader, path: &str, server: &Entry) -> RawMcpServer {
    let mut raw = RawMcpServer::default();
    if !is_id(&server.key) {
        let key = path.to_owned();
        reader.fault(Problem::ServerName { key }, &server.place);
    }
    for entry in reader.table(path, &server.node) {
        let (key, node) = (join(path, &entry.key), &entry.node);
        match entry.key.as_str() {
            "args" => raw.args = arguments(reader, &key, node),
            "bearer_token_env_var" => raw.bearer_token_env_var = variable(reader, &key, node),
            "command" => raw.command = reader.text(&key, node),
            "cwd" => raw.cwd = whole_path(reader, &key, node),
            "disabled_tools" => raw.disabled_tools = reader.list(&key, node),
            "enabled" => raw.enabled = reader.truth(&key, node),
            "enabled_tools" => raw.enabled_tools = reader.list(&key, node),
            "env" => raw.env = variables(reader, &key, node),
            "env_http_headers" => raw.env_http_headers = headers(reader, &key, node, variable),
            "env_vars" => raw.env_vars = reader.list(&key, node),
            "http_headers" => raw.http_headers = headers(reader, &key, node, header_value),
            "startup_timeout_ms" => {
                raw.startup_timeout_ms = reader.number(&key, node, 1..=DAY_MS);
            }
            "startup_timeout_sec" => {
                let milliseconds = seconds(reader, &key, node);
                reader.once(
                    &mut raw.startup_timeout_ms,
                    milliseconds,
                    &key,
                    "startup_timeout_ms",
                );
            }
            "tool_timeout_sec" => raw.tool_timeout_ms = seconds(reader, &key, node),
            "url" => raw.url = reader.text(&key, node),
            _ => {
                let reason = foreign::of_server(&entry.key);
                foreign_or_unknown(reader, path, entry, reason, &KEYS);
            }
        }
    }
    raw
}

/// Reads arguments, which may be empty texts.
fn arguments(reader: &mut Reader, key: &str, node: &Node) -> Setting<Vec<String>> {
    match &node.value {
        Value::List(nodes) if nodes.is_empty() => {
            Some(Located::new(Vec::new(), node.place.clone()))
        }
        Value::List(nodes) => {
            let mut texts = Vec::new();
            for node in nodes {
                texts.push(reader.any_text(key, node)?.value);
            }
            Some(Located::new(texts, node.place.clone()))
        }
        _ => reader.list(key, node),
    }
}

/// Reads the name of a variable, where nobody should write the secret itself.
fn variable(reader: &mut Reader, key: &str, node: &Node) -> Setting<String> {
    let name = reader.text(key, node)?;
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !is_variable(&name.value) || !name.value.chars().all(bare) {
        let key = key.to_owned();
        reader.fault(Problem::NotAVariable { key }, &node.place);
        return None;
    }
    Some(name)
}

/// Reads a number of seconds, which may have a fraction, as milliseconds.
pub(crate) fn seconds(reader: &mut Reader, key: &str, node: &Node) -> Setting<u64> {
    let seconds = reader.amount(key, node)?;
    let milliseconds = (seconds.value * 1000.0).round();
    if !(1.0..=DAY_MS as f64).contains(&milliseconds) {
        let problem = Problem::OutOfRange {
            key: key.to_owned(),
            least: 1,
            most: DAY_MS / 1000,
        };
        reader.fault(problem, &node.place);
        return None;
    }
    Some(Located::new(milliseconds as u64, seconds.place))
}

/// The names of a server's tools begin with its own, and providers take few characters there.
fn is_id(id: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !id.is_empty() && id.len() <= LONGEST_ID && id.chars().all(allowed)
}

const LONGEST_ID: usize = 32;
const DAY_MS: i64 = 86_400_000;

pub(crate) const KEYS: [&str; 15] = [
    "args",
    "bearer_token_env_var",
    "command",
    "cwd",
    "disabled_tools",
    "enabled",
    "enabled_tools",
    "env",
    "env_http_headers",
    "env_vars",
    "http_headers",
    "startup_timeout_ms",
    "startup_timeout_sec",
    "tool_timeout_sec",
    "url",
];
