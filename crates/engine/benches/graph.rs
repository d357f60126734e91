//! What the nodes of a graph that only compute cost: a placeholder, a text, a condition, a list of a hundred elements.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use floe_engine::expr::{Env, Expression, Profile, Template};
use floe_engine::nodes::{Compute, NodeInfo};
use floe_model::Timestamp;
use serde_json::{Map, Value, json};

fn names() -> Map<String, Value> {
    let rows: Vec<Value> =
        (0..100).map(|number| json!({ "id": number, "price": number * 7 % 13, "name": "Ada" })).collect();
    let names = json!({
        "order": { "total": 150, "lines": [{ "sku": "a-1" }], "customer": { "name": "Ada", "isPremium": true } },
        "rows": rows, "status": "open",
        "answer": { "text": "```json\n{\"score\": 8, \"issues\": [\"a\"]}\n```", "model": "m", "provider": "mock" },
    });
    names.as_object().expect("an object").clone()
}

fn expressions(criterion: &mut Criterion) {
    let names = names();
    for (what, text) in [
        ("placeholder", "{{order.lines[0].sku}}"),
        ("text of three", "Dear {{order.customer.name}}, {{order.total}} for {{order.lines}}"),
        ("behind a record", "{{answer.score}}"),
    ] {
        let template = Template::parse_in(Profile::Graph, text).expect("a template");
        criterion.bench_function(what, |bench| {
            bench.iter(|| {
                let mut uuid = String::new;
                template.render(black_box(&names), &mut Env::new(Timestamp(0), &mut uuid)).expect("a value")
            });
        });
    }
    let condition = Expression::parse_in(Profile::Graph, "{{order.total}} > 100 && order.customer.isPremium == true");
    let condition = condition.expect("a condition");
    criterion.bench_function("condition", |bench| {
        bench.iter(|| {
            let mut uuid = String::new;
            condition.is_truthy(black_box(&names), &mut Env::new(Timestamp(0), &mut uuid)).expect("a truth")
        });
    });
}

fn nodes(criterion: &mut Criterion) {
    let (names, none) = (names(), Map::new());
    for (what, kind, config) in [
        ("conditional", "conditional", json!({ "leftValue": "{{order.total}}", "operator": ">", "rightValue": "100" })),
        (
            "switch of three",
            "switch",
            json!({ "expression": "{{status}}", "cases": [{ "value": "new" }, { "value": "open" }, { "value": "*" }] }),
        ),
        (
            "filter of a hundred",
            "transform",
            json!({ "operation": "filter", "inputData": "{{rows}}", "expression": "item.price > 6" }),
        ),
        (
            "output",
            "output",
            json!({ "outputName": "r", "value": { "name": "{{order.customer.name}}", "total": "{{order.total}}" } }),
        ),
    ] {
        let compute = Compute::parse(kind, config.as_object().expect("an object")).expect("a configuration");
        criterion.bench_function(what, |bench| {
            bench.iter(|| {
                let (inputs, trigger, shared) = (&none, &Value::Null, &none);
                let info = NodeInfo {
                    id: "n",
                    name: "N",
                    output: None,
                    inputs,
                    trigger,
                    shared,
                    unsearchable: None,
                    before: Vec::new(),
                };
                let mut uuid = String::new;
                compute.run(&info, black_box(&names), &mut Env::new(Timestamp(0), &mut uuid)).expect("a record")
            });
        });
    }
}

criterion_group!(benches, expressions, nodes);
criterion_main!(benches);
