//! Bodies, cycles and the ways in and out of them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{choice, compile, each, graph, output, plain};
use crate::plan::{Plan, Port, ScopeIndex, Target, Work};

/// A plan as text: every scope in braces behind its owner; edges as `a>b`, ports but the usual ones by name, ways out as `^k`.
fn drawn(plan: &Plan) -> String {
    scope(plan, 0)
}

fn scope(plan: &Plan, at: ScopeIndex) -> String {
    let scope_of = plan.scope(at);
    let mut text = String::new();
    for index in scope_of.first..scope_of.first + scope_of.len {
        let node = plan.node(index);
        assert_eq!(node.scope, at);
        let _ = write!(text, " {}", node.id);
        if let Some(inner) = plan.scopes.iter().position(|inner| inner.owner == Some(index)) {
            let again = match &node.work {
                Work::Loop(work) => work.again.map_or_else(String::new, |out| format!("~{out}")),
                other => panic!("{other:?} has a body"),
            };
            let _ = write!(text, "{again}{{{}}}", scope(plan, inner as ScopeIndex));
        }
        for edge in &node.edges {
            let to = match edge.to {
                Target::Node(to) => plan.node(to).id.clone(),
                Target::Out(out) => format!("^{out}"),
            };
            let _ = write!(text, "{}>{to}", port(edge.port));
        }
    }
    let way = &scope_of.ways[0];
    let ids = |nodes: &[u32]| nodes.iter().map(|&node| plan.node(node).id.clone()).collect::<Vec<_>>().join(",");
    let lit = if way.lit.is_empty() { String::new() } else { format!("+{}", ids(&way.lit)) };
    format!("[{}{lit}]{text}", ids(&way.starts))
}

fn port(port: Port) -> String {
    match port {
        Port::NEXT => String::new(),
        Port::ERROR => "!".to_owned(),
        Port::ANY => "*".to_owned(),
        Port::NEVER => "-".to_owned(),
        Port::GOTO => "@".to_owned(),
        other => match other.out_number() {
            Some(out) => format!("^{out}"),
            None => format!("#{}", other.0 - 4),
        },
    }
}

fn check(nodes: &[(&str, &str, Value)], edges: &[&str], expected: &str) {
    let compiled = compile(&graph(nodes, edges));
    let plan = compiled.plan.unwrap_or_else(|| panic!("{edges:?}: {:#?}", compiled.problems));
    assert_eq!(drawn(&plan), expected, "{edges:?}");
}

#[test]
fn graphs_without_cycles_are_one_scope() {
    check(&[plain("a"), plain("b"), output("c")], &["a b", "b c", "a c"], "[a] a>b>c b>c c");
    check(
        &[plain("a"), choice("b"), plain("c"), plain("d")],
        &["a b", "b true c", "b no d", "b d", "b maybe c", "a error d"],
        "[a] a>b!>d b#0>c#1>d*>d->c c d",
    );
    // A run begins at inputs, whatever leads to them.
    check(&[plain("a"), ("i", "input", json!({})), plain("b")], &["a i", "i b", "a b"], "[a,i] a>b i>b b");
}

#[test]
fn a_switch_has_a_port_for_each_case_and_one_for_the_rest() {
    let switch = |default: &str| {
        ("s", "switch", json!({ "expression": "x", "cases": [{ "value": "A" }, "B"], "defaultCase": default }))
    };
    let nodes = [switch("A"), plain("a"), plain("b"), plain("c")];
    check(&nodes, &["s A a", "s case-1 b", "s default c"], "[s] s#0>a#1>b#2>c a b c");
    check(&nodes, &["s case-B b", "s default c"], "[s,a] s#1>b#0>c a b c");
    let nodes = [switch("other"), plain("a"), plain("b")];
    check(&nodes, &["s B a", "s other b"], "[s] s#1>a#2>b a b");
    let routes = json!({ "prompt": "?", "routes": ["x", { "value": "y" }], "defaultRoute": "z" });
    check(&[("r", "router", routes), plain("a"), plain("b")], &["r y a", "r z b"], "[r] r#1>a#2>b a b");
}

#[test]
fn labelled_bodies_end_where_the_loop_goes_on() {
    check(
        &[each("l"), plain("a"), plain("b"), output("o")],
        &["l body a", "a b", "l done o", "b o"],
        "[l] l{[a] a>b b>^0}>o^0>o o",
    );
    // A back edge of a labelled loop is not needed, and says nothing.
    check(
        &[plain("s"), each("l"), plain("a"), output("o")],
        &["s l", "l loop-body a", "a l", "l o"],
        "[s] s>l l{[a] a}>o o",
    );
    // Two ways into the body: one node waits for the other, and has a live edge from the loop.
    check(&[each("l"), plain("a"), plain("b")], &["l body a", "l body b", "a b"], "[l] l{[a+b] a>b b}");
}

#[test]
fn a_back_edge_tells_the_body_and_whether_it_goes_on() {
    check(
        &[plain("s"), each("l"), plain("a"), choice("c"), output("o"), plain("after")],
        &["s l", "l a", "a c", "c false l", "c true o", "l after"],
        "[s] s>l l~0{[a] a>c c#1>^0#0>^1}^1>o>after o after",
    );
    // An edge into the middle only keeps the loop waiting.
    check(
        &[plain("s"), plain("x"), each("l"), plain("a"), plain("b")],
        &["s l", "l a", "a b", "b l", "x b"],
        "[s,x] s>l x->l l~0{[a] a>b b>^0}",
    );
}

