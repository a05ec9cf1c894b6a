//! How requests reach a server at an address. Whoever drives the tools owns the connections, the
//! ways around them and the logins; the protocol needs only this.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;

/// Sends requests to one server.
pub trait McpCarrier: Send + Sync {
    /// Sends a request with a whole URL and returns the answer, whatever its status. Dropping the
    /// future or the answer's body gives it up.
    fn carry(&self, request: Request<Bytes>) -> McpCarrying<'_>;

    /// Says what to do where the server answers with this status that somebody may not ask.
    fn cure(&self, status: StatusCode) -> String;
}

/// A request under way; the text says why no answer came.
pub type McpCarrying<'a> =
    Pin<Box<dyn Future<Output = Result<Response<McpBody>, String>> + Send + 'a>>;

/// The body of an answer.
pub type McpBody = UnsyncBoxBody<Bytes, McpBroken>;

/// An answer that breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer breaks off")]
pub struct McpBroken;
