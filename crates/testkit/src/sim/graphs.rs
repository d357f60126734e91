//! Generates workflows: graphs with joins, choices, loops in every notation, cycles, handled and unhandled failures, reviews,
//! waits, scripts and calls, in record form.

use serde_json::{Map, Value, json};

use super::chance::Chance;

/// Levels of nesting in generated graphs; the outermost is one.
const LEVELS_MAX: usize = 3;

/// A definition with about `nodes_max` nodes at most. It is flow number `flow` of `flows`, and calls later ones.
pub(super) fn definition(chance: &mut Chance, nodes_max: usize, flow: usize, flows: usize) -> Value {
    let left = chance.between(1, nodes_max.max(1));
    let mut graph = Graph { chance, left, next_id: 0, flow, flows, nodes: Map::new(), edges: Vec::new() };
    graph.put(
        "in",
        json!({ "type": "input", "config": { "inputName": "n", "inputType": "number", "defaultValue": 1 } }),
    );
    let chain = graph.chain(1);
    graph.edge("in", None, &chain.entry);
    if graph.chance.one_in(6) {
        graph.put("hook", json!({ "type": "trigger", "config": { "triggerType": "manual" } }));
        graph.edge("hook", None, &chain.entry);
    }
    if graph.chance.one_in(2) {
        let out = graph.add("output", json!({ "outputName": "out", "value": "{{n}} {{list}} {{env.PLACE}}" }));
        graph.lead(&chain.exits, &out);
    }
    let Graph { chance, nodes, edges, .. } = graph;
    let settings = json!({ "maxConcurrentNodes": *chance.pick(&[1, 2, 10]) });
    json!({ "name": format!("f{flow}"), "nodes": nodes, "edges": edges, "settings": settings })
}

/// A part of a graph: where it is entered, and where it is left.
struct Part {
    entry: String,
    exits: Vec<Exit>,
}

/// A node with the handle by which it is left.
type Exit = (String, Option<&'static str>);

struct Graph<'c> {
    chance: &'c mut Chance,
    left: usize,
    next_id: usize,
    flow: usize,
    flows: usize,
    nodes: Map<String, Value>,
    edges: Vec<Value>,
}

