//! The receivers of the runs' calls: small servers inside this tool that write down every request in order of arrival.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chance::Chance;
use super::time;
use crate::workspace::{Failure, Outcome};

/// Servers. More than one, since the outgoing client may treat hosts apart.
const SERVERS: usize = 2;
/// Bytes of a request's body at most.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long the connections of a killed server may take to be read to their end.
const QUIET_TIMEOUT: Duration = Duration::from_secs(20);
/// How often a flaky receiver fails at most before it takes a call.
const FAILURES_MAX: u32 = 2;

/// One call as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Received {
    /// `X-Flow-Step-Key`: run, step and iteration. Of a webhook the id of its event.
    pub(super) key: String,
    /// `Idempotency-Key`.
    pub(super) idempotency_key: String,
    /// The body.
    pub(super) body: Value,
    /// When.
    pub(super) at: Instant,
    /// What was given back; none when the receiver pretended to be out of order.
    pub(super) receipt: Option<String>,
}

/// The running receivers.
pub(super) struct Receivers {
    addresses: Vec<SocketAddr>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    seed: u64,
    book: Mutex<Book>,
    /// Connections from which a request may still come.
    reading: AtomicUsize,
}

#[derive(Default)]
struct Book {
    received: Vec<Received>,
    seen: HashMap<String, u32>,
}

impl Receivers {
    /// Starts them. They end with the process.
    pub(super) fn start(seed: u64) -> Outcome<Self> {
        let shared = Arc::new(Shared { seed, ..Shared::default() });
        let mut addresses = Vec::new();
        for _ in 0..SERVERS {
            let failed = |error: std::io::Error| Failure(format!("a receiver cannot listen: {error}"));
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
            addresses.push(listener.local_addr().map_err(failed)?);
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || accept(&listener, &shared));
        }
        Ok(Self { addresses, shared })
    }

    /// Addresses as the operator's allow-list takes them.
    pub(super) fn allow_list(&self) -> String {
        self.addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
    }

    /// The address of a path on one of the servers.
    pub(super) fn url(&self, server: usize, path: &str) -> String {
        format!("http://{}{path}", self.addresses[server % SERVERS])
    }

    /// Calls so far.
    pub(super) fn count(&self) -> usize {
        self.shared.book().received.len()
    }

    /// Everything that came, in order.
    pub(super) fn received(&self) -> Vec<Received> {
        self.shared.book().received.clone()
    }

    /// Waits until everything that a killed server has sent was read, so that the order of arrival is the order of sending
    /// also across a restart. False when that takes too long.
    pub(super) fn is_quiet(&self) -> bool {
        for address in &self.addresses {
            // Connections are accepted in order: after this one, none of the killed server is left in the queue.
            let Ok(mut ping) = TcpStream::connect(address) else { return false };
            let _ = ping.write_all(b"GET /ping HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = ping.read_to_end(&mut Vec::new());
        }
        time::wait_until(QUIET_TIMEOUT, || self.shared.reading.load(Ordering::SeqCst) == 0)
    }
}

impl Shared {
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a call down and says how it is answered, and after how many milliseconds.
    fn take(&self, path: &str, headers: &HashMap<String, String>, body: Value) -> (Option<String>, u64) {
        let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
        let names = ["x-flow-step-key", "x-flowpilot-event-id", "webhook-id", "x-flowmaestro-delivery-id"];
        let key = names.into_iter().find_map(|name| headers.get(name)).cloned().unwrap_or_default();
        let mut book = self.book();
        let seen = book.seen.entry(key.clone()).or_default();
        *seen += 1;
        let mut chance = Chance::new(self.seed ^ hash(&key), u64::from(*seen));
        // How often a call fails is fixed by its key, how long it takes is not.
        let failures = (hash(&key) >> 7) as u32 % (FAILURES_MAX + 1);
        let fails = path == "/flaky" && *seen <= failures;
        let receipt = (!fails).then(|| format!("rcpt-{}", book.received.len()));
        let is_slow = chance.percent(4);
        let pause_ms = if is_slow { chance.between(40, 120) } else { chance.between(0, 8) };
        book.received.push(Received {
            at: time::now(),
            key,
            idempotency_key: header("idempotency-key"),
            body,
            receipt: receipt.clone(),
        });
        (receipt, pause_ms)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        shared.reading.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // A killed caller breaks its connections; there is nobody to tell.
            let _ = serve(stream, &shared);
            shared.reading.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Answers the requests of one connection until its end. Counted as reading, but for the time in which it answers.
fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some((path, headers, body)) = read(&mut reader)? {
        if path == "/ping" {
            writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
            return Ok(());
        }
        let (receipt, pause_ms) = shared.take(&path, &headers, body);
        shared.reading.fetch_sub(1, Ordering::SeqCst);
        time::pause_ms(pause_ms);
        let (status, body) = match receipt {
            Some(receipt) => ("200 OK", json!({ "receipt": receipt })),
            None => ("503 Service Unavailable", json!({ "error": "out of order" })),
        };
        let body = body.to_string();
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
        let written = writer.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
        shared.reading.fetch_add(1, Ordering::SeqCst);
        written?;
    }
    Ok(())
}

type Parsed = (String, HashMap<String, String>, Value);

/// The next request; none at the end, also at one in the middle of a request.
fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Parsed>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length.min(BODY_BYTES_MAX)];
    reader.read_exact(&mut body)?;
    Ok(Some((path, headers, serde_json::from_slice(&body).unwrap_or(Value::Null))))
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
