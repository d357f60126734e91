//! What nodes become: repeats, limits, pauses, what variables receive.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{compile, graph, output, plain};
use crate::expr::{JsonTemplate, Profile};
use crate::plan::{Callee, Gives, Growth, LoopKind, Node, OnError, PassFailure, Primary, Retry, WaitKind, Work};

fn with_node(kind: &str, config: Value, look: impl FnOnce(&Node)) {
    let compiled = compile(&graph(&[("n", kind, config), plain("z")], &["n z"]));
    let plan = compiled.plan.unwrap_or_else(|| panic!("{kind}: {:?}", compiled.problems));
    look(plan.node(plan.find("n").expect("it is there")));
}

#[test]
fn repeats_follow_from_the_family_or_the_node() {
    let usual =
        Retry { attempts_max: 3, interval_ms: 1_000, growth: Growth::DOUBLE, pause_ms_max: 10_000, codes: None };
    let said = json!({ "enabled": true, "maxAttempts": 5, "initialDelay": 200, "maxDelay": 900, "strategy": "linear", "retryableErrors": ["timeout"] });
    let cases = [
        ("llm", json!({ "prompt": "?" }), usual.clone()),
        ("webBrowse", json!({ "url": "u" }), usual.clone()),
        ("http", json!({ "url": "u" }), Retry { attempts_max: 1, ..usual.clone() }),
        ("http", json!({ "url": "u", "retryCount": 4 }), Retry { attempts_max: 5, ..usual.clone() }),
        ("code", json!({ "code": "1" }), Retry::NONE),
        ("llm", json!({ "prompt": "?", "retry": { "enabled": false } }), Retry::NONE),
        (
            "llm",
            json!({ "prompt": "?", "retry": { "backoffMultiplier": 3 } }),
            Retry { growth: Growth::Exponential { factor_thousandths: 3_000 }, ..usual },
        ),
        (
            "code",
            json!({ "code": "1", "retry": said }),
            Retry {
                attempts_max: 5,
                interval_ms: 200,
                growth: Growth::Linear,
                pause_ms_max: 900,
                codes: Some(vec!["TIMEOUT".to_owned()]),
            },
        ),
    ];
    for (kind, config, expected) in cases {
        with_node(kind, config, |node| assert_eq!(node.retry, expected, "{kind}"));
    }
}

#[test]
fn failures_settle_or_give_a_value() {
    let null = || OnError::Value(Arc::new(Value::Null));
    let cases = [
        (json!({}), OnError::Settle),
        (json!({ "errorStrategy": "fail" }), OnError::Settle),
        (json!({ "errorStrategy": "continue" }), null()),
        (json!({ "errorStrategy": "continue", "outputOnError": 5 }), OnError::Value(Arc::new(json!(5)))),
        (json!({ "onError": { "strategy": "fallback", "fallbackValue": "x" } }), OnError::Value(Arc::new(json!("x")))),
        (json!({ "errorStrategy": "fallback", "fallbackNodeId": "z" }), OnError::Goto),
    ];
    for (more, expected) in cases {
        let mut config = json!({ "url": "u" });
        config.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        with_node("http", config, |node| {
            assert_eq!(node.on_error, expected);
            let Work::Effect(work) = &node.work else { panic!("{node:?}") };
            assert_eq!((work.step, work.touches_world), ("node-http", true));
        });
    }
}

