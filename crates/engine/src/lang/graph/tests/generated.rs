//! Whatever is in a definition: it compiles without a panic, its stored form is the same definition, its plan is sound, and its
//! runs come to an end.

use std::sync::Arc;

use super::super::canvas;
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
