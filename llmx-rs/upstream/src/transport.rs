//! Opens the byte stream to an upstream, directly or through a proxy that the environment names.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

use crate::endpoint::Endpoint;
use crate::fault::SetupFault;

/// A byte stream to the upstream, encrypted or not.
pub(crate) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

type BoxError = Box<dyn Error + Send + Sync>;

/// How connections to one endpoint are opened.
#[derive(Debug, Clone)]
pub(crate) enum Transport {
    Direct(HttpConnector),
    /// `CONNECT` through an HTTP proxy; the proxy sees only encrypted bytes.
    Tunnel(Tunnel<HttpConnector>),
}

impl Transport {
    pub(crate) fn direct() -> Self {
        Self::Direct(connector())
    }

    /// Obeys `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. Plain `http` endpoints are reached
    /// directly: they are on this machine, or the operator has said that the path is safe.
    pub(crate) fn from_environment(endpoint: &Endpoint) -> Result<Self, SetupFault> {
        let connector = connector();
        let proxy = Matcher::from_env().intercept(endpoint.uri());
        let Some(proxy) = proxy.filter(|_| endpoint.is_https()) else {
            return Ok(Self::Direct(connector));
        };
        if proxy.uri().scheme_str() != Some("http") {
            let scheme = proxy.uri().scheme_str().unwrap_or_default();
            let host = proxy.uri().host().unwrap_or_default();
            return Err(SetupFault::Proxy(format!("{scheme}://{host}")));
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), connector);
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        Ok(Self::Tunnel(tunnel))
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEPALIVE));
    connector
}

/// A peer that vanished without a word is noticed after a few of these, even in a silent stream.
const KEEPALIVE: Duration = Duration::from_secs(30);

impl Service<Uri> for Transport {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Direct(connector) => connector.poll_ready(cx).map_err(Into::into),
            Self::Tunnel(tunnel) => tunnel.poll_ready(cx).map_err(Into::into),
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self {
            Self::Direct(connector) => {
                let connecting = connector.call(uri);
                Box::pin(async move { Ok(connecting.await?) })
            }
            Self::Tunnel(tunnel) => {
                let connecting = tunnel.call(uri);
                Box::pin(async move { Ok(connecting.await?) })
            }
        }
    }
}

/// Bounds the whole way to a usable connection: name, TCP, tunnel and TLS.
#[derive(Debug, Clone)]
pub(crate) struct Timed<C> {
    pub(crate) connector: C,
    pub(crate) limit: Duration,
}

impl<C> Service<Uri> for Timed<C>
where
    C: Service<Uri, Error = BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = timeout(self.limit, self.connector.call(uri));
        Box::pin(async move {
            match connecting.await {
                Ok(result) => result,
                Err(elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, elapsed).into()),
            }
        })
    }
}
