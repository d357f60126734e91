use serde_json::json;

use super::*;

/// The changes as `op step pointer before after`, short enough for a table.
fn told(before: &Value, after: &Value) -> Vec<String> {
    let told = |change: &Change| {
        let step = change.step_id.as_deref().unwrap_or("-");
        format!("{} {step} {} {} {}", change.op.as_str(), change.pointer, change.before, change.after)
    };
    compare(before, after).iter().map(told).collect()
}

fn base() -> Value {
    json!({ "steps": [
        { "id": "start", "type": "api", "nextStepId": "ask" },
        { "id": "ask", "type": "user-approval", "data": { "message": "ok?" }, "nextStepId": "loop", "position": { "x": 1 } },
        { "id": "loop", "type": "each", "data": { "arrayVariable": "list", "steps": [
            { "id": "inner", "type": "set-variable", "data": { "variables": { "a": 1 } } },
        ] }, "nextStepId": null },
    ] })
}

#[test]
fn equal_definitions_have_no_differences() {
    assert!(told(&base(), &base()).is_empty());
    let mut moved = base();
    moved["steps"][1]["position"] = json!({ "x": 9 });
    moved["steps"][2].as_object_mut().expect("a step").shift_remove("nextStepId");
    assert!(told(&base(), &moved).is_empty(), "{:?}", told(&base(), &moved));
}

#[test]
fn each_kind_of_change_is_told_once() {
    let mut after = base();
    after["steps"][0]["nextStepId"] = json!("loop");
    after["steps"][1] = json!({ "id": "wait", "type": "delay", "data": { "seconds": 5 } });
    after["steps"][2]["data"]["steps"][0]["data"]["variables"] = json!({ "a": 2 });
    after["variables"] = json!([{ "key": "n", "value": 1 }]);
    assert_eq!(
        told(&base(), &after),
        [
            r#"remove ask /steps/1 {"id":"ask","type":"user-approval","data":{"message":"ok?"},"nextStepId":"loop","position":{"x":1}} null"#,
            r#"connect start /steps/0/nextStepId "ask" "loop""#,
            r#"add wait /steps/1 null {"id":"wait","type":"delay","data":{"seconds":5}}"#,
            r#"update inner /steps/2/data/steps/0/data/variables {"a":1} {"a":2}"#,
            r#"update - /variables null [{"key":"n","value":1}]"#,
        ]
    );
}

#[test]
fn a_loop_is_added_without_what_is_in_it_and_moving_into_it_is_a_new_place() {
    let before = json!({ "steps": [{ "id": "a", "type": "api" }, { "id": "b", "type": "final" }] });
    let after = json!({ "steps": [
        { "id": "a", "type": "api" },
        { "id": "w", "type": "while", "data": { "condition": "true", "steps": [{ "id": "b", "type": "final" }] } },
    ] });
    assert_eq!(
        told(&before, &after),
        [
            r#"remove b /steps/1 {"id":"b","type":"final"} null"#,
            r#"add w /steps/1 null {"id":"w","type":"while","data":{"condition":"true"}}"#,
            r#"add b /steps/1/data/steps/0 null {"id":"b","type":"final"}"#,
        ]
    );
}

#[test]
fn branches_are_compared_one_by_one_while_they_are_the_same() {
    let flow = |branches: Value, other: &str| json!({ "steps": [{ "id": "c", "type": "condition", "data": { "branches": branches, "elseNextStepId": other } }] });
    let one = |condition: &str, next: &str| json!([{ "id": "x", "condition": condition, "nextStepId": next }]);
    assert_eq!(
        told(&flow(one("a", "p"), "e"), &flow(one("b", "q"), "f")),
        [
            r#"update c /steps/0/data/branches/0/condition "a" "b""#,
            r#"connect c /steps/0/data/branches/0/nextStepId "p" "q""#,
            r#"connect c /steps/0/data/elseNextStepId "e" "f""#,
        ]
    );
    let two = told(&flow(one("a", "p"), "e"), &flow(json!([]), "e"));
    assert_eq!(two.len(), 1);
    assert!(two[0].starts_with("update c /steps/0/data/branches [{"), "{two:?}");
}

#[test]
fn another_order_is_told_once_a_list() {
    let steps = |ids: &[&str]| -> Value {
        let steps: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "type": "api" })).collect();
        json!({ "steps": steps })
    };
    assert_eq!(
        told(&steps(&["a", "b", "gone"]), &steps(&["b", "new", "a"])),
        [
            r#"remove gone /steps/2 {"id":"gone","type":"api"} null"#,
            r#"add new /steps/1 null {"id":"new","type":"api"}"#,
            r#"update - /steps ["a","b"] ["b","a"]"#,
        ]
    );
}

#[test]
fn what_is_no_definition_is_compared_too() {
    assert!(compare(&Value::Null, &json!([])).is_empty());
    assert_eq!(told(&json!({}), &json!({ "steps": [1, { "type": "api" }] })).len(), 1);
}
