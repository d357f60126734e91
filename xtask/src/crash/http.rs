//! Just enough HTTP/1.1: one request, one connection, and an answer that either came whole or did not come.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Time to connect on loopback.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longer than a synchronous start may take (Flow API contract, section 3.1).
const READ_TIMEOUT: Duration = Duration::from_secs(75);
/// Bytes of an answer at most.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) credential: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) body: Option<Value>,
    /// In test mode.
    pub(crate) is_test: bool,
}

/// An answer that came whole.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: HashMap<String, String>,
    pub(crate) body: Value,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Nobody listened: the request was never sent.
    NotSent,
    /// The connection broke: the request may have been taken in.
    Lost,
    /// There was no answer for longer than the contract allows.
    TimedOut,
}

impl Request {
    pub(crate) fn get(path: impl Into<String>, credential: &str) -> Self {
        let credential = Some(credential.to_owned());
        Self { method: "GET", path: path.into(), credential, idempotency_key: None, body: None, is_test: false }
    }

    pub(crate) fn post(path: impl Into<String>, credential: &str, body: Value) -> Self {
        let credential = Some(credential.to_owned());
        Self { method: "POST", path: path.into(), credential, idempotency_key: None, body: Some(body), is_test: false }
    }

    /// The same in test mode.
    pub(crate) fn in_test_mode(self) -> Self {
        Self { is_test: true, ..self }
    }

    /// Sends it and reads the whole answer.
    pub(crate) fn send(&self, address: SocketAddr) -> Result<Response, Broken> {
        let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).map_err(|_| Broken::NotSent)?;
        stream.set_read_timeout(Some(READ_TIMEOUT)).map_err(|_| Broken::Lost)?;
        // A small request in one segment must not wait for the acknowledgement of the one before.
        stream.set_nodelay(true).map_err(|_| Broken::Lost)?;
        stream.write_all(self.text(address).as_bytes()).map_err(|_| Broken::Lost)?;
        let mut bytes = Vec::new();
        match stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes) {
            Ok(_) => Response::parse(&bytes).ok_or(Broken::Lost),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Err(Broken::TimedOut),
            // The end of a killed server may come as a reset after a whole answer.
            Err(_) => Response::parse(&bytes).ok_or(Broken::Lost),
        }
    }

    fn text(&self, address: SocketAddr) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n", self.method, self.path);
        if let Some(credential) = &self.credential {
            text += &format!("Authorization: Bearer {credential}\r\n");
        }
        if let Some(key) = &self.idempotency_key {
            text += &format!("Idempotency-Key: {key}\r\n");
        }
        if self.is_test {
            text += "Floe-Mode: test\r\n";
        }
        match &self.body {
            Some(body) => {
                let body = body.to_string();
                text + &format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            }
            None => text + "\r\n",
        }
    }
}

impl Response {
    /// A header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// `error.code` of the body.
    pub(crate) fn error_code(&self) -> &str {
        self.body["error"]["code"].as_str().or(self.body["code"].as_str()).unwrap_or_default()
    }

    /// The answer, if it is whole.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let pair = |line: &str| line.split_once(':').map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()));
        let headers: HashMap<String, String> = lines.filter_map(pair).collect();
        let body = &bytes[end + 4..];
        if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            // A stream: its text, as it is.
            let text = String::from_utf8(unchunked(body)?).ok()?;
            return Some(Self { status, headers, body: Value::String(text) });
        }
        let length: usize = headers.get("content-length")?.parse().ok()?;
        if body.len() != length {
            return None;
        }
        if headers.get("content-type").is_some_and(|media| media == "text/event-stream") {
            // The answer to a repeat of a stream.
            return Some(Self { status, headers, body: Value::String(String::from_utf8(body.to_vec()).ok()?) });
        }
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        Some(Self { status, headers, body })
    }
}

/// The body of chunks, if it is whole.
fn unchunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).ok()?, 16).ok()?;
        let chunk = bytes.get(end + 2..end + 2 + size)?;
        if !bytes[end + 2 + size..].starts_with(b"\r\n") {
            return None;
        }
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
        bytes = &bytes[end + 4 + size..];
    }
}

#[cfg(test)]
mod tests {
    use super::Response;

    #[test]
    fn chunks_are_put_together() {
        let whole =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
        let answer = Response::parse(whole.as_bytes()).expect("it is whole");
        assert_eq!(answer.body, "abc0123456789abcdef");
        for end in 0..whole.len() {
            assert!(Response::parse(&whole.as_bytes()[..end]).is_none(), "cut at {end}");
        }
    }

    #[test]
    fn only_a_whole_answer_counts() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nX-Flow-Run-Id: r\r\n\r\n{\"a\":1}";
        let answer = Response::parse(whole.as_bytes()).expect("it is whole");
        assert_eq!((answer.status, answer.header("x-flow-run-id")), (200, Some("r")));
        for end in 0..whole.len() {
            assert!(Response::parse(&whole.as_bytes()[..end]).is_none(), "cut at {end}");
        }
    }
}
