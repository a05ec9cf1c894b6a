//! Asks the servers that take part in a login, within limits and only at addresses that a secret
//! may travel to.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use llmx_upstream::Insecure;
use serde_json::Value;
use tokio::time::timeout;

use super::super::way::Way;
use super::fault::McpLoginFault;

/// The servers of one login.
pub(super) struct Web {
    /// Whether the MCP server is on this machine; only then may the others be.
    is_local: bool,
}

/// The beginning of an answer.
pub(super) struct Head {
    pub(super) headers: HeaderMap,
}

/// An answer.
pub(super) struct Reply {
    pub(super) place: String,
    pub(super) status: StatusCode,
    body: Bytes,
}

impl Web {
    /// Checks the address of the MCP server.
    pub(super) fn of(url: &str) -> Result<Self, McpLoginFault> {
        let web = Self {
            is_local: is_local(&uri(url)?),
        };
        web.check(url)?;
        Ok(web)
    }

    /// Sends a request and returns the beginning of the answer; the rest is not waited for.
    pub(super) async fn head(&self, request: Request<Bytes>) -> Result<Head, McpLoginFault> {
        let (_, answer) = self.send(request).await?;
        let headers = answer.headers().clone();
        Ok(Head { headers })
    }

    /// Sends a request and returns the answer.
    pub(super) async fn ask(&self, request: Request<Bytes>) -> Result<Reply, McpLoginFault> {
        let (place, answer) = self.send(request).await?;
        let status = answer.status();
        let reading = Limited::new(answer.into_body(), LARGEST).collect();
        let body = match timeout(PATIENCE, reading).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return Err(strange(&place, "its answer breaks off or is too long")),
            Err(_elapsed) => return Err(strange(&place, "its answer does not end")),
        };
        Ok(Reply {
            place,
            status,
            body,
        })
    }

    /// Returns the document at `place`, if there is one.
    pub(super) async fn look(&self, place: &str) -> Result<Option<Reply>, McpLoginFault> {
        let request = Request::get(place)
            .header(ACCEPT, "application/json")
            .body(Bytes::new())?;
        let reply = self.ask(request).await?;
        if reply.status.is_success() {
            return Ok(Some(reply));
        }
        match reply.status.is_client_error() {
            true => Ok(None),
            false => Err(strange(place, &format!("it answers {}", reply.status))),
        }
    }

    /// Refuses what is not encrypted, and what would have a server elsewhere send llmx to this
    /// machine.
    pub(super) fn check(&self, place: &str) -> Result<(), McpLoginFault> {
        let uri = uri(place)?;
        let refuse = |reason| {
            let place = place.to_owned();
            Err(McpLoginFault::Address { place, reason })
        };
        match (uri.scheme_str(), is_local(&uri)) {
            (Some("http"), false) => refuse("it is not encrypted; https is needed"),
            (Some("http" | "https"), true) if !self.is_local => {
                refuse("it is on this machine, and the MCP server is not")
            }
            (Some("http" | "https"), _) => Ok(()),
            _ => refuse("it must begin with https://"),
        }
    }

    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<(String, http::Response<llmx_upstream::Answer>), McpLoginFault> {
        let place = request.uri().to_string();
        self.check(&place)?;
        let unreachable = |reason: String| McpLoginFault::Unreachable {
            place: place.clone(),
            reason,
        };
        let way = Way::to(&place, Insecure::Refused).map_err(unreachable)?;
        let answer = match timeout(PATIENCE, way.send(request)).await {
            Ok(answer) => answer.map_err(unreachable)?,
            Err(_elapsed) => return Err(unreachable("it does not answer".to_owned())),
        };
        Ok((place, answer))
    }
}

impl Reply {
    /// Returns the body as JSON.
    pub(super) fn json(&self) -> Result<Value, McpLoginFault> {
        let parsed = serde_json::from_slice(&self.body);
        // The parser's own sentence may quote a token.
        parsed.map_err(|_| strange(&self.place, "its answer is not JSON"))
    }

    #[cfg(test)]
    pub(super) fn of(status: u16, body: &Value) -> Self {
        Self {
            place: "https://a.example/token".to_owned(),
            status: StatusCode::from_u16(status).unwrap(),
            body: body.to_string().into(),
        }
    }
}

pub(super) fn strange(place: &str, reason: &str) -> McpLoginFault {
    McpLoginFault::Strange {
        place: place.to_owned(),
        reason: reason.to_owned(),
    }
}

pub(super) fn uri(place: &str) -> Result<Uri, McpLoginFault> {
    let uri = place.parse::<Uri>().ok().filter(|uri| {
        let user = uri
            .authority()
            .is_some_and(|host| host.as_str().contains('@'));
        uri.host().is_some_and(|host| !host.is_empty()) && !user
    });
    uri.ok_or_else(|| McpLoginFault::Address {
        place: place.to_owned(),
        reason: "it is no whole URL",
    })
}

fn is_local(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback() || address.is_unspecified());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}

/// How long each of them may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than any document of a login has.
const LARGEST: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_only_to_encrypted_places_or_stay_on_this_machine() {
        let far = Web::of("https://h.example/mcp").unwrap();
        let near = Web::of("http://127.0.0.1:1/mcp").unwrap();
        for (place, from_far, from_near) in [
            ("https://a.example/token", true, true),
            ("http://a.example/token", false, false),
            ("http://localhost:2/token", false, true),
            ("https://[::1]/token", false, true),
            ("ftp://a.example/", false, false),
            ("/token", false, false),
            ("https://u:p@a.example/", false, false),
        ] {
            assert_eq!(far.check(place).is_ok(), from_far, "{place}");
            assert_eq!(near.check(place).is_ok(), from_near, "{place}");
        }
        assert!(Web::of("http://h.example/mcp").is_err());
    }
}
