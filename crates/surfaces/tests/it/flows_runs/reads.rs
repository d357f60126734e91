//! Reading runs.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, echo, failing};
use crate::app::Answer;
use crate::flows::{refused, scrubbed};

const NOW: &str = "2027-01-15T08:00:00.000Z";

/// A loop, two branches, an approval.
fn rich() -> Value {
    json!([
        { "id": "start", "type": "api", "nextStepId": "loop" },
        { "id": "loop", "type": "each", "output": "looped", "nextStepId": "both",
          "data": { "arrayVariable": "items", "steps": [{ "id": "probe", "type": "probe", "data": { "value": "{{ item }}" } }] } },
        { "id": "both", "type": "parallel", "nextStepId": "skip", "data": { "branches": [
            { "id": "left", "steps": [{ "id": "set", "type": "set-variable", "data": { "variables": { "a": 1 } } }] },
            { "id": "right", "steps": [{ "id": "try", "type": "probe", "onError": "continue", "data": { "mode": "fail" } }] } ] } },
        { "id": "skip", "type": "probe", "disabled": true, "nextStepId": "ask" },
        { "id": "ask", "type": "user-approval", "name": "Ask", "nextStepId": "end", "data": { "message": "Go on?" } },
        { "id": "end", "type": "final", "data": { "outputs": { "said": "{{ approval.decision }}", "a": "{{ a }}" } } },
    ])
}

async fn get(world: &World, path: String) -> Answer {
    world.get(&path).await
}

#[track_caller]
fn data(answer: Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json["data"].clone()
}

