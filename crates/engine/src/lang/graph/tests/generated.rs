//! Whatever is in a definition: it compiles without a panic, its stored form is the same definition, its plan is sound, and its
//! runs come to an end.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::{EDGES_MAX, NODES_MAX, canvas};
use super::compile;
use super::generate::{Chance, definition};
use super::play::play;
use crate::machine::Machine;
use crate::plan::{Plan, Target, Work};

/// Definitions in one test run.
const DEFINITIONS: u64 = 1_500;

#[test]
fn generated_definitions_compile_and_run_to_an_end() {
    let mut fine = 0;
    for seed in 0..DEFINITIONS {
        let mut chance = Chance::new(seed);
        let file = definition(&mut chance, if seed % 10 == 0 { 30 } else { 10 });
        let compiled = compile(&file);
        let again = compile(&compiled.record);
        assert_eq!(again.errors() > 0, compiled.errors() > 0, "seed {seed}: {:?}\n{file}", compiled.problems);
        let Some(mut plan) = compiled.plan else {
            assert!(compiled.errors() > 0, "seed {seed}: neither a plan nor an error");
            continue;
        };
        fine += 1;
        let text = format!("{plan:?}");
        assert_eq!(again.record, compiled.record, "seed {seed}");
        assert_eq!(format!("{:?}", again.plan.expect("the same")), text, "seed {seed}");
        let drawn = compile(&canvas(&compiled.record));
        assert_eq!(format!("{:?}", drawn.plan.expect("the same")), text, "seed {seed}");
        sound(&plan, seed);
        // Cycles in cycles may pass a million times: fewer tell as much.
        plan.rules.steps_max = 3_000;
        let played = play(plan, &mut chance);
        let recovered = Machine::recover(Arc::clone(&played.plan), &played.events);
        assert_eq!(recovered.outcome(), Some(&played.outcome), "seed {seed}");
    }
    assert!(fine > DEFINITIONS / 3, "most definitions are fine: {fine}");
}

/// What the machine relies on.
fn sound(plan: &Plan, seed: u64) {
    for (at, scope) in plan.scopes.iter().enumerate() {
        let nodes = scope.first..scope.first + scope.len;
        assert!(scope.len > 0, "seed {seed}: a scope without nodes");
        let position = |node: u32| (node - scope.first) as usize;
        let mut incoming = vec![0_u16; scope.len as usize];
        for index in nodes.clone() {
            let node = plan.node(index);
            assert_eq!(node.scope as usize, at, "seed {seed}: {} stands elsewhere", node.id);
            for edge in &node.edges {
                match edge.to {
                    Target::Node(to) => {
                        assert!(nodes.contains(&to), "seed {seed}: an edge of {} leaves its scope", node.id);
                        incoming[position(to)] += 1;
                    }
                    Target::Out(out) => assert!(out < scope.outs, "seed {seed}: {} has no such way out", node.id),
                }
            }
            if let Work::Loop(work) = &node.work {
                let body = plan.scope(work.body);
                assert_eq!(body.owner, Some(index), "seed {seed}");
                assert!(work.again.is_none_or(|again| again < body.outs), "seed {seed}");
                for out in node.edges.iter().filter_map(|edge| edge.port.out_number()) {
                    assert!(out < body.outs, "seed {seed}: {} goes on by no way out", node.id);
                }
            }
        }
        let whole = &scope.ways[0];
        assert!(!whole.starts.is_empty() || !whole.lit.is_empty(), "seed {seed}: nothing begins");
        for (at, count) in whole.incoming.iter().enumerate() {
            assert_eq!(count.unwrap_or(incoming[at]), incoming[at], "seed {seed}: counts of edges");
        }
        acyclic(plan, nodes, seed);
    }
}

fn acyclic(plan: &Plan, nodes: std::ops::Range<u32>, seed: u64) {
    for index in nodes {
        assert!(!plan.below(index).contains(&index), "seed {seed}: {} waits for itself", plan.node(index).id);
    }
}

/// The largest graphs that are taken: their work grows with nodes and edges, not with what edges make of each other.
#[test]
fn dense_definitions_are_compiled_as_well() {
    let kinds: [&[(&str, &str)]; 3] = [
        &[("conditional", r#"{"condition":"item > 1"}"#)],
        &[("loop", r#"{"items":"{{list}}"}"#)],
        &[
            ("conditional", r#"{"condition":"item > 1"}"#),
            ("loop", r#"{"items":"{{list}}"}"#),
            ("merge", "{}"),
            ("switch", r#"{"expression":"x","cases":["a","b"],"defaultCase":"a"}"#),
        ],
    ];
    for (at, kinds) in kinds.into_iter().enumerate() {
        for back in [0, 2, 40] {
            let mut chance = Chance::new(at as u64 + 1);
            let nodes: Map<String, Value> = (0..NODES_MAX)
                .map(|node| {
                    let (kind, config) = kinds[node % kinds.len()];
                    let config: Value = serde_json::from_str(config).expect("the table holds JSON");
                    (format!("n{node}"), json!({ "type": kind, "config": config }))
                })
                .collect();
            let edge = |number: usize| {
                let (one, other) = (chance.below(NODES_MAX), chance.below(NODES_MAX));
                let turned = back > 0 && number % back == 1;
                let (from, to) =
                    if turned { (one.max(other), one.min(other)) } else { (one.min(other), one.max(other)) };
                let handle = *chance.pick(&["", "true", "false", "body", "done", "default", "error", "x"]);
                let handle = if handle == "x" { format!("x{number}") } else { handle.to_owned() };
                json!({ "source": format!("n{from}"), "target": format!("n{to}"), "sourceHandle": handle })
            };
            let edges: Vec<Value> = (0..EDGES_MAX).map(edge).collect();
            let compiled = compile(&json!({ "nodes": nodes, "edges": edges }));
            if let Some(plan) = &compiled.plan {
                sound(plan, at as u64);
            }
            // A chain in which every node leads back to the first, to the one before, and to itself.
            let chain = (1..NODES_MAX).flat_map(|node| [(node - 1, node), (node, 0), (node, node - 1), (node, node)]);
            let chain: Vec<Value> =
                chain.map(|(from, to)| json!({ "source": format!("n{from}"), "target": format!("n{to}") })).collect();
            let mut nodes = nodes.clone();
            nodes.insert("n0".to_owned(), json!({ "type": "input" }));
            assert!(
                compile(&json!({ "nodes": nodes, "edges": chain })).errors() > 0,
                "cycles are too deep in each other"
            );
        }
    }
}
