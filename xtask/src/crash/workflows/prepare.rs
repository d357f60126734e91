//! Three workflows, a key for them, and a webhook that is told of every end.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::crash::http::Request;
use crate::crash::receiver::Receivers;
use crate::workspace::{Failure, Outcome};

/// What the clients start.
#[derive(Debug)]
pub(in crate::crash) struct Desk {
    /// Calls, passes of a loop, and more calls.
    pub(super) calling: String,
    /// The same with a review in the middle.
    pub(super) reviewed: String,
    /// A payment run, and one call after it.
    pub(super) paying: String,
    /// Key of the workflow API.
    pub(super) key: String,
}

/// Nodes that call, of the first two workflows.
pub(super) const CALLS: [&str; 3] = ["first", "second", "third"];

/// Makes everything.
pub(super) fn desk(address: SocketAddr, token: &str, receivers: &Receivers) -> Outcome<Desk> {
    let make = |path: &str, credential: &str, body: &Value, member: &str| -> Outcome<String> {
        let answer = Request::post(path, credential, body.clone()).send(address);
        let answer = answer.map_err(|broken| Failure(format!("{path}: {broken:?}")))?;
        let found = answer.body.pointer(member).and_then(Value::as_str).filter(|_| answer.status == 201);
        found.map(str::to_owned).ok_or_else(|| Failure(format!("{path}: {} {}", answer.status, answer.body)))
    };
    let key = json!({ "kind": "workflows", "name": "storm", "mode": "live" });
    let key = make("/console/v1/keys", token, &key, "/key")?;
    let hook = json!({
        "name": "storm", "url": receivers.url(1, "/hook"),
        "events": ["execution.started", "execution.completed", "execution.failed", "execution.cancelled"],
    });
    make("/v1/webhooks", &key, &hook, "/data/id")?;
    let path = "/console/v1/workflows";
    Ok(Desk {
        calling: make(path, token, &definition(receivers, false), "/workflow/id")?,
        reviewed: make(path, token, &definition(receivers, true), "/workflow/id")?,
        paying: make(path, token, &paying(), "/workflow/id")?,
        key,
    })
}

fn definition(receivers: &Receivers, asks: bool) -> Value {
    let call = |name: &str, server: usize, path: &str| {
        let body = json!({ "tag": "{{tag}}", "node": name });
        let config = json!({
            "method": "POST", "url": receivers.url(server, path), "bodyType": "json", "body": body, "retryCount": 3,
        });
        json!({ "type": "http", "name": name, "config": config })
    };
    let mut nodes = json!({
        "in": { "type": "input", "name": "In", "config": { "inputName": "tag" } },
        "first": call("first", 0, "/effect"),
        "each": { "type": "loop", "name": "Each", "config": { "loopType": "count", "count": 5 } },
        "pass": { "type": "transform", "name": "Pass", "config": {
            "operation": "template", "template": "{{tag}} {{loop.iteration}}", "outputVariable": "last",
        } },
        "second": call("second", 1, "/effect"),
        "third": call("third", 0, "/effect"),
        "out": { "type": "output", "name": "Out", "config": {
            "outputName": "told", "value": { "tag": "{{tag}}", "last": "{{last}}", "decision": "{{decision}}" },
        } },
    });
    let mut edges = vec![
        json!({ "source": "in", "target": "first" }),
        json!({ "source": "first", "target": "each" }),
        json!({ "source": "each", "target": "pass", "sourceHandle": "body" }),
        json!({ "source": "second", "target": "out" }),
        json!({ "source": "third", "target": "out" }),
    ];
    let after = if asks { "ask" } else { "second" };
    edges.push(json!({ "source": "each", "target": after, "sourceHandle": "done" }));
    edges.push(json!({ "source": "each", "target": "third", "sourceHandle": "done" }));
    if asks {
        nodes["ask"] = json!({ "type": "humanReview", "name": "Ask", "config": {
            "prompt": "Go on with {{tag}}?", "variableName": "decision", "inputType": "text",
        } });
        edges.push(json!({ "source": "ask", "target": "second" }));
    }
    let name = if asks { "Storm with a review" } else { "Storm" };
    json!({ "name": name, "definition": { "nodes": nodes, "edges": edges } })
}

/// Its payment run names nobody: it waits until the client stops it.
fn paying() -> Value {
    let config = json!({ "objective": "Nobody is to be paid yet", "outputVariable": "paid" });
    let told = json!({ "outputName": "told", "value": { "tag": "{{tag}}", "paid": "{{paid.status}}" } });
    let pay = json!({
        "type": "paymentRun", "name": "Pay", "config": config,
        "onError": { "strategy": "continue", "fallbackValue": { "status": "stopped" } },
    });
    let nodes = json!({
        "in": { "type": "input", "name": "In", "config": { "inputName": "tag" } },
        "pay": pay,
        "out": { "type": "output", "name": "Out", "config": told },
    });
    let edges = json!([{ "source": "in", "target": "pay" }, { "source": "pay", "target": "out" }]);
    json!({ "name": "Storm that pays", "definition": { "nodes": nodes, "edges": edges } })
}
