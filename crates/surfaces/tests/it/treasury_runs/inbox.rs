//! Payment runs in the inbox, beside the questions of flows.

use floe_engine::canonical::canonical_json;
use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::house::{House, candidate, run_of};
use crate::app::Answer;

impl House {
    async fn inbox(&self, session: &str, query: &str) -> Vec<Value> {
        let answer = self.app.get(&format!("/console/v1/inbox{query}")).bearer(session).send().await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer.json["data"].as_array().expect("a list").clone()
    }

    async fn item(&self, session: &str, item: &Value) -> Value {
        self.app.get(&path(item, "")).bearer(session).send().await.json
    }

    async fn answer(&self, session: &str, item: &Value, mut body: Value) -> Answer {
        if body.get("content_hash").is_none() {
            body["content_hash"] = item["content_hash"].clone();
        }
        self.app.post(&path(item, "/answer")).bearer(session).json(&body).send().await
    }

    async fn counts(&self, session: &str) -> Value {
        self.app.get("/console/v1/inbox/counts").bearer(session).send().await.json
    }
}

fn path(item: &Value, below: &str) -> String {
    format!("/console/v1/inbox/{}{below}", item["id"].as_str().expect("an id"))
}

fn two() -> Value {
    run_of(&[candidate("Adaeze Okonkwo", "0108024071", 400.0), candidate("Bola Ade", "0263874788", 300.5)])
}

