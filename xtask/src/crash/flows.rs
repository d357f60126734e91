//! The shapes of runs: definitions, and which call must come before which.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::receiver::Receivers;

/// A shape of runs.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    /// How often it is started, in relation to the others; 0 for flows that only others call.
    pub(super) weight: u64,
    pub(super) definition: Value,
}

/// Where a call stands in its run: calls of one lane, and of any lane and the main lane 0, come in order of rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) lane: u8,
    major: u64,
    minor: u64,
}

impl Position {
    /// Rank of the call in a pass of a loop.
    pub(super) fn rank(self, pass: u64) -> u64 {
        self.major * 1_000_000 + pass * 1_000 + self.minor
    }
}

/// The position of a step's calls. The ids are unique among all shapes that one run tree can hold.
pub(super) fn position(step: &str) -> Option<Position> {
    let (lane, major, minor) = match step {
        "before" => (0, 1, 0),
        "one" | "loop_one" | "told" => (0, 2, 0),
        "loop_two" => (0, 2, 1),
        "two" => (0, 3, 0),
        "three" => (0, 4, 0),
        "left_one" => (1, 2, 0),
        "left_two" => (1, 3, 0),
        "right_one" => (2, 2, 0),
        "child_call" => (0, 5, 0),
        "child_after" => (0, 6, 0),
        "after" => (0, 9, 0),
        _ => return None,
    };
    Some(Position { lane, major, minor })
}

/// Flows that other flows call: they are made first.
pub(super) fn children(receivers: &Receivers) -> Vec<Shape> {
    let call = call(receivers, "child_call", "/ok", json!({}), "end");
    let after = call_with_decision(receivers, "child_after");
    vec![
        shape(
            "child with a call",
            0,
            vec![start("child_call"), call, end(json!({ "paid": "{{child_call.body.receipt}}" }))],
        ),
        shape("child with an approval", 0, vec![start("ask"), ask("child_after"), after, end(decision())]),
    ]
}

