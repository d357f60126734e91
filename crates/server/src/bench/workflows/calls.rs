//! Starting something and reading its stream to the end, on a connection that stays open.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bench::child::now;

/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The end of a chunked body.
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// How something is started and followed.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) address: SocketAddr,
    /// The request that starts it.
    pub(super) start: Arc<Vec<u8>>,
    /// Before the id in the answer to that.
    pub(super) before_id: &'static str,
    /// The path of its stream around the id, and the credential.
    pub(super) stream: (&'static str, &'static str),
    pub(super) credential: String,
    /// What the last event of a good end is called.
    pub(super) last: &'static str,
}

/// Rate and times of calls.
#[derive(Debug, Default)]
pub(super) struct Times {
    millis: Vec<f64>,
    elapsed: Duration,
}

impl Times {
    pub(super) fn rate(&self) -> f64 {
        self.millis.len() as f64 / self.elapsed.as_secs_f64()
    }

    pub(super) fn median_ms(&mut self) -> f64 {
        self.millis.sort_unstable_by(f64::total_cmp);
        self.millis.get(self.millis.len() / 2).copied().unwrap_or_default()
    }
}

/// Lets callers start and follow for some time.
pub(super) async fn run(plan: &Plan, callers: usize, length: Duration) -> anyhow::Result<Times> {
    let started = now();
    let mut tasks = Vec::with_capacity(callers);
    for _ in 0..callers {
        let mut caller = Caller::connect(plan.clone()).await?;
        tasks.push(tokio::spawn(async move {
            let mut millis = Vec::new();
            while started.elapsed() < length {
                let began: Instant = now();
                caller.once().await?;
                millis.push(began.elapsed().as_secs_f64() * 1_000.0);
            }
            anyhow::Ok(millis)
        }));
    }
    let mut times = Times::default();
    for task in tasks {
        times.millis.extend(task.await??);
    }
    times.elapsed = started.elapsed();
    Ok(times)
}

struct Caller {
    plan: Plan,
    stream: TcpStream,
    read: Vec<u8>,
}

impl Caller {
    async fn connect(plan: Plan) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(plan.address).await.context("the server is not reachable")?;
        stream.set_nodelay(true)?;
        Ok(Self { plan, stream, read: Vec::with_capacity(8_192) })
    }

    /// Starts one and follows it to its end.
    async fn once(&mut self) -> anyhow::Result<()> {
        let start = Arc::clone(&self.plan.start);
        self.stream.write_all(&start).await?;
        self.answer().await?;
        let text = String::from_utf8_lossy(&self.read);
        let (_, rest) = text.split_once(self.plan.before_id).with_context(|| format!("not started: {text}"))?;
        let id: String =
            rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "_-".contains(*letter)).collect();
        let (before, after) = self.plan.stream;
        let request = format!(
            "GET {before}{id}{after} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
            self.plan.address, self.plan.credential
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.followed().await?;
        let told = String::from_utf8_lossy(&self.read);
        anyhow::ensure!(told.contains(self.plan.last), "it did not end well: {told}");
        Ok(())
    }

    /// Reads an answer of known length.
    async fn answer(&mut self) -> anyhow::Result<()> {
        self.read.clear();
        loop {
            self.more().await?;
            let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.context("an answer without length")?.trim().parse()?;
            if self.read.len() >= end + 4 + length {
                return Ok(());
            }
        }
    }

    /// Reads a stream to its end.
    async fn followed(&mut self) -> anyhow::Result<()> {
        self.read.clear();
        while !self.read.ends_with(LAST_CHUNK) {
            self.more().await?;
        }
        Ok(())
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 || self.read.len() > ANSWER_BYTES_MAX {
            bail!("no end of an answer: {}", String::from_utf8_lossy(&self.read[..self.read.len().min(500)]));
        }
        Ok(())
    }
}
