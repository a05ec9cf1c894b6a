//! Who logs people in to a server: what the server and its authorization server say of themselves
//! (RFC 9728, RFC 8414). What they say is believed only as far as it is about themselves.

use http::Uri;
use http::uri::Authority;
use serde::Deserialize;

use super::fault::McpLoginFault;
use super::fetch::{Reply, strange};

/// What a server says when it refuses to serve somebody unknown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) resource_metadata: Option<String>,
    pub(super) scope: Option<String>,
}

impl Challenge {
    /// Reads a `WWW-Authenticate` header.
    pub(super) fn read(header: &str) -> Self {
        Self {
            resource_metadata: parameter(header, "resource_metadata"),
            scope: parameter(header, "scope"),
        }
    }

    /// Fills in what only `other` says.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            resource_metadata: self.resource_metadata.or(other.resource_metadata),
            scope: self.scope.or(other.scope),
        }
    }
}

/// Returns a parameter of a challenge, which is in quotes or a bare word.
fn parameter(header: &str, name: &str) -> Option<String> {
    let start = header.match_indices(name).find_map(|(at, _)| {
        let before = header.get(..at)?.chars().next_back();
        let is_whole = before.is_none_or(|c| c == ' ' || c == ',');
        let rest = header
            .get(at + name.len()..)?
            .trim_start()
            .strip_prefix('=')?;
        is_whole.then(|| rest.trim_start())
    })?;
    let value = match start.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => start.split([',', ' ']).next(),
    };
    value.filter(|value| !value.is_empty()).map(str::to_owned)
}

/// What a server says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resource {
    /// Its name, for which tokens are asked.
    pub(super) id: String,
    /// The authorization server.
    pub(super) issuer: String,
    scopes: Vec<String>,
}

#[derive(Deserialize)]
struct ResourceDocument {
    resource: String,
    #[serde(default)]
    authorization_servers: Vec<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
}

impl Resource {
    /// Reads the document of the server at `url`.
    pub(super) fn read(reply: &Reply, url: &str) -> Result<Self, McpLoginFault> {
        let read = serde_json::from_value(reply.json()?);
        let document: ResourceDocument =
            read.map_err(|error| strange(&reply.place, &error.to_string()))?;
        // A token for another server must not end up with this one, nor the other way round.
        if !covers(&document.resource, url) {
            let reason = format!("it speaks for {}, not for {url}", document.resource);
            return Err(strange(&reply.place, &reason));
        }
        let issuer = document.authorization_servers.into_iter().next();
        Ok(Self {
            id: document.resource,
            issuer: issuer.ok_or(McpLoginFault::NoLogin)?,
            scopes: document.scopes_supported,
        })
    }

    /// A server that logs people in by itself.
    pub(super) fn itself(url: &str) -> Self {
        Self {
            id: url.to_owned(),
            issuer: origin(url),
            scopes: Vec::new(),
        }
    }

    pub(super) fn scope(&self) -> Option<String> {
        (!self.scopes.is_empty()).then(|| self.scopes.join(" "))
    }
}

