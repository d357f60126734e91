//! Triggers over HTTP: made in the console, fired by their addresses, by events and by hand; and webhooks of style workflow.

mod calls;
mod console;
mod events;
mod ticks;
mod webhooks;

use serde_json::{Value, json};

use crate::workflows::{World, text};

/// Gives back what came in: `trigger`, and what stands at top level.
pub fn mirror() -> Value {
    json!({
        "name": "Mirror",
        "nodes": {
            "hook": { "type": "trigger", "name": "Hook", "config": { "triggerType": "webhook" } },
            "out": { "type": "output", "name": "Out", "config": { "outputName": "got", "value": "{{trigger}}" } },
            "name": { "type": "output", "name": "Name", "config": { "outputName": "name", "value": "{{who}}" } },
        },
        "edges": [{ "source": "hook", "target": "out" }, { "source": "hook", "target": "name" }],
    })
}

/// A trigger that was made in the console, with its secret.
pub async fn trigger(world: &World, body: &Value) -> Value {
    let made = world.console("POST", "/console/v1/triggers", Some(body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json
}

/// A trigger of type webhook with this configuration.
pub async fn hook(world: &World, workflow: &str, config: Value) -> Value {
    trigger(world, &json!({ "workflow_id": workflow, "name": "Hook", "type": "webhook", "config": config })).await
}

/// The path of an address.
pub fn path_of(trigger: &Value) -> String {
    format!("/webhooks/{}", text(&trigger["id"]))
}
