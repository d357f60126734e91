use serde_json::{Value, json};

use super::*;
use crate::sandbox::job::{FailureCode, LogLevel};

fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_frame(&mut bytes, body).expect("a vector takes all");
    bytes
}

/// Both readers must agree: a body, the end, or an error of this kind.
fn check(bytes: &[u8], bytes_max: usize, expected: Result<Option<&[u8]>, io::ErrorKind>) {
    let read = read_frame(&mut &bytes[..], bytes_max).map_err(|error| error.kind());
    assert_eq!(read, expected.map(|body| body.map(<[u8]>::to_vec)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    let received = runtime.block_on(receive_frame(&mut &bytes[..], bytes_max)).map_err(|error| error.kind());
    let expected = expected.and_then(|body| body.ok_or(io::ErrorKind::UnexpectedEof));
    assert_eq!(received, expected.map(<[u8]>::to_vec));
}

#[test]
fn frames_are_read_or_refused() {
    check(&framed(b"{}"), 2, Ok(Some(b"{}")));
    check(&framed(b""), 0, Ok(Some(b"")));
    check(b"", 10, Ok(None));
    check(b"\x02\0", 10, Err(io::ErrorKind::UnexpectedEof));
    check(b"\x02\0\0\0x", 10, Err(io::ErrorKind::UnexpectedEof));
    check(&framed(b"abc"), 2, Err(io::ErrorKind::InvalidData));
    check(b"\xff\xff\xff\xffx", 1 << 20, Err(io::ErrorKind::InvalidData));
    // A child that prints text instead of frames.
    check(b"thread 'main' panicked", 1 << 20, Err(io::ErrorKind::InvalidData));
}

#[test]
fn replies_survive_the_way() {
    let logs = vec![LogLine { level: LogLevel::Warn, text: "a\u{0}b".to_owned() }];
    let failure = CodeFailure { code: FailureCode::Memory, message: "m".to_owned(), line: Some(3), logs: logs.clone() };
    for reply in [Reply::Ready, Reply::Done { value: json!({"b": 1, "a": [null]}), logs }, Reply::Failed(failure)] {
        let bytes = serde_json::to_vec(&reply).expect("a reply is JSON");
        assert_eq!(serde_json::from_slice::<Reply<Value>>(&bytes).expect("own reply"), reply);
    }
}

#[test]
fn broken_replies_are_errors() {
    let deep = format!("{{\"done\":{{\"value\":{}{},\"logs\":[]}}}}", "[".repeat(5_000), "]".repeat(5_000));
    for text in ["", "null", "{}", "\"ready", "{\"done\":{}}", "{\"failed\":{\"code\":\"x\"}}", "\u{0}", &deep] {
        assert!(serde_json::from_str::<Reply<Value>>(text).is_err(), "{text:.40}");
    }
}
