//! Rows of agents as records, on the agent API and on the console.

use serde_json::{Value, json};

use super::{Row, Thing, row};
use crate::walk::world::{Side, World};

/// Fields that the workflow API knows under names of its own: problems are told under ours.
const OTHER_NAMES: &[&str] = &["system_prompt", "max_tokens", "max_iterations", "memory_config"];

pub(super) fn all() -> Vec<Row> {
    public().into_iter().chain(console()).collect()
}

fn public() -> Vec<Row> {
    use Thing::{Agent, AgentEntry, None};
    vec![
        row("GET", "/api/public/agent", None).lists(Agent),
        row("POST", "/api/public/agent", None).body(helper).other(other),
        row("GET", "/api/public/agent/{agent_id}", Agent),
        row("PATCH", "/api/public/agent/{agent_id}", Agent).body(|_| json!({ "name": "Other", "max_steps": 3 })),
        row("DELETE", "/api/public/agent/{agent_id}", Agent),
        row("GET", "/api/public/agent/{agent_id}/config-versions", Agent),
        row("GET", "/api/public/agent/{agent_id}/config-versions/{n}", Agent),
        row("POST", "/api/public/agent/{agent_id}/config-versions/{n}/restore", Agent)
            .body(|_| json!({}))
            .other(|_| json!({ "if_config_version": 2 })),
        row("GET", "/api/public/agent/{agent_id}/usage", Agent),
        row("GET", "/api/public/agent/{agent_id}/activity", Agent),
        row("GET", "/api/public/agent/{agent_id}/activity/{id}", AgentEntry),
        row("GET", "/api/public/agent/{agent_id}/performance", Agent),
        row("GET", "/api/public/credits", None),
    ]
}

fn console() -> Vec<Row> {
    use Thing::{Agent, None};
    vec![
        row("GET", "/console/v1/agents", None).lists(Agent),
        row("POST", "/console/v1/agents", None).body(helper).other(other).told_elsewhere(OTHER_NAMES),
        row("GET", "/console/v1/agents/{id}", Agent),
        row("PATCH", "/console/v1/agents/{id}", Agent)
            .body(|_| json!({ "description": "Helps" }))
            .told_elsewhere(OTHER_NAMES),
        row("DELETE", "/console/v1/agents/{id}", Agent),
        row("POST", "/console/v1/agents/{id}/duplicate", Agent),
        row("POST", "/console/v1/agents/{id}/tools/test", Agent)
            .body(|_| json!({ "tool": { "type": "builtin", "name": "calculator" }, "arguments": { "expression": "1 + 2" } }))
            .other(|_| json!({ "tool": { "type": "builtin", "name": "current_time" } })),
        row("GET", "/console/v1/agents/{id}/versions", Agent),
        row("GET", "/console/v1/agents/{id}/versions/{n}", Agent),
        row("GET", "/console/v1/agents/{id}/versions/diff", Agent),
        row("POST", "/console/v1/agents/{id}/versions/{n}/restore", Agent),
        row("GET", "/console/v1/agents/{id}/activity", Agent),
        row("GET", "/console/v1/agents/{id}/activity/{aid}", Agent),
        row("GET", "/console/v1/agents/{id}/performance", Agent),
    ]
}

fn helper(_: &Value) -> Value {
    json!({ "name": "Helper", "instructions": "Help." })
}

fn other(_: &Value) -> Value {
    json!({ "name": "Helper", "instructions": "Help well." })
}

/// An agent with two versions, or what happened to it last.
pub async fn make(world: &World, side: &Side, thing: Thing) -> Value {
    let agent = world.post(side, "/console/v1/agents", helper(&Value::Null)).await.json;
    let id = agent["id"].as_str().expect("an id").to_owned();
    let path = format!("/console/v1/agents/{id}");
    let patch = json!({ "description": "Helps" });
    let patched = world.app.patch(&path).bearer(&side.session).json(&patch).send().await;
    assert_eq!(patched.status, 200, "{patched:?}");
    let entries = world.get(side, &format!("{path}/activity")).await;
    let entry = entries["data"][0]["id"].clone();
    match thing {
        Thing::AgentEntry => json!({ "agent_id": id, "id": entry }),
        _ => json!({ "id": id, "agent_id": id, "n": "1", "aid": entry }),
    }
}
