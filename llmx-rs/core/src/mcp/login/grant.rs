//! The words of a grant: what is asked in the browser, what a code is redeemed with, and what comes
//! of it (RFC 6749, RFC 7591, RFC 8707).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use form_urlencoded::{Serializer, byte_serialize};
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use llmx_config::{McpLogin, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::McpLoginFault;
use super::fetch::{Reply, strange};

/// llmx as the authorization server knows it.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    pub(super) is_secret_in_header: bool,
}

/// What a person is asked to allow.
pub(super) struct Asked<'a> {
    pub(super) client: &'a Client,
    pub(super) redirect: &'a str,
    pub(super) resource: &'a str,
    pub(super) scope: Option<&'a str>,
    pub(super) state: &'a str,
    pub(super) challenge: &'a str,
}

/// Names and values.
pub(super) type Form = Vec<(&'static str, String)>;

/// What a grant has brought.
pub(super) struct Tokens {
    pub(super) access: Secret,
    pub(super) refresh: Option<Secret>,
    pub(super) expires_at: Option<u64>,
}

/// Returns what to open in a browser.
pub(super) fn address(endpoint: &str, asked: &Asked<'_>) -> String {
    let mut query = Serializer::new(String::new());
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &asked.client.id)
        .append_pair("redirect_uri", asked.redirect)
        .append_pair("state", asked.state)
        .append_pair("code_challenge", asked.challenge)
        .append_pair("code_challenge_method", "S256")
        .append_pair("resource", asked.resource);
    if let Some(scope) = asked.scope {
        query.append_pair("scope", scope);
    }
    let separator = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{separator}{}", query.finish())
}

/// Returns what redeems a code.
pub(super) fn code_form(code: &str, verifier: &str, redirect: &str, resource: &str) -> Form {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", redirect.to_owned()),
        ("code_verifier", verifier.to_owned()),
        ("resource", resource.to_owned()),
    ]
}

/// Returns what renews a token.
pub(super) fn refresh_form(refresh: &Secret, resource: &str) -> Form {
    vec![
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", refresh.expose().to_owned()),
        ("resource", resource.to_owned()),
    ]
}

/// Returns how llmx introduces itself.
pub(super) fn registration(redirect: &str, scope: Option<&str>) -> Value {
    let mut words = json!({
        "client_name": "llmx",
        "application_type": "native",
        "redirect_uris": [redirect],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    if let (Some(scope), Some(words)) = (scope, words.as_object_mut()) {
        words.insert("scope".to_owned(), scope.into());
    }
    words
}

#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Option<String>,
    token_endpoint_auth_method: Option<String>,
}

impl Client {
    /// A client that was registered by hand, without a secret.
    pub(super) fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: None,
            is_secret_in_header: false,
        }
    }

    /// The client of a stored login.
    pub(super) fn of(login: &McpLogin) -> Self {
        Self {
            id: login.client_id.clone(),
            secret: login.client_secret.clone(),
            is_secret_in_header: login.is_secret_in_header,
        }
    }

    /// Reads the answer to a registration.
    pub(super) fn read(reply: &Reply) -> Result<Self, McpLoginFault> {
        refused(reply, &[])?;
        let registered: Registered = serde_json::from_value(reply.json()?)
            .map_err(|_| strange(&reply.place, "it gives no client_id"))?;
        // Where nothing is said, the standard has the secret in a header.
        let method = registered.token_endpoint_auth_method.as_deref();
        let secret = registered.client_secret.filter(|_| method != Some("none"));
        Ok(Self {
            id: registered.client_id,
            is_secret_in_header: secret.is_some() && method != Some("client_secret_post"),
            secret: secret.map(Secret::new),
        })
    }

    /// Makes the request that sends `form` in the name of this client.
    pub(super) fn request(&self, place: &str, form: Form) -> Result<Request<Bytes>, McpLoginFault> {
        let mut body = Serializer::new(String::new());
        body.extend_pairs(form).append_pair("client_id", &self.id);
        let mut request = Request::post(place)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        if let Some(secret) = &self.secret {
            if self.is_secret_in_header {
                let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encoded(&self.id), encoded(secret.expose()));
                let proof = format!("Basic {}", STANDARD.encode(pair));
                request = request.header(AUTHORIZATION, proof);
            } else {
                body.append_pair("client_secret", secret.expose());
            }
        }
        Ok(request.body(Bytes::from(body.finish()))?)
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<Value>,
}

