//! `sslmode` of a PostgreSQL address, with the meaning that libpq gives it.

use std::sync::Arc;

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;

/// Where the system keeps its root certificates; `SSL_CERT_FILE` goes first.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The TLS part of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TlsOptions {
    /// `disable`, `prefer` (the default) or `require`, as the driver knows it.
    pub(super) mode: SslMode,
    /// Check the server's certificate and name (`verify-full`, and `verify-ca`, which is not weaker here).
    pub(super) verify: bool,
    /// File with root certificates; none is the system's.
    pub(super) roots: Option<String>,
}

/// Takes `sslmode` and `sslrootcert` out of an address, because the driver does not know all of their values.
pub(super) fn split_address(url: &str) -> Result<(String, TlsOptions), OpenError> {
    let mut options = TlsOptions { mode: SslMode::Prefer, verify: false, roots: None };
    let Some((base, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), options));
    };
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => (options.mode, options.verify) = parse_mode(mode)?,
            Some(("sslrootcert", "system")) => options.roots = None,
            Some(("sslrootcert", file)) => options.roots = Some(file.replace("%2F", "/").replace("%2f", "/")),
            _ => rest.push(pair),
        }
    }
    let rest = rest.join("&");
    Ok((if rest.is_empty() { base.to_owned() } else { format!("{base}?{rest}") }, options))
}

fn parse_mode(mode: &str) -> Result<(SslMode, bool), OpenError> {
    match mode {
        "disable" => Ok((SslMode::Disable, false)),
        "allow" | "prefer" => Ok((SslMode::Prefer, false)),
        "require" => Ok((SslMode::Require, false)),
        "verify-ca" | "verify-full" => Ok((SslMode::Require, true)),
        other => Err(OpenError::Configuration(format!(
            "sslmode={other} is not known: use disable, prefer, require or verify-full"
        ))),
    }
}

/// The connector for these options.
pub(super) fn connector(options: &TlsOptions) -> Result<MakeRustlsConnect, OpenError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let bad = |error: rustls::Error| OpenError::Configuration(format!("TLS for PostgreSQL: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(bad)?;
    let config = if options.verify {
        builder.with_root_certificates(roots(options.roots.as_deref())?).with_no_client_auth()
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))).with_no_client_auth()
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(file: Option<&str>) -> Result<RootCertStore, OpenError> {
    let from_environment = std::env::var("SSL_CERT_FILE").ok();
    let file = file
        .or(from_environment.as_deref())
        .or_else(|| SYSTEM_ROOTS.into_iter().find(|path| std::path::Path::new(path).exists()))
        .ok_or_else(|| {
            OpenError::Configuration("no root certificates found: add sslrootcert=<file> to the address".to_owned())
        })?;
    let bad = |problem: String| OpenError::Configuration(format!("root certificates in {file}: {problem}"));
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| bad(error.to_string()))?;
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        // System bundles hold certificates that rustls does not take; one good root is enough.
        let _ = store.add(certificate);
    }
    if store.is_empty() {
        return Err(bad("none of them can be used".to_owned()));
    }
    Ok(store)
}

/// `require` and `prefer` encrypt without knowing to whom, as in libpq: whoever needs more says `verify-full`.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::split_address;

    #[test]
    fn the_tls_words_are_taken_out_of_the_address() {
        fn check(url: &str, rest: &str, mode: SslMode, verify: bool, roots: Option<&str>) {
            let (base, options) = split_address(url).expect("the address is good");
            assert_eq!(
                (base.as_str(), options.mode, options.verify, options.roots.as_deref()),
                (rest, mode, verify, roots)
            );
        }
        check("postgres://h/d", "postgres://h/d", SslMode::Prefer, false, None);
        check("postgres://h/d?sslmode=disable", "postgres://h/d", SslMode::Disable, false, None);
        check(
            "postgres://h/d?application_name=x&sslmode=verify-full&sslrootcert=%2Fca.pem",
            "postgres://h/d?application_name=x",
            SslMode::Require,
            true,
            Some("/ca.pem"),
        );
        assert!(split_address("postgres://h/d?sslmode=maybe").is_err());
    }
}
