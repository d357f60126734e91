//! From a judged URL to an open connection: look up, check, dial, secure.
//!
//! The address that is dialled is one of those just checked; there is no second lookup in between.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;

use super::allow::AllowList;
use super::dial::{Dialer, dial_first};
use super::error::{ConnectFailure, OutsideError, ProtocolFailure, TlsFailure};
use super::resolve::{ADDRESSES_MAX, Resolver};
use super::tls::tls_failure;
use super::url::{Target, TargetHost, checked_addresses};

/// Most headers of a response.
pub const HEADERS_MAX: usize = 100;

/// Most bytes of a response's status line and headers.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Opens connections by the rules of one client.
pub(super) struct Connector {
    pub(super) allow: AllowList,
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) dialer: Arc<dyn Dialer>,
    pub(super) tls: TlsConnector,
}

/// An open connection that carries one exchange at a time. The socket closes when it is dropped.
pub(super) struct Connection {
    pub(super) sender: SendRequest<Full<Bytes>>,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connector {
    /// Connects to `target` within `limit`.
    ///
    /// # Errors
    /// `Blocked`, `Connect` or `Tls`; no byte of a request has left then.
    pub(super) async fn connect(&self, target: &Target, limit: Duration) -> Result<Connection, OutsideError> {
        tokio::time::timeout(limit, self.connect_unlimited(target))
            .await
            .unwrap_or(Err(OutsideError::Connect(ConnectFailure::Timeout)))
    }

    /// Looks up the name of `target` and checks its addresses within `limit`.
    ///
    /// # Errors
    /// `Blocked` or `Connect`.
    pub(super) async fn lookup(&self, target: &Target, limit: Duration) -> Result<(), OutsideError> {
        let addresses = tokio::time::timeout(limit, self.addresses(target)).await;
        addresses.map_or(Err(OutsideError::Connect(ConnectFailure::Timeout)), |found| found.map(drop))
    }

    async fn connect_unlimited(&self, target: &Target) -> Result<Connection, OutsideError> {
        let addresses = self.addresses(target).await?;
        let socket = dial_first(&self.dialer, addresses, target.port())
            .await
            .map_err(|_| OutsideError::Connect(ConnectFailure::Dial))?;
        if !target.is_https() {
            return handshake(socket).await;
        }
        let name = server_name(target)?;
        let secured = self.tls.connect(name, socket).await.map_err(|error| OutsideError::Tls(tls_failure(&error)))?;
        handshake(secured).await
    }

    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, OutsideError> {
        let name = match target.target_host() {
            TargetHost::Address(address) => return Ok(vec![*address]),
            TargetHost::Name(name) => name,
        };
        let lookup_failed = OutsideError::Connect(ConnectFailure::Lookup);
        let mut answers = self.resolver.lookup(name).await.map_err(|_| lookup_failed)?;
        answers.truncate(ADDRESSES_MAX);
        let accepted = checked_addresses(name, target.port(), &answers, &self.allow)?;
        if accepted.is_empty() { Err(lookup_failed) } else { Ok(accepted) }
    }
}

fn server_name(target: &Target) -> Result<ServerName<'static>, OutsideError> {
    match target.target_host() {
        TargetHost::Address(address) => Ok(ServerName::from(*address)),
        TargetHost::Name(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            ServerName::try_from(name.to_owned()).map_err(|_| OutsideError::Tls(TlsFailure::WrongHost))
        }
    }
}

async fn handshake<S>(stream: S) -> Result<Connection, OutsideError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .max_header_size(HEADER_BYTES_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| ProtocolFailure::Malformed)?;
    // A failure of the connection reaches the exchange that is under way; an idle one is seen to be closed.
    let task = tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(Connection { sender, task: task.abort_handle() })
}