impl Graph<'_> {
    fn put(&mut self, id: &str, mut node: Value) {
        node["name"] = json!(format!("Node {id}"));
        self.nodes.insert(id.to_owned(), node);
    }

    fn add(&mut self, kind: &str, config: Value) -> String {
        self.left = self.left.saturating_sub(1);
        self.next_id += 1;
        let id = format!("n{}", self.next_id);
        self.put(&id, json!({ "type": kind, "config": config }));
        id
    }

    fn edge(&mut self, from: &str, handle: Option<&str>, to: &str) {
        let mut edge = json!({ "source": from, "target": to });
        if let Some(handle) = handle {
            edge["sourceHandle"] = json!(handle);
        }
        self.edges.push(edge);
    }

    fn lead(&mut self, exits: &[Exit], to: &str) {
        for (from, handle) in exits {
            self.edge(from, *handle, to);
        }
    }

    /// Parts one after the other; now and then a failure goes to a later one.
    fn chain(&mut self, level: usize) -> Part {
        let wanted = self.chance.between(1, 3);
        let first = self.part(level);
        let (entry, mut exits) = (first.entry.clone(), first.exits);
        let mut before = first.entry;
        for _ in 1..wanted {
            if self.left == 0 {
                break;
            }
            let next = self.part(level);
            self.lead(&exits, &next.entry);
            if self.chance.one_in(8) && self.nodes[&before]["type"] == "http" {
                self.nodes[&before]["onError"] = json!({ "strategy": "goto", "gotoNode": next.entry });
            }
            before.clone_from(&next.entry);
            exits = next.exits;
        }
        Part { entry, exits }
    }

    fn part(&mut self, level: usize) -> Part {
        let nests = usize::from(level < LEVELS_MAX && self.left > 2);
        let weights = [8, 3 * nests, nests, 2 * nests, 3 * nests, 2 * nests, nests, nests];
        match self.chance.weighted(&weights) {
            1 => self.choice(level),
            2 => self.switch(level),
            3 => self.fan(level),
            4 => self.labelled(level),
            5 => self.back_edge(level),
            6 => self.cycle(),
            7 => self.unlabelled(),
            _ => self.single(),
        }
    }

    fn single(&mut self) -> Part {
        let (kind, config) = self.node();
        let id = self.add(kind, config);
        let mut exits = vec![(id.clone(), None)];
        match self.chance.below(8) {
            0 => self.nodes[&id]["onError"] = json!({ "strategy": "continue" }),
            1 => self.nodes[&id]["onError"] = json!({ "strategy": "fallback", "fallbackValue": { "n": 5 } }),
            2 | 3 => {
                let handler = self.add("http", json!({ "url": "https://x/{{error.code}}" }));
                self.edge(&id, Some("error"), &handler);
                exits.push((handler, None));
            }
            _ => {}
        }
        Part { entry: id, exits }
    }

    fn node(&mut self) -> (&'static str, Value) {
        match self.chance.weighted(&[8, 3, 3, 2, 2, 3, 2, 2, 2, 3, 1, 2]) {
            0 => ("http", self.http()),
            1 => ("code", json!({ "code": "return inputs.n" })),
            2 => ("transform", json!({ "operation": "passthrough", "inputData": "{{n}}", "outputVariable": "v" })),
            3 => (
                "transform",
                json!({ "operation": "template", "template": "{{ list.map(x => x + 1).join() }}", "inputData": "{{list}}" }),
            ),
            4 => ("shared-memory", json!({ "operation": "store", "key": "k", "value": "{{n}}" })),
            5 => ("humanReview", self.review()),
            6 => ("wait", json!({ "waitType": "duration", "duration": *self.chance.pick(&[0, 2_000, 60_000]) })),
            7 => ("wait", self.poll()),
            8 => ("wait", json!({ "waitType": "webhook", "timeout": 3_600_000 })),
            9 if self.chance.one_in(3) => self.pay(),
            9 => self.call(),
            10 => ("merge", json!({})),
            _ => ("output", json!({ "outputName": *self.chance.pick(&["a", "b"]), "value": "{{v}}" })),
        }
    }

    fn http(&mut self) -> Value {
        let url = *self.chance.pick(&["https://x/{{n}}", "https://x/{{item}}", "https://{{env.PLACE}}/x", "https://x"]);
        let mut config = json!({ "url": url, "outputVariable": "answer" });
        if self.chance.one_in(6) {
            config["headers"] = json!([{ "key": "k", "value": "Bearer {{env.KEY}}" }]);
        }
        if self.chance.one_in(2) {
            let strategy = *self.chance.pick(&["fixed", "linear", "exponential"]);
            let most = self.chance.between(1, 4);
            config["retry"] = json!({
                "enabled": true, "maxAttempts": most, "initialDelay": 1_000, "strategy": strategy, "retryableErrors": ["busy"],
            });
        }
        config
    }

    fn review(&mut self) -> Value {
        let mut config = json!({ "prompt": "Is {{n}} right?", "variableName": "verdict", "inputType": "json" });
        if self.chance.one_in(2) {
            config["timeoutMs"] = json!(*self.chance.pick(&[1_000, 3_600_000]));
        }
        if self.chance.one_in(2) {
            config["defaultValue"] = json!("4");
        }
        config
    }

    fn poll(&mut self) -> Value {
        let condition = *self.chance.pick(&["{{n}} > 2", "{{shared.k}} == 1", "{{v}} == 1", "true", "n.includes(1)"]);
        json!({ "waitType": "condition", "condition": condition, "pollingInterval": 5, "timeout": 20_000 })
    }

    fn pay(&mut self) -> (&'static str, Value) {
        let mode = *self.chance.pick(&["wait", "wait", "wait", "detach"]);
        (
            "paymentRun",
            json!({ "objective": "Pay {{n}}", "candidates": "{{list}}", "amountEach": "{{n}}", "mode": mode }),
        )
    }

    /// Mostly a later flow; now and then one that is not there.
    fn call(&mut self) -> (&'static str, Value) {
        let later = self.flow + 1 < self.flows;
        let flow = match self.chance.below(12) {
            0 => "nobody".to_owned(),
            _ if later => format!("f{}", self.chance.between(self.flow + 1, self.flows - 1)),
            _ => return ("http", self.http()),
        };
        let mode = *self.chance.pick(&["wait", "wait", "wait", "detach"]);
        let mut config = json!({ "workflowId": flow, "inputs": { "n": "{{n}}", "list": [1, 2] }, "mode": mode });
        if self.chance.one_in(2) {
            config["retry"] =
                json!({ "enabled": true, "maxAttempts": self.chance.between(1, 3), "initialDelay": 1_000 });
        }
        ("subworkflow", config)
    }

    fn choice(&mut self, level: usize) -> Part {
        let operator = *self.chance.pick(&["==", ">", "<", "isNull"]);
        let id = self.add("conditional", json!({ "leftValue": "{{n}}", "operator": operator, "rightValue": "2" }));
        let yes = self.chain(level + 1);
        self.edge(&id, Some("true"), &yes.entry);
        let mut exits = yes.exits;
        if self.chance.one_in(2) {
            let no = self.chain(level + 1);
            self.edge(&id, Some("false"), &no.entry);
            exits.extend(no.exits);
        } else {
            exits.push((id.clone(), Some("false")));
        }
        Part { entry: id, exits }
    }

    fn switch(&mut self, level: usize) -> Part {
        let cases = json!([{ "value": "1" }, { "value": "2" }]);
        let id = self.add("switch", json!({ "expression": "{{n}}", "cases": cases }));
        let mut exits = Vec::new();
        for handle in ["1", "2", "default"] {
            let arm = self.chain(level + 1);
            self.edge(&id, Some(handle), &arm.entry);
            exits.extend(arm.exits);
        }
        Part { entry: id, exits }
    }

    fn fan(&mut self, level: usize) -> Part {
        let id = self.add("merge", json!({}));
        let mut exits = Vec::new();
        for _ in 0..self.chance.between(2, 3) {
            let arm = self.chain(level + 1);
            self.edge(&id, None, &arm.entry);
            exits.extend(arm.exits);
        }
        Part { entry: id, exits }
    }

    fn looped(&mut self) -> String {
        let mut config = match self.chance.below(4) {
            0 => json!({ "loopType": "count", "count": self.chance.between(0, 3) }),
            1 => {
                let condition = *self.chance.pick(&["{{loop.index}} < 2", "true", "n.includes(1)"]);
                json!({ "loopType": "while", "condition": condition, "maxIterations": self.chance.between(1, 3) })
            }
            _ => {
                let source = *self.chance.pick(&["{{list}}", "{{list}}", "{{text}}", "{{empty}}", "{{nothing}}"]);
                json!({ "loopType": "forEach", "arrayPath": source, "maxConcurrency": self.chance.between(1, 2) })
            }
        };
        config["onPartialFailure"] = json!(*self.chance.pick(&["fail", "continue", "collect"]));
        self.add("loop", config)
    }

    fn labelled(&mut self, level: usize) -> Part {
        let id = self.looped();
        let body = self.chain(level + 1);
        self.edge(&id, Some("body"), &body.entry);
        Part { entry: id.clone(), exits: vec![(id, Some("done"))] }
    }

    /// A body that leads back; now and then it can be left in the middle.
    fn back_edge(&mut self, level: usize) -> Part {
        let id = self.looped();
        let body = self.chain(level + 1);
        self.edge(&id, None, &body.entry);
        let mut exits = vec![(id.clone(), Some("done"))];
        if self.chance.one_in(2) {
            let operator = *self.chance.pick(&["==", "<"]);
            let check = self
                .add("conditional", json!({ "leftValue": "{{loop.index}}", "operator": operator, "rightValue": "1" }));
            self.lead(&body.exits, &check);
            self.edge(&check, Some("true"), &id);
            exits.push((check, Some("false")));
        } else {
            self.lead(&body.exits, &id);
        }
        Part { entry: id, exits }
    }

    fn cycle(&mut self) -> Part {
        let config = self.http();
        let head = self.add("http", config);
        let check =
            self.add("conditional", json!({ "leftValue": "{{answer}}", "operator": "isNotNull", "rightValue": "" }));
        self.edge(&head, None, &check);
        self.edge(&check, Some("false"), &head);
        // What leaves a cycle is part of it: without an edge out it would be refused.
        let after = self.add("merge", json!({}));
        self.edge(&check, Some("true"), &after);
        Part { entry: head, exits: vec![(after, None)] }
    }

    /// A body that only what it mentions tells.
    fn unlabelled(&mut self) -> Part {
        let id = self.add("loop", json!({ "loopType": "forEach", "arrayPath": "{{list}}" }));
        let body = self.add("http", json!({ "url": "https://x/{{item}}" }));
        self.edge(&id, None, &body);
        Part { entry: id, exits: vec![(body, None)] }
    }
}
