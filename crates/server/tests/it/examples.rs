//! Every example of the project, pushed with the command line and run over HTTP to its end.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::flows::Workshop;
use crate::stub::Stub;

/// Longest wait that a test lets expire, in seconds; runs with longer ones are cancelled instead.
const EXPIRY_MAX_S: i64 = 5;
/// Polls for the end of one run; the server holds each for up to 20 s.
const POLLS_MAX: usize = 10;

/// The examples; each has its test below.
const EXAMPLES: [&str; 6] =
    ["fan-out", "form-intake", "invoice-check", "parent-with-children", "price-one-order", "refund-approval"];

#[test]
fn every_example_has_its_test() {
    let names = std::fs::read_dir(folder()).expect("the examples");
    let names = names.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let mut flows: Vec<String> = names.filter_map(|name| name.strip_suffix(".flow.json").map(str::to_owned)).collect();
    flows.sort();
    assert_eq!(flows, EXAMPLES);
}

#[test]
fn fan_out_gives_over_http_what_is_expected() {
    check("fan-out");
}

#[test]
fn form_intake_gives_over_http_what_is_expected() {
    check("form-intake");
}

#[test]
fn invoice_check_gives_over_http_what_is_expected() {
    check("invoice-check");
}

#[test]
fn parent_with_children_gives_over_http_what_is_expected() {
    check("parent-with-children");
}

#[test]
fn price_one_order_gives_over_http_what_is_expected() {
    check("price-one-order");
}

