//! Connections for protocols other than HTTP: databases and mail servers of people, named by connections of their workspace.
//!
//! They pass the same gates as a call: the name, every address that it has, the operator's list, and the permit of this node. Ports are
//! free: these protocols have ports of their own, and what is spoken on them is no HTTP that could be read as commands.

use std::net::IpAddr;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;

use super::Outside;
use super::connect::Connector;
use super::dial::dial_first;
use super::error::{ConnectFailure, OutsideError, TlsFailure};
use super::refusal::Refusal;
use super::resolve::ADDRESSES_MAX;
use super::tls::tls_failure;
use super::url::{checked_host, checked_wire_addresses};

/// An open connection, plain or secured.
pub trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Wire for S {}

impl Outside {
    /// Connects to a host and port. Nothing is sent.
    ///
    /// # Errors
    /// `InvalidUrl` for a name that is none, `Blocked`, `Connect`, `Withheld`.
    pub async fn wire(&self, host: &str, port: u16, limit_ms: u64) -> Result<Box<dyn Wire>, OutsideError> {
        let socket = tokio::time::timeout(Duration::from_millis(limit_ms), self.connector().dial(host, port)).await;
        let outcome = socket.unwrap_or(Err(OutsideError::Connect(ConnectFailure::Timeout)));
        let outcome = outcome.and_then(|socket| self.permitted().map(|()| socket));
        match &outcome {
            Ok(_) => tracing::info!(outside.host = host, outside.port = port, "connected to the outside"),
            Err(error) => tracing::info!(
                outside.host = host,
                outside.port = port,
                outside.error = error.code(),
                outside.reason = %error,
                "connection to the outside failed"
            ),
        }
        outcome.map(|socket| Box::new(socket) as Box<dyn Wire>)
    }

    /// Secures a connection by TLS, with a certificate for this host.
    ///
    /// # Errors
    /// `Tls` and `Connect`.
    pub async fn secured(&self, wire: Box<dyn Wire>, host: &str, limit_ms: u64) -> Result<Box<dyn Wire>, OutsideError> {
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned());
        let name = name.map_err(|_| OutsideError::Tls(TlsFailure::WrongHost))?;
        let mut config = rustls::ClientConfig::clone(self.connector().tls.config());
        config.alpn_protocols.clear();
        let connector = TlsConnector::from(std::sync::Arc::new(config));
        match tokio::time::timeout(Duration::from_millis(limit_ms), connector.connect(name, wire)).await {
            Ok(Ok(secured)) => Ok(Box::new(secured)),
            Ok(Err(error)) => Err(OutsideError::Tls(tls_failure(&error))),
            Err(_) => Err(OutsideError::Connect(ConnectFailure::Timeout)),
        }
    }
}

impl Connector {
    async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, OutsideError> {
        let addresses = self.wire_addresses(host, port).await?;
        let dialled = dial_first(&self.dialer, addresses, port).await;
        dialled.map_err(|_| OutsideError::Connect(ConnectFailure::Dial))
    }

    async fn wire_addresses(&self, host: &str, port: u16) -> Result<Vec<IpAddr>, OutsideError> {
        let (name, answers) = match parsed(host)? {
            Host::Ipv4(address) => (None, vec![IpAddr::V4(address)]),
            Host::Ipv6(address) => (None, vec![IpAddr::V6(address)]),
            Host::Domain(name) => {
                checked_host(&name, port, &self.allow)?;
                let answers = self.resolver.lookup(&name).await;
                let mut answers = answers.map_err(|_| OutsideError::Connect(ConnectFailure::Lookup))?;
                answers.truncate(ADDRESSES_MAX);
                (Some(name), answers)
            }
        };
        let accepted = checked_wire_addresses(name.as_deref(), port, &answers, &self.allow)?;
        if accepted.is_empty() { Err(OutsideError::Connect(ConnectFailure::Lookup)) } else { Ok(accepted) }
    }
}

/// A host as configurations write it: a name or an address, an IPv6 one with or without brackets.
fn parsed(host: &str) -> Result<Host<String>, OutsideError> {
    if let Ok(address) = host.parse::<std::net::Ipv6Addr>() {
        return Ok(Host::Ipv6(address));
    }
    Host::parse(host).map_err(|_| OutsideError::InvalidUrl(Refusal::Malformed))
}
