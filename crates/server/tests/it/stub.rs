//! A scripted HTTP server on loopback: what the examples of flows call.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

/// Longest pause of a caller within a request.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers `{method, path, answers: [{status, body}]}` in order, the last answer again and again; 404 to everything else.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    routes: Vec<Value>,
    /// Requests so far by method and path.
    seen: HashMap<String, usize>,
}

impl Stub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        // Ends with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&shared);
                std::thread::spawn(move || answer(&stream, &script));
            }
        });
        Self { address, script }
    }

    /// Forgets what was seen and answers by these routes from now on.
    pub(crate) fn play(&self, routes: Vec<Value>) {
        *locked(&self.script) = Script { routes, seen: HashMap::new() };
    }

    /// Requests since the script was set.
    pub(crate) fn requests(&self) -> usize {
        locked(&self.script).seen.values().sum()
    }
}

fn locked(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(stream: &TcpStream, script: &Mutex<Script>) -> Option<()> {
    stream.set_read_timeout(Some(READ_TIMEOUT)).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    let (status, body) = locked(script).next(&method, &path);
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n");
    let mut writer = stream;
    write!(writer, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok()
}

impl Script {
    fn next(&mut self, method: &str, path: &str) -> (u64, String) {
        let before = self.seen.entry(format!("{method} {path}")).or_default();
        let number = *before;
        *before += 1;
        let route = self.routes.iter().find(|route| route["method"] == method && route["path"] == path);
        let answers = route.and_then(|route| route["answers"].as_array()).map(Vec::as_slice).unwrap_or_default();
        match answers.get(number).or(answers.last()) {
            Some(answer) => (answer["status"].as_u64().expect("a status"), answer["body"].to_string()),
            None => (404, "{}".to_owned()),
        }
    }
}
