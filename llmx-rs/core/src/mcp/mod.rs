//! Turns the MCP servers of the configuration into what starts them.

mod carrier;
pub mod login;
mod way;

use std::ffi::OsString;
use std::sync::Arc;

use llmx_config::{Config, McpServer as Configured, McpTransport};
use llmx_tools::{McpReach, McpServer, McpSettings, base_environment};

use self::carrier::Carrier;
use self::login::bearer::Bearer;
use self::login::has_own_authorization;
use crate::secrets::Secrets;

type Variables = Vec<(OsString, OsString)>;

/// Returns the servers in use. Programs get few of `variables` and none of `secrets`.
pub(crate) fn settings(config: &Config, variables: &Variables, secrets: &Secrets) -> McpSettings {
    let enabled = config.mcp_servers.iter().filter(|server| server.enabled);
    McpSettings {
        servers: enabled
            .map(|server| McpServer {
                id: server.id.clone(),
                reach: reach(server, config, variables, secrets),
                startup_timeout: server.startup_timeout,
                tool_timeout: server.tool_timeout,
                enabled_tools: server.enabled_tools.clone(),
                disabled_tools: server.disabled_tools.clone(),
            })
            .collect(),
        cache: Some(config.home.join("cache").join("mcp")),
    }
}

fn reach(
    server: &Configured,
    config: &Config,
    variables: &Variables,
    secrets: &Secrets,
) -> McpReach {
    match &server.transport {
        McpTransport::Stdio {
            command,
            args,
            env,
            env_vars,
            cwd,
        } => {
            let base = base_environment(variables);
            let named = variables.iter().filter(|(name, _)| {
                let is_it = |wanted: &String| name.to_str() == Some(wanted);
                env_vars.iter().any(is_it)
            });
            let given = env
                .iter()
                .map(|(name, value)| (name.into(), value.expose().into()));
            // What is meant for the provider stays away from others, even where a table asks for it.
            // A name may be the same: the server has an account of its own there.
            let mut environment = secrets.remove_from(base.into_iter().chain(named.cloned()));
            environment.extend(secrets.remove_values_from(given));
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
            let address = headers.and_then(|headers| {
                let bearer = (!has_own_authorization(&server.transport))
                    .then(|| Bearer::new(config.home.clone(), &server.id, url));
                let carrier = Carrier::new(url, &server.id, bearer)?;
                Ok(McpReach::Address {
                    url: url.clone(),
                    headers,
                    carrier: Arc::new(carrier),
                })
            });
            address.unwrap_or_else(McpReach::Nowhere)
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
