//! A certificate of our own, so that the way to an upstream over TLS can be measured offline.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The files of one throw-away authority and the certificate it signed for loopback.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// What a client must trust.
    pub(crate) authority: PathBuf,
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    /// Writes a fresh authority and certificate into `dir`.
    pub(crate) fn create(dir: &Path) -> io::Result<Self> {
        let identity = Self {
            authority: dir.join("authority.pem"),
            cert: dir.join("cert.pem"),
            key: dir.join("key.pem"),
        };
        let (authority, cert, key) = sign().map_err(io::Error::other)?;
        std::fs::write(&identity.authority, authority)?;
        std::fs::write(&identity.cert, cert)?;
        std::fs::write(&identity.key, key)?;
        Ok(identity)
    }
}

fn sign() -> Result<(String, String, String), rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate()?;
    let authority = params.self_signed(&authority_key)?;
    let issuer = Issuer::new(params, authority_key);

    let key = KeyPair::generate()?;
    let names = vec![NAME.to_owned(), "127.0.0.1".to_owned()];
    let cert = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    Ok((authority.pem(), cert.pem(), key.serialize_pem()))
}

/// The server's side of TLS.
pub(crate) fn acceptor(cert: &Path, key: &Path) -> io::Result<TlsAcceptor> {
    let certs = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(certs, key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The client's side, which trusts the given authority and nothing else.
pub(crate) fn connector(authority: &Path) -> io::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    let cert = CertificateDer::from_pem_file(authority).map_err(io::Error::other)?;
    roots.add(cert).map_err(io::Error::other)?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The name the certificate is for.
pub(crate) fn server_name() -> io::Result<ServerName<'static>> {
    ServerName::try_from(NAME).map_err(io::Error::other)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

pub(crate) const NAME: &str = "localhost";

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_client_that_trusts_the_authority_reaches_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let identity = Identity::create(dir.path()).unwrap();
        let server = acceptor(&identity.cert, &identity.key).unwrap();
        let client = connector(&identity.authority).unwrap();
        let (near, far) = tokio::io::duplex(4096);

        let echo = tokio::spawn(async move {
            let mut stream = server.accept(far).await.unwrap();
            stream.write_all(b"hello").await.unwrap();
            stream.flush().await.unwrap();
            stream
        });
        let mut stream = client.connect(server_name().unwrap(), near).await.unwrap();
        let mut word = [0; 5];
        stream.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"hello");
        echo.await.unwrap();
    }
}
