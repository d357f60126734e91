//! A scripted HTTP/1.1 server on loopback. It ends with the test's runtime.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path with its query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
    /// How many requests with the same method and path came before.
    pub(crate) before: usize,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    /// A server that answers each request with what the function gives: a whole response, or nothing at all, which keeps
    /// the client waiting.
    pub(crate) async fn start(reply: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (shared, reply) = (Arc::clone(&seen), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, reply) = (Arc::clone(&shared), Arc::clone(&reply));
                // A client that goes away is what some tests want.
                tokio::spawn(async move { converse(stream, &seen, &*reply).await });
            }
        });
        Self { address, seen }
    }

    /// A server that gives the same answer to everything.
    pub(crate) async fn answering(answer: Vec<u8>) -> Self {
        Self::start(move |_| answer.clone()).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.requests().pop().expect("a request came")
    }
}

/// A whole response. `head` is the status line's end and further header lines: `200 OK\r\ncontent-type: text/plain`.
pub(crate) fn response(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A JSON response.
pub(crate) fn json(status: u16, body: &str) -> Vec<u8> {
    response(&format!("{status} Status\r\ncontent-type: application/json"), body)
}

async fn converse(mut stream: TcpStream, seen: &Mutex<Vec<Seen>>, reply: &(dyn Fn(&Seen) -> Vec<u8> + Send + Sync)) {
    while let Ok(Some(mut request)) = read_request(&mut stream).await {
        let answer = {
            let mut seen = seen.lock().unwrap();
            request.before = seen.iter().filter(|old| old.method == request.method && old.path == request.path).count();
            seen.push(request.clone());
            reply(&request)
        };
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> io::Result<Option<Seen>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let seen = parse(head, body);
            if body.len() >= seen.header("content-length").parse().unwrap_or(0) {
                return Ok(Some(seen));
            }
        }
        let mut buffer = vec![0; 16 * 1024];
        match stream.read(&mut buffer).await? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn parse(head: &str, body: &str) -> Seen {
    let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
    let mut words = first.split(' ').map(str::to_owned);
    let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Seen {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        headers: rest.lines().filter_map(pair).collect(),
        body: body.to_owned(),
        before: 0,
    }
}
