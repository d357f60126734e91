//! Rows of workflows and executions.

use serde_json::{Value, json};

use super::{Row, Thing, row};
use crate::walk::world::{Side, World};
use crate::workflows::{greeter, reviewed};

pub(super) fn all() -> Vec<Row> {
    use Thing::{Execution, None, Reviewed, Workflow};
    vec![
        row("GET", "/v1/workflows", None).lists(Workflow),
        row("GET", "/v1/workflows/{id}", Workflow),
        row("POST", "/v1/workflows/{id}/execute", Workflow)
            .body(|_| json!({ "inputs": { "name": "Ada" } }))
            .other(|_| json!({ "inputs": { "name": "Eve" } })),
        row("GET", "/v1/executions", None).lists(Execution),
        row("GET", "/v1/executions/{id}", Execution),
        row("GET", "/v1/executions/{id}/events", Execution),
        row("POST", "/v1/executions/{id}/cancel", Reviewed),
        row("POST", "/v1/executions/{id}/submit-response", Reviewed)
            .body(|_| json!({ "response": 3 }))
            .other(|_| json!({ "response": 4 })),
    ]
}

/// A workflow, or an execution of one.
pub async fn make(world: &World, side: &Side, thing: Thing) -> Value {
    let file = if thing == Thing::Reviewed { reviewed() } else { greeter() };
    let made = world.post(side, "/console/v1/workflows", file).await.json;
    let id = made["workflow"]["id"].as_str().expect("an id").to_owned();
    if thing == Thing::Workflow {
        return json!({ "id": id });
    }
    let path = format!("/v1/workflows/{id}/execute");
    let inputs = json!({ "inputs": { "name": "Ada" } });
    let started = world.app.post(&path).bearer(&side.workflows_key).json(&inputs).send().await;
    assert_eq!(started.status, 202, "{started:?}");
    let id = started.json["data"]["execution_id"].as_str().expect("an id").to_owned();
    let wanted = if thing == Thing::Reviewed { "paused" } else { "completed" };
    for _ in 0..400 {
        let found = world.app.get(&format!("/v1/executions/{id}")).bearer(&side.workflows_key).send().await;
        if found.json["data"]["status"] == wanted {
            return json!({ "id": id });
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{id} is never {wanted}");
}
