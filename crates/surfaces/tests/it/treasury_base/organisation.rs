//! The organisation, its members, rules, blocklist and keys; who may do what (Treasury contract, sections 6, 10.1 and 10.6).

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::is;
use crate::accounts;
use crate::app::TestApp;

on_both! {
    async fn settings_keep_money_to_the_kobo(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let show = || app.get("/api/v1/org").bearer(&session).send();
        is(&show().await, 200, r#"{"name":"Lagos Fit","default_risk_tolerance":0.35,"single_payout_cap":null,"daily_payout_limit":null,"monthly_payout_limit":null,"low_balance_alert":50000.00,"allow_key_approvals":false,"strict_check_digit":false,"fee":{"kind":"off","refund_on_reversal":false}}"#);
        let change = |body: &str| app.patch("/api/v1/org").bearer(&session).header("content-type", "application/json").body(body.as_bytes().to_vec()).send();
        let changed = change(r#"{"name":" Abuja Fit ","default_risk_tolerance":0.25,"single_payout_cap":9999999999999.99,"daily_payout_limit":1e3,"low_balance_alert":0,"allow_key_approvals":true,"fee":{"kind":"percent","percent":0.6,"minimum":50,"refund_on_reversal":true}}"#).await;
        is(&changed, 200, r#"{"name":"Abuja Fit","default_risk_tolerance":0.25,"single_payout_cap":9999999999999.99,"daily_payout_limit":1000.00,"monthly_payout_limit":null,"low_balance_alert":0.00,"allow_key_approvals":true,"strict_check_digit":false,"fee":{"kind":"percent","percent":0.6,"minimum":50.00,"refund_on_reversal":true}}"#);
        assert_eq!(show().await.bytes, changed.bytes);
        let cleared = change(r#"{"single_payout_cap":null,"daily_payout_limit":null,"fee":{"kind":"off"}}"#).await;
        assert_eq!((&cleared.json["single_payout_cap"], &cleared.json["name"]), (&Value::Null, &json!("Abuja Fit")));
        for (body, kind, field) in [
            (r#"{"single_payout_cap":10.005}"#, "decimal_places", "single_payout_cap"),
            (r#"{"single_payout_cap":1e400}"#, "less_than_equal", "single_payout_cap"),
            (r#"{"single_payout_cap":"5"}"#, "number_type", "single_payout_cap"),
            (r#"{"single_payout_cap":true}"#, "number_type", "single_payout_cap"),
            (r#"{"single_payout_cap":0}"#, "greater_than", "single_payout_cap"),
            (r#"{"single_payout_cap":10000000000000}"#, "less_than_equal", "single_payout_cap"),
            (r#"{"default_risk_tolerance":1.1}"#, "less_than_equal", "default_risk_tolerance"),
            (r#"{"allow_key_approvals":"yes"}"#, "bool_type", "allow_key_approvals"),
            (r#"{"fee":{"kind":"tithe"}}"#, "enum", "fee"),
            (r#"{"fee":{"kind":"off","refund_on_reversal":"yes"}}"#, "bool_type", "fee"),
        ] {
            let answer = change(body).await;
            let told = (answer.status.as_u16(), &answer.json["errors"][0]["type"], &answer.json["errors"][0]["loc"][1]);
            assert_eq!(told, (422, &json!(kind), &json!(field)), "{body}: {answer:?}");
        }
        let log = app.get("/api/v1/audit?action=changed_settings").bearer(&session).send().await;
        assert_eq!(log.json["total"], 2);
        assert_eq!(log.json["data"][1]["detail"]["after"]["single_payout_cap"], "9999999999999.99");
        assert_eq!(log.json["data"][1]["detail"]["before"]["name"], "Lagos Fit");
    }

    async fn rules_are_kept_with_their_thresholds(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        const PATH: &str = "/api/v1/org/approval-rules";
        let add = |body: Value| app.post(PATH).bearer(&session).json(&body).send();
        let rule = add(json!({ "name": "Large", "condition_type": "amount_above", "threshold": 1_000_000.5, "required_approvers": 2, "approver_roles": ["owner"] })).await;
        let id = rule.json["id"].as_str().expect("an id");
        is(&rule, 201, &format!(r#"{{"id":"{id}","name":"Large","condition_type":"amount_above","threshold":1000000.50,"required_approvers":2,"approver_roles":["owner"],"is_active":true}}"#));
        let risky = add(json!({ "name": "Risky", "condition_type": "risk_score_above", "threshold": 0.5 })).await;
        assert!(String::from_utf8_lossy(&risky.bytes).contains(r#""threshold":0.5,"required_approvers":1,"approver_roles":[],"#), "{risky:?}");
        for (body, kind, at) in [
            (json!({ "name": "x", "condition_type": "amount_above" }), "missing", json!(["body", "threshold"])),
            (json!({ "name": "x", "condition_type": "risk_score_above", "threshold": 2 }), "less_than_equal", json!(["body", "threshold"])),
            (json!({ "name": "x", "condition_type": "never" }), "enum", json!(["body", "condition_type"])),
            (json!({ "name": "x", "condition_type": "always", "required_approvers": 0 }), "greater_than_equal", json!(["body", "required_approvers"])),
            (json!({ "name": "x", "condition_type": "always", "approver_roles": ["owner", "analyst"] }), "enum", json!(["body", "approver_roles", 1])),
        ] {
            let answer = add(body.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.json["errors"][0]["type"], &answer.json["errors"][0]["loc"]), (422, &json!(kind), &at), "{body}");
        }
        let path = format!("{PATH}/{id}");
        let change = |body: Value| app.patch(&path).bearer(&session).json(&body).send();
        assert_eq!(change(json!({ "threshold": 7, "is_active": false })).await.json["threshold"], 7.0);
        assert_eq!(change(json!({ "condition_type": "risk_score_above" })).await.status, 422, "an amount is no score");
        let always = change(json!({ "condition_type": "always" })).await;
        assert_eq!((&always.json["threshold"], &always.json["is_active"]), (&Value::Null, &json!(false)));
        let list = app.get(PATH).bearer(&session).header("x-flowpilot-mode", "test").send().await;
        assert_eq!((&list.json["total"], &list.json["data"][0]["id"]), (&json!(2), &json!(id)), "the same in both modes");
        is(&app.delete(&path).bearer(&session).send().await, 200, &format!(r#"{{"status":"deleted","id":"{id}"}}"#));
        is(&app.delete(&path).bearer(&session).send().await, 404, r#"{"detail":"Approval rule not found"}"#);
    }

    async fn the_blocklist_knows_a_name_and_a_bank_in_any_spelling(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let add = |kind: &str, value: &str| app.post("/api/v1/org/blocklist").bearer(&session).json(&json!({ "kind": kind, "value": value, "reason": "Fraud" })).send();
        assert_eq!(add("beneficiary_name", "Émeka  Obi").await.status, 201);
        is(&add("beneficiary_name", "emeka obi").await, 409, r#"{"detail":"This is on the blocklist already"}"#);
        assert_eq!(add("bank_code", "058").await.status, 201);
        assert_eq!(add("bank_code", "000013").await.status, 409);
        assert_eq!(add("account_number", "0123456789").await.status, 201);
        for (kind, value, expected) in [("account_number", "123", "pattern"), ("bank_code", "999", "unknown_institution"), ("beneficiary_name", "--", "pattern"), ("colour", "x", "enum")] {
            assert_eq!(add(kind, value).await.json["errors"][0]["type"], expected, "{kind} {value}");
        }
        let list = app.get("/api/v1/org/blocklist").bearer(&session).send().await;
        assert_eq!((&list.json["total"], &list.json["data"][0]["kind"], &list.json["data"][0]["created_by"]), (&json!(3), &json!("account_number"), &json!("Ada")));
        let log = app.get("/api/v1/audit?action=changed_blocklist").bearer(&session).send().await;
        assert_eq!((&log.json["total"], &log.json["data"][0]["detail"]["after"]["value"]), (&json!(3), &json!("6789")));
    }

    async fn roles_may_what_the_contract_says(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let (_, analyst) = accounts::add(&app, &session, "Ann", Role::Builder).await;
        let (_, approver) = accounts::add(&app, &session, "Abe", Role::Approver).await;
        let (_, reader) = accounts::add(&app, &session, "Vic", Role::Viewer).await;
        let everybody = [("owner", &session), ("analyst", &analyst), ("approver", &approver), ("reader", &reader)];
        let bad = "00000000-0000-7000-8000-000000000000";
        for (method, path, roles) in [
            ("GET", "/api/v1/org".to_owned(), "owner analyst approver reader"),
            ("PATCH", "/api/v1/org".to_owned(), "owner"),
            ("GET", "/api/v1/org/members".to_owned(), "owner analyst approver reader"),
            ("POST", "/api/v1/org/members".to_owned(), "owner"),
            ("GET", "/api/v1/org/approval-rules".to_owned(), "owner analyst approver reader"),
            ("POST", "/api/v1/org/approval-rules".to_owned(), "owner"),
            ("DELETE", format!("/api/v1/org/approval-rules/{bad}"), "owner"),
            ("POST", "/api/v1/org/blocklist".to_owned(), "owner"),
            ("GET", "/api/v1/recipients".to_owned(), "owner analyst approver reader"),
            ("POST", "/api/v1/recipients".to_owned(), "owner analyst"),
            ("DELETE", format!("/api/v1/recipients/{bad}"), "owner analyst"),
            ("GET", "/api/v1/institutions".to_owned(), "owner analyst approver reader"),
            ("GET", "/api/v1/developer/api-keys".to_owned(), "owner"),
            ("POST", "/api/v1/developer/api-keys".to_owned(), "owner"),
            ("GET", "/api/v1/audit".to_owned(), "owner analyst approver reader"),
            ("GET", "/api/v1/audit/verify".to_owned(), "owner"),
        ] {
            for (role, credential) in everybody {
                let answer = app.ask(method, &path).bearer(credential).json(&json!({})).send().await;
                let is_in = roles.split(' ').any(|one| one == role);
                assert_eq!(answer.status != 403, is_in, "{method} {path} as {role}: {answer:?}");
            }
        }
        let refused = app.patch("/api/v1/org").bearer(&analyst).json(&json!({})).send().await;
        is(&refused, 403, r#"{"detail":"Requires role: owner"}"#);
        let refused = app.post("/api/v1/recipients").bearer(&approver).json(&json!({})).send().await;
        is(&refused, 403, r#"{"detail":"Requires role: owner or analyst"}"#);
        let token = app.token_of(&session, &["treasury.read"]).await;
        assert_eq!(app.get("/api/v1/org").bearer(&token).send().await.status, 200);
        let refused = app.patch("/api/v1/org").bearer(&token).json(&json!({})).send().await;
        is(&refused, 403, r#"{"detail":"Access token missing required scope(s): treasury.write"}"#);
    }

    async fn owners_give_and_take_roles(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let (_, bea) = accounts::add(&app, &session, "Bea", Role::Viewer).await;
        let list = app.get("/api/v1/org/members").bearer(&session).send().await;
        let found = |name: &str| list.json["data"].as_array().expect("a list").iter().find(|one| one["name"] == name).expect("a member").clone();
        let (owner, member) = (found("Ada"), found("Bea"));
        assert_eq!((&owner["role"], &member["role"], &list.json["total"]), (&json!("owner"), &json!("reader"), &json!(2)));
        let path = |one: &Value| format!("/api/v1/org/members/{}", one["id"].as_str().expect("an id"));
        let changed = app.patch(&path(&member)).bearer(&session).json(&json!({ "role": "approver" })).send().await;
        assert_eq!((changed.status.as_u16(), &changed.json["role"]), (200, &json!("approver")));
        assert_eq!(app.get("/api/v1/org").bearer(&bea).send().await.status, 401, "its sessions end");
        let own = app.patch(&path(&owner)).bearer(&session).json(&json!({ "role": "reader" })).send().await;
        is(&own, 403, r#"{"detail":"Nobody changes its own treasury_role"}"#);
        is(&app.delete(&path(&owner)).bearer(&session).send().await, 409, r#"{"detail":"A workspace keeps at least one owner"}"#);
        let invited = app.post("/api/v1/org/members").bearer(&session).json(&json!({ "email": "New@Floe.test", "role": "analyst" })).send().await;
        assert_eq!((invited.status.as_u16(), &invited.json["email"], &invited.json["status"]), (201, &json!("new@floe.test"), &json!("invited")));
        assert!(invited.json["url"].as_str().is_some_and(|url| url.starts_with("http://floe.test/ui/invite#")), "{invited:?}");
        let gone = app.delete(&path(&member)).bearer(&session).send().await;
        assert_eq!(gone.status, 200, "{gone:?}");
        let log = app.get("/api/v1/audit?limit=3").bearer(&session).send().await;
        let actions: Vec<&Value> = log.json["data"].as_array().expect("a list").iter().map(|row| &row["action"]).collect();
        assert_eq!(actions, ["removed_member", "invited_member", "changed_member_role"]);
    }

    async fn keys_of_the_treasury_are_a_view_of_all_keys(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        const PATH: &str = "/api/v1/developer/api-keys";
        let other = app.post("/console/v1/keys").bearer(&session).json(&json!({ "kind": "flows", "name": "App" })).send().await;
        let made = app.post(PATH).bearer(&session).json(&json!({ "name": "Server", "mode": "test", "scopes": ["runs:read"], "expires_in_days": 30 })).send().await;
        assert!(made.json["key"].as_str().is_some_and(|text| text.starts_with("fp_test_") && text[..12] == made.json["prefix"]), "{made:?}");
        assert_eq!(made.json["expires_at"], "2027-02-14T08:00:00Z");
        let list = app.get(PATH).bearer(&session).send().await;
        assert_eq!((&list.json["total"], &list.json["data"][0]["id"], list.json["data"][0].get("key")), (&json!(1), &made.json["id"], None));
        let path = |id: &Value| format!("{PATH}/{}", id.as_str().expect("an id"));
        is(&app.delete(&path(&other.json["id"])).bearer(&session).send().await, 404, r#"{"detail":"API key not found"}"#);
        let id = made.json["id"].clone();
        let changed = app.patch(&path(&id)).bearer(&session).json(&json!({ "scopes": ["audit:read", "approvals:write"] })).send().await;
        assert_eq!(changed.json["scopes"], json!(["audit:read", "approvals:write"]));
        let next = app.post(&format!("{}/rotate", path(&id))).bearer(&session).json(&json!({ "overlap_minutes": 5 })).send().await;
        assert_eq!((next.status.as_u16(), &next.json["scopes"]), (201, &changed.json["scopes"]));
        for key in [&made.json["key"], &next.json["key"]] {
            assert_eq!(app.get("/api/v1/public/audit").bearer(key.as_str().expect("a key")).send().await.status, 200);
        }
        app.pass_seconds(301);
        assert_eq!(app.get("/api/v1/public/audit").bearer(made.json["key"].as_str().expect("a key")).send().await.status, 401);
        for (body, kind) in [
            (json!({ "name": "x", "scopes": [] }), "too_short"),
            (json!({ "name": "x", "scopes": ["runs:delete"] }), "enum"),
            (json!({ "name": "x" }), "missing"),
            (json!({ "name": "x", "scopes": ["runs:read"], "expires_in_days": 3_651 }), "less_than_equal"),
            (json!({ "name": "x", "scopes": ["runs:read"], "mode": "both" }), "enum"),
        ] {
            let answer = app.post(PATH).bearer(&session).json(&body).send().await;
            assert_eq!((answer.status.as_u16(), &answer.json["errors"][0]["type"]), (422, &json!(kind)), "{body}");
        }
        let log = app.get("/api/v1/audit?limit=3").bearer(&session).send().await;
        let actions: Vec<&Value> = log.json["data"].as_array().expect("a list").iter().map(|row| &row["action"]).collect();
        assert_eq!(actions, ["rotated_api_key", "updated_api_key", "created_api_key"]);
        assert!(!log.json.to_string().contains("fp_test_"), "never the text of a key");
    }
}
