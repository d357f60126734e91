//! Raw requests that break the rules of HTTP, and what each may get (tests/data/http-malformed.json).
//!
//! Whatever the case, there is no 5xx unless the case allows one, no answer to a smuggled request, and no silence past the read
//! limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_server::app::{App, Work, router};
use floe_server::settings::{Settings, Sources};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::binary::Folder;
use crate::front::{short_limits, small_router, start};

/// Longer than the sum of the read limits of [`short_limits`]: silence past it is a hang.
const HANG: Duration = Duration::from_secs(4);

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    expect: String,
    raw_b64: Option<String>,
    prefix_b64: Option<String>,
    repeat: Option<String>,
    times: Option<usize>,
    suffix_b64: Option<String>,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        let decode = |text: &Option<String>| STANDARD.decode(text.as_deref().unwrap_or_default()).expect("base64");
        if self.raw_b64.is_some() {
            return decode(&self.raw_b64);
        }
        let middle = self.repeat.as_deref().unwrap_or_default().repeat(self.times.unwrap_or(0));
        [decode(&self.prefix_b64), middle.into_bytes(), decode(&self.suffix_b64)].concat()
    }
}

/// What came back on one connection.
#[derive(Debug)]
struct Outcome {
    /// Statuses of all answers in order, interim ones too.
    statuses: Vec<u16>,
    /// Everything that was read.
    text: String,
    /// Whether the server ended the connection.
    closed: bool,
}

/// What a case may get.
struct Allowed {
    statuses: fn(u16) -> bool,
    /// Whether closing without any answer is fine.
    silence: bool,
    /// Most final answers.
    answers_max: usize,
}

fn allowed(expect: &str) -> Allowed {
    let one = |statuses, silence| Allowed { statuses, silence, answers_max: 1 };
    match expect {
        "400" => one(|status| status == 400, false),
        // A TLS greeting cannot be told from another broken request line; it gets the 400 of such a line, then the close.
        "400 or close" | "close or 400" | "close" => one(|status| status == 400, true),
        "501, 400 or close" => one(|status| matches!(status, 400 | 501), true),
        "400 or 501 or close at once, or 408/close at the read limit (the body is unfinished)" => {
            one(|status| matches!(status, 400 | 408 | 501), true)
        }
        "400, or one answer and the connection closed"
        | "400, close, or treated as one length 4"
        | "answer or close"
        | "no 5xx" => one(|status| status < 500, true),
        "4xx or close" => one(is_4xx, true),
        "4xx" | "400 or normal 4xx" | "4xx, never a tunnel" => one(is_4xx, false),
        "trailer ignored or 400"
        | "400 or normal answer, never a hang"
        | "400 or folded by the rules"
        | "never proxied"
        | "100, 417 or a final answer within the limit"
        | "417, or ignored by policy"
        | "not smuggled past auth" => one(|status| status < 500, false),
        "431 or close" => one(|status| status == 431, true),
        "414 or 431 or close" => one(|status| matches!(status, 414 | 431), true),
        "405 or 501 or 404" => one(|status| matches!(status, 404 | 405 | 501), false),
        "505 or 400 or close" => one(|status| matches!(status, 400 | 505), true),
        "405, cookie not echoed" => one(|status| status == 405, false),
        "404 or 400" | "400 or 404" => one(|status| matches!(status, 400 | 404), false),
        "no auth bypass" => one(|status| matches!(status, 400 | 401 | 403 | 404), false),
        "415 or 400" => one(|status| matches!(status, 400 | 415), false),
        "five answers in order or close" => Allowed { statuses: |status| status < 500, silence: true, answers_max: 5 },
        other => panic!("say here what the expectation {other:?} allows"),
    }
}

fn is_4xx(status: u16) -> bool {
    (400..500).contains(&status)
}

/// Sends the bytes and reads until the server closes or [`HANG`] has passed.
async fn send(address: SocketAddr, bytes: Vec<u8>) -> Outcome {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let (mut reader, mut writer) = stream.into_split();
    // The server may refuse and close before everything is sent; the writing half stays open, as a real client's would.
    let writing = tokio::spawn(async move {
        let _ = writer.write_all(&bytes).await;
        writer
    });
    let mut read = Vec::new();
    let closed = tokio::time::timeout(HANG, async {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            read.extend_from_slice(&buffer[..count]);
        }
    });
    let closed = closed.await.is_ok();
    writing.abort();
    Outcome { statuses: statuses(&read), text: String::from_utf8_lossy(&read).into_owned(), closed }
}

/// Walks through the answers by their lengths.
fn statuses(mut bytes: &[u8]) -> Vec<u16> {
    let mut found = Vec::new();
    while let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        found.push(status.unwrap_or_else(|| panic!("not an answer: {head}")));
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |digits| digits.parse().unwrap_or_else(|_| panic!("not a length: {digits}")));
        bytes = bytes.get(end + 4 + length..).unwrap_or_default();
    }
    found
}

/// What is wrong with the outcome of a case, if anything.
fn fault(case: &Case, outcome: &Outcome) -> Option<String> {
    let allowed = allowed(&case.expect);
    let finals: Vec<u16> = outcome.statuses.iter().copied().filter(|status| *status >= 200).collect();
    let wrong = |what: &str| Some(format!("{}: {what}; expected {:?}, got {outcome:?}", case.name, case.expect));
    if outcome.text.contains("smuggled") || outcome.text.contains("s=1") {
        return wrong("something was smuggled or echoed");
    }
    if !outcome.closed && outcome.statuses.is_empty() {
        return wrong("a hang");
    }
    if finals.len() > allowed.answers_max {
        return wrong("too many answers");
    }
    if !finals.iter().all(|status| (allowed.statuses)(*status)) {
        return wrong("a status outside the expectation");
    }
    if outcome.statuses.is_empty() && !allowed.silence {
        return wrong("no answer");
    }
    None
}

/// Sends every case to a server, all at once, and tells all that went wrong. The server must have short read limits.
pub(crate) async fn check_all(address: SocketAddr) {
    let file: File = serde_json::from_str(include_str!("../data/http-malformed.json")).expect("the file of cases");
    assert_eq!(file.cases.len(), 61);
    let mut running = JoinSet::new();
    for case in file.cases {
        running.spawn(async move {
            let outcome = send(address, case.bytes()).await;
            fault(&case, &outcome)
        });
    }
    let faults: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(faults.is_empty(), "{} cases:\n{}", faults.len(), faults.join("\n"));
    let after = send(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()).await;
    assert_eq!(after.statuses.len(), 1, "the server still answers: {after:?}");
}

#[tokio::test]
async fn every_malformed_request_gets_what_its_case_allows() {
    let server = start(small_router(), short_limits()).await;
    check_all(server.address).await;
}

#[tokio::test]
async fn the_whole_router_keeps_the_same_promises() {
    let folder = Folder::new();
    let sources = Sources { flags: vec![("FLOE_DATA_DIR", folder.0.display().to_string())], ..Sources::default() };
    let settings = Settings::load(&sources).expect("valid settings");
    let app = Arc::new(App::open(settings, 1).await.expect("an empty folder opens"));
    let work = Work::start(&app, Vec::new());
    let server = start(router(&app, &work).expect("a public URL"), short_limits()).await;
    check_all(server.address).await;
    work.stop().await;
    app.close().await;
}
