//! A secret goes to the receiver that a flow names it for, and nowhere else: the whole data folder, the log and every read are searched.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::binary::{Folder, Server, create_admin};

/// With characters that URLs, forms and JSON write in ways of their own.
const SECRET: &str = "s3cr3t \"k/ü+%41\\";
/// Each part of it that a search would betray it by.
const TRACES: [&str; 2] = ["s3cr3t", "%41"];

/// Echoes each request: as JSON on `/json`, with status 400 on `/refuse`, as bytes that are no text on `/binary`, what it was told before on `/later`, else as text.
fn echo(seen: &Arc<Mutex<Vec<String>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let seen = Arc::clone(seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = answer(&stream, &seen);
        }
    });
    address
}

fn answer(mut stream: &TcpStream, seen: &Mutex<Vec<String>>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body).ok()?;
    let request = format!("{head}\n{}", String::from_utf8_lossy(&body));
    let (status, kind, body) = match head.split(' ').nth(1)? {
        path if path.starts_with("/json") => {
            (200, "application/json", json!({ "echo": request, request.clone(): [request] }).to_string().into_bytes())
        }
        path if path.starts_with("/later") => (200, "text/plain", seen.lock().expect("no panic").concat().into_bytes()),
        path if path.starts_with("/refuse") => (400, "text/plain", request.clone().into_bytes()),
        path if path.starts_with("/binary") => (200, "image/png", [b"\0\xff", request.as_bytes(), b"\xff"].concat()),
        _ => (200, "text/plain", request.clone().into_bytes()),
    };
    seen.lock().expect("no panic").push(request);
    let head =
        format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nX-Echo: s3cr3t-plain-token\r\nConnection: close\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n", body.len()).ok()?;
    stream.write_all(&body).ok()
}

/// Calls each path with the secret in a header, the URL and the body; the last step names none.
fn flow(base: &str) -> Value {
    let call = |id: &str, next: &str| {
        json!({ "id": id, "type": "http-request", "output": id, "nextStepId": next, "onError": "continue", "data": {
            "url": format!("{base}/{id}"), "method": "POST",
            "headers": { "Authorization": "Bearer {{ secrets.PLAIN_TOKEN }}", "X-Note": "{{ note }}" },
            "query": { "key": "{{ secrets.API_TOKEN }}" },
            "body": { "key": "{{ 'k ' + secrets.API_TOKEN }}", "note": "{{ note }}" } } })
    };
    json!({ "name": "Echo", "definition": { "steps": [
        { "id": "start", "type": "api", "nextStepId": "json" },
        call("json", "text"), call("text", "binary"), call("binary", "refuse"), call("refuse", "later"),
        { "id": "later", "type": "http-request", "output": "later", "nextStepId": "missing",
          "data": { "url": format!("{base}/later") } },
        { "id": "missing", "type": "http-request", "output": "missing", "nextStepId": "host", "onError": "continue",
          "data": { "url": format!("{base}/text"), "headers": { "X-Key": "{{ secrets.NOT_THERE }}" } } },
        { "id": "host", "type": "http-request", "output": "host", "nextStepId": "end", "onError": "continue",
          "data": { "url": "http://{{ secrets.PLAIN_TOKEN }}.example/" } },
        { "id": "end", "type": "final", "data": { "outputs": { "json": "{{ json }}", "text": "{{ text }}", "refuse": "{{ refuse }}", "later": "{{ later }}", "missing": "{{ missing }}", "host": "{{ host }}" } } },
    ] } })
}

fn start(folder: &Path) -> Server {
    let mut command = Command::new("sh");
    let line = "exec \"$0\" serve --listen 127.0.0.1:0 --data data --json 2>log.txt";
    command.env_clear().env("HOME", folder).env("FLOE_LOG", "trace").current_dir(folder);
    Server::begin(command.args(["-c", line, env!("CARGO_BIN_EXE_floe")]))
}

/// Starts a flow in test mode; the answer as it came.
fn in_test_mode(server: &Server, token: &str, path: &str) -> String {
    let address = server.url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).expect("the server listens");
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nFloe-Mode: test\r\n");
    write!(stream, "{head}Connection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
}

#[track_caller]
fn assert_clean(what: &str, bytes: &[u8]) {
    for trace in TRACES {
        let found = bytes.windows(trace.len()).position(|part| part == trace.as_bytes());
        let around = found.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(80)..bytes.len().min(at + 80)]));
        assert!(found.is_none(), "{what} holds {trace}: {around:?}");
    }
}

