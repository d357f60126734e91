//! The limit of what answers from memory: a handler on the same HTTP libraries that reads a body and sends ready bytes, and does
//! nothing else. A process of its own, like the measured server.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Request, Response};
use axum::routing::{get, post};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use super::chat::provider;

/// Bytes of the longest answer.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Serves until it is killed.
///
/// # Errors
/// When it cannot listen.
pub fn serve(listen: SocketAddr) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let ready = Bytes::from(vec![b'x'; BYTES_MAX]);
        let router = Router::new()
            .route("/health/ready", get(async || "ready"))
            .route("/bare/{bytes}", post(move |Path(bytes): Path<usize>, _: Bytes| answer(ready.clone(), bytes)))
            .route("/v1/chat/completions", post(provider::answer));
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(converse(stream, router.clone()));
        }
    })
}

async fn answer(ready: Bytes, bytes: usize) -> Response<Body> {
    let mut response = Response::new(Body::from(ready.slice(..bytes.min(BYTES_MAX))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

async fn converse(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let answer = router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {});
            Ok::<_, Infallible>(answer)
        }
    });
    // A connection that ends is a caller that is done.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
