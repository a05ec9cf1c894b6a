//! Changes the stored logins, beside other processes that do the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use llmx_config::{
    LoginFault, McpLogin, McpLogins, McpLoginsEdit, McpServer, McpTransport, PrivateFault,
};
use tokio::time::{Instant, sleep};

use super::fault::McpLoginFault;
use super::now;

/// What is known of the login to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum McpLoginState {
    /// It is a program, or has a token in its settings.
    OfNoUse,
    /// There is one.
    LoggedIn,
    /// The server has refused to serve without one, or the one that there was has ended.
    Needed,
    /// There is none, and whether the server wants one is not known.
    Unknown,
}

/// Says what is known of the login to a server, without asking it.
pub fn login_state(home: &Path, server: &McpServer) -> Result<McpLoginState, PrivateFault> {
    let McpTransport::Http { url, .. } = &server.transport else {
        return Ok(McpLoginState::OfNoUse);
    };
    if has_own_authorization(&server.transport) {
        return Ok(McpLoginState::OfNoUse);
    }
    let login = McpLogins::read(home)?.get(&server.id, url);
    let has_ended = |login: &McpLogin| {
        login.refresh_token.is_none() && login.expires_at.is_some_and(|end| end <= now())
    };
    Ok(match login {
        Some(login) if !has_ended(&login) && !mark(home, &server.id).exists() => {
            McpLoginState::LoggedIn
        }
        Some(_) => McpLoginState::Needed,
        None if mark(home, &server.id).exists() => McpLoginState::Needed,
        None => McpLoginState::Unknown,
    })
}

/// Returns whether the settings of a server say who asks, so that no login counts.
pub(in super::super) fn has_own_authorization(transport: &McpTransport) -> bool {
    match transport {
        McpTransport::Stdio { .. } => false,
        McpTransport::Http {
            bearer_token_env_var,
            http_headers,
            env_http_headers,
            ..
        } => {
            let is_it = |name: &String| name.eq_ignore_ascii_case("authorization");
            bearer_token_env_var.is_some()
                || http_headers.iter().any(|(name, _)| is_it(name))
                || env_http_headers.iter().any(|(name, _)| is_it(name))
        }
    }
}

/// Forgets the login to a server; returns whether there was one.
pub async fn log_out(home: &Path, server: &str) -> Result<bool, McpLoginFault> {
    let was = open(home).await?.forget(server)?;
    set_needed(home, server, false);
    Ok(was)
}

pub(super) async fn put(home: &Path, server: &str, login: &McpLogin) -> Result<(), McpLoginFault> {
    open(home).await?.store(server, login)?;
    set_needed(home, server, false);
    Ok(())
}

/// Waits until no other process changes the logins.
pub(super) async fn open(home: &Path) -> Result<McpLoginsEdit, McpLoginFault> {
    let begun = Instant::now();
    loop {
        if let Some(edit) = McpLoginsEdit::try_open(home)? {
            return Ok(edit);
        }
        if begun.elapsed() > PATIENCE {
            return Err(McpLoginFault::Busy);
        }
        sleep(PAUSE).await;
    }
}

/// Remembers whether the server has refused to serve without a login. It is only for people to
/// see, so that its faults are not reported.
pub(in super::super) fn set_needed(home: &Path, server: &str, is_needed: bool) {
    let mark = mark(home, server);
    let _unwritten = match is_needed {
        true => mark
            .parent()
            .map_or(Ok(()), llmx_config::create_private)
            .and_then(|()| fs::write(mark, "")),
        false => fs::remove_file(mark),
    };
}

fn mark(home: &Path, server: &str) -> PathBuf {
    let directory = home.join("cache").join("mcp");
    directory.join(format!("{server}.needs-login"))
}

impl From<PrivateFault> for McpLoginFault {
    fn from(fault: PrivateFault) -> Self {
        Self::Store(LoginFault::Read(fault))
    }
}

/// Longer than renewing a token takes.
const PATIENCE: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(50);
