//! The socket in the data folder: HTTP with one route, reachable by the owner of the folder alone.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use super::operation::{Answer, Operation};
use super::perform::perform;
use crate::app::App;
use crate::http::{Front, serve_operator};

/// The socket's name in the data folder.
const SOCKET_FILE: &str = "operator.sock";
/// The one route.
const ROUTE: &str = "/operate";
/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Time for an answer; a password hash and a transaction are far below.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The same for what reads or writes the whole database.
const WHOLE_TIMEOUT: Duration = Duration::from_secs(6 * 3_600);

/// Where the socket of a data folder is.
#[must_use]
pub fn socket_path(folder: &Path) -> PathBuf {
    folder.join(SOCKET_FILE)
}

/// Answers operations on the socket until `stop`, then removes it. `front` gives the limits; its routes are not used.
///
/// # Errors
/// When the socket cannot be made.
pub async fn serve(folder: &Path, app: Arc<App>, front: Front, stop: watch::Receiver<bool>) -> io::Result<()> {
    let path = socket_path(folder);
    let listener = bind(folder)?;
    let router = Router::new().route(ROUTE, post(operate)).with_state(app);
    serve_operator(listener, Front { router, ..front }, stop).await;
    let _ = fs::remove_file(path);
    Ok(())
}

/// The folder's lock is held by this process, so a socket that is still there belongs to a server that was killed.
fn bind(folder: &Path) -> io::Result<UnixListener> {
    let path = socket_path(folder);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = through_short_path(folder, |short| UnixListener::bind(short))?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn operate(State(app): State<Arc<App>>, Json(operation): Json<Operation>) -> Json<Answer> {
    Json(perform(&app, operation).await)
}

/// Asks the server of a data folder; none when no server runs there.
///
/// # Errors
/// When a server is there and does not answer.
pub async fn call(socket: &Path, operation: &Operation) -> io::Result<Option<Answer>> {
    let folder = socket.parent().unwrap_or(Path::new("."));
    let Some(stream) = connect(folder).await? else { return Ok(None) };
    let timeout = match operation {
        Operation::Backup { .. } | Operation::Doctor => WHOLE_TIMEOUT,
        _ => ANSWER_TIMEOUT,
    };
    let answered = tokio::time::timeout(timeout, exchange(stream, operation)).await;
    let answered =
        answered.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the running server does not answer"))?;
    answered.map(Some)
}

/// Whether a server answers on the socket of a data folder.
pub async fn is_running(folder: &Path) -> bool {
    matches!(connect(folder).await, Ok(Some(_)))
}

async fn connect(folder: &Path) -> io::Result<Option<UnixStream>> {
    let connecting = through_short_path(folder, |short| std::os::unix::net::UnixStream::connect(short));
    match connecting {
        Ok(stream) => {
            stream.set_nonblocking(true)?;
            UnixStream::from_std(stream).map(Some)
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn exchange(stream: UnixStream, operation: &Operation) -> io::Result<Answer> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let connection = tokio::spawn(connection);
    let request = Request::post(ROUTE)
        .header(HOST, "operator")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(serde_json::to_vec(operation)?)))
        .map_err(io::Error::other)?;
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await.map_err(io::Error::other)?.to_bytes();
    connection.abort();
    if !status.is_success() {
        return Err(io::Error::other(format!("the running server answered {status}; is it of another version?")));
    }
    Ok(serde_json::from_slice(&body)?)
}

/// Calls with a path to the socket that fits into the 108 bytes of a socket address however deep the folder is.
fn through_short_path<T>(folder: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let opened = File::open(folder)?;
    act(&PathBuf::from(format!("/proc/self/fd/{}/{SOCKET_FILE}", opened.as_raw_fd())))
}
