//! Loops and cycles of graphs (Workflow API contract, section 16).

use serde_json::{Value, json};

use super::harness::{Run, done_at, failed_at};
use crate::event::StepError;
use crate::machine::Outcome;

fn output(name: &str, value: &str) -> Value {
    json!({ "type": "output", "outputName": name, "value": value })
}

fn work() -> Value {
    json!({ "type": "http", "url": "https://x/{{item}}", "outputVariable": "last" })
}

/// A loop over three numbers whose body is one call, in each of the notations.
fn looped(notation: usize, config: &Value) -> Run {
    let mut node = json!({ "type": "loop", "loopType": "forEach", "arrayPath": "{{list}}" });
    node.as_object_mut().expect("a node").extend(config.as_object().expect("an object").clone());
    let edges = match notation {
        0 => json!([["in", "loop"], ["loop", "work", "body"], ["loop", "out", "done"]]),
        1 => json!([["in", "loop"], ["loop", "work"], ["work", "loop"], ["loop", "out", "done"]]),
        _ => json!([["in", "loop"], ["loop", "work"], ["work", "out"]]),
    };
    Run::of_graph(
        json!({
            "in": { "type": "input", "inputName": "list", "inputType": "json" },
            "loop": node, "work": work(), "out": output("all", "{{loop.results}}"),
        }),
        edges,
        json!({ "list": [7, 8, 9] }),
    )
}

#[test]
fn every_notation_passes_its_body_for_each_item() {
    for notation in 0..3 {
        let mut run = looped(notation, &json!({}));
        for (pass, item) in [7, 8, 9].into_iter().enumerate() {
            assert_eq!(run.performed("work"), pass + 1, "notation {notation}");
            assert_eq!(run.machine.pass_key(run.place("work")), pass.to_string());
            run.done("work", json!({ "got": item }));
        }
        let record = run.record("loop");
        let results = json!([{ "got": 7 }, { "got": 8 }, { "got": 9 }]);
        assert_eq!(run.output(), json!({ "all": results }), "notation {notation}");
        assert_eq!(
            (&record["iterations"], &record["completed"], &record["items"]),
            (&json!(3), &json!(true), &json!([7, 8, 9]))
        );
        assert_eq!(record["outputs"], record["results"]);
        assert_eq!(run.variable("last"), json!({ "got": 9 }), "what a pass writes stays");
    }
}

#[test]
fn a_failed_pass_fails_the_loop_is_null_or_is_told() {
    let cases = [
        ("fail", None),
        ("continue", Some(json!([1, null, 1]))),
        (
            "collect",
            Some(
                json!([{ "success": true, "data": 1 }, { "success": false, "error": "no" }, { "success": true, "data": 1 }]),
            ),
        ),
    ];
    for (mode, expected) in cases {
        let mut run = looped(0, &json!({ "onPartialFailure": mode }));
        run.done("work", json!(1));
        run.fail("work", StepError::new("NETWORK", "no"));
        match expected {
            None => {
                assert_eq!(run.failure(), ("NETWORK".to_owned(), Some("work")), "the node inside is blamed");
                assert_eq!(run.performed("work"), 2);
            }
            Some(expected) => {
                run.done("work", json!(1));
                assert_eq!(run.output(), json!({ "all": expected }), "{mode}");
            }
        }
    }
}

#[test]
fn concurrent_passes_work_on_copies_and_keep_their_places() {
    let mut run = looped(0, &json!({ "maxConcurrency": 2 }));
    let places = run.places("work");
    assert_eq!(places.len(), 2);
    run.tell(done_at(places[1], 1, json!("b")));
    let places = run.places("work");
    assert_eq!(places.len(), 3, "the next pass begins when one has ended");
    run.tell(done_at(places[2], 1, json!("c")));
    run.tell(done_at(places[0], 1, json!("a")));
    assert_eq!(run.output(), json!({ "all": ["a", "b", "c"] }));
    assert!(run.record("work").is_null() && run.variable("last").is_null(), "only results survive");
    let mut failing = looped(0, &json!({ "maxConcurrency": 3 }));
    let places = failing.places("work");
    failing.tell(failed_at(places[2], 1, StepError::new("NETWORK", "no")));
    assert_eq!(failing.failure().0, "NETWORK");
}