#[test]
fn refund_approval_gives_over_http_what_is_expected() {
    check("refund-approval");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn document(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn check(name: &str) {
    let expected = document(&format!("expected/{name}.json"));
    let stage = Stage::open(name, &expected);
    for case in expected["cases"].as_array().expect("cases") {
        let title = format!("{name}: {}", case["name"].as_str().expect("a name"));
        stage.play(case, &title);
    }
    assert_eq!(stage.workshop.server.stop(), Some(0));
}

/// A server with the example and the flows that it calls, and the scripted server that it calls.
struct Stage {
    workshop: Workshop,
    stub: Stub,
    /// Ids by file name.
    flows: HashMap<String, String>,
    id: String,
}

impl Stage {
    fn open(name: &str, expected: &Value) -> Self {
        let stub = Stub::start();
        // All calls of a test come within a second or two from one token; its limit is not what is tested here.
        let settings = format!("outbound_allow = \"{}\"\nrate_limits = \"off\"\n", stub.address);
        let workshop = Workshop::open_with(&settings);
        let others = expected["flows"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let flows = others.chain([name]).map(|flow| (flow.to_owned(), publish(&workshop, flow))).collect();
        let mut stage = Self { workshop, stub, flows, id: String::new() };
        stage.id = stage.flows[name].clone();
        stage
    }

    /// Runs one case as the dashboard does, and without its waits also as a client does.
    fn play(&self, case: &Value, title: &str) {
        let inputs = self.inputs(&case["inputs"]);
        self.set_up(case);
        let body = json!({ "inputs": inputs, "version": "latest", "returnExecutionMetadata": true });
        let (status, answer) = self.post(&format!("/v1/flow/execute/{}", self.id), &body);
        assert!(matches!(status, 200 | 202), "{title}: {status} {answer}");
        let run = answer["appRunId"].as_str().unwrap_or_else(|| panic!("{title}: {answer}")).to_owned();
        let mut state = self.settled(&run, answer, &Value::Null);
        let mut waits: VecDeque<&Value> = case["waits"].as_array().into_iter().flatten().collect();
        while let Some(wait) = waits.pop_front() {
            let Some(next) = self.answer(&run, &state, wait, title) else { return };
            let past = if wait["refused"].is_null() { state["waitState"]["waitId"].clone() } else { Value::Null };
            state = self.settled(&run, next, &past);
        }
        check_end(case, &state["status"], &state["output"], &state["error"], title);
        self.check_requests(case, title);
        if case["waits"].is_null() {
            self.play_as_client(case, &inputs, title);
        }
    }

    fn play_as_client(&self, case: &Value, inputs: &Map<String, Value>, title: &str) {
        self.set_up(case);
        let path = format!("/v1/client/flow/{}/execute", self.id);
        let (status, answer) = self.post(&path, &Value::Object(inputs.clone()));
        match status {
            200 => check_end(case, &json!("completed"), &answer, &Value::Null, title),
            422 => check_end(case, &answer["status"], &Value::Null, &answer["error"]["details"], title),
            _ => panic!("{title}: {status} {answer}"),
        }
        self.check_requests(case, title);
    }

    /// Gives the answer of the case and tells what follows; `None` when nobody answers in a time that a test can wait.
    fn answer(&self, run: &str, state: &Value, wait: &Value, title: &str) -> Option<Value> {
        let asked = &state["waitState"];
        assert_eq!((&state["status"], &asked["type"]), (&json!("waiting"), &wait["type"]), "{title}: {state}");
        for key in ["title", "message"].into_iter().filter(|key| wait.get(key).is_some()) {
            assert_eq!(asked[key], wait[key], "{title}");
        }
        if wait["answer"].is_null() {
            return self.expire(run, asked, wait, title);
        }
        let (status, answer) = self.post(&format!("/v1/flowrun/resume/{run}"), &wait["answer"]);
        let Some(refused) = wait["refused"].as_array() else {
            assert!(matches!(status, 200 | 202), "{title}: {status} {answer}");
            return Some(answer);
        };
        assert_eq!((status, &answer["error"]["code"]), (400, &json!("validation_error")), "{title}: {answer}");
        let fields = answer["error"]["details"]["fields"].as_array().cloned().unwrap_or_default();
        let paths: Vec<&str> = fields.iter().filter_map(|field| field["path"].as_str()).collect();
        assert_eq!(paths.len(), refused.len(), "{title}: {answer}");
        for (path, refused) in paths.iter().zip(refused) {
            assert!(path.ends_with(refused.as_str().expect("a path")), "{title}: {path}");
        }
        Some(state.clone())
    }

    fn expire(&self, run: &str, asked: &Value, wait: &Value, title: &str) -> Option<Value> {
        let instant =
            |key: &str| floe_model::Timestamp::parse(asked[key].as_str().expect("an instant")).expect("RFC 3339");
        let seconds = wait["expiresInSeconds"].as_i64().expect("an unanswered wait expires");
        let left_ms = instant("expiresAt").millis_since(instant("createdAt"));
        assert_eq!(left_ms, seconds * 1_000, "{title}");
        if seconds <= EXPIRY_MAX_S {
            return Some(json!({ "status": "running" }));
        }
        let (status, answer) = self.post(&format!("/v1/flowrun/cancel/{run}"), &json!({}));
        assert_eq!((status, &answer["status"]), (200, &json!("cancelled")), "{title}: {answer}");
        None
    }

    /// Follows a run that goes on to its end or to a wait other than the one that is `past`.
    fn settled(&self, run: &str, mut state: Value, past: &Value) -> Value {
        for _ in 0..POLLS_MAX {
            let is_past = state["status"] == "waiting" && state["waitState"]["waitId"] == *past;
            if !is_past && state["status"] != "running" && state["status"] != "queued" {
                return state;
            }
            let revision = state["revision"].as_u64().unwrap_or(0);
            let path = format!("/v1/flowrun/poll/{run}?revision={revision}&timeout=20");
            let (status, next) = self.workshop.server.get_as(&self.workshop.token, &path);
            assert_eq!(status, 200, "{next}");
            state = next;
        }
        panic!("run {run} does not settle: {state}");
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.workshop.server.post(path, Some(&self.workshop.token), body)
    }

    fn set_up(&self, case: &Value) {
        self.stub.play(case["server"].as_array().cloned().unwrap_or_default());
    }

    fn check_requests(&self, case: &Value, title: &str) {
        if let Some(requests) = case["requests"].as_u64() {
            assert_eq!(self.stub.requests() as u64, requests, "{title}");
        }
    }

    /// Inputs with their files read, and the address of the server and the ids of flows put in.
    fn inputs(&self, written: &Value) -> Map<String, Value> {
        let filled = written.as_object().expect("inputs").iter().map(|(key, value)| {
            let value = match value.as_str() {
                Some("$server") => json!(format!("http://{}", self.stub.address)),
                Some(text) if text.starts_with('@') => {
                    json!(std::fs::read_to_string(folder().join(&text[1..])).expect("a file of the examples"))
                }
                Some(text) => json!(text.strip_prefix("$flow:").map_or(text, |name| &self.flows[name])),
                None => value.clone(),
            };
            (key.clone(), value)
        });
        filled.collect()
    }
}

/// Validates and publishes an example with the command line; answers its id.
fn publish(workshop: &Workshop, name: &str) -> String {
    let file = folder().join(format!("{name}.flow.json"));
    let text = std::fs::read_to_string(&file).expect("the example");
    let copy = format!("{name}.flow.json");
    std::fs::write(workshop.folder.0.join(&copy), text).expect("a file");
    workshop.printed(&["flow", "validate", &copy]);
    let pushed = workshop.printed(&["flow", "push", &copy, "--publish", "--json"]);
    let pushed: Value = serde_json::from_str(pushed.trim()).expect("one JSON document");
    assert_eq!((&pushed["outcome"], &pushed["version"]), (&json!("published"), &json!(1)), "{pushed}");
    pushed["_id"].as_str().expect("an id").to_owned()
}

fn check_end(case: &Value, status: &Value, output: &Value, error: &Value, title: &str) {
    assert_eq!(status, &case["status"], "{title}: {output} {error}");
    if status == "completed" {
        assert_eq!(output, &case["output"], "{title}");
    } else {
        let found = json!({ "code": error["code"], "stepId": error["stepId"] });
        assert_eq!(found, case["error"], "{title}: {error}");
    }
}
