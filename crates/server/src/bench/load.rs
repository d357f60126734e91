//! Load: many callers that each send a request and wait for its answer, on connections that stay open.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::child::now;

/// Longest answer that the bench reads.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How late a timer of the runtime may be by its resolution.
const TIMER_STEP: Duration = Duration::from_millis(1);

/// One request, sent again and again.
pub(super) struct Load {
    address: SocketAddr,
    request: Arc<Vec<u8>>,
}

/// What was measured.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// Microseconds of each call, sorted.
    micros: Vec<u32>,
    /// Answers that were not 2xx.
    pub(super) failed: usize,
    elapsed: Duration,
}

impl Load {
    /// Runs a flow by its client route.
    pub(super) fn execute(address: SocketAddr, flow: &str, key: &str, inputs: &Value) -> Self {
        let body = inputs.to_string();
        let request = format!(
            "POST /v1/client/flow/{flow}/execute HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self { address, request: Arc::new(request.into_bytes()) }
    }

    /// Reads something.
    pub(super) fn get(address: SocketAddr, path: &str, token: &str) -> Self {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
        Self { address, request: Arc::new(request.into_bytes()) }
    }

    /// Sends a body, in test mode.
    pub(super) fn post(address: SocketAddr, path: &str, credential: &str, body: &str) -> Self {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {credential}\r\nFloe-Mode: test\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self { address, request: Arc::new(request.into_bytes()) }
    }

    /// Sends bytes as they are.
    pub(super) fn raw(address: SocketAddr, request: Vec<u8>) -> Self {
        Self { address, request: Arc::new(request) }
    }

    /// Sends once; the bytes of the answer's body.
    pub(super) async fn answer_bytes(&self) -> anyhow::Result<usize> {
        let mut caller = Caller::connect(self.address, Arc::clone(&self.request)).await?;
        caller.stream.write_all(&self.request).await?;
        let is_success = caller.read_answer().await?;
        anyhow::ensure!(is_success, "an answer that is not 2xx: {}", String::from_utf8_lossy(&caller.buffer));
        let head =
            caller.buffer.windows(4).position(|window| window == b"\r\n\r\n").context("an answer without head")?;
        Ok(caller.buffer.len() - head - 4)
    }

    /// Sends for some time.
    pub(super) async fn run(&self, callers: usize, length: Duration) -> anyhow::Result<Sample> {
        let started = now();
        self.send(callers, move || started.elapsed() < length).await
    }

    /// Sends for as long as something goes on.
    pub(super) async fn run_while<F>(&self, callers: usize, go_on: F) -> anyhow::Result<Sample>
    where
        F: Fn() -> bool + Clone + Send + 'static,
    {
        self.send(callers, go_on).await
    }

    /// Sends a number of times.
    pub(super) async fn times(&self, callers: usize, count: usize) -> anyhow::Result<Sample> {
        let left = Arc::new(AtomicUsize::new(count));
        let take = move || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let sample = self.send(callers, take).await?;
        anyhow::ensure!(sample.failed == 0, "{} of {count} calls failed", sample.failed);
        Ok(sample)
    }

    /// Sends so many times a second, however long answers take. A call begins when it was due: time that it had to wait for a caller
    /// counts. That a timer wakes a caller up to [`TIMER_STEP`] late does not.
    pub(super) async fn at_rate(&self, callers: usize, per_second: u32, length: Duration) -> anyhow::Result<Sample> {
        let pause = Duration::from_secs(1) / per_second;
        let (started, next) = (now(), Arc::new(AtomicU32::new(0)));
        let due = move || {
            let due = pause * next.fetch_add(1, Ordering::Relaxed);
            (due < length).then(|| started + due)
        };
        self.collect(callers, |caller| caller.call_when(due.clone())).await
    }

    /// Sends once and reads the answer's body.
    pub(super) async fn fetch(&self) -> anyhow::Result<Value> {
        let mut caller = Caller::connect(self.address, Arc::clone(&self.request)).await?;
        caller.stream.write_all(&self.request).await?;
        caller.read_answer().await?;
        let text = String::from_utf8_lossy(&caller.buffer);
        let (_, body) = text.split_once("\r\n\r\n").context("an answer without body")?;
        Ok(serde_json::from_str(body)?)
    }

    async fn send<F>(&self, callers: usize, go_on: F) -> anyhow::Result<Sample>
    where
        F: Fn() -> bool + Clone + Send + 'static,
    {
        self.collect(callers, |caller| caller.call(go_on.clone())).await
    }

    /// Lets callers call, and gathers what they saw.
    async fn collect<C, R>(&self, callers: usize, call: C) -> anyhow::Result<Sample>
    where
        C: Fn(Caller) -> R,
        R: Future<Output = anyhow::Result<Sample>> + Send + 'static,
    {
        let started = now();
        let mut tasks = Vec::with_capacity(callers);
        for _ in 0..callers {
            let caller = Caller::connect(self.address, Arc::clone(&self.request)).await?;
            tasks.push(tokio::spawn(call(caller)));
        }
        let mut sample = Sample::default();
        for task in tasks {
            let part = task.await??;
            sample.micros.extend(part.micros);
            sample.failed += part.failed;
        }
        sample.elapsed = started.elapsed();
        sample.sort();
        Ok(sample)
    }
}

impl Sample {
    /// Adds what one took, out of order.
    pub(super) fn add(&mut self, took: Duration) {
        self.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// Puts what was added in order.
    pub(super) fn sort(&mut self) {
        self.micros.sort_unstable();
    }

    /// Takes over what was measured later.
    pub(super) fn join(&mut self, later: Self) {
        self.micros.extend(later.micros);
        self.sort();
        self.failed += later.failed;
        self.elapsed += later.elapsed;
    }

    /// Answers.
    pub(super) fn count(&self) -> usize {
        self.micros.len()
    }

    /// Answers a second.
    pub(super) fn rate(&self) -> f64 {
        self.micros.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The time within which a share of the answers came, in milliseconds.
    pub(super) fn percentile_ms(&self, percent: f64) -> f64 {
        let last = self.micros.len().saturating_sub(1);
        let index = ((self.micros.len() as f64 * percent / 100.0) as usize).min(last);
        self.micros.get(index).map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
    }
}

struct Caller {
    stream: TcpStream,
    request: Arc<Vec<u8>>,
    buffer: Vec<u8>,
}

impl Caller {
    async fn connect(address: SocketAddr, request: Arc<Vec<u8>>) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("the server is not reachable")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request, buffer: Vec::with_capacity(4_096) })
    }