on_both! {
    async fn a_payment_run_is_seen_and_answered_with_its_hash(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000_000).await;
        let run = house.run_at_approval(&two()).await;
        let items = house.inbox(&house.owner, "?mine=true").await;
        assert_eq!(items.len(), 1, "{items:?}");
        let listed = &items[0];
        assert_eq!(
            json!([listed["kind"], listed["product"], listed["mode"], listed["status"], listed["can_answer"], listed["amount"],
                listed["currency"], listed["required_answers"], listed["requested_by"]["type"]]),
            json!(["payment_approval", "treasury", "test", "open", true, "700.50", "NGN", 1, "key"])
        );
        assert!(listed["content"].get("candidates").is_none(), "{listed}");
        let item = house.item(&house.owner, listed).await;
        let content = &item["content"];
        let names: Vec<&Value> = content["candidates"].as_array().expect("a list").iter().map(|one| &one["amount"]).collect();
        assert_eq!((names, &content["run_id"]), (vec![&json!("400.00"), &json!("300.50")], &json!(run)), "{item}");
        let digest = floe_access::secret::sha256(canonical_json(content).as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((&item["content_hash"], &listed["content_hash"]), (&json!(digest), &json!(digest)));
        let counts = house.counts(&house.owner).await;
        assert_eq!((&counts["open"], &counts["mine"], &counts["by_kind"]["payment_approval"]), (&json!(1), &json!(1), &json!(1)));

        for (body, status, code) in [
            (json!({ "decision": "approve", "content_hash": "0".repeat(64) }), 409, "content_changed"),
            (json!({ "decision": "maybe" }), 400, "validation_failed"),
            (json!({ "decision": "approve", "unknown": 1 }), 400, "unknown_field"),
            (json!({ "decision": "approve", "pin": "12345x" }), 400, "validation_failed"),
            (json!({ "decision": "approve", "pin": "1234" }), 422, "invalid_answer"),
            (json!({ "decision": "approve", "candidate_ids": [] }), 400, "validation_failed"),
            (json!({ "decision": "approve", "candidate_ids": [run] }), 422, "invalid_answer"),
        ] {
            house.answer(&house.owner, &item, body.clone()).await.is(status, code);
        }
        let many = json!([{ "id": item["id"], "content_hash": digest, "decision": "approve" }]);
        let many = house.app.post("/console/v1/inbox/answers").bearer(&house.owner).json(&many).send().await;
        assert_eq!(many.json, json!([{ "id": item["id"], "status": 422, "code": "not_supported" }]));
        assert_eq!(house.wallet().await.balances.reserved.minor(), 0);

        let first = content["candidates"][0]["id"].clone();
        let given = json!({ "decision": "approve", "candidate_ids": [first], "comment": "only her" });
        let answered = house.answer(&house.owner, &item, given).await;
        assert_eq!((answered.status.as_u16(), &answered.json["outcome"]["run_id"]), (200, &json!(run)), "{answered:?}");
        let after = &answered.json["item"];
        assert_eq!(
            json!([after["status"], after["why_not"], after["answers"][0]["decision"], after["answers"][0]["comment"]]),
            json!(["answered", "already_answered", "approve", "only her"])
        );
        house.until(&run, "completed").await;
        assert!(house.inbox(&house.owner, "").await.is_empty());
        assert_eq!(house.inbox(&house.owner, "?status=answered").await[0]["id"], item["id"]);
        house.answer(&house.owner, &item, json!({ "decision": "approve" })).await.is(409, "already_answered");
        let trail = house.actions(&run).await;
        let at = |action: &str| trail.iter().position(|found| found == action);
        assert!(at("approved_run") < at("answered_item") && at("answered_item").is_some(), "{trail:?}");
    }

    async fn who_may_not_approve_sees_why_and_changes_nothing(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000_000).await;
        let rule = json!({ "name": "Two", "condition_type": "always", "required_approvers": 2 });
        assert_eq!(house.post(&house.owner, "/org/approval-rules", rule).await.status, 201);
        let (abe, bea) = (house.member("abe@floe.test", Role::Approver).await, house.member("bea@floe.test", Role::Approver).await);
        let clerk = house.member("cid@floe.test", Role::Builder).await;
        let run = house.run_at_approval(&two()).await;
        for (session, why) in [(&house.owner, "self_approval"), (&clerk, "forbidden")] {
            let item = house.inbox(session, "").await.remove(0);
            assert_eq!((&item["can_answer"], &item["why_not"]), (&json!(false), &json!(why)));
            house.answer(session, &item, json!({ "decision": "approve" })).await.is(403, why);
            assert!(house.inbox(session, "?mine=true").await.is_empty());
            assert_eq!(house.counts(session).await["mine"], 0);
        }
        // A token approves only where the workspace lets it.
        let token = house.app.token_of(&house.owner, &["console.read", "inbox.answer", "treasury.approve"]).await;
        let item = house.inbox(&abe, "").await.remove(0);
        house.answer(&token, &item, json!({ "decision": "approve" })).await.is(403, "insufficient_scope");
        for (allowed, why) in [(true, "self_approval"), (false, "insufficient_scope")] {
            let settings = json!({ "token_approvals": allowed });
            assert_eq!(house.app.patch("/console/v1/workspace").bearer(&house.owner).json(&settings).send().await.status, 200);
            assert_eq!(house.item(&token, &item).await["why_not"], why);
        }

        let half = house.answer(&abe, &item, json!({ "decision": "approve" })).await;
        assert_eq!((&half.json["item"]["status"], &half.json["item"]["why_not"]), (&json!("open"), &json!("already_answered")));
        house.answer(&abe, &item, json!({ "decision": "approve" })).await.is(409, "already_answered");
        assert!(house.inbox(&abe, "?mine=true").await.is_empty());
        // What is changed meanwhile is not what was seen.
        let cid = house.candidates(&run).await[0]["id"].as_str().expect("an id").to_owned();
        let changed = house.ask(&house.owner, "PATCH", &format!("/runs/{run}/candidates/{cid}")).json(&json!({ "amount": 9 })).send().await;
        assert_eq!(changed.status, 200, "{changed:?}");
        house.until(&run, "awaiting_approval").await;
        house.answer(&bea, &item, json!({ "decision": "approve" })).await.is(409, "content_changed");
        let item = house.inbox(&bea, "?mine=true&kind=payment_approval").await.remove(0);
        let rejected = house.answer(&bea, &item, json!({ "decision": "reject", "comment": "twice" })).await;
        assert_eq!((&rejected.json["item"]["status"], &rejected.json["item"]["answers"][0]["comment"]), (&json!("answered"), &json!("twice")));
        assert_eq!(house.wallet().await.balances.reserved.minor(), 0);
    }

    async fn the_joined_list_pages_without_gaps(store: TestStore) {
        let house = House::new(store).await;
        let mut runs = Vec::new();
        for _ in 0..5 {
            runs.push(house.run_at_approval(&two()).await);
        }
        let cancelled = house.post(&house.owner, &format!("/runs/{}/cancel", runs[0]), json!({})).await;
        assert_eq!(cancelled.status, 200, "{cancelled:?}");
        for sort in ["created_at", "-created_at", "due_at", "-due_at"] {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let path = format!("/console/v1/inbox?limit=3&total=true&sort={sort}{cursor}");
                let page = house.app.get(&path).bearer(&house.owner).send().await.json;
                assert_eq!(page["total"], 4, "{page}");
                seen.extend(page["data"].as_array().expect("a list").iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            let mut once = seen.clone();
            once.sort();
            once.dedup();
            assert_eq!((seen.len(), once.len()), (4, 4), "{sort}");
            assert_eq!(seen.is_sorted(), !sort.starts_with('-'), "{sort}: {seen:?}");
        }
        let ids = |items: Vec<Value>| items.len();
        assert_eq!(ids(house.inbox(&house.owner, "?status=cancelled").await), 1);
        assert_eq!(ids(house.inbox(&house.owner, "?status=all").await), 5);
        assert_eq!(ids(house.inbox(&house.owner, "?mode=live").await), 0);
        assert_eq!(ids(house.inbox(&house.owner, "?product=flows").await), 0);
        assert_eq!(ids(house.inbox(&house.owner, "?product=treasury&q=SUPPLIERS").await), 4);
        assert_eq!(ids(house.inbox(&house.owner, "?kind=flow_approval").await), 0);
        crate::members::other_workspace(&house.app, "eve@floe.test").await;
        let stranger = house.app.session_by_link("eve@floe.test").await;
        let item = house.inbox(&house.owner, "").await.remove(0);
        house.app.get(&path(&item, "")).bearer(&stranger).send().await.is(404, "not_found");
        assert!(house.inbox(&stranger, "?status=all").await.is_empty());
    }
}
