//! Workflows through the whole engine: variables of the workspace, reviews over a restart, and an end of their time.

use floe_flows::runs::AnswerKind;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::stage::Stage;

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
