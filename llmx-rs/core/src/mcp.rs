//! Turns the MCP servers of the configuration into what starts them.

use std::ffi::OsString;

use llmx_config::{Config, McpServer as Configured, McpTransport, Secret};
use llmx_tools::{McpReach, McpServer, McpSettings, base_environment, scrub};

type Variables = Vec<(OsString, OsString)>;

/// Returns the servers in use; `variables` is the environment of llmx without the keys of the
/// provider, and `keys` are those.
pub(crate) fn settings(config: &Config, variables: &Variables, keys: &[&str]) -> McpSettings {
    let enabled = config.mcp_servers.iter().filter(|server| server.enabled);
    McpSettings {
        servers: enabled
            .map(|server| McpServer {
                id: server.id.clone(),
                reach: reach(server, config, variables, keys),
                startup_timeout: server.startup_timeout,
                tool_timeout: server.tool_timeout,
                enabled_tools: server.enabled_tools.clone(),
                disabled_tools: server.disabled_tools.clone(),
            })
            .collect(),
        cache: Some(config.home.join("cache").join("mcp")),
    }
}

fn reach(server: &Configured, config: &Config, variables: &Variables, keys: &[&str]) -> McpReach {
    match &server.transport {
        McpTransport::Stdio {
            command,
            args,
            env,
            env_vars,
            cwd,
        } => {
            let mut environment = base_environment(variables);
            let named = variables.iter().filter(|(name, _)| {
                let is_it = |wanted: &String| name.to_str() == Some(wanted);
                env_vars.iter().any(is_it)
            });
            let given = env
                .iter()
                .map(|(name, value)| (name.into(), value.expose().into()));
            // A key that was written into the table by hand stays away from it, too.
            environment.extend(scrub(named.cloned().chain(given), &[], keys));
            McpReach::Program {
                command: command.clone(),
                args: args.clone(),
                environment,
                cwd: cwd.clone().unwrap_or_else(|| config.cwd.clone()),
            }
        }
        McpTransport::Http {
            url,
            bearer_token_env_var,
            http_headers,
            env_http_headers,
        } => {
            let pairs = http_headers
                .iter()
                .map(|(name, value)| Ok((name.clone(), value.expose().to_owned())));
            let sourced = env_http_headers
                .iter()
                .map(|(name, variable)| Ok((name.clone(), value(variables, variable)?)));
            let bearer = bearer_token_env_var.iter().map(|variable| {
                let token = value(variables, variable)?;
                Ok(("authorization".to_owned(), format!("Bearer {token}")))
            });
            let headers: Result<_, String> = pairs.chain(sourced).chain(bearer).collect();
            match headers {
                Ok(headers) => McpReach::Address {
                    url: url.clone(),
                    headers,
                },
                Err(why) => McpReach::Nowhere(why),
            }
        }
    }
}

fn value(variables: &Variables, wanted: &str) -> Result<String, String> {
    let found = variables.iter().find(|(name, _)| name == wanted);
    let value = found.and_then(|(_, value)| value.to_str());
    let value = value.filter(|value| !value.is_empty());
    value.map(str::to_owned).ok_or_else(|| {
        format!("the variable `{wanted}`, which holds a header of it, is not set for it")
    })
}

/// Returns the keys that no server may see.
pub(crate) fn keys(config: &Config) -> Vec<&str> {
    config.provider.key.iter().map(Secret::expose).collect()
}
