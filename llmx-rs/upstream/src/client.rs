//! Keeps connections to one endpoint and sends requests over them.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::timeout;

use crate::endpoint::Endpoint;
use crate::fault::{SetupFault, TransportFault};
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
#[derive(Debug, Clone)]
pub struct Client<B> {
    pool: legacy::Client<Timed<HttpsConnector<Transport>>, B>,
    host: String,
    options: ClientOptions,
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
        let pool = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_SIZE)
            .set_host(false)
            .build(Timed {
                connector,
                limit: options.connect_timeout,
            });
        let host = endpoint.host().to_str().unwrap_or_default().to_owned();
        Ok(Self {
            pool,
            host,
            options,
        })
    }

    /// Sends `request` and returns the response as soon as its head is there. Dropping the future
    /// or the response's body closes the connection, which tells the upstream to stop.
    pub async fn send(&self, request: Request<B>) -> Result<Response<Incoming>, TransportFault> {
        match timeout(self.options.answer_timeout, self.pool.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(TransportFault::from_client(
                &error,
                &self.host,
                self.options.connect_timeout,
            )),
            Err(_elapsed) => Err(TransportFault::AnswerTimeout {
                host: self.host.clone(),
                after: self.options.answer_timeout,
            }),
        }
    }
}

/// Shorter than the idle limits of common providers and load balancers (60 s and more), so that a
/// request seldom meets a connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// Idle connections beyond this are closed; a burst of streams would otherwise pin its sockets.
const POOL_SIZE: usize = 512;

fn tls(endpoint: &Endpoint) -> Result<ClientConfig, SetupFault> {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
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
