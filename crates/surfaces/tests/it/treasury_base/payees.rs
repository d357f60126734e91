//! Recipients and institutions (Treasury contract, sections 2.3, 9.2 and 10.7).

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{is, key, payee, with_key};
use crate::app::{Answer, TestApp};

const PATH: &str = "/api/v1/public/recipients";
const SCOPES: &[&str] = &["recipients:read", "recipients:write", "audit:read"];

fn names(answer: &Answer) -> Vec<&str> {
    answer.json["data"].as_array().expect("a list").iter().map(|one| one["name"].as_str().expect("a name")).collect()
}

on_both! {
    async fn recipients_are_listed_by_name_and_found_by_text(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let text = key(&app, &session, "test", SCOPES).await;
        let post = |body: Value| with_key(app.post(PATH), &text).json(&body).send();
        let first = post(payee()).await;
        assert_eq!(first.status, 201);
        let id = first.json["id"].as_str().expect("an id");
        assert_eq!(first.json["created_at"], "2027-01-15T08:00:00Z");
        is(&first, 201, &format!(
            r#"{{"id":"{id}","name":"Adaeze Okonkwo","account_number":"0123456789","institution_code":"058","bank_name":"{}","narration_note":null,"created_at":"2027-01-15T08:00:00Z"}}"#,
            first.json["bank_name"].as_str().expect("from the directory"),
        ));
        assert_eq!(post(payee()).await.status, 201, "the same account may be saved twice");
        for (name, account) in [("ábel 100%", "1111111111"), ("bola_ade", "2222222222"), ("Zed", "3333333333"), ("  Bola Ade ", "0000058000")] {
            let body = json!({ "name": name, "account_number": account, "institution_code": "000013", "bank_name": "Mine", "extra": 1 });
            let made = post(body).await;
            assert_eq!((made.status.as_u16(), &made.json["bank_name"], &made.json["institution_code"]), (201, &json!("Mine"), &json!("000013")));
        }
        let ask = |query: &str| with_key(app.get(&format!("{PATH}?{query}")), &text).send();
        let all = ask("").await;
        assert_eq!(names(&all), ["Adaeze Okonkwo", "Adaeze Okonkwo", "Bola Ade", "bola_ade", "Zed", "ábel 100%"]);
        let around = ["total", "limit", "offset", "has_more"].map(|name| all.json[name].clone());
        assert_eq!(around, [json!(6), json!(50), json!(0), json!(false)]);
        let page = ask("limit=2&offset=2").await;
        assert_eq!((names(&page), &page.json["has_more"], &page.json["total"]), (vec!["Bola Ade", "bola_ade"], &json!(true), &json!(6)));
        let beyond = ask("offset=60").await;
        assert_eq!((names(&beyond).len(), &beyond.json["total"]), (0, &json!(6)));
        for (query, expected) in [
            ("search=BOLA", vec!["Bola Ade", "bola_ade"]),
            ("search=%25", vec!["ábel 100%"]),
            ("search=_", vec!["bola_ade"]),
            ("search=%C3%81BEL", vec!["ábel 100%"]),
            ("search=58", vec!["Bola Ade"]),
            ("search=", names(&all)),
            ("search=nobody", vec![]),
        ] {
            let found = ask(query).await;
            assert_eq!((names(&found), &found.json["total"]), (expected.clone(), &json!(expected.len())), "{query}");
        }
        let spelled = [id.to_uppercase(), id.replace('-', "")];
        is(&with_key(app.delete(&format!("{PATH}/{}", spelled[1])), &text).send().await, 200, &format!(r#"{{"status":"deleted","id":"{id}"}}"#));
        is(&with_key(app.delete(&format!("{PATH}/{}", spelled[0])), &text).send().await, 404, r#"{"detail":"Recipient not found"}"#);
        assert_eq!(ask("").await.json["total"], 5);
        // Nothing of it is there in live mode.
        let live = key(&app, &session, "live", SCOPES).await;
        assert_eq!(with_key(app.get(PATH), &live).send().await.json["total"], 0);
    }

    async fn a_recipient_is_changed_on_the_dashboard_and_every_act_is_in_the_log(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let text = key(&app, &session, "test", SCOPES).await;
        let mut body = payee();
        body["tags"] = json!(["staff", "lagos"]);
        let test = |method: &str, path: &str| app.ask(method, path).bearer(&session).header("x-flowpilot-mode", "test");
        let made = test("POST", "/api/v1/recipients").json(&body).send().await;
        assert_eq!((made.status.as_u16(), &made.json["tags"], &made.json["payment_count"]), (201, &body["tags"], &json!(0)));
        let path = format!("/api/v1/recipients/{}", made.json["id"].as_str().expect("an id"));
        let patch = json!({ "name": "Ada O", "narration_note": "Salary", "institution_code": "011", "tags": null });
        let changed = test("PATCH", &path).json(&patch).send().await;
        assert_eq!(changed.status, 200, "{changed:?}");
        assert_eq!((&changed.json["name"], &changed.json["narration_note"], &changed.json["tags"]), (&json!("Ada O"), &json!("Salary"), &json!([])));
        assert_ne!(changed.json["bank_name"], made.json["bank_name"], "the bank's name follows its code");
        let back = test("PATCH", &path).json(&json!({ "narration_note": null })).send().await;
        assert_eq!((&back.json["narration_note"], &back.json["name"]), (&json!(null), &json!("Ada O")));
        assert_eq!(app.get(&path).bearer(&session).send().await.status, 404, "it is not there in live mode");
        assert_eq!(test("DELETE", &path).send().await.status, 200);

        let log = with_key(app.get("/api/v1/public/audit"), &text).send().await;
        let rows = log.json["data"].as_array().expect("a list");
        let told: Vec<(&str, &str)> = rows.iter().map(|row| (row["agent_type"].as_str().expect("who"), row["action"].as_str().expect("what"))).collect();
        assert_eq!(told, [("human", "deleted_recipient"), ("human", "updated_recipient"), ("human", "updated_recipient"), ("human", "created_recipient")]);
        assert_eq!(rows[2]["detail"]["changed"], json!(["name", "institution_code", "bank_name", "narration_note", "tags"]));
        assert!(!log.json.to_string().contains("0123456789"), "account numbers by their last four digits only");
        for (query, total) in [
            ("action=updated_recipient", 2),
            ("action=nothing", 0),
            ("agent_type=human", 4),
            ("agent_type=api", 0),
            ("agent_type=planner", 0),
            ("agent_type=nobody", 0),
            ("run_id=00000000-0000-7000-8000-000000000000", 0),
        ] {
            let found = with_key(app.get(&format!("/api/v1/public/audit?{query}")), &text).send().await;
            assert_eq!(found.json["total"], total, "{query}");
        }
        let wrong = with_key(app.get("/api/v1/public/audit?run_id=x"), &text).send().await;
        assert_eq!((wrong.status.as_u16(), &wrong.json["detail"]), (422, &json!("run_id: must be a valid UUID")));
        for (query, total) in [
            ("actor=Ada", 4),
            ("actor=Bola", 0),
            ("to=2027-01-14", 0),
            ("to=2027-01-15", 4),
            ("to=2027-01-15T08:00:00Z", 0),
            ("from=2027-01-15", 4),
            ("from=2027-01-15T08:00:01Z", 0),
        ] {
            let found = test("GET", &format!("/api/v1/audit?{query}")).send().await;
            assert_eq!(found.json["total"], total, "{query}");
        }
        app.app.access.seal_audit().await.expect("sealing works");
        let verdict = app.get("/api/v1/audit/verify").bearer(&session).send().await;
        assert_eq!((&verdict.json["valid"], &verdict.json["first_bad_id"]), (&json!(true), &json!(null)));
        assert!(verdict.json["events"].as_i64() > Some(4), "{verdict:?}");
    }

    async fn institutions_are_known_by_all_their_codes(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let test = |method: &str, path: &str| app.ask(method, path).bearer(&session).header("x-flowpilot-mode", "test");
        let found = test("GET", "/api/v1/institutions?search=000013").send().await;
        assert_eq!((&found.json["total"], &found.json["data"][0]["code"]), (&json!(1), &json!("058")));
        let ask = |account: &str, code: &str| test("POST", "/api/v1/institutions/resolve").json(&json!({ "account_number": account, "institution_code": code })).send();
        is(&ask("0108024071", "058").await, 200, r#"{"account_name":null,"check_digit_valid":true}"#);
        is(&ask("0123456789", "000013").await, 200, r#"{"account_name":null,"check_digit_valid":false}"#);
        is(&ask("9700000000", "058").await, 200, r#"{"account_name":"MISMATCHED HOLDER","check_digit_valid":false}"#);
        let invalid = ask("0000000000", "058").await;
        assert_eq!((invalid.status.as_u16(), &invalid.json["errors"][0]["loc"]), (422, &json!(["body", "account_number"])));
        let live = app.post("/api/v1/institutions/resolve").bearer(&session).json(&json!({ "account_number": "0108024071", "institution_code": "058" }));
        is(&live.send().await, 409, r#"{"detail":"No payout rail is configured."}"#);
    }
}
