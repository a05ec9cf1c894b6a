//! Logging in to a server at an address: OAuth 2.1 with PKCE, as MCP wants it.
//!
//! ```text
//! the server ─401─▶ its metadata ─▶ the authorization server's metadata ─▶ a registration
//!    ─▶ the browser ─▶ the callback on loopback ─▶ a code ─▶ tokens ─▶ auth-mcp.json
//! ```
//!
//! `discovery`, `grant` and `pkce` decide, `fetch` and `callback` touch the network.
//! The library for this (`oauth2`) would do `pkce` and parts of `grant`, and bring packages by the
//! dozen, an old SHA-256 and an old source of randomness among them; TLS has both here already.

pub(super) mod bearer;
mod callback;
mod discovery;
mod fault;
mod fetch;
mod grant;
mod pkce;
mod store;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, WWW_AUTHENTICATE};
use llmx_config::{McpLogin, Secret};
use serde_json::json;
use tokio::time::timeout;

use self::callback::Callback;
use self::discovery::{Challenge, Issuer, Resource};
pub use self::fault::McpLoginFault;
use self::fetch::Web;
use self::grant::{Client, Tokens};
pub(super) use self::store::has_own_authorization;
pub use self::store::{McpLoginState, log_out, login_state};

/// What to log in to.
#[derive(Debug, Clone)]
pub struct McpLoginRequest {
    /// The directory that the login is stored in.
    pub home: std::path::PathBuf,
    /// The server's name.
    pub server: String,
    /// Its address.
    pub url: String,
    /// What to ask for; without any what the server asks for.
    pub scopes: Vec<String>,
    /// The name of llmx at the authorization server, where it takes no registrations.
    pub client_id: Option<String>,
    /// How long the person has.
    pub patience: Duration,
}

/// Logs in and stores the tokens. `show` is given the address that a person opens in a browser.
pub async fn log_in(
    request: &McpLoginRequest,
    show: impl FnOnce(&str),
) -> Result<(), McpLoginFault> {
    let web = Web::of(&request.url)?;
    let challenge = challenge(&web, &request.url).await?;
    let resource = resource(&web, &request.url, &challenge).await?;
    let issuer = issuer(&web, &resource).await?;
    web.check(&issuer.authorization_endpoint)?;
    let scope = match request.scopes.as_slice() {
        [] => challenge.scope.or_else(|| resource.scope()),
        scopes => Some(scopes.join(" ")),
    };
    let callback = Callback::listen().await?;
    let redirect = callback.address();
    let client = match &request.client_id {
        Some(id) => Client::named(id),
        None => register(&web, &issuer, &redirect, scope.as_deref()).await?,
    };
    let verifier = pkce::random();
    let state = pkce::random();
    let asked = grant::Asked {
        client: &client,
        redirect: &redirect,
        resource: &resource.id,
        scope: scope.as_deref(),
        state: &state,
        challenge: &pkce::challenge(&verifier),
    };
    show(&grant::address(&issuer.authorization_endpoint, &asked));
    let waiting = callback.code(&state, &issuer);
    let code = timeout(request.patience, waiting)
        .await
        .map_err(|_elapsed| McpLoginFault::TooLate(request.patience))??;
    let form = grant::code_form(&code, &verifier, &redirect, &resource.id);
    let tokens = tokens(
        &web,
        &issuer.token_endpoint,
        &client,
        form,
        &[&code, &verifier],
    )
    .await?;
    let login = McpLogin {
        url: request.url.clone(),
        token_endpoint: issuer.token_endpoint,
        resource: resource.id,
        client_id: client.id,
        client_secret: client.secret,
        is_secret_in_header: client.is_secret_in_header,
        access_token: tokens.access,
        refresh_token: tokens.refresh,
        expires_at: tokens.expires_at,
    };
    store::put(&request.home, &request.server, &login).await
}

/// Knocks without a token, to hear what the server wants.
async fn challenge(web: &Web, url: &str) -> Result<Challenge, McpLoginFault> {
    let hello = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "llmx", "version": env!("CARGO_PKG_VERSION") },
        },
    });
    let request = Request::post(url)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json, text/event-stream")
        .body(Bytes::from(hello.to_string()))?;
    let head = web.head(request).await?;
    let challenges = head.headers.get_all(WWW_AUTHENTICATE).iter();
    let challenges = challenges.filter_map(|value| value.to_str().ok());
    Ok(challenges
        .map(Challenge::read)
        .fold(Challenge::default(), Challenge::or))
}

async fn resource(web: &Web, url: &str, challenge: &Challenge) -> Result<Resource, McpLoginFault> {
    let places = match &challenge.resource_metadata {
        Some(place) => vec![place.clone()],
        None => discovery::resource_places(url),
    };
    for place in places {
        if let Some(found) = web.look(&place).await? {
            return Resource::read(&found, url);
        }
    }
    // Servers of the first version of this are their own authorization servers.
    Ok(Resource::itself(url))
}

async fn issuer(web: &Web, resource: &Resource) -> Result<Issuer, McpLoginFault> {
    for place in discovery::issuer_places(&resource.issuer) {
        if let Some(found) = web.look(&place).await? {
            return Issuer::read(&found, &resource.issuer);
        }
    }
    Err(McpLoginFault::NoLogin)
}

async fn register(
    web: &Web,
    issuer: &Issuer,
    redirect: &str,
    scope: Option<&str>,
) -> Result<Client, McpLoginFault> {
    let Some(place) = &issuer.registration_endpoint else {
        return Err(McpLoginFault::NoRegistration(issuer.id.clone()));
    };
    let body = grant::registration(redirect, scope).to_string();
    let request = Request::post(place)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .body(Bytes::from(body))?;
    let answer = web.ask(request).await?;
    Client::read(&answer)
}

/// Asks for tokens; what was `sent` is in no error.
async fn tokens(
    web: &Web,
    place: &str,
    client: &Client,
    form: grant::Form,
    sent: &[&str],
) -> Result<Tokens, McpLoginFault> {
    let answer = web.ask(client.request(place, form)?).await?;
    let mut sent = sent.to_vec();
    sent.extend(client.secret.as_ref().map(Secret::expose));
    Tokens::read(&answer, now(), &sent)
}

/// Returns the time in seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
