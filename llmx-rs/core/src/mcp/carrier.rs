//! Carries the requests of the MCP client to a server at an address, in the name of whoever has
//! logged in there.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use llmx_config::Secret;
use llmx_tools::{McpBody, McpBroken, McpCarrier, McpCarrying};
use llmx_upstream::{Answer, Insecure};

use super::login::bearer::Bearer;
use super::way::Way;

/// The way to one server, and what proves to it who asks.
pub(crate) struct Carrier {
    way: Way,
    server: String,
    /// Nothing where the settings of the server say who asks.
    bearer: Option<Bearer>,
    /// Whether the server has let somebody in.
    welcomed: AtomicBool,
}

impl Carrier {
    pub(crate) fn new(url: &str, server: &str, bearer: Option<Bearer>) -> Result<Self, String> {
        // Whoever writes a URL without TLS into their own configuration has decided.
        let way = Way::to(url, Insecure::Allowed)?;
        Ok(Self {
            way,
            server: server.to_owned(),
            bearer,
            welcomed: AtomicBool::new(false),
        })
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<McpBody>, String> {
        let Some(bearer) = &self.bearer else {
            return Ok(self.way.send(request).await?.map(body));
        };
        let mut token = bearer.token().await?;
        let mut answer = self.way.send(signed(&request, token.as_ref())?).await?;
        if answer.status() == StatusCode::UNAUTHORIZED
            && let Some(refused) = &token
            && let Some(fresh) = bearer.renew(refused).await?
        {
            // What was refused was not done, so that it can be asked again.
            answer = self.way.send(signed(&request, Some(&fresh))?).await?;
            token = Some(fresh);
        }
        self.note(bearer, answer.status());
        match token {
            Some(token) if !answer.status().is_success() => Ok(without(&token, answer).await),
            _ => Ok(answer.map(body)),
        }
    }

    /// Remembers whether a login is needed.
    fn note(&self, bearer: &Bearer, status: StatusCode) {
        if status == StatusCode::UNAUTHORIZED {
            self.welcomed.store(false, Ordering::Relaxed);
            bearer.set_needed(true);
        } else if status.is_success() && !self.welcomed.swap(true, Ordering::Relaxed) {
            bearer.set_needed(false);
        }
    }
}

impl McpCarrier for Carrier {
    fn carry(&self, request: Request<Bytes>) -> McpCarrying<'_> {
        Box::pin(self.send(request))
    }

    fn cure(&self, status: StatusCode) -> String {
        let server = &self.server;
        match (&self.bearer, status) {
            (Some(_), StatusCode::UNAUTHORIZED) => format!(
                "it wants to know who asks; run `llmx mcp login {server}`, or, if it takes a token, name the variable that holds one in `bearer_token_env_var`"
            ),
            (Some(_), _) => format!(
                "it does not allow that; if your account may, run `llmx mcp login {server} --scope SCOPE` with what it asks for"
            ),
            (None, _) => {
                "it refuses what its headers say; correct its `bearer_token_env_var` or the variable named there, or its headers".to_owned()
            }
        }
    }
}

fn signed(request: &Request<Bytes>, token: Option<&Secret>) -> Result<Request<Bytes>, String> {
    let mut request = request.clone();
    if let Some(token) = token {
        let value = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
        let mut value = value.map_err(|_| "its token cannot be sent in a header".to_owned())?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// Takes the token out of an error that repeats it.
async fn without(token: &Secret, answer: Response<Answer>) -> Response<McpBody> {
    let (mut head, answer) = answer.into_parts();
    let read = Limited::new(answer, LARGEST_ERROR).collect().await;
    let bytes = read
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).replace(token.expose(), "[redacted]");
    head.headers.remove(CONTENT_LENGTH);
    head.headers.remove(TRANSFER_ENCODING);
    let text = Full::new(Bytes::from(text)).map_err(|never| match never {});
    Response::from_parts(head, text.boxed_unsync())
}

fn body(answer: Answer) -> McpBody {
    answer.map_err(|_| McpBroken).boxed_unsync()
}

const LARGEST_ERROR: usize = 64 << 10;
