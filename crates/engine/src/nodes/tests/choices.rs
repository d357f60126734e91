//! `conditional`, `switch`, and what a router's model chose.

use serde_json::{Value, json};

use super::{Seen, object, parse, problems};
use crate::nodes::router::Routes;
use crate::plan::Port;

const VECTORS: &str = include_str!("../../../tests/data/workflows/vectors-conditions.json");

#[test]
fn the_published_vectors_hold() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    let simple = vectors["simple"].as_array().expect("a list");
    assert!(simple.len() > 35);
    for case in simple {
        let config = json!({ "leftValue": case["left"], "operator": case["operator"], "rightValue": case["right"] });
        let record = Seen::default().record("conditional", config);
        assert_eq!(record["conditionMet"], case["expected"], "{case}");
    }
    let texts = vectors["expression"].as_array().expect("a list");
    assert!(texts.len() > 10);
    for case in texts {
        let seen = Seen::names(case["variables"].clone());
        let (result, asked) = seen.round(&parse("conditional", json!({ "expression": case["expression"] })), &[]);
        // Calls of methods are JavaScript, which the sandbox's tests carry out.
        if case["expression"].as_str().expect("a text").contains("includes") {
            assert_eq!(asked.len(), 1, "{case}");
            continue;
        }
        assert_eq!(asked, [], "{case}");
        assert_eq!(result.expect("a record").record["conditionMet"], case["expected"], "{case}");
    }
}

#[test]
fn conditions_compare_what_texts_look_like() {
    let seen = Seen::names(json!({ "list": ["A", 2], "o": { "a": 1 }, "empty": "", "t": "true" }));
    for (left, operator, right, expected) in [
        (json!("{{list}}"), "contains", json!("a"), true),
        (json!("{{list}}"), "contains", json!(2), true),
        (json!("{{list}}"), "isNotEmpty", Value::Null, true),
        (json!("{{absent}}"), "isNull", Value::Null, true),
        (json!("{{absent}}"), "eq", json!("null"), true),
        (json!("{{o}}"), "==", json!("{\"a\": 1}"), true),
        (json!("{{t}}"), "===", json!(true), true),
        (json!(" 5 "), "==", json!(5), true),
        (json!("{{empty}}"), "==", json!(0), false),
        (json!(3), "neq", json!("3.00"), false),
        (json!("Ä"), "==", json!("ä"), true),
        (json!(42), "startsWith", json!("4"), true),
        (json!("x1"), "matches", json!("\\d"), true),
        (json!("a5"), "matches", json!("5"), true),
    ] {
        let config = json!({ "leftValue": left, "operator": operator, "rightValue": right });
        let computed = seen.run(&parse("conditional", config.clone())).expect("a record");
        assert_eq!(computed.record["conditionMet"], json!(expected), "{config}");
        assert_eq!(computed.record["branch"], json!(if expected { "true" } else { "false" }));
        assert_eq!(computed.port, Port::branch(if expected { 0 } else { 1 }));
    }
    let config = json!({ "leftValue": "a", "operator": "matches", "rightValue": "(" });
    assert_eq!(seen.failure("conditional", config), "VALIDATION");
    let config = json!({ "leftValue": "a", "operator": "{{t}}", "rightValue": "b" });
    assert_eq!(seen.failure("conditional", config), "VALIDATION");
}

#[test]
fn a_text_condition_is_used_when_there_is_no_left_value() {
    let seen = Seen::names(json!({ "n": 5 }));
    for (config, expected) in [
        (json!({ "expression": "n > 3" }), true),
        (json!({ "condition": "{{n}} > 9", "rightValue": "x" }), false),
        (json!({ "condition": true }), true),
        (json!({ "expression": "n > 9", "leftValue": "1", "rightValue": "1" }), true),
        (json!({ "leftValue": "1", "rightValue": "1" }), true),
    ] {
        assert_eq!(seen.record("conditional", config.clone())["conditionMet"], json!(expected), "{config}");
    }
    assert_eq!(problems("conditional", json!({})), [("leftValue".to_owned(), "MISSING_FIELD")]);
    assert_eq!(problems("conditional", json!({ "expression": " " })), [("expression".to_owned(), "MISSING_FIELD")]);
    let wrong = json!({ "leftValue": 1, "operator": "~", "rightValue": 1 });
    assert_eq!(problems("conditional", wrong), [("operator".to_owned(), "INVALID_FIELD")]);
    let compute = parse("conditional", json!({ "expression": "n" }));
    let ports =
        ["true", "output-true", "yes", "false", "output-false", "no", "maybe"].map(|handle| compute.port(handle));
    let (yes, no) = (Some(Port::branch(0)), Some(Port::branch(1)));
    assert_eq!(ports, [yes, yes, yes, no, no, no, None]);
}

