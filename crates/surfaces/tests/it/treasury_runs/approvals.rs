//! Who approves, what, and how many people it takes.

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::house::{House, candidate, run_of};

fn detail(answer: &crate::app::Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json["detail"].as_str().unwrap_or("").to_owned())
}

on_both! {
    async fn two_people_approve_the_same_choice_or_nothing_happens(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000_000).await;
        let rule = json!({ "name": "Large", "condition_type": "amount_above", "threshold": 500, "required_approvers": 2 });
        let made = house.post(&house.owner, "/org/approval-rules", rule).await;
        assert_eq!(made.status, 201, "{made:?}");
        let (abe, bea) = (house.member("abe@floe.test", Role::Approver).await, house.member("bea@floe.test", Role::Approver).await);
        let body = run_of(&[candidate("Adaeze Okonkwo", "0108024071", 400.0), candidate("Bola Ade", "0263874788", 300.0)]);
        let run = house.run_at_approval(&body).await;
        let path = format!("/runs/{run}/approve");

        let first = house.post(&abe, &path, json!({})).await;
        assert_eq!(
            first.json,
            json!({ "run_id": run, "status": "awaiting_approval", "approved_count": 2, "approvals_given": 1,
                "approvals_required": 2, "approved_at": null })
        );
        // The same person again is the same person.
        assert_eq!(house.post(&abe, &path, json!({})).await.json["approvals_given"], 1);
        assert_eq!(house.wallet().await.balances.reserved.minor(), 0);
        let waiting = house.ask(&bea, "GET", "/approvals").send().await;
        assert_eq!((&waiting.json["total"], &waiting.json["data"][0]["id"]), (&json!(1), &json!(run)));
        assert_eq!(house.ask(&abe, "GET", "/approvals").send().await.json["total"], 0);

        let one = house.candidates(&run).await[0]["id"].clone();
        let other = house.post(&bea, &path, json!({ "candidate_ids": [one] })).await;
        assert_eq!(other.status, 409, "{other:?}");
        let back = house.ask(&abe, "DELETE", &format!("/runs/{run}/approvals")).send().await;
        assert_eq!((back.status.as_u16(), &back.json["approvals_given"]), (200, &json!(0)), "{back:?}");
        let again = house.ask(&abe, "DELETE", &format!("/runs/{run}/approvals")).send().await;
        assert_eq!(again.status, 409);
        // One of them alone is below the threshold of the rule.
        let alone = house.post(&bea, &path, json!({ "candidate_ids": [one] })).await;
        assert_eq!((&alone.json["approvals_required"], &alone.json["approved_count"]), (&json!(1), &json!(1)), "{alone:?}");
        house.until(&run, "completed").await;
        assert_eq!(house.get(&format!("/runs/{run}")).await["approvals_required"], 1, "as many as it took");
        let candidates = house.candidates(&run).await;
        assert_eq!((&candidates[0]["execution_status"], &candidates[1]["approval_status"]), (&json!("success"), &json!("rejected")));
    }

    async fn keys_approve_where_they_may_and_never_their_own_runs(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000).await;
        let run = house.run_at_approval(&run_of(&[candidate("Adaeze Okonkwo", "0108024071", 400.0)])).await;
        let path = format!("/runs/{run}/approve");
        let off = house.with_key("POST", &path).json(&json!({})).send().await;
        assert_eq!(detail(&off), (403, "Approval with API keys is switched off".to_owned()));
        let on = house.ask(&house.owner, "PATCH", "/org").json(&json!({ "allow_key_approvals": true })).send().await;
        assert_eq!(on.status, 200, "{on:?}");
        let own = house.with_key("POST", &path).json(&json!({})).send().await;
        assert_eq!(detail(&own), (403, "The key that created a run may not approve it".to_owned()));
        // A key that another one made is a key of the same person, who is alone in this organisation.
        let other = house.new_key(&["approvals:write", "runs:read"]).await;
        let approve = house.app.ask("POST", &format!("/api/v1/public{path}")).header("x-api-key", &other).json(&json!({}));
        assert_eq!(approve.send().await.status, 200);
        let without = house.new_key(&["runs:read"]).await;
        let refused = house.app.ask("POST", &format!("/api/v1/public{path}")).header("x-api-key", &without).json(&json!({})).send().await;
        assert_eq!(detail(&refused), (403, "API key missing required scope(s): approvals:write".to_owned()));
        house.until(&run, "completed").await;
    }

    async fn limits_balances_and_blocked_payees_hold_a_release_back(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000).await;
        let rich = json!({ "objective": "Two", "budget_cap": 600,
            "candidates": [candidate("Adaeze Okonkwo", "0108024071", 400.0), candidate("Bola Ade", "0263874788", 300.0)] });
        let run = house.run_at_approval(&rich).await;
        let over = house.post(&house.owner, &format!("/runs/{run}/approve"), json!({})).await;
        assert_eq!((over.status.as_u16(), &over.json["errors"][0]["loc"]), (422, &json!(["body", "budget_cap"])), "{over:?}");

        let run = house.run_at_approval(&run_of(&[candidate("Adaeze Okonkwo", "0108024071", 1_000.01)])).await;
        let path = format!("/runs/{run}/approve");
        let poor = house.post(&house.owner, &path, json!({})).await;
        assert_eq!(detail(&poor), (402, "Insufficient wallet balance: need 1000.01, available 1000.00.".to_owned()));
        assert_eq!(house.get(&format!("/runs/{run}")).await["approvals"], json!([]));
        house.fund(5_000).await;
        house.ask(&house.owner, "PATCH", "/org").json(&json!({ "daily_payout_limit": 1_500 })).send().await;
        assert_eq!(house.post(&house.owner, &path, json!({})).await.status, 200);
        let second = house.run_at_approval(&run_of(&[candidate("Bola Ade", "0263874788", 500.0)])).await;
        let limited = house.post(&house.owner, &format!("/runs/{second}/approve"), json!({})).await;
        assert_eq!((limited.status.as_u16(), &limited.json["errors"][0]["loc"]), (422, &json!(["body", "daily_payout_limit"])));

        let entry = json!({ "kind": "account_number", "value": "0263874788", "reason": "fraud" });
        assert_eq!(house.post(&house.owner, "/org/blocklist", entry).await.status, 201);
        let third = house.run_at_approval(&run_of(&[candidate("Bola Ade", "0263874788", 50.0)])).await;
        let blocked = house.candidates(&third).await[0].clone();
        assert_eq!((&blocked["risk_score"], &blocked["risk_decision"]), (&json!(1), &json!("blocked")));
        let named = json!({ "candidate_ids": [blocked["id"]] });
        let path = format!("/runs/{third}/approve");
        let silent = house.post(&house.owner, &path, named.clone()).await;
        assert_eq!((silent.status.as_u16(), &silent.json["errors"][0]["loc"]), (422, &json!(["body", "override_reason"])));
        let by_default = house.post(&house.owner, &path, json!({})).await;
        assert_eq!(by_default.status, 422, "{by_default:?}");
        let approver = house.member("abe@floe.test", Role::Approver).await;
        let reason = json!({ "candidate_ids": [blocked["id"]], "override_reason": "settled with the bank" });
        assert_eq!(house.post(&approver, &path, reason.clone()).await.status, 422);
        let foreign = json!({ "candidate_ids": ["00000000-0000-7000-8000-000000000000"] });
        assert_eq!(house.post(&approver, &path, foreign).await.status, 422);
        // The only owner made the run; where an approver is there too, it may not approve it.
        assert_eq!(house.post(&house.owner, &path, reason.clone()).await.status, 403);
        let second_owner = house.member("olu@floe.test", Role::Owner).await;
        let released = house.post(&second_owner, &path, reason).await;
        assert_eq!(released.status, 200, "{released:?}");
    }

    async fn a_pin_is_checked_and_locks_after_five_wrong_tries(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000).await;
        let run = house.run_at_approval(&run_of(&[candidate("Adaeze Okonkwo", "0108024071", 400.0)])).await;
        let path = format!("/runs/{run}/approve");
        let none_set = house.post(&house.owner, &path, json!({ "pin": "1234" })).await;
        assert_eq!(none_set.status, 422, "{none_set:?}");
        let body = json!({ "password": crate::app::PASSWORD, "pin": "4711" });
        let set = house.app.ask("PUT", "/console/v1/me/pin").bearer(&house.owner).json(&body).send().await;
        assert!(set.status.is_success(), "{set:?}");
        assert_eq!(house.post(&house.owner, &path, json!({})).await.status, 422);
        for _ in 0..5 {
            let wrong = house.post(&house.owner, &path, json!({ "pin": "0000" })).await;
            assert_eq!(detail(&wrong), (403, "Wrong PIN".to_owned()));
        }
        let locked = house.post(&house.owner, &path, json!({ "pin": "4711" })).await;
        assert_eq!(detail(&locked), (403, "PIN is locked; try again in 901 seconds".to_owned()));
        house.app.pass_seconds(901);
        assert_eq!(house.post(&house.owner, &path, json!({ "pin": "4711" })).await.status, 200);
    }

    async fn single_candidates_are_decided_before_the_release(store: TestStore) {
        let house = House::new(store).await;
        let body = run_of(&[candidate("Adaeze Okonkwo", "0108024071", 400.0), candidate("Ada Okonkwo", "0108024071", 400.0)]);
        let run = house.run_at_approval(&body).await;
        let all = house.candidates(&run).await;
        // Two of one account ask for a look.
        assert_eq!((&all[0]["risk_decision"], &all[0]["approval_status"]), (&json!("needs_review"), &json!("pending")));
        let id = |at: usize| all[at]["id"].as_str().expect("an id").to_owned();
        let act = |at: usize, act: &str| format!("/runs/{run}/candidates/{}/{act}", id(at));
        let approved = house.post(&house.owner, &act(0, "approve"), json!({ "reason": "checked" })).await;
        assert_eq!((approved.status.as_u16(), &approved.json["approval_status"]), (200, &json!("approved")), "{approved:?}");
        let rejected = house.post(&house.owner, &act(1, "reject"), json!({})).await;
        assert_eq!(rejected.json["approval_status"], "rejected");
        assert_eq!(house.post(&house.owner, &act(1, "approve"), json!({})).await.status, 409);
        assert_eq!(house.get(&format!("/runs/{run}")).await["phase"], "awaiting_approval");
        house.post(&house.owner, &act(0, "reject"), json!({})).await;
        let over = house.get(&format!("/runs/{run}")).await;
        assert_eq!((&over["phase"], &over["totals"]["rejected"]), (&json!("completed"), &json!(2)));
        let list: Value = house.get(&format!("/runs/{run}/candidates?approval_status=rejected&limit=1")).await;
        assert_eq!((&list["total"], &list["has_more"]), (&json!(2), &json!(true)));
    }
}
