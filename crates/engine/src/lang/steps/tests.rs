//! Every problem of a definition with its exact pointer, and what lowering makes explicit.

use serde_json::{Value, json};

use super::{Compiled, NeedKind, PROBLEMS_MAX, STEPS_MAX, compile};
use crate::lang::Severity;
use crate::plan::{Plan, Port, Source, Work};
use crate::sample::catalog;

/// Compiles a definition and compares its problems, each written as `code pointer`, warnings with `~` before.
fn check(definition: Value, expected: &[&str]) {
    let found = told(&compile(&definition, &catalog()));
    assert_eq!(found, expected, "in {definition:#}");
}

/// The same for steps that stand between a trigger and a final step.
fn check_step(step: Value, expected: &[&str]) {
    check(around(vec![step]), expected);
}

fn told(compiled: &Compiled) -> Vec<String> {
    let has_errors = compiled.problems.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(compiled.plan.is_none(), has_errors, "there is a plan exactly when there is no error");
    let mark = |severity| if severity == Severity::Warning { "~" } else { "" };
    compiled
        .problems
        .iter()
        .map(|problem| {
            assert!(!problem.message.is_empty());
            format!("{}{} {}", mark(problem.severity), problem.code, problem.path)
        })
        .collect()
}

/// Start, the steps in order (each leads to the next unless it says otherwise), end.
fn around(mut steps: Vec<Value>) -> Value {
    for (index, step) in steps.iter_mut().enumerate() {
        if step.get("id").is_none() {
            step["id"] = json!(format!("s{index}"));
        }
    }
    let ids: Vec<Value> = steps.iter().map(|step| step["id"].clone()).chain([json!("end")]).collect();
    for (step, next) in steps.iter_mut().zip(&ids[1..]) {
        if step.get("nextStepId").is_none() {
            step["nextStepId"] = next.clone();
        }
    }
    let mut all = vec![json!({ "id": "start", "type": "api", "nextStepId": ids[0] })];
    all.append(&mut steps);
    all.push(json!({ "id": "end", "type": "final" }));
    json!({ "steps": all })
}

/// A loop body of one step.
fn body() -> Value {
    json!([{ "id": "inner", "type": "set-variable", "data": { "variables": {} } }])
}

fn plan(definition: &Value) -> Plan {
    let compiled = compile(definition, &catalog());
    compiled.plan.unwrap_or_else(|| panic!("{:?}", compiled.problems))
}

#[test]
fn a_sound_definition_has_no_problems() {
    check(around(vec![]), &[]);
    check_step(
        json!({ "type": "call", "data": { "url": "https://{{host}}/", "count": "{{n}}", "flag": "{{f}}",
        "method": "{{m}}", "when": "{{w}}", "body": { "a": ["{{x}}"] }, "headers": [{ "key": "A", "value": "{{b}}" }] } }),
        &[],
    );
    check_step(
        json!({ "type": "compute", "data": { "code": "return {{ not a template", "inputs": "{{all}}", "test": "a > 1" } }),
        &[],
    );
    check_step(
        json!({ "type": "call", "position": { "x": 1 }, "notes": 7, "data": { "url": "u", "unknown": "{{ broken" } }),
        &[],
    );
    check_step(
        json!({ "type": "each", "steps": body(), "data": { "arrayVariable": "steps.fetch-list.body.0.items" } }),
        &[],
    );
    check_step(
        json!({ "type": "while", "data": { "condition": "{{ i < 3 }}", "maxIterations": 5_000, "steps": body() } }),
        &[],
    );
    check_step(json!({ "type": "show-form", "data": { "fields": "{{ fields }}" } }), &[]);
    check_step(
        json!({ "type": "show-form", "data": { "fields": [
        { "key": "steps", "type": "number", "default": "{{ n }}" }, { "key": "b", "type": "select", "options": "{{ list }}" }] } }),
        &[],
    );
    check_step(
        json!({ "type": "user-approval", "data": { "message": "m", "approvers": "{{ all }}", "timeoutSeconds": "{{ t }}" } }),
        &[],
    );
    check_step(
        json!({ "type": "parallel", "data": { "branches": [
        { "id": "a", "steps": [{ "id": "p", "type": "compute", "data": { "code": "`{{`" } }] },
        { "id": "b", "steps": [{ "id": "q", "type": "call-flow", "data": { "flowId": "f", "waitForCompletion": false } }] }] } }),
        &[],
    );
}