#[test]
fn a_switch_takes_the_first_case_that_fits() {
    let seen = Seen::names(json!({ "status": "Open", "n": "5.0", "path": "img/cat.PNG", "none": null, "a-b": "x" }));
    let cases =
        |list: Value| list.as_array().expect("a list").iter().map(|value| json!({ "value": value })).collect::<Value>();
    for (expression, list, matching, taken) in [
        ("{{status}}", json!(["closed", "open"]), "exact", Some(1)),
        ("${status}", json!(["Open"]), "exact", Some(0)),
        ("status", json!(["open"]), "exact", Some(0)),
        ("just a text", json!(["Just a text"]), "exact", Some(0)),
        ("Hello, you (there)", json!(["hello, you (there)"]), "exact", Some(0)),
        ("n > 4 ? 'big' : 'small'", json!(["small", "BIG"]), "exact", Some(1)),
        ("{{n}}", json!([5, "5.0"]), "exact", Some(0)),
        ("{{path}}", json!(["*.jpg", "img/?at.png", "*"]), "exact", Some(1)),
        ("{{path}}", json!(["*.jpg", "*"]), "exact", Some(1)),
        ("{{path}}", json!(["CAT"]), "contains", Some(0)),
        ("{{path}}", json!(["^cat", "(?i)png$"]), "regex", Some(1)),
        ("{{none}}", json!(["x", "null"]), "exact", Some(1)),
        ("{{a-b}}", json!(["y", "{{a-b}}"]), "exact", Some(1)),
        ("{{status}}", json!(["closed"]), "exact", None),
    ] {
        let config = json!({ "expression": expression, "cases": cases(list), "matchType": matching });
        let computed = seen.run(&parse("switch", config.clone())).expect("a record");
        let count = config["cases"].as_array().expect("a list").len();
        assert_eq!(computed.port, Port::branch(taken.unwrap_or(count) as u16), "{config}");
    }
    let config = json!({ "expression": "{{n}}", "cases": [{ "value": "5", "label": "five" }] });
    let expected = json!({ "matchedCase": "5", "matchedValue": "5", "evaluatedExpression": "5.0" });
    assert_eq!(seen.record("switch", config), expected);
}

#[test]
fn the_way_without_a_fitting_case_is_the_default_case() {
    let seen = Seen::names(json!({ "status": "other" }));
    let cases = json!([{ "value": "SAFE" }, { "value": "BLOCK" }, "plain"]);
    for (default, port, word) in [
        (json!("SAFE"), 0, "SAFE"),
        (json!("none"), 3, "none"),
        (Value::Null, 3, "default"),
        (json!("default"), 3, "default"),
    ] {
        let config = json!({ "expression": "{{status}}", "cases": cases, "defaultCase": default });
        let compute = parse("switch", config);
        let computed = seen.run(&compute).expect("a record");
        assert_eq!((computed.port, &computed.record["matchedCase"]), (Port::branch(port), &json!(word)));
        assert_eq!(compute.port(word), Some(Port::branch(port)));
    }
    let compute = parse("switch", json!({ "expression": "{{status}}", "cases": cases }));
    let ports =
        ["SAFE", "case-SAFE", "case-1", "plain", "default", "case-9", "unknown"].map(|handle| compute.port(handle));
    assert_eq!(ports, [Some(0), Some(0), Some(1), Some(2), Some(3), None, None].map(|port| port.map(Port::branch)));
    assert_eq!(problems("switch", json!({ "cases": [] })), [("expression".to_owned(), "MISSING_FIELD")]);
    assert_eq!(problems("switch", json!({ "expression": "x" })), [("cases".to_owned(), "MISSING_FIELD")]);
    let wrong = json!({ "expression": "x", "cases": [{}], "matchType": "exact" });
    assert_eq!(problems("switch", wrong), [("cases[0].value".to_owned(), "MISSING_FIELD")]);
}

#[test]
fn a_router_reads_what_models_write() {
    let config = json!({ "routes": [{ "value": "tech", "label": "Technical" }, "sales"], "defaultRoute": "sales" });
    let routes = Routes::parse(&object(config)).expect("routes");
    for (reply, selected, confidence, understood) in [
        (r#"{"selectedRoute":"tech","confidence":0.9,"reasoning":"r"}"#, "tech", 0.9, true),
        ("```json\n{\"selectedRoute\":\"TECHNICAL\",\"confidence\":\"2\"}\n```", "tech", 1.0, true),
        ("I think {\"route\": \"Sales\"} fits", "sales", 0.5, true),
        ("tech", "sales", 0.5, false),
        (r#"{"selectedRoute":"other"}"#, "sales", 0.5, false),
    ] {
        let routed = routes.read(reply);
        let seen = (routed.selected.as_str(), routed.confidence, routed.understood);
        assert_eq!(seen, (selected, confidence, understood), "{reply}");
    }
    assert_eq!(routes.read("{\"route\":\"tech\"}").label, "Technical");
    let ports = ["tech", "sales", "default", "nothing"].map(|handle| routes.port(handle));
    assert_eq!(ports, [Some(Port::branch(0)), Some(Port::branch(1)), Some(Port::branch(2)), None]);
    assert_eq!(routes.port_of("nothing"), Port::branch(2));
    for few in [json!({}), json!({ "routes": ["one"] }), json!({ "routes": ["one", {}] })] {
        assert!(Routes::parse(&object(few)).is_err());
    }
}
