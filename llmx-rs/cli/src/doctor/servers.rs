//! Which MCP servers are configured, and whether their programs and variables are there.

use std::env;
use std::path::Path;

use llmx_config::{McpServer, McpTransport};
use llmx_core::mcp::login::{McpLoginState, login_state};

use super::check::Check;
use super::configuration::Findings;

/// Looks at the servers without starting any.
pub(super) fn check(findings: &Findings) -> Check {
    let Some(config) = &findings.config else {
        return Check::warning(
            ID,
            "not looked at: the configuration cannot be used",
            "correct the configuration first",
        );
    };
    let servers = &config.mcp_servers;
    if servers.is_empty() {
        return Check::ok(ID, "none are configured");
    }
    let name = |server: &McpServer| match server.enabled {
        true => server.id.clone(),
        false => format!("{} (off)", server.id),
    };
    let names: Vec<_> = servers.iter().map(name).collect();
    let summary = names.join(", ");
    let used = servers.iter().filter(|server| server.enabled);
    let lacking: Vec<_> = used
        .filter_map(|server| lacks(server).or_else(|| login(&config.home, server)))
        .collect();
    match lacking.is_empty() {
        true => Check::ok(ID, summary),
        false => {
            let cure =
                "install, set or do what is missing, or turn the server off with `enabled = false`";
            Check::warning(ID, summary, cure).with_details(lacking)
        }
    }
}

/// Says what a server needs and has not.
fn lacks(server: &McpServer) -> Option<String> {
    match &server.transport {
        McpTransport::Stdio { command, cwd, .. } => {
            let found = find(command, cwd.as_deref());
            (!found).then(|| format!("{}: there is no program `{command}`", server.id))
        }
        McpTransport::Http {
            bearer_token_env_var,
            env_http_headers,
            ..
        } => {
            let headers = env_http_headers.iter().map(|(_, variable)| variable);
            let mut variables = bearer_token_env_var.iter().chain(headers);
            let missing = variables.find(|variable| env::var_os(variable).is_none())?;
            Some(format!("{}: ${missing} is not set", server.id))
        }
    }
}

/// Says what is wrong with the login to a server.
fn login(home: &Path, server: &McpServer) -> Option<String> {
    let id = &server.id;
    match login_state(home, server) {
        Ok(McpLoginState::Needed) => {
            Some(format!("{id}: needs a login; run `llmx mcp login {id}`"))
        }
        Ok(_) => None,
        Err(fault) => Some(format!("{id}: {fault}")),
    }
}

pub(super) fn find(command: &str, cwd: Option<&Path>) -> bool {
    if command.contains(std::path::is_separator) {
        let base = cwd.unwrap_or(Path::new(""));
        return base.join(command).is_file();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut directories = env::split_paths(&path);
    let file = format!("{command}{}", env::consts::EXE_SUFFIX);
    directories
        .any(|directory| directory.join(&file).is_file() || directory.join(command).is_file())
}

const ID: &str = "mcp";