#[test]
fn outline_problems_are_pointed_at() {
    check(json!([]), &["bad_value ", "no_trigger /steps", "~no_final /steps"]);
    check(json!({ "steps": {} }), &["bad_value /steps", "no_trigger /steps", "~no_final /steps"]);
    check(json!({}), &["no_trigger /steps", "~no_final /steps"]);
    check(json!({ "steps": [7] }), &["bad_value /steps/0", "no_trigger /steps", "~no_final /steps"]);
    check(
        json!({ "steps": [{}] }),
        &["missing_field /steps/0/id", "missing_field /steps/0/type", "no_trigger /steps", "~no_final /steps"],
    );
    let with = |variables: Value| {
        let mut definition = around(vec![]);
        definition["variables"] = variables;
        definition
    };
    check(with(json!({})), &["bad_value /variables"]);
    check(
        with(json!([{ "key": "a", "value": 1 }, { "key": "_b" }, { "value": 2 }])),
        &["bad_value /variables/1/key", "missing_field /variables/2/key"],
    );
    check_step(
        json!({ "type": "call", "id": 5 }),
        &[
            "bad_value /steps/0/nextStepId",
            "bad_value /steps/1/id",
            "~unused_trigger /steps/0/nextStepId",
            "~unreachable_step /steps/2",
        ],
    );
    check_step(
        json!({ "type": 5 }),
        &["bad_value /steps/1/type", "dangling_next /steps/0/nextStepId", "~unreachable_step /steps/2"],
    );
    for (key, value, pointer) in [
        ("data", json!([]), "data"),
        ("name", json!(1), "name"),
        ("output", json!(1), "output"),
        ("rejectNextStepId", json!(1), "rejectNextStepId"),
        ("disabled", json!("yes"), "disabled"),
        ("onError", json!("ignore"), "onError"),
        ("timeoutMs", json!(0), "timeoutMs"),
        ("timeoutMs", json!(300_001), "timeoutMs"),
        ("retry", json!(3), "retry"),
        ("retry", json!({ "maxAttempts": 11 }), "retry/maxAttempts"),
        ("retry", json!({ "maxAttempts": 1.5 }), "retry/maxAttempts"),
        ("retry", json!({ "intervalMs": -1 }), "retry/intervalMs"),
        ("retry", json!({ "backoff": "linear" }), "retry/backoff"),
    ] {
        let mut step = json!({ "type": "call", "data": { "url": "u" } });
        step[key] = value;
        let missing = if key == "data" { vec!["missing_field /steps/1/data/url"] } else { vec![] };
        check_step(step, &[vec![format!("bad_value /steps/1/{pointer}").as_str()], missing].concat());
    }
}

#[test]
fn ids_types_and_names() {
    check_step(json!({ "id": "a b", "type": "end-session" }), &["bad_id /steps/1/id"]);
    check_step(json!({ "id": "x".repeat(65), "type": "end-session" }), &["bad_id /steps/1/id"]);
    check_step(
        json!({ "id": "", "type": "end-session" }),
        &["missing_field /steps/1/id", "~unused_trigger /steps/0/nextStepId", "~unreachable_step /steps/2"],
    );
    check_step(json!({ "type": "teleport" }), &["unknown_type /steps/1/type"]);
    check(
        around(vec![json!({ "id": "a", "type": "end-session" }), json!({ "id": "a", "type": "end-session" })]),
        &["duplicate_id /steps/2/id"],
    );
    // Unique in the whole flow, nested steps included.
    check_step(
        json!({ "type": "each", "data": { "arrayVariable": "a", "steps": [{ "id": "end", "type": "compute", "data": { "code": "1" } }] } }),
        &["duplicate_id /steps/2/id"],
    );
    for name in ["1a", "a-b", "steps", "secrets", "_x", &"x".repeat(65)] {
        check_step(
            json!({ "type": "compute", "data": { "code": "1" }, "output": name }),
            &["bad_output_name /steps/1/output"],
        );
    }
    check_step(json!({ "type": "compute", "data": { "code": "1" }, "output": "item" }), &[]);
    let writer = json!({ "type": "calc", "data": { "code": "1" }, "output": "x" });
    check(around(vec![writer.clone(), writer]), &["~duplicate_output /steps/2/output"]);
}