#[test]
fn variables_receive_the_primary_value() {
    let member = |name: &str| Primary::Member(name.to_owned());
    let cases = [
        ("llm", json!({ "prompt": "?", "outputVariable": "v" }), Some("v"), Primary::Whole),
        ("input", json!({ "inputName": "x" }), None, member("x")),
        ("input", json!({}), None, member("userInput")),
        ("files", json!({ "inputVariable": "docs" }), Some("docs"), Primary::Whole),
        ("output", json!({ "outputName": "o", "value": 1 }), None, member("o")),
        ("templateOutput", json!({ "outputVariable": "v", "template": "t" }), Some("v"), member("v")),
        ("humanReview", json!({ "variableName": "r" }), Some("r"), member("value")),
        ("transform", json!({ "operation": "passthrough" }), None, member("value")),
        ("switch", json!({ "expression": "x", "cases": ["a"] }), None, member("matchedCase")),
        ("router", json!({ "prompt": "?", "routes": ["a", "b"] }), None, member("selectedRoute")),
        ("code", json!({ "code": "1" }), None, member("output")),
        ("slack", json!({ "operation": "send" }), None, member("data")),
        ("database", json!({ "query": "select 1" }), None, member("rows")),
        ("shared-memory", json!({ "operation": "get", "key": "k" }), None, member("value")),
        ("shared-memory", json!({ "key": "k" }), None, Primary::Whole),
        ("subworkflow", json!({ "workflowId": "wf_1" }), None, member("outputs")),
    ];
    for (kind, config, output, primary) in cases {
        with_node(kind, config, |node| {
            assert_eq!((node.output.as_deref(), &node.primary), (output, &primary), "{kind}");
        });
    }
}

#[test]
fn a_payment_run_is_called_and_never_again() {
    let config = json!({ "objective": "Pay {{who}}", "candidates": "{{list}}", "mode": "detach", "outputVariable": "paid",
        "retry": { "maxAttempts": 5, "retryableErrors": ["SERVER_ERROR"] } });
    with_node("payment-run", config, |node| {
        let Work::Child { callee, call, wait } = &node.work else { panic!("{:?}", node.work) };
        assert_eq!((*callee, *wait, node.retry.attempts_max), (Callee::PaymentRun, false, 1));
        let given = json!({ "objective": "Pay {{who}}", "candidates": "{{list}}" });
        let expected = JsonTemplate::parse_in(Profile::Graph, &given).expect("a template");
        assert_eq!(format!("{call:?}"), format!("{expected:?}"));
    });
}

#[test]
fn results_come_from_outputs_and_from_ends() {
    let plan = compile(&graph(&[plain("a"), plain("b"), output("c")], &["a b", "a c"])).plan.expect("it compiles");
    let gives: Vec<Gives> = plan.nodes.iter().map(|node| node.gives).collect();
    assert_eq!(gives, [Gives::Nothing, Gives::End, Gives::Output]);
}

#[test]
fn pauses_know_their_unit() {
    let cases = [
        (json!({ "duration": 5 }), 1.0),
        (json!({ "duration": 5, "durationUnit": "seconds" }), 1_000.0),
        (json!({ "duration": "5", "unit": "hours" }), 3_600_000.0),
        (json!({ "durationValue": 5 }), 1_000.0),
        (json!({ "durationValue": 5, "durationUnit": "days" }), 86_400_000.0),
        (json!({ "duration": "{{x}}", "durationUnit": "{{y}}" }), 1.0),
    ];
    for (config, unit) in cases {
        with_node("wait", config.clone(), |node| match &node.work {
            Work::Sleep(work) => assert_eq!(work.unit_ms, unit, "{config}"),
            other => panic!("{other:?}"),
        });
    }
    with_node("wait", json!({ "waitType": "until", "untilDate": "2026-01-01", "timezone": "UTC" }), |node| {
        assert!(matches!(&node.work, Work::Sleep(work) if work.until.is_some() && work.zone.is_some()));
    });
    with_node("wait", json!({ "condition": "x > 1", "timeout": 1500, "pollingInterval": 2 }), |node| {
        assert!(matches!(&node.work, Work::Poll(work) if work.interval_s == 2 && work.timeout_ms == Some(1_500)));
    });
    with_node("wait", json!({ "waitType": "webhook", "timeout": 1500 }), |node| {
        assert!(matches!(&node.work, Work::Wait(work) if work.kind == WaitKind::Hook && work.timeout_s == 2));
    });
    with_node("humanReview", json!({ "prompt": "?" }), |node| {
        assert!(matches!(&node.work, Work::Wait(work) if work.kind == WaitKind::Review && work.timeout_s == 0));
        let Work::Wait(work) = &node.work else { return };
        let asked = json!({ "prompt": "?", "required": true, "input_type": "text" });
        let expected = JsonTemplate::parse_in(Profile::Graph, &asked).expect("a template");
        assert_eq!(format!("{:?}", work.question), format!("{expected:?}"));
    });
}

