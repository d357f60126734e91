//! An app with a published flow and a key of the SDK.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::crash::http::Request;
use crate::workspace::{Failure, Outcome};

/// What events name.
#[derive(Debug)]
pub(in crate::crash) struct App {
    pub(super) id: String,
    pub(super) flow: String,
    pub(super) version: String,
    /// Key of the SDK.
    pub(super) key: String,
}

/// Makes all of it.
pub(super) fn app(address: SocketAddr, token: &str) -> Outcome<App> {
    let make = |path: &str, body: Value, member: &str| -> Outcome<String> {
        let answer = Request::post(path, token, body).send(address);
        let answer = answer.map_err(|broken| Failure(format!("{path}: {broken:?}")))?;
        let found = answer.body[member].as_str().filter(|_| answer.status == 201);
        found.map(str::to_owned).ok_or_else(|| Failure(format!("{path}: {} {}", answer.status, answer.body)))
    };
    let id = make("/v1/apps", json!({ "name": "Storm", "platform": "ios" }), "id")?;
    let flow = make(&format!("/v1/apps/{id}/flows"), json!({ "name": "Hello", "type": "onboarding" }), "id")?;
    let version = make(&format!("/v1/apps/{id}/flows/{flow}/publish"), json!({}), "id")?;
    let key = make("/v1/api-keys", json!({ "name": "storm", "type": "sdk", "environment": "live" }), "key")?;
    Ok(App { id, flow, version, key })
}
