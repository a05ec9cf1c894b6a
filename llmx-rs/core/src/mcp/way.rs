//! The way to one server: the connections that requests to providers take, with the same proxies of
//! the environment and the same certificates.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response};
use http_body_util::Full;
use llmx_upstream::{Answer, Client, ClientOptions, Endpoint, Insecure};

/// Connections to the server of one URL.
pub(crate) struct Way {
    endpoint: Endpoint,
    client: OnceLock<Client<Full<Bytes>>>,
}

impl Way {
    /// Finds the way to the server of `url`. Nothing is opened.
    pub(crate) fn to(url: &str, insecure: Insecure) -> Result<Self, String> {
        let endpoint = Endpoint::parse(url, insecure).map_err(|error| error.to_string())?;
        Ok(Self {
            endpoint,
            client: OnceLock::new(),
        })
    }

    /// Sends a request to the server and returns its answer, whatever its status.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Answer>, String> {
        let mut request = request.map(Full::new);
        let host = self.endpoint.host().clone();
        request.headers_mut().insert(HOST, host);
        let answer = self.client()?.send(request).await;
        answer.map_err(|fault| fault.to_string())
    }

    /// Reading the system's certificates takes milliseconds, which a server that is not asked
    /// anything should not cost.
    fn client(&self) -> Result<&Client<Full<Bytes>>, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let options = ClientOptions {
            answer_timeout: ANSWER,
            use_env_proxy: true,
            ..ClientOptions::default()
        };
        let client = Client::new(&self.endpoint, options).map_err(|fault| fault.to_string())?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// The longest that `tool_timeout_sec` may be: whoever asks knows when to give up.
const ANSWER: Duration = Duration::from_secs(24 * 60 * 60);
