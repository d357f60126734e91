//! Rows of workflows and automations in the console.

use serde_json::{Value, json};

use super::{Row, Thing, row};
use crate::walk::world::{Side, World};
use crate::workflows::greeter;

pub(super) fn all() -> Vec<Row> {
    use Thing::{None, Workflow, WorkflowDraft};
    let file: fn(&Value) -> Value = |_| greeter();
    let other: fn(&Value) -> Value = |_| named("Another");
    vec![
        row("GET", "/console/v1/automations", None).lists(Workflow),
        row("POST", "/console/v1/automations/{id}/test", Workflow)
            .body(|_| json!({ "inputs": { "name": "Ada" } }))
            .other(|_| json!({ "inputs": { "name": "Eve" } })),
        row("POST", "/console/v1/automations/step-test", None)
            .body(|_| json!({ "engine": "workflow", "step": { "type": "merge", "name": "All", "config": {} } }))
            .other(|_| json!({ "engine": "flow", "step": { "type": "set-variable", "data": { "variables": { "a": 1 } } } })),
        row("PUT", "/console/v1/automations/{id}/pins/{step_id}", WorkflowDraft)
            .body(|_| json!({ "output": { "output": "Hello" } }))
            .other(|_| json!({ "output": 1 })),
        row("DELETE", "/console/v1/automations/{id}/pins/{step_id}", WorkflowDraft),
        row("GET", "/console/v1/workflows", None).lists(Workflow),
        row("POST", "/console/v1/workflows", None).body(file).other(other),
        row("GET", "/console/v1/workflows/{id}", Workflow),
        row("PATCH", "/console/v1/workflows/{id}", Workflow)
            .body(|_| json!({ "status": "inactive" }))
            .other(|_| json!({ "name": "Renamed" })),
        row("PUT", "/console/v1/workflows/{id}", Workflow).body(file).other(other),
        row("DELETE", "/console/v1/workflows/{id}", Workflow),
        row("GET", "/console/v1/workflows/{id}/draft", WorkflowDraft),
        row("PUT", "/console/v1/workflows/{id}/draft", Workflow).body(file).other(other),
        row("POST", "/console/v1/workflows/{id}/validate", Workflow).body(file).other(other),
        row("POST", "/console/v1/workflows/{id}/publish", WorkflowDraft)
            .body(|_| json!({ "note": "First" }))
            .other(|_| json!({ "note": "Second" })),
        row("GET", "/console/v1/workflows/{id}/versions", Workflow)
            .fixed("its cursor is a place, see workflows_records"),
        row("GET", "/console/v1/workflows/{id}/versions/{n}", WorkflowDraft),
        row("GET", "/console/v1/workflows/{id}/diff", WorkflowDraft),
        row("POST", "/console/v1/workflows/{id}/versions/{n}/restore", WorkflowDraft),
        row("GET", "/console/v1/workflows/{id}/export", Workflow),
    ]
}

fn named(name: &str) -> Value {
    let mut file = greeter();
    file["name"] = name.into();
    file
}

/// A workflow with a draft beside its version, and a pin.
pub async fn make(world: &World, side: &Side) -> Value {
    let made = world.post(side, "/console/v1/workflows", greeter()).await.json;
    let id = made["workflow"]["id"].as_str().expect("an id").to_owned();
    let path = format!("/console/v1/workflows/{id}/draft");
    let saved = world.app.ask("PUT", &path).bearer(&side.session).json(&named("Drafted")).send().await;
    assert_eq!(saved.status, 200, "{saved:?}");
    let pin = format!("/console/v1/automations/{id}/pins/say");
    let pinned = world.app.ask("PUT", &pin).bearer(&side.session).json(&json!({ "output": "Hello" })).send().await;
    assert_eq!(pinned.status, 200, "{pinned:?}");
    json!({ "id": id, "n": "1", "step_id": "say" })
}
