//! An owner, credentials and published flows.

use std::collections::HashMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::flows::{self, Shape};
use super::http::{Request, Response};
use super::receiver::Receivers;
use super::server::Launch;
use crate::workspace::{Failure, Outcome};

const EMAIL: &str = "ada@crash.example";
const PASSWORD: &str = "wandering otter";
/// Everything that the clients and the judge do with the owner's token.
pub(super) const SCOPES: &[&str] =
    &["console.read", "inbox.answer", "flows.read", "flows.run", "flows.write", "flows.manage"];

/// Credentials: a key, which acts for the workspace, and a token of the owner.
#[derive(Debug, Clone)]
pub(super) struct Credentials {
    pub(super) key: String,
    pub(super) token: String,
}

/// A published flow.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) id: String,
    pub(super) shape: Shape,
}

/// Makes the owner and a key on the folder, before a server runs. Answers the key.
pub(super) fn owner(launch: &Launch) -> Outcome<String> {
    let line =
        ["admin", "create", "--name", "Ada", "--email", EMAIL, "--password-stdin", "--keys", "starter", "--json"];
    let made = launch.command_line(&line, PASSWORD)?;
    let keys = made["keys"].as_array().into_iter().flatten();
    let key = keys.filter_map(|key| key["key"].as_str()).find(|key| key.starts_with("fl_"));
    key.map(str::to_owned).ok_or_else(|| Failure(format!("admin create made no key of the flows API: {made}")))
}

/// Signs in and makes a token. One that approves payments works only where the workspace lets it.
pub(super) fn token(address: SocketAddr, scopes: &[&str]) -> Outcome<String> {
    let ask = |path: &str, credential: Option<&str>, body: Value| {
        let request = Request { credential: credential.map(str::to_owned), ..Request::post(path, "", body) };
        expect(request.send(address), path)
    };
    let session =
        ask("/console/v1/session", None, json!({ "email": EMAIL, "password": PASSWORD, "transport": "token" }))?;
    let session = text(&session, "token")?;
    ask("/console/v1/session/confirm", Some(&session), json!({ "password": PASSWORD }))?;
    if scopes.contains(&"treasury.approve") {
        let path = "/console/v1/workspace";
        let request = Request::post(path, &session, json!({ "token_approvals": true }));
        expect(Request { method: "PATCH", ..request }.send(address), path)?;
    }
    let made = ask("/console/v1/tokens", Some(&session), json!({ "name": "crash", "scopes": scopes }))?;
    text(&made, "token").or_else(|_| text(&made, "key"))
}

/// Makes and publishes every flow.
pub(super) fn flows(address: SocketAddr, token: &str, receivers: &Receivers) -> Outcome<Vec<Flow>> {
    let mut made = Vec::new();
    for shape in flows::children(receivers) {
        made.push(publish(address, token, shape)?);
    }
    let children: HashMap<&str, String> = made.iter().map(|flow| (flow.shape.name, flow.id.clone())).collect();
    let callers = flows::shapes(receivers, &children);
    for shape in callers {
        made.push(publish(address, token, shape)?);
    }
    Ok(made)
}

fn publish(address: SocketAddr, token: &str, shape: Shape) -> Outcome<Flow> {
    let body = json!({ "name": shape.name, "definition": shape.definition, "visibility": "public" });
    let made = expect(Request::post("/v1/flow", token, body).send(address), shape.name)?;
    let id = text(&made, "_id")?;
    expect(Request::post(format!("/v1/flow/{id}/publish"), token, json!({})).send(address), shape.name)?;
    Ok(Flow { id, shape })
}

fn expect(answer: Result<Response, super::http::Broken>, what: &str) -> Outcome<Value> {
    match answer {
        Ok(answer) if answer.status < 300 => Ok(answer.body),
        Ok(answer) => Err(Failure(format!("{what}: {} {}", answer.status, answer.body))),
        Err(broken) => Err(Failure(format!("{what}: {broken:?}"))),
    }
}

fn text(body: &Value, key: &str) -> Outcome<String> {
    body[key].as_str().map(str::to_owned).ok_or_else(|| Failure(format!("an answer has no {key}: {body}")))
}
