//! Parallel blocks: isolation, merging, and their three ways to end.

use serde_json::{Value, json};

use super::harness::{Run, body, call, done_at, set, with};
use crate::event::{Happening, StepError};
use crate::machine::Command;

fn parallel(branches: Vec<(&str, Value)>, more: Value) -> Value {
    let branches: Vec<Value> =
        branches.into_iter().map(|(id, steps)| json!({ "id": id, "steps": body(steps) })).collect();
    let mut data = json!({ "branches": branches });
    data.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    json!({ "id": "par", "type": "parallel", "data": data, "output": "par" })
}

fn broken(code: &str) -> StepError {
    StepError::new(code, "No")
}

#[test]
fn branches_run_at_once_on_copies_and_merge_in_order() {
    let branch = |name: &str| {
        json!([
            call(name),
            with(
                set(&format!("{name}-set"), json!({ "x": format!("{name} after {{{{ x }}}}"), "n": name })),
                json!({ "output": "last" })
            )
        ])
    };
    let mut run = Run::of(
        json!([parallel(vec![("left", branch("l")), ("right", branch("r"))], json!({})), set("next", json!({}))]),
        json!({ "x": "start" }),
    );
    assert_eq!((run.performed("l"), run.performed("r")), (1, 1));
    // The right one ends first; the left one still sees its own copy, and branch order decides what stays.
    run.done("r", json!("R"));
    assert_eq!(run.machine.context()["x"], json!("start"));
    run.done("l", json!("L"));
    let context = run.machine.context();
    assert_eq!((&context["x"], &context["l"], &context["r"]), (&json!("r after start"), &json!("L"), &json!("R")));
    assert_eq!(context["last"], json!({ "x": "r after start", "n": "r" }));
    assert_eq!(
        run.result("par"),
        json!({ "branches": {
        "left": { "status": "completed", "outputs": { "l": "L", "last": { "x": "l after start", "n": "l" } } },
        "right": { "status": "completed", "outputs": { "r": "R", "last": { "x": "r after start", "n": "r" } } },
    } })
    );
    let steps: Vec<&String> = context["steps"].as_object().expect("an object").keys().collect();
    assert_eq!(steps, ["l", "l-set", "r", "r-set", "par", "next"]);
    assert_eq!(
        run.told(),
        ["par completed", "l completed", "r completed", "r-set completed", "l-set completed", "next completed"]
    );
    let branches: Vec<_> = run.history().steps.iter().map(|record| record.branch_id.clone()).collect();
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(branches, [None, name("left"), name("right"), name("right"), name("left"), None]);
}

#[test]
fn the_first_failure_ends_it() {
    let steps = json!([parallel(vec![("a", json!([call("x")])), ("b", json!([call("y"), call("z")]))], json!({}))]);
    let mut run = Run::of(steps, json!({}));
    let y = run.place("y");
    run.fail("x", broken("broken"));
    assert_eq!(run.failure(), ("broken".to_owned(), Some("par")));
    assert!(matches!(run.commands.last(), Some(Command::Abandon(place)) if *place == y));
    assert!(!run.try_tell(done_at(y, 1, json!(1))));
    assert_eq!(run.told(), ["par failed", "x failed", "y cancelled"]);
}

#[test]
fn without_fail_fast_all_are_awaited() {
    let steps = json!([parallel(
        vec![("a", json!([set("w", json!({ "v": 1 })), call("x")])), ("b", json!([call("y")]))],
        json!({ "failFast": false })
    )]);
    let mut run = Run::of(steps, json!({}));
    run.fail("x", broken("broken")).done("y", json!(2));
    assert_eq!(
        run.result("par"),
        json!({ "branches": {
        "a": { "status": "failed", "outputs": {}, "error": { "code": "broken", "message": "No" } },
        "b": { "status": "completed", "outputs": { "y": 2 } },
    } })
    );
    assert_eq!(run.machine.context().get("v"), None, "a branch that failed leaves nothing behind");
    assert_eq!(run.told(), ["par completed", "w completed", "y completed", "x failed"]);
}

