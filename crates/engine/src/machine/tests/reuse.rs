//! Runs that take over what another run has come to.

use serde_json::{Value, json};

use super::harness::{Run, body, call, chained, set, with};
use crate::event::StepError;
use crate::plan::NodeIndex;
use crate::reuse::{Foreseen, From, Wish};

const UNFINISHED: Wish<'static> =
    Wish { from: From::Unfinished, repeat_effects: false, same_version: true, sends: &sends };

/// What `call` steps send unless they say GET.
fn sends(step: &str, input: &Value) -> bool {
    step == "call" && input["method"] != json!("GET")
}

fn from(run: &Run, step: &str) -> From {
    From::Step(node(run, step))
}

fn node(run: &Run, step: &str) -> NodeIndex {
    run.machine.plan().find(step).expect("a step of the plan")
}

fn read(id: &str) -> Value {
    with(call(id), json!({ "data": { "url": "u", "method": "GET" } }))
}

fn ask(message: &str) -> Value {
    json!({ "id": "ask", "type": "user-approval", "data": { "message": message }, "output": "said" })
}

fn foreseen(reused: &[&str], again: &[&str], kept: &[&str]) -> Foreseen {
    let texts = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Foreseen { reused: texts(reused), again: texts(again), kept_approvals: texts(kept) }
}

fn end() -> Value {
    json!({ "id": "end", "type": "final", "data": { "outputs": { "a": "{{ a }}", "v": "{{ v }}", "said": "{{ approval.decidedBy }}" } } })
}

#[test]
fn what_was_finished_is_taken_over_with_its_context_and_shown_as_such() {
    let steps = chained(json!([read("a"), set("s", json!({ "v": "{{ a + 1 }}" })), ask("Pay?"), call("b"), end()]));
    let mut old = Run::of_definition(steps.clone(), json!({}));
    old.done("a", json!(1)).decide(true).fail("b", StepError::new("http_status", "no"));
    let (mut run, told) = old.repeat(&steps, Value::Null, &UNFINISHED);
    assert_eq!(told, foreseen(&["a", "s", "ask"], &["b", "end"], &[]));
    assert_eq!(run.told(), ["a completed", "s completed", "ask completed", "b running"]);
    assert_eq!((run.performed("a"), run.performed("b")), (0, 1));
    run.done("b", json!(2));
    assert_eq!(run.output(), json!({ "a": 1, "v": 2, "said": "Ada" }));
    let records = run.history().steps;
    assert_eq!(records.iter().map(|step| step.reused).collect::<Vec<_>>(), [true, true, true, false, false]);
    assert_eq!(records[0].input.as_deref(), Some(&json!({ "url": "u", "method": "GET" })));
}

#[test]
fn after_the_beginning_only_what_was_sent_and_equal_approvals_are_taken_over() {
    let steps = chained(json!([
        read("a"),
        set("s", json!({ "v": "{{ n }}" })),
        call("b"),
        ask("Pay {{ v }}?"),
        call("c"),
        end()
    ]));
    let mut old = Run::of_definition(steps.clone(), json!({ "n": 5 }));
    old.done("a", json!(1)).done("b", json!(2)).decide(true).done("c", json!(3));
    old.output();
    let wish = |from, repeat_effects, same_version| Wish { from, repeat_effects, same_version, sends: &sends };

    // From the start: what reads is read again, nothing is sent, the approval holds.
    let (mut run, told) = old.repeat(&steps, Value::Null, &wish(From::Start, false, true));
    assert_eq!(told, foreseen(&["b", "c"], &["a", "s", "end"], &["ask"]));
    run.done("a", json!(10));
    assert_eq!(run.output(), json!({ "a": 10, "v": 5, "said": "Ada" }));

    // Another amount is another question.
    let (mut run, told) = old.repeat(&steps, json!({ "n": 6 }), &wish(from(&old, "s"), false, true));
    assert_eq!(told, foreseen(&["a", "b", "c"], &["s", "ask", "end"], &[]));
    assert!(run.machine.is_waiting());
    run.decide(true);
    assert_eq!(run.output(), json!({ "a": 1, "v": 6, "said": "Ada" }));

    // An approval of one version is none of another; and who wants to send again does.
    let (mut run, told) = old.repeat(&steps, Value::Null, &wish(from(&old, "s"), true, false));
    assert_eq!(told, foreseen(&["a"], &["s", "b", "ask", "c", "end"], &[]));
    run.done("b", json!(2)).decide(true).done("c", json!(4));
    run.output();

    // An approval from which a run is repeated is asked again, and not given away.
    let (run, told) = old.repeat(&steps, Value::Null, &wish(from(&old, "ask"), false, true));
    assert_eq!(told, foreseen(&["a", "s", "b", "c"], &["ask", "end"], &[]));
    assert!(run.machine.is_waiting());
}