/// Flows that are started from outside. `child` has the ids of the [`children`] by name.
pub(super) fn shapes(receivers: &Receivers, child: &HashMap<&str, String>) -> Vec<Shape> {
    let r = receivers;
    let ok = |id: &str, next: &str| call(r, id, "/ok", json!({}), next);
    let saw =
        |id: &str, earlier: &str, next: &str| call(r, id, "/ok", json!({ "saw": format!("{{{{{earlier}}}}}") }), next);
    let finish = |id: &str| end(json!({ "last": format!("{{{{{id}.body.receipt}}}}") }));
    let mut flaky = call(r, "one", "/flaky", json!({}), "after");
    flaky["retry"] = json!({ "maxAttempts": 10, "intervalMs": 25, "backoff": "fixed" });
    let code = json!({ "id": "dice", "type": "nodejs", "output": "dice", "nextStepId": "after",
        "data": { "code": "return { roll: Math.random(), tag: inputs.tag };", "inputs": { "tag": "{{tag}}" } } });
    let rolled = call(r, "after", "/ok", json!({ "roll": "{{dice.roll}}" }), "end");
    let fork = json!({ "id": "fork", "type": "parallel", "output": "fork", "nextStepId": "after", "data": { "branches": [
        { "id": "left", "steps": [ok("left_one", ""), saw("left_two", "left_one.body.receipt", "")] },
        { "id": "right", "steps": [ok("right_one", "")] } ] } });
    let items = json!({ "id": "items", "type": "each", "output": "loop", "nextStepId": "after", "data": {
        "arrayVariable": "items", "steps": [ok("loop_one", "loop_two"), saw("loop_two", "item", "")] } });
    let rounds = json!({ "id": "rounds", "type": "each", "output": "loop", "nextStepId": "after", "data": {
        "arrayVariable": "rounds", "steps": [ask("told"), call_with_decision(r, "told")] } });
    let tool = json!({ "id": "tool", "type": "client-tool", "output": "tool", "nextStepId": "after",
        "data": { "toolName": "scan", "parameters": { "tag": "{{tag}}" } } });
    let form = json!({ "id": "form", "type": "show-form", "output": "form", "nextStepId": "after", "data": {
        "title": "Who?", "fields": [{ "key": "name", "label": "Name", "type": "text", "required": true }] } });
    let delay = |seconds: u32| json!({ "id": "nap", "type": "delay", "output": "nap", "nextStepId": "after", "data": { "seconds": seconds } });
    let call_flow = |name: &str| {
        json!({ "id": "sub", "type": "call-flow", "output": "sub", "nextStepId": "after",
            "data": { "flowId": child.get(name), "inputs": { "tag": "{{tag}}" } } })
    };
    let answered = |what: &str| call(r, "after", "/ok", json!({ "answer": format!("{{{{{what}}}}}") }), "end");
    let pure = json!({ "id": "set", "type": "set-variable", "nextStepId": "end",
        "data": { "variables": { "double": "{{tag + tag}}", "nonce": "{{uuid()}}" } } });
    vec![
        shape(
            "three calls",
            20,
            vec![
                start("one"),
                ok("one", "two"),
                saw("two", "one.body.receipt", "three"),
                saw("three", "two.body.receipt", "end"),
                finish("three"),
            ],
        ),
        shape(
            "parallel calls",
            10,
            vec![start("before"), ok("before", "fork"), fork, saw("after", "fork", "end"), finish("after")],
        ),
        shape("calls in a loop", 8, vec![start("items"), items, saw("after", "loop.results", "end"), finish("after")]),
        shape(
            "approval, then a call",
            14,
            vec![start("before"), ok("before", "ask"), ask("after"), call_with_decision(r, "after"), end(decision())],
        ),
        shape(
            "approvals in a loop",
            6,
            vec![start("rounds"), rounds, saw("after", "loop.results", "end"), finish("after")],
        ),
        shape("client tool", 8, vec![start("tool"), tool, answered("tool"), end(json!({ "answer": "{{tool}}" }))]),
        shape("form", 6, vec![start("form"), form, answered("form"), end(json!({ "answer": "{{form}}" }))]),
        shape(
            "delay of 1 s",
            6,
            vec![start("before"), ok("before", "nap"), delay(1), ok("after", "end"), finish("after")],
        ),
        shape(
            "delay of 7 s",
            5,
            vec![start("before"), ok("before", "nap"), delay(7), ok("after", "end"), finish("after")],
        ),
        shape(
            "child with a call, called",
            8,
            vec![
                start("before"),
                ok("before", "sub"),
                call_flow("child with a call"),
                saw("after", "sub.paid", "end"),
                finish("after"),
            ],
        ),
        shape(
            "child with an approval, called",
            8,
            vec![
                start("sub"),
                call_flow("child with an approval"),
                saw("after", "sub", "end"),
                end(json!({ "answer": "{{sub}}" })),
            ],
        ),
        shape("flaky receiver", 8, vec![start("one"), flaky, saw("after", "one.body.receipt", "end"), finish("after")]),
        shape("code, then a call", 6, vec![start("dice"), code, rolled, end(json!({ "roll": "{{dice.roll}}" }))]),
        shape(
            "nothing but values",
            4,
            vec![start("set"), pure, end(json!({ "double": "{{double}}", "nonce": "{{nonce}}" }))],
        ),
    ]
}

/// What a run is started with.
pub(super) fn inputs(tag: &str) -> Value {
    json!({ "tag": tag, "items": ["a", "b", "c", "d", "e"], "rounds": [1, 2] })
}

fn shape(name: &'static str, weight: u64, steps: Vec<Value>) -> Shape {
    Shape { name, weight, definition: json!({ "steps": steps }) }
}

fn start(next: &str) -> Value {
    json!({ "id": "start", "type": "api", "nextStepId": next })
}

/// A call to a receiver. It carries the run's tag, and a value that only stays the same when it is not computed again.
fn call(receivers: &Receivers, id: &str, path: &str, more: Value, next: &str) -> Value {
    let mut body = json!({ "tag": "{{tag}}", "step": id, "nonce": "{{uuid()}}" });
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let url = receivers.url(id.len(), path);
    let next = if next.is_empty() { Value::Null } else { json!(next) };
    json!({ "id": id, "type": "http-request", "output": id, "nextStepId": next,
        "data": { "url": url, "method": "POST", "body": body } })
}

fn ask(next: &str) -> Value {
    json!({ "id": "ask", "type": "user-approval", "nextStepId": next, "data": { "message": "Go on with {{tag}}?" } })
}

fn call_with_decision(receivers: &Receivers, id: &str) -> Value {
    let next = if id == "told" { "" } else { "end" };
    call(receivers, id, "/ok", json!({ "answer": "{{approval.comment}}", "decision": "{{approval.decision}}" }), next)
}

fn decision() -> Value {
    json!({ "answer": "{{approval.comment}}", "decision": "{{approval.decision}}" })
}

fn end(outputs: Value) -> Value {
    let mut all = json!({ "tag": "{{tag}}" });
    for (key, value) in outputs.as_object().into_iter().flatten() {
        all[key] = value.clone();
    }
    json!({ "id": "end", "type": "final", "data": { "outputs": all } })
}
