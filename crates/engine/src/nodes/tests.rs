//! Nodes that only compute, each by a table.

mod choices;
mod loops;
mod memory;
mod outputs;
mod reviews;
mod transforms;

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{Before, Compute, Computed, NodeInfo};
use crate::event::StepError;
use crate::expr::{Answered, Env, Script};

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("an object was written") };
    members
}

fn parse(kind: &str, config: Value) -> Compute {
    Compute::parse(kind, &object(config)).expect("a configuration")
}

/// Fields and codes of what is wrong with a configuration.
fn problems(kind: &str, config: Value) -> Vec<(String, &'static str)> {
    let problems = Compute::parse(kind, &object(config)).expect_err("it is wrong");
    problems.into_iter().map(|problem| (problem.field, problem.code)).collect()
}

/// What a computation sees.
#[derive(Default)]
struct Seen {
    names: Map<String, Value>,
    inputs: Map<String, Value>,
    trigger: Value,
    shared: Map<String, Value>,
    unsearchable: std::collections::BTreeSet<String>,
    before: Vec<(&'static str, Option<&'static str>, Value)>,
}

impl Seen {
    fn names(names: Value) -> Self {
        Self { names: object(names), ..Self::default() }
    }

    fn round(&self, compute: &Compute, answers: &[Answered]) -> (Result<Computed, StepError>, Vec<Script>) {
        let before =
            self.before.iter().map(|(id, output, value)| Before { id, output: *output, value, is_record: false });
        let info = NodeInfo {
            id: "node-1",
            name: "Node",
            output: None,
            inputs: &self.inputs,
            trigger: &self.trigger,
            shared: &self.shared,
            unsearchable: Some(&self.unsearchable),
            before: before.collect(),
        };
        let mut uuid = String::new;
        let mut env = Env::new(Timestamp(0), &mut uuid).with_answers(answers);
        let result = compute.run(&info, &self.names, &mut env);
        (result, env.asked())
    }

    /// The result of a computation that needs no script.
    fn run(&self, compute: &Compute) -> Result<Computed, StepError> {
        let (result, asked) = self.round(compute, &[]);
        assert_eq!(asked, []);
        result
    }

    fn record(&self, kind: &str, config: Value) -> Value {
        self.run(&parse(kind, config)).expect("a record").record
    }

    fn failure(&self, kind: &str, config: Value) -> String {
        self.run(&parse(kind, config)).expect_err("it fails").code
    }
}

#[test]
fn a_trigger_shows_its_payload_where_that_is_free() {
    let seen = Seen {
        trigger: json!({ "type": "webhook", "method": "POST", "body": { "method": "card", "total": 3 } }),
        inputs: object(json!({ "method": "POST", "query": {} })),
        ..Seen::default()
    };
    let expected = json!({ "type": "webhook", "method": "POST", "body": { "method": "card", "total": 3 }, "query": {}, "total": 3 });
    assert_eq!(seen.record("trigger", json!({ "triggerType": "webhook" })), expected);
    let seen = Seen { inputs: object(json!({ "a": 1 })), ..Seen::default() };
    assert_eq!(seen.record("trigger", json!({})), json!({ "a": 1 }), "an API call's inputs are its payload");
}

#[test]
fn inputs_are_taken_converted_and_set() {
    let seen = Seen {
        inputs: object(
            json!({ "n": "5.0", "j": "{\"a\":1}", "bad": "{", "flag": "TRUE", "node-1": "mine", "none": null }),
        ),
        names: object(json!({ "x": 7 })),
        ..Seen::default()
    };
    for (config, name, expected) in [
        (json!({ "inputName": "n", "inputType": "number" }), "n", json!(5)),
        (json!({ "inputVariable": "j", "inputType": "json" }), "j", json!({ "a": 1 })),
        (json!({ "variableName": "bad", "inputType": "json" }), "bad", json!("{")),
        (json!({ "inputName": "flag", "inputType": "boolean" }), "flag", json!(true)),
        (json!({ "inputName": "n" }), "n", json!("5.0")),
        (json!({ "inputName": "none", "defaultValue": "{{x}}" }), "none", json!(7)),
        (json!({ "inputName": "absent", "value": ["{{x}}"] }), "absent", json!([7])),
        (json!({ "inputName": "absent" }), "absent", json!(null)),
        (json!({}), "userInput", json!("mine")),
    ] {
        let computed = seen.run(&parse("input", config.clone())).expect("a record");
        let expected = object(json!({ name: expected }));
        assert_eq!(computed.record, Value::Object(expected.clone()), "{config}");
        assert_eq!(computed.variables, expected, "{config}");
    }
}

#[test]
fn joints_pass_and_other_types_do_not_compute() {
    assert_eq!(Seen::default().record("merge", json!({})), json!({}));
    assert_eq!(Seen::default().record("parallel", json!({ "anything": "{{x}}" })), json!({}));
    assert_eq!(problems("http", json!({ "url": "x" })), [("type".to_owned(), "INVALID_FIELD")]);
}

#[test]
fn what_a_node_reads_is_known() {
    for (kind, config, roots, env) in [
        (
            "output",
            json!({ "outputName": "x", "value": { "a": "{{b.c}}", "d": "{{env.E}}" } }),
            vec!["b", "env"],
            vec!["E"],
        ),
        (
            "conditional",
            json!({ "leftValue": "{{a}}", "operator": "==", "rightValue": "{{env.K}}" }),
            vec!["a", "env"],
            vec!["K"],
        ),
        ("conditional", json!({ "expression": "a.b > env.K" }), vec!["a", "env"], vec!["K"]),
        ("switch", json!({ "expression": "status", "cases": [{ "value": "{{b}}" }] }), vec!["status", "b"], vec![]),
        (
            "transform",
            json!({ "operation": "map", "inputData": "${rows}", "expression": "x => x.a * tax" }),
            vec!["rows", "tax"],
            vec![],
        ),
        (
            "templateOutput",
            json!({ "template": "{{#each rows}}{{this.a}} {{env.K}}{{/each}}" }),
            vec!["rows", "this", "env"],
            vec!["K"],
        ),
        ("shared-memory", json!({ "operation": "store", "key": "{{k}}", "value": "{{v}}" }), vec!["k", "v"], vec![]),
    ] {
        let compute = parse(kind, config.clone());
        let known = compute.roots().into_iter().filter(|root| !root.starts_with('$')).collect::<Vec<_>>();
        assert_eq!((known, compute.members("env")), (roots, env), "{kind} {config}");
    }
}
