//! Workflows through the whole engine: variables of the workspace, reviews over a restart, and an end of their time.

use std::sync::Arc;

use floe_flows::run_list::{ListFilter, Order};
use floe_flows::runs::{AnswerKind, Limits};
use floe_model::id::RunId;
use floe_model::{Mode, Scope};
use floe_store::platform::events;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::stage::{Stage, WORKSPACE};

fn definition(nodes: Value, edges: Value, settings: Value) -> Value {
    let edges: Vec<Value> =
        edges.as_array().expect("a list").iter().map(|edge| json!({ "source": edge[0], "target": edge[1] })).collect();
    json!({ "name": "Test", "nodes": nodes, "edges": edges, "settings": settings })
}

on_both! {
    async fn a_workflow_sees_variables_and_takes_the_answer_to_its_review_after_a_restart(store: TestStore) {
        let stage = Stage::open(&store).await;
        stage.keep_variable("PLACE", false, "lagos").await;
        stage.keep_variable("KEY", true, "s3cret").await;
        let nodes = json!({
            "in": { "type": "input", "name": "In", "config": { "inputName": "n", "inputType": "number" } },
            "call": { "type": "http", "name": "Call", "config": {
                "url": "https://{{env.PLACE}}/{{n}}", "headers": [{ "key": "auth", "value": "Bearer {{env.KEY}}" }],
            } },
            "ask": { "type": "humanReview", "name": "Ask", "config": { "prompt": "Fine?", "variableName": "verdict", "inputType": "boolean" } },
            "out": { "type": "output", "name": "Out", "config": { "outputName": "told", "value": "{{verdict}} {{env.KEY}} {{call.data}}" } },
        });
        let workflow = definition(nodes, json!([["in", "call"], ["call", "ask"], ["ask", "out"]]), json!({}));
        let workflow = stage.workflow(workflow).await;
        let run = stage.start_workflow(workflow, json!({ "n": "4" })).await;
        let state = stage.settled(run).await;
        assert_eq!(state.wait.as_ref().map(|wait| wait.kind), Some("human-review"));
        let [called] = &stage.calls.keys()[..] else { panic!("{:?}", stage.calls.keys()) };
        assert!(called.starts_with("https://lagos/4") && called.contains("Bearer s3cret"), "{called}");
        let stage = stage.restart().await;
        let refused = stage.answer(run, AnswerKind::Response(json!("maybe"))).await.expect_err("no boolean");
        assert_eq!(refused.code(), "validation_error");
        let state = stage.answer(run, AnswerKind::Response(json!("true"))).await.expect("an answer");
        let told = state.output.as_ref().map(|output| output["told"].as_str().unwrap_or_default().to_owned());
        let told = told.unwrap_or_default();
        assert!(told.starts_with("true *** ") && !told.contains("s3cret"), "{told}");
        assert_eq!(stage.calls.keys().len(), 1);
    }

    async fn a_workflow_that_asks_waits_also_while_others_of_its_nodes_go_on(store: TestStore) {
        let stage = Stage::open(&store).await;
        let out = json!({ "type": "output", "name": "Out", "config": { "outputName": "a", "value": "1" } });
        let asks = json!({
            "call": { "type": "http", "name": "Call", "config": { "url": "https://held" } },
            "ask": { "type": "humanReview", "name": "Ask", "config": { "prompt": "Fine?", "variableName": "verdict" } },
            "out": out,
        });
        let asking = stage.workflow(definition(asks, json!([["call", "out"], ["ask", "out"]]), json!({}))).await;
        let asking = stage.start_workflow(asking, json!({})).await;
        let pauses = json!({
            "pause": { "type": "wait", "name": "Pause", "config": { "waitType": "duration", "duration": 1, "durationUnit": "hours" } },
            "out": out,
        });
        let pausing = stage.workflow(definition(pauses, json!([["pause", "out"]]), json!({}))).await;
        let pausing = stage.start_workflow(pausing, json!({})).await;
        stage.calls.wait_for(1).await;
        stage.settled(pausing).await;
        for (status, run) in [("waiting", asking), ("running", pausing)] {
            let filter = ListFilter { statuses: vec![status], ..ListFilter::default() };
            let page = stage.flows.run_items(&stage.ctx(), filter, Order::newest(), 10, true).await.expect("a page");
            let found: Vec<_> = page.items.iter().map(|item| (item.listed.run.id, item.statuses().0)).collect();
            assert_eq!((found, page.total), (vec![(run, status)], Some(1)));
        }
    }

    async fn a_workflow_is_no_flow_for_an_agent(store: TestStore) {
        let stage = Stage::open(&store).await;
        let nodes = json!({
            "call": { "type": "http", "name": "Call", "config": { "url": "https://held" } },
            "out": { "type": "output", "name": "Out", "config": { "outputName": "a", "value": "1" } },
        });
        let workflow = stage.workflow(definition(nodes, json!([["call", "out"]]), json!({}))).await;
        let (tools, platform) = (floe_flows::tools::source(Arc::clone(&stage.flows)), &stage.flows.platform);
        let scope = Scope { workspace: WORKSPACE, mode: Mode::Live };
        let opened = tools.open(platform, scope, &json!({ "type": "flow", "flow_id": workflow })).await;
        assert_eq!(opened.err().map(|fault| fault.code), Some("not_found"), "its own kind of tools looks whether it is active");
    }

    async fn a_workflow_that_never_began_is_not_told_to_have_started(store: TestStore) {
        let stage = Stage::with(&store, Limits { shards: 1, runs_per_workspace: 1, queue_max: 10 }).await;
        let nodes = json!({
            "call": { "type": "http", "name": "Call", "config": { "url": "https://held" } },
            "out": { "type": "output", "name": "Out", "config": { "outputName": "a", "value": "1" } },
        });
        let workflow = stage.workflow(definition(nodes, json!([["call", "out"]]), json!({}))).await;
        let first = stage.start_workflow(workflow, json!({})).await;
        stage.calls.wait_for(1).await;
        let (second, third) = (stage.start_workflow(workflow, json!({})).await, stage.start_workflow(workflow, json!({})).await);
        stage.cancel(second).await.expect("it is cancelled");
        stage.calls.release(2);
        for run in [first, third] {
            assert_eq!(stage.settled(run).await.status, "completed");
        }
        let scope = Scope { workspace: WORKSPACE, mode: Mode::Live };
        let told = stage.flows.platform.store.read(move |tx| events::latest(tx, scope, None, 100)).await.expect("events");
        let of = |run: RunId| {
            let mut kinds: Vec<String> = told.iter().filter(|event| event.subject_id == Some(run.0)).map(|event| event.kind.clone()).collect();
            kinds.sort();
            kinds
        };
        let (ended, began) = ("workflows.execution.completed", "workflows.execution.started");
        assert_eq!((of(first), of(second), of(third)), (vec![ended.into(), began.into()], vec!["workflows.execution.cancelled".to_owned()], vec![ended.into(), began.into()]));
    }

    async fn a_workflow_ends_with_its_time_though_a_node_hangs(store: TestStore) {
        let stage = Stage::open(&store).await;
        let nodes = json!({
            "call": { "type": "http", "name": "Call", "config": { "url": "https://held" } },
            "out": { "type": "output", "name": "Out", "config": { "outputName": "a", "value": "1" } },
        });
        let workflow = stage.workflow(definition(nodes, json!([["call", "out"]]), json!({ "timeout": 1_000 }))).await;
        let run = stage.start_workflow(workflow, json!({})).await;
        stage.calls.wait_for(1).await;
        let state = stage.settled(run).await;
        assert_eq!((state.status, state.error.map(|error| error.code)), ("failed", Some("run_timeout".to_owned())));
    }
}