#[test]
fn triggers() {
    check(json!({ "steps": [{ "id": "end", "type": "final" }] }), &["no_trigger /steps", "~unreachable_step /steps/0"]);
    check(
        json!({ "steps": [{ "id": "a", "type": "webhook.orders" }, { "id": "b", "type": "final" }] }),
        &["~unused_trigger /steps/0/nextStepId", "~unreachable_step /steps/1"],
    );
    check_step(
        json!({ "type": "each", "data": { "arrayVariable": "a", "steps": [{ "id": "t", "type": "api" }] } }),
        &["bad_value /steps/1/data/steps/0/type"],
    );
    let with = |kind: &str, inputs: Value| {
        json!({ "steps": [
        { "id": "a", "type": kind, "data": { "inputs": inputs }, "nextStepId": "b" }, { "id": "b", "type": "final" }] })
    };
    check(with("api", json!([{ "key": "a" }, { "key": "_b" }])), &["bad_value /steps/0/data/inputs/1/key"]);
    check(with("api", json!([{ "key": "a", "type": "colour" }])), &["bad_value /steps/0/data/inputs/0/type"]);
    check(with("api", json!({ "a": 1 })), &["bad_value /steps/0/data/inputs"]);
    check(with("schedule", json!({ "a": 1 })), &[]);
    for (kind, data, expected) in [
        ("webhook.a-b_1", json!({}), &[][..]),
        ("webhook.", json!({}), &["bad_value /steps/0/type"]),
        ("webhook.a b", json!({}), &["bad_value /steps/0/type"]),
        ("form", json!({ "mode": "test" }), &[]),
        ("form", json!({ "mode": null }), &[]),
        ("schedule", json!({ "mode": "sometimes" }), &["bad_value /steps/0/data/mode"]),
    ] {
        let trigger = json!({ "id": "a", "type": kind, "data": data, "nextStepId": "b" });
        check(json!({ "steps": [trigger, { "id": "b", "type": "final" }] }), expected);
    }
}