#[test]
fn bodies_without_labels_are_inferred() {
    let uses = |id: &'static str, name: &str| {
        (id, "transform", json!({ "operation": "template", "template": format!("{{{{{name}}}}}") }))
    };
    // What mentions the item, and what leads there.
    check(
        &[each("l"), plain("a"), uses("b", "item.x"), plain("c"), output("o")],
        &["l a", "a b", "b c", "c o"],
        "[l] l{[a] a>b b>^0}^0>c c>o o",
    );
    // Nothing mentions it: all but outputs.
    check(&[each("l"), plain("a"), output("o")], &["l a", "a o"], "[l] l{[a] a>^0}^0>o o");
    // A branch in the body is in it up to where its ways meet.
    check(
        &[
            each("l"),
            ("c", "conditional", json!({ "expression": "item > 1" })),
            plain("a"),
            plain("b"),
            plain("m"),
            output("o"),
        ],
        &["l c", "c true a", "c false b", "a m", "b m", "m o"],
        "[l] l{[c] c#0>a#1>b a>^0 b>^1}^0>m^1>m m>o o",
    );
    // Only an output: its body is a joint.
    check(&[each("l"), output("o")], &["l o"], "[l] l{[body:l] body:l}>o o");
}

#[test]
fn cycles_without_a_loop_have_a_node_of_their_own() {
    check(
        &[plain("s"), plain("h"), choice("c"), output("o")],
        &["s h", "h c", "c false h", "c true o"],
        "[s] s>cycle:h cycle:h~0{[h] h>c c#1>^0#0>^1}^1>o o",
    );
    // One inside of the other.
    check(
        &[plain("s"), plain("h"), plain("i"), choice("c"), choice("d"), output("o")],
        &["s h", "h i", "i c", "c false i", "c true d", "d false h", "d true o"],
        "[s] s>cycle:h cycle:h~0{[h] h>cycle:i cycle:i~0{[i] i>c c#1>^0#0>^1}^1>d d#1>^0#0>^1}^1>o o",
    );
    // A node that leads back to itself, and a cycle around a whole loop.
    check(
        &[plain("s"), choice("c"), output("o")],
        &["s c", "c true c", "c false o"],
        "[s] s>cycle:c cycle:c~0{[c] c#0>^0#1>^1}^1>o o",
    );
    check(
        &[plain("s"), each("l"), plain("a"), choice("c"), output("o")],
        &["s l", "l body a", "l done c", "c true l", "c false o"],
        "[s] s>cycle:l cycle:l~0{[l] l{[a] a}>c c#0>^0#1>^1}^1>o o",
    );
}

#[test]
fn loops_in_loops_hand_their_ways_on() {
    check(
        &[each("l"), each("m"), plain("a"), plain("b"), output("o")],
        &["l body m", "m body a", "a b", "m done b", "a error o", "b o", "l done o"],
        "[l] l{[m] m{[a] a>^0!>^1}^0>b>b^1>^0 b>^1}^0>o^1>o>o o",
    );
}

#[test]
fn a_failure_schedules_a_node_that_is_no_start() {
    let mut file = graph(&[plain("a"), plain("b"), plain("f"), output("o")], &["a b", "b o", "f o"]);
    file["nodes"]["a"]["onError"] = json!({ "strategy": "fallback", "fallbackNodeId": "f" });
    let compiled = compile(&file);
    assert_eq!(drawn(&compiled.plan.expect("it compiles")), "[a] a>b@>f b>o f>o o");
    // Out of a body.
    let mut file = graph(&[each("l"), plain("a"), plain("f")], &["l body a", "l done f"]);
    file["nodes"]["a"]["config"]["errorStrategy"] = json!("goto");
    file["nodes"]["a"]["config"]["gotoNodeId"] = json!("f");
    let compiled = compile(&file);
    assert_eq!(drawn(&compiled.plan.expect("it compiles")), "[l] l{[a] a@>^0}>f^0>f f");
}

#[test]
fn a_trigger_starts_without_the_other_triggers() {
    let trigger = |id: &'static str| (id, "trigger", json!({ "triggerType": "webhook" }));
    let nodes = [trigger("t"), trigger("u"), ("i", "input", json!({})), plain("a"), plain("b")];
    let plan = compile(&graph(&nodes, &["t a", "u a", "u b", "i b"])).plan.expect("it compiles");
    let entries: Vec<(&str, &str, usize)> =
        plan.entries.iter().map(|entry| (&*entry.step_id, &*entry.kind, entry.way)).collect();
    assert_eq!(entries, [("", "api", 0), ("t", "webhook", 1), ("u", "webhook", 2)]);
    let ways: Vec<(Vec<u32>, Vec<Option<u16>>)> =
        plan.scopes[0].ways.iter().map(|way| (way.starts.clone(), way.incoming.clone())).collect();
    let expected = [
        (vec![0, 1, 2], vec![Some(0), Some(0), Some(0), Some(2), Some(2)]),
        (vec![0, 2], vec![Some(0), None, Some(0), Some(1), Some(1)]),
        (vec![1, 2], vec![None, Some(0), Some(0), Some(1), Some(2)]),
    ];
    assert_eq!(ways, expected);
}
