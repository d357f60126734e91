//! Loops over lists and with conditions.

use serde_json::{Value, json};

use super::harness::{Run, body, call, set, with};
use crate::event::StepError;

fn each(source: &str, steps: Value, more: Value) -> Value {
    let mut data = json!({ "arrayVariable": source, "steps": body(steps) });
    data.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    json!({ "id": "loop", "type": "each", "data": data, "output": "loop" })
}

fn again(condition: &str, steps: Value, more: Value) -> Value {
    let mut data = json!({ "condition": condition, "steps": body(steps) });
    data.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    json!({ "id": "loop", "type": "while", "data": data, "output": "loop" })
}

#[test]
fn each_gives_what_the_contract_names() {
    let steps = json!([each(
        "l",
        json!([with(set("in", json!({ "sum": "{{ sum + item }}", "seen": "{{ _each }}" })), json!({ "output": "x" }))]),
        json!({})
    )]);
    let run = Run::of(steps, json!({ "l": [5, 7], "sum": 0, "item": "outer" }));
    let seen = |item: i64, index: usize| json!({ "item": item, "index": index, "total": 2, "isFirst": index == 0, "isLast": index == 1 });
    let pass = |item: i64, index: usize, sum: i64| json!({ "index": index, "item": item, "outputs": { "x": { "sum": sum, "seen": seen(item, index) } } });
    assert_eq!(
        run.result("loop"),
        json!({
            "item": [5, 7], "items": [5, 7], "results": [pass(5, 0, 5), pass(7, 1, 12)], "errors": [],
            "successfulItems": 2, "failedItems": 0, "totalItems": 2, "processedItems": 2,
        })
    );
    let context = run.machine.context();
    assert_eq!((&context["sum"], &context["item"], context.get("index")), (&json!(12), &json!("outer"), None));
    assert_eq!(run.told(), ["loop completed", "in completed", "in completed"]);
    let passes: Vec<_> = run.history().steps[1..].iter().map(|record| record.iteration[0].index).collect();
    assert_eq!(passes, [0, 1]);
}

#[test]
fn each_takes_lists_and_texts_of_lists() {
    let steps = |source: &str| json!([each(source, json!([set("in", json!({}))]), json!({}))]);
    let inputs = json!({ "l": [1, 2], "text": "[1,2]", "a-b": { "c": [0, [3]] }, "no": "x", "o": { "a": 1 } });
    for (source, processed) in [("l", 2), ("text", 2), ("{{ l }}", 2), ("a-b.c.1", 1), ("a-b.c", 2), ("l.concat(l)", 4)]
    {
        assert_eq!(
            Run::of(steps(source), inputs.clone()).result("loop")["processedItems"],
            json!(processed),
            "{source}"
        );
    }
    for source in ["no", "o", "missing", "a-b.c.9", "l.x"] {
        assert_eq!(
            Run::of(steps(source), inputs.clone()).failure(),
            ("not_an_array".to_owned(), Some("loop")),
            "{source}"
        );
    }
    let empty = Run::of(steps("l"), json!({ "l": [] }));
    assert_eq!(empty.result("loop")["results"], json!([]));
    assert_eq!(empty.told(), ["loop completed"]);
}

#[test]
fn each_is_bounded_by_max_items() {
    for max in [json!(2), json!("{{ n }}")] {
        let steps = json!([each("l", json!([set("in", json!({}))]), json!({ "maxItems": max }))]);
        let result = Run::of(steps, json!({ "l": [1, 2, 3], "n": 2 })).result("loop");
        assert_eq!((&result["totalItems"], &result["processedItems"]), (&json!(3), &json!(2)));
    }
    let steps = json!([each("l", json!([set("in", json!({}))]), json!({ "maxItems": "{{ n }}" }))]);
    assert_eq!(Run::of(steps, json!({ "l": [1], "n": "many" })).failure(), ("bad_value".to_owned(), Some("loop")));
}

#[test]
fn a_failing_pass_stops_the_loop_and_is_recorded() {
    let steps = |fail: bool| {
        json!([each("l", json!([call("in"), call("after")]), json!({ "failOnError": fail })), set("next", json!({}))])
    };
    let drive = |fail: bool| {
        let mut run = Run::of(steps(fail), json!({ "l": ["a", "b", "c"] }));
        run.done("in", json!(1)).done("after", json!(2)).fail("in", StepError::new("broken", "No"));
        run
    };
    let run = drive(false);
    let error = json!({ "code": "broken", "message": "No" });
    assert_eq!(
        run.result("loop"),
        json!({
            "item": ["a", "b", "c"], "items": ["a", "b", "c"],
            "results": [{ "index": 0, "item": "a", "outputs": { "in": 1, "after": 2 } }, { "index": 1, "item": "b", "outputs": {}, "error": error }],
            "errors": [{ "index": 1, "code": "broken", "message": "No" }],
            "successfulItems": 1, "failedItems": 1, "totalItems": 3, "processedItems": 2,
        })
    );
    assert_eq!(run.told(), ["loop completed", "in completed", "after completed", "in failed", "next completed"]);
    let run = drive(true);
    assert_eq!(run.failure(), ("broken".to_owned(), Some("loop")));
    assert_eq!(run.told(), ["loop failed", "in completed", "after completed", "in failed"]);
}

