//! TLS of the server itself (`FLOE_TLS_CERT`, `FLOE_TLS_KEY`): rustls with ring, TLS 1.2 and 1.3, HTTP/1.1.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::settings::TlsFiles;

/// Why a certificate and its key cannot be used; the text is for the person who starts the server.
#[derive(Debug)]
pub struct TlsError(String);

impl std::fmt::Display for TlsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

/// Speaks TLS with one certificate. Cheap to clone.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// When a file cannot be read, is not PEM, or the key does not belong to the certificate.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let at = |path: &std::path::Path, problem: String| TlsError(format!("{}: {problem}", path.display()));
        let chain = CertificateDer::pem_file_iter(&files.cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| at(&files.cert, error.to_string()))?;
        if chain.is_empty() {
            return Err(at(&files.cert, "there is no certificate in it".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| at(&files.key, error.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|error| at(&files.cert, error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// The handshake, within a time.
    pub(super) async fn handshake(&self, stream: TcpStream, timeout: Duration) -> io::Result<TlsStream<TcpStream>> {
        let shaking = tokio::time::timeout(timeout, self.0.accept(stream));
        shaking.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}
