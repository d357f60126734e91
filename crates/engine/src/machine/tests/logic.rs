//! Variables, conditions, joins, ends, and which way a run comes in.

use serde_json::{Value, json};

use super::harness::{Run, body, call, chained, set, with};
use crate::event::Happening;
use crate::machine::Outcome;

fn condition(id: &str, branches: Value, more: Value) -> Value {
    let mut step = json!({ "id": id, "type": "condition", "data": { "branches": branches }, "output": id });
    if let Some(otherwise) = more.get("elseNextStepId") {
        step["data"]["elseNextStepId"] = otherwise.clone();
    }
    if let Some(next) = more.get("nextStepId") {
        step["nextStepId"] = next.clone();
    }
    step
}

#[test]
fn variables_are_rendered_together_then_written() {
    let run = Run::of(
        json!([
            set("a", json!({ "x": 1, "y": "{{ x }}", "z": "{{ n }}-{{ n }}" })),
            set("b", json!({ "y": "{{ x + 1 }}" }))
        ]),
        json!({ "n": 4 }),
    );
    let context = run.machine.context();
    assert_eq!((&context["x"], &context["y"], &context["z"]), (&json!(1), &json!(2), &json!("4-4")));
    assert_eq!(context["steps"], json!({ "a": { "x": 1, "y": null, "z": "4-4" }, "b": { "y": 2 } }));
}

#[test]
fn variables_take_the_forms_of_key_values() {
    for variables in [json!([{ "key": "x", "value": "{{ n }}" }]), json!("{\"x\":\"{{ n }}\"}"), json!("{{ all }}")] {
        let run = Run::of(json!([set("a", variables)]), json!({ "n": 4, "all": { "x": 4 } }));
        assert_eq!(run.result("a"), json!({ "x": 4 }));
    }
    let reserved = Run::of(json!([set("a", json!("{{ all }}"))]), json!({ "all": { "_x": 4 } }));
    assert_eq!(reserved.failure(), ("reserved_name".to_owned(), Some("a")));
}

#[test]
fn the_first_true_branch_is_taken() {
    let steps = json!([
        condition("if", json!([
            { "id": "big", "condition": "n > 10", "nextStepId": "b" },
            { "id": "some", "condition": "{{ n > 5 }}", "nextStepId": "c" },
            { "id": "none", "condition": "n < 0" },
        ]), json!({ "elseNextStepId": "d", "nextStepId": "never" })),
        with(set("b", json!({ "went": "b" })), json!({ "nextStepId": "join" })),
        with(set("c", json!({ "went": "c" })), json!({ "nextStepId": "join" })),
        with(set("d", json!({ "went": "d" })), json!({ "nextStepId": "join" })),
        with(set("never", json!({ "went": "never" })), json!({ "nextStepId": "join" })),
        { "id": "join", "type": "final", "data": { "outputs": { "went": "{{ went }}", "result": "{{ if }}" } } },
    ]);
    let went = |n: i64| Run::of(steps.clone(), json!({ "n": n }));
    assert_eq!(went(11).output(), json!({ "went": "b", "result": { "branchId": "big", "matched": true } }));
    assert_eq!(went(6).output(), json!({ "went": "c", "result": { "branchId": "some", "matched": true } }));
    assert_eq!(went(1).output(), json!({ "went": "d", "result": { "branchId": null, "matched": false } }));
    assert_eq!(went(1).told(), ["if completed", "d completed", "join completed"]);
    // A branch that leads nowhere ends the list.
    assert_eq!(went(-1).output(), json!({}));
}

#[test]
fn without_an_else_the_ordinary_way_is_taken() {
    let steps = json!([
        condition("if", json!([{ "id": "y", "condition": "n", "nextStepId": "end" }]), json!({ "nextStepId": "b" })),
        set("b", json!({ "went": true })),
        { "id": "end", "type": "final", "data": { "outputs": { "went": "{{ went }}" } } },
    ]);
    assert_eq!(Run::of(steps.clone(), json!({ "n": 0 })).output(), json!({ "went": true }));
    assert_eq!(Run::of(steps, json!({ "n": 1 })).output(), json!({ "went": null }));
}

#[test]
fn a_condition_that_cannot_be_told_fails() {
    let steps = json!([condition("if", json!([{ "id": "y", "condition": "n.includes(1)" }]), json!({}))]);
    let run = Run::of(steps, json!({ "n": 5 }));
    assert_eq!(run.failure().1, Some("if"));
}

#[test]
fn dead_ways_do_not_hold_a_join_back() {
    // Two conditions one after another, joined at every level; whichever way, `end` runs once.
    let steps = json!([
        condition("one", json!([{ "id": "y", "condition": "a", "nextStepId": "two" }]), json!({ "elseNextStepId": "end", "nextStepId": null })),
        condition("two", json!([{ "id": "y", "condition": "b", "nextStepId": "x" }]), json!({ "elseNextStepId": "y", "nextStepId": null })),
        with(set("x", json!({})), json!({ "nextStepId": "z" })),
        with(set("y", json!({})), json!({ "nextStepId": "z" })),
        with(set("z", json!({})), json!({ "nextStepId": "end" })),
        { "id": "end", "type": "final", "data": { "outputs": { "done": true } } },
    ]);
    for (a, b, told) in [
        (1, 1, vec!["one completed", "two completed", "x completed", "z completed", "end completed"]),
        (1, 0, vec!["one completed", "two completed", "y completed", "z completed", "end completed"]),
        (0, 1, vec!["one completed", "end completed"]),
    ] {
        let run = Run::of(steps.clone(), json!({ "a": a, "b": b }));
        assert_eq!(run.output(), json!({ "done": true }));
        assert_eq!(run.told(), told);
    }
}

