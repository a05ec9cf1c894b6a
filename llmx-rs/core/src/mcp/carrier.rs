//! Carries the requests of the MCP client to a server at an address.

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt as _;
use llmx_tools::{McpBroken, McpCarrier, McpCarrying};
use llmx_upstream::Insecure;

use super::way::Way;

/// The way to one server, and what proves to it who asks.
pub(crate) struct Carrier {
    way: Way,
    cure: String,
}

impl Carrier {
    pub(crate) fn new(url: &str, cure: String) -> Result<Self, String> {
        // Whoever writes a URL without TLS into their own configuration has decided.
        let way = Way::to(url, Insecure::Allowed)?;
        Ok(Self { way, cure })
    }
}

impl McpCarrier for Carrier {
    fn carry(&self, request: Request<Bytes>) -> McpCarrying<'_> {
        Box::pin(async {
            let answer = self.way.send(request).await?;
            Ok(answer.map(|body| body.map_err(|_| McpBroken).boxed_unsync()))
        })
    }

    fn cure(&self) -> String {
        self.cure.clone()
    }
}
