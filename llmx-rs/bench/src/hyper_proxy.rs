//! A bare hyper reverse proxy on one thread: the floor under any proxy built on hyper.
//!
//! It forwards and does nothing else, so what llmx costs above it is what llmx adds.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::uri::{Authority, Parts, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::rt::ReadBufCursor;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::connect::{Connect, Connected, Connection, HttpConnector};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use crate::args::HyperProxyArgs;
use crate::{fault, mock, os, tls};

/// Serves until the process is ended.
pub(crate) fn run(args: &HyperProxyArgs) -> io::Result<()> {
    os::raise_open_files()?;
    os::die_with_parent()?;
    let upstream: Uri = args.upstream_url.parse().map_err(io::Error::other)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            match &args.tls_authority {
                Some(authority) => {
                    let tls = tls::connector(authority)?;
                    serve(args, upstream, SecureConnector { tls }).await
                }
                None => {
                    let mut plain = HttpConnector::new();
                    plain.set_nodelay(true);
                    serve(args, upstream, plain).await
                }
            }
        })
}

async fn serve<C>(args: &HyperProxyArgs, upstream: Uri, connector: C) -> io::Result<()>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let Parts {
        scheme: Some(scheme),
        authority: Some(authority),
        ..
    } = upstream.into_parts()
    else {
        return Err(fault("the upstream needs a scheme and a host"));
    };
    let client = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build(connector);
    let listener = mock::listen(args.port)?;
    mock::announce(listener.local_addr()?, args.server_info.as_deref())?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (client, scheme, authority) = (client.clone(), scheme.clone(), authority.clone());
        let service = service_fn(move |request| forward(&client, &scheme, &authority, request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // A failed exchange ends its connection, which the client reports.
        tokio::spawn(async move { connection.await.ok() });
    }
}

/// Sends a request on, its head unchanged but for the target and `Connection`.
fn forward<C>(
    client: &Client<C, Incoming>,
    scheme: &Scheme,
    authority: &Authority,
    mut request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Incoming>, Error>> + use<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let mut parts = Parts::default();
    parts.scheme = Some(scheme.clone());
    parts.authority = Some(authority.clone());
    parts.path_and_query = request.uri().path_and_query().cloned();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request.headers_mut().remove(http::header::CONNECTION);
    client.request(request)
}

/// Connects over TLS to the loopback upstream.
#[derive(Clone)]
struct SecureConnector {
    tls: TlsConnector,
}

impl Service<Uri> for SecureConnector {
    type Response = Secured;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Secured>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, upstream: Uri) -> Self::Future {
        let tls = self.tls.clone();
        Box::pin(async move {
            let port = upstream.port_u16().unwrap_or(443);
            let stream = TcpStream::connect(("127.0.0.1", port)).await?;
            stream.set_nodelay(true)?;
            let stream = tls.connect(tls::server_name()?, stream).await?;
            Ok(Secured(TokioIo::new(stream)))
        })
    }
}

/// A TLS stream in the shape hyper's pool asks for.
struct Secured(TokioIo<TlsStream<TcpStream>>);

impl Connection for Secured {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl hyper::rt::Write for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// As many as nginx is given.
const IDLE_CONNECTIONS: usize = 512;
