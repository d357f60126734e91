//! From the request to the last payout.

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::house::{House, candidate, run_of};

on_both! {
    async fn a_run_goes_from_its_request_to_settled_money(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000_000).await;
        let body = run_of(&[
            candidate("Adaeze Okonkwo", "0108024071", 350_000.5),
            candidate("Bola Ade", "0263874788", 120_000.0),
            candidate("Nobody", "0000000000", 1_000.0),
        ]);
        let run = house.run_at_approval(&body).await;

        let shown = house.with_key("GET", &format!("/runs/{run}")).send().await;
        let names: Vec<&String> = shown.json.as_object().expect("an object").keys().collect();
        assert_eq!(
            names,
            ["id", "objective", "status", "risk_tolerance", "budget_cap", "candidate_count", "created_at", "updated_at"]
        );
        assert_eq!((&shown.json["risk_tolerance"], &shown.json["candidate_count"]), (&json!(0.35), &json!(3)));

        // The simulator knows no account of zeros: the risk agent keeps it back.
        let candidates = house.candidates(&run).await;
        assert_eq!(candidates[0]["risk_decision"], "auto_approved");
        assert_eq!(candidates[2]["risk_decision"], "blocked");
        assert_eq!(candidates[2]["lookup_status"], "failed");
        let list = house.with_key("GET", &format!("/runs/{run}/candidates?approval_status=approved")).text().await;
        assert!(list.contains("\"amount\":350000.50,\"currency\":\"NGN\""), "{list}");

        let approver = house.member("cleo@floe.test", Role::Approver).await;
        let own = house.post(&house.owner, &format!("/runs/{run}/approve"), json!({})).await;
        assert_eq!((own.status.as_u16(), &own.json["detail"]), (403, &json!("The creator of a run may not approve it")));
        let approved = house.post(&approver, &format!("/runs/{run}/approve"), json!({ "expected_version": 1 })).await;
        assert_eq!(approved.status, 200, "{approved:?}");
        assert_eq!(
            (&approved.json["status"], &approved.json["approved_count"], &approved.json["approvals_given"]),
            (&json!("awaiting_approval"), &json!(2), &json!(1))
        );
        let done = house.until(&run, "completed").await;
        assert_eq!(done["totals"]["succeeded"], 2);
        assert_eq!(done["totals"]["rejected"], 1);
        assert_eq!(house.wallet().await.available().minor(), 52_999_950);

        let actions = house.actions(&run).await;
        let of_run: Vec<&str> = actions.iter().map(String::as_str).filter(|action| !action.contains("candidate")).collect();
        let expected = [
            "created_run", "planned_run", "reconciled_history", "forecast_wallet", "verified_account", "verified_account",
            "verified_account", "requested_approval", "approved_run", "reserved_funds", "submitted_payout", "submitted_payout",
            "settled_payout", "settled_payout", "completed_run",
        ];
        assert_eq!(of_run, expected, "{actions:?}");
        // Final states never change.
        for path in ["approve", "reject", "cancel"] {
            let late = house.post(&approver, &format!("/runs/{run}/{path}"), json!({})).await;
            assert!(matches!(late.status.as_u16(), 403 | 409), "{path}: {late:?}");
        }
        let late = house.post(&approver, &format!("/runs/{run}/approve"), json!({})).await;
        assert_eq!(late.json["detail"], "Run is not awaiting approval (current status: completed)");
    }

    async fn failed_payouts_are_paid_again_once_and_a_run_of_rejected_candidates_ends(store: TestStore) {
        let house = House::new(store).await;
        house.fund(50_000_000).await;
        // The simulator refuses what is above ten million.
        let body = run_of(&[candidate("Adaeze Okonkwo", "0108024071", 10_000_001.0), candidate("Bola Ade", "0263874788", 5.0)]);
        let run = house.run_at_approval(&body).await;
        let all: Vec<Value> = house.candidates(&run).await.iter().map(|one| one["id"].clone()).collect();
        let ask = json!({ "candidate_ids": all });
        let released = house.post(&house.owner, &format!("/runs/{run}/approve"), ask).await;
        assert_eq!(released.status, 200, "{released:?}");
        let done = house.until(&run, "completed_with_errors").await;
        assert_eq!((&done["status"], &done["totals"]["failed"]), (&json!("completed"), &json!(1)));

        let again = house.post(&house.owner, &format!("/runs/{run}/retry-failed"), json!({})).await;
        assert_eq!((again.status.as_u16(), &again.json["candidate_count"]), (201, &json!(1)), "{again:?}");
        let twice = house.post(&house.owner, &format!("/runs/{run}/retry-failed"), json!({})).await;
        assert_eq!(twice.status, 409, "{twice:?}");

        let second = again.json["id"].as_str().expect("an id").to_owned();
        house.until(&second, "awaiting_approval").await;
        let rejected = house.post(&house.owner, &format!("/runs/{second}/reject"), json!({ "reason": "no" })).await;
        assert_eq!(
            rejected.json,
            json!({ "run_id": second, "status": "completed", "rejected_count": 1, "remaining_approved": 0 })
        );
        assert_eq!(house.get(&format!("/runs/{second}")).await["phase"], "completed");
    }

    async fn changed_candidates_send_a_run_back_to_scoring(store: TestStore) {
        let house = House::new(store).await;
        let run = house.run_at_approval(&run_of(&[candidate("Adaeze Okonkwo", "0108024071", 100.0)])).await;
        let more = json!({ "candidates": [candidate("Bola Ade", "0263874788", 7.0)] });
        let added = house.post(&house.owner, &format!("/runs/{run}/candidates"), more).await;
        assert_eq!((added.status.as_u16(), &added.json["candidates_added"]), (201, &json!(1)), "{added:?}");
        let seen = house.until(&run, "awaiting_approval").await;
        assert_eq!((&seen["version"], &seen["candidate_count"]), (&json!(2), &json!(2)));
        let stale = house.post(&house.owner, &format!("/runs/{run}/approve"), json!({ "expected_version": 1 })).await;
        assert_eq!(stale.status, 409, "{stale:?}");

        let id = house.candidates(&run).await[1]["id"].as_str().expect("an id").to_owned();
        let path = format!("/runs/{run}/candidates/{id}");
        let patched = house.ask(&house.owner, "PATCH", &path).json(&json!({ "account_number": "0000000000" })).send().await;
        assert_eq!(patched.status, 200, "{patched:?}");
        house.until(&run, "awaiting_approval").await;
        assert_eq!(house.candidates(&run).await[1]["risk_decision"], "blocked");
        let gone = house.ask(&house.owner, "DELETE", &path).send().await;
        assert_eq!(gone.status, 200, "{gone:?}");
        let seen = house.until(&run, "awaiting_approval").await;
        assert_eq!((&seen["version"], &seen["candidate_count"]), (&json!(4), &json!(1)));
        let twice = house.ask(&house.owner, "DELETE", &path).send().await;
        assert_eq!(twice.status, 404, "{twice:?}");
    }

    async fn a_run_is_cancelled_or_given_up_after_thirty_days(store: TestStore) {
        let house = House::new(store).await;
        let run = house.run_at_approval(&run_of(&[candidate("Adaeze Okonkwo", "0108024071", 100.0)])).await;
        let cancelled = house.post(&house.owner, &format!("/runs/{run}/cancel"), json!({ "reason": "wrong month" })).await;
        assert_eq!((&cancelled.json["status"], &cancelled.json["error"]), (&json!("failed"), &json!("cancelled")));
        let second = house.run_at_approval(&run_of(&[candidate("Adaeze Okonkwo", "0108024071", 100.0)])).await;
        house.app.pass_seconds(30 * 86_400);
        let house = house.signed_in_again().await;
        // Whatever enters a job wakes who does them; by itself that takes seconds.
        house.post(&house.owner, "/runs", json!({ "objective": "Another" })).await;
        let over = house.until(&second, "cancelled").await;
        assert_eq!((&over["status"], &over["error"]), (&json!("failed"), &json!("approval_expired")));
    }

    async fn a_schedule_makes_one_run_for_each_of_its_times_and_one_for_all_that_it_missed(store: TestStore) {
        let house = House::new(store).await;
        let body = json!({ "objective": "Salaries", "cron": "0 9 * * *", "candidates": [candidate("Adaeze Okonkwo", "0108024071", 5.0)] });
        let made = house.post(&house.owner, "/scheduled-runs", body).await;
        assert_eq!((made.status.as_u16(), &made.json["timezone"], &made.json["total_amount"]), (201, &json!("Africa/Lagos"), &json!(5.0)), "{made:?}");
        let path = format!("/scheduled-runs/{}", made.json["id"].as_str().expect("an id"));
        for days in [1, 5] {
            house.app.pass_seconds(days * 86_400);
            // Whatever enters a job wakes who does them; by itself that takes seconds.
            house.with_key("POST", "/runs").json(&json!({ "objective": "Another" })).send().await;
            let owner = house.app.session_of(crate::app::OWNER, crate::app::PASSWORD).await;
            let mut seen = Value::Null;
            for _ in 0..2_000 {
                seen = house.ask(&owner, "GET", &path).send().await.json;
                if seen["run_count"] == if days == 1 { 1 } else { 2 } {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            let run = seen["last_run_id"].as_str().unwrap_or_else(|| panic!("no run: {seen}"));
            let run = house.ask(&owner, "GET", &format!("/runs/{run}")).send().await;
            assert_eq!((&run.json["candidate_count"], &run.json["objective"]), (&json!(1), &json!("Salaries")), "{run:?}");
        }
        let owner = house.app.session_of(crate::app::OWNER, crate::app::PASSWORD).await;
        assert_eq!(house.ask(&owner, "GET", "/runs").send().await.json["total"], 4);
        for wrong in [json!({ "objective": "x" }), json!({ "objective": "x", "cron": "every day" }), json!({ "objective": "x", "run_at": "2020-01-01T00:00:00Z" }),
            json!({ "objective": "x", "cron": "0 9 * * *", "timezone": "Mars" })] {
            assert_eq!(house.post(&owner, "/scheduled-runs", wrong.clone()).await.status, 422, "{wrong}");
        }
    }

    async fn the_report_and_the_events_of_a_run_tell_everything(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000).await;
        let run = house.run_at_approval(&run_of(&[candidate("Adaeze Okonkwo", "0108024071", 400.0)])).await;
        assert_eq!(house.post(&house.owner, &format!("/runs/{run}/approve"), json!({})).await.status, 200);
        house.until(&run, "completed").await;
        let report = house.get(&format!("/runs/{run}/report")).await;
        assert_eq!((&report["ledger"]["reserved"], &report["ledger"]["paid_out"], &report["ledger"]["open"]), (&json!(400.0), &json!(400.0), &json!(0.0)));
        assert_eq!(report["candidates"][0]["execution_status"], "success");
        assert_eq!(report["audit"].as_array().map(Vec::len), Some(house.actions(&run).await.len()));
        let stream = house.ask(&house.owner, "GET", &format!("/runs/{run}/events/stream")).text().await;
        let names: Vec<&str> = stream.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        assert_eq!((names.first(), names.last()), (Some(&"status"), Some(&"status")), "{stream}");
        let rest = house.ask(&house.owner, "GET", &format!("/runs/{run}/events/stream?last_seq={}", names.len() - 1)).text().await;
        assert!(rest.contains("\"phase\":\"completed\"") && rest.matches("event: ").count() == 1, "{rest}");
    }

    async fn webhooks_tell_a_run_in_order_with_exactly_their_fields(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000).await;
        let body = run_of(&[candidate("Adaeze Okonkwo", "0108024071", 400.0), candidate("Nobody", "0000000000", 1.0)]);
        let run = house.run_at_approval(&body).await;
        assert_eq!(house.post(&house.owner, &format!("/runs/{run}/approve"), json!({})).await.status, 200);
        house.until(&run, "completed").await;
        let scope = house.scope().await;
        let read = house.app.app.platform.store.read(move |tx| floe_store::platform::events::latest(tx, scope, None, 50));
        let mut events = read.await.expect("a read");
        events.retain(|event| event.kind.starts_with("treasury."));
        events.reverse();
        let told: Vec<(&str, Vec<String>)> = events
            .iter()
            .map(|event| {
                let data: Value = serde_json::from_str(&event.data).expect("JSON");
                (event.kind.as_str(), data.as_object().expect("an object").keys().cloned().collect())
            })
            .collect();
        let expected = [
            ("treasury.candidate.flagged", "run_id objective candidate_id beneficiary_name account_number institution_code amount \
                risk_score risk_decision risk_reasons run_url"),
            ("treasury.approval.requested", "run_id objective candidate_count total_payout_amount currency date_range \
                risk_breakdown flagged_candidates approval_url"),
            ("treasury.approval.completed", "run_id objective action status approved_count rejected_count total_payout_amount \
                currency approved_by"),
            ("treasury.payout.succeeded", "run_id objective candidate_id beneficiary_name account_number institution_code \
                bank_name amount currency purpose reference provider_reference executed_at"),
            ("treasury.run.completed", "run_id objective status approved_count rejected_count succeeded_count failed_count \
                followup_count total_payout_amount currency run_url"),
        ];
        let expected: Vec<(&str, Vec<String>)> =
            expected.iter().map(|(kind, names)| (*kind, names.split_whitespace().map(str::to_owned).collect())).collect();
        assert_eq!(told, expected);
        let requested: Value = serde_json::from_str(&events[1].data).expect("JSON");
        assert_eq!(requested["risk_breakdown"], json!({ "auto_approved": 1, "needs_review": 0, "blocked": 1 }));
        assert!(events[1].data.contains("\"total_payout_amount\":401.00"), "{}", events[1].data);
    }

    async fn plans_come_from_recipients_objectives_and_earlier_runs(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000_000).await;
        let saved = json!({ "name": "Adaeze Okonkwo", "account_number": "0108024071", "institution_code": "058" });
        let saved = house.with_key("POST", "/recipients").json(&saved).send().await;
        let recipient = saved.json["id"].clone();

        let by_id = json!({ "objective": "June salaries", "recipient_ids": [recipient], "amount_each": 250.5 });
        let run = house.run_at_approval(&by_id).await;
        assert_eq!(house.candidates(&run).await[0]["amount"], json!(250.5));
        assert_eq!(house.post(&house.owner, &format!("/runs/{run}/approve"), json!({})).await.status, 200);
        house.until(&run, "completed").await;

        let named = json!({ "objective": "Pay Adaeze Okonkwo 350,000 and Chidi 5k" });
        let run = house.run_at_approval(&named).await;
        let found = house.candidates(&run).await;
        assert_eq!((found.len(), &found[0]["amount"]), (1, &json!(350_000.0)));

        let repeated = house.run_at_approval(&json!({ "objective": "July salaries" })).await;
        let found = house.candidates(&repeated).await;
        assert_eq!((found.len(), &found[0]["amount"]), (1, &json!(250.5)));

        let empty = house.run_at_approval(&json!({ "objective": "Rent" })).await;
        assert_eq!(house.get(&format!("/runs/{empty}")).await["candidate_count"], 0);
        let nothing = house.post(&house.owner, &format!("/runs/{empty}/approve"), json!({})).await;
        assert_eq!(nothing.status, 422, "{nothing:?}");
        let rejected = house.post(&house.owner, &format!("/runs/{empty}/reject"), json!({})).await;
        assert_eq!((&rejected.json["status"], &rejected.json["rejected_count"]), (&json!("completed"), &json!(0)));
    }
}
