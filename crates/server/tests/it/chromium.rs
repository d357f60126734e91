//! A real browser, driven over a pipe: Chromium's DevTools protocol, as much of it as the tests of pages need.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::binary::Folder;

/// Names a browser; where it is set, the tests of pages may not be left out.
const PROGRAM: &str = "FLOE_TEST_CHROMIUM";
/// Time for all that one test does with a browser, on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(100);
/// Milliseconds that a page waits for a condition.
const WAIT_MS: u32 = 20_000;
/// Times that a question to a page is asked again because the page went elsewhere meanwhile.
const RETRIES: usize = 20;

/// The browser: `FLOE_TEST_CHROMIUM`, else the first of the usual names on PATH.
pub(crate) fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(PROGRAM) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    found.into_iter().find(|program| program.is_file())
}

/// A running browser; killed when dropped, and when a test takes too long.
pub(crate) struct Browser {
    wire: RefCell<Wire>,
    child: u32,
    finished: mpsc::Sender<()>,
    _folder: Folder,
}

struct Wire {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last: u64,
    /// What the pages asked for and complained about.
    events: Vec<Value>,
}

impl Browser {
    pub(crate) fn start(program: &PathBuf) -> Self {
        let folder = Folder::new();
        // The protocol is spoken on the descriptors 3 and 4; a shell puts the pipes there.
        let script = "exec \"$0\" --headless=new --remote-debugging-pipe --no-sandbox --disable-gpu \
            --disable-dev-shm-usage --no-first-run --disable-background-networking --disable-component-update \
            --disable-sync --user-data-dir=\"$1\" about:blank 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null";
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(program).arg(folder.0.join("profile")).env("HOME", &folder.0);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell starts");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (finished, end) = mpsc::channel();
        let id = child.id();
        std::thread::spawn(move || watch(child, &end));
        let wire = RefCell::new(Wire { input, output, last: 0, events: Vec::new() });
        Self { wire, child: id, finished, _folder: folder }
    }

    /// Opens an address in a window of its own: nothing is shared with the others, cookies neither.
    pub(crate) fn open(&self, url: &str) -> Page<'_> {
        let context = self.call(None, "Target.createBrowserContext", json!({}))["browserContextId"].clone();
        let target = json!({ "url": "about:blank", "browserContextId": context });
        let target = self.call(None, "Target.createTarget", target)["targetId"].clone();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = self.call(None, "Target.attachToTarget", attach)["sessionId"].clone();
        let page = Page { browser: self, session: session.as_str().expect("a session").to_owned() };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            page.call(domain, json!({}));
        }
        page.call("Page.navigate", json!({ "url": url }));
        page
    }

    /// Addresses that the pages asked for, and what they complained about.
    pub(crate) fn seen(&self) -> (Vec<String>, Vec<String>) {
        let wire = self.wire.borrow();
        let (mut requests, mut complaints) = (Vec::new(), Vec::new());
        for event in &wire.events {
            let params = &event["params"];
            match event["method"].as_str() {
                Some("Network.requestWillBeSent") => {
                    requests.push(params["request"]["url"].as_str().unwrap_or_default().to_owned());
                }
                Some("Runtime.exceptionThrown") => complaints.push(params["exceptionDetails"].to_string()),
                Some("Log.entryAdded") if params["entry"]["level"] == "error" => {
                    complaints.push(params["entry"]["text"].as_str().unwrap_or_default().to_owned());
                }
                _ => {}
            }
        }
        (requests, complaints)
    }

    fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.attempt(session, method, params).unwrap_or_else(|error| panic!("{method} failed: {error}"))
    }

    /// Calls and reads until the answer; events on the way are kept.
    fn attempt(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value, String> {
        let wire = &mut *self.wire.borrow_mut();
        wire.last += 1;
        let mut message = json!({ "id": wire.last, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        wire.input.write_all(format!("{message}\0").as_bytes()).map_err(|error| error.to_string())?;
        loop {
            let mut bytes = Vec::new();
            wire.output.read_until(0, &mut bytes).expect("a message of the browser");
            assert!(bytes.pop() == Some(0), "the browser (process {}) ended, or took too long in {method}", self.child);
            let message: Value = serde_json::from_slice(&bytes).expect("a JSON message");
            if message["id"] == wire.last {
                return match message.get("error") {
                    Some(error) => Err(error["message"].as_str().unwrap_or_default().to_owned()),
                    None => Ok(message["result"].clone()),
                };
            }
            wire.events.push(message);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.finished.send(());
    }
}

/// Kills the browser at the end of its test, or of its time: then its pipe ends, and whoever reads it learns it.
fn watch(mut child: Child, end: &mpsc::Receiver<()>) {
    let _ = end.recv_timeout(TIMEOUT);
    let _ = child.kill();
    let _ = child.wait();
}

/// A page in a window of its own.
pub(crate) struct Page<'b> {
    browser: &'b Browser,
    session: String,
}

impl Page<'_> {
    fn call(&self, method: &str, params: Value) -> Value {
        self.browser.call(Some(&self.session), method, params)
    }

    /// The value of an expression in the page, awaited. Asked again when the page went elsewhere meanwhile.
    pub(crate) fn value(&self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        for _ in 0..RETRIES {
            match self.browser.attempt(Some(&self.session), "Runtime.evaluate", params.clone()) {
                Ok(answer) if answer.get("exceptionDetails").is_none() => return answer["result"]["value"].clone(),
                Ok(answer) => panic!("{expression}: {}", answer["exceptionDetails"]),
                Err(error) if error.contains("navigated") || error.contains("context") => {}
                Err(error) => panic!("{expression}: {error}"),
            }
        }
        panic!("the page never stayed long enough for: {expression}");
    }

    /// Waits in the page until an expression holds.
    pub(crate) fn wait_for(&self, condition: &str) {
        let text = format!(
            "new Promise(done => {{ const end = Date.now() + {WAIT_MS}; const look = () => {{ let holds = false; \
             try {{ holds = Boolean({condition}); }} catch {{}} \
             if (holds || Date.now() > end) done(holds); else setTimeout(look, 20); }}; look(); }})"
        );
        let holds = self.value(&text) == true;
        assert!(
            holds,
            "{condition} does not hold in {}",
            self.value("location.href + '\\n' + document.body.innerText")
        );
    }

    /// Types into a field as a person does.
    pub(crate) fn fill(&self, field: &str, text: &str) {
        self.wait_for(&format!("document.querySelector('[name={field}]').checkVisibility()"));
        self.value(&format!(
            "(() => {{ const f = document.querySelector('[name={field}]'); f.focus(); f.select(); }})()"
        ));
        self.call("Input.insertText", json!({ "text": text }));
        self.wait_for(&format!("document.querySelector('[name={field}]').value === {}", json!(text)));
    }

    /// Clicks the middle of an element with the mouse.
    pub(crate) fn click(&self, selector: &str) {
        let place = format!(
            "(() => {{ const e = document.querySelector({}); e.scrollIntoView(); const b = e.getBoundingClientRect(); \
             return [b.x + b.width / 2, b.y + b.height / 2]; }})()",
            json!(selector)
        );
        let place = self.value(&place);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }
}
