//! Payment runs among the runs of all products (console contract, sections 5.7 and 10, point 13).

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::house::{House, candidate, run_of};

impl House {
    async fn listed(&self, query: &str) -> Value {
        let answer = self.app.get(&format!("/console/v1/runs{query}")).bearer(&self.owner).send().await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer.json
    }

    async fn shown(&self, run: &str) -> Value {
        self.listed(&format!("/{run}")).await
    }
}

fn two() -> Value {
    run_of(&[candidate("Adaeze Okonkwo", "0108024071", 400.0), candidate("Bola Ade", "0263874788", 300.5)])
}

fn ids(page: &Value) -> Vec<String> {
    let data = page["data"].as_array().expect("a list");
    data.iter().map(|run| run["id"].as_str().expect("an id").to_owned()).collect()
}

on_both! {
    async fn the_list_agrees_with_the_treasury_at_every_step(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000_000).await;
        let run = house.run_at_approval(&two()).await;
        let waiting = house.shown(&run).await;
        assert_eq!(house.listed("").await["data"], json!([waiting]));
        let item = house.app.get("/console/v1/inbox").bearer(&house.owner).send().await.json["data"][0].clone();
        let own = house.get(&format!("/runs/{run}")).await;
        assert_eq!(
            json!([waiting["kind"], waiting["name"], waiting["definition_id"], waiting["version"], waiting["mode"], waiting["status"],
                waiting["product_status"], waiting["warnings"], waiting["trigger"], waiting["source"], waiting["started_by"]["type"],
                waiting["started_by"]["name"], waiting["waiting_on"]["inbox_id"], waiting["waiting_on"]["kind"], waiting["progress"],
                waiting["finished_at"], waiting["duration_ms"], waiting["credits"], waiting["error"], waiting["rerun_of"]]),
            json!(["payment", "Pay the suppliers of June", null, own["version"], "test", "waiting", own["phase"], 0, "api", "client",
                "key", "Server", item["id"], "payment_approval", { "steps": 3, "current_step": "awaiting_approval" },
                null, null, 1, null, null])
        );
        assert!(waiting["started_at"].is_string() && waiting["wait_ms"].is_number(), "{waiting}");

        let approved = house.post(&house.owner, &format!("/runs/{run}/approve"), json!({})).await;
        assert_eq!(approved.status, 200, "{approved:?}");
        house.until(&run, "completed").await;
        let done = house.shown(&run).await;
        assert_eq!(
            json!([done["status"], done["product_status"], done["waiting_on"], done["progress"]["current_step"], done["warnings"]]),
            json!(["completed", "completed", null, null, 0])
        );
        assert!(done["finished_at"].is_string() && done["duration_ms"].is_number(), "{done}");

        let timeline = house.listed(&format!("/{run}/timeline")).await;
        let names = |list: &str, name: &str| -> Vec<Value> {
            timeline[list].as_array().expect("a list").iter().map(|one| one[name].clone()).collect()
        };
        assert_eq!(names("spans", "name"), ["Planning", "Scoring", "Approval", "Payouts"]);
        assert_eq!(names("spans", "status"), ["completed", "completed", "completed", "completed"]);
        assert_eq!(names("events", "type"), ["run.accepted", "run.started", "run.waiting", "run.resumed", "run.completed"]);
        let span = timeline["spans"][2]["id"].as_str().expect("an id").to_owned();
        assert_eq!(house.listed(&format!("/{run}/spans/{span}")).await["step_id"], "awaiting_approval");
        let none = house.app.get(&format!("/console/v1/runs/{run}/spans/99")).bearer(&house.owner).send().await;
        assert_eq!(none.status, 404);
    }

    async fn filters_find_payment_runs_and_pages_walk_each_once(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000_000).await;
        let mut runs = Vec::new();
        for _ in 0..5 {
            runs.push(house.run_at_approval(&two()).await);
        }
        let stop = |run: &String| format!("/console/v1/runs/{run}/cancel");
        let cancelled = house.app.post(&stop(&runs[1])).bearer(&house.owner).json(&json!({ "reason": "late" })).send().await;
        assert_eq!((cancelled.status.as_u16(), &cancelled.json["status"], &cancelled.json["error"]["code"]),
            (200, &json!("cancelled"), &json!("cancelled")), "{cancelled:?}");
        for (query, count) in [
            ("?kind=payment", 5),
            ("?kind=flow", 0),
            ("?kind=agent,payment&status=waiting", 4),
            ("?status=cancelled", 1),
            ("?status=completed,failed", 0),
            ("?product_status=awaiting_approval", 4),
            ("?product_status=awaiting_approval&status=completed", 0),
            ("?error_code=cancelled", 1),
            ("?mode=test", 5),
            ("?mode=live", 0),
            ("?trigger=api&source=client", 5),
            ("?trigger=schedule", 0),
            ("?q=SUPPLIERS", 5),
            ("?q=staff", 0),
            ("?parent_id=00000000-0000-7000-8000-000000000001", 0),
            ("?definition_id=00000000-0000-7000-8000-000000000001", 0),
            ("?from=2020-01-01T00:00:00Z", 5),
            ("?to=2020-01-01T00:00:00Z", 0),
        ] {
            let page = house.listed(&format!("{query}&total=true")).await;
            assert_eq!((ids(&page).len(), &page["total"]), (count, &json!(count)), "{query}");
        }
        for sort in ["created_at", "-created_at"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = house.listed(&format!("?limit=2&sort={sort}{cursor}")).await;
                seen.extend(ids(&page));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            let mut expected = runs.clone();
            if sort.starts_with('-') {
                expected.reverse();
            }
            assert_eq!(seen, expected, "{sort}");
        }
        crate::members::other_workspace(&house.app, "eve@floe.test").await;
        let eve = house.app.session_by_link("eve@floe.test").await;
        house.app.get(&format!("/console/v1/runs/{}", runs[0])).bearer(&eve).send().await.is(404, "not_found");
        house.app.post(&stop(&runs[0])).bearer(&eve).json(&json!({})).send().await.is(404, "not_found");
    }

    async fn acts_on_payment_runs_follow_the_rules_of_the_treasury(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000_000).await;
        // The simulated bank refuses the second payment.
        let mixed = run_of(&[candidate("Adaeze Okonkwo", "0108024071", 400.0), candidate("Bola Ade", "9900000051", 300.0)]);
        let run = house.run_at_approval(&mixed).await;
        let builder = house.member("cid@floe.test", Role::Builder).await;
        let path = |act: &str| format!("/console/v1/runs/{run}/{act}");
        let ask = |session: &str, act: &str, body: Value| {
            let session = session.to_owned();
            let (house, path) = (&house, path(act));
            async move { house.app.post(&path).bearer(&session).json(&body).send().await }
        };
        ask(&builder, "cancel", json!({})).await.is(403, "forbidden");
        let token = house.app.token_of(&house.owner, &["console.read", "console.write"]).await;
        ask(&token, "cancel", json!({})).await.is(403, "insufficient_scope");
        ask(&house.owner, "rerun", json!({})).await.is(409, "conflict");
        assert_eq!(house.shown(&run).await["status"], "waiting");
        let all: Vec<Value> = house.candidates(&run).await.iter().map(|one| one["id"].clone()).collect();
        let approved = house.post(&house.owner, &format!("/runs/{run}/approve"), json!({ "candidate_ids": all })).await;
        assert_eq!(approved.status, 200, "{approved:?}");
        house.until(&run, "completed_with_errors").await;
        assert_eq!(house.shown(&run).await["warnings"], 1);
        ask(&house.owner, "cancel", json!({})).await.is(409, "conflict");

        for body in [
            json!({ "from_step": "failed" }),
            json!({ "repeat_effects": true }),
            json!({ "version": "latest" }),
            json!({ "inputs": {} }),
        ] {
            ask(&house.owner, "rerun", body).await.is(422, "not_supported");
        }
        let failed = json!([all[1]]);
        let dry = ask(&house.owner, "rerun?dry_run=true", json!({})).await;
        assert_eq!((dry.status.as_u16(), &dry.json), (200, &json!({ "reused": [], "again": failed, "kept_approvals": [] })));
        let mut answers = Vec::new();
        for _ in 0..2 {
            let asking = house.app.post(&path("rerun")).bearer(&house.owner).header("idempotency-key", "again");
            answers.push(asking.json(&json!({})).send().await);
        }
        assert_eq!((answers[0].status.as_u16(), &answers[0].json["again"]), (202, &failed), "{answers:?}");
        assert_eq!(answers[0].json, answers[1].json);
        let again = answers[0].json["run_id"].as_str().expect("an id").to_owned();
        house.until(&again, "awaiting_approval").await;
        assert_eq!(house.shown(&again).await["rerun_of"], run);
        ask(&house.owner, "rerun", json!({})).await.is(409, "conflict");
    }

    async fn who_resembles_a_watched_name_is_looked_at_by_a_person(store: TestStore) {
        let house = House::new(store).await;
        let people = [candidate("BOUT, Viktor Anatolyevich", "0108024071", 5.0), candidate("Viktor Bello", "0263874788", 5.0)];
        let run = house.run_at_approval(&run_of(&people)).await;
        let seen: Vec<(bool, bool)> = house
            .candidates(&run)
            .await
            .iter()
            .map(|one| {
                let reasons = one["risk_reasons"].as_array().expect("a list");
                (reasons.contains(&json!("watchlist")), one["risk_decision"] == "auto_approved")
            })
            .collect();
        assert_eq!(seen, [(true, false), (false, true)]);
    }
}
