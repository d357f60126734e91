//! The joined list of runs, and one run in time.

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, echo, failing, steps};

impl World {
    async fn listed(&self, query: &str) -> Value {
        let answer = self.get(&format!("/console/v1/runs{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer.json
    }

    async fn names(&self, query: &str) -> Vec<String> {
        let list = self.listed(query).await;
        let data = list["data"].as_array().expect("a list").clone();
        data.iter().map(|run| run["name"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

on_both! {
    async fn a_row_says_everything(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Quotes", approval()).await;
        let run = world.waiting_run(&flow, json!({ "topic": "x" })).await;
        let key = world.get("/console/v1/keys").await.json["data"][0]["id"].clone();
        let item = world.get("/console/v1/inbox").await.json["data"][0].clone();
        let expected = json!({
            "id": run, "kind": "flow", "name": "Quotes", "definition_id": flow, "version": 1, "mode": "live", "status": "waiting",
            "product_status": "waiting", "warnings": 0, "trigger": "api", "source": "client",
            "started_by": { "type": "key", "id": key, "name": "App" },
            "waiting_on": { "inbox_id": item["id"], "kind": "flow_approval", "since": "2027-01-15T08:00:00.000Z" },
            "progress": { "steps": 1, "current_step": "it" }, "created_at": "2027-01-15T08:00:00.000Z",
            "started_at": "2027-01-15T08:00:00.000Z", "finished_at": null, "duration_ms": null, "wait_ms": null, "credits": 0,
            "error": null, "parent_id": null, "rerun_of": null,
        });
        assert_eq!(world.listed("").await, json!({ "data": [expected], "next_cursor": null, "total": null }));
        assert_eq!(world.get(&format!("/console/v1/runs/{run}")).await.json, expected);
        world.app.pass_seconds(60);
        world.resume(&run, json!({ "decision": "approve" })).await;
        let ended = world.get(&format!("/console/v1/runs/{run}")).await.json;
        assert_eq!((&ended["status"], &ended["duration_ms"], &ended["wait_ms"], &ended["waiting_on"]), (&json!("completed"), &json!(0), &json!(60_000), &json!(null)));
        let missing = world.get("/console/v1/runs/00000000-0000-7000-8000-000000000001").await;
        assert_eq!(missing.status, 404);
    }

    async fn filters_and_cursors_walk_each_run_once(store: TestStore) {
        let world = World::new(store).await;
        let (good, bad, ask) = (world.flow("Good", echo()).await, world.flow("Bad", failing()).await, world.flow("Ask", approval()).await);
        for flow in [&good, &bad, &ask, &good, &bad] {
            world.execute(flow, json!({ "topic": "t" })).await;
            world.app.pass_seconds(1);
        }
        assert_eq!(world.names("").await, ["Bad", "Good", "Ask", "Bad", "Good"]);
        assert_eq!(world.names("?sort=created_at").await, ["Good", "Bad", "Ask", "Good", "Bad"]);
        for (query, expected) in [
            ("?status=failed", vec!["Bad", "Bad"]),
            ("?status=waiting,failed", vec!["Bad", "Ask", "Bad"]),
            ("?status=completed,waiting", vec!["Good", "Ask", "Good"]),
            ("?status=queued,running", vec![]),
            ("?product_status=failed", vec!["Bad", "Bad"]),
            ("?product_status=executing", vec![]),
            ("?kind=flow,agent&status=waiting", vec!["Ask"]),
            ("?kind=payment", vec![]),
            ("?error_code=probe_failed", vec!["Bad", "Bad"]),
            ("?q=GOO", vec!["Good", "Good"]),
            ("?q=told to fail", vec!["Bad", "Bad"]),
            ("?mode=test", vec![]),
            ("?trigger=api&source=client&status=waiting", vec!["Ask"]),
            ("?source=dashboard", vec![]),
            ("?from=2027-01-15T08:00:01Z&to=2027-01-15T08:00:03Z", vec!["Ask", "Bad"]),
            ("?definition_id=no-id", vec![]),
        ] {
            assert_eq!(world.names(&query.replace(' ', "%20")).await, expected, "{query}");
        }
        assert_eq!(world.names(&format!("?definition_id={bad}&status=failed")).await, ["Bad", "Bad"]);
        assert_eq!(world.names(&format!("?definition_id={good}&sort=created_at")).await, ["Good", "Good"]);
        for sort in ["created_at", "-created_at"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            for _ in 0..10 {
                let page = world.listed(&format!("?limit=2&total=true&sort={sort}&status=failed,waiting{cursor}")).await;
                assert_eq!(page["total"], 3);
                seen.extend(page["data"].as_array().expect("a list").iter().map(|run| run["id"].clone()));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen.len(), 3, "{seen:?}");
            let wrong = world.get(&format!("/console/v1/runs?limit=2&sort={sort}&status=failed{cursor}")).await;
            assert_eq!((wrong.status.as_u16(), &wrong.json["code"]), (400, &json!("invalid_cursor")));
        }
        for wrong in ["status=red", "kind=red", "mode=red", "from=yesterday", "limit=0", "sort=name"] {
            assert_eq!(world.get(&format!("/console/v1/runs?{wrong}")).await.status, 400, "{wrong}");
        }
    }

    async fn a_run_is_shown_in_time(store: TestStore) {
        let world = World::new(store).await;
        let body = json!([{ "id": "in", "type": "probe", "data": { "value": "{{ item }}" } }]);
        let each = json!({ "type": "each", "data": { "arrayVariable": "list", "steps": body } });
        let flow = world.flow("Loop", steps(each, json!({ "ok": true }))).await;
        let run = world.execute(&flow, json!({ "topic": "t", "list": ["a", "b".repeat(300_000)] })).await.header("x-flow-run-id").to_owned();
        let timeline = world.get(&format!("/console/v1/runs/{run}/timeline")).await.json;
        let spans = timeline["spans"].as_array().expect("spans");
        let brief: Vec<Value> = spans.iter().map(|span| json!([span["id"], span["parent_id"], span["step_id"], span["status"], span["iteration"]])).collect();
        assert_eq!(brief, [
            json!(["1", null, "it", "completed", []]),
            json!(["2", "1", "in", "completed", [{ "step_id": "it", "index": 0 }]]),
            json!(["3", "1", "in", "completed", [{ "step_id": "it", "index": 1 }]]),
            json!(["4", null, "end", "completed", []]),
        ]);
        let types: Vec<_> = timeline["events"].as_array().expect("events").iter().map(|event| event["type"].clone()).collect();
        assert_eq!(types, ["run.accepted", "run.completed"]);
        let span = world.get(&format!("/console/v1/runs/{run}/spans/2")).await.json;
        assert_eq!((&span["input"]["value"], &span["output"], &span["request"]["value"], &span["truncated"]), (&json!("a"), &json!({ "value": "a" }), &json!("a"), &json!(false)));
        assert_eq!(span["attempts"].as_array().map(Vec::len), Some(1));
        let large = world.get(&format!("/console/v1/runs/{run}/spans/3")).await.json;
        assert_eq!((&large["truncated"], &large["output"]["$truncated"]), (&json!(true), &json!(true)));
        for missing in ["0", "5", "01", "x"] {
            assert_eq!(world.get(&format!("/console/v1/runs/{run}/spans/{missing}")).await.status, 404, "{missing}");
        }
    }

    async fn cancelling_and_seeing_follow_the_rights(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let run = world.waiting_run(&flow, json!({})).await;
        let path = format!("/console/v1/runs/{run}/cancel");
        let viewer = world.member("vi@floe.test", Role::Viewer).await;
        let refused = world.app.post(&path).bearer(&viewer).json(&json!({})).send().await;
        assert_eq!(refused.status, 403);
        let cancelled = world.post(&path, json!({ "reason": "not needed" })).await;
        assert_eq!((cancelled.status.as_u16(), &cancelled.json["status"]), (200, &json!("cancelled")));
        let again = world.post(&path, json!({})).await;
        assert_eq!((again.status.as_u16(), &again.json["code"]), (409, &json!("conflict")));
        // The runs of a private flow are nobody's but its owner's and the admins'.
        let made = world.post("/v1/flow", json!({ "name": "Secret", "definition": { "steps": echo() } })).await;
        let private = made.json["_id"].as_str().expect("an id").to_owned();
        world.post(&format!("/v1/flow/{private}/publish"), json!({})).await;
        let hidden = world.execute(&private, json!({ "topic": "t" })).await.header("x-flow-run-id").to_owned();
        let seen = world.app.get("/console/v1/runs?total=true").bearer(&viewer).send().await.json;
        assert_eq!((seen["data"].as_array().map(Vec::len), &seen["total"]), (Some(1), &json!(1)), "{seen}");
        for tail in ["", "/timeline", "/spans/1"] {
            let answer = world.app.get(&format!("/console/v1/runs/{hidden}{tail}")).bearer(&viewer).send().await;
            assert_eq!(answer.status, 404, "{tail}");
        }
    }
}
