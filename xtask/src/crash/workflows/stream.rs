//! Reads a stream as far as it comes: what a killed server has told before counts.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A stream that says nothing for so long is given up: signs of life come every three seconds.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Bytes of a stream at most.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    pub(super) kind: String,
    /// Its number; the first message has none.
    pub(super) number: Option<u64>,
    pub(super) data: Value,
}

/// Everything that a stream tells after a message, until it ends, breaks, or has told something of a kind that is waited for.
pub(super) fn read(address: SocketAddr, execution: &str, key: &str, after: u64, until: &[&str]) -> Vec<Message> {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(2)) else { return Vec::new() };
    let last = if after == 0 { String::new() } else { format!("Last-Event-ID: {execution}-{after}\r\n") };
    let request = format!(
        "GET /v1/executions/{execution}/events HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {key}\r\n{last}Connection: close\r\n\r\n"
    );
    let is_ready = stream.set_read_timeout(Some(SILENCE_MAX)).is_ok() && stream.write_all(request.as_bytes()).is_ok();
    let (mut text, mut piece) = (Vec::new(), [0_u8; 8_192]);
    while is_ready && text.len() < BYTES_MAX {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(count) => text.extend_from_slice(&piece[..count]),
        }
        if messages(&text).iter().any(|message| until.contains(&message.kind.as_str())) {
            break;
        }
    }
    messages(&text)
}

/// The whole messages of what came; sizes of chunks stand on lines of their own between them.
fn messages(bytes: &[u8]) -> Vec<Message> {
    let text = String::from_utf8_lossy(bytes);
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let mut found = Vec::new();
    let mut blocks: Vec<&str> = text.split("\n\n").collect();
    // What stands behind the last blank line is not whole.
    blocks.pop();
    for block in blocks {
        let (Some(kind), Some(data)) = (field(block, "event:"), field(block, "data:")) else { continue };
        let number = field(block, "id:").and_then(|id| id.rsplit_once('-')?.1.parse().ok());
        if let Ok(data) = serde_json::from_str(&data) {
            found.push(Message { kind, number, data });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::messages;

    #[test]
    fn a_stream_that_broke_tells_what_was_whole() {
        let text = "HTTP/1.1 200 OK\r\n\r\nd\r\nretry: 3000\n\n\r\n2a\r\nevent: connected\ndata: {\"a\":1}\n\n\r\n30\r\n\
                    event: x\nid: exec_1-7\ndata: {\"b\":2}\n\n\r\n20\r\nevent: y\nid: exec_1-8\nda";
        let found = messages(text.as_bytes());
        let told: Vec<_> = found.iter().map(|message| (message.kind.as_str(), message.number)).collect();
        assert_eq!(told, [("connected", None), ("x", Some(7))]);
    }
}