    async fn call(mut self, go_on: impl Fn() -> bool) -> anyhow::Result<Sample> {
        let mut sample = Sample::default();
        while go_on() {
            let started = now();
            self.stream.write_all(&self.request).await?;
            let is_success = self.read_answer().await?;
            sample.add(started.elapsed());
            sample.failed += usize::from(!is_success);
        }
        Ok(sample)
    }

    async fn call_when(mut self, due: impl Fn() -> Option<Instant>) -> anyhow::Result<Sample> {
        let mut sample = Sample::default();
        while let Some(due) = due() {
            let mut begun = due;
            if due > now() {
                tokio::time::sleep_until(due.into()).await;
                begun = now().min(due + TIMER_STEP);
            }
            self.stream.write_all(&self.request).await?;
            let is_success = self.read_answer().await?;
            sample.add(begun.elapsed());
            sample.failed += usize::from(!is_success);
        }
        Ok(sample)
    }

    /// Reads one answer with a `Content-Length`; tells whether it is 2xx.
    async fn read_answer(&mut self) -> anyhow::Result<bool> {
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            let head_end = self.buffer.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(head_end) = head_end {
                let head = String::from_utf8_lossy(&self.buffer[..head_end]).to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                let length: usize = length.context("an answer without length")?.trim().parse()?;
                anyhow::ensure!(length <= ANSWER_BYTES_MAX, "an answer of {length} bytes");
                if self.buffer.len() >= head_end + 4 + length {
                    return Ok(head.starts_with("http/1.1 2"));
                }
            }
        }
    }
}
