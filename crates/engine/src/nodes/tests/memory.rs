//! `shared-memory`.

use serde_json::{Map, Value, json};

use super::{Seen, object, parse, problems};
use crate::event::SharedChange;

fn seen(shared: Value) -> Seen {
    Seen { shared: object(shared), ..Seen::names(json!({ "k": "key", "v": [1], "q": "refund of a late delivery" })) }
}

#[test]
fn entries_are_stored_read_extended_and_deleted() {
    let long = "x".repeat(51);
    let kept =
        |value: Value, unsearchable: bool| vec![SharedChange::Set { key: "key".to_owned(), value, unsearchable }];
    let set = |value: Value| kept(value, false);
    for (shared, config, record, changes) in [
        (
            json!({}),
            json!({ "operation": "store", "key": "{{k}}", "value": "{{v}}" }),
            json!({ "key": "key", "stored": true, "searchable": false }),
            set(json!([1])),
        ),
        (
            json!({}),
            json!({ "key": "key", "value": long }),
            json!({ "key": "key", "stored": true, "searchable": true }),
            set(json!(long)),
        ),
        (
            json!({}),
            json!({ "key": "key", "value": long, "enableSemanticSearch": false }),
            json!({ "key": "key", "stored": true, "searchable": false }),
            kept(json!(long), true),
        ),
        (json!({ "key": 7 }), json!({ "operation": "get", "key": "key" }), json!({ "key": "key", "value": 7 }), vec![]),
        (json!({}), json!({ "operation": "get", "key": "key" }), json!({ "key": "key", "value": null }), vec![]),
        (
            json!({ "key": 7 }),
            json!({ "operation": "delete", "key": "key" }),
            json!({ "key": "key", "deleted": true }),
            vec![SharedChange::Delete { key: "key".to_owned() }],
        ),
    ] {
        let computed = seen(shared).run(&parse("shared-memory", config.clone())).expect("a record");
        assert_eq!((computed.record, computed.shared), (record, changes), "{config}");
    }
    for (old, expected) in
        [(json!({}), json!([1])), (json!({ "key": [0] }), json!([0, 1])), (json!({ "key": "a" }), json!(["a", [1]]))]
    {
        let computed =
            seen(old).run(&parse("shared-memory", json!({ "operation": "append", "key": "key", "value": "{{v}}" })));
        assert_eq!(computed.expect("a record").shared, set(expected));
    }
    let text = json!({ "operation": "append", "key": "key", "value": "b" });
    assert_eq!(
        seen(json!({ "key": "a" })).run(&parse("shared-memory", text)).expect("a record").shared,
        set(json!("ab"))
    );
}

#[test]
fn texts_are_found_by_what_they_are_about() {
    let refund = "The customer asks for a refund because the delivery came too late";
    let shared = json!({
        "a": refund,
        "b": "The quarterly report shows growing revenue in all four regions of the company",
        "c": "refund delivery late",
        "d": 12,
    });
    let record = seen(shared.clone())
        .record("shared-memory", json!({ "operation": "search", "searchQuery": "{{q}}", "similarityThreshold": 0.3 }));
    assert_eq!(
        (&record["query"], &record["resultCount"]),
        (&json!("refund of a late delivery"), &json!(1)),
        "{record}"
    );
    assert_eq!((&record["results"][0]["key"], &record["results"][0]["value"]), (&json!("a"), &json!(refund)));
    let same = seen(shared.clone()).record("shared-memory", json!({ "searchQuery": refund }));
    assert_eq!(same["results"][0]["similarity"], json!(1.0));
    let mut hidden = seen(shared.clone());
    hidden.unsearchable.insert("a".to_owned());
    assert_eq!(hidden.record("shared-memory", json!({ "searchQuery": refund }))["resultCount"], 0);
    let words = json!({ "operation": "search", "searchQuery": "REFUND", "enableSemanticSearch": false, "topK": 1 });
    assert_eq!(
        seen(shared).record("shared-memory", words)["results"],
        json!([{ "key": "a", "value": refund, "similarity": 1.0 }])
    );
}

#[test]
fn the_memory_of_a_run_is_bounded() {
    let store = |value: String| json!({ "operation": "store", "key": "new", "value": value });
    assert_eq!(seen(json!({})).failure("shared-memory", store("x".repeat(100 * 1024))), "VALIDATION");
    let many: Map<String, Value> = (0..1_000).map(|number| (format!("k{number}"), json!(number))).collect();
    assert_eq!(seen(Value::Object(many.clone())).failure("shared-memory", store("x".into())), "VALIDATION");
    let replaced = json!({ "operation": "store", "key": "k1", "value": "x" });
    assert!(seen(Value::Object(many)).run(&parse("shared-memory", replaced)).is_ok());
    let large: Map<String, Value> = (0..104).map(|number| (format!("k{number}"), json!("x".repeat(100_000)))).collect();
    assert_eq!(seen(Value::Object(large)).failure("shared-memory", store("x".repeat(90_000))), "VALIDATION");
    for (config, field) in [
        (json!({ "operation": "store", "value": 1 }), "key"),
        (json!({ "operation": "search" }), "searchQuery"),
        (json!({ "operation": "search", "searchQuery": "x", "topK": 51 }), "topK"),
        (json!({ "operation": "search", "searchQuery": "x", "similarityThreshold": 2 }), "similarityThreshold"),
        (json!({ "operation": "forget", "key": "x" }), "operation"),
    ] {
        assert_eq!(problems("shared-memory", config)[0].0, field);
    }
}
