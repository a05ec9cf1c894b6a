//! What llmx asks of a server, whoever speaks the protocol for it.

use std::future::Future;
use std::pin::Pin;

use serde_json::{Map, Value};

use super::listing::Listing;

/// A server that is ready. Dropping a future that it returned tells the server to stop that work.
pub(crate) trait Client: Send + Sync {
    /// Asks what the server offers now.
    fn list(&self) -> Asking<'_, Listing>;

    /// Calls a tool, and returns the `CallToolResult` of the protocol.
    fn call(&self, tool: String, arguments: Map<String, Value>) -> Asking<'_, Value>;

    /// Returns the resources and the templates of resources.
    fn resources(&self) -> Asking<'_, Value>;

    /// Returns the contents of a resource: the `ReadResourceResult` of the protocol.
    fn read(&self, uri: String) -> Asking<'_, Value>;
}

/// A question under way.
pub(crate) type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, ClientFault>> + Send + 'a>>;

/// A question without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClientFault {
    /// The server says that it cannot be done.
    #[error("{0}")]
    Refused(String),
    /// The server is not there any more; nothing of the question has reached it.
    #[error("the server has gone")]
    Unsent,
    /// The server went before its answer.
    #[error("the server has gone")]
    Gone,
    /// What the server said makes no sense.
    #[error("the server does not keep to the protocol: {0}")]
    Strange(String),
    /// The server wants something of the user in the middle of a call.
    #[error("the server asks for input, which llmx cannot give it")]
    AsksBack,
}
