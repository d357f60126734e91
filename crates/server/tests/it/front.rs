//! The front door with a router that has a few routes: limits, stopping, and what one broken request does to others.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::{get, post};
use floe_model::id::RequestId;
use floe_server::http::{Front, Limits, RequestIds, TrustedProxies, serve};
use floe_surfaces::http::Arrival;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running front door; dropping it leaves the task to end with the test's runtime.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) task: JoinHandle<()>,
}

/// Limits in which every timeout of a test passes within a second.
pub(crate) fn short_limits() -> Limits {
    Limits {
        head_timeout: Duration::from_millis(400),
        body_idle_timeout: Duration::from_millis(300),
        body_total_timeout: Duration::from_millis(900),
        write_timeout: Duration::from_millis(500),
        drain_timeout: Duration::from_millis(500),
        body_bytes_max: 1024 * 1024,
        ..Limits::default()
    }
}

pub(crate) async fn start(router: Router, limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let last = AtomicU64::new(0);
    let request_ids: RequestIds = Arc::new(move || RequestId(u128::from(last.fetch_add(1, Ordering::Relaxed))));
    let (stop, stopping) = watch::channel(false);
    let front = Front { router, limits, proxies: TrustedProxies::default(), request_ids };
    let task = tokio::spawn(serve(listener, front, stopping));
    Running { address, stop, task }
}

/// Routes enough for the malformed requests: a page, a route that reads its body and wants a key, and one that would show a
/// smuggled request.
pub(crate) fn small_router() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/api/v1/runs", post(|_body: Bytes| async { StatusCode::UNAUTHORIZED }))
        .route("/admin", get(|| async { "smuggled" }))
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/large", get(|| async { vec![b'x'; 64 * 1024 * 1024] }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(200)).await }))
        .route("/endless", get(std::future::pending::<()>))
        .route(
            "/panic",
            get(|| async {
                if true {
                    panic!("a route that breaks")
                }
            }),
        )
        .route("/who", get(|Extension(arrival): Extension<Arrival>| async move { arrival.from.ip().to_string() }))
}

/// Sends bytes and reads until the server closes.
async fn talk(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    read.expect("the server closes in time").expect("the answer is read");
    String::from_utf8(answer).expect("text")
}

async fn check(request: &str, status: &str, part: &str) {
    let running = start(small_router(), short_limits()).await;
    let answer = talk(running.address, request).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request:?} got {answer}");
    assert!(answer.contains(part), "{request:?} got {answer}");
}

#[tokio::test]
async fn answers_carry_a_request_id_and_the_address_of_the_client() {
    check("GET /who HTTP/1.1\r\nHost: x\r\n\r\n", "200", "127.0.0.1").await;
    check("GET /who HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n", "200", "127.0.0.1").await;
    check("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "200", "x-request-id: req_00000000000000000000000000").await;
    check("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", "405", "\"request_id\":\"req_").await;
}

#[tokio::test]
async fn a_body_must_come_in_time_and_in_size() {
    check("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "200", "\r\n\r\n3").await;
    check(
        "POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "200",
        "\r\n\r\n3",
    )
    .await;
    check("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc", "408", "request_timeout").await;
    check(
        "POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "408",
        "request_timeout",
    )
    .await;
    check("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", "413", "payload_too_large").await;
    let long = format!(
        "POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        1_500_000,
        "a".repeat(1_500_000)
    );
    let running = start(small_router(), Limits { body_bytes_max: 100_000, ..short_limits() }).await;
    let mut stream = TcpStream::connect(running.address).await.expect("the server listens");
    let _ = stream.write_all(long.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 413"));
}

#[tokio::test]
async fn nothing_follows_a_chunked_request_on_its_connection() {
    let running = start(small_router(), short_limits()).await;
    let chunked = "POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = talk(running.address, &format!("{chunked}GET /admin HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[tokio::test]
async fn a_broken_route_answers_500_and_harms_nobody() {
    let running = start(small_router(), short_limits()).await;
    let answer = talk(running.address, "GET /panic HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");
    assert!(!answer.contains("breaks"), "{answer}");
}

#[tokio::test]
async fn stopping_lets_requests_end_and_cuts_what_does_not() {
    let running = start(small_router(), short_limits()).await;
    let address = running.address;
    let slow = tokio::spawn(async move { talk(address, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await });
    let endless = tokio::spawn(async move { talk(address, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await });
    tokio::time::sleep(Duration::from_millis(100)).await;

    running.stop.send(true).expect("the server runs");
    tokio::time::timeout(Duration::from_secs(2), running.task).await.expect("in time").expect("without a panic");
    assert!(slow.await.expect("no panic").starts_with("HTTP/1.1 200"));
    assert_eq!(endless.await.expect("no panic"), "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_a_free_place() {
    let running = start(small_router(), Limits { connections_max: 1, ..short_limits() }).await;
    let idle = TcpStream::connect(running.address).await.expect("the server listens");
    let answer = talk(running.address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.ends_with("hello"), "served after the idle connection timed out: {answer}");
    drop(idle);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let running = start(small_router(), Limits { connections_max: 1, ..short_limits() }).await;
    let mut deaf = TcpStream::connect(running.address).await.expect("the server listens");
    deaf.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let answer = talk(running.address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.ends_with("hello"), "the place is free again: {answer}");
}
