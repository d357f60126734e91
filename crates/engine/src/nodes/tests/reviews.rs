//! `humanReview`: what need not be asked, and what an answer is worth.

use serde_json::{Map, Value, json};

use super::object;
use crate::nodes::review::{ReviewSource, check, expired, record, settle};

#[test]
fn answers_are_read_as_the_type_that_is_asked_for() {
    for (kind, response, expected) in [
        ("text", json!("x"), Ok(json!("x"))),
        ("text", json!({ "a": 1 }), Ok(json!("{\"a\":1}"))),
        ("text", json!(true), Ok(json!("true"))),
        ("number", json!("4.50"), Ok(json!(4.5))),
        ("number", json!(4), Ok(json!(4))),
        ("number", json!("four"), Err("type")),
        ("number", json!(true), Err("type")),
        ("boolean", json!("0"), Ok(json!(false))),
        ("boolean", json!("true"), Ok(json!(true))),
        ("boolean", json!("yes"), Err("type")),
        ("json", json!("{\"approved\": true}"), Ok(json!({ "approved": true }))),
        ("json", json!([1]), Ok(json!([1]))),
        ("json", json!("plain"), Ok(json!("plain"))),
        ("json", json!(""), Err("required")),
        ("text", json!(null), Err("required")),
    ] {
        let question = object(json!({ "input_type": kind, "required": true }));
        let checked = check(&question, &response).map_err(|problems| problems[0].code);
        assert_eq!(checked, expected, "{kind} {response}");
    }
    let optional = object(json!({ "input_type": "number", "required": false }));
    assert_eq!(check(&optional, &json!("")), Ok(Value::Null));
}

#[test]
fn every_broken_rule_is_told() {
    let broken = |kind: &str, rules: Value, response: Value| -> Vec<String> {
        let question = object(json!({ "input_type": kind, "validation": rules }));
        let problems = check(&question, &response).err().unwrap_or_default();
        problems.into_iter().map(|problem| format!("{} {}", problem.path, problem.code)).collect()
    };
    let rules = json!({ "minLength": 5, "maxLength": 2, "pattern": "^[a-z]+$" });
    assert_eq!(broken("text", rules, json!("AB3")), ["/response length", "/response length", "/response pattern"]);
    assert_eq!(broken("number", json!({ "min": 3, "max": "9" }), json!(10)), ["/response range"]);
    assert_eq!(broken("number", json!({ "min": 3, "max": 9 }), json!(9)), [""; 0]);
    let schema =
        json!({ "jsonSchema": { "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["ok"] } });
    assert_eq!(broken("json", schema.clone(), json!({ "n": "x" })), ["/response schema", "/response/n schema"]);
    assert_eq!(broken("json", schema, json!({ "ok": 1 })), [""; 0]);
    // A rule that cannot be read stops nobody.
    assert_eq!(broken("text", json!({ "pattern": "(", "min": "x", "jsonSchema": 5, "other": 1 }), json!("a")), [""; 0]);
}

#[test]
fn a_review_is_asked_only_when_it_has_to_be() {
    let question = |more: Value| -> Map<String, Value> {
        let mut question = object(json!({ "variable_name": "ok", "input_type": "boolean" }));
        question.extend(object(more));
        question
    };
    let inputs = object(json!({ "ok": "true", "other": 1 }));
    let none = Map::new();
    let asked = question(json!({ "required": true, "default": false }));
    assert_eq!(settle(&asked, &none), Ok(None));
    let provided = json!({ "value": true, "variableName": "ok", "inputType": "boolean", "source": "provided" });
    assert_eq!(settle(&asked, &inputs), Ok(Some(provided)));
    let optional = question(json!({ "required": false, "default": "0" }));
    let default = json!({ "value": false, "variableName": "ok", "inputType": "boolean", "source": "default" });
    assert_eq!(settle(&optional, &none), Ok(Some(default.clone())));
    assert_eq!(settle(&question(json!({ "required": false })), &none), Ok(None));
    let as_defined =
        object(json!({ "variableName": "ok", "inputType": "boolean", "required": false, "defaultValue": "0" }));
    assert_eq!(settle(&as_defined, &none), Ok(Some(default.clone())));
    let wrong = object(json!({ "ok": "maybe" }));
    assert_eq!(settle(&asked, &wrong).expect_err("no boolean").code, "VALIDATION");
    assert_eq!(expired(&optional), Some(default));
    assert_eq!(expired(&question(json!({}))), None);
    assert_eq!(record(&asked, json!(true), ReviewSource::User)["source"], json!("user"));
}