on_both! {
    async fn a_run_is_read_in_every_depth(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Rich", rich()).await;
        let asking = world.app.post(&format!("/v1/client/flow/{flow}/execute")).bearer(&world.key).header("x-hook-id", "hook-1");
        let started = asking.json(&json!({ "items": ["x", "y"] })).send().await;
        let run = started.header("x-flow-run-id").to_owned();
        let read = |what: &str| get(&world, format!("/v1/flowrun/{what}/{run}"));

        let summary = scrubbed(&read("summary").await);
        let expected = json!({
            "_id": "<1>", "appRunId": "<1>", "appId": "<2>", "flowName": "Rich", "version": 1, "isDraft": false,
            "status": "waiting", "trigger": { "type": "api", "stepId": "start" },
            "source": { "kind": "client", "hookId": "hook-1", "tokenId": "<3>", "userId": null, "ip": "203.0.113.7" },
            "parentRunId": null, "test": false, "queuedAt": NOW, "startedAt": NOW, "finishedAt": null, "durationMs": 0,
            "credits": 0, "stepCount": summary["stepCount"], "currentStepId": "ask",
            "waitState": { "waitId": "<4>", "type": "user-approval", "stepId": "ask", "stepName": "Ask", "message": "Go on?",
                           "options": ["approve", "reject"], "createdAt": NOW, "expiresAt": "2027-01-22T08:00:00.000Z" },
            "pendingAction": { "type": "user-approval", "message": "Go on?", "options": ["approve", "reject"], "timestamp": NOW },
            "error": null, "revision": summary["revision"],
            "stepSummary": { "completed": 5, "failed": 1, "skipped": 1, "waiting": 1, "total": 8 },
        });
        assert_eq!(summary, expected);

        let steps = data(read("steps").await);
        let told: Vec<Value> = steps.as_array().expect("a list").iter().map(|step| {
            json!([step["stepId"], step["status"], step["iteration"], step["branchId"], step["output"]])
        }).collect();
        let pass = |index: usize| json!([{ "stepId": "loop", "index": index }]);
        let probe = |index: usize, value: &str| json!(["probe", "completed", pass(index), null, { "value": value }]);
        assert_eq!(told[1..3], [probe(0, "x"), probe(1, "y")]);
        assert!(told.contains(&json!(["set", "completed", [], "left", { "a": 1 }])), "{told:?}");
        assert_eq!(told.last(), Some(&json!(["ask", "waiting", [], null, null])));
        let failed = data(world.get(&format!("/v1/flowrun/steps/{run}?status=failed")).await);
        assert_eq!(failed, json!([{
            "stepId": "try", "name": "try", "type": "probe", "status": "failed", "attempt": 1, "iteration": [], "branchId": "right",
            "startedAt": NOW, "finishedAt": NOW, "durationMs": 0,
            "error": { "code": "probe_failed", "message": "The probe was told to fail", "stepId": "try", "stepName": "try",
                       "stepType": "probe", "attempt": 1, "retryable": false, "details": {}, "occurredAt": NOW },
            "credits": 0, "input": { "mode": "fail" }, "output": null, "logs": [],
        }]));
        let paged = world.get(&format!("/v1/flowrun/steps/{run}?limit=2&page=2")).await;
        assert_eq!((&paged.json["total"], &paged.json["skip"], &paged.json["page"]), (&json!(8), &json!(2), &json!(2)));
        assert_eq!(paged.json["data"], json!([steps[2], steps[3]]));
        for wrong in ["limit=501", "status=broken"] {
            assert_eq!(refused(&world.get(&format!("/v1/flowrun/steps/{run}?{wrong}")).await).0, 400, "{wrong}");
        }

        let poll = read("poll").await.json;
        assert_eq!((&poll["done"], &poll["completedSteps"], &poll["waitState"]["type"]), (&json!(false), &json!(5), &json!("user-approval")));
        assert!(poll.get("output").is_none() && poll.get("error").is_none());
        assert_eq!(read("outputs").await.json, json!({ "appRunId": run, "status": "waiting", "output": null }));
        assert_eq!(read("errorDetails").await.json, json!({ "appRunId": run, "hasError": false, "error": null }));
        assert_eq!(read("inputs").await.json, json!({
            "appRunId": run, "trigger": { "type": "api", "stepId": "start" }, "inputs": { "items": ["x", "y"] },
        }));
        assert_eq!(read("credit-details").await.json, json!({ "appRunId": run, "totalCredits": 0, "items": [] }));

        world.resume(&run, json!({ "decision": "approve" })).await;
        let minimal = read("minimal-details").await.json;
        assert_eq!(minimal, json!({
            "appRunId": run, "appId": flow, "status": "completed", "version": 1, "currentStepId": null, "startedAt": NOW,
            "finishedAt": NOW,
        }));
        let context = read("context").await.json;
        assert_eq!(context["truncated"], false);
        assert_eq!((&context["context"]["a"], &context["context"]["approval"]["decidedBy"]), (&json!(1), &json!("App")));
        let (details, detailed) = (read("details").await.json, read("detailed").await.json);
        assert_eq!((&details["output"], &details["context"]), (&json!({ "said": "approve", "a": 1 }), &json!(null)));
        assert_eq!((&details["steps"][0]["stepId"], details["steps"][0].get("input")), (&json!("loop"), None));
        assert_eq!((&detailed["context"], &detailed["steps"][1]["output"]), (&context["context"], &json!({ "value": "x" })));
        let poll = read("poll").await.json;
        assert_eq!((&poll["done"], &poll["output"]), (&json!(true), &details["output"]));
        assert_eq!(read("outputs").await.json["output"], details["output"]);
    }

    async fn a_failed_run_shows_its_error_in_every_read(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Break", failing()).await;
        let run = world.execute(&flow, json!({})).await.header("x-flow-run-id").to_owned();
        let error = world.get(&format!("/v1/flowrun/errorDetails/{run}")).await.json["error"].clone();
        assert_eq!(error, json!({
            "code": "probe_failed", "message": "The probe was told to fail", "stepId": "it", "stepName": "Break",
            "stepType": "probe", "attempt": 1, "retryable": false, "details": {}, "occurredAt": NOW,
        }));
        assert_eq!(world.get(&format!("/v1/flowrun/details/{run}")).await.json["error"], error);
        assert_eq!(world.get(&format!("/v1/flowrun/poll/{run}")).await.json["error"]["code"], "probe_failed");
        let row = data(world.get(&format!("/v1/flowrun/{flow}")).await)[0].clone();
        assert_eq!(row["error"], json!({ "code": "probe_failed", "message": "The probe was told to fail" }));
        for (text, count) in [("TOLD", 1), ("probe_f", 1), ("nothing", 0), ("%", 0)] {
            let list = world.get(&format!("/v1/flowrun/{flow}?q={}", text.replace('%', "%25"))).await;
            assert_eq!(list.json["total"], count, "{text}");
        }
    }

    async fn runs_are_listed_by_page_filter_and_order(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let mut runs = Vec::new();
        for at in 0..5 {
            let answer = match at {
                4 => world.post(&format!("/v1/flow/execute/{flow}"), json!({})).await,
                _ => world.execute(&flow, json!({ "topic": "t" })).await,
            };
            runs.push(answer.header("x-flow-run-id").to_owned());
            world.app.pass_seconds(60);
        }
        let ids = |answer: Answer| -> Vec<String> {
            let rows = data(answer);
            rows.as_array().expect("a list").iter().map(|row| row["_id"].as_str().expect("an id").to_owned()).collect()
        };
        let list = |query: &str| get(&world, format!("/v1/flowrun/{flow}?{query}"));
        let newest: Vec<String> = runs.iter().rev().cloned().collect();
        assert_eq!(ids(list("").await), newest);
        assert_eq!(ids(list("sort=createdAt").await), runs);
        assert_eq!(ids(list("sort=-durationMs").await), newest);
        assert_eq!(ids(list("limit=2&skip=1").await), newest[1..3]);
        assert_eq!(ids(list("limit=2&page=3").await), newest[4..]);
        assert_eq!(ids(list("source=dashboard").await), newest[..1]);
        assert_eq!(ids(list("status=completed,failed&trigger=api&version=1").await), newest);
        for none in ["status=failed", "trigger=form", "version=2", "source=share", "from=2028-01-01T00:00:00Z", "to=2027-01-15T08:00:00Z"] {
            assert_eq!(list(none).await.json["total"], 0, "{none}");
        }
        assert_eq!(ids(list("from=2027-01-15T08:01:00Z&to=2027-01-15T09:03:00%2B01:00").await), [runs[2].clone(), runs[1].clone()]);
        for wrong in ["limit=0", "limit=101", "limit=x", "skip=-1", "page=0", "skip=1&page=1", "sort=name", "status=done", "version=0", "from=today"] {
            assert_eq!(refused(&list(wrong).await), (400, "validation_error".to_owned()), "{wrong}");
        }
        let light = world.get(&format!("/v1/flowrun/light/{flow}?limit=1")).await;
        assert_eq!(light.json, json!({
            "data": [{ "_id": runs[4], "appRunId": runs[4], "status": "completed", "version": 1,
                       "trigger": { "type": "api", "stepId": "start" }, "startedAt": "2027-01-15T08:04:00.000Z", "durationMs": 0 }],
            "total": 5, "limit": 1, "skip": 0, "page": 1,
        }));
        let row = data(list("limit=1").await)[0].clone();
        assert_eq!(
            (&row["finishedAt"], &row["credits"], &row["stepCount"], &row["error"], &row["waitState"], &row["parentRunId"]),
            (&json!("2027-01-15T08:04:00.000Z"), &json!(0), &json!(2), &json!(null), &json!(null), &json!(null))
        );
        assert_eq!(row["source"]["kind"], "dashboard");
        // A run's id is no flow's.
        assert_eq!(refused(&world.get(&format!("/v1/flowrun/{}", runs[0])).await), (404, "not_found".to_owned()));
    }

    async fn an_overview_sums_the_runs_of_a_period(store: TestStore) {
        let world = World::new(store).await;
        let steps = json!([
            { "id": "start", "type": "api", "nextStepId": "it" },
            { "id": "it", "type": "probe", "data": { "mode": "{{ mode }}" }, "nextStepId": "ask" },
            { "id": "ask", "type": "user-approval", "data": { "message": "m" }, "nextStepId": "end" },
            { "id": "end", "type": "final", "data": { "outputs": {} } },
        ]);
        let flow = world.flow("Mixed", steps).await;
        let path = format!("/v1/flowrun/overview/{flow}");
        // The owner's session ends within the days of this test; its token does not.
        let read = |path: String| world.app.get(&path).bearer(&world.token).send();
        let empty = read(path.clone()).await.json;
        assert_eq!((&empty["total"], &empty["successRate"], &empty["lastRun"]), (&json!(0), &json!(null), &json!(null)));
        assert_eq!(empty["durationMs"], json!({ "avg": null, "p50": null, "p95": null, "p99": null }));

        world.execute(&flow, json!({ "mode": "fail" })).await;
        world.app.pass_seconds(86_400);
        for decided in [true, true, false] {
            let answer = world.execute(&flow, json!({})).await;
            if decided {
                world.resume(answer.header("x-flow-run-id"), json!({ "decision": "approve" })).await;
            }
        }
        let overview = read(path.clone()).await.json;
        assert_eq!(overview, json!({
            "appId": flow, "from": "2026-12-17T08:00:00.000Z", "to": "2027-01-16T08:00:00.000Z", "total": 4,
            "byStatus": { "queued": 0, "running": 0, "waiting": 1, "completed": 2, "failed": 1, "cancelled": 0 },
            "successRate": 2.0 / 3.0, "durationMs": { "avg": 0, "p50": 0, "p95": 0, "p99": 0 }, "credits": 0,
            "byDay": [
                { "date": "2027-01-15", "total": 1, "completed": 0, "failed": 1, "credits": 0 },
                { "date": "2027-01-16", "total": 3, "completed": 2, "failed": 0, "credits": 0 },
            ],
            "byTrigger": { "api": 4 }, "byVersion": { "1": 4 },
            "topErrors": [{ "code": "probe_failed", "stepId": "it", "count": 1 }], "waiting": 1,
            "lastRun": overview["lastRun"],
        }));
        assert_eq!(overview["lastRun"]["status"], "waiting");
        let day = read(format!("{path}?from=2027-01-15T00:00:00Z&to=2027-01-16T00:00:00Z")).await.json;
        assert_eq!((&day["total"], &day["successRate"], &day["to"]), (&json!(1), &json!(0.0), &json!("2027-01-16T00:00:00.000Z")));
        assert_eq!(refused(&read(format!("{path}?from=2027-02-01T00:00:00Z&to=2027-01-01T00:00:00Z")).await).0, 400);
    }

    async fn a_poll_is_held_until_the_run_changes(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let run = world.waiting_run(&flow, json!({})).await;
        let path = format!("/v1/flowrun/poll/{run}");
        let before = world.get(&path).await.json["revision"].as_i64().expect("a number");
        let held = format!("{path}?timeout=30&revision={before}");
        let hold = world.get(&held);
        let answer = async {
            tokio::task::yield_now().await;
            world.resume(&run, json!({ "decision": "approve" })).await
        };
        let (told, answered) = tokio::join!(hold, answer);
        assert_eq!(answered.status, 200);
        assert!(told.json["revision"].as_i64() > Some(before), "{told:?}");
        // A run that is over changes no more; nothing is held.
        let after = world.get(&format!("{path}?timeout=30&revision=999999")).await;
        assert_eq!(after.json["done"], true);
        for wrong in ["timeout=31", "timeout=-1", "revision=x"] {
            assert_eq!(refused(&world.get(&format!("{path}?{wrong}")).await).0, 400, "{wrong}");
        }
        // Time is over: the present state.
        let other = world.waiting_run(&flow, json!({})).await;
        let same = world.get(&format!("/v1/flowrun/poll/{other}?timeout=1&revision=999999")).await;
        assert_eq!((&same.json["status"], &same.json["done"]), (&json!("waiting"), &json!(false)));
    }
}
