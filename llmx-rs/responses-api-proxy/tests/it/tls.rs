//! An upstream behind TLS: spoken to when its certificate is trusted, and not at all otherwise.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::proxy::{KEY, Proxy, command};

/// A server with a certificate for `localhost` that answers one request per connection.
struct TlsUpstream {
    addr: SocketAddr,
    pem: String,
}

fn start() -> TlsUpstream {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let mut request = [0; 4096];
            // A client that does not trust the certificate ends the handshake here.
            let Ok(length) = stream.read(&mut request) else {
                continue;
            };
            let request = String::from_utf8(request[..length].to_vec()).unwrap();
            let known = request.contains(&format!("Bearer {KEY}"));
            let body = format!("the key came: {known}");
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    TlsUpstream {
        addr,
        pem: cert.pem(),
    }
}

fn proxy(upstream: &TlsUpstream, host: &str, trusted: &std::path::Path) -> Proxy {
    let mut command = command();
    let url = format!("https://{host}:{}/v1/responses", upstream.addr.port());
    command
        .args(["--upstream-url", &url])
        .env("SSL_CERT_FILE", trusted);
    Proxy::spawn(command)
}

#[test]
#[cfg(target_os = "linux")]
fn a_trusted_upstream_gets_the_key_over_tls() {
    let upstream = start();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &upstream.pem).unwrap();
    let proxy = proxy(&upstream, "localhost", file.path());
    let answer = proxy.exchange(&proxy.post("{}")).unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.text(), "the key came: true");
}

#[test]
#[cfg(target_os = "linux")]
fn an_upstream_that_is_not_trusted_gets_nothing() {
    let (upstream, other) = (start(), start());
    let file = tempfile::NamedTempFile::new().unwrap();
    for (host, pem) in [
        // Signed by a stranger.
        ("localhost", &other.pem),
        // Trusted, but for another name.
        ("127.0.0.1", &upstream.pem),
    ] {
        std::fs::write(file.path(), pem).unwrap();
        let proxy = proxy(&upstream, host, file.path());
        let answer = proxy.exchange(&proxy.post("{}")).unwrap();
        assert_eq!(answer.status(), 502, "{host}");
        assert!(answer.text().contains("certificate"), "{}", answer.text());
    }
}
