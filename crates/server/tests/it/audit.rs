#![expect(clippy::disallowed_methods, reason = "waits for a file that another process writes")]
//! The audit log of a real server: heads in their file, and an export that is checked without the server.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::binary::{Server, floe, output, text};
use crate::flows::Workshop;

/// Looks for the first head, a twentieth of a second apart.
const LOOKS: u32 = 200;

/// GETs a stream: its chunks put together.
fn download(server: &Server, token: &str, path: &str) -> String {
    let address = server.url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, mut rest) = answer.split_once("\r\n\r\n").expect("an answer");
    assert!(head.starts_with("HTTP/1.1 200") && head.to_lowercase().contains("transfer-encoding: chunked"), "{head}");
    let mut body = String::new();
    while let Some((size, chunk)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("the size of a chunk");
        if size == 0 {
            break;
        }
        body.push_str(&chunk[..size]);
        rest = &chunk[size + 2..];
    }
    body
}

/// `floe audit verify` on these lines: exit code and what it prints.
fn verify(folder: &Path, lines: &[&str], head: Option<&str>) -> (Option<i32>, Value) {
    std::fs::write(folder.join("export.jsonl"), lines.join("\n")).expect("a file");
    let mut command = floe(folder);
    command.args(["audit", "verify", "export.jsonl", "--json"]);
    if let Some(head) = head {
        command.args(["--head", head]);
    }
    let done = output(&mut command);
    let printed = serde_json::from_slice(&done.stdout).unwrap_or_else(|_| Value::from(text(&done.stderr)));
    (done.status.code(), printed)
}

#[test]
fn an_export_is_checked_without_the_server() {
    let Workshop { folder, server, .. } = Workshop::open_with("audit_heads_file = \"heads.jsonl\"\n");
    let token = server.token(&["admin", "console.read"]);
    let heads = folder.0.join("heads.jsonl");
    let appeared = (0..LOOKS).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        std::fs::read_to_string(&heads).is_ok_and(|text| text.ends_with('\n'))
    });
    assert!(appeared, "news are signed within a second");
    let export = download(&server, &token, "/console/v1/audit/export");
    assert_eq!(server.stop(), Some(0));

    let lines: Vec<&str> = export.lines().collect();
    assert!(lines.len() >= 5, "{export}");
    let (code, report) = verify(&folder.0, &lines, Some("heads.jsonl"));
    assert_eq!(
        (code, &report["valid"], report["entries"].as_u64()),
        (Some(0), &json!(true), Some(lines.len() as u64 - 2)),
        "{report}"
    );
    assert!(report["heads_checked"].as_i64() >= Some(1), "{report}");

    let changed = lines[2].replace("\"action\":\"", "\"action\":\"un");
    let tampered: Vec<&str> =
        lines.iter().enumerate().map(|(at, line)| if at == 2 { changed.as_str() } else { line }).collect();
    let entry: Value = serde_json::from_str(lines[2]).expect("an entry");
    let (code, report) = verify(&folder.0, &tampered, None);
    assert_eq!((code, &report["first_bad_id"], &report["line"]), (Some(1), &entry["id"], &json!(3)), "{report}");
    assert_eq!(report["first_bad_seq"], entry["seq"]);

    let (code, report) = verify(&folder.0, &lines[..lines.len() - 1], None);
    assert_eq!((code, report["valid"].as_bool()), (Some(1), Some(false)), "{report}");
    let (code, report) = verify(&folder.0, &["{}"], None);
    assert_eq!(code, Some(7), "{report}");
    assert_eq!(output(floe(&folder.0).args(["audit", "verify", "nothing.jsonl"])).status.code(), Some(4));
}
