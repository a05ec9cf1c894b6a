//! Keeps connections to one endpoint and sends requests over them.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, mem};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, Uri};
use http_body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::timeout;
use tower_service::Service;

use crate::answer::Answer;
use crate::endpoint::Endpoint;
use crate::fault::{SetupFault, TransportFault};
use crate::line::{Line, Unanswered};
use crate::pool::Pool;
use crate::transport::{Timed, Transport};

/// How a client behaves.
#[derive(Debug, Clone, Copy)]
pub struct ClientOptions {
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long the head of a response may take, from the moment the request was given.
    pub answer_timeout: Duration,
    /// Whether `HTTPS_PROXY` and its kin are obeyed.
    pub use_env_proxy: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            // A model may think for many minutes before a non-streamed answer begins.
            answer_timeout: Duration::from_secs(30 * 60),
            use_env_proxy: false,
        }
    }
}

/// A pool of HTTP/1.1 connections to one endpoint. It follows no redirects and never repeats a
/// request whose bytes may have reached the upstream.
pub struct Client<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    pool: Arc<Pool<B>>,
    connector: Connector,
    host: String,
    options: ClientOptions,
}

impl<B> fmt::Debug for Client<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client")
            .field("host", &self.host)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<B> Client<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static,
{
    /// Makes a client for `endpoint`, with the system's certificates loaded where TLS is needed.
    pub fn new(endpoint: &Endpoint, options: ClientOptions) -> Result<Self, SetupFault> {
        let transport = if options.use_env_proxy {
            Transport::from_environment(endpoint)?
        } else {
            Transport::direct()
        };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(endpoint)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(transport);
        let connector = Timed {
            connector,
            limit: options.connect_timeout,
        };
        let host = endpoint.host().to_str().unwrap_or_default().to_owned();
        Ok(Self {
            pool: Pool::new(),
            connector,
            host,
            options,
        })
    }

    /// Returns a client with the same settings and certificates, and connections of its own, for
    /// use on another runtime.
    pub fn with_own_connections(&self) -> Self {
        Self {
            pool: Pool::new(),
            connector: self.connector.clone(),
            host: self.host.clone(),
            options: self.options,
        }
    }

    /// Sends `request` and returns the response as soon as its head is there. Dropping the future
    /// or the response's body closes the connection, which tells the upstream to stop.
    // No `async fn`, whose future would hold the request twice.
    pub fn send(
        &self,
        mut request: Request<B>,
    ) -> impl Future<Output = Result<Response<Answer>, TransportFault>> + Send {
        let address = mem::take(request.uri_mut());
        // To a server, unlike to a proxy, goes the path alone.
        *request.uri_mut() = origin_form(&address);
        let asked = timeout(self.options.answer_timeout, self.ask(address, request));
        asked.map(|answered| {
            answered.unwrap_or_else(|_elapsed| {
                Err(TransportFault::AnswerTimeout {
                    host: self.host.clone(),
                    after: self.options.answer_timeout,
                })
            })
        })
    }

    async fn ask(
        &self,
        address: Uri,
        mut request: Request<B>,
    ) -> Result<Response<Answer>, TransportFault> {
        while let Some(mut line) = self.pool.take() {
            // Pinned here, because a future that held it would hold it twice.
            let asked = pin!(line.ask(request));
            match line.answer(asked).await {
                Ok(response) => return Ok(response.map(|body| Answer::new(body, line))),
                // The upstream closed an idle connection; nothing was sent, so nothing is repeated.
                Err(Unanswered {
                    unsent: Some(unsent),
                    ..
                }) => request = unsent,
                Err(Unanswered { error, .. }) => return Err(self.broken(&error)),
            }
        }
        // Opening takes a large future, and most requests find a line that is open.
        let mut line = Box::pin(self.open(address)).await?;
        let asked = pin!(line.ask(request));
        match line.answer(asked).await {
            Ok(response) => Ok(response.map(|body| Answer::new(body, line))),
            Err(Unanswered { error, .. }) => Err(self.broken(&error)),
        }
    }

    async fn open(&self, address: Uri) -> Result<Box<Line<B>>, TransportFault> {
        let stream = self
            .connector
            .clone()
            .call(address)
            .await
            .map_err(|error| {
                TransportFault::from_connector(&*error, &self.host, self.options.connect_timeout)
            })?;
        Line::open(stream, Arc::downgrade(&self.pool))
            .await
            .map_err(|error| self.broken(&error))
    }

    fn broken(&self, error: &hyper::Error) -> TransportFault {
        TransportFault::broken(error, &self.host)
    }
}

type Connector = Timed<HttpsConnector<Transport>>;

fn origin_form(address: &Uri) -> Uri {
    let path = address.path_and_query().cloned();
    path.map_or_else(Uri::default, Uri::from)
}

fn tls(endpoint: &Endpoint) -> Result<ClientConfig, SetupFault> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    // Reading the system's certificates takes milliseconds and memory that plain http never needs.
    if endpoint.is_https() {
        Ok(builder.with_platform_verifier()?.with_no_client_auth())
    } else {
        Ok(builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth())
    }
}
