//! Running runs again over HTTP, one by one and many at once.

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, echo, failing, steps};
use crate::app::Answer;

impl World {
    async fn ended_run(&self, flow: &str, inputs: Value) -> String {
        self.execute(flow, inputs).await.header("x-flow-run-id").to_owned()
    }

    async fn rerun(&self, run: &str, query: &str, body: Value) -> Answer {
        self.post(&format!("/console/v1/runs/{run}/rerun{query}"), body).await
    }

    /// Waits until the run is over or waits.
    pub(crate) async fn settled(&self, run: &str) -> Value {
        for _ in 0..500 {
            let run = self.get(&format!("/console/v1/runs/{run}")).await.json;
            if !matches!(run["status"].as_str(), Some("queued" | "running")) {
                return run;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{run} is still under way");
    }

    async fn job(&self, id: &Value) -> Value {
        let path = format!("/console/v1/jobs/{}", id.as_str().expect("an id"));
        for _ in 0..500 {
            let job = self.get(&path).await.json;
            if job["status"] != "running" {
                return job;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the job has not ended");
    }
}

fn two_probes() -> Value {
    json!([
        { "id": "start", "type": "api", "nextStepId": "one" },
        { "id": "one", "type": "probe", "data": { "value": 1 }, "output": "one", "nextStepId": "two" },
        { "id": "two", "type": "probe", "data": { "mode": "{{ how }}" }, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": { "one": "{{ one.value }}" } } },
    ])
}

fn code(answer: &Answer) -> (u16, String) {
    let code = answer.json["code"].as_str().or(answer.json["error"]["code"].as_str()).unwrap_or_default();
    (answer.status.as_u16(), code.to_owned())
}

on_both! {
    async fn a_dry_run_and_the_run_tell_the_same(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Two", two_probes()).await;
        let run = world.ended_run(&flow, json!({ "how": "fail" })).await;
        let body = json!({ "from_step": "two", "inputs": { "how": "go" }, "reason": "fixed" });
        let dry = world.rerun(&run, "?dry_run=true", body.clone()).await;
        assert_eq!((dry.status, &dry.json), (200.try_into().expect("a status"), &json!({ "reused": ["one"], "again": ["two", "end"], "kept_approvals": [] })));
        let real = world.rerun(&run, "", body).await;
        assert_eq!(real.status, 202);
        for list in ["reused", "again", "kept_approvals"] {
            assert_eq!(real.json[list], dry.json[list]);
        }
        let new = real.json["run_id"].as_str().expect("an id");
        let shown = world.settled(new).await;
        assert_eq!((&shown["status"], &shown["rerun_of"], &shown["source"]), (&json!("completed"), &json!(run), &json!("dashboard")));
        let timeline = world.get(&format!("/console/v1/runs/{new}/timeline")).await.json;
        let spans: Vec<_> = timeline["spans"].as_array().expect("spans").iter().map(|span| (span["step_id"].clone(), span["reused"].clone())).collect();
        assert_eq!(spans, [(json!("one"), json!(true)), (json!("two"), json!(false)), (json!("end"), json!(false))]);
        let old = world.get(&format!("/console/v1/runs/{run}/timeline")).await.json;
        let events = old["events"].as_array().expect("events");
        assert!(events.iter().any(|event| event["type"] == "run.rerun" && event["run_id"] == json!(new)), "{old}");
        let entries = world.get("/console/v1/audit?action=reran_run").await.json;
        assert_eq!(entries["data"][0]["action"], "reran_run", "{entries}");
    }

    async fn bad_wishes_are_refused_by_name(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let waiting = world.waiting_run(&flow, json!({})).await;
        assert_eq!(code(&world.rerun(&waiting, "", json!({})).await), (409, "conflict".to_owned()));
        let echo = world.flow("Echo", echo()).await;
        let run = world.ended_run(&echo, json!({ "topic": "a" })).await;
        for (body, pointer) in [
            (json!({ "from_step": "nowhere" }), "/from_step"),
            (json!({ "version": "newest" }), "/version"),
            (json!({ "version": 0 }), "/version"),
            (json!({ "inputs": [] }), "/inputs"),
            (json!({ "inputs": { "topic": 5 } }), "/inputs/topic"),
            (json!({ "repeat_effects": "yes" }), "/repeat_effects"),
            (json!({ "reason": "x".repeat(501) }), "/reason"),
        ] {
            let answer = world.rerun(&run, "", body.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.json["errors"][0]["pointer"]), (400, &json!(pointer)), "{body}: {answer:?}");
        }
        assert_eq!(code(&world.rerun(&run, "", json!({ "version": 7 })).await).0, 404);
        assert_eq!(code(&world.rerun(&run, "", json!({ "from": "x" })).await), (400, "unknown_field".to_owned()));
        assert_eq!(code(&world.rerun("00000000-0000-7000-8000-000000000001", "", json!({})).await).0, 404);
        let viewer = world.member("vi@floe.test", Role::Viewer).await;
        let path = format!("/console/v1/runs/{run}/rerun");
        assert_eq!(code(&world.app.post(&path).bearer(&viewer).json(&json!({})).send().await), (403, "forbidden".to_owned()));
    }

    async fn the_flow_api_retries_what_did_not_succeed(store: TestStore) {
        let world = World::new(store).await;
        let good = world.flow("Echo", echo()).await;
        let done = world.ended_run(&good, json!({ "topic": "a" })).await;
        let refused = world.post(&format!("/v1/flowrun/retry/{done}"), json!({})).await;
        assert_eq!(code(&refused), (409, "conflict".to_owned()));
        let flow = world.flow("Two", two_probes()).await;
        let run = world.ended_run(&flow, json!({ "how": "fail" })).await;
        let ask = |body: Value| world.app.post(&format!("/v1/flowrun/retry/{run}")).bearer(&world.session).header("idempotency-key", "once").json(&body).send();
        let first = ask(json!({ "fromFailedStep": true })).await;
        assert_eq!((first.status.as_u16(), &first.json["retryOf"]), (202, &json!(run)));
        let again = ask(json!({ "fromFailedStep": true })).await;
        assert_eq!((&again.json, again.header("idempotent-replayed")), (&first.json, "true"));
        let new = first.json["appRunId"].as_str().expect("an id");
        assert_eq!(world.settled(new).await["status"], "failed", "it fails as before");
        let timeline = world.get(&format!("/console/v1/runs/{new}/timeline")).await.json;
        assert_eq!(timeline["spans"][0]["reused"], true);
        // Without it everything is done anew.
        let anew = world.post(&format!("/v1/flowrun/retry/{run}"), json!({})).await;
        let anew = anew.json["appRunId"].as_str().expect("an id").to_owned();
        world.settled(&anew).await;
        let timeline = world.get(&format!("/console/v1/runs/{anew}/timeline")).await.json;
        assert_eq!(timeline["spans"][0]["reused"], false);
        let list = world.get(&format!("/console/v1/runs?definition_id={flow}&status=failed")).await.json;
        assert_eq!(list["data"].as_array().map(Vec::len), Some(3), "the repeat made none: {list}");
        let key = world.app.post(&format!("/v1/flowrun/retry/{run}")).bearer(&world.key).json(&json!({})).send().await;
        assert_eq!(key.status, 403, "a key may not");
    }

    async fn many_are_run_again_or_cancelled(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Break", failing()).await;
        for _ in 0..5 {
            world.ended_run(&flow, json!({})).await;
        }
        let filter = json!({ "status": "failed", "definition_id": flow });
        let dry = world.post("/console/v1/runs/bulk", json!({ "action": "rerun", "filter": filter, "dry_run": true })).await;
        assert_eq!((dry.status.as_u16(), &dry.json), (200, &json!({ "job_id": null, "matched": 5 })));
        let real = world.post("/console/v1/runs/bulk", json!({ "action": "rerun", "filter": filter, "from_step": "failed" })).await;
        assert_eq!((real.status.as_u16(), &real.json["matched"]), (202, &json!(5)));
        let job = world.job(&real.json["job_id"]).await;
        assert_eq!((&job["kind"], &job["status"], &job["done"], &job["total"], &job["failed"]), (&json!("runs.rerun"), &json!("done"), &json!(5), &json!(5), &json!(0)));
        assert_eq!(job["result"], json!({ "succeeded": 5, "failed": 0, "left": 0 }));
        // Runs that are over cannot be cancelled.
        let cancel = world.post("/console/v1/runs/bulk", json!({ "action": "cancel", "filter": filter })).await;
        let job = world.job(&cancel.json["job_id"]).await;
        assert_eq!((&job["failed"], &job["errors"][0]["code"]), (&job["total"], &json!("run_finished")));
        let stopped = world.app.delete(&format!("/console/v1/jobs/{}", cancel.json["job_id"].as_str().expect("an id"))).bearer(&world.session).send().await;
        assert_eq!(stopped.status, 204);
        for (body, pointer) in [
            (json!({ "filter": {} }), "/action"),
            (json!({ "action": "rerun" }), "/ids"),
            (json!({ "action": "rerun", "ids": [], }), "/ids"),
            (json!({ "action": "rerun", "ids": ["x"], "filter": {} }), "/filter"),
            (json!({ "action": "rerun", "ids": [7] }), "/ids"),
            (json!({ "action": "rerun", "filter": { "colour": "red" } }), "/filter/colour"),
            (json!({ "action": "rerun", "filter": { "status": "red" } }), "/status"),
            (json!({ "action": "rerun", "filter": {}, "from_step": "two" }), "/from_step"),
            (json!({ "action": "cancel", "filter": {}, "from_step": "failed" }), "/from_step"),
        ] {
            let answer = world.post("/console/v1/runs/bulk", body.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.json["errors"][0]["pointer"]), (400, &json!(pointer)), "{body}: {answer:?}");
        }
        assert_eq!(world.get("/console/v1/jobs/job_00000000000000000000000000").await.status, 404);
    }

    async fn another_version_and_draft_can_be_chosen(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Two", two_probes()).await;
        let run = world.ended_run(&flow, json!({ "how": "fail" })).await;
        let fixed = steps(json!({ "type": "probe", "data": { "value": 2 } }), json!({ "two": true }));
        assert_eq!(world.post(&format!("/v1/flow/{flow}/autosave"), json!({ "definition": { "steps": fixed } })).await.status, 200);
        let draft = world.rerun(&run, "?dry_run=true", json!({ "version": 2 })).await;
        assert_eq!(draft.json["again"], json!(["it", "end"]), "a step of another id is another step: {draft:?}");
        let latest = world.rerun(&run, "?dry_run=1", json!({ "version": "latest", "from_step": "failed" })).await;
        assert_eq!(latest.json["reused"], json!(["one"]));
        assert_eq!(world.post(&format!("/v1/flow/{flow}/publish"), json!({})).await.status, 200);
        let real = world.rerun(&run, "", json!({ "version": "latest" })).await;
        let new = world.settled(real.json["run_id"].as_str().expect("an id")).await;
        assert_eq!((&new["status"], &new["version"]), (&json!("completed"), &json!(2)), "{new}");
    }
}
