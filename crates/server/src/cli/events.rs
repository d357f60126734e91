//! Server-sent events, read as they come (WHATWG HTML, section 9.2.6; the fields that this server sends).

use reqwest::Response;
use serde_json::Value;
use tokio::time::Instant;

/// Bytes of one event at most.
const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// What kind.
    pub(super) kind: String,
    /// Where to go on after it.
    pub(super) id: Option<String>,
    /// Its data.
    pub(super) data: Value,
}

/// A stream of events.
pub(super) struct Events {
    answer: Response,
    text: Vec<u8>,
}

impl Events {
    pub(super) fn new(answer: Response) -> Self {
        Self { answer, text: Vec::new() }
    }

    /// The next event; none when the stream was cut or the deadline has passed.
    pub(super) async fn next(&mut self, deadline: Option<Instant>) -> Option<Event> {
        loop {
            while let Some(block) = take_block(&mut self.text) {
                if let Some(event) = parse(&block) {
                    return Some(event);
                }
            }
            let chunk = match deadline {
                Some(deadline) => tokio::time::timeout_at(deadline, self.answer.chunk()).await.ok()?,
                None => self.answer.chunk().await,
            };
            self.text.extend_from_slice(&chunk.ok()??);
            if self.text.len() > EVENT_BYTES_MAX {
                return None;
            }
        }
    }
}

/// Takes everything up to the first blank line.
fn take_block(text: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = text.windows(2).position(|pair| pair == b"\n\n")?;
    let rest = text.split_off(end + 2);
    Some(std::mem::replace(text, rest))
}

/// An event of its lines; none for a comment.
fn parse(block: &[u8]) -> Option<Event> {
    let text = String::from_utf8_lossy(block);
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let data = serde_json::from_str(field("data:")?).ok()?;
    Some(Event { kind: field("event:").unwrap_or("message").to_owned(), id: field("id:").map(str::to_owned), data })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_taken_whole_and_comments_passed_over() {
        let mut text = b": still here\n\nevent: step\nid: 7\ndata: {\"a\":1}\n\nevent: do".to_vec();
        let blocks: Vec<Option<Event>> =
            std::iter::from_fn(|| take_block(&mut text)).map(|block| parse(&block)).collect();
        let step = Event { kind: "step".to_owned(), id: Some("7".to_owned()), data: json!({ "a": 1 }) };
        assert_eq!(blocks, [None, Some(step)]);
        assert_eq!(text, b"event: do");
    }
}
