//! The token that a session sends to one server, renewed when it ends.

use std::path::PathBuf;

use llmx_config::{McpLogin, McpLogins, Secret};
use tokio::sync::Mutex;

use super::fault::McpLoginFault;
use super::fetch::Web;
use super::grant::{self, Client};
use super::{now, store, tokens};

/// The login to one server.
pub(in super::super) struct Bearer {
    home: PathBuf,
    server: String,
    url: String,
    /// What was stored when it was last looked at; nothing inside where nobody has logged in.
    held: Mutex<Option<Option<McpLogin>>>,
}

impl Bearer {
    pub(in super::super) fn new(home: PathBuf, server: &str, url: &str) -> Self {
        Self {
            home,
            server: server.to_owned(),
            url: url.to_owned(),
            held: Mutex::default(),
        }
    }

    /// Remembers whether the server refuses to serve without another login.
    pub(in super::super) fn set_needed(&self, is_needed: bool) {
        store::set_needed(&self.home, &self.server, is_needed);
    }

    /// Returns the token to send, if somebody has logged in.
    pub(in super::super) async fn token(&self) -> Result<Option<Secret>, McpLoginFault> {
        let login = {
            let mut held = self.held.lock().await;
            if held.is_none() {
                *held = Some(McpLogins::read(&self.home)?.get(&self.server, &self.url));
            }
            held.clone().flatten()
        };
        let Some(login) = login else {
            return Ok(None);
        };
        let ends = login.expires_at.is_some_and(|end| end <= now() + MARGIN);
        if ends && login.refresh_token.is_some() {
            // Where it cannot be renewed now, the server has the last word on the old one.
            if let Ok(Some(fresh)) = self.renew(&login.access_token).await {
                return Ok(Some(fresh));
            }
        }
        Ok(Some(login.access_token))
    }

    /// Returns the token to send after one was `refused`, or nothing where there is no other.
    pub(in super::super) async fn renew(
        &self,
        refused: &Secret,
    ) -> Result<Option<Secret>, McpLoginFault> {
        let mut held = self.held.lock().await;
        if let Some(Some(login)) = &*held
            && login.access_token != *refused
        {
            return Ok(Some(login.access_token.clone()));
        }
        // A refresh token may count once: whoever has the lock renews, the others read.
        let mut edit = store::open(&self.home).await?;
        let Some(mut login) = edit.logins().get(&self.server, &self.url) else {
            *held = Some(None);
            return Ok(None);
        };
        if login.access_token == *refused {
            let Some(refresh) = login.refresh_token.clone() else {
                return Ok(None);
            };
            let web = Web::of(&self.url)?;
            let form = grant::refresh_form(&refresh, &login.resource);
            let client = Client::of(&login);
            let sent = [refresh.expose()];
            match tokens(&web, &login.token_endpoint, &client, form, &sent).await {
                Ok(granted) => {
                    login.access_token = granted.access;
                    login.expires_at = granted.expires_at;
                    login.refresh_token = granted.refresh.or(Some(refresh));
                }
                // It will never count again, and the server says what that means.
                Err(McpLoginFault::Ended(_)) => login.refresh_token = None,
                Err(fault) => return Err(fault),
            }
            edit.store(&self.server, &login)?;
        }
        let token = login.access_token.clone();
        *held = Some(Some(login));
        Ok((token != *refused).then_some(token))
    }
}

/// A token that ends this soon may end on its way, in seconds.
const MARGIN: u64 = 10;