#[test]
fn ways_on() {
    let call = |extra: Value| {
        let mut step = json!({ "type": "call", "data": { "url": "u" } });
        step.as_object_mut().expect("an object").extend(extra.as_object().cloned().expect("an object"));
        step
    };
    check_step(
        call(json!({ "nextStepId": "nowhere" })),
        &["dangling_next /steps/1/nextStepId", "~unreachable_step /steps/2"],
    );
    check_step(
        call(json!({ "nextStepId": "start" })),
        &["dangling_next /steps/1/nextStepId", "cycle /steps/1", "~unreachable_step /steps/2"],
    );
    check_step(call(json!({ "nextStepId": "s0" })), &["cycle /steps/1", "~unreachable_step /steps/2"]);
    check_step(call(json!({ "nextStepId": null })), &["~unreachable_step /steps/2"]);
    check_step(call(json!({ "nextStepId": "" })), &["~unreachable_step /steps/2"]);
    check_step(
        call(json!({ "timeoutNextStepId": "x", "rejectNextStepId": "y" })),
        &["dangling_next /steps/1/rejectNextStepId", "dangling_next /steps/1/timeoutNextStepId"],
    );
    check_step(
        call(json!({ "onError": "branch", "errorNextStepId": "x" })),
        &["dangling_next /steps/1/errorNextStepId"],
    );
    check_step(call(json!({ "onError": "branch" })), &["missing_field /steps/1/errorNextStepId"]);
    // Another list is nowhere, in both directions.
    let inner = |next: &str| {
        json!({ "type": "each", "data": { "arrayVariable": "a", "steps": [
        { "id": "inner", "type": "compute", "data": { "code": "1" }, "nextStepId": next }] } })
    };
    check_step(inner("end"), &["dangling_next /steps/1/data/steps/0/nextStepId"]);
    let mut outer = inner("");
    outer["nextStepId"] = json!("inner");
    check_step(outer, &["dangling_next /steps/1/nextStepId", "~unreachable_step /steps/2"]);
    // A cycle over a branch, not over a join.
    let choose = |yes: &str, no: &str| {
        json!({ "id": "if", "type": "condition", "data": {
        "branches": [{ "id": "y", "condition": "a", "nextStepId": yes }], "elseNextStepId": no } })
    };
    check(
        around(vec![
            choose("b", "end"),
            json!({ "id": "b", "type": "compute", "data": { "code": "1" }, "nextStepId": "if" }),
        ]),
        &["cycle /steps/2"],
    );
    check(around(vec![choose("b", "end"), json!({ "id": "b", "type": "compute", "data": { "code": "1" } })]), &[]);
    check(
        around(vec![choose("x", "y")]),
        &["dangling_next /steps/1/data/branches/0/nextStepId", "dangling_next /steps/1/data/elseNextStepId"],
    );
}

#[test]
fn fields_of_a_type() {
    let call = |data: Value| json!({ "type": "call", "data": data });
    check_step(call(json!({})), &["missing_field /steps/1/data/url"]);
    check_step(call(json!({ "url": "  " })), &["missing_field /steps/1/data/url"]);
    for (key, wrong) in [
        ("method", json!("PUT")),
        ("count", json!(0)),
        ("count", json!("3")),
        ("flag", json!("true")),
        ("when", json!("tomorrow")),
        ("headers", json!(3)),
        ("headers", json!("[1]")),
        ("url", json!(["u"])),
    ] {
        let mut data = json!({ "url": "u" });
        data[key] = wrong;
        check_step(call(data), &[&format!("bad_value /steps/1/data/{key}")]);
    }
    check_step(
        call(json!({ "url": "u", "headers": [{ "key": "a" }, { "value": 1 }] })),
        &["bad_value /steps/1/data/headers/1/key"],
    );
    check_step(call(json!({ "url": "{{ a" })), &["bad_expression /steps/1/data/url"]);
    check_step(call(json!({ "url": "u", "body": { "a": ["{{ 1 + }}"] } })), &["bad_expression /steps/1/data/body/a/0"]);
    check_step(json!({ "type": "compute", "data": { "code": 5 } }), &["bad_value /steps/1/data/code"]);
    check_step(
        json!({ "type": "compute", "data": { "code": "1", "test": "a +" } }),
        &["bad_expression /steps/1/data/test"],
    );
    check_step(json!({ "type": "compute", "data": { "code": "1", "test": 1 } }), &["bad_value /steps/1/data/test"]);
    // A step that is switched off is not looked into.
    check_step(json!({ "type": "call", "disabled": true }), &[]);
}