#[test]
fn while_is_tested_before_each_round() {
    let steps = json!([again(
        "n < 2",
        json!([with(set("in", json!({ "n": "{{ n + 1 }}", "at": "{{ _while }}" })), json!({ "output": "x" }))]),
        json!({})
    )]);
    let run = Run::of(steps, json!({ "n": 0, "iteration": "outer" }));
    let pass = |index: usize| json!({ "iteration": index, "outputs": { "x": { "n": index + 1, "at": { "iteration": index, "run": index + 1, "isFirst": index == 0 } } } });
    assert_eq!(
        run.result("loop"),
        json!({ "iterations": 2, "results": [pass(0), pass(1)], "errors": [], "lastIteration": pass(1) })
    );
    assert_eq!(run.machine.context()["iteration"], json!("outer"));
    let never = Run::of(json!([again("false", json!([set("in", json!({}))]), json!({}))]), json!({}));
    assert_eq!(never.result("loop"), json!({ "iterations": 0, "results": [], "errors": [], "lastIteration": null }));
}

#[test]
fn while_is_bounded() {
    let steps = |more: Value| json!([again("true", json!([set("in", json!({}))]), more)]);
    for (more, passes) in [(json!({ "maxIterations": 3 }), 3), (json!({}), 200)] {
        let result = Run::long(steps(more), json!({})).result("loop");
        assert_eq!(result["iterations"], json!(passes));
        assert_eq!(result["errors"][0]["code"], json!("max_iterations"));
        assert_eq!(result["errors"][0]["index"], json!(passes));
    }
    let capped = Run::long(steps(json!({ "maxIterations": 9_000 })), json!({}));
    assert_eq!(capped.result("loop")["iterations"], json!(2_000));
    assert_eq!(capped.machine.steps_executed(), 2_001);
    let failing = Run::of(steps(json!({ "maxIterations": 3, "failOnError": true })), json!({}));
    assert_eq!(failing.failure(), ("max_iterations".to_owned(), Some("loop")));
}

#[test]
fn what_fails_in_a_while_is_put_in_its_errors() {
    let untold =
        |fail: bool| json!([again("n.includes(1)", json!([set("in", json!({}))]), json!({ "failOnError": fail }))]);
    let result = Run::of(untold(false), json!({ "n": 1 })).result("loop");
    assert_eq!((&result["iterations"], &result["errors"][0]["index"]), (&json!(0), &json!(0)));
    assert_eq!(Run::of(untold(true), json!({ "n": 1 })).failure().1, Some("loop"));
    let mut run = Run::of(json!([again("true", json!([call("in")]), json!({}))]), json!({}));
    run.done("in", json!(1)).fail("in", StepError::new("broken", "No"));
    assert_eq!(
        run.result("loop"),
        json!({
            "iterations": 2,
            "results": [{ "iteration": 0, "outputs": { "in": 1 } }, { "iteration": 1, "outputs": {}, "error": { "code": "broken", "message": "No" } }],
            "errors": [{ "index": 1, "code": "broken", "message": "No" }],
            "lastIteration": { "iteration": 1, "outputs": {}, "error": { "code": "broken", "message": "No" } },
        })
    );
}

#[test]
fn loops_nest_and_every_pass_has_its_key() {
    let inner = json!({ "id": "inner", "type": "while", "data": { "condition": "k < 2", "steps": body(json!([
        with(call("deep"), json!({ "data": { "url": "{{ item }}/{{ index }}/{{ iteration }}/{{ _each.index }}" } })),
        set("count", json!({ "k": "{{ k + 1 }}" })),
    ])) } });
    let mut run = Run::of(
        json!([each("l", json!([set("zero", json!({ "k": 0 })), inner]), json!({}))]),
        json!({ "l": ["a", "b"], "index": "outer" }),
    );
    let mut keys = Vec::new();
    for url in ["a/0/0/0", "a/0/1/0", "b/1/0/1", "b/1/1/1"] {
        let place = run.place("deep");
        keys.push(run.machine.pass_key(place));
        let Some(crate::machine::Command::Perform { input, .. }) = run.commands.last() else {
            panic!("{:?}", run.commands)
        };
        assert_eq!(input["url"], json!(url));
        run.done("deep", json!(url));
    }
    assert_eq!(keys, ["0.0", "0.1", "1.0", "1.1"]);
    assert_eq!(run.machine.pass_key(run.place("deep")), "0", "after the run nothing stands in a loop");
    assert_eq!(run.output(), json!({}));
    let deep: Vec<_> = run
        .history()
        .steps
        .iter()
        .filter(|record| run.machine.plan().node(record.node).id == "deep")
        .map(|record| record.iteration.iter().map(|step| format!("{}{}", step.step_id, step.index)).collect::<String>())
        .collect();
    assert_eq!(deep, ["loop0inner0", "loop0inner1", "loop1inner0", "loop1inner1"]);
}

#[test]
fn a_wait_in_a_loop_is_asked_each_time() {
    let ask = json!({ "id": "ask", "type": "user-approval", "data": { "message": "{{ item }}?" }, "output": "said" });
    let mut run = Run::of(json!([each("l", json!([ask]), json!({}))]), json!({ "l": ["a", "b"] }));
    for item in ["a?", "b?"] {
        assert_eq!(run.machine.questions().next().expect("a question").body["message"], json!(item));
        run.decide(item == "a?");
    }
    assert_eq!(run.result("loop")["results"][1]["outputs"]["said"]["decision"], json!("reject"));
    assert_eq!(run.told(), ["loop completed", "ask completed", "ask completed"]);
}
