//! Limits of a run, and that the cost of a run grows with its length and not faster.

use serde_json::{Value, json};

use super::harness::{Run, body, call, set, with};
use crate::drive::ACTIVE_MS_MAX;
use crate::event::Happening;
use crate::machine::STEPS_MAX;

fn each(id: &str, source: &str, steps: Value) -> Value {
    json!({ "id": id, "type": "each", "data": { "arrayVariable": source, "steps": body(steps) } })
}

#[test]
fn step_executions_are_bounded() {
    let list: Vec<usize> = (0..99).collect();
    // 1 + 99 * (1 + 100) = 10,000 executions, then one more.
    let inner: Vec<usize> = (0..100).collect();
    let loops = each("outer", "l", json!([each("inner", "k", json!([set("in", json!({}))]))]));
    let fits = Run::long(json!([loops]), json!({ "l": list, "k": inner }));
    assert_eq!(fits.machine.steps_executed(), STEPS_MAX);
    assert_eq!(fits.output(), json!({}));
    let over = Run::long(json!([loops, set("last", json!({}))]), json!({ "l": list, "k": inner }));
    assert_eq!(over.failure(), ("step_limit".to_owned(), None));
}

#[test]
fn the_context_is_bounded() {
    let text = "x".repeat(900_000);
    let grow = json!({ "id": "w", "type": "while", "data": { "condition": "true", "maxIterations": 100, "steps": [
        with(set("in", json!({ "v": "{{ text }}" })), json!({ "output": "kept" }))] } });
    assert_eq!(
        Run::heavy(json!([grow]), json!({ "text": text })).failure().0,
        "context_limit",
        "what a loop gathers counts"
    );
    let same = json!({ "id": "w", "type": "while", "data": { "condition": "true", "maxIterations": 50, "steps": [set("in", json!({ "v": "{{ text }}" }))] } });
    assert_eq!(Run::heavy(json!([same]), json!({ "text": text })).output(), json!({}), "what is replaced does not");
    let forever = json!({ "id": "w", "type": "while", "data": { "condition": "true", "maxIterations": 500, "steps": [set("in", json!({ "v": "{{ text }}" }))] } });
    assert_eq!(
        Run::heavy(json!([forever]), json!({ "text": text })).failure().0,
        "context_limit",
        "the journal is bounded too"
    );
    let mut run = Run::long(json!([call("a"), set("next", json!({}))]), json!({}));
    run.done("a", json!("x".repeat(6_000_000)));
    assert_eq!(run.failure(), ("context_limit".to_owned(), Some("a")), "under its id and under its name");
}

#[test]
fn copies_for_branches_are_not_held_against_a_run_until_they_are_very_many() {
    let branches = |depth: usize| {
        (0..depth).fold(json!([call("x")]), |inner, level| {
            let branch = |index: usize| {
                let steps = if index == 0 { inner.clone() } else { json!([call(&format!("c{level}_{index}"))]) };
                json!({ "id": format!("b{index}"), "steps": steps })
            };
            json!([{ "id": format!("p{level}"), "type": "parallel", "data": { "branches": (0..10).map(branch).collect::<Vec<_>>() } }])
        })
    };
    let inputs = json!({ "text": "x".repeat(2_000_000) });
    assert!(Run::heavy(branches(1), inputs.clone()).machine.outcome().is_none());
    assert_eq!(Run::heavy(branches(4), inputs).failure().0, "context_limit");
}

#[test]
fn active_time_is_bounded_and_waiting_is_free() {
    let steps = json!([{ "id": "ask", "type": "user-approval", "data": { "message": "m" } }, call("a"), call("b")]);
    let mut run = Run::of(steps, json!({}));
    run.pass(500_000).decide(true);
    run.pass(ACTIVE_MS_MAX / 1_000).done("a", json!(1));
    assert!(run.machine.outcome().is_none(), "just within");
    run.pass(1).done("b", json!(1));
    // The result counts, and the run had nothing left to do.
    assert_eq!(run.output(), json!({}));
    let mut run = Run::of(json!([call("a"), call("b")]), json!({}));
    run.pass(ACTIVE_MS_MAX / 1_000 + 1).done("a", json!(1));
    assert_eq!(run.failure().0, "run_timeout");
    assert_eq!(run.performed("b"), 0, "nothing begins after the end");
}

#[test]
fn a_clock_that_goes_back_does_not_reach_the_journal() {
    let mut run =
        Run::of(json!([call("a"), { "id": "d", "type": "delay", "data": { "seconds": 60 } }, call("b")]), json!({}));
    run.pass(-3_600).done("a", json!(1));
    assert!(run.machine.active_ms(run.now) >= 0);
    run.pass(-3_600).expire();
    assert!(run.machine.active_ms(run.now) >= 0);
    run.pass(3_600).done("b", json!(1));
    let times: Vec<i64> = run.journal.iter().map(|event| event.at.micros()).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(run.machine.active_ms(run.now) >= 0);
}

/// Counts what is proportional to time: nothing is measured with a clock here, so that the test cannot flicker. A loop
/// that copies its results in each pass would need minutes for this.
#[test]
fn long_loops_take_time_in_proportion() {
    let list: Vec<Value> =
        (0..5_000).map(|index| json!({ "id": index, "name": "a name", "tags": ["a", "b"] })).collect();
    let steps = json!([{ "id": "e", "type": "each", "data": { "arrayVariable": "l", "steps": [with(set("in", json!({ "v": "{{ item.id }}" })), json!({ "output": "o" }))] } }]);
    let run = Run::long(steps, json!({ "l": list }));
    assert_eq!(run.result("e")["successfulItems"], json!(5_000));
    let steps = json!([{ "id": "w", "type": "while", "data": { "condition": "true", "maxIterations": 2_000, "steps": [with(set("in", json!({ "v": "{{ iteration }}" })), json!({ "output": "o" }))] } }]);
    let run = Run::long(steps, json!({}));
    assert_eq!(run.result("w")["iterations"], json!(2_000));
}

#[test]
fn a_limit_leaves_nothing_under_way() {
    let mut run = Run::of(json!([call("a")]), json!({}));
    run.tell(Happening::Stopped { error: crate::event::StepError::new("run_timeout", "Too long") });
    assert!(run.machine.active.is_empty() && run.machine.ready.is_empty() && run.machine.questions.is_empty());
}
