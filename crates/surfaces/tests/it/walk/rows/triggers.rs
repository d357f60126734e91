//! Rows of triggers, of their addresses, and of webhooks of style workflow.

use serde_json::{Value, json};

use super::{Row, Thing, row};
use crate::walk::world::{Side, World};
use crate::workflows::greeter;

pub(super) fn all() -> Vec<Row> {
    [of_the_api(), of_the_console(), addresses()].into_iter().flatten().collect()
}

fn of_the_api() -> Vec<Row> {
    use Thing::{None, Trigger, WorkflowWebhook};
    let new: fn(&Value) -> Value =
        |_| json!({ "name": "All", "url": crate::hooks::url(200), "events": ["execution.completed"] });
    let other: fn(&Value) -> Value =
        |_| json!({ "name": "Some", "url": crate::hooks::url(200), "events": ["execution.failed"] });
    vec![
        row("GET", "/v1/triggers", None).lists(Trigger),
        row("POST", "/v1/triggers/{id}/execute", Trigger)
            .body(|_| json!({ "inputs": { "name": "Ada" } }))
            .other(|_| json!({ "inputs": { "name": "Eve" } })),
        row("GET", "/v1/webhooks", None).lists(WorkflowWebhook),
        row("POST", "/v1/webhooks", None).body(new).other(other),
        row("GET", "/v1/webhooks/{id}", WorkflowWebhook),
        row("PATCH", "/v1/webhooks/{id}", WorkflowWebhook).body(|_| json!({ "name": "New", "headers": null })),
        row("DELETE", "/v1/webhooks/{id}", WorkflowWebhook),
        row("POST", "/v1/webhooks/{id}/test", WorkflowWebhook),
        row("GET", "/v1/webhooks/{id}/deliveries", WorkflowWebhook).fixed("see triggers/webhooks.rs"),
    ]
}

fn of_the_console() -> Vec<Row> {
    use Thing::{None, Trigger, TriggerRequest, Workflow};
    let new: fn(&Value) -> Value = |at| json!({ "workflow_id": at["id"], "name": "By hand", "type": "manual", "config": { "inputs": { "name": "Ada" } } });
    let other: fn(&Value) -> Value = |at| json!({ "target": { "kind": "workflow", "id": at["id"] }, "name": "Daily", "type": "schedule", "config": { "cron": "0 9 * * *" } });
    vec![
        row("GET", "/console/v1/triggers", None).lists(Trigger),
        row("POST", "/console/v1/triggers", Workflow).body(new).other(other),
        row("GET", "/console/v1/triggers/{id}", Trigger),
        row("PATCH", "/console/v1/triggers/{id}", Trigger)
            .body(|_| json!({ "name": "New", "enabled": false, "mode": "test" })),
        row("DELETE", "/console/v1/triggers/{id}", Trigger),
        row("POST", "/console/v1/triggers/{id}/fire", Trigger)
            .body(|_| json!({ "inputs": { "name": "Ada" } }))
            .other(|_| json!({ "inputs": { "name": "Eve" } })),
        row("POST", "/console/v1/triggers/{id}/rotate-secret", Trigger),
        row("GET", "/console/v1/triggers/{id}/requests", TriggerRequest)
            .fixed("holds the last 100; see triggers/calls.rs"),
        row("POST", "/console/v1/triggers/{id}/requests/{request_id}/replay", TriggerRequest),
        row("POST", "/console/v1/events/ingest", None)
            .body(|_| json!({ "provider_id": "github", "event_id": "push", "payload": { "ref": "main" } }))
            .other(|_| json!({ "provider_id": "github", "event_id": "star" })),
    ]
}

fn addresses() -> Vec<Row> {
    ["/webhooks/{id}", "/api/webhooks/{id}"]
        .into_iter()
        .flat_map(|path| ["GET", "POST", "PUT", "PATCH", "DELETE"].map(|method| row(method, path, Thing::Trigger)))
        .collect()
}

/// A trigger with an address, a call of it, or a webhook.
pub async fn make(world: &World, side: &Side, thing: Thing) -> Value {
    if thing == Thing::WorkflowWebhook {
        let body =
            json!({ "name": "W", "url": crate::hooks::url(200), "style": "workflow", "events": ["execution.failed"] });
        return world.post(side, "/console/v1/webhooks", body).await.json;
    }
    let made = world.post(side, "/console/v1/workflows", greeter()).await.json;
    let body = json!({ "workflow_id": made["workflow"]["id"], "name": "Hook", "type": "webhook" });
    let trigger = world.post(side, "/console/v1/triggers", body).await.json;
    if thing == Thing::Trigger {
        return json!({ "id": trigger["id"] });
    }
    let id = trigger["id"].as_str().expect("an id");
    let called = world.app.post(&format!("/webhooks/{id}")).json(&json!({ "name": "Ada" })).send().await;
    assert_eq!(called.status, 202, "{called:?}");
    let path = format!("/console/v1/triggers/{id}/requests");
    let requests = world.app.get(&path).bearer(&side.session).send().await.json;
    json!({ "id": id, "request_id": requests["data"][0]["id"] })
}
