//! Certificates that are accepted and those that are not, with servers of our own authority.

use std::sync::Arc;

use floe_runtime::outside::{
    AllowList, OutsideError, Response, RootCertificate, RootCertificateError, TlsFailure, install_tls_provider,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::outside_world::{Reply, Server, World, fetch, ok};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn root(authority: &Authority) -> RootCertificate {
    RootCertificate::parse_der(authority.as_ref().der()).unwrap()
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair, alpn: &[&str]) -> TlsAcceptor {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// A server's certificate for `name`, signed by `authority`, valid until the start of `until_year`.
fn signed(authority: &Authority, name: &str, until_year: i32, alpn: &[&str]) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(until_year, 1, 1);
    let certificate = params.signed_by(&key, authority).unwrap();
    acceptor(certificate.der().clone(), &key, alpn)
}

/// Calls `https://site.test/`, served with `tls`, trusting `roots` on top.
async fn call(tls: TlsAcceptor, roots: Vec<RootCertificate>) -> (Result<Response, OutsideError>, Server) {
    let server = Server::start_secured(Some(tls), |_| Reply::Keep(ok("secured"))).await;
    let world = World::with_site(&["site.test"], &server);
    let client = world.client_with(AllowList::default(), roots);
    (fetch(&client, "https://site.test/").await, server)
}

async fn expect_refused(tls: TlsAcceptor, roots: Vec<RootCertificate>, expected: TlsFailure) {
    let (outcome, server) = call(tls, roots).await;
    assert_eq!(outcome.unwrap_err(), OutsideError::Tls(expected));
    assert!(server.requests().is_empty(), "a request was sent over a connection that is not trusted");
}

pub(crate) async fn refuses_self_signed() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["site.test".to_owned()]).unwrap().self_signed(&key).unwrap();
    expect_refused(acceptor(certificate.der().clone(), &key, &[]), Vec::new(), TlsFailure::Untrusted).await;
}

pub(crate) async fn refuses_expired() {
    let authority = authority();
    expect_refused(signed(&authority, "site.test", 2021, &[]), vec![root(&authority)], TlsFailure::Expired).await;
}

pub(crate) async fn refuses_wrong_host() {
    let authority = authority();
    expect_refused(signed(&authority, "other.test", 2120, &[]), vec![root(&authority)], TlsFailure::WrongHost).await;
}

#[tokio::test]
async fn an_authority_of_the_operator_is_trusted() {
    let authority = authority();
    let (outcome, server) = call(signed(&authority, "site.test", 2120, &[]), vec![root(&authority)]).await;
    assert_eq!(outcome.unwrap().body, "secured");
    assert_eq!(server.requests().len(), 1);
    // The same server is not trusted without it.
    expect_refused(signed(&authority, "site.test", 2120, &[]), Vec::new(), TlsFailure::Untrusted).await;
}

#[tokio::test]
async fn only_http_1_is_offered() {
    let authority = authority();
    let tls = signed(&authority, "site.test", 2120, &["h2", "http/1.1"]);
    let (outcome, _server) = call(tls, vec![root(&authority)]).await;
    assert_eq!(outcome.unwrap().body, "secured");
    let tls = signed(&authority, "site.test", 2120, &["h2"]);
    expect_refused(tls, vec![root(&authority)], TlsFailure::Handshake).await;
}

#[tokio::test]
async fn a_server_without_tls_gets_no_request() {
    let server = Server::answering(ok("plain")).await;
    let world = World::with_site(&["site.test"], &server);
    let limits = floe_runtime::outside::Limits { connect_ms: 300, ..super::outside_world::LIMITS };
    let request = floe_runtime::outside::Request { limits, ..super::outside_world::get("https://site.test/") };
    // The stub waits for the end of a request that never comes, so the time limit of the connection applies.
    assert_eq!(world.client().send(request).await.unwrap_err().code(), "connect");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_from_https_to_http_is_refused() {
    use floe_runtime::outside::Refusal;
    let authority = authority();
    let tls = signed(&authority, "site.test", 2120, &[]);
    let moved = super::outside_world::redirect("301", "http://site.test/");
    let server = Server::start_secured(Some(tls), move |_| Reply::Keep(moved.clone())).await;
    let world = World::with_site(&["site.test"], &server);
    let client = world.client_with(AllowList::default(), vec![root(&authority)]);
    let error = fetch(&client, "https://site.test/").await.unwrap_err();
    assert_eq!(error, OutsideError::Blocked(Refusal::Downgrade));
}

#[test]
fn certificates_are_read_when_the_configuration_is() {
    let authority = authority();
    let pem = authority.as_ref().pem();
    assert_eq!(RootCertificate::parse_pem(pem.repeat(2).as_bytes()).map(|list| list.len()), Ok(2));
    assert_eq!(RootCertificate::parse_pem(b"nothing"), Err(RootCertificateError));
    assert_eq!(RootCertificate::parse_der(b"nothing"), Err(RootCertificateError));
}

#[test]
fn the_provider_can_be_installed_again() {
    install_tls_provider();
    install_tls_provider();
    assert!(rustls::crypto::CryptoProvider::get_default().is_some());
}