/// Returns whether `url` is the resource or lies below it.
fn covers(resource: &str, url: &str) -> bool {
    if !origin(resource).eq_ignore_ascii_case(&origin(url)) {
        return false;
    }
    let (above, below) = (path(resource), path(url));
    let rest = below.strip_prefix(above.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What an authorization server says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Issuer {
    pub(super) id: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) registration_endpoint: Option<String>,
    /// Whether it says its name when it calls back.
    pub(super) signs: bool,
}

#[derive(Deserialize)]
struct IssuerDocument {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    registration_endpoint: Option<String>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Issuer {
    /// Reads the document of the authorization server `id`.
    pub(super) fn read(reply: &Reply, id: &str) -> Result<Self, McpLoginFault> {
        let read = serde_json::from_value(reply.json()?);
        let document: IssuerDocument =
            read.map_err(|error| strange(&reply.place, &error.to_string()))?;
        if document.issuer.trim_end_matches('/') != id.trim_end_matches('/') {
            let reason = format!("it speaks for {}, not for {id}", document.issuer);
            return Err(strange(&reply.place, &reason));
        }
        let mut methods = document.code_challenge_methods_supported.iter();
        if !methods.any(|method| method == "S256") {
            return Err(strange(
                &reply.place,
                "it does not say that it knows PKCE (S256)",
            ));
        }
        Ok(Self {
            id: document.issuer,
            authorization_endpoint: document.authorization_endpoint,
            token_endpoint: document.token_endpoint,
            registration_endpoint: document.registration_endpoint,
            signs: document.authorization_response_iss_parameter_supported,
        })
    }
}

/// Returns where a server may speak of itself, the best place first.
pub(super) fn resource_places(url: &str) -> Vec<String> {
    let name = "/.well-known/oauth-protected-resource";
    let (origin, path) = (origin(url), path(url));
    let mut places = vec![format!("{origin}{name}{path}")];
    if !path.is_empty() {
        places.push(format!("{origin}{name}"));
    }
    places
}

/// Returns where an authorization server may speak of itself, the best place first.
pub(super) fn issuer_places(issuer: &str) -> Vec<String> {
    let (oauth, openid) = (
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    );
    let (origin, path) = (origin(issuer), path(issuer));
    let mut places = vec![
        format!("{origin}{oauth}{path}"),
        format!("{origin}{openid}{path}"),
    ];
    if !path.is_empty() {
        places.push(format!("{origin}{path}{openid}"));
    }
    places
}

/// Returns scheme, host and port.
fn origin(url: &str) -> String {
    let uri: Uri = url.parse().unwrap_or_default();
    let scheme = uri.scheme_str().unwrap_or_default();
    let host = uri.authority().map(Authority::as_str).unwrap_or_default();
    format!("{scheme}://{host}")
}

/// Returns the path without a slash at its end.
fn path(url: &str) -> String {
    let uri: Uri = url.parse().unwrap_or_default();
    uri.path().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_challenge_is_read_however_it_is_written() {
        for (header, place, scope) in [
            (
                r#"Bearer realm="x", resource_metadata="https://h/m", scope="a b""#,
                Some("https://h/m"),
                Some("a b"),
            ),
            (
                "Bearer resource_metadata=https://h/m,scope=a",
                Some("https://h/m"),
                Some("a"),
            ),
            (r#"Bearer x_scope="no", error="e""#, None, None),
            ("Basic", None, None),
            (r#"Bearer scope="#, None, None),
        ] {
            let read = Challenge::read(header);
            assert_eq!(read.resource_metadata.as_deref(), place, "{header}");
            assert_eq!(read.scope.as_deref(), scope, "{header}");
        }
    }

    proptest! {
        /// Whatever a server sends, it is read, and a value that stands in quotes is found.
        #[test]
        fn any_challenge_is_read(noise in "\\PC{0,40}", value in "[a-z:/.]{1,20}") {
            let _read = Challenge::read(&noise);
            let header = format!("Bearer realm=\"x\", resource_metadata=\"{value}\", {noise}");
            prop_assert_eq!(Challenge::read(&header).resource_metadata, Some(value));
        }
    }

    #[test]
    fn the_places_are_those_of_the_standards() {
        assert_eq!(
            resource_places("https://h:1/a/mcp/"),
            [
                "https://h:1/.well-known/oauth-protected-resource/a/mcp",
                "https://h:1/.well-known/oauth-protected-resource"
            ]
        );
        assert_eq!(
            issuer_places("https://a/t"),
            [
                "https://a/.well-known/oauth-authorization-server/t",
                "https://a/.well-known/openid-configuration/t",
                "https://a/t/.well-known/openid-configuration"
            ]
        );
        assert_eq!(issuer_places("https://a/").len(), 2);
    }

    #[test]
    fn a_server_speaks_only_for_itself() {
        let url = "https://h.example/mcp";
        let document = |resource: &str| {
            Reply::of(
                200,
                &json!({"resource": resource, "authorization_servers": ["https://a"]}),
            )
        };
        for (resource, is_good) in [
            ("https://h.example/mcp", true),
            ("https://H.example/mcp/", true),
            ("https://h.example", true),
            ("https://other.example/mcp", false),
            ("https://h.example/mc", false),
            ("https://h.example/mcp/more", false),
            ("http://h.example/mcp", false),
        ] {
            let read = Resource::read(&document(resource), url);
            assert_eq!(read.is_ok(), is_good, "{resource}");
        }
    }

    #[test]
    fn an_authorization_server_speaks_only_for_itself_and_knows_pkce() {
        let document = |issuer: &str, methods: Value| {
            Reply::of(
                200,
                &json!({"issuer": issuer, "authorization_endpoint": "https://a/o",
                "token_endpoint": "https://a/t", "code_challenge_methods_supported": methods}),
            )
        };
        let read = |reply: &Reply| Issuer::read(reply, "https://a/x").is_ok();
        assert!(read(&document("https://a/x/", json!(["plain", "S256"]))));
        assert!(!read(&document("https://b/x", json!(["S256"]))));
        assert!(!read(&document("https://a/x", json!(["plain"]))));
    }
}
