//! Certificates and the TLS configuration.
//!
//! Trusted are the certificates of the operating system; the bundled Mozilla set takes their place where there are
//! none, as in an empty container image. An operator's own authorities come on top.

use std::error::Error as _;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use thiserror::Error;

use super::error::TlsFailure;

/// A certificate whose signatures are trusted, for operators with an authority of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCertificate(CertificateDer<'static>);

/// A certificate that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this is not a certificate in PEM or DER form")]
pub struct RootCertificateError;

impl RootCertificate {
    /// Reads one certificate in DER form.
    ///
    /// # Errors
    /// If it is not a certificate.
    pub fn parse_der(der: &[u8]) -> Result<Self, RootCertificateError> {
        let certificate = CertificateDer::from(der.to_vec());
        RootCertStore::empty().add(certificate.clone()).map_err(|_| RootCertificateError)?;
        Ok(Self(certificate))
    }

    /// Reads all certificates of a PEM file.
    ///
    /// # Errors
    /// If there is none, or one cannot be read.
    pub fn parse_pem(pem: &[u8]) -> Result<Vec<Self>, RootCertificateError> {
        let certificates = CertificateDer::pem_slice_iter(pem)
            .map(|der| Self::parse_der(&der.map_err(|_| RootCertificateError)?))
            .collect::<Result<Vec<_>, _>>()?;
        if certificates.is_empty() { Err(RootCertificateError) } else { Ok(certificates) }
    }
}

/// Makes ring the TLS provider of the process, for libraries that take the default one. May be called any number of
/// times; a provider that is already installed stays. This client names its provider and does not depend on it.
pub fn install_tls_provider() {
    // An error means that one is installed, which is all that is wanted.
    let _ = ring::default_provider().install_default();
}

/// The configuration of all connections of one client: HTTP/1.1 only, so a server that insists on HTTP/2 is refused in
/// the handshake.
pub(super) fn client_config(extra: &[RootCertificate]) -> Arc<ClientConfig> {
    let mut roots = common_roots().clone();
    for certificate in extra {
        roots.add(certificate.0.clone()).expect("a RootCertificate was accepted by a store when it was read");
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

/// What went wrong in a handshake, from the error of the TLS stream.
pub(super) fn tls_failure(error: &io::Error) -> TlsFailure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let found = inner.or_else(|| error.source().and_then(|source| source.downcast_ref::<rustls::Error>()));
    match found {
        Some(rustls::Error::InvalidCertificate(fault)) => match fault {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFailure::Expired,
            CertificateError::UnknownIssuer => TlsFailure::Untrusted,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFailure::WrongHost
            }
            _ => TlsFailure::Certificate,
        },
        _ => TlsFailure::Handshake,
    }
}

/// Read once: the system's store is some hundred files.
fn common_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        roots
    })
}
