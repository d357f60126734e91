//! What exactly is answered, and its digest (console contract, section 5.5).

use floe_engine::canonical::canonical_digest;
use floe_store::flows::waits::Asked;
use serde_json::{Map, Value, json};

/// Step, version and wait, with the question as rendered. Who may answer is not part of it.
pub(super) fn content(asked: &Asked) -> Value {
    let wait = &asked.wait;
    let mut content = Map::new();
    content.insert("wait_id".to_owned(), json!(wait.id));
    content.insert("run_id".to_owned(), json!(wait.run));
    content.insert("step_id".to_owned(), json!(wait.step_id));
    content.insert("version".to_owned(), json!(asked.version));
    let mut question = question(asked);
    question.shift_remove("approvers");
    for (key, value) in question {
        content.entry(key).or_insert(value);
    }
    Value::Object(content)
}

/// SHA-256 of the canonical JSON of the content, in hexadecimal.
pub(super) fn content_hash(content: &Value) -> String {
    canonical_digest(content)
}

/// The question as rendered.
pub(super) fn question(asked: &Asked) -> Map<String, Value> {
    serde_json::from_str(&asked.wait.question).unwrap_or_default()
}