#[test]
fn built_in_types() {
    check_step(json!({ "type": "set-variable" }), &["missing_field /steps/1/data/variables"]);
    check_step(
        json!({ "type": "set-variable", "data": { "variables": { "_a": 1, "b": 2 } } }),
        &["bad_value /steps/1/data/variables"],
    );
    check_step(json!({ "type": "delay" }), &["missing_field /steps/1/data/seconds"]);
    check_step(json!({ "type": "delay", "data": { "seconds": -1 } }), &["bad_value /steps/1/data/seconds"]);
    check_step(json!({ "type": "user-approval" }), &["missing_field /steps/1/data/message"]);
    check_step(
        json!({ "type": "user-approval", "data": { "message": "m", "approvers": [1], "timeoutSeconds": 0 } }),
        &["bad_value /steps/1/data/timeoutSeconds", "bad_value /steps/1/data/approvers"],
    );
    check_step(json!({ "type": "client-tool" }), &["missing_field /steps/1/data/toolName"]);
    check_step(
        json!({ "type": "show-form", "data": { "fields": [{ "key": "" }] } }),
        &["bad_value /steps/1/data/fields/0/key"],
    );
    check_step(json!({ "type": "call-flow" }), &["missing_field /steps/1/data/flowId"]);
    check_step(json!({ "type": "each", "data": { "steps": body() } }), &["missing_field /steps/1/data/arrayVariable"]);
    check_step(
        json!({ "type": "each", "data": { "arrayVariable": "a +", "steps": body() } }),
        &["bad_expression /steps/1/data/arrayVariable"],
    );
    check_step(json!({ "type": "each", "data": { "arrayVariable": "a" } }), &["missing_field /steps/1/data/steps"]);
    check_step(
        json!({ "type": "each", "data": { "arrayVariable": "a", "steps": [] } }),
        &["missing_field /steps/1/data/steps"],
    );
    check_step(
        json!({ "type": "each", "data": { "arrayVariable": "a", "steps": 3 } }),
        &["bad_value /steps/1/data/steps"],
    );
    check_step(json!({ "type": "while", "data": { "steps": body() } }), &["missing_field /steps/1/data/condition"]);
    check_step(
        json!({ "type": "while", "data": { "condition": "(", "maxIterations": "{{ n }}", "steps": body() } }),
        &["bad_expression /steps/1/data/condition", "bad_value /steps/1/data/maxIterations"],
    );
    check_step(json!({ "type": "condition" }), &["missing_field /steps/1/data/branches"]);
    check_step(json!({ "type": "condition", "data": { "branches": [] } }), &["bad_value /steps/1/data/branches"]);
    check_step(
        json!({ "type": "condition", "data": { "branches": [{ "id": "a" }, { "id": "a", "condition": "{{ a" }, { "condition": "1", "nextStepId": 4 }] } }),
        &[
            "missing_field /steps/1/data/branches/0/condition",
            "duplicate_id /steps/1/data/branches/1/id",
            "bad_expression /steps/1/data/branches/1/condition",
            "missing_field /steps/1/data/branches/2/id",
            "bad_value /steps/1/data/branches/2/nextStepId",
        ],
    );
    let branch = |id: &str, step: &str| json!({ "id": id, "steps": [{ "id": step, "type": "compute", "data": { "code": "1" } }] });
    let parallel = |branches: Value| json!({ "type": "parallel", "data": { "branches": branches } });
    check_step(parallel(json!([branch("a", "x")])), &["bad_value /steps/1/data/branches"]);
    check_step(parallel(json!([branch("a", "x"), { "id": "b" }])), &["missing_field /steps/1/data/branches/1/steps"]);
    check_step(
        parallel(json!([branch("a", "x"), { "id": "b", "steps": [] }])),
        &["missing_field /steps/1/data/branches/1/steps"],
    );
    check_step(parallel(json!([branch("a", "x"), branch("a", "y")])), &["duplicate_id /steps/1/data/branches/1/id"]);
    let mut odd = parallel(json!([branch("a", "x"), branch("b", "y")]));
    odd["data"]["mode"] = json!("some");
    odd["data"]["failFast"] = json!("{{ f }}");
    check_step(odd, &["bad_value /steps/1/data/mode", "bad_value /steps/1/data/failFast"]);
}

