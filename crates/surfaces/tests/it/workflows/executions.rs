//! Workflows and their executions.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, code, failing, greeter, reviewed, text};
use crate::app::Answer;
use crate::flows_runs::echo;

fn ids(answer: &Answer) -> Vec<String> {
    answer.json["data"].as_array().expect("a list").iter().map(|one| text(&one["id"])).collect()
}

on_both! {
    async fn a_workflow_is_started_and_its_execution_read(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&greeter()).await;
        let record = world.get(&format!("/api/v1/workflows/{workflow}")).send().await.json["data"].clone();
        assert_eq!((&record["name"], &record["status"], &record["version"]), (&json!("Greeter"), &json!("active"), &json!(1)));
        assert_eq!(record["inputs"]["name"]["type"], "text");
        assert_eq!(record["input_schema"]["required"], json!(["name"]));
        assert_eq!(world.get("/v1/workflows").send().await.json["data"][0], record);
        for base in ["/v1", "/api/v1"] {
            let path = format!("{base}/workflows/{workflow}/execute");
            let started = world.post(&path, &json!({ "inputs": { "name": "Ada", "more": [1] } })).await;
            assert_eq!(started.status, 202, "{started:?}");
            let data = &started.json["data"];
            let id = text(&data["execution_id"]);
            assert!(id.starts_with("exec_") && workflow.starts_with("wf_"), "{id} {workflow}");
            assert_eq!(started.header("location"), format!("{base}/executions/{id}"));
            assert_eq!((&data["workflow_id"], &data["status"]), (&json!(workflow), &json!("pending")));
            assert_eq!(data["inputs"], json!({ "name": "Ada", "more": [1] }));
            let ended = world.execution(&id, &["completed", "failed"]).await;
            assert_eq!((&ended["status"], &ended["outputs"]), (&json!("completed"), &json!({ "text": "Hello Ada" })), "{ended:#}");
            assert_eq!((&ended["workflow_name"], &ended["error"], &ended["test"]), (&json!("Greeter"), &Value::Null, &json!(false)));
            assert!(ended["duration_ms"].is_u64() && ended["started_at"].is_string() && ended["completed_at"].is_string());
        }
    }

    async fn a_failure_is_told_in_both_forms(store: TestStore) {
        let world = World::new(store).await;
        let id = world.execute(&world.workflow(&failing()).await, json!({ "x": 7 })).await;
        let failed = world.execution(&id, &["completed", "failed"]).await;
        assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("node_execution_failed")), "{failed:#}");
        assert_eq!((&failed["error"]["node_id"], &failed["error_message"]), (&json!("bad"), &failed["error"]["message"]));
    }

    async fn executions_are_listed_by_workflow_state_and_mode(store: TestStore) {
        let world = World::new(store).await;
        let (one, other) = (world.workflow(&greeter()).await, world.workflow(&reviewed()).await);
        let first = world.execute(&one, json!({ "name": "A" })).await;
        world.app.pass_seconds(1);
        let second = world.execute(&one, json!({ "name": "B" })).await;
        world.app.pass_seconds(1);
        let third = world.execute(&other, json!({})).await;
        for id in [&first, &second, &third] {
            world.execution(id, &["completed", "paused"]).await;
        }
        let list = async |query: &str| ids(&world.get(&format!("/v1/executions{query}")).send().await);
        assert_eq!(list("").await, [third.clone(), second.clone(), first.clone()]);
        assert_eq!(list(&format!("?workflow_id={one}")).await, [second.clone(), first.clone()]);
        assert_eq!(list("?status=paused").await, std::slice::from_ref(&third));
        assert_eq!(list(&format!("?status=completed&workflow_id={other}")).await, [""; 0]);
        assert_eq!(list("?workflow_id=wf_nothing").await, [""; 0]);
        assert_eq!(list("?trigger_id=trigger_nothing").await, [""; 0]);
        assert_eq!(list("?per_page=1&page=2").await, std::slice::from_ref(&second));
        let wrong = world.get("/v1/executions?status=done").send().await;
        assert_eq!((code(&wrong), &wrong.json["error"]["details"]["errors"][0]["field"]), ((400, "validation_error"), &json!("status")));
        // A test key sees those of both modes, a live key none of test mode.
        let path = format!("/v1/workflows/{one}/execute");
        let started = world.app.post(&path).header("x-api-key", &world.test).json(&json!({ "inputs": { "name": "T" } })).send().await;
        let tested = text(&started.json["data"]["execution_id"]);
        let by_test = world.app.get("/v1/executions").header("x-api-key", &world.test).send().await;
        assert!(ids(&by_test).contains(&tested) && ids(&by_test).contains(&first), "{by_test:?}");
        assert!(!list("").await.contains(&tested));
        assert_eq!(code(&world.get(&format!("/v1/executions/{tested}")).send().await), (404, "resource_not_found"));
        let record = world.app.get(&format!("/v1/executions/{tested}")).header("x-api-key", &world.test).send().await;
        assert_eq!(record.json["data"]["test"], true);
    }

    async fn a_review_pauses_until_it_is_answered_well(store: TestStore) {
        let world = World::new(store).await;
        let id = world.execute(&world.workflow(&reviewed()).await, json!({})).await;
        let paused = world.execution(&id, &["paused"]).await;
        let context = &paused["pause_context"];
        assert_eq!((&context["node_id"], &context["prompt"], &context["input_type"]), (&json!("ask"), &json!("How many?"), &json!("number")), "{paused:#}");
        let path = format!("/v1/executions/{id}/submit-response");
        for (body, status) in [
            (json!({ "response": "many" }), 400),
            (json!({ "response": 0 }), 400),
            (json!({}), 400),
            (json!({ "response": 3, "node_id": "out" }), 400),
            (json!({ "response": "3", "node_id": "ask" }), 200),
            (json!({ "response": 3 }), 400),
        ] {
            let answer = world.post(&path, &body).await;
            assert_eq!(answer.status, status, "{body}: {answer:?}");
        }
        let ended = world.execution(&id, &["completed", "failed"]).await;
        assert_eq!((&ended["outputs"], &ended["pause_context"]), (&json!({ "count": 3 }), &Value::Null), "{ended:#}");
    }

    async fn an_execution_is_cancelled_once(store: TestStore) {
        let world = World::new(store).await;
        let id = world.execute(&world.workflow(&reviewed()).await, json!({})).await;
        world.execution(&id, &["paused"]).await;
        let path = format!("/v1/executions/{id}/cancel");
        let cancelled = world.app.post(&path).header("x-api-key", &world.live).header("content-type", "application/json").send().await;
        assert_eq!(cancelled.status, 200, "{cancelled:?}");
        let data = &cancelled.json["data"];
        assert_eq!((&data["status"], &data["cancelled_at"]), (&json!("cancelled"), &data["completed_at"]));
        let again = world.post(&path, &json!({})).await;
        assert_eq!(code(&again), (400, "validation_error"));
        assert!(again.json["error"]["message"].as_str().is_some_and(|told| told.contains("cancelled")), "{again:?}");
    }

    async fn a_repeated_call_starts_one_execution(store: TestStore) {
        let world = World::new(store).await;
        let path = format!("/v1/workflows/{}/execute", world.workflow(&greeter()).await);
        let ask = |path: String, name: &str| {
            let asking = world.app.post(&path).header("x-api-key", &world.live).header("idempotency-key", "k-1");
            asking.json(&json!({ "inputs": { "name": name } })).send()
        };
        let first = ask(path.clone(), "Ada").await;
        let again = ask(format!("/api{path}"), "Ada").await;
        assert_eq!((first.status.as_u16(), &first.json["data"]), (202, &again.json["data"]));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(code(&ask(path, "Eve").await), (400, "validation_error"));
        assert_eq!(world.get("/v1/executions").send().await.json["pagination"]["total_count"], 1);
    }

    async fn a_live_caller_counts_what_is_live_and_a_test_caller_everything(store: TestStore) {
        let world = World::new(store).await;
        let (one, other) = (world.workflow(&greeter()).await, world.workflow(&greeter()).await);
        for (key, workflow, times) in [(&world.live, &one, 3), (&world.test, &one, 2), (&world.test, &other, 1)] {
            for _ in 0..times {
                let path = format!("/v1/workflows/{workflow}/execute");
                let body = json!({ "inputs": { "name": "Ada" } });
                let started = world.app.post(&path).header("x-api-key", key).json(&body).send().await;
                assert_eq!(started.status, 202, "{started:?}");
            }
        }
        let (of_one, of_other) = (format!("?workflow_id={one}"), format!("?workflow_id={other}"));
        for (query, live, test) in [("", 3, 6), (of_one.as_str(), 3, 5), (of_other.as_str(), 0, 1)] {
            for (key, expected) in [(&world.live, live), (&world.test, test)] {
                let page = world.app.get(&format!("/v1/executions{query}")).header("x-api-key", key).send().await.json;
                let found = page["data"].as_array().map_or(0, Vec::len);
                assert_eq!((&page["pagination"]["total_count"], found), (&json!(expected), expected), "{query}");
            }
        }
    }

    async fn a_published_flow_is_a_workflow_too(store: TestStore) {
        let world = World::new(store).await;
        let body = json!({ "name": "Echo", "visibility": "public", "definition": { "steps": echo() } });
        let flow = text(&world.console("POST", "/v1/flow", Some(&body)).await.json["_id"]);
        assert_eq!(ids(&world.get("/v1/workflows").send().await), [""; 0], "not published yet");
        world.console("POST", &format!("/v1/flow/{flow}/publish"), Some(&json!({}))).await;
        let listed = world.get("/v1/workflows").send().await.json["data"][0].clone();
        assert_eq!((&listed["name"], &listed["status"]), (&json!("Echo"), &json!("active")), "{listed:#}");
        let id = world.execute(&text(&listed["id"]), json!({ "topic": "tea" })).await;
        let ended = world.execution(&id, &["completed", "failed"]).await;
        assert_eq!((&ended["status"], &ended["outputs"]), (&json!("completed"), &json!({ "text": "tea" })), "{ended:#}");
    }
}