#[test]
fn a_while_loop_ends_with_its_condition_or_at_its_limit() {
    for (condition, most, passes, completed) in
        [("{{loop.index}} < 3", 10, 3, true), ("true", 4, 4, false), ("false", 4, 0, true)]
    {
        let run = Run::of_graph(
            json!({
                "loop": { "type": "loop", "loopType": "while", "condition": condition, "maxIterations": most },
                "body": { "type": "transform", "operation": "template", "template": "{{loop.iteration}}", "inputData": "{{loop}}" },
                "out": output("all", "{{loop.results}}"),
            }),
            json!([["loop", "body", "body"], ["loop", "out", "done"]]),
            json!({}),
        );
        let record = run.record("loop");
        assert_eq!((&record["iterations"], &record["completed"]), (&json!(passes), &json!(completed)), "{condition}");
        let expected: Vec<Value> = (1..=passes).map(|pass| json!(pass)).collect();
        assert_eq!(run.output(), json!({ "all": expected }), "{condition}");
    }
}

#[test]
fn an_edge_that_leaves_the_body_breaks_the_loop() {
    let run = Run::of_graph(
        json!({
            "in": { "type": "merge" },
            "loop": { "type": "loop", "loopType": "count", "count": 5 },
            "check": { "type": "conditional", "leftValue": "{{loop.index}}", "operator": "==", "rightValue": "2" },
            "early": output("early", "{{check.leftValue}}"),
            "late": output("late", "{{loop.iterations}}"),
        }),
        json!([
            ["in", "loop"],
            ["loop", "check"],
            ["check", "loop", "false"],
            ["check", "early", "true"],
            ["loop", "late", "done"]
        ]),
        json!({}),
    );
    let record = run.record("loop");
    assert_eq!(record["iterations"], json!(3), "{record}");
    assert_eq!(run.output(), json!({ "early": 2 }));
}

#[test]
fn a_plain_cycle_passes_while_its_way_back_is_live_and_fails_at_its_limit() {
    let nodes = json!({
        "in": { "type": "merge" },
        "call": { "type": "http", "url": "https://x" },
        "check": { "type": "conditional", "leftValue": "{{call.status}}", "operator": "==", "rightValue": "200" },
        "out": output("status", "{{call.status}}"),
    });
    let edges = json!([["in", "call"], ["call", "check"], ["check", "out", "true"], ["check", "call", "false"]]);
    let mut run = Run::of_graph(nodes, edges, json!({}));
    for pass in 0..3 {
        assert_eq!(run.performed("call"), pass + 1);
        run.done("call", json!({ "status": if pass == 2 { 200 } else { 503 } }));
    }
    assert_eq!(run.output(), json!({ "status": 200 }));
    let endless = Run::long_graph(
        json!({
            "start": { "type": "merge" }, "again": { "type": "merge" },
            "check": { "type": "conditional", "leftValue": "1", "operator": "==", "rightValue": "1" },
            "out": output("never", "x"),
        }),
        json!([["start", "again"], ["again", "check"], ["check", "again", "true"], ["check", "out", "false"]]),
        json!({}),
    );
    assert_eq!(endless.failure(), ("LOOP_LIMIT".to_owned(), Some("check")));
}

#[test]
fn loops_nest_and_know_the_one_around() {
    let run = Run::of_graph(
        json!({
            "outer": { "type": "loop", "loopType": "forEach", "arrayPath": "{{list}}", "itemVariable": "row" },
            "inner": { "type": "loop", "loopType": "forEach", "arrayPath": "{{row}}", "itemVariable": "cell" },
            "text": { "type": "transform", "operation": "template", "inputData": "{{cell}}", "template": "{{loop.parent.index}}.{{loop.index}}={{cell}}" },
            "out": output("all", "{{outer.results}}"),
        }),
        json!([["outer", "inner", "body"], ["inner", "text", "body"], ["outer", "out", "done"]]),
        json!({ "list": [["a", "b"], ["c"]] }),
    );
    assert_eq!(run.output(), json!({ "all": [["0.0=a", "0.1=b"], ["1.0=c"]] }));
}

#[test]
fn ten_thousand_passes_of_a_pure_body_are_carried_out() {
    let mut run = Run::long_graph(
        json!({
            "loop": { "type": "loop", "loopType": "count", "count": 10_000, "maxIterations": 10_000 },
            "body": { "type": "conditional", "leftValue": "{{loop.index}}", "operator": ">", "rightValue": "5" },
            "out": output("passes", "{{loop.iterations}}"),
        }),
        json!([["loop", "body", "body"], ["loop", "out", "done"]]),
        json!({}),
    );
    run.go_on();
    assert!(matches!(run.machine.outcome(), Some(Outcome::Completed(_))), "{:?}", run.machine.outcome());
    assert_eq!(run.machine.steps_executed(), 10_002);
}