#[test]
fn nesting() {
    let wait = |kind: &str| {
        json!({ "type": "parallel", "data": { "branches": [
        { "id": "a", "steps": [{ "id": "x", "type": kind, "data": { "message": "m", "toolName": "t", "fields": [], "seconds": 1, "flowId": "f" } }] },
        { "id": "b", "steps": [{ "id": "y", "type": "each", "data": { "arrayVariable": "l", "steps": [
            { "id": "z", "type": kind, "data": { "message": "m", "toolName": "t", "fields": [], "seconds": 1, "flowId": "f" } }] } }] }] } })
    };
    for kind in ["user-approval", "client-tool", "show-form", "delay", "call-flow"] {
        check_step(
            wait(kind),
            &[
                "wait_in_parallel /steps/1/data/branches/0/steps/0",
                "wait_in_parallel /steps/1/data/branches/1/steps/0/data/steps/0",
            ],
        );
    }
    for kind in ["final", "end-session"] {
        check_step(
            json!({ "type": "each", "data": { "arrayVariable": "l", "steps": [{ "id": "x", "type": kind }] } }),
            &["final_in_nested /steps/1/data/steps/0"],
        );
    }
    let nested = |levels: usize| {
        let start = json!({ "id": "deepest", "type": "compute", "data": { "code": "1" } });
        (1..levels).fold(start, |step, level| json!({ "id": format!("l{level}"), "type": "each", "data": { "arrayVariable": "l", "steps": [step] } }))
    };
    check_step(nested(8), &[]);
    let pointer = format!("/steps/1{}", "/data/steps/0".repeat(7));
    check_step(nested(9), &[&format!("nesting_limit {pointer}")]);
}

#[test]
fn sizes() {
    let steps =
        |count: usize| (0..count).map(|_| json!({ "type": "compute", "data": { "code": "1" } })).collect::<Vec<_>>();
    check(around(steps(STEPS_MAX - 2)), &[]);
    check(around(steps(STEPS_MAX - 1)), &["too_many_steps /steps"]);
    let same = json!({ "steps": vec![json!({ "id": "a", "type": "api", "nextStepId": "b" }); STEPS_MAX + 1] });
    assert_eq!(compile(&same, &catalog()).problems[0].code, "too_many_steps", "however much else is wrong");
    let rubbish = json!({ "steps": vec![json!({}); 300_000] });
    assert_eq!(compile(&rubbish, &catalog()).problems.len(), PROBLEMS_MAX);
    // Errors come first, so that warnings never hide them.
    let mut lost: Vec<Value> = (0..200)
        .map(|index| json!({ "id": format!("u{index}"), "type": "compute", "data": { "code": "1" } }))
        .collect();
    lost.push(json!({ "id": "bad", "type": "teleport" }));
    let steps = [vec![json!({ "id": "start", "type": "api" }), json!({ "id": "end", "type": "final" })], lost].concat();
    let compiled = compile(&json!({ "steps": steps }), &catalog());
    assert_eq!((compiled.problems.len(), compiled.problems[0].code), (PROBLEMS_MAX, "unknown_type"));
}

#[test]
fn outputs_that_are_always_empty() {
    check(
        json!({ "steps": [{ "id": "a", "type": "api", "nextStepId": "b" }, { "id": "b", "type": "compute", "data": { "code": "1" } }] }),
        &["~no_final /steps"],
    );
}

#[test]
fn steps_that_nothing_leads_to_are_dropped() {
    let definition = json!({ "steps": [
        { "id": "start", "type": "api", "nextStepId": "end" },
        { "id": "lost", "type": "compute", "data": { "code": "1" }, "nextStepId": "end" },
        { "id": "end", "type": "final" }] });
    check(definition.clone(), &["~unreachable_step /steps/1"]);
    let plan = plan(&definition);
    assert_eq!(plan.nodes.iter().map(|node| node.id.as_str()).collect::<Vec<_>>(), ["end"]);
    assert_eq!(plan.scope(0).ways[0].incoming, [Some(0)]);
}

