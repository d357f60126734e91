#![expect(clippy::disallowed_methods, reason = "waits for executions of a real server")]
//! Fifteen definitions of other people, imported and executed in test mode by a real server, their reviews answered (workflows contract,
//! section 25).

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::flows::Workshop;

/// Time in which every execution has to be over, on a busy machine.
const EXECUTIONS_MAX: Duration = Duration::from_secs(60);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Calls of a review that are answered at most: one that is asked again and again would never end.
const ANSWERS_MAX: u32 = 50;
/// How many definitions there are.
const FILES: usize = 15;

/// What an execution of a file is given; nobody listens at the address.
fn inputs(file: &str) -> Value {
    let call = json!({ "url": "http://127.0.0.1:9/orders", "method": "GET", "headers": {}, "maxAttempts": 2 });
    match file {
        "canvas-a-b-test-results-analyzer.json" => json!({ "experimentId": "exp-7" }),
        "canvas-batch-data-processor.json" => json!({
            "dataFile": { "fileName": "people.csv", "fileType": "csv", "text": "name,age\nAda,36\nBola,41\n" },
            "processingConfig": "uppercase the names",
        }),
        "canvas-multi-level-approval-chain.json" => {
            json!({ "request": { "title": "Laptop", "amount": 1_200, "approvers": ["ada@x.example"] } })
        }
        "canvas-retry-with-exponential-backoff-plain-cycle.json" => json!({ "apiRequest": call }),
        "canvas-retry-with-exponential-backoff-while-loop.json" => json!({ "apiRequest": call.to_string() }),
        "record-chain-of-thought.json" => json!({ "problem": "How many lamps fit on a shelf of two metres?" }),
        "record-parallel-analyzer.json" => json!({ "content": "The lamp is bright and the parcel came late." }),
        "record-research-agent.json" => json!({ "query": "opening hours" }),
        "record-social-x-posting.json" => json!({ "postConfig": { "topic": "lamps", "tone": "friendly" } }),
        "record-supervised-agent.json" => json!({ "task": "Write to the customer" }),
        _ => json!({ "request": "A technical question about a lamp" }),
    }
}

struct Desk {
    workshop: Workshop,
    key: String,
}

impl Desk {
    fn open() -> Self {
        let workshop = Workshop::open_for("rate_limits = \"off\"\n", &["console.read", "console.write", "admin"]);
        let key = json!({ "kind": "workflows", "name": "Files", "mode": "test" });
        let (status, made) = workshop.server.post("/console/v1/keys", Some(&workshop.token), &key);
        assert_eq!(status, 201, "{made}");
        let key = made["key"].as_str().expect("a key").to_owned();
        Self { workshop, key }
    }

    fn import(&self, name: &str, file: &str) -> Value {
        // One of them waits for a minute and a half, which tells no more than half a second.
        let file = file.replace("\"duration\": 86400", "\"duration\": 500");
        let document: Value = serde_json::from_str(&file).expect("JSON");
        let token = Some(self.workshop.token.as_str());
        let (status, made) = self.workshop.server.post("/console/v1/workflows", token, &document);
        assert_eq!(status, 201, "{name}: {made}");
        let errors: Vec<&Value> = made["validation"]
            .as_array()
            .unwrap_or_else(|| panic!("{name}: no list of problems: {made}"))
            .iter()
            .filter(|problem| problem["severity"] == "error")
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        assert_eq!(made["workflow"]["status"], "active", "{name}");
        made["workflow"].clone()
    }

    fn start(&self, name: &str, workflow: &Value) -> String {
        let path = format!("/v1/workflows/{}/execute", workflow["id"].as_str().expect("an id"));
        let (status, started) = self.workshop.server.post(&path, Some(&self.key), &json!({ "inputs": inputs(name) }));
        assert_eq!(status, 202, "{name}: {started}");
        started["data"]["execution_id"].as_str().expect("an id").to_owned()
    }

    fn execution(&self, id: &str) -> Value {
        let (status, found) = self.workshop.server.get_as(&self.key, &format!("/v1/executions/{id}"));
        assert_eq!(status, 200, "{found}");
        found["data"].clone()
    }

    /// Says yes to whatever is asked.
    fn approve(&self, id: &str) {
        let path = format!("/v1/executions/{id}/submit-response");
        for response in [json!({ "approved": true }), json!("yes"), json!(true)] {
            // A review that wants a text or a truth value takes no object.
            let (status, _) = self.workshop.server.post(&path, Some(&self.key), &json!({ "response": response }));
            if status == 200 {
                return;
            }
        }
    }
}

#[test]
fn fifteen_definitions_of_others_run_to_their_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/data/workflows");
    let desk = Desk::open();
    let mut open = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).expect("the definitions").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") && !name.starts_with("vectors-") {
            let text = std::fs::read_to_string(entry.path()).expect("a definition");
            let workflow = desk.import(&name, &text);
            open.insert(name.clone(), (desk.start(&name, &workflow), 0_u32));
        }
    }
    assert_eq!(open.len(), FILES, "{open:?}");
    let until = Instant::now() + EXECUTIONS_MAX;
    let mut ended = BTreeMap::new();
    while !open.is_empty() {
        assert!(Instant::now() < until, "these go on and on: {open:?}");
        for (name, (id, answers)) in &mut open {
            let execution = desk.execution(id);
            match execution["status"].as_str().expect("a status") {
                "completed" | "failed" | "cancelled" => drop(ended.insert(name.clone(), execution)),
                "paused" => {
                    *answers += 1;
                    assert!(*answers <= ANSWERS_MAX, "{name} asks again and again");
                    desk.approve(id);
                }
                _ => {}
            }
        }
        open.retain(|name, _| !ended.contains_key(name));
        std::thread::sleep(LOOK_EVERY);
    }
    for (name, execution) in &ended {
        // What it was made of is told from begin to end, whatever became of it.
        println!("{name}: {} {}", execution["status"], execution["error"]);
        let path = format!("/v1/executions/{}/events", execution["id"].as_str().expect("an id"));
        let (status, events) = text_of(&desk, &path);
        let last = format!("event: execution:{}", execution["status"].as_str().expect("a status"));
        assert_eq!((status, events.matches(&last).count()), (200, 1), "{name}: {events}");
        assert_eq!(execution["test"], true, "{name}");
        if execution["status"] == "failed" {
            // Nobody answers at the addresses of others, and no account of theirs is set up here.
            let code = execution["error"]["code"].as_str();
            assert_eq!(code, Some("node_execution_failed"), "{name}: {execution}");
        }
    }
    // Those that need nobody else's server, account or device.
    for name in [
        "record-chain-of-thought.json",
        "record-parallel-analyzer.json",
        "record-smart-router.json",
        "record-supervised-agent.json",
        "canvas-expense-approval-workflow.json",
    ] {
        let execution = &ended[name];
        assert_eq!(execution["status"], "completed", "{name}: {execution}");
        assert!(execution["outputs"].as_object().is_some_and(|outputs| !outputs.is_empty()), "{name}: {execution}");
    }
    assert_eq!(desk.workshop.server.stop(), Some(0));
}

/// The text of an answer that is no JSON.
fn text_of(desk: &Desk, path: &str) -> (u16, String) {
    use std::io::{Read as _, Write as _};
    let address = desk.workshop.server.url().replace("http://", "");
    let mut stream = std::net::TcpStream::connect(&address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let key = &desk.key;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nX-API-Key: {key}\r\n\r\n")
        .expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the stream ends");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status"), answer)
}
