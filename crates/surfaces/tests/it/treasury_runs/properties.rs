//! The properties of section 11 that are about runs, each by its number.

use std::sync::Arc;

use floe_model::access::Role;
use floe_model::id::CandidateId;
use floe_store::treasury::payout_orders;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::house::{House, candidate, run_of};
use crate::members::other_workspace;

/// Calls at a time.
const CALLS: usize = 100;

on_both! {
    async fn property_2_of_many_approvals_of_one_run_one_releases_it(store: TestStore) {
        let house = Arc::new(House::new(store).await);
        house.fund(1_000).await;
        let approver = house.member("abe@floe.test", Role::Approver).await;
        let run = house.run_at_approval(&run_of(&[candidate("Adaeze Okonkwo", "0108024071", 1_000.0)])).await;
        let calls = (0..CALLS).map(|_| {
            let (house, approver, path) = (Arc::clone(&house), approver.clone(), format!("/runs/{run}/approve"));
            tokio::spawn(async move { house.post(&approver, &path, json!({})).await.status.as_u16() })
        });
        let mut statuses = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            statuses.push(call.await.expect("a call"));
        }
        statuses.sort_unstable();
        assert_eq!((statuses[0], statuses[1], statuses[CALLS - 1]), (200, 409, 409), "{statuses:?}");
        house.until(&run, "completed").await;
        let wallet = house.wallet().await;
        assert_eq!((wallet.transactions, wallet.available().minor(), wallet.balances.paid_out.minor()), (1, 0, 100_000));
    }

    async fn property_2_releases_from_one_wallet_never_reserve_more_than_it_has(store: TestStore) {
        let house = Arc::new(House::new(store).await);
        house.fund(350).await;
        let mut runs = Vec::new();
        for at in 0..12 {
            let body = run_of(&[candidate(&format!("Payee {at}"), &format!("01080240{at:02}"), 100.0)]);
            runs.push(house.run_at_approval(&body).await);
        }
        let calls = runs.iter().map(|run| {
            let (house, owner, path) = (Arc::clone(&house), house.owner.clone(), format!("/runs/{run}/approve"));
            tokio::spawn(async move { house.post(&owner, &path, json!({})).await.status.as_u16() })
        });
        let mut statuses = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            statuses.push(call.await.expect("a call"));
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200; 3], vec![402; 9]].concat());
        let balances = house.wallet().await.balances;
        assert_eq!(balances.available.minor(), 5_000);
    }

    async fn property_4_and_3_every_approved_candidate_has_one_debit_and_rejected_ones_none(store: TestStore) {
        let house = House::new(store).await;
        house.fund(30_000_000).await;
        let body = run_of(&[
            candidate("Adaeze Okonkwo", "0108024071", 100.0),
            candidate("Bola Ade", "0263874788", 10_000_001.0),
            candidate("Nobody", "0000000000", 7.0),
        ]);
        let run = house.run_at_approval(&body).await;
        let all = house.candidates(&run).await;
        let chosen = json!({ "candidate_ids": [all[0]["id"], all[1]["id"]] });
        assert_eq!(house.post(&house.owner, &format!("/runs/{run}/approve"), chosen).await.status, 200);
        house.until(&run, "completed_with_errors").await;
        let scope = house.scope().await;
        let ids: Vec<_> = all.iter().map(|one| CandidateId::parse(one["id"].as_str().expect("an id")).expect("an id")).collect();
        let read = house.app.app.platform.store.read(move |tx| payout_orders::of_candidates(tx, scope, &ids));
        let orders = read.await.expect("a read");
        assert_eq!(orders.len(), 2);
        let all = house.candidates(&run).await;
        for candidate in &all {
            let debits = orders.iter().filter(|order| order.candidate.to_string() == candidate["id"]).count();
            assert_eq!(debits, usize::from(candidate["approval_status"] == "approved"), "{candidate}");
        }
        // Property 3: what succeeded is what left.
        let paid: f64 = all.iter().filter(|one| one["execution_status"] == "success").filter_map(|one| one["amount"].as_f64()).sum();
        assert_eq!(house.wallet().await.balances.paid_out.to_string(), format!("{paid:.2}"));
    }

    async fn a_run_of_ten_thousand_candidates_is_scored_and_released_whole(store: TestStore) {
        let house = House::new(store).await;
        house.fund(10_000_000).await;
        let all: Vec<Value> = (0..10_000)
            .map(|at| candidate(&format!("P{at}"), &format!("{:010}", 1_000_000_000 + at), 100.0 + f64::from(at % 7)))
            .collect();
        let run = house.run_at_approval(&run_of(&all)).await;
        let seen = house.get(&format!("/runs/{run}")).await;
        assert_eq!((&seen["totals"]["candidates"], &seen["totals"]["approved"]), (&json!(10_000), &json!(10_000)));
        let one_more = json!({ "candidates": [candidate("One More", "0108024071", 1.0)] });
        let full = house.post(&house.owner, &format!("/runs/{run}/candidates"), one_more).await;
        assert_eq!((full.status.as_u16(), &full.json["errors"][0]["type"]), (422, &json!("too_long")));
        let released = house.post(&house.owner, &format!("/runs/{run}/approve"), json!({})).await;
        assert_eq!((released.status.as_u16(), &released.json["approved_count"]), (200, &json!(10_000)), "{released:?}");
        let page = house.get(&format!("/runs/{run}/candidates?execution_status=not_started")).await;
        assert_eq!(page["total"], 0);
        assert_eq!(house.wallet().await.transactions, 10_000);
    }

    async fn property_5_walking_a_list_shows_each_row_once(store: TestStore) {
        let house = House::new(store).await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(house.run_at_approval(&run_of(&[candidate("Adaeze Okonkwo", "0108024071", 5.0)])).await);
        }
        house.post(&house.owner, &format!("/runs/{}/cancel", made[1]), json!({})).await;
        made.reverse();
        for (filter, expected) in [("", made.clone()), ("&status=awaiting_approval", [&made[..3], &made[4..]].concat())] {
            let mut seen = Vec::new();
            for offset in 0..expected.len() {
                let page = house.with_key("GET", &format!("/runs?limit=1&offset={offset}{filter}")).send().await.json;
                assert_eq!((&page["total"], &page["has_more"]), (&json!(expected.len()), &json!(offset + 1 < expected.len())));
                seen.push(page["data"][0]["id"].as_str().expect("an id").to_owned());
            }
            assert_eq!(seen, expected);
            let past = house.with_key("GET", &format!("/runs?offset=1000000{filter}")).send().await.json;
            assert_eq!((&past["total"], &past["data"]), (&json!(expected.len()), &json!([])));
        }
    }

    async fn property_6_nothing_of_another_organisation_or_mode_can_be_told_from_nothing(store: TestStore) {
        let house = House::new(store).await;
        let run = house.run_at_approval(&run_of(&[candidate("Adaeze Okonkwo", "0108024071", 5.0)])).await;
        let candidate_id = house.candidates(&run).await[0]["id"].as_str().expect("an id").to_owned();
        other_workspace(&house.app, "eve@floe.test").await;
        let eve = house.app.session_by_link("eve@floe.test").await;
        let missing = "00000000-0000-7000-8000-000000000000";
        let paths = |run: &str, candidate: &str| {
            vec![
                ("GET", format!("/runs/{run}")),
                ("GET", format!("/runs/{run}/candidates")),
                ("POST", format!("/runs/{run}/approve")),
                ("POST", format!("/runs/{run}/reject")),
                ("POST", format!("/runs/{run}/cancel")),
                ("POST", format!("/runs/{run}/retry-failed")),
                ("DELETE", format!("/runs/{run}/approvals")),
                ("PATCH", format!("/runs/{run}/candidates/{candidate}")),
                ("DELETE", format!("/runs/{run}/candidates/{candidate}")),
                ("POST", format!("/runs/{run}/candidates/{candidate}/approve")),
                ("POST", format!("/runs/{run}/candidates/{candidate}/reject")),
            ]
        };
        let there = paths(&run, &candidate_id);
        for ((method, path), (_, nothing)) in there.into_iter().zip(paths(missing, missing)) {
            let live = house.app.ask(method, &format!("/api/v1{path}")).bearer(&house.owner).json(&json!({})).send().await;
            let theirs = house.ask(&eve, method, &path).json(&json!({})).send().await;
            let not_there = house.ask(&eve, method, &nothing).json(&json!({})).send().await;
            for answer in [&live, &theirs] {
                assert_eq!((answer.status.as_u16(), &answer.json), (404, &not_there.json), "{method} {path}: {answer:?}");
            }
        }
        assert_eq!(house.ask(&eve, "GET", "/runs").send().await.json["total"], 0);
        assert_eq!(house.ask(&eve, "GET", "/approvals").send().await.json["total"], 0);
        assert_eq!(house.get(&format!("/runs/{run}")).await["phase"], "awaiting_approval");
    }

    async fn property_7_the_same_inputs_give_the_same_scores(store: TestStore) {
        let house = House::new(store).await;
        let body = json!({ "objective": "Nine", "candidates": (0..9).map(|at| {
            let amount = if at == 8 { 1_000_000.0 } else { 100_000.0 };
            let bank = ["058", "011", "044", "221", "070", "214", "068", "057", "033"][at];
            let name = ["Ada", "Bola", "Chidi", "Dayo", "Efe", "Femi", "Gbenga", "Hauwa", "Ife"][at];
            json!({ "beneficiary_name": name, "account_number": format!("00000145{at:02}"), "institution_code": bank, "amount": amount })
        }).collect::<Vec<Value>>() });
        let mut scores = Vec::new();
        for _ in 0..2 {
            let run = house.run_at_approval(&body).await;
            let of_run: Vec<Value> = house.candidates(&run).await.iter().map(|one| one["risk_score"].clone()).collect();
            scores.push(of_run);
        }
        assert_eq!(scores[0], scores[1]);
        // The check values of section 5.3.
        assert_eq!((&scores[0][0], &scores[0][8]), (&json!(0.295), &json!(0.3822)));
    }
}
