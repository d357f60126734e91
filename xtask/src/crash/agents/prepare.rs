//! An agent with a tool, and a key for it.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::crash::http::Request;
use crate::crash::receiver::Receivers;
use crate::workspace::{Failure, Outcome};

/// Whom the clients talk to.
#[derive(Debug)]
pub(in crate::crash) struct Agent {
    pub(super) id: String,
    /// Key of the agent API, in test mode: there the built-in model answers.
    pub(super) key: String,
}

/// Makes both.
pub(super) fn agent(address: SocketAddr, token: &str, receivers: &Receivers) -> Outcome<Agent> {
    let make = |path: &str, credential: &str, body: Value, member: &str| -> Outcome<String> {
        let answer = Request::post(path, credential, body).send(address);
        let answer = answer.map_err(|broken| Failure(format!("{path}: {broken:?}")))?;
        let found = answer.body[member].as_str().filter(|_| answer.status == 201);
        found.map(str::to_owned).ok_or_else(|| Failure(format!("{path}: {} {}", answer.status, answer.body)))
    };
    let key = json!({ "kind": "agents", "name": "storm", "mode": "test" });
    let key = make("/console/v1/keys", token, key, "key")?;
    let tool = json!({
        "type": "http", "name": "record_order", "description": "Records an order", "method": "POST",
        "url": receivers.url(0, "/tool"),
        "parameters": { "type": "object", "properties": { "order": { "type": "integer" } }, "required": ["order"] },
    });
    let agent = json!({ "name": "Storm", "instructions": "Answer briefly.", "model": "offline", "tools": [tool] });
    let id = make("/api/public/agent", &key, agent, "id")?;
    Ok(Agent { id, key })
}
