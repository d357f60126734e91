//! The wallet and its transactions through the router (Treasury contract, sections 2.4, 2.5, 10.4, 10.5 and 12).

use floe_model::access::Role;
use floe_model::treasury::AccountNumber;
use floe_store::treasury::funding;
use floe_testkit::on_both;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha512;

use crate::app::{Answer, FUNDING_SECRET};
use crate::treasury_runs::house::{House, candidate, run_of};

/// A notice of the provider `bank`, signed.
async fn notice(house: &House, body: &Value) -> Answer {
    let text = body.to_string();
    let mut mac = <Hmac<Sha512> as KeyInit>::new_from_slice(FUNDING_SECRET.as_bytes()).expect("a key of any length");
    mac.update(text.as_bytes());
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    signed(house, "bank", &digits, &text).await
}

async fn signed(house: &House, provider: &str, signature: &str, text: &str) -> Answer {
    let asking = house.app.ask("POST", &format!("/api/v1/inbound/funding/{provider}"));
    asking.header("x-flowpilot-signature", signature).body(text.as_bytes().to_vec()).send().await
}

on_both! {
    async fn money_comes_in_once_for_each_reference(store: TestStore) {
        let house = House::new(store).await;
        let new = house.with_key("GET", "/wallet/balance").text().await;
        assert!(new.starts_with(r#"{"balance":0.00,"currency":"NGN","ai_credit_balance":100000,"updated_at":""#), "{new}");

        let topup = |amount: Value, reference: &str| {
            let body = json!({ "amount": amount, "reference": reference, "description": "Start" });
            let owner = house.owner.clone();
            let house = &house;
            async move { house.post(&owner, "/wallet/topup", body).await }
        };
        let first = topup(json!(1_000.5), "a").await;
        assert_eq!(first.json, json!({ "balance": 1000.5, "amount_credited": 1000.5, "reference": "a", "already_processed": false }));
        let again = topup(json!(9.0), "a").await;
        assert_eq!(again.json, json!({ "balance": 1000.5, "amount_credited": 1000.5, "reference": "a", "already_processed": true }));
        for wrong in [json!(0), json!(-1), json!("5"), json!(10.005), json!(1e15), Value::Null] {
            let answer = topup(wrong.clone(), "b").await;
            assert_eq!((answer.status.as_u16(), &answer.json["errors"][0]["loc"]), (422, &json!(["body", "amount"])), "{wrong}");
        }
        let live = house.app.ask("POST", "/api/v1/wallet/topup").bearer(&house.owner);
        assert_eq!(live.json(&json!({ "amount": 5, "reference": "a" })).send().await.status, 410);
        let approver = house.member("cleo@floe.test", Role::Approver).await;
        assert_eq!(house.post(&approver, "/wallet/topup", json!({ "amount": 5, "reference": "c" })).await.status, 403);

        let account = house.get("/wallet/virtual-account").await;
        assert_eq!(account, house.get("/wallet/virtual-account").await);
        let number = account["account_number"].as_str().unwrap();
        assert_eq!(AccountNumber::parse(number).unwrap().has_right_digit("000999"), Some(true));
        let paid = json!({ "reference": "p-1", "account_number": number, "amount": 250.25, "sender_name": "Ada" });
        for repeat in [false, true] {
            let told = notice(&house, &paid).await;
            assert_eq!(told.json, json!({ "status": "credited", "reference": "p-1", "already_processed": repeat }));
        }
        let nobody = json!({ "reference": "p-2", "account_number": "9999999999", "amount": 7 });
        assert_eq!(notice(&house, &nobody).await.json["status"], "unmatched");
        let kept = house.app.app.platform.store.read(|tx| funding::unmatched(tx, 10)).await.unwrap();
        assert_eq!(kept.iter().map(|kept| (kept.reference.as_str(), kept.amount.minor())).collect::<Vec<_>>(), [("p-2", 700)]);
        let text = paid.to_string();
        for (provider, signature, status) in
            [("bank", "00".repeat(64), 401), ("bank", "x".to_owned(), 401), ("bank", "é".repeat(64), 401), ("other", "00".repeat(64), 404)]
        {
            let refused = signed(&house, provider, &signature, &text).await;
            let detail = if status == 401 { "Invalid signature." } else { "Provider not found" };
            assert_eq!((refused.status.as_u16(), &refused.json["detail"]), (status, &json!(detail)));
        }
        let wrong = notice(&house, &json!({ "reference": "p-3", "account_number": number, "amount": "7", "currency": "USD" })).await;
        let told: Vec<&Value> = wrong.json["errors"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
        assert_eq!((wrong.status.as_u16(), told), (422, vec![&json!("number_type"), &json!("enum")]));
        assert_eq!(house.get("/wallet").await["balance"], 1250.75);

        // Whoever runs the server finds out whose it is: it is credited once.
        let scope = house.scope().await;
        for (reference, expected) in [("p-2", None), ("p-2", Some("conflict")), ("p-1", Some("conflict")), ("p-9", Some("not_found"))] {
            let treasury = std::sync::Arc::clone(&house.app.app.treasury);
            let assigned = house.app.app.platform.store.write(move |tx| floe_treasury::wallet::assign_notice(tx, &treasury, "bank", reference, scope)).await;
            assert_eq!(assigned.err().map(|fault| fault.code().to_owned()), expected.map(str::to_owned), "{reference}");
        }
        assert_eq!(house.get("/wallet").await["balance"], 1257.75);
        let kept = house.app.app.platform.store.read(|tx| funding::unmatched(tx, 10)).await.unwrap();
        assert!(kept.is_empty());
        assert_eq!(notice(&house, &nobody).await.json, json!({ "status": "credited", "reference": "p-2", "already_processed": true }));
    }

    async fn lines_and_statement_tell_every_move_to_the_kobo(store: TestStore) {
        let house = House::new(store).await;
        house.fund(5_000).await;
        let approver = house.member("cleo@floe.test", Role::Approver).await;
        let people = [candidate("Ada Obi", "0108024071", 1_000.25), candidate("Bola Ade", "9900000051", 500.0)];
        let run = house.run_at_approval(&run_of(&people)).await;
        house.post(&approver, &format!("/runs/{run}/approve"), json!({ "candidate_ids": ids(&house, &run).await })).await;
        house.until(&run, "completed_with_errors").await;

        let lines = house.get("/wallet/transactions").await;
        let told: Vec<Value> = lines["data"].as_array().unwrap().iter().map(|line| {
            json!([line["type"], line["kind"], line["amount"], line["balance_before"], line["balance_after"]])
        }).collect();
        assert_eq!(told, [
            json!(["credit", "refund", 500.0, 3499.75, 3999.75]),
            json!(["debit", "release", 500.0, 3999.75, 3499.75]),
            json!(["debit", "release", 1000.25, 5000.0, 3999.75]),
            json!(["credit", "funding", 5000.0, 0.0, 5000.0]),
        ]);
        let releases = house.get("/wallet/transactions?kind=release&limit=1&offset=1").await;
        assert_eq!((&releases["total"], &releases["data"][0]["amount"]), (&json!(2), &json!(1000.25)));
        assert_eq!(house.get("/wallet/transactions?to=2020-01-01").await["total"], 0);
        assert_eq!(house.get("/wallet/transactions?from=2020-01-01").await["total"], 4);
        assert_eq!(house.ask(&house.owner, "GET", "/wallet/transactions?kind=theft").send().await.status, 422);
        let day = lines["data"][0]["created_at"].as_str().unwrap()[..10].to_owned();
        assert_eq!(house.get(&format!("/wallet/transactions?from={day}&to={day}")).await["total"], 4, "a day is whole");

        let statement = house.get("/wallet/statement").await;
        assert_eq!((&statement["opening"], &statement["closing"]), (&json!(0.0), &json!(3999.75)));
        assert_eq!(statement["lines"].as_array().unwrap().len(), 4);
        let none = house.get("/wallet/statement?from=2099-01-01").await;
        assert_eq!((&none["opening"], &none["closing"], &none["lines"]), (&json!(3999.75), &json!(3999.75), &json!([])));
        let csv = house.ask(&house.owner, "GET", "/wallet/statement?format=csv").text().await;
        let rows: Vec<&str> = csv.lines().collect();
        assert_eq!((rows.len(), rows[1], rows[6]), (7, ",,opening,,,,0.00,NGN", ",,closing,,,,3999.75,NGN"));
        assert!(rows[3].contains(",debit,release,FP-") && rows[3].ends_with(",-1000.25,3999.75,NGN"), "{}", rows[3]);
    }

    async fn a_payout_without_an_answer_is_settled_by_two_people(store: TestStore) {
        let house = House::new(store).await;
        house.fund(5_000).await;
        let approver = house.member("cleo@floe.test", Role::Approver).await;
        let people = [candidate("Ada Obi", "0108024071", 1_000.0), candidate("Bola Ade", "9500000000", 500.0)];
        let run = house.run_at_approval(&run_of(&people)).await;
        house.post(&approver, &format!("/runs/{run}/approve"), json!({ "candidate_ids": ids(&house, &run).await })).await;

        // The list shows the one that is open when the other one is paid.
        let open = loop {
            let page = house.get(&format!("/transactions?run_id={run}&status=PENDING")).await;
            let sent = page["data"].as_array().unwrap().iter().filter(|one| one["attempts"] == 1).count();
            if page["total"] == 1 && sent == 1 {
                break page["data"][0].clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        };
        let path = format!("/transactions/{}", open["id"].as_str().unwrap());
        assert_eq!(open["rail_reference"].as_str().unwrap().len(), 30);
        let early = house.post(&approver, &format!("{path}/resolve"), json!({ "outcome": "failed", "evidence": "?" })).await;
        assert_eq!(early.status, 409);
        for asked in 1..=6 {
            let answer = house.post(&approver, &format!("{path}/requery"), json!({})).await;
            assert_eq!((answer.status.as_u16(), &answer.json["attempts"]), (200, &json!(asked + 1)), "{}", answer.json);
        }
        let repeated = |repeat: &str| house.ask(&approver, "POST", &format!("{path}/requery")).header("idempotency-key", repeat).send();
        let kept = repeated("once").await;
        assert_eq!(kept.json["attempts"], 8, "{}", kept.json);
        assert_eq!(house.get(&path).await["payout_status"], "requires_followup");
        assert_eq!(house.until(&run, "completed_with_errors").await["totals"]["followup"], 1);
        assert_eq!(house.wallet().await.balances.reserved.minor(), 50_000, "the money stays reserved");

        let resolve = format!("{path}/resolve");
        let said = |outcome: &str| json!({ "outcome": outcome, "evidence": "A letter of the bank" });
        for wrong in [json!({}), json!({ "outcome": "maybe", "evidence": "x" }), json!({ "outcome": "failed", "evidence": "" })] {
            assert_eq!(house.post(&approver, &resolve, wrong).await.status, 422);
        }
        let first = house.post(&approver, &resolve, said("failed")).await;
        assert_eq!((&first.json["status"], &first.json["resolution"]["confirmed_by"]), (&json!("PENDING"), &Value::Null));
        assert_eq!(house.post(&approver, &resolve, said("failed")).await.status, 409, "the same person");
        assert_eq!(house.post(&house.owner, &resolve, said("success")).await.status, 409, "another outcome");
        let second = house.post(&house.owner, &resolve, said("failed")).await;
        assert_eq!((&second.json["status"], &second.json["payout_status"]), (&json!("FAILED"), &json!("failed")), "{second:?}");
        assert_eq!(house.post(&approver, &format!("{path}/requery"), json!({})).await.status, 409, "it is final");
        assert_eq!(repeated("once").await.json, kept.json, "an answered request keeps its answer");
        let balances = house.wallet().await.balances;
        assert_eq!((balances.available.minor(), balances.reserved.minor()), (400_000, 0));
        let analyst = house.member("dami@floe.test", Role::Builder).await;
        assert_eq!(house.post(&analyst, &resolve, said("failed")).await.status, 403);
    }

    async fn a_fee_comes_back_with_the_money_where_the_organisation_says_so(store: TestStore) {
        let house = House::new(store).await;
        house.fund(5_000).await;
        let approver = house.member("cleo@floe.test", Role::Approver).await;
        // Two payments of 1,000 with a fee of 10; the simulated bank sends both back.
        for (gives_back, balance) in [(false, 4_990.0), (true, 4_990.0)] {
            let fee = json!({ "fee": { "kind": "percent", "percent": 1, "refund_on_reversal": gives_back } });
            let set = house.ask(&house.owner, "PATCH", "/org").json(&fee).send().await;
            assert_eq!((set.status.as_u16(), &set.json["fee"]["refund_on_reversal"]), (200, &json!(gives_back)), "{set:?}");
            let run = house.run_at_approval(&run_of(&[candidate("Ada Obi", "9600000000", 1_000.0)])).await;
            let approved = house.post(&approver, &format!("/runs/{run}/approve"), json!({ "candidate_ids": ids(&house, &run).await })).await;
            assert_eq!(approved.status, 200, "{approved:?}");
            house.until(&run, "completed").await;
            let mut looks = 0;
            while house.get(&format!("/transactions?run_id={run}")).await["total"] != 2 {
                looks += 1;
                assert!(looks < 4_000, "the money does not come back");
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            assert_eq!(house.get("/wallet").await["balance"], balance, "fee back: {gives_back}");
            assert_eq!(house.candidates(&run).await[0]["execution_status"], "reversed");
        }
        let books = house.wallet().await.balances;
        assert_eq!((books.fees.minor(), books.paid_out.minor(), books.reserved.minor()), (1_000, 0, 0));
    }

    async fn keys_see_debits_and_what_came_back(store: TestStore) {
        let house = House::new(store).await;
        house.fund(5_000).await;
        let approver = house.member("cleo@floe.test", Role::Approver).await;
        let run = house.run_at_approval(&run_of(&[candidate("Ada Obi", "0108024071", 1_000.0)])).await;
        house.post(&approver, &format!("/runs/{run}/approve"), json!({})).await;
        house.until(&run, "completed").await;
        let page = house.with_key("GET", "/transactions").send().await.json;
        let one = page["data"][0].as_object().unwrap();
        let names: Vec<&String> = one.keys().collect();
        assert_eq!(names, ["id", "run_id", "reference", "amount", "currency", "direction", "status", "channel", "created_at"]);
        assert_eq!((&one["direction"], &one["status"], &one["channel"]), (&json!("debit"), &json!("SUCCESS"), &json!("NIP")));
        let reference = one["reference"].as_str().unwrap();
        assert!(reference.starts_with("FP-20") && reference.ends_with("-00001"), "{reference}");
        for (query, status, total) in [
            ("", 200, json!(1)),
            ("?status=SUCCESS", 200, json!(1)),
            ("?status=PENDING", 200, json!(0)),
            ("?run_id=00000000-0000-7000-8000-000000000001", 200, json!(0)),
            ("?offset=5", 200, json!(1)),
            ("?status=success", 422, Value::Null),
            ("?run_id=x", 422, Value::Null),
        ] {
            let answer = house.with_key("GET", &format!("/transactions{query}")).send().await;
            assert_eq!((answer.status.as_u16(), &answer.json["total"]), (status, &total), "{query}");
        }
        // The alias answers alike, and live mode knows nothing of it.
        let alias = house.app.ask("GET", "/api/v1/public/v1/transactions").header("x-api-key", &house.key).send().await;
        assert_eq!(alias.json, page);
        let live = house.app.ask("GET", "/api/v1/transactions").bearer(&house.owner).send().await;
        assert_eq!(live.json["total"], 0);
    }
}

/// The ids of all candidates of a run.
async fn ids(house: &House, run: &str) -> Vec<Value> {
    house.candidates(run).await.into_iter().map(|candidate| candidate["id"].clone()).collect()
}
