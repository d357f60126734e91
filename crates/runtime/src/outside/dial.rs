//! Opens connections to addresses that were checked.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A connection being opened.
pub type Dialing = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// Opens a connection to an address. Nothing else in this client opens one, so a test that counts its calls has seen
/// every address that was dialled.
pub trait Dialer: Send + Sync {
    /// Connects to exactly this address.
    fn dial(&self, address: SocketAddr) -> Dialing;
}

/// Dials with the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpDialer;

impl Dialer for TcpDialer {
    fn dial(&self, address: SocketAddr) -> Dialing {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
    }
}

/// Head start of one address before the next is tried beside it (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first of `addresses` that accepts. A silent one delays the next only by [`HEAD_START`].
///
/// # Errors
/// The last failure, if none accepts.
pub(super) async fn dial_first(dialer: &Arc<dyn Dialer>, addresses: Vec<IpAddr>, port: u16) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter().peekable();
    let mut attempts = JoinSet::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(address) = waiting.next() {
            attempts.spawn(dialer.dial(SocketAddr::new(address, port)));
        } else if attempts.is_empty() {
            return Err(failure);
        }
        tokio::select! {
            Some(done) = attempts.join_next() => match done {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = error,
                Err(panicked) => failure = io::Error::other(panicked),
            },
            () = tokio::time::sleep(HEAD_START), if waiting.peek().is_some() => {}
        }
    }
}
