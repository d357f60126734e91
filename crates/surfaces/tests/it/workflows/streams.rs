//! Executions as streams of events.

use std::time::Duration;

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, code, failing, greeter, reviewed};

/// One message: event, id, data.
type Message = (String, String, Value);

fn messages(text: &str) -> Vec<Message> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
    };
    let blocks = text.split("\n\n").filter(|block| block.starts_with("event:"));
    blocks
        .map(|block| {
            (field(block, "event:"), field(block, "id:"), serde_json::from_str(&field(block, "data:")).expect("JSON"))
        })
        .collect()
}

fn kinds(told: &[Message]) -> Vec<&str> {
    told.iter().map(|(kind, ..)| kind.as_str()).collect()
}

impl World {
    /// Everything until the stream ends.
    async fn events(&self, id: &str, query: &str) -> Vec<Message> {
        let answer = self.get(&format!("/v1/executions/{id}/events{query}")).send().await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"), "{answer:?}");
        assert_eq!((answer.header("cache-control"), answer.header("x-accel-buffering")), ("no-cache", "no"));
        let text = String::from_utf8(answer.bytes).expect("text");
        assert!(text.starts_with("retry: 3000\n\nevent: connected\n"), "{text}");
        messages(&text)
    }
}

on_both! {
    async fn a_stream_tells_everything_and_goes_on_after_any_event(store: TestStore) {
        let world = World::new(store).await;
        let id = world.execute(&world.workflow(&greeter()).await, json!({ "name": "Ada" })).await;
        world.execution(&id, &["completed"]).await;
        let whole = world.events(&id, "").await;
        assert_eq!(kinds(&whole), [
            "connected", "execution:started",
            "node:started", "node:completed", "execution:progress",
            "node:started", "node:completed", "execution:progress",
            "node:started", "node:completed", "execution:progress",
            "execution:completed",
        ]);
        for (at, (kind, told, data)) in whole.iter().enumerate() {
            assert_eq!((&data["type"], &data["execution_id"]), (&json!(kind), &json!(id)));
            assert!(data["timestamp"].is_string());
            assert_eq!(*told, if at == 0 { String::new() } else { format!("{id}-{at}") });
        }
        let nodes: Vec<&Value> = whole.iter().filter(|(kind, ..)| kind == "node:completed").map(|(.., data)| &data["node_id"]).collect();
        assert_eq!(nodes, ["in", "say", "out"]);
        assert_eq!(whole[4].2["completed_nodes"], 1);
        let (_, _, last) = whole.last().expect("a message");
        assert_eq!((&last["status"], &last["outputs"]), (&json!("completed"), &json!({ "text": "Hello Ada" })));
        assert_eq!(whole[whole.len() - 2].2["progress"], 100);
        for cut in 1..whole.len() {
            let after = &whole[cut].1;
            let rest = world.events(&id, &format!("?last_event_id={after}")).await;
            assert_eq!(rest[1..], whole[cut + 1..], "after {after}");
        }
        assert_eq!(world.events(&id, "?last_event_id=exec_other-4").await.len(), whole.len());
        // A day later only the end is told.
        world.app.pass_seconds(25 * 3_600);
        assert_eq!(kinds(&world.events(&id, "").await), ["connected", "execution:completed"]);
    }

    async fn a_stream_is_live_and_ends_with_its_execution(store: TestStore) {
        let world = World::new(store).await;
        let id = world.execute(&world.workflow(&reviewed()).await, json!({})).await;
        world.execution(&id, &["paused"]).await;
        let answer = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            world.post(&format!("/v1/executions/{id}/submit-response"), &json!({ "response": 4 })).await
        };
        let (told, answered) = tokio::join!(world.events(&id, ""), answer);
        assert_eq!(answered.status, 200, "{answered:?}");
        let kinds = kinds(&told);
        let at = |kind: &str| kinds.iter().position(|known| *known == kind).unwrap_or_else(|| panic!("{kind}: {kinds:?}"));
        assert!(at("execution:paused") < at("execution:resumed") && at("execution:resumed") < at("execution:completed"));
        assert_eq!(at("execution:completed"), kinds.len() - 1);
        assert_eq!(told[at("execution:paused")].2["pause_context"]["prompt"], "How many?");
    }

    async fn a_failure_is_told_last_and_once(store: TestStore) {
        let world = World::new(store).await;
        let id = world.execute(&world.workflow(&failing()).await, json!({ "x": 7 })).await;
        world.execution(&id, &["failed"]).await;
        let told = world.events(&id, "").await;
        let (kind, _, data) = told.last().expect("a message");
        assert_eq!((kind.as_str(), &data["error_details"]["code"], &data["node_id"]), ("execution:failed", &json!("node_execution_failed"), &json!("bad")));
        assert!(data["error"].is_string());
        let failed: Vec<&Value> = told.iter().filter(|(kind, ..)| kind == "node:failed").map(|(.., data)| data).collect();
        assert_eq!((failed.len(), &failed[0]["will_retry"]), (1, &json!(false)), "{told:?}");
    }

    async fn a_called_workflow_that_is_tried_again_is_told(store: TestStore) {
        let world = World::new(store).await;
        let mut callee = failing();
        callee["id"] = "callee".into();
        world.workflow(&callee).await;
        let retry = json!({ "enabled": true, "maxAttempts": 2, "initialDelay": 0, "retryableErrors": ["VALIDATION"] });
        let config = json!({ "workflowId": "callee", "inputs": { "x": 7 }, "retry": retry });
        let caller = json!({
            "name": "Caller", "nodes": { "call": { "type": "subworkflow", "name": "Call", "config": config } }, "edges": [],
        });
        let id = world.execute(&world.workflow(&caller).await, json!({})).await;
        world.execution(&id, &["failed"]).await;
        let told = world.events(&id, "").await;
        let of_node = |kind: &&str| kind.starts_with("node:");
        let kinds: Vec<&str> = kinds(&told).into_iter().filter(of_node).collect();
        assert_eq!(kinds, ["node:started", "node:failed", "node:retry", "node:started", "node:failed"], "{told:?}");
        let failed: Vec<&Value> = told.iter().filter(|(kind, ..)| kind == "node:failed").map(|(.., data)| data).collect();
        assert_eq!((&failed[0]["will_retry"], &failed[1]["will_retry"]), (&json!(true), &json!(false)), "{told:?}");
    }

    async fn a_stream_takes_the_key_from_its_address(store: TestStore) {
        let world = World::new(store).await;
        let id = world.execute(&world.workflow(&greeter()).await, json!({ "name": "Ada" })).await;
        world.execution(&id, &["completed"]).await;
        let path = format!("/api/v1/executions/{id}/events");
        let told = world.app.get(&format!("{path}?api_key={}", world.live)).text().await;
        assert_eq!(messages(&told).last().expect("a message").0, "execution:completed");
        let wrong = world.app.get(&format!("{path}?api_key=fm_live_x")).send().await;
        assert_eq!(code(&wrong), (401, "invalid_api_key"));
        let none = world.get("/v1/executions/exec_x/events").send().await;
        assert_eq!(code(&none), (404, "resource_not_found"));
        // What is kept of the request does not hold it.
        while world.app.app.access.flush_requests().await.expect("flushing works") > 0 {}
        let requests = world.console("GET", "/console/v1/requests?limit=50", None).await;
        assert!(requests.json.to_string().contains(&path), "{requests:?}");
        assert!(!requests.json.to_string().contains(&world.live), "{requests:?}");
    }
}
