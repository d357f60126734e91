//! The accept loop, and the conversation on one connection.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use floe_model::id::RequestId;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::address::TrustedProxies;
use super::exchange;
use super::limits::Limits;
use super::stall::Unstalled;
use super::tls::Tls;

/// Pause after the operating system refused to hand out a connection (no descriptors left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What one listener serves, under which limits. Cheap to clone.
#[derive(Clone)]
pub struct Front {
    /// The routes.
    pub router: Router,
    /// The limits.
    pub limits: Limits,
    /// Whose forwarded addresses are believed.
    pub proxies: TrustedProxies,
    /// Makes the ids of requests.
    pub request_ids: RequestIds,
}

/// Makes the id of a request.
pub type RequestIds = Arc<dyn Fn() -> RequestId + Send + Sync>;

/// Serves until `stop` holds `true` (or its sender is gone), then lets requests in flight end within `limits.drain_timeout`
/// and cuts the rest.
pub async fn serve(listener: TcpListener, front: Front, stop: watch::Receiver<bool>) {
    let accept = async |listener: &TcpListener| {
        let (stream, peer) = listener.accept().await?;
        // Answers are written whole; waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        Ok((stream, peer))
    };
    accept_loop(listener, accept, as_it_is, front, stop).await;
}

/// The same with TLS: a connection is a conversation only after its handshake, which has the time of a request's head.
pub async fn serve_tls(listener: TcpListener, tls: Tls, front: Front, stop: watch::Receiver<bool>) {
    let accept = async |listener: &TcpListener| {
        let (stream, peer) = listener.accept().await?;
        let _ = stream.set_nodelay(true);
        Ok((stream, peer))
    };
    let timeout = front.limits.head_timeout;
    let open = move |stream| {
        let tls = tls.clone();
        async move { tls.handshake(stream, timeout).await }
    };
    accept_loop(listener, accept, open, front, stop).await;
}

/// A connection that can be talked on at once.
async fn as_it_is<S>(stream: S) -> std::io::Result<S> {
    Ok(stream)
}

/// The same on a Unix socket. Every request seems to come from loopback: only the owner of the data folder can connect.
pub async fn serve_operator(listener: UnixListener, front: Front, stop: watch::Receiver<bool>) {
    let accept = async |listener: &UnixListener| {
        let (stream, _) = listener.accept().await?;
        Ok((stream, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))
    };
    accept_loop(listener, accept, as_it_is, front, stop).await;
}

async fn accept_loop<L, S, T, O>(
    listener: L,
    accept: impl AsyncFn(&L) -> std::io::Result<(S, SocketAddr)>,
    open: impl Fn(S) -> O,
    front: Front,
    mut stop: watch::Receiver<bool>,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    O: Future<Output = std::io::Result<T>> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(front.limits.connections_max));
    let mut conversations = JoinSet::new();
    loop {
        while conversations.try_join_next().is_some() {}
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (permit, accept(&listener).await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = next => accepted,
            () = asked_to_stop(&mut stop) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (opening, front, stop) = (open(stream), front.clone(), stop.clone());
                conversations.spawn(async move {
                    match opening.await {
                        Ok(stream) => converse(stream, peer, front, stop).await,
                        Err(error) => tracing::debug!(%error, client.address = %peer, "a handshake failed"),
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    drain(conversations, front.limits.drain_timeout).await;
}

/// Returns when a stop was asked for or nobody is left who could ask.
async fn asked_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopping| *stopping).await;
}

async fn drain(mut conversations: JoinSet<()>, timeout: Duration) {
    let all_ended = async { while conversations.join_next().await.is_some() {} };
    if tokio::time::timeout(timeout, all_ended).await.is_err() {
        tracing::info!(connections = conversations.len(), "requests still in flight are cut");
        conversations.shutdown().await;
    }
}

async fn converse<S>(stream: S, peer: SocketAddr, front: Front, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = front.limits;
    let service = service_fn(move |request| {
        let front = front.clone();
        async move { Ok::<_, Infallible>(exchange::answer(&front, peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(limits.headers_max)
        .max_header_size(limits.head_bytes_max)
        .max_buf_size(limits.head_bytes_max)
        .serve_connection(TokioIo::new(Unstalled::new(stream, limits.write_timeout)), service);
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = asked_to_stop(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, client.address = %peer, "a connection ended early");
    }
}
