//! The receivers: one listener on every loopback address; the path says how it behaves.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use floe_runtime::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Bytes of one request at most.
const REQUEST_BYTES_MAX: usize = 64 * 1024;
const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const BAD: &[u8] = b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\n\r\n";

/// How a receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Healthy,
    /// As good, and not measured.
    Fellow,
    /// Nobody listens.
    Dead,
    /// Answers after 8 seconds.
    Slow,
    /// Takes one event, refuses the next, hangs at the third, and so on.
    Flapping,
    /// Sends a body a byte at a time, without an end.
    Endless,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [Self::Healthy, Self::Dead, Self::Slow, Self::Flapping, Self::Endless];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Fellow => "fellow",
            Self::Dead => "dead",
            Self::Slow => "slow",
            Self::Flapping => "flapping",
            Self::Endless => "endless",
        }
    }
}

pub(super) struct Receivers {
    port: u16,
    dead_port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    turn: AtomicU64,
    count: AtomicUsize,
    delays: Mutex<Vec<f64>>,
}

impl Receivers {
    pub(super) async fn start(clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.context("no free port")?;
        let port = listener.local_addr()?.port();
        // Closed again at once, so that nobody listens there.
        let dead_port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let shared =
            Arc::new(Shared { clock, turn: AtomicU64::new(0), count: AtomicUsize::new(0), delays: Mutex::default() });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                tokio::spawn(async move { converse(stream, &shared).await });
            }
        });
        Ok(Self { port, dead_port, shared })
    }

    /// The address of a receiver: of each kind and number another one.
    pub(super) fn url(&self, kind: Kind, number: usize) -> String {
        let port = if kind == Kind::Dead { self.dead_port } else { self.port };
        let (net, high, low) = (kind as usize + 1, number / 250, number % 250 + 1);
        format!("http://127.{net}.{high}.{low}:{port}/{}", kind.as_str())
    }

    /// Events that healthy receivers got so far.
    pub(super) fn count(&self) -> usize {
        self.shared.count.load(Ordering::Relaxed)
    }

    /// Their delays in milliseconds, ascending.
    pub(super) fn delays(&self) -> Vec<f64> {
        let mut delays = self.shared.delays.lock().unwrap_or_else(PoisonError::into_inner).clone();
        delays.sort_by(f64::total_cmp);
        delays
    }
}

async fn converse(mut stream: TcpStream, shared: &Shared) {
    while let Some(request) = read(&mut stream).await {
        let path = request.split(' ').nth(1).unwrap_or_default();
        let answered = match path {
            "/healthy" => {
                shared.arrived(&request);
                stream.write_all(GOOD).await.is_ok()
            }
            "/fellow" => stream.write_all(GOOD).await.is_ok(),
            "/slow" => {
                tokio::time::sleep(Duration::from_secs(8)).await;
                stream.write_all(GOOD).await.is_ok()
            }
            "/flapping" => match shared.turn.fetch_add(1, Ordering::Relaxed) % 3 {
                0 => stream.write_all(GOOD).await.is_ok(),
                1 => stream.write_all(BAD).await.is_ok(),
                _ => stream.read_u8().await.is_ok(),
            },
            _ => trickle(&mut stream).await,
        };
        if !answered {
            return;
        }
    }
}

async fn trickle(stream: &mut TcpStream) -> bool {
    let mut goes_on = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_ok();
    while goes_on {
        tokio::time::sleep(Duration::from_millis(200)).await;
        goes_on = stream.write_all(b"x").await.is_ok();
    }
    false
}

impl Shared {
    fn arrived(&self, request: &str) {
        let sent =
            request.rsplit_once(r#""sent":"#).and_then(|(_, rest)| rest.trim_end_matches('}').parse::<i64>().ok());
        let Some(sent) = sent else { return };
        let delay = (self.clock.now().micros() - sent) as f64 / 1_000.0;
        self.delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

/// A request as text; none at the end of the connection.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while bytes.len() < REQUEST_BYTES_MAX {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    None
}