impl Tokens {
    /// Reads the answer to a request for tokens. No error has what was `sent`.
    pub(super) fn read(reply: &Reply, now: u64, sent: &[&str]) -> Result<Self, McpLoginFault> {
        refused(reply, sent)?;
        let granted: Granted = serde_json::from_value(reply.json()?)
            .map_err(|_| strange(&reply.place, "it gives no access_token"))?;
        let kind = granted.token_type.as_deref().unwrap_or("bearer");
        if !kind.eq_ignore_ascii_case("bearer") {
            let reason = "it gives a token of another kind than `Bearer`";
            return Err(strange(&reply.place, reason));
        }
        let visible = |token: &str| token.bytes().all(|byte| byte.is_ascii_graphic());
        if granted.access_token.is_empty() || !visible(&granted.access_token) {
            return Err(strange(
                &reply.place,
                "its token cannot be sent in a header",
            ));
        }
        // Some write the number as text.
        let seconds = granted
            .expires_in
            .as_ref()
            .and_then(|seconds| match seconds {
                Value::String(text) => text.parse().ok(),
                seconds => seconds.as_u64(),
            });
        Ok(Self {
            access: Secret::new(granted.access_token),
            refresh: granted.refresh_token.map(Secret::new),
            expires_at: seconds.map(|seconds| now.saturating_add(seconds)),
        })
    }
}

/// Turns the refusal of an authorization server into a fault.
fn refused(reply: &Reply, sent: &[&str]) -> Result<(), McpLoginFault> {
    if reply.status.is_success() {
        return Ok(());
    }
    let body = reply.json().unwrap_or_default();
    let said = |key: &str| body.get(key).and_then(Value::as_str);
    let Some(code) = said("error") else {
        let reason = format!("it answers {}", reply.status);
        return Err(strange(&reply.place, &reason));
    };
    let mut words = told(code, said("error_description"));
    for secret in sent.iter().filter(|secret| !secret.is_empty()) {
        words = words.replace(*secret, "[redacted]");
    }
    Err(match code {
        "invalid_grant" => McpLoginFault::Ended(words),
        _ => McpLoginFault::Refused(words),
    })
}

/// Joins a code and what was said to it, as far as a terminal can show it.
pub(super) fn told(code: &str, description: Option<&str>) -> String {
    let words = match description {
        Some(description) => format!("{description} ({code})"),
        None => code.to_owned(),
    };
    let harmless = words.chars().filter(|c| !c.is_control());
    harmless.take(MOST_SAID).collect()
}

/// An error of somebody else may be this long, in characters.
const MOST_SAID: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_opened_says_everything_and_keeps_the_query() {
        let asked = Asked {
            client: &Client::named("c d"),
            redirect: "http://127.0.0.1:1/callback",
            resource: "https://h/mcp",
            scope: Some("a b"),
            state: "s",
            challenge: "ch",
        };
        let opened = address("https://a/o?x=1", &asked);
        assert_eq!(
            opened,
            "https://a/o?x=1&response_type=code&client_id=c+d\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&state=s&code_challenge=ch\
             &code_challenge_method=S256&resource=https%3A%2F%2Fh%2Fmcp&scope=a+b"
        );
    }

    #[test]
    fn a_secret_goes_where_the_registration_says() {
        for (method, in_header, in_form) in [
            (Some("client_secret_basic"), true, false),
            (None, true, false),
            (Some("client_secret_post"), false, true),
            (Some("none"), false, false),
        ] {
            let reply = Reply::of(
                201,
                &json!({"client_id": "c", "client_secret": "canary",
                "token_endpoint_auth_method": method}),
            );
            let client = Client::read(&reply).unwrap();
            let request = client.request("https://a/t", Vec::new()).unwrap();
            let body = String::from_utf8(request.body().to_vec()).unwrap();
            assert_eq!(
                request.headers().contains_key(AUTHORIZATION),
                in_header,
                "{method:?}"
            );
            assert_eq!(body.contains("canary"), in_form, "{method:?}");
        }
    }

    #[test]
    fn tokens_are_read_with_the_time_of_their_end() {
        let reply = Reply::of(
            200,
            &json!({"access_token": "t", "token_type": "bearer",
            "expires_in": "60", "refresh_token": "r"}),
        );
        let tokens = Tokens::read(&reply, 100, &[]).unwrap();
        assert_eq!(tokens.access.expose(), "t");
        assert_eq!(tokens.refresh.unwrap().expose(), "r");
        assert_eq!(tokens.expires_at, Some(160));
        for body in [
            json!({}),
            json!({"access_token": "a b"}),
            json!({"access_token": "t", "token_type": "mac"}),
        ] {
            assert!(
                Tokens::read(&Reply::of(200, &body), 0, &[]).is_err(),
                "{body}"
            );
        }
    }

    #[test]
    fn a_refusal_is_told_without_what_was_sent() {
        let body = json!({"error": "invalid_grant", "error_description": "the code canary\u{1b}[31m is old"});
        let Err(McpLoginFault::Ended(words)) = Tokens::read(&Reply::of(400, &body), 0, &["canary"])
        else {
            panic!("it is refused");
        };
        assert_eq!(words, "the code [redacted][31m is old (invalid_grant)");
    }
}
