//! Graphs: joins, branches, failures, waits, memory (Workflow API contract, sections 13, 14, 17 and 18).

use serde_json::{Value, json};

use super::harness::{Run, done_at};
use crate::event::{Answer, Happening, StepError};
use crate::machine::{Alarm, Command, Outcome};

fn http(url: &str) -> Value {
    json!({ "type": "http", "url": url })
}

fn output(name: &str, value: &str) -> Value {
    json!({ "type": "output", "outputName": name, "value": value })
}

fn ok() -> Value {
    json!({ "status": 200, "data": { "n": 1 } })
}

fn refused() -> StepError {
    StepError::new("NETWORK", "connection refused")
}

#[test]
fn a_branch_is_taken_the_other_is_passed_over_and_the_join_runs_once() {
    for (x, taken, passed) in [(1, "yes", "no"), (2, "no", "yes")] {
        let mut run = Run::of_graph(
            json!({
                "in": { "type": "input", "inputName": "x" },
                "cond": { "type": "conditional", "leftValue": "{{x}}", "operator": "==", "rightValue": "1" },
                "yes": http("https://yes"), "no": http("https://no"),
                "join": { "type": "merge" },
                "out": output("taken", "{{cond.branch}} {{yes.status}}{{no.status}}"),
            }),
            json!([
                ["in", "cond"],
                ["cond", "yes", "true"],
                ["cond", "no", "false"],
                ["yes", "join"],
                ["no", "join"],
                ["join", "out"]
            ]),
            json!({ "x": x }),
        );
        assert_eq!((run.performed(taken), run.performed(passed)), (1, 0));
        let plan = std::sync::Arc::clone(run.machine.plan());
        let mut again = crate::machine::Machine::new(std::sync::Arc::clone(&plan));
        let passed_over: Vec<_> = run
            .journal
            .iter()
            .flat_map(|event| {
                again.apply(event);
                again.passed().iter().map(|place| plan.node(place.node).id.clone()).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(passed_over, [passed]);
        run.done(taken, ok());
        assert_eq!(
            run.told(),
            ["in completed", "cond completed", &format!("{taken} completed"), "join completed", "out completed"]
        );
        let text = run.output()["taken"].as_str().expect("a text").to_owned();
        assert!(text.starts_with(if x == 1 { "true 200" } else { "false " }), "{text}");
    }
}

#[test]
fn a_failure_that_nothing_handles_lets_the_other_branches_end_first() {
    let mut run = Run::of_graph(
        json!({ "a": http("https://a"), "b": http("https://b"), "after": http("https://c"), "join": { "type": "merge" }, "out": output("b", "{{b.status}}") }),
        json!([["a", "after"], ["a", "join"], ["b", "join"], ["join", "out"]]),
        json!({}),
    );
    run.fail("a", refused());
    assert_eq!(run.machine.outcome(), None);
    run.done("b", ok());
    assert_eq!(run.failure(), ("NETWORK".to_owned(), Some("a")));
    assert_eq!(run.machine.outputs(), Some(json!({ "b": 200 })), "what was given by then is kept");
    assert_eq!(run.performed("after"), 0);
}

#[test]
fn what_on_error_makes_of_a_failure() {
    let cases = [
        (json!(null), Some("handler"), json!({ "said": "connection refused at a" })),
        (json!({ "strategy": "continue" }), Some("next"), json!({ "went": "null NETWORK" })),
        (
            json!({ "strategy": "fallback", "fallbackValue": { "status": 203 } }),
            Some("next"),
            json!({ "went": "203 NETWORK" }),
        ),
        (json!({ "strategy": "goto", "gotoNode": "else" }), Some("else"), json!({ "elsewhere": "NETWORK" })),
        (json!({ "strategy": "fallback", "fallbackNodeId": "else" }), Some("else"), json!({ "elsewhere": "NETWORK" })),
    ];
    for (on_error, taken, expected) in cases {
        let with_handler = on_error.is_null();
        let mut edges = vec![json!(["a", "next"])];
        if with_handler {
            edges.push(json!(["a", "handler", "error"]));
        }
        let mut nodes = json!({
            "a": http("https://a"),
            "next": output("went", "{{a.status}} {{a.error.code}}"),
            "else": output("elsewhere", "{{error.code}}"),
        });
        nodes["a"]["onError"] = on_error.clone();
        if with_handler {
            nodes["handler"] = output("said", "{{error.message}} at {{error.nodeId}}");
            nodes.as_object_mut().expect("nodes").remove("else");
        }
        if !on_error["strategy"].is_null() && on_error["strategy"] != "goto" && on_error["fallbackNodeId"].is_null() {
            nodes.as_object_mut().expect("nodes").remove("else");
        }
        let mut run = Run::of_graph(nodes, json!(edges), json!({}));
        run.fail("a", refused());
        let told = run.told();
        assert_eq!(told.last().map(String::as_str), taken.map(|id| format!("{id} completed")).as_deref(), "{on_error}");
        let output = run.output();
        if on_error["strategy"] == "continue" {
            assert!(output["went"].as_str().is_some_and(|text| text.ends_with("NETWORK")), "{output}");
        } else {
            assert_eq!(output, expected, "{on_error}");
        }
    }
}

#[test]
fn as_many_nodes_work_at_once_as_the_settings_say_in_definition_order() {
    let ids = ["a", "b", "c", "d", "e"];
    let nodes: serde_json::Map<String, Value> = ids.iter().map(|id| ((*id).to_owned(), http("https://x"))).collect();
    let mut definition = super::harness::graph_of(Value::Object(nodes), json!([]));
    definition["settings"] = json!({ "maxConcurrentNodes": 2 });
    let mut run = Run::unbegun_graph(&definition);
    run.begin(0, json!({}));
    let begun = |run: &Run| ids.iter().filter(|id| run.performed(id) > 0).copied().collect::<Vec<_>>();
    assert_eq!(begun(&run), ["a", "b"]);
    run.done("b", ok());
    assert_eq!(begun(&run), ["a", "b", "c"]);
    run.done("c", ok()).done("a", ok());
    assert_eq!(begun(&run), ids);
}

#[test]
fn attempts_follow_the_codes_and_pauses_of_the_node() {
    let retry = |retry: Value| {
        let mut node = http("https://a");
        node["retry"] = retry;
        Run::of_graph(json!({ "a": node }), json!([]), json!({}))
    };
    let cases = [
        (json!({ "maxAttempts": 4, "initialDelay": 100, "strategy": "linear" }), vec![100, 200, 300]),
        (json!({ "maxAttempts": 4, "initialDelay": 100, "strategy": "fixed" }), vec![100, 100, 100]),
        (
            json!({ "maxAttempts": 5, "initialDelay": 100, "backoffMultiplier": 3, "maxDelay": 1000, "strategy": "exponential" }),
            vec![100, 300, 900, 1_000],
        ),
    ];
    for (told, pauses) in cases {
        let mut run = retry(told);
        for pause in &pauses {
            run.fail("a", StepError::retryable("NETWORK", "no"));
            assert_eq!(run.last_wake(), (*pause, true));
            let place = run.place("a");
            run.tell(Happening::Retried { place });
        }
        run.fail("a", StepError::retryable("NETWORK", "no"));
        assert_eq!(run.failure().0, "NETWORK");
    }
    let mut other = retry(json!({ "maxAttempts": 3, "retryableErrors": ["RATE_LIMIT"] }));
    other.fail("a", StepError::retryable("NETWORK", "no"));
    assert_eq!(other.failure().0, "NETWORK", "the node's own list holds");
}

#[test]
fn a_review_pauses_the_run_while_other_branches_go_on() {
    let nodes = json!({
        "ask": { "type": "humanReview", "prompt": "Fine?", "variableName": "verdict", "inputType": "text" },
        "other": http("https://x"),
        "out": output("verdict", "{{verdict}} {{ask.source}}"),
    });
    let edges = json!([["ask", "out"]]);
    let mut run = Run::of_graph(nodes.clone(), edges.clone(), json!({}));
    assert!(run.machine.is_paused() && !run.machine.is_waiting());
    run.done("other", ok());
    assert!(run.machine.is_paused() && run.machine.is_waiting());
    run.pass(3_600);
    run.answer(Answer::Response(json!("yes")));
    assert_eq!(run.output(), json!({ "verdict": "yes user" }));
    assert!(run.machine.active_ms(run.now) < 1_000, "the time of a review is not the run's");
    let mut given = Run::of_graph(nodes, edges, json!({ "verdict": "no" }));
    given.done("other", ok());
    assert_eq!(given.output(), json!({ "verdict": "no provided" }));
}

#[test]
fn what_the_caller_gave_is_the_trigger_where_none_fired() {
    let given = json!({ "x": 3 });
    let run = Run::of_graph(json!({ "out": output("t", "{{trigger.x}} {{trigger.type}}") }), json!([]), given);
    assert_eq!(run.output(), json!({ "t": "3 api" }));
}

#[test]
fn an_entry_that_is_not_to_be_found_is_not_until_it_is_stored_anew() {
    let text = "The customer asks for a refund because the delivery came too late";
    let store = |searchable: bool| json!({ "type": "shared-memory", "operation": "store", "key": "k", "value": text, "enableSemanticSearch": searchable });
    let search = json!({ "type": "shared-memory", "operation": "search", "searchQuery": text });
    let nodes = json!({
        "closed": store(false), "none": search, "open": store(true), "one": search,
        "out": output("found", "{{none.resultCount}} {{one.resultCount}}"),
    });
    let edges = json!([["closed", "none"], ["none", "open"], ["open", "one"], ["one", "out"]]);
    assert_eq!(Run::of_graph(nodes, edges, json!({})).output(), json!({ "found": "0 1" }));
}

#[test]
fn the_time_of_a_review_ends_in_its_default_or_a_failure() {
    for (default, expected) in [(Some("later"), Some(json!({ "v": "later" }))), (None, None)] {
        let mut ask = json!({ "type": "humanReview", "prompt": "?", "variableName": "v", "inputType": "text", "timeoutMs": 60_000 });
        if let Some(default) = default {
            ask["defaultValue"] = json!(default);
        }
        let mut run =
            Run::of_graph(json!({ "ask": ask, "out": output("v", "{{v}}") }), json!([["ask", "out"]]), json!({}));
        assert_eq!(
            run.machine.questions().next().and_then(|question| question.expires_at()),
            Some(run.now.plus_seconds(60))
        );
        run.pass(60).expire();
        match expected {
            Some(expected) => assert_eq!(run.output(), expected),
            None => assert_eq!(run.failure(), ("TIMEOUT".to_owned(), Some("ask"))),
        }
    }
}

#[test]
fn a_condition_is_looked_at_until_it_holds_or_its_time_has_come() {
    let nodes = json!({
        "work": { "type": "http", "url": "https://x", "outputVariable": "done" },
        "wait": { "type": "wait", "waitType": "condition", "condition": "{{done.status}} == 200", "pollingInterval": 5, "timeout": 60_000 },
        "out": output("late", "{{wait.timedOut}}"),
    });
    let look = |run: &mut Run| {
        let place = run.commands.iter().rev().find_map(|command| match command {
            Command::Wake { alarm: Alarm::Look(place), .. } => Some(*place),
            _ => None,
        });
        run.pass(5).tell(Happening::Looked { place: place.expect("a look was asked for") });
    };
    let mut run = Run::of_graph(nodes.clone(), json!([["wait", "out"]]), json!({}));
    look(&mut run);
    assert_eq!(run.machine.outcome(), None);
    run.done("work", ok());
    look(&mut run);
    assert_eq!(run.record("wait")["actualWaitDuration"], json!(10_000));
    assert_eq!(run.output(), json!({ "late": null }));
    let mut late = Run::of_graph(nodes, json!([["wait", "out"]]), json!({}));
    late.done("work", json!({ "status": 500 }));
    look(&mut late);
    late.pass(55).expire();
    assert_eq!(late.output(), json!({ "late": true }));
}

#[test]
fn pauses_end_in_time_and_past_ones_are_skipped() {
    let wait = |config: Value| {
        let mut node = json!({ "type": "wait" });
        node.as_object_mut().expect("a node").extend(config.as_object().expect("an object").clone());
        Run::of_graph(json!({ "wait": node }), json!([]), json!({ "d": 7 }))
    };
    let cases = [
        (json!({ "waitType": "duration", "duration": 1_500 }), 1_500),
        (json!({ "waitType": "duration", "duration": "{{d}}", "durationUnit": "minutes" }), 420_000),
        (json!({ "waitType": "until", "timestamp": "2026-01-01T02:00:00", "timezone": "Africa/Lagos" }), 3_600_000),
    ];
    for (config, length_ms) in cases {
        let mut run = wait(config.clone());
        assert_eq!(run.last_wake(), (length_ms, false), "{config}");
        run.now = run.now.plus_millis(length_ms);
        run.expire();
        assert_eq!(run.record("wait")["actualWaitDuration"], json!(length_ms));
    }
    let past = wait(json!({ "waitType": "until", "timestamp": "2020-01-01T00:00:00Z" }));
    assert_eq!(past.record("wait")["skipped"], json!(true));
    assert_eq!(wait(json!({ "waitType": "until", "timestamp": "{{d}}th" })).failure().0, "VALIDATION");
}

#[test]
fn scripts_are_asked_for_and_forgotten_by_a_crash() {
    let nodes = json!({
        "in": { "type": "input", "inputName": "x" },
        "out": output("sum", "{{ x.map(y => y * 2) }}"),
    });
    let mut run = Run::of_graph(nodes, json!([["in", "out"]]), json!({ "x": [1] }));
    let Some(Command::Script { scripts, .. }) = run.commands.last() else { panic!("{:?}", run.commands) };
    assert_eq!(scripts.len(), 1);
    assert!(run.machine.outcome().is_none() && !run.machine.is_waiting());
    run.script(vec![Ok(json!([2]))]);
    assert_eq!(run.output(), json!({ "sum": [2] }));
}

#[test]
fn records_that_are_too_large_are_marked_and_the_oldest_go_first() {
    let mut nodes = serde_json::Map::new();
    let mut edges = Vec::new();
    for index in 0..64 {
        nodes.insert(format!("n{index}"), http("https://x"));
        if index > 0 {
            edges.push(json!([format!("n{}", index - 1), format!("n{index}")]));
        }
    }
    let mut run = Run::heavy_graph(Value::Object(nodes), json!(edges), json!({}));
    run.done("n0", json!({ "data": "x".repeat(2 << 20) }));
    let mark = run.record("n0");
    assert_eq!((&mark["__truncated"], &mark["__originalSize"]), (&json!(true), &json!((2 << 20) + 11)));
    assert_eq!(mark["__preview"].as_str().map(str::len), Some(1_000));
    for index in 1..63 {
        run.done(&format!("n{index}"), json!({ "data": "x".repeat(1_000_000) }));
    }
    assert!(run.record("n0").is_null() && run.record("n1").is_null(), "the oldest are gone");
    assert!(!run.record("n62").is_null());
    run.done("n63", ok());
    assert!(matches!(run.machine.outcome(), Some(Outcome::Completed(_))));
}

#[test]
fn the_variables_of_the_workspace_are_read_before_anything_else() {
    let nodes = json!({ "a": { "type": "http", "url": "https://x/{{env.PLACE}}", "headers": [{ "key": "k", "value": "Bearer {{env.KEY}}" }] }, "out": output("key", "{{env.KEY}}") });
    let mut run = Run::of_graph(nodes, json!([["a", "out"]]), json!({}));
    let Some(Command::Equip { names }) = run.commands.last() else { panic!("{:?}", run.commands) };
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), ["KEY", "PLACE"]);
    run.tell(Happening::Equipped {
        env: serde_json::Map::from_iter([("PLACE".to_owned(), json!("here"))]),
        secrets: vec!["KEY".to_owned()],
    });
    let Some(Command::Perform { input, .. }) = run.commands.last() else { panic!("{:?}", run.commands) };
    let shown = crate::secrets::shown(input).to_string();
    assert!(shown.contains("https://x/here") && shown.contains("Bearer ***"), "{shown}");
    let filled = crate::secrets::fill(input, |name| (name == "KEY").then(|| "s3".to_owned())).expect("filled");
    assert!(filled.to_string().contains("Bearer s3"), "{filled}");
    let place = run.place("a");
    run.tell(done_at(place, 1, ok()));
    assert_eq!(run.output(), json!({ "key": "***" }));
}