#[test]
fn two_ways_to_one_step_run_it_once() {
    let steps = json!([
        condition(
            "if",
            json!([
                { "id": "a", "condition": "n == 1", "nextStepId": "x" },
                { "id": "b", "condition": "n == 2", "nextStepId": "x" },
            ]),
            json!({ "elseNextStepId": "x", "nextStepId": "x" })
        ),
        set("x", json!({})),
    ]);
    for n in 1..4 {
        assert_eq!(Run::of(steps.clone(), json!({ "n": n })).told(), ["if completed", "x completed"]);
    }
}

#[test]
fn a_final_step_ends_the_run_at_once() {
    let run = Run::of(
        json!([{ "id": "f", "type": "final", "data": { "outputs": { "a": "{{ n }}" } } }, set("never", json!({}))]),
        json!({ "n": [1] }),
    );
    assert_eq!(run.output(), json!({ "a": [1] }));
    assert_eq!(run.told(), ["f completed"]);
    assert_eq!(Run::of(json!([{ "id": "f", "type": "end-session" }]), json!({})).output(), json!({}));
    assert_eq!(Run::of(json!([set("a", json!({}))]), json!({})).output(), json!({}));
}

#[test]
fn the_context_holds_what_the_contract_names() {
    let outputs = json!({ "trigger": "{{ _trigger }}", "date": "{{ currentDate }}", "user": "{{ currentUser.name }}",
        "flow": "{{ flow.version }}", "run": "{{ run }}", "step": "{{ step }}", "item": "{{ item }}" });
    let run = Run::of(
        json!([{ "id": "f", "type": "final", "name": "End", "data": { "outputs": outputs } }]),
        json!({ "item": 3 }),
    );
    assert_eq!(
        run.output(),
        json!({
            "trigger": { "type": "api", "data": { "hook": true } }, "date": "2026-01-01T00:00:00.000Z", "user": "Ada", "flow": 3,
            "run": { "_id": "00000000-0000-0000-0000-000000000007", "startedAt": "2026-01-01T00:00:00.000Z" },
            "step": { "id": "f", "name": "End" }, "item": 3,
        })
    );
    // An input of the same name takes the place of a built-in one; a variable is there from the start.
    let mut definition = chained(
        json!([{ "id": "f", "type": "final", "data": { "outputs": { "flow": "{{ flow }}", "v": "{{ v }}" } } }]),
    );
    definition["variables"] = json!([{ "key": "v", "value": [1] }, { "key": "flow", "value": 0 }]);
    assert_eq!(Run::of_definition(definition, json!({ "flow": "mine" })).output(), json!({ "flow": "mine", "v": [1] }));
}

#[test]
fn a_run_comes_in_at_its_trigger() {
    let definition = json!({ "steps": [
        { "id": "t1", "type": "api", "nextStepId": "a" },
        { "id": "t2", "type": "form", "nextStepId": "b" },
        { "id": "t3", "type": "schedule" },
        with(set("a", json!({ "a": 1 })), json!({ "nextStepId": "b" })),
        { "id": "b", "type": "final", "data": { "outputs": { "a": "{{ a }}", "by": "{{ _trigger.type }}" } } },
    ] });
    for (entry, output) in
        [(0, json!({ "a": 1, "by": "api" })), (1, json!({ "a": null, "by": "form" })), (2, json!({}))]
    {
        let mut run = Run::unbegun(&definition);
        run.begin(entry, json!({}));
        assert_eq!(run.output(), output);
    }
    let mut run = Run::unbegun(&definition);
    run.begin(3, json!({}));
    assert_eq!(run.failure(), ("no_trigger".to_owned(), None));
}

#[test]
fn nothing_happens_before_the_beginning_or_twice() {
    let mut run = Run::unbegun(&chained(json!([call("a")])));
    assert!(!run.try_tell(Happening::Cancelled { by: None }));
    run.begin(0, json!({}));
    let again = run.journal[0].what.clone();
    assert!(!run.try_tell(again));
    assert!(run.machine.outcome().is_none());
    run.tell(Happening::Stopped { error: crate::event::StepError::new("gone", "The version is gone") });
    assert!(matches!(run.machine.outcome(), Some(Outcome::Failed(_))));
    assert_eq!(run.failure(), ("gone".to_owned(), Some("a")));
}

#[test]
fn names_of_a_step_are_its_own() {
    let run = Run::of(
        json!([{ "id": "e", "type": "each", "data": { "arrayVariable": "l", "steps": body(json!([set("in", json!({ "at": "{{ step.id }}" }))])) } }]),
        json!({ "l": [1] }),
    );
    assert_eq!(run.machine.context()["at"], json!("in"));
}