#[test]
fn each_trigger_has_its_own_way() {
    let definition = json!({ "steps": [
        { "id": "t1", "type": "api", "data": { "inputs": [{ "key": "a" }] }, "nextStepId": "a" },
        { "id": "t2", "type": "schedule", "data": { "inputs": { "day": 1 } }, "nextStepId": "b" },
        { "id": "t3", "type": "form" },
        { "id": "a", "type": "compute", "data": { "code": "1" }, "nextStepId": "b" },
        { "id": "b", "type": "final" }] });
    let plan = plan(&definition);
    let entries: Vec<_> =
        plan.entries.iter().map(|entry| (entry.step_id.as_str(), entry.kind.as_str(), entry.way)).collect();
    assert_eq!(entries, [("t1", "api", 0), ("t2", "schedule", 1), ("t3", "form", 2)]);
    assert_eq!(plan.entries[0].inputs.len(), 1);
    assert_eq!(Value::Object(plan.entries[1].defaults.clone()), json!({ "day": 1 }));
    let ways: Vec<_> =
        plan.scope(0).ways.iter().map(|way| (way.starts.clone(), way.incoming.clone(), way.reachable())).collect();
    assert_eq!(
        ways,
        [(vec![0], vec![Some(0), Some(1)], 2), (vec![1], vec![None, Some(0)], 1), (vec![], vec![None, None], 0),]
    );
}

#[test]
fn defaults_and_forms_become_explicit() {
    let definition = around(vec![
        json!({ "type": "call", "timeoutMs": 70, "data": { "url": "u", "headers": [{ "key": "A", "value": "{{ b }}" }], "odd": 1 } }),
        json!({ "type": "calc", "name": "", "data": { "code": "{{", "inputs": "{ \"a\": \"{{ b }}\" }" } }),
        json!({ "type": "user-approval", "data": { "message": "m" } }),
        json!({ "type": "each", "data": { "arrayVariable": "{{ a.b-c }}", "maxItems": 10_000, "steps": body() } }),
        json!({ "type": "while", "data": { "condition": "a", "maxIterations": 9_999, "failOnError": true, "steps": body_named("inner2") } }),
        json!({ "type": "condition", "data": { "branches": [{ "id": "b", "condition": "{{ a }}", "nextStepId": "end" }] } }),
        json!({ "type": "compute", "disabled": true, "data": {} }),
    ]);
    let plan = plan(&definition);
    let work = |id: &str| &plan.nodes.iter().find(|node| node.id == id).expect("the node").work;
    let Work::Effect(call) = work("s0") else { panic!("an effect") };
    assert_eq!(
        (call.step, call.touches_world, call.timeout_ms, call.key_values.as_slice()),
        ("call", true, 70, ["headers"].as_slice())
    );
    let Work::Effect(calc) = work("s1") else { panic!("an effect") };
    assert_eq!((calc.step, calc.touches_world, calc.timeout_ms), ("compute", false, 5_000));
    assert_eq!(calc.fixed.get("code"), Some(&json!("{{")));
    assert_eq!(plan.nodes[1].name, "s1");
    let Work::Wait(wait) = work("s2") else { panic!("a wait") };
    assert_eq!(wait.timeout_s, 604_800);
    let Work::Each { source: Source::Path(path), items_max, fail_on_error: false, .. } = work("s3") else {
        panic!("a loop")
    };
    assert_eq!((path.as_slice(), *items_max), (["a".to_owned(), "b-c".to_owned()].as_slice(), 10_000));
    let Work::While { passes_max: 2_000, fail_on_error: true, .. } = work("s4") else { panic!("a loop") };
    let Work::Choose { otherwise: Port::NEXT, branches } = work("s5") else { panic!("a condition") };
    assert_eq!(branches[0].port, Port::branch(0));
    assert!(matches!(work("s6"), Work::Skip { warning: None }));
}

#[test]
fn what_steps_name_is_told_to_the_caller() {
    let call = |flow: &str| json!({ "type": "call-flow", "data": { "flowId": flow } });
    let compiled = compile(&around(vec![call("f1"), call("{{ f }}")]), &catalog());
    let named: Vec<_> = compiled
        .references
        .iter()
        .map(|found| (found.step_id.as_str(), found.path.as_str(), found.kind, found.name.as_str()))
        .collect();
    assert_eq!(named, [("s0", "/steps/1/data/flowId", NeedKind::Flow, "f1")]);
}

fn body_named(id: &str) -> Value {
    json!([{ "id": id, "type": "set-variable", "data": { "variables": {} } }])
}
