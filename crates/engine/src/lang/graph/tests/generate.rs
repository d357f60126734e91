//! Definitions made by chance: any mix of node types and edges, in either shape, with aliases, some of them wrong.

use serde_json::{Map, Value, json};

/// A source of numbers that a seed determines.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    pub(super) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub(super) fn pick<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }
}

/// Types with a config that is fine, as JSON text.
const NODES: &[(&str, &str)] = &[
    ("trigger", r#"{"triggerType":"webhook"}"#),
    ("trigger", r#"{"triggerType":"schedule","schedule":"0 * * * *"}"#),
    ("input", r#"{"inputName":"list","inputType":"json","defaultValue":[1,2,3]}"#),
    ("input", r#"{"inputVariable":"text"}"#),
    ("files", r#"{"inputVariable":"docs","allowedTypes":["text/*"]}"#),
    ("url", r#"{"urls":["{{text}}"]}"#),
    ("output", r#"{"outputName":"out","value":"{{result}}"}"#),
    ("templateOutput", r#"{"outputName":"doc","template":"{{#each list}}{{this}}{{/each}}"}"#),
    ("conditional", r#"{"condition":"item > 1"}"#),
    ("conditional", r#"{"leftValue":"{{number}}","operator":">","rightValue":"50"}"#),
    ("switch", r#"{"expression":"{{number}}","cases":[{"value":"1"},{"value":"2"}],"defaultCase":"1"}"#),
    ("loop", r#"{"collection":"{{list}}","maxIterations":5}"#),
    ("loop", r#"{"loopType":"while","condition":"loop.index < 2"}"#),
    ("repeat", r#"{"times":3,"parallel":true}"#),
    ("forEach", r#"{"items":"list","onPartialFailure":"collect"}"#),
    ("wait", r#"{"duration":1000}"#),
    ("wait", r#"{"waitType":"condition","condition":"number > 90","timeout":20000}"#),
    ("wait", r#"{"waitType":"webhook"}"#),
    ("humanReview", r#"{"reviewPrompt":"{{item}}?","outputVariable":"approval"}"#),
    (
        "transform",
        r#"{"transformType":"map","inputData":"{{list}}","expression":"item + 1","outputVariable":"result"}"#,
    ),
    ("transform", r#"{"operation":"merge","outputVariable":"result"}"#),
    ("code", r#"{"code":"return inputs.item","outputVariable":"number"}"#),
    ("code", r#"{"code":"return {{number}}","errorStrategy":"continue"}"#),
    ("shared-memory", r#"{"operation":"append","key":"k","value":"{{item}}"}"#),
    ("shared-memory", r#"{"operation":"get","key":"k","outputVariable":"result"}"#),
    ("subworkflow", r#"{"workflowId":"wf_x","inputs":{"a":"{{item}}"}}"#),
    ("paymentRun", r#"{"objective":"Pay {{item}}","candidates":"{{list}}","outputVariable":"result"}"#),
    ("merge", "{}"),
    ("parallel", "{}"),
    ("llm", r#"{"provider":"openai","model":"m","prompt":"{{item}}","outputVariable":"result"}"#),
    ("router", r#"{"prompt":"{{text}}","routes":["a","b"],"defaultRoute":"b"}"#),
    ("router", r#"{"routes":[{"value":"a"},{"value":"b"},{"value":"c"}]}"#),
    ("vision", r#"{"prompt":"?","image":"{{text}}"}"#),
    ("embeddings", r#"{"input":["{{text}}"]}"#),
    ("kbQuery", r#"{"queryText":"{{text}}","topK":3}"#),
    ("agent", r#"{"agentId":"agent_x","input":"{{text}}"}"#),
    (
        "http",
        r#"{"url":"https://a.example/{{item}}","method":"post","body":{"x":"{{list}}"},"retryCount":2,"outputVariable":"result"}"#,
    ),
    ("slack", r##"{"operation":"sendMessage","channel":"#a"}"##),
    ("database", r#"{"provider":"sqlite","query":"select {{number}}"}"#),
    ("webSearch", r#"{"query":"{{text}}"}"#),
    ("fileWrite", r#"{"path":"a.txt","content":"{{text}}"}"#),
    ("chartGeneration", r#"{"data":"{{list}}"}"#),
    ("note", "{}"),
];

/// A definition of up to that many nodes.
pub(super) fn definition(chance: &mut Chance, nodes_max: usize) -> Value {
    let count = 1 + chance.below(nodes_max);
    let mut nodes: Vec<(String, &str, Map<String, Value>)> = Vec::new();
    for at in 0..count {
        let (kind, config) = *chance.pick(NODES);
        let mut config: Map<String, Value> = serde_json::from_str(config).expect("the table holds JSON");
        if chance.one_in(8) {
            let strategy = *chance.pick(&["fail", "continue", "fallback", "goto"]);
            config.insert("errorStrategy".to_owned(), json!(strategy));
            let target = format!("n{}", chance.below(count));
            let key = if strategy == "goto" { "gotoNodeId" } else { "fallbackNodeId" };
            config.insert(key.to_owned(), json!(target));
        }
        if chance.one_in(10) {
            config.insert("retry".to_owned(), json!({ "maxAttempts": 1 + chance.below(4), "initialDelay": 10 }));
        }
        nodes.push((format!("n{at}"), kind, config));
    }
    let edges = edges(chance, &nodes);
    let settings = json!({ "maxConcurrentNodes": 1 + chance.below(4) });
    if chance.one_in(2) {
        let list: Vec<Value> =
            nodes.into_iter().map(|(id, kind, config)| json!({ "id": id, "type": kind, "data": config })).collect();
        json!({ "definition": { "nodes": list, "edges": edges, "settings": settings } })
    } else {
        let map: Map<String, Value> =
            nodes.into_iter().map(|(id, kind, config)| (id, json!({ "type": kind, "config": config }))).collect();
        json!({ "nodes": map, "edges": edges, "settings": settings })
    }
}

/// Most edges lead on, so that most definitions are fine; a few lead back, or to nothing.
fn edges(chance: &mut Chance, nodes: &[(String, &str, Map<String, Value>)]) -> Vec<Value> {
    let count = nodes.len();
    let mut edges = Vec::new();
    for at in 1..count {
        for _ in 0..=usize::from(chance.one_in(3)) {
            let from = if chance.one_in(3) { chance.below(at) } else { at - 1 };
            edges.push(edge(chance, nodes, from, at));
        }
    }
    while chance.one_in(2) {
        let (from, to) = (chance.below(count), chance.below(count));
        edges.push(edge(chance, nodes, from.max(to), from.min(to)));
    }
    if chance.one_in(60) {
        edges.push(json!({ "source": "n0", "target": "nowhere" }));
    }
    edges
}

fn edge(chance: &mut Chance, nodes: &[(String, &str, Map<String, Value>)], from: usize, to: usize) -> Value {
    let handles: &[&str] = match nodes[from].1 {
        "conditional" => &["true", "false"],
        "switch" => &["1", "case-1", "default"],
        "router" => &["a", "b", "default"],
        "loop" | "repeat" | "forEach" => &["body", "done", "", "", ""],
        _ => &["", "", "", "output"],
    };
    let handle = if chance.one_in(12) { "error" } else { *chance.pick(handles) };
    let mut edge = json!({ "source": nodes[from].0, "target": nodes[to].0 });
    if !handle.is_empty() {
        edge["sourceHandle"] = json!(handle);
    }
    edge
}
