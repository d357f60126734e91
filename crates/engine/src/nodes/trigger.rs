//! `trigger`: what started the run.

use serde_json::{Map, Value};

use super::{Computed, NodeInfo};

/// Members of the trigger object whose keys also stand at top level, where those are free.
const PAYLOADS: [&str; 2] = ["body", "payload"];

/// The trigger object with the run's inputs; keys of an object `body` or `payload` also at top level.
pub(super) fn run(info: &NodeInfo<'_>) -> Computed {
    let mut record = info.trigger.as_object().cloned().unwrap_or_default();
    add_free(&mut record, info.inputs);
    for payload in PAYLOADS {
        if let Some(Value::Object(members)) = record.get(payload) {
            let members = members.clone();
            add_free(&mut record, &members);
        }
    }
    Computed::record(Value::Object(record))
}

fn add_free(record: &mut Map<String, Value>, members: &Map<String, Value>) {
    for (key, value) in members {
        if !record.contains_key(key) {
            record.insert(key.clone(), value.clone());
        }
    }
}
