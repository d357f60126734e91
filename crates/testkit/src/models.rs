//! A scripted model server: it speaks both real protocols over real HTTP on loopback, and says what a test has written down.
//!
//! Chat completions and embeddings of OpenAI's protocol at `/v1/chat/completions` and `/v1/embeddings`, messages of Anthropic's at
//! `/v1/messages`, whole and as streams. Answers are taken from the script in order; without one the server repeats what it was told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

mod wire;

/// Bytes of one request.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Answers with a text, in pieces of a word when it is a stream.
    Say(String),
    /// Asks for tools: names and arguments; the text stands before them.
    Tools(String, Vec<(String, Value)>),
    /// Asks for one tool with arguments as the model wrote them, which need not be JSON.
    Written(String, String),
    /// Refuses with a status, perhaps with `Retry-After` in seconds, and this message.
    Status(u16, Option<u64>, String),
    /// Answers with these bytes as they are: a complete HTTP response or part of one, then closes.
    Raw(Vec<u8>),
    /// Begins to answer with a text and closes the connection after so many of its words.
    Cut(String, usize),
    /// Begins a stream with a text, and then tells an error of a type in the stream.
    Fails(String, String),
    /// Waits so many milliseconds before it does the other.
    After(u64, Box<Turn>),
    /// A stream with so many milliseconds between words.
    Slowly(u64, String),
    /// Says a text and stops because of the limit of the answer.
    Full(String),
    /// Answers nothing until the caller goes away.
    Hang,
}

impl Turn {
    /// A text.
    #[must_use]
    pub fn say(text: &str) -> Self {
        Self::Say(text.to_owned())
    }

    /// One tool.
    #[must_use]
    pub fn tool(name: &str, arguments: Value) -> Self {
        Self::Tools(String::new(), vec![(name.to_owned(), arguments)])
    }

    /// A refusal.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status(status, None, format!("refused with {status}"))
    }
}

/// A request that the server has seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Method and path.
    pub line: String,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body; null when there was none.
    pub body: Value,
}

impl Seen {
    /// A header by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The server. It ends with the runtime of the test.
#[derive(Clone)]
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Turn>>,
    seen: Mutex<Vec<Seen>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
    left: AtomicUsize,
}

/// A panic of a test that held a lock is told by that test.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ModelServer {
    /// Starts a server on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback");
        let address = listener.local_addr().expect("the port that was bound");
        let shared = Arc::new(Shared::default());
        let server = Self { address, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                // A caller that goes away is what many tests want to see.
                tokio::spawn(async move { drop(converse(stream, &shared).await) });
            }
        });
        server
    }

    /// Adds turns to the script.
    pub fn script(&self, turns: impl IntoIterator<Item = Turn>) {
        lock(&self.shared.script).extend(turns);
    }

    /// The address as `FLOE_OUTBOUND_ALLOW` takes it.
    #[must_use]
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// The base URL for a provider of kind `openai_compatible`.
    #[must_use]
    pub fn openai_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The base URL for a provider of kind `anthropic`.
    #[must_use]
    pub fn anthropic_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// Most requests that were under way at the same time.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.shared.most_open.load(Ordering::SeqCst)
    }

    /// Callers that went away before their answer was whole.
    #[must_use]
    pub fn left(&self) -> usize {
        self.shared.left.load(Ordering::SeqCst)
    }

    /// Turns of the script that nobody has asked for yet.
    #[must_use]
    pub fn unused(&self) -> usize {
        lock(&self.shared.script).len()
    }
}

async fn converse(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    while let Some(request) = read_request(&mut stream).await? {
        lock(&shared.seen).push(request.clone());
        let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_open.fetch_max(open, Ordering::SeqCst);
        let turn = match request.line.as_str() {
            line if line.starts_with("POST") && !line.ends_with("/embeddings") => lock(&shared.script).pop_front(),
            _ => None,
        };
        let turn = turn.unwrap_or_else(|| Turn::Say(wire::echo(&request.body)));
        let outcome = perform(&mut stream, &request, turn).await;
        shared.open.fetch_sub(1, Ordering::SeqCst);
        match outcome {
            Ok(true) => {}
            Ok(false) => return stream.shutdown().await,
            Err(error) => {
                shared.left.fetch_add(1, Ordering::SeqCst);
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Whether the connection goes on.
async fn perform(stream: &mut TcpStream, request: &Seen, mut turn: Turn) -> std::io::Result<bool> {
    while let Turn::After(millis, next) = turn {
        wait(stream, Duration::from_millis(millis)).await?;
        turn = *next;
    }
    let path = request.line.split_once(' ').map_or("", |(_, path)| path);
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with("/models") {
        let models = json!({ "object": "list", "data": [{ "id": "small", "object": "model" }, { "id": "large", "object": "model" }] });
        return whole(stream, 200, None, &models).await;
    }
    if path.ends_with("/embeddings") {
        return whole(stream, 200, None, &wire::embeddings(&request.body)).await;
    }
    if let Turn::Status(status, retry_after, message) = &turn {
        return whole(stream, *status, *retry_after, &wire::refusal(path, message)).await;
    }
    if let Turn::Raw(bytes) = &turn {
        stream.write_all(bytes).await?;
        return Ok(false);
    }
    if matches!(turn, Turn::Hang) {
        wait(stream, Duration::from_secs(600)).await?;
        return Ok(false);
    }
    let speaks = wire::Protocol::of(path);
    if request.body.get("stream") == Some(&Value::Bool(true)) {
        return streamed(stream, &speaks.events(&turn, &request.body), &turn).await;
    }
    match &turn {
        Turn::Cut(..) | Turn::Fails(..) => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"id\":")
                .await?;
            Ok(false)
        }
        _ => whole(stream, 200, None, &speaks.whole(&turn, &request.body)).await,
    }
}

async fn whole(stream: &mut TcpStream, status: u16, retry_after: Option<u64>, body: &Value) -> std::io::Result<bool> {
    let body = body.to_string();
    let retry = retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\n{retry}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    Ok(true)
}

async fn streamed(stream: &mut TcpStream, events: &[String], turn: &Turn) -> std::io::Result<bool> {
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        .await?;
    for event in events {
        stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await?;
        if let Turn::Slowly(millis, _) = turn {
            wait(stream, Duration::from_millis(*millis)).await?;
        }
    }
    if matches!(turn, Turn::Cut(..)) {
        return Ok(false);
    }
    stream.write_all(b"0\r\n\r\n").await?;
    Ok(true)
}

/// Lets time pass; an error when the caller goes away meanwhile.
async fn wait(stream: &mut TcpStream, time: Duration) -> std::io::Result<()> {
    let mut byte = [0];
    match tokio::time::timeout(time, stream.peek(&mut byte)).await {
        Err(_) | Ok(Ok(1..)) => Ok(()),
        Ok(_) => Err(std::io::ErrorKind::ConnectionReset.into()),
    }
}

async fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<Seen>> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await? == 0 || bytes.len() > REQUEST_BYTES_MAX {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let end = head_end + 4 + length.unwrap_or(0_usize).min(REQUEST_BYTES_MAX);
    while bytes.len() < end {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let body = serde_json::from_slice(&bytes[head_end + 4..end]).unwrap_or(Value::Null);
    Ok(Some(Seen { line, headers, body }))
}
