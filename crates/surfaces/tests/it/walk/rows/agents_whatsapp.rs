//! Rows of WhatsApp, on the agent API and on the console.

use serde_json::{Value, json};

use super::{Row, Thing, row};
use crate::walk::world::{Side, World};

const NETWORK: &str = "needs the network; see agents_whatsapp.rs";

pub(super) fn all() -> Vec<Row> {
    use Thing::{Agent, Connected};
    let message: fn(&Value) -> Value =
        |_| json!({ "recipient_phone_number": "31612345678", "template_name": "hello", "language": "en" });
    vec![
        row("POST", "/api/public/agent/{agent_id}/waba", Agent).body(message).cannot_succeed(NETWORK),
        row("PUT", "/api/public/agent/{agent_id}/whatsapp", Agent).body(connection),
        row("GET", "/api/public/agent/{agent_id}/whatsapp", Connected),
        row("DELETE", "/api/public/agent/{agent_id}/whatsapp", Connected),
        row("PUT", "/console/v1/agents/{id}/whatsapp", Agent).body(connection),
        row("GET", "/console/v1/agents/{id}/whatsapp", Connected),
        row("DELETE", "/console/v1/agents/{id}/whatsapp", Connected),
        row("POST", "/console/v1/agents/{id}/whatsapp/test", Connected),
    ]
}

fn connection(_: &Value) -> Value {
    json!({ "phone_number_id": "106540352242922", "access_token": "EAAJB-a-token-of-the-network" })
}

/// An agent with a connection.
pub async fn make(world: &World, side: &Side) -> Value {
    let agent = super::agent(world, side, Thing::Agent).await;
    let path = format!("/console/v1/agents/{}/whatsapp", agent["id"].as_str().expect("an id"));
    let put = world.app.ask("PUT", &path).bearer(&side.session).json(&connection(&Value::Null)).send().await;
    assert_eq!(put.status, 200, "{put:?}");
    agent
}