#[test]
fn a_loop_that_broke_off_sends_only_what_it_had_not_sent() {
    let inner = |id: &str| with(call(id), json!({ "data": { "url": "{{ item }}" } }));
    let loop_of = |more: Value| {
        let mut data = json!({ "arrayVariable": "l", "failOnError": true, "steps": body(json!([inner("x"), set("in", json!({ "seen": "{{ item }}" }))])) });
        data.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        json!({ "id": "loop", "type": "each", "data": data, "output": "loop" })
    };
    let steps = chained(json!([loop_of(json!({})), call("b"), set("s", json!({ "v": "{{ seen }}" }))]));
    let mut old = Run::of_definition(steps.clone(), json!({ "l": ["p", "q", "r"] }));
    old.done("x", json!(1)).done("x", json!(2)).fail("x", StepError::new("http_status", "no"));
    assert_eq!(old.failure().1, Some("loop"));
    let (mut run, told) = old.repeat(&steps, Value::Null, &UNFINISHED);
    assert_eq!(told, foreseen(&[], &["loop", "x", "in", "b", "s"], &[]));
    assert_eq!(run.performed("x"), 1);
    run.done("x", json!(3)).fail("b", StepError::new("http_status", "no"));

    // Another item in the same place is another pass.
    let (mut other, _) = old.repeat(&steps, json!({ "l": ["p", "z"] }), &UNFINISHED);
    assert_eq!(other.performed("x"), 1);
    other.done("x", json!(9)).done("b", json!(0));
    assert_eq!(other.result("loop")["processedItems"], json!(2));

    // Of a loop that is taken over whole, what its steps wrote is there as well; also a second time.
    let (third, told) = run.repeat(&steps, Value::Null, &UNFINISHED);
    assert_eq!(told, foreseen(&["loop"], &["b", "s"], &[]));
    let (mut fourth, _) = third.repeat(&steps, Value::Null, &UNFINISHED);
    assert_eq!((third.performed("x"), fourth.performed("x")), (0, 0));
    fourth.done("b", json!(0));
    assert_eq!(fourth.result("s"), json!({ "v": "r" }));
    assert_eq!(fourth.result("x"), json!(3));
}

#[test]
fn another_version_takes_over_the_steps_that_are_the_same() {
    let choose = |branches: Value| json!({ "id": "which", "type": "condition", "data": { "branches": branches, "elseNextStepId": "no" } });
    let big = json!({ "id": "big", "condition": "n > 3", "nextStepId": "b" });
    let small = json!({ "id": "small", "condition": "n < 0", "nextStepId": "no" });
    let tail =
        [with(call("b"), json!({ "nextStepId": null })), with(set("no", json!({})), json!({ "nextStepId": null }))];
    let version =
        |first: Value, branches: Value| chained(json!([first, choose(branches), tail[0].clone(), tail[1].clone()]));
    let mut old = Run::of_definition(version(call("a"), json!([big.clone()])), json!({ "n": 5 }));
    old.done("a", json!(1)).fail("b", StepError::new("http_status", "no"));
    let wish = Wish { same_version: false, ..UNFINISHED };

    // The branch is the same, though it stands elsewhere.
    let (run, told) = old.repeat(&version(call("a"), json!([small.clone(), big.clone()])), Value::Null, &wish);
    assert_eq!(told, foreseen(&["a", "which"], &["b"], &[]));
    assert_eq!(run.performed("b"), 1);

    // Another type under the same id is another step, and a branch that is gone is no way.
    let (run, told) = old.repeat(&version(set("a", json!({})), json!([small])), Value::Null, &wish);
    assert_eq!(told, foreseen(&[], &["a", "which", "no"], &[]));
    assert_eq!(run.told(), ["a completed", "which completed", "no completed"]);
}
