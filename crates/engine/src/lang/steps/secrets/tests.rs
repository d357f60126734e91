use serde_json::{Value, json};

use crate::catalog::{Catalog, EffectSpec, Execution, Field, FieldKind as K, StepSpec};
use crate::expr::Template;
use crate::lang::steps::compile;
use crate::plan::Work;

static HTTP: StepSpec = StepSpec {
    key: "http-request",
    aliases: &[],
    name: "HTTP",
    category: "test",
    description: "Stands for the real one.",
    fields: &[
        Field::new("url", "URL", K::Text, ""),
        Field::new("headers", "Headers", K::KeyValue, ""),
        Field::new("body", "Body", K::Json, ""),
        Field::new("when", "When", K::Expression, ""),
    ],
    outputs: &[],
    waits: false,
    execution: Execution::Effect(EffectSpec { touches_world: true, timeout_ms: 30_000, timeout_ms_max: 300_000 }),
};

fn catalog() -> Catalog {
    let mut catalog = crate::sample::catalog();
    catalog.add(&HTTP);
    catalog
}

fn around(step: Value) -> Value {
    let mut step = step;
    step["id"] = json!("s");
    step["nextStepId"] = json!("end");
    json!({ "steps": [{ "id": "start", "type": "api", "nextStepId": "s" }, step, { "id": "end", "type": "final" }] })
}

/// Compiles one step and compares the pointers of its problems, all of which are `bad_expression`.
#[track_caller]
fn check(step: Value, expected: &[&str]) {
    let compiled = compile(&around(step.clone()), &catalog());
    let found: Vec<_> = compiled.problems.iter().map(|problem| (problem.code, problem.path.as_str())).collect();
    let expected: Vec<_> = expected.iter().map(|path| ("bad_expression", *path)).collect();
    assert_eq!(found, expected, "{step:#}");
}

#[test]
fn calls_may_name_secrets_and_nothing_else_may() {
    let body = json!([{ "id": "in", "type": "set-variable", "data": { "variables": {} } }]);
    check(
        json!({ "type": "http-request", "data": {
        "url": "https://x/{{ secrets.KEY }}", "headers": { "A": "Bearer {{secrets.T_1}}" }, "body": { "a": ["{{ 'x' + secrets.KEY }}"] } } }),
        &[],
    );
    check(
        json!({ "type": "http-request", "data": { "url": "u", "when": "secrets.KEY == 'a'" } }),
        &["/steps/1/data/when"],
    );
    check(
        json!({ "type": "http-request", "data": { "url": "u", "body": { "a/b": ["{{ secrets.KEY.length }}"] } } }),
        &["/steps/1/data/body/a~1b/0"],
    );
    check(
        json!({ "type": "set-variable", "data": { "variables": { "a": "{{ secrets.KEY }}" } } }),
        &["/steps/1/data/variables"],
    );
    check(
        json!({ "type": "compute", "data": { "code": "secrets.KEY", "inputs": { "a": "{{ secrets.KEY }}" } } }),
        &["/steps/1/data/inputs"],
    );
    check(json!({ "type": "user-approval", "data": { "message": "{{ secrets.KEY }}" } }), &["/steps/1/data/message"]);
    check(
        json!({ "type": "each", "data": { "arrayVariable": "secrets.KEY", "steps": body } }),
        &["/steps/1/data/arrayVariable"],
    );
    check(
        json!({ "type": "while", "data": { "condition": "secrets.KEY", "steps": body } }),
        &["/steps/1/data/condition"],
    );
    check(
        json!({ "type": "condition", "data": { "branches": [{ "id": "b", "condition": "{{ secrets.KEY }}", "nextStepId": "end" }] } }),
        &["/steps/1/data/branches/0/condition"],
    );
    check(
        json!({ "type": "set-variable", "data": { "variables": { "a": "our secrets.KEY {{ 'secrets' }} {{ a.secrets }}" } } }),
        &[],
    );
}

#[test]
fn the_plan_knows_the_names() {
    let step = json!({ "type": "http-request", "data": { "url": "{{ secrets.B }}", "body": ["{{ secrets.A + secrets.B }}"] } });
    let plan = compile(&around(step), &catalog()).plan.expect("a plan");
    assert_eq!(plan.secrets().into_iter().collect::<Vec<_>>(), ["A", "B"]);
    let Work::Effect(work) = &plan.node(plan.find("s").expect("the step")).work else { panic!("an effect") };
    assert_eq!(work.secrets.len(), 2);
}

#[test]
fn a_secret_is_only_ever_passed_on() {
    for good in [
        "{{ secrets.A }}",
        "a {{ secrets.A_1 }} b {{ secrets.A_1 }}",
        "{{ secrets['A'] }}",
        "{{ 'Bearer ' + secrets.A + '.' + secrets.B }}",
        "{{ test ? secrets.A : secrets.B }}",
        "{{ { key: secrets.A, list: [secrets.B] } }}",
    ] {
        let found = Template::parse(good).expect("a template");
        assert!(found.secrets().is_ok_and(|names| !names.is_empty()), "{good}");
    }
    for wrong in [
        "{{ secrets }}",
        "{{ secrets[name] }}",
        "{{ secrets.lower }}",
        "{{ secrets.A.length }}",
        "{{ secrets.A.slice(0, 1) }}",
        "{{ secrets.A == 'x' }}",
        "{{ secrets.A || 'x' }}",
        "{{ secrets.A ? 1 : 2 }}",
        "{{ !secrets.A }}",
        "{{ len(secrets.A) }}",
        "{{ keys(secrets) }}",
        "{{ 'x'.replace('x', secrets.A) }}",
        "{{ list[secrets.A] }}",
        "{{ 1 - secrets.A }}",
        "{{ [secrets.A].join() }}",
    ] {
        assert!(Template::parse(wrong).expect("a template").secrets().is_err(), "{wrong}");
    }
}
