//! Small definitions carried out by the machine: what their runs give.

use serde_json::{Value, json};

use super::generate::Chance;
use super::play::play;
use super::{compile, graph};
use crate::machine::Outcome;

/// The outputs of a run, whose inputs are `list: [1, 2, 3]` and `text: "hello"`; of a failed one the code of its failure.
fn run(file: &Value) -> Value {
    let compiled = compile(file);
    let plan = compiled.plan.unwrap_or_else(|| panic!("{:#?}", compiled.problems));
    match play(plan, &mut Chance::new(1)).outcome {
        Outcome::Completed(outputs) => outputs.as_ref().clone(),
        Outcome::Failed(failure) => Value::from(failure.error.code.clone()),
        other => panic!("{other:?}"),
    }
}

fn each<'a>(id: &'a str, list: &str, item: &str) -> (&'a str, &'static str, Value) {
    (id, "loop", json!({ "arrayPath": list, "itemVariable": item }))
}

fn text<'a>(id: &'a str, template: &str) -> (&'a str, &'static str, Value) {
    (id, "transform", json!({ "operation": "template", "template": template }))
}

fn choice<'a>(id: &'a str, condition: &str) -> (&'a str, &'static str, Value) {
    (id, "conditional", json!({ "condition": condition }))
}

fn output<'a>(id: &'a str, value: &str) -> (&'a str, &'static str, Value) {
    (id, "output", json!({ "outputName": id, "value": value }))
}

/// Fails: its input is no list.
fn failing(id: &str) -> (&str, &'static str, Value) {
    (id, "transform", json!({ "operation": "map", "inputData": "{{text}}", "expression": "item" }))
}

#[test]
fn a_body_is_carried_out_for_each_item_in_every_notation() {
    let nodes = [each("l", "{{list}}", "n"), text("a", "n{{n}}-{{index}}"), output("o", "{{l.results}}")];
    let expected = json!({ "o": ["n1-0", "n2-1", "n3-2"] });
    assert_eq!(run(&graph(&nodes, &["l body a", "l done o"])), expected, "labelled");
    assert_eq!(run(&graph(&nodes, &["l a", "a o"])), expected, "inferred");
    let mut with_start = vec![text("s", "s")];
    with_start.extend(nodes);
    assert_eq!(run(&graph(&with_start, &["s l", "l a", "a l", "l o"])), expected, "back edge");
}

#[test]
fn a_live_way_out_without_a_way_back_ends_a_loop() {
    let of = |condition: &str| {
        let nodes = [
            text("s", "s"),
            each("l", "{{list}}", "n"),
            choice("c", condition),
            output("found", "{{c.conditionMet}}"),
            output("after", "none"),
        ];
        run(&graph(&nodes, &["s l", "l c", "c false l", "c true found", "l after"]))
    };
    assert_eq!(of("n == 2"), json!({ "found": true }));
    assert_eq!(of("n == 9"), json!({ "after": "none" }));
}

#[test]
fn a_cycle_goes_on_until_a_branch_leaves_it() {
    let append = ("h", "shared-memory", json!({ "operation": "append", "key": "k", "value": "x" }));
    let nodes = [text("s", "s"), append, choice("c", "shared.k.length >= 3"), output("o", "{{shared.k.length}}")];
    assert_eq!(run(&graph(&nodes, &["s h", "h c", "c false h", "c true o"])), json!({ "o": 3 }));
}

#[test]
fn loops_stand_in_loops() {
    let nodes = [
        each("l", "{{list}}", "n"),
        each("m", "{{list}}", "k"),
        text("a", "{{n}}x{{k}}"),
        output("o", "{{l.results}}"),
    ];
    let of = |n: u8| json!([format!("{n}x1"), format!("{n}x2"), format!("{n}x3")]);
    assert_eq!(run(&graph(&nodes, &["l body m", "m body a", "l done o"])), json!({ "o": [of(1), of(2), of(3)] }));
}

#[test]
fn joins_need_one_live_edge() {
    let nodes = [choice("c", "text == \"hello\""), text("a", "a"), text("b", "b"), output("o", "{{c.branch}}")];
    assert_eq!(run(&graph(&nodes, &["c true a", "c false b", "a o", "b o"])), json!({ "o": "true" }));
    // Without an output the ends give theirs.
    assert_eq!(run(&graph(&nodes[..3], &["c true a", "c false b"])), json!({ "value": "a" }));
}

#[test]
fn failures_go_where_they_are_sent() {
    let nodes = [failing("f"), output("fine", "fine"), output("caught", "{{error.code}}")];
    assert_eq!(run(&graph(&nodes, &["f fine"])), json!("VALIDATION"));
    assert_eq!(run(&graph(&nodes, &["f fine", "f error caught"])), json!({ "caught": "VALIDATION" }));
    let with = |on_error: Value, edges: &[&str]| {
        let mut file = graph(&nodes, edges);
        file["nodes"]["f"]["onError"] = on_error;
        run(&file)
    };
    assert_eq!(with(json!({ "strategy": "continue" }), &["f fine", "f error caught"]), json!({ "fine": "fine" }));
    let goto = json!({ "strategy": "goto", "gotoNode": "caught" });
    assert_eq!(with(goto, &["f fine"]), json!({ "caught": "VALIDATION" }));
    let fallback = json!({ "strategy": "fallback", "fallbackNodeId": "caught" });
    assert_eq!(with(fallback, &["f fine", "fine caught"]), json!({ "caught": "VALIDATION" }));
}

#[test]
fn a_review_sets_both_of_its_names() {
    let review = json!({ "prompt": "Fine?", "variableName": "a", "outputVariable": "b", "inputType": "json" });
    let nodes = [("r", "humanReview", review), output("x", "{{a.approved}}"), output("y", "{{b.approved}}")];
    assert_eq!(run(&graph(&nodes, &["r x", "r y"])), json!({ "x": true, "y": true }));
}