#[test]
fn a_secret_reaches_its_receiver_and_nothing_else() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let address = echo(&seen);
    let folder = Folder::new();
    std::fs::write(folder.0.join("floe.toml"), format!("outbound_allow = \"{address}\"\n")).expect("a file");
    let server = start(&folder.0);
    assert_eq!(create_admin(&folder.0, "wandering otter").status.code(), Some(0));
    let token = server.token(&["console.read", "admin", "flows.read", "flows.run", "flows.write", "flows.manage"]);
    let post = |path: &str, body: &Value| server.post(path, Some(&token), body);

    for (name, value) in [("API_TOKEN", SECRET), ("PLAIN_TOKEN", "s3cr3t-plain-token")] {
        let body =
            json!({ "name": name, "secret": true, "value": value, "test_value": format!("{name} of test-s3cr3t") });
        let made = post("/console/v1/variables", &body);
        assert_eq!((made.0, &made.1["value"]), (201, &json!("***")), "{}", made.1);
    }
    let account = json!({ "name": "CRM", "provider": "http", "type": "bearer", "secret": "c0nnecti0n-s3cr3t-42",
        "config": { "base_url": format!("http://{address}"), "test_path": "json" } });
    let (status, made) = post("/console/v1/connections", &account);
    assert_eq!((status, &made["last4"]), (201, &json!("t-42")), "{made}");
    let id = made["id"].as_str().expect("an id");
    let (status, tested) = post(&format!("/console/v1/connections/{id}/test"), &json!({}));
    assert_eq!((status, &tested["ok"], &tested["status_code"]), (200, &json!(true), &json!(200)), "{tested}");
    assert!(std::mem::take(&mut *seen.lock().expect("no panic"))[0].contains("Bearer c0nnecti0n-s3cr3t-42\r\n"));

    let (status, made) = post("/v1/flow", &flow(&format!("http://{address}")));
    assert_eq!(status, 201, "{made}");
    let id = made["_id"].as_str().expect("an id").to_owned();
    let published = post(&format!("/v1/flow/{id}/publish"), &json!({}));
    assert!(published.0 < 300, "{}", published.1);
    // What a caller sends stays a text, whatever it looks like.
    let note = "*** {{ secrets.API_TOKEN }} floe-secret-00000000000000000000000000-0;";
    let (status, run) = post(
        &format!("/v1/flow/execute/{id}"),
        &json!({ "inputs": { "note": note }, "returnExecutionMetadata": true }),
    );
    assert!(status < 300, "{status} {run}");
    let run_id = run["appRunId"].as_str().expect("a run").to_owned();

    let code = |name: &str| run["output"][name]["error"]["code"].as_str().map(str::to_owned);
    assert_eq!(
        (code("missing").as_deref(), code("host").as_deref()),
        (Some("secret_missing"), Some("bad_value")),
        "{run}"
    );
    let told = seen.lock().expect("no panic").clone();
    assert_eq!(told.len(), 5, "{run}");
    for request in &told[..4] {
        assert!(request.contains("Bearer s3cr3t-plain-token\r\n"), "{request}");
        assert!(request.contains("?key=s3cr3t+%22k%2F%C3%BC%2B%2541%5C "), "{request}");
        assert!(request.contains(&json!({ "key": format!("k {SECRET}"), "note": note }).to_string()), "{request}");
    }

    seen.lock().expect("no panic").clear();
    let tried = in_test_mode(&server, &token, &format!("/v1/flow/execute/{id}"));
    assert!(seen.lock().expect("no panic")[0].contains("Bearer PLAIN_TOKEN of test-s3cr3t\r\n"), "{tried}");

    let mut reads = vec![run.to_string(), tried];
    let parts = [
        "summary",
        "details",
        "detailed",
        "steps",
        "context",
        "outputs",
        "inputs",
        "errorDetails",
        "minimal-details",
        "poll",
    ];
    for part in parts {
        let (status, body) = server.get_as(&token, &format!("/v1/flowrun/{part}/{run_id}"));
        assert_eq!(status, 200, "{part}: {body}");
        reads.push(body.to_string());
    }
    for path in ["/console/v1/variables", "/console/v1/connections", &format!("/v1/flow/{id}")] {
        reads.push(server.get_as(&token, path).1.to_string());
    }
    reads.iter().for_each(|read| assert_clean("a read", read.as_bytes()));
    let (_, steps) = server.get_as(&token, &format!("/v1/flowrun/steps/{run_id}"));
    let shown = steps.to_string();
    assert!(shown.contains("Bearer ***") && shown.contains("\"k ***\"") && !shown.contains("$secrets"), "{shown}");

    assert_eq!(server.stop(), Some(0));
    let mut all = Vec::new();
    files(&folder.0, &mut all);
    assert!(
        all.iter().any(|(name, _)| name.ends_with("floe.db")) && all.iter().any(|(name, _)| name.ends_with("log.txt"))
    );
    all.iter().for_each(|(name, bytes)| assert_clean(name, bytes));
}
