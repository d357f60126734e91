//! Starting runs: every form of the answer, and every refusal.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, echo, failing, hanging, steps};
use crate::app::Answer;
use crate::flows::{refused, scrubbed};

const NOW: &str = "2027-01-15T08:00:00.000Z";

/// Status, body without ids, and the headers that name the run.
fn told(answer: &Answer) -> (u16, Value, String) {
    assert_eq!(answer.header("x-flow-run-id").len(), 36, "{answer:?}");
    (answer.status.as_u16(), scrubbed(answer), answer.header("x-flow-run-status").to_owned())
}

/// The four forms: client, library, dashboard, dashboard with metadata.
async fn in_all_forms(world: &World, flow: &str, inputs: Value) -> [(u16, Value, String); 4] {
    let client = world.execute(flow, inputs.clone()).await;
    let library =
        world.app.post(&format!("/v1/sdk/flow/{flow}/execute")).bearer(&world.token).json(&inputs).send().await;
    let path = format!("/v1/flow/execute/{flow}");
    let dashboard = world.post(&path, json!({ "inputs": inputs })).await;
    let whole = world.post(&path, json!({ "inputs": inputs, "returnExecutionMetadata": true })).await;
    [told(&client), told(&library), told(&dashboard), told(&whole)]
}

on_both! {
    async fn a_completed_run_answers_its_output(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let word = "completed".to_owned();
        let expected = [
            (200, json!({ "text": "hi" }), word.clone()),
            (200, json!({ "success": true, "outputs": { "text": "hi" }, "status": "completed", "appRunId": "<1>" }), word.clone()),
            (200, json!({ "text": "hi" }), word.clone()),
            (200, json!({ "status": "completed", "appRunId": "<1>", "output": { "text": "hi" } }), word),
        ];
        assert_eq!(in_all_forms(&world, &flow, json!({ "topic": "hi" })).await, expected);
        // No body is no inputs.
        let bare = world.app.post(&format!("/v1/client/flow/{flow}/execute")).bearer(&world.key).send().await;
        assert_eq!((bare.status.as_u16(), &bare.json), (200, &json!({ "text": null })));
    }

    async fn a_failed_run_is_an_error_to_clients_and_a_state_to_others(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Break", failing()).await;
        let (word, message) = ("failed".to_owned(), "The probe was told to fail");
        let error = json!({
            "code": "probe_failed", "message": message, "stepId": "it", "stepName": "Break", "stepType": "probe",
        });
        let refusal = json!({
            "statusCode": 422, "message": message, "status": "failed", "appRunId": "<1>",
            "error": {
                "code": "flow_execution_failed", "message": message, "status": 422,
                "details": { "stepId": "it", "stepName": "Break", "stepType": "probe", "code": "probe_failed", "message": message },
            },
        });
        let library = json!({ "success": false, "outputs": {}, "error": message, "status": "failed", "appRunId": "<1>" });
        let expected = [
            (422, refusal.clone(), word.clone()),
            (200, library, word.clone()),
            (422, refusal, word.clone()),
            (200, json!({ "status": "failed", "appRunId": "<1>", "error": error }), word),
        ];
        assert_eq!(in_all_forms(&world, &flow, json!({})).await, expected);
    }

    async fn a_waiting_run_answers_what_it_asks(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let envelope = json!({
            "status": "waiting", "appRunId": "<1>",
            "waitState": {
                "waitId": "<2>", "type": "user-approval", "stepId": "it", "stepName": "Confirm", "message": "Send it?",
                "options": ["approve", "reject"], "createdAt": NOW, "expiresAt": "2027-01-22T08:00:00.000Z",
            },
            "pendingAction": {
                "type": "user-approval", "message": "Send it?", "options": ["approve", "reject"], "timestamp": NOW,
            },
        });
        let mut library = envelope.clone();
        library["success"] = json!(false);
        library["outputs"] = json!({});
        let word = "waiting".to_owned();
        let expected = [
            (200, envelope.clone(), word.clone()),
            (200, library, word.clone()),
            (200, envelope.clone(), word.clone()),
            (200, envelope, word),
        ];
        assert_eq!(in_all_forms(&world, &flow, json!({ "topic": "it" })).await, expected);
    }

    async fn whoever_does_not_wait_is_told_that_the_run_goes_on(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let running = (202, json!({ "status": "running", "appRunId": "<1>" }), "running".to_owned());
        let path = format!("/v1/client/flow/{flow}/execute?async=true");
        let client = world.app.post(&path).bearer(&world.key).json(&json!({ "topic": "a" })).send().await;
        assert_eq!(told(&client), running);
        let body = json!({ "async": true, "returnExecutionMetadata": true });
        assert_eq!(told(&world.post(&format!("/v1/flow/execute/{flow}"), body).await), running);

        let run = client.header("x-flow-run-id");
        let path = format!("/v1/flowrun/poll/{run}?timeout=30&revision=");
        let mut state = json!({ "revision": 0 });
        while state["done"] != true {
            let asking = app_get(&world, &format!("{path}{}", state["revision"])).await;
            assert!(asking.json["revision"].as_i64() > state["revision"].as_i64(), "{asking:?}");
            state = asking.json;
        }
        assert_eq!((&state["status"], &state["output"]), (&json!("completed"), &json!({ "text": "a" })));
    }

    async fn a_run_that_is_cancelled_meanwhile_is_a_conflict(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Hang", hanging()).await;
        let call = world.execute(&flow, json!({}));
        let cancel = async {
            let run = loop {
                let list = world.get(&format!("/v1/flowrun/{flow}?status=running")).await;
                if let Some(id) = list.json["data"][0]["_id"].as_str() {
                    break id.to_owned();
                }
                tokio::task::yield_now().await;
            };
            let path = format!("/v1/flowrun/cancel/{run}");
            let done = world.post(&path, json!({})).await;
            assert_eq!((done.status.as_u16(), &done.json), (200, &json!({ "appRunId": run, "status": "cancelled" })));
            assert_eq!(refused(&world.post(&path, json!({})).await), (409, "run_finished".to_owned()));
        };
        let (answer, ()) = tokio::join!(call, cancel);
        assert_eq!(refused(&answer), (409, "run_cancelled".to_owned()));
        assert_eq!(answer.header("x-flow-run-status"), "cancelled");
        let read = world.get(&format!("/v1/flowrun/outputs/{}", answer.header("x-flow-run-id"))).await;
        assert_eq!((&read.json["status"], &read.json["output"]), (&json!("cancelled"), &json!(null)));
        let audit = world.app.app.platform.store.read(|tx| {
            let workspace = floe_store::access::members::find_by_email(tx, crate::app::OWNER)?;
            let member = workspace.expect("the owner").id;
            let workspace = floe_store::access::memberships::of_member(tx, member)?[0].workspace;
            let filter = floe_store::platform::audit::Filter { action: Some("cancelled_run".to_owned()), ..Default::default() };
            floe_store::platform::audit::list(tx, workspace, &filter, None, 10)
        });
        assert_eq!(audit.await.expect("entries").len(), 1);
    }

    async fn what_cannot_be_run_is_refused_and_leaves_no_run(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let draft = world.draft("Draft", echo()).await;
        let hook = json!([
            { "id": "start", "type": "form", "nextStepId": "end" }, { "id": "end", "type": "final", "data": { "outputs": {} } },
        ]);
        let no_api = world.flow("Form", hook).await;
        let strict = json!({ "type": "set-variable", "data": { "variables": { "a": 1 } } });
        let mut strict = steps(strict, json!({}));
        strict[0]["data"]["inputs"] = json!([
            { "key": "name", "type": "text", "required": true }, { "key": "age", "type": "number" },
        ]);
        let strict = world.flow("Strict", strict).await;
        world.post(&format!("/v1/flow/{flow}/autosave"), json!({ "name": "Echo 2" })).await;

        let nowhere = "0190b2f0-0000-7000-8000-000000000000";
        for (path, body, status, code) in [
            (format!("{nowhere}/execute"), json!({}), 404, "not_found"),
            ("no-id/execute".to_owned(), json!({}), 404, "not_found"),
            (format!("{draft}/execute"), json!({}), 409, "flow_not_published"),
            (format!("{draft}/execute?version=1"), json!({}), 409, "version_not_published"),
            (format!("{flow}/execute?version=2"), json!({}), 409, "version_not_published"),
            (format!("{flow}/execute?version=9"), json!({}), 404, "not_found"),
            (format!("{flow}/execute?version=draft"), json!({}), 400, "invalid_version"),
            (format!("{flow}/execute?version=0"), json!({}), 400, "invalid_version"),
            (format!("{flow}/execute?version="), json!({}), 400, "invalid_version"),
            (format!("{flow}/execute?async=maybe"), json!({}), 400, "validation_error"),
            (format!("{flow}/execute"), json!([1]), 400, "validation_error"),
            (format!("{flow}/execute"), json!("text"), 400, "validation_error"),
            (format!("{flow}/execute"), json!({ "topic": 5 }), 400, "validation_error"),
            (format!("{flow}/execute"), json!({ "steps": {} }), 400, "validation_error"),
            (format!("{no_api}/execute"), json!({}), 409, "api_trigger_required"),
        ] {
            let answer = world.app.post(&format!("/v1/client/flow/{path}")).bearer(&world.key).json(&body).send().await;
            assert_eq!(refused(&answer), (status, code.to_owned()), "{path} {body}");
            assert_eq!(answer.header("x-flow-run-id"), "");
        }
        let wrong = world.execute(&strict, json!({ "name": null, "age": "old" })).await;
        let fields = wrong.json["error"]["details"]["fields"].as_array().expect("fields");
        let paths: Vec<_> = fields.iter().map(|field| (&field["path"], &field["code"])).collect();
        assert_eq!(paths, [(&json!("/name"), &json!("required")), (&json!("/age"), &json!("type"))]);
        for (body, status, code) in [
            (json!({ "inputs": [] }), 400, "validation_error"),
            (json!({ "async": 1 }), 400, "validation_error"),
            (json!({ "trigger": "end" }), 400, "validation_error"),
            (json!({ "version": "latest!" }), 400, "invalid_version"),
            (json!({ "version": 1.5 }), 400, "invalid_version"),
            (json!({ "inputs": { "age": "x", "name": "y" } }), 400, "validation_error"),
        ] {
            let answer = world.post(&format!("/v1/flow/execute/{strict}"), body.clone()).await;
            assert_eq!(refused(&answer), (status, code.to_owned()), "{body}");
        }
        let at = world.post(&format!("/v1/flow/execute/{strict}"), json!({ "inputs": { "age": 1 } })).await;
        assert_eq!(at.json["error"]["details"]["fields"][0]["path"], "/inputs/name");
        let long = world.app.post(&format!("/v1/client/flow/{flow}/execute")).bearer(&world.key);
        assert_eq!(refused(&long.header("x-hook-id", &"h".repeat(129)).send().await).0, 400);
        for flow in [&flow, &draft, &no_api, &strict] {
            assert_eq!(world.get(&format!("/v1/flowrun/{flow}")).await.json["total"], 0);
        }
        // The draft of a published flow runs in the dashboard unless another version is asked for.
        let body = |version: Value| json!({ "version": version, "returnExecutionMetadata": true, "inputs": { "topic": "t" } });
        for (version, shown) in [(json!(null), 2), (json!("draft"), 2), (json!("latest"), 1), (json!(1), 1)] {
            let run = world.post(&format!("/v1/flow/execute/{flow}"), body(version.clone())).await;
            let details = world.get(&format!("/v1/flowrun/details/{}", run.header("x-flow-run-id"))).await;
            assert_eq!((&details.json["version"], &details.json["isDraft"]), (&json!(shown), &json!(shown == 2)), "{version}");
        }
    }
}

async fn app_get(world: &World, path: &str) -> Answer {
    let answer = world.app.get(path).bearer(&world.key).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}
