//! `llmx mcp`: the MCP servers in the configuration.

pub(crate) mod args;
mod browser;
mod login;
mod show;

use std::process::ExitCode;
use std::time::Duration;

use llmx_config::{
    Config, Flags, McpServer, NewServer, add_server, remove_server, survey, with_inputs, write,
};
use serde_json::Value;

use self::args::McpCommand;
use crate::config::{print, tell};
use crate::failure::Failure;

/// Runs one of the commands.
pub(crate) fn run(command: McpCommand) -> Result<ExitCode, Failure> {
    match command {
        McpCommand::List { json } => list(json),
        McpCommand::Get { name, json } => {
            let config = configured()?;
            let server = find(&config.mcp_servers, &name)?;
            let login = login::state(&config, server)?;
            print(&if json {
                format!("{:#}\n", show::as_json(server, login))
            } else {
                show::in_full(server, login)
            });
            Ok(ExitCode::SUCCESS)
        }
        McpCommand::Add {
            name,
            url,
            bearer_token_env_var,
            env,
            command,
        } => {
            let server = match url {
                Some(url) => NewServer::Address {
                    url,
                    bearer_token_env_var,
                },
                None if command.is_empty() => return Err(nowhere(&name)),
                None => NewServer::Program { command, env },
            };
            add(&name, &server)
        }
        McpCommand::Remove { name } => remove(&name),
        McpCommand::Login {
            name,
            no_browser,
            scopes,
            client_id,
            timeout,
        } => {
            let wish = login::Wish {
                no_browser,
                scopes,
                client_id,
                patience: Duration::from_secs(timeout),
            };
            login::log_in(&configured()?, &name, wish)
        }
        McpCommand::Logout { name } => login::log_out(&configured()?, &name),
    }
}

fn list(json: bool) -> Result<ExitCode, Failure> {
    let config = configured()?;
    let mut servers = Vec::new();
    for server in &config.mcp_servers {
        servers.push((server, login::state(&config, server)?));
    }
    if json {
        let all = servers.iter();
        let all: Value = all
            .map(|(server, login)| show::as_json(server, *login))
            .collect();
        print(&format!("{all:#}\n"));
    } else if servers.is_empty() {
        tell("no MCP servers are configured; add one with `llmx mcp add NAME -- COMMAND`");
    } else {
        let lines = servers.iter();
        let lines = lines.map(|(server, login)| show::in_a_line(server, *login));
        print(&lines.collect::<String>());
    }
    Ok(ExitCode::SUCCESS)
}

fn add(name: &str, server: &NewServer) -> Result<ExitCode, Failure> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if name.is_empty() || !name.chars().all(legal) {
        return Err(Failure::not_started(&format!(
            "`{name}` cannot be the name of a server; it may have letters, digits, - and _"
        )));
    }
    let file = with_inputs(&[], Flags::default(), |inputs| {
        add_server(inputs, name, server)
    })??;
    write(&file).map_err(llmx_config::ConfigErrors::from)?;
    tell(&format!("wrote {}", file.path.display()));
    Ok(ExitCode::SUCCESS)
}

fn nowhere(name: &str) -> Failure {
    Failure::not_started(&format!(
        "nothing says what `{name}` is: name a program with `llmx mcp add {name} -- COMMAND \
         [ARGUMENT]...`, or an address with `llmx mcp add {name} --url URL`"
    ))
}

fn remove(name: &str) -> Result<ExitCode, Failure> {
    let file = with_inputs(&[], Flags::default(), |inputs| remove_server(inputs, name))??;
    let Some(file) = file else {
        // It may stand in another file, which is not this command's to change.
        find(&configured()?.mcp_servers, name)?;
        return Err(Failure::not_started(&format!(
            "`{name}` is not in your config.toml but in another layer; `llmx config show --origin` says where"
        )));
    };
    write(&file).map_err(llmx_config::ConfigErrors::from)?;
    tell(&format!("wrote {}", file.path.display()));
    Ok(ExitCode::SUCCESS)
}

/// Returns the configuration. Which model is asked for, and with which key, makes no difference here.
fn configured() -> Result<Config, Failure> {
    let flags = Flags {
        model: Some("any".to_owned()),
        ..Flags::default()
    };
    let keyless = ["model_provider=\"demo\"".to_owned()];
    let (config, _) = with_inputs(&keyless, flags, survey)?;
    Ok(config?)
}

fn find<'a>(servers: &'a [McpServer], name: &str) -> Result<&'a McpServer, Failure> {
    let found = servers.iter().find(|server| server.id == name);
    found.ok_or_else(|| {
        let names: Vec<_> = servers.iter().map(|server| server.id.as_str()).collect();
        let known = match names.as_slice() {
            [] => "none is configured".to_owned(),
            names => format!("these are: {}", names.join(", ")),
        };
        Failure::not_started(&format!("there is no MCP server `{name}`; {known}"))
    })
}