#[test]
fn any_ends_with_the_first_success() {
    let block = parallel(
        vec![("a", json!([call("x")])), ("b", json!([call("y")])), ("c", json!([call("z")]))],
        json!({ "mode": "any" }),
    );
    let steps = json!([block, call("after")]);
    let mut run = Run::of(steps.clone(), json!({}));
    let x = run.place("x");
    run.fail("z", broken("broken")).done("y", json!(2));
    assert_eq!(
        run.result("par"),
        json!({ "branches": {
        "a": { "status": "cancelled", "outputs": {} },
        "b": { "status": "completed", "outputs": { "y": 2 } },
        "c": { "status": "failed", "outputs": {}, "error": { "code": "broken", "message": "No" } },
    } })
    );
    assert!(run.commands.iter().any(|command| matches!(command, Command::Abandon(place) if *place == x)));
    assert!(!run.try_tell(done_at(x, 1, json!(1))), "what was given up is not heard");
    assert!(!run.machine.wants(x, 1));
    assert_eq!(run.machine.context().get("x"), None);
    let mut run = Run::of(steps, json!({}));
    run.fail("z", broken("third")).fail("x", broken("first")).fail("y", broken("second"));
    assert_eq!(run.failure(), ("first".to_owned(), Some("par")), "the first in branch order");
}

#[test]
fn blocks_and_loops_nest() {
    let inner = |name: &str| {
        with(
            parallel(
                vec![
                    ("p", json!([call(&format!("{name}1"))])),
                    ("q", json!([set(&format!("{name}2"), json!({ "deep": name }))])),
                ],
                json!({}),
            ),
            json!({ "id": format!("{name}-par"), "output": null }),
        )
    };
    let each = |name: &str, steps: Value| json!({ "id": name, "type": "each", "data": { "arrayVariable": "l", "steps": body(steps) } });
    let steps = json!([
        parallel(
            vec![("a", json!([each("ea", json!([inner("i")]))])), ("b", json!([inner("j")]))],
            json!({ "mode": "any" })
        ),
        set("next", json!({}))
    ]);
    let mut run = Run::of(steps.clone(), json!({ "l": [1, 2] }));
    run.done("i1", json!(1));
    let again = run.place("i1");
    assert_eq!(run.machine.pass_key(again), "1");
    let (_, branch) = run.machine.path(again);
    assert_eq!(branch, Some("p"));
    run.done("j1", json!(2));
    assert!(!run.try_tell(done_at(again, 1, json!(1))));
    assert_eq!(run.output(), json!({}));
    let context = run.machine.context();
    assert_eq!((&context["deep"], context.get("i1")), (&json!("j"), None));
    assert_eq!(context["j1"], json!(2));
    assert!(run.machine.contexts.len() <= 1 && run.machine.frames.is_empty() && run.machine.active.is_empty());
    // The same, cancelled in the middle.
    let mut run = Run::of(steps, json!({ "l": [1, 2] }));
    run.done("i1", json!(1)).tell(Happening::Cancelled { by: None });
    assert!(run.told().iter().all(|told| !told.ends_with("running")));
}

#[test]
fn a_failure_inside_is_handled_where_it_is() {
    let saved = with(call("x"), json!({ "onError": "continue" }));
    let mut run =
        Run::of(json!([parallel(vec![("a", json!([saved])), ("b", json!([call("y")]))], json!({}))]), json!({}));
    run.fail("x", broken("broken")).done("y", json!(1));
    assert_eq!(run.result("par")["branches"]["a"]["status"], json!("completed"));
    let whole = with(
        parallel(vec![("a", json!([call("x")])), ("b", json!([call("y")]))], json!({})),
        json!({ "onError": "continue" }),
    );
    let mut run = Run::of(json!([whole, set("next", json!({ "code": "{{ par.error.code }}" }))]), json!({}));
    run.fail("x", broken("broken"));
    assert_eq!(run.machine.context()["code"], json!("broken"));
    assert_eq!(run.output(), json!({}));
}
