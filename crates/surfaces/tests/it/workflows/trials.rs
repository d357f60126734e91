//! Trying out what is edited: single steps, pins, and tests that stop after a step (console contract, section 5.3).

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, greeter, text};
use crate::app::Answer;

const STEP_TEST: &str = "/console/v1/automations/step-test";

impl World {
    /// What a test of an automation came to, as its execution shows it.
    async fn tested(&self, id: &str, body: Value) -> Value {
        let tested = self.console("POST", &format!("/console/v1/automations/{id}/test"), Some(&body)).await;
        assert_eq!(tested.status, 202, "{tested:?}");
        let run = text(&tested.json["run_id"]);
        for _ in 0..400 {
            let found = self.app.get(&format!("/v1/executions/{run}")).header("x-api-key", &self.test).send().await;
            if found.json["data"]["completed_at"].is_string() {
                return found.json["data"].clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{run} does not end");
    }

    async fn step(&self, body: Value) -> Answer {
        self.console("POST", STEP_TEST, Some(&body)).await
    }
}

fn problem(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default())
}

on_both! {
    async fn the_output_of_a_step_is_pinned_for_tests_of_the_draft(store: TestStore) {
        let world = World::new(store).await;
        let id = world.workflow(&greeter()).await;
        let node = greeter()["definition"]["nodes"]["say"].clone();
        let tried = world.step(json!({ "engine": "workflow", "step": node, "inputs": { "name": "Ada" } })).await;
        assert_eq!((tried.status.as_u16(), &tried.json["status"]), (200, &json!("completed")), "{tried:?}");
        let output = tried.json["output"].clone();
        assert!(output.to_string().contains("Hello Ada"), "{output}");

        let pin = format!("/console/v1/automations/{id}/pins/say");
        let pinned = world.console("PUT", &pin, Some(&json!({ "output": output }))).await;
        assert_eq!((pinned.status.as_u16(), &pinned.json["step_id"]), (200, &json!("say")), "{pinned:?}");
        assert_eq!(pinned.json["output"], output);
        let inputs = json!({ "inputs": { "name": "Eve" } });
        assert_eq!(world.tested(&id, inputs.clone()).await["outputs"], json!({ "text": "Hello Ada" }));
        let latest = json!({ "inputs": { "name": "Eve" }, "version": "latest" });
        assert_eq!(world.tested(&id, latest).await["outputs"], json!({ "text": "Hello Eve" }));
        let run = world.execute(&id, json!({ "name": "Eve" })).await;
        assert_eq!(world.execution(&run, &["completed"]).await["outputs"], json!({ "text": "Hello Eve" }));

        assert_eq!(world.console("DELETE", &pin, None).await.status, 204);
        assert_eq!(problem(&world.console("DELETE", &pin, None).await), (404, "not_found"));
        assert_eq!(world.tested(&id, inputs).await["outputs"], json!({ "text": "Hello Eve" }));

        let unknown = format!("/console/v1/automations/{id}/pins/nowhere");
        assert_eq!(problem(&world.console("PUT", &unknown, Some(&json!({ "output": 1 }))).await), (404, "not_found"));
        assert_eq!(problem(&world.console("PUT", &pin, Some(&json!({}))).await), (400, "validation_failed"));
        let foreign = "/console/v1/automations/wf_01m82z480pe018epv59k5vr3ve/pins/say";
        assert_eq!(problem(&world.console("PUT", foreign, Some(&json!({ "output": 1 }))).await), (404, "not_found"));
    }

    async fn a_pin_holds_in_every_pass_and_not_for_steps_that_choose(store: TestStore) {
        let world = World::new(store).await;
        let steps = json!([
            { "id": "start", "type": "api", "nextStepId": "all" },
            { "id": "all", "type": "each", "output": "looped", "nextStepId": "end", "data": { "arrayVariable": "list", "steps": [
                { "id": "fetch", "type": "probe", "data": { "mode": "fail" }, "output": "got" }] } },
            { "id": "end", "type": "final", "data": { "outputs": { "looped": "{{ looped }}" } } },
        ]);
        let made = world.console("POST", "/v1/flow", Some(&json!({ "name": "Loop", "definition": { "steps": steps } }))).await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = text(&made.json["_id"]);
        for (step, expected) in [("fetch", 200), ("all", 422), ("end", 422)] {
            let pin = format!("/console/v1/automations/{id}/pins/{step}");
            let pinned = world.console("PUT", &pin, Some(&json!({ "output": { "body": "pinned" } }))).await;
            assert_eq!(pinned.status, expected, "{step}: {pinned:?}");
        }
        let done = world.tested(&id, json!({ "inputs": { "list": [1, 2] } })).await;
        assert_eq!(done["status"], "completed", "{done}");
        assert!(done["outputs"].to_string().contains("pinned"), "{done}");
    }

    async fn a_test_stops_after_a_step(store: TestStore) {
        let world = World::new(store).await;
        let id = world.workflow(&greeter()).await;
        let done = world.tested(&id, json!({ "inputs": { "name": "Ada" }, "stop_after": "say" })).await;
        assert_eq!(done["status"], "completed", "{done}");
        assert_ne!(done["outputs"], json!({ "text": "Hello Ada" }));
        let path = format!("/v1/executions/{}/events", text(&done["id"]));
        let told = world.app.get(&path).header("x-api-key", &world.test).send().await;
        let told = String::from_utf8_lossy(&told.bytes).into_owned();
        let of = |kind: &str, node: &str| {
            told.lines().any(|line| line.contains(&format!("\"type\":\"{kind}\"")) && line.contains(&format!("\"node_id\":\"{node}\"")))
        };
        assert!(of("node:completed", "say") && of("node:skipped", "out") && !of("node:completed", "out"), "{told}");
        for (kind, count) in [("workflows.execution.started", 1), ("flows.run.started", 0)] {
            let events = world.console("GET", &format!("/console/v1/events?mode=test&type={kind}"), None).await;
            assert_eq!(events.json["data"].as_array().map(Vec::len), Some(count), "{kind}: {events:?}");
        }
        let unknown = world
            .console("POST", &format!("/console/v1/automations/{id}/test"), Some(&json!({ "stop_after": "x", "inputs": { "name": "A" } })))
            .await;
        assert_eq!(problem(&unknown), (400, "validation_failed"));
        assert_eq!(unknown.json["errors"][0]["pointer"], "/stop_after");
    }

    async fn one_step_is_tried(store: TestStore) {
        let world = World::new(store).await;
        for (step, context, inputs, status) in [
            (json!({ "type": "user-approval", "data": { "message": "Send {{ topic }}?" } }), json!({}), json!({ "topic": "it" }), "waiting"),
            (json!({ "id": "go", "type": "probe", "data": { "mode": "fail" }, "nextStepId": "on" }), json!({}), json!({}), "failed"),
            (json!({ "type": "set-variable", "data": { "variables": { "b": "{{ a }}" } } }), json!({ "a": 7 }), json!({}), "completed"),
        ] {
            let tried = world.step(json!({ "engine": "flow", "step": step, "context": context, "inputs": inputs })).await;
            assert_eq!((tried.status.as_u16(), &tried.json["status"]), (200, &json!(status)), "{tried:?}");
            assert_eq!(tried.json["error"].is_null(), status != "failed", "{tried:?}");
            match status {
                "waiting" => assert_eq!(tried.json["input"]["message"], "Send it?", "{tried:?}"),
                "completed" => assert!(tried.json["output"].to_string().contains('7'), "{tried:?}"),
                _ => assert!(tried.json["input"]["mode"] == "fail", "{tried:?}"),
            }
        }
        // A result of a step before it is in its context.
        let step = json!({ "type": "set-variable", "data": { "variables": { "b": "{{ steps.fetch.body }}" } } });
        let tried = world.step(json!({ "engine": "flow", "step": step, "context": { "steps": { "fetch": { "body": "seen" } } } })).await;
        assert!(tried.json["output"].to_string().contains("seen"), "{tried:?}");
        // Nothing of it is a run.
        assert_eq!(world.console("GET", "/console/v1/runs?mode=test", None).await.json["data"], json!([]));

        let refused = world.step(json!({ "engine": "flow", "step": { "type": "teleport" } })).await;
        assert_eq!(problem(&refused), (422, "invalid_definition"), "{refused:?}");
        let call = json!({ "type": "subworkflow", "name": "Call", "config": { "workflowId": "x" } });
        let refused = world.step(json!({ "engine": "workflow", "step": call })).await;
        assert_eq!(problem(&refused), (422, "not_supported"), "{refused:?}");
        for body in [json!({}), json!({ "engine": "flow" }), json!({ "engine": "flow", "step": 1 }), json!({ "engine": "x", "step": {} })] {
            assert_eq!(problem(&world.step(body.clone()).await), (400, "validation_failed"), "{body}");
        }
    }
}