#[test]
fn loops_have_their_bounds() {
    let of = |config: Value, look: &dyn Fn(&crate::plan::LoopWork)| {
        let file = graph(&[("n", "loop", config), plain("a")], &["n body a"]);
        let compiled = compile(&file);
        let plan = compiled.plan.unwrap_or_else(|| panic!("{:?}", compiled.problems));
        match &plan.node(0).work {
            Work::Loop(work) => look(work),
            other => panic!("{other:?}"),
        }
    };
    of(json!({ "array": "x" }), &|work| {
        assert!(matches!(work.kind, LoopKind::ForEach { .. }));
        assert_eq!((work.passes_max, work.concurrency, work.on_failure), (1_000, 1, PassFailure::Fail));
        assert_eq!((work.item.as_str(), work.index.as_str()), ("item", "index"));
    });
    of(json!({ "items": "x", "parallel": true, "maxIterations": 10_000, "onPartialFailure": "collect" }), &|work| {
        assert_eq!((work.passes_max, work.concurrency, work.on_failure), (10_000, 10, PassFailure::Collect));
    });
    of(json!({ "items": "x", "maxConcurrency": 3, "maxIterations": "{{n}}" }), &|work| {
        assert_eq!((work.passes_max, work.concurrency), (10_000, 3));
    });
    of(json!({ "condition": "x", "parallel": true }), &|work| {
        assert!(matches!(work.kind, LoopKind::While { .. }));
        assert_eq!(work.concurrency, 1, "the passes of while follow each other");
    });
    of(json!({ "times": "{{n}}", "startIndex": 2 }), &|work| assert!(matches!(work.kind, LoopKind::Count { .. })));
}

#[test]
fn effects_get_their_config_and_no_more() {
    with_node("code", json!({ "code": "return {a: 1}", "outputVariable": "v", "timeout": 5 }), |node| {
        let Work::Effect(work) = &node.work else { panic!("{node:?}") };
        assert_eq!(Value::Object(work.fixed.clone()), json!({ "code": "return {a: 1}" }));
        assert!(work.config.is_literal());
        assert!(!work.touches_world);
    });
    with_node("code", json!({ "code": "return {{x}}" }), |node| {
        let Work::Effect(work) = &node.work else { panic!("{node:?}") };
        assert!(work.fixed.is_empty() && !work.config.is_literal());
    });
    with_node("http", json!({ "url": "u", "headers": { "authorization": "Bearer {{env.KEY}}" } }), |node| {
        let Work::Effect(work) = &node.work else { panic!("{node:?}") };
        assert_eq!(work.secrets, ["KEY"]);
    });
    with_node("router", json!({ "routes": ["a", "b"], "defaultRoute": "b" }), |node| {
        let Work::Effect(work) = &node.work else { panic!("{node:?}") };
        assert!(work.sees_predecessors && work.handle.as_deref() == Some("selectedRoute"));
        let handles: Vec<(&str, u16)> = node.handles.iter().map(|(handle, port)| (&**handle, port.0 - 4)).collect();
        assert_eq!(handles, [("a", 0), ("b", 1), ("default", 2)]);
    });
}

#[test]
fn settings_change_the_rules() {
    let with = |settings: Value| {
        let mut file = graph(&[plain("a")], &[]);
        file["settings"] = settings;
        let rules = compile(&file).plan.expect("it compiles").rules;
        (rules.concurrency_max, rules.active_ms_max)
    };
    assert_eq!(with(json!({})), (Some(10), Some(1_800_000)));
    assert_eq!(with(json!({ "timeout": 5_000, "maxConcurrentNodes": 2 })), (Some(2), Some(5_000)));
    assert_eq!(with(json!({ "timeout": 9_999_999, "maxConcurrentNodes": 0 })), (Some(10), Some(1_800_000)));
}
