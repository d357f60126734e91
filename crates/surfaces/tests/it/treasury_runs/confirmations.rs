//! What a person found out about a payout, in the inbox of a second one (console contract, section 5.5; Treasury contract, section 10.5).

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::house::{House, candidate, run_of};
use crate::app::Answer;

/// A payout without an answer, in follow-up: the path of its transaction.
async fn in_followup(house: &House, approver: &str) -> (String, String) {
    let run = house.run_at_approval(&run_of(&[candidate("Bola Ade", "9500000000", 500.0)])).await;
    let all: Vec<Value> = house.candidates(&run).await.iter().map(|one| one["id"].clone()).collect();
    let approved = house.post(approver, &format!("/runs/{run}/approve"), json!({ "candidate_ids": all })).await;
    assert_eq!(approved.status, 200, "{approved:?}");
    let id = loop {
        let page = house.get(&format!("/transactions?run_id={run}&status=PENDING")).await;
        if page["data"][0]["attempts"] == 1 {
            break page["data"][0]["id"].as_str().expect("an id").to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let path = format!("/transactions/{id}");
    for _ in 0..6 {
        house.post(approver, &format!("{path}/requery"), json!({})).await;
    }
    assert_eq!(house.get(&path).await["payout_status"], "requires_followup");
    (run, path)
}

async fn items(house: &House, session: &str, query: &str) -> Vec<Value> {
    let path = format!("/console/v1/inbox?kind=payment_confirmation{query}");
    let answer = house.app.get(&path).bearer(session).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json["data"].as_array().expect("a list").clone()
}

async fn answer(house: &House, session: &str, item: &Value, mut body: Value) -> Answer {
    if body.get("content_hash").is_none() {
        body["content_hash"] = item["content_hash"].clone();
    }
    let path = format!("/console/v1/inbox/{}/answer", item["id"].as_str().expect("an id"));
    house.app.post(&path).bearer(session).json(&body).send().await
}

on_both! {
    async fn a_second_person_confirms_or_refuses_in_the_inbox(store: TestStore) {
        let house = House::new(store).await;
        house.fund(5_000).await;
        let approver = house.member("cleo@floe.test", Role::Approver).await;
        let clerk = house.member("cid@floe.test", Role::Builder).await;
        let (run, path) = in_followup(&house, &approver).await;
        assert!(items(&house, &house.owner, "").await.is_empty());
        let said = |outcome: &str| json!({ "outcome": outcome, "evidence": "A letter of the bank" });
        let first = house.post(&approver, &format!("{path}/resolve"), said("success")).await;
        assert_eq!(first.status, 200, "{first:?}");

        let item = items(&house, &house.owner, "&mine=true").await.remove(0);
        assert_eq!(
            json!([item["kind"], item["product"], item["mode"], item["status"], item["can_answer"], item["amount"], item["currency"],
                item["requested_by"]["name"], item["content"]["outcome"], item["content"]["evidence"], item["content"]["run_id"], item["due_at"]]),
            json!(["payment_confirmation", "treasury", "test", "open", true, "500.00", "NGN", "cleo", "success", "A letter of the bank", run, null])
        );
        let whole = house.app.get(&format!("/console/v1/inbox/{}", item["id"].as_str().unwrap())).bearer(&house.owner).send().await.json;
        assert_eq!(whole, item);
        let counts = house.app.get("/console/v1/inbox/counts").bearer(&house.owner).send().await.json;
        assert_eq!((&counts["by_kind"]["payment_confirmation"], &counts["mine"], &counts["open"]), (&json!(1), &json!(1), &json!(1)));
        for (session, why) in [(&approver, "self_approval"), (&clerk, "forbidden")] {
            assert_eq!(items(&house, session, "").await[0]["why_not"], why);
            assert!(items(&house, session, "&mine=true").await.is_empty());
            answer(&house, session, &item, json!({ "decision": "approve" })).await.is(403, why);
        }
        let token = house.app.token_of(&house.owner, &["console.read", "inbox.answer"]).await;
        answer(&house, &token, &item, json!({ "decision": "approve" })).await.is(403, "insufficient_scope");
        for (body, status, code) in [
            (json!({ "decision": "approve", "content_hash": "0".repeat(64) }), 409, "content_changed"),
            (json!({ "decision": "maybe" }), 400, "validation_failed"),
            (json!({ "decision": "approve", "pin": "1234" }), 400, "unknown_field"),
        ] {
            answer(&house, &house.owner, &item, body).await.is(status, code);
        }

        // A no leaves it in follow-up, and somebody may propose anew, which is another content.
        let no = answer(&house, &house.owner, &item, json!({ "decision": "reject", "comment": "It is of another payment" })).await;
        let after = &no.json["item"];
        assert_eq!(
            json!([no.status.as_u16(), after["status"], after["answers"][0]["decision"], after["answers"][0]["comment"], no.json["outcome"]["status"]]),
            json!([200, "answered", "reject", "It is of another payment", "PENDING"])
        );
        answer(&house, &house.owner, &item, json!({ "decision": "approve" })).await.is(409, "already_answered");
        assert_eq!(house.get(&path).await["resolution"], Value::Null);
        assert_eq!(house.wallet().await.balances.reserved.minor(), 50_000, "the money stays reserved");
        assert_eq!(house.post(&approver, &format!("{path}/resolve"), said("failed")).await.status, 200);
        answer(&house, &house.owner, &item, json!({ "decision": "approve" })).await.is(409, "content_changed");
        let item = items(&house, &house.owner, "").await.remove(0);
        let yes = answer(&house, &house.owner, &item, json!({ "decision": "approve", "comment": "Seen" })).await;
        assert_eq!(
            json!([yes.status.as_u16(), yes.json["item"]["status"], yes.json["item"]["answers"][0]["decision"], yes.json["outcome"]]),
            json!([200, "answered", "approve", { "status": "FAILED", "run_id": run }]), "{yes:?}"
        );
        assert!(items(&house, &house.owner, "").await.is_empty());
        assert_eq!(items(&house, &house.owner, "&status=answered").await.len(), 1);
        let balances = house.wallet().await.balances;
        assert_eq!((balances.available.minor(), balances.reserved.minor()), (500_000, 0));
        let trail = house.actions(&run).await;
        let count = |action: &str| trail.iter().filter(|found| *found == action).count();
        assert_eq!((count("resolved_payout"), count("rejected_resolution"), count("answered_item")), (3, 1, 2), "{trail:?}");
    }

    async fn approvals_and_confirmations_are_one_list(store: TestStore) {
        let house = House::new(store).await;
        house.fund(5_000).await;
        let approver = house.member("cleo@floe.test", Role::Approver).await;
        let (_, path) = in_followup(&house, &approver).await;
        let waiting = run_of(&[candidate("Ada Obi", "0108024071", 5.0)]);
        for _ in 0..2 {
            house.run_at_approval(&waiting).await;
        }
        let said = json!({ "outcome": "failed", "evidence": "A letter" });
        assert_eq!(house.post(&approver, &format!("{path}/resolve"), said).await.status, 200);
        for (sort, last) in [("due_at", Some("payment_confirmation")), ("-due_at", None), ("created_at", None), ("-created_at", None)] {
            let (mut kinds, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = house.app.get(&format!("/console/v1/inbox?limit=1&total=true&sort={sort}{cursor}")).bearer(&house.owner).send().await.json;
                assert_eq!(page["total"], 3, "{page}");
                kinds.extend(page["data"].as_array().expect("a list").iter().map(|item| item["kind"].as_str().expect("a kind").to_owned()));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(kinds.iter().filter(|kind| *kind == "payment_approval").count(), 2, "{sort}: {kinds:?}");
            assert_eq!(kinds.len(), 3, "{sort}: {kinds:?}");
            assert!(last.is_none_or(|last| kinds[2] == last), "{sort}: {kinds:?}");
        }
    }
}
