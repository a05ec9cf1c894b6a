//! `llmx mcp login`, `llmx mcp logout`: lets a server know who asks, in a browser.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use llmx_config::{Config, LoginFault, McpServer, McpTransport};
use llmx_core::mcp::login::{self, McpLoginFault, McpLoginRequest, McpLoginState};
use tokio::runtime::{Builder, Runtime};

use super::{browser, find};
use crate::config::tell;
use crate::failure::Failure;

/// How a person wants to log in.
pub(crate) struct Wish {
    pub(crate) no_browser: bool,
    pub(crate) scopes: Vec<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) patience: Duration,
}

/// Logs in to a server.
pub(crate) fn log_in(config: &Config, name: &str, wish: Wish) -> Result<ExitCode, Failure> {
    let server = find(&config.mcp_servers, name)?;
    let McpTransport::Http { url, .. } = &server.transport else {
        return Err(Failure::not_started(&format!(
            "`{name}` is a program; it logs in by itself, with what `env` and `env_vars` give it"
        )));
    };
    if state(config, server)? == McpLoginState::OfNoUse {
        return Err(Failure::not_started(&format!(
            "`{name}` is asked with the token of its settings, which wins over a login; take `bearer_token_env_var` or its `authorization` header out first"
        )));
    }
    let request = McpLoginRequest {
        home: config.home.clone(),
        server: name.to_owned(),
        url: url.clone(),
        scopes: wish.scopes,
        client_id: wish.client_id,
        patience: wish.patience,
    };
    let show = |address: &str| {
        tell(&format!(
            "open this address to log in to {name}:\n\n  {address}\n"
        ));
        if !wish.no_browser && !browser::open(address) {
            tell("no browser could be started; open the address by hand");
        }
        tell("waiting for the browser to come back; Ctrl-C gives up");
    };
    let done = runtime()?.block_on(async {
        tokio::select! {
            done = login::log_in(&request, show) => Some(done),
            _ = tokio::signal::ctrl_c() => None,
        }
    });
    match done {
        Some(done) => done.map_err(failure)?,
        None => {
            tell("given up; nothing was stored");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
    tell(&format!("logged in to {name}"));
    Ok(ExitCode::SUCCESS)
}

/// Forgets a login. The server may be configured no more.
pub(crate) fn log_out(config: &Config, name: &str) -> Result<ExitCode, Failure> {
    let was = runtime()?.block_on(login::log_out(&config.home, name));
    if was.map_err(failure)? {
        tell(&format!("forgot the login to {name}"));
    } else {
        find(&config.mcp_servers, name)?;
        tell(&format!("there was no login to {name}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what is known of the login to a server.
pub(crate) fn state(config: &Config, server: &McpServer) -> Result<McpLoginState, Failure> {
    let state = login::login_state(&config.home, server);
    state.map_err(|fault| LoginFault::from(fault).into())
}

fn runtime() -> Result<Runtime, Failure> {
    let built = Builder::new_current_thread().enable_all().build();
    Ok(built.context("the runtime cannot be started")?)
}

fn failure(fault: McpLoginFault) -> Failure {
    match fault {
        McpLoginFault::Store(fault) => fault.into(),
        fault => anyhow::Error::new(fault).into(),
    }
}

/// As a shell counts a program that SIGINT has ended.
const INTERRUPTED: u8 = 130;
