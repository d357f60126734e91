use floe_engine::lang::steps::Op;
use serde_json::{Value, json};

use super::compare;

fn base() -> Value {
    json!({
        "name": "n", "entryPoint": "a",
        "nodes": {
            "a": { "type": "input", "name": "A", "config": { "inputName": "x" }, "position": { "x": 0, "y": 0 } },
            "b": { "type": "output", "name": "B", "config": { "outputName": "y", "value": "{{x}}" } },
        },
        "edges": [{ "id": "e1", "source": "a", "target": "b" }],
    })
}

#[test]
fn a_moved_node_is_no_difference() {
    let mut after = base();
    after["nodes"]["a"]["position"] = json!({ "x": 9, "y": 9 });
    after["edges"][0]["id"] = "another".into();
    assert_eq!(compare(&base(), &after), vec![]);
}

#[test]
fn each_difference_is_told_once_with_its_place() {
    let mut after = base();
    after["nodes"]["b"]["config"]["value"] = "{{x}}!".into();
    after["nodes"]["c/d"] = json!({ "type": "merge", "name": "C", "config": {} });
    after["edges"] =
        json!([{ "source": "a", "target": "c/d" }, { "source": "c/d", "target": "b", "sourceHandle": "output" }]);
    after["settings"] = json!({ "timeout": 1000 });
    let changes = compare(&base(), &after);
    let found: Vec<(Op, Option<&str>, &str)> =
        changes.iter().map(|one| (one.op, one.step_id.as_deref(), one.pointer.as_str())).collect();
    assert_eq!(
        found,
        vec![
            (Op::Update, Some("b"), "/nodes/b/config/value"),
            (Op::Add, Some("c/d"), "/nodes/c~1d"),
            (Op::Connect, Some("a"), "/edges/0"),
            (Op::Connect, Some("a"), "/edges/0"),
            (Op::Connect, Some("c/d"), "/edges/1"),
            (Op::Update, None, "/settings"),
        ]
    );
    assert_eq!(changes[0].before, "{{x}}");
    assert_eq!(changes[2].before, json!({ "source": "a", "target": "b" }), "the edge that is gone comes first");
    assert_eq!(changes[3].after, json!({ "source": "a", "target": "c/d" }));
}

#[test]
fn a_node_that_is_gone_is_told_with_its_content() {
    let mut after = base();
    after["nodes"] = json!({ "a": base()["nodes"]["a"] });
    after["edges"] = json!([]);
    let changes = compare(&base(), &after);
    assert_eq!(changes.len(), 2);
    assert_eq!((changes[0].op, changes[0].step_id.as_deref()), (Op::Remove, Some("b")));
    assert_eq!(changes[0].before["config"]["outputName"], "y");
}
