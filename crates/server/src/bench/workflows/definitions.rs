//! The workflows that are measured.

use serde_json::{Map, Value, json};

/// Nodes of the chain.
pub(super) const CHAIN: usize = 40;
/// Passes of the loop.
pub(super) const PASSES: usize = 10_000;
/// Nodes that call at the same time, as far as they may.
pub(super) const FAN: usize = 100;
/// How many of them may.
pub(super) const AT_ONCE: usize = 10;

/// Three nodes that only compute.
pub(super) fn pure() -> Value {
    let set = |from: &str, to: &str| {
        let config = json!({ "operation": "template", "template": format!("{{{{{from}}}}}"), "outputVariable": to });
        (to.to_owned(), json!({ "type": "transform", "name": to, "config": config }))
    };
    let nodes = Map::from_iter([set("amount", "one"), set("one", "two"), set("two", "three")]);
    workflow("Three pure nodes", nodes, &[("one", "two"), ("two", "three")])
}

/// Programs, one after the other.
pub(super) fn chain() -> Value {
    let name = |at: usize| format!("task{at}");
    let node = |at: usize| {
        let code = format!("return {{ count: {at} }};");
        let config = json!({ "language": "javascript", "code": code, "outputVariable": format!("out{at}") });
        (name(at), json!({ "type": "code", "name": name(at), "config": config }))
    };
    let nodes = (0..CHAIN).map(node).collect();
    let edges: Vec<(String, String)> = (1..CHAIN).map(|at| (name(at - 1), name(at))).collect();
    workflow("Forty programs", nodes, &edges.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>())
}

/// A loop around a node that only computes.
pub(super) fn passes() -> Value {
    let each = json!({ "loopType": "count", "count": PASSES, "maxIterations": PASSES });
    let double = json!({ "operation": "template", "template": "{{loop.index}}", "outputVariable": "last" });
    let give = json!({ "outputName": "last", "value": "{{last}}" });
    let nodes = Map::from_iter([
        ("each".to_owned(), json!({ "type": "loop", "name": "Each", "config": each })),
        ("double".to_owned(), json!({ "type": "transform", "name": "Double", "config": double })),
        ("give".to_owned(), json!({ "type": "output", "name": "Give", "config": give })),
    ]);
    let mut made = workflow("Ten thousand passes", nodes, &[]);
    made["definition"]["edges"] = json!([
        { "source": "each", "target": "double", "sourceHandle": "body" },
        { "source": "each", "target": "give", "sourceHandle": "done" },
    ]);
    made
}

/// Calls of an address from one node.
pub(super) fn fan(url: &str) -> Value {
    let name = |at: usize| format!("call{at}");
    let start = json!({ "type": "transform", "name": "start", "config": { "operation": "template", "template": "{{amount}}" } });
    let mut nodes = Map::from_iter([("start".to_owned(), start)]);
    for at in 0..FAN {
        nodes.insert(name(at), json!({ "type": "http", "name": name(at), "config": { "method": "GET", "url": url } }));
    }
    let edges: Vec<String> = (0..FAN).map(name).collect();
    let edges: Vec<(&str, &str)> = edges.iter().map(|to| ("start", to.as_str())).collect();
    let mut made = workflow("A hundred calls", nodes, &edges);
    made["definition"]["settings"] = json!({ "maxConcurrentNodes": AT_ONCE });
    made
}

/// Asks a person, and waits.
pub(super) fn waiting() -> Value {
    let ask =
        json!({ "type": "humanReview", "name": "Ask", "config": { "prompt": "Well?", "variableName": "answer" } });
    workflow("A question", Map::from_iter([("ask".to_owned(), ask)]), &[])
}

fn workflow(name: &str, nodes: Map<String, Value>, edges: &[(&str, &str)]) -> Value {
    let edges: Vec<Value> = edges.iter().map(|(from, to)| json!({ "source": from, "target": to })).collect();
    json!({ "name": name, "definition": { "nodes": nodes, "edges": edges } })
}
