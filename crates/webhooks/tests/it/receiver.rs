//! A receiver on loopback that does what a test says. It ends with the test's runtime.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

/// What the receiver does with a request.
pub(crate) enum Answer {
    /// Answers with a status and further header lines.
    Status(&'static str),
    /// The same, with a body.
    Body(&'static str, Vec<u8>),
    /// The same as `Status`, after a while.
    Late(Duration, &'static str),
    /// Never answers.
    Hang,
    /// 200, and a body without an end.
    Endless,
    /// 200, and a body that comes a byte at a time.
    Trickle,
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    most: Arc<AtomicUsize>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// The event of style treasury.
    pub(crate) fn event(&self) -> &str {
        self.header("x-flowpilot-event")
    }
}

impl Receiver {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, most) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<AtomicUsize>::default());
        let (shared, answer, peak) = (Arc::clone(&seen), Arc::new(answer), Arc::clone(&most));
        let going = Arc::<AtomicUsize>::default();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                let (going, peak) = (Arc::clone(&going), Arc::clone(&peak));
                tokio::spawn(async move { converse(stream, &seen, &*answer, (&going, &peak)).await });
            }
        });
        Self { address, seen, most }
    }

    /// A receiver that takes everything.
    pub(crate) async fn good() -> Self {
        Self::start(|_| Answer::Status("200 OK")).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Everything that came, tests left out.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let all = self.seen.lock().unwrap();
        all.iter().filter(|seen| seen.event() != "webhook.test").cloned().collect()
    }

    pub(crate) fn tests(&self) -> Vec<Seen> {
        let all = self.seen.lock().unwrap();
        all.iter().filter(|seen| seen.event() == "webhook.test").cloned().collect()
    }

    /// Most requests that were here at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}

async fn converse(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Seen>>,
    answer: &(dyn Fn(&Seen) -> Answer + Send + Sync),
    (going, most): (&AtomicUsize, &AtomicUsize),
) {
    while let Some(request) = read(&mut stream).await {
        let now = going.fetch_add(1, Ordering::Relaxed) + 1;
        most.fetch_max(now, Ordering::Relaxed);
        let what = answer(&request);
        seen.lock().unwrap().push(request);
        let goes_on = reply(&mut stream, what).await;
        going.fetch_sub(1, Ordering::Relaxed);
        if !goes_on {
            return;
        }
    }
}

async fn reply(stream: &mut TcpStream, what: Answer) -> bool {
    match what {
        Answer::Status(head) => send(stream, head, b"").await,
        Answer::Body(head, body) => send(stream, head, &body).await,
        Answer::Late(pause, head) => {
            tokio::time::sleep(pause).await;
            send(stream, head, b"").await
        }
        Answer::Hang => {
            // Until the caller gives up.
            let _ = stream.read_u8().await;
            false
        }
        Answer::Endless => {
            let mut goes_on = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_ok();
            while goes_on {
                goes_on = stream.write_all(&[b'x'; 4096]).await.is_ok();
            }
            false
        }
        Answer::Trickle => {
            let mut goes_on = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_ok();
            while goes_on {
                tokio::time::sleep(Duration::from_millis(10)).await;
                goes_on = stream.write_all(b"x").await.is_ok();
            }
            false
        }
    }
}

async fn send(stream: &mut TcpStream, head: &str, body: &[u8]) -> bool {
    let mut bytes = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    stream.write_all(&bytes).await.is_ok()
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let seen = parse(head, body);
            if body.len() >= seen.header("content-length").parse().unwrap_or(0) {
                return Some(seen);
            }
        }
        let mut buffer = vec![0; 16 * 1024];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn parse(head: &str, body: &str) -> Seen {
    let (line, rest) = head.split_once("\r\n").unwrap_or((head, ""));
    let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Seen { line: line.to_owned(), headers: rest.lines().filter_map(pair).collect(), body: body.to_owned() }
}
