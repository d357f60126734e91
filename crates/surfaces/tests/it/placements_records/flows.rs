//! Screen flows and their drafts.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{Desk, screen};

/// What a serializer would not write again: spellings of numbers, escapes, an order and a repetition of members.
const ODD: &str = r#"{ "z" : 1.0, "a": [1e3, 12345678901234567890123, -0.0, "\u00e9 \/ é"],
    "own": { "b": 1, "a": 2 } , "text":" a  b " }"#;
const ODD_KEPT: &str =
    r#"{"z":1.0,"a":[1e3,12345678901234567890123,-0.0,"\u00e9 \/ é"],"own":{"b":1,"a":2},"text":" a  b "}"#;

on_both! {
    async fn a_flow_begins_with_a_screen_and_is_found_by_what_it_is(store: TestStore) {
        let desk = Desk::new(store).await;
        let first = desk.flow("Wel_come 100%").await;
        let shown = desk.get(&first).await;
        assert_eq!(
            [&shown["status"], &shown["latest_version"], &shown["draft"]["has_changes"], &shown["draft"]["etag"]],
            [&json!("draft"), &json!(null), &json!(true), &json!("\"1\"")],
        );
        let check = desk.call("POST", &format!("{first}/validate"), None).await;
        assert_eq!(check.json, json!({ "errors": [], "warnings": [] }), "the starter passes every check");
        let own = desk.made("flows", json!({ "name": "Own", "type": "paywall", "schema": screen("Own") })).await;
        let own = format!("flows/{}", own["id"].as_str().expect("an id"));
        assert_eq!(desk.get(&format!("{own}/draft")).await, screen("Own"));
        desk.post(&format!("{own}/publish"), json!({})).await;
        for (query, expected) in [
            ("", vec!["Own", "Wel_come 100%"]),
            ("?status=published", vec!["Own"]),
            ("?status=draft", vec!["Wel_come 100%"]),
            ("?type=paywall", vec!["Own"]),
            ("?type=survey", vec![]),
            ("?search=WEL_", vec!["Wel_come 100%"]),
            ("?search=%25", vec!["Wel_come 100%"]),
            ("?search=wn&type=paywall&status=published", vec!["Own"]),
            ("?limit=1&offset=1", vec!["Wel_come 100%"]),
        ] {
            let list = desk.get(&format!("flows{query}")).await;
            let names: Vec<_> = list["data"].as_array().expect("a list").iter().map(|flow| flow["name"].as_str().expect("a name")).collect();
            assert_eq!(names, expected, "{query}");
            assert_eq!(list["total"], if query.contains("limit") { 2 } else { expected.len() }, "{query}");
        }
        let renamed = desk.call_with("PATCH", &first, Some(&json!({ "name": "Two", "type": "survey" })), &[("if-match", "\"1\"")]).await;
        assert_eq!((&renamed.json["name"], &renamed.json["type"], renamed.header("etag")), (&json!("Two"), &json!("survey"), "\"2\""));
        desk.call_with("PATCH", &first, Some(&json!({ "name": "Three" })), &[("if-match", "\"1\"")]).await.is(412, "precondition_failed");
        desk.call_with("DELETE", &first, None, &[("if-match", "\"1\"")]).await.is(412, "precondition_failed");
        assert_eq!(desk.call("DELETE", &first, None).await.status, 204);
        desk.call("GET", &format!("{first}/draft"), None).await.is(404, "not_found");
        for (body, field) in [
            (json!({ "type": "onboarding" }), "name"),
            (json!({ "name": "x", "type": "other" }), "type"),
            (json!({ "name": "x", "type": "survey", "schema": [] }), "schema"),
        ] {
            let refused = desk.post("flows", body).await.is(400, "validation_failed");
            assert_eq!(refused.json["details"][0]["field"], field);
        }
    }

    async fn a_draft_keeps_what_was_sent_and_two_editors_do_not_overwrite_each_other(store: TestStore) {
        let desk = Desk::new(store).await;
        let flow = desk.flow("Welcome").await;
        let put = desk.put_text(&flow, ODD).await;
        assert_eq!((put.status.as_u16(), put.header("etag")), (200, "\"2\""));
        // It is stored whatever the checks say, and they say what is wrong with it.
        let pointers: Vec<_> = put.json["errors"].as_array().expect("a list").iter().map(|error| error["pointer"].clone()).collect();
        assert!(!pointers.is_empty(), "{put:?}");
        let draft = desk.call("GET", &format!("{flow}/draft"), None).await;
        assert_eq!((String::from_utf8_lossy(&draft.bytes).as_ref(), draft.header("etag")), (ODD_KEPT, "\"2\""));
        // A draft that a new flow brings is kept the same way.
        let body = format!(r#"{{"name":"Odd","type":"survey","schema":{ODD}}}"#);
        let asking = desk.app.post(&desk.path("flows")).bearer(&desk.session).header("content-type", "application/json");
        let made = asking.body(body.into_bytes()).send().await;
        assert_eq!(made.status, 201);
        let path = format!("flows/{}/draft", made.json["id"].as_str().expect("an id"));
        assert_eq!(String::from_utf8_lossy(&desk.call("GET", &path, None).await.bytes), ODD_KEPT);

        let draft = format!("{flow}/draft");
        let put = async |body: &Value, etag: &[(&str, &str)]| desk.call_with("PUT", &draft, Some(body), etag).await;
        let (mine, other) = (screen("Mine"), screen("Other"));
        assert_eq!(put(&mine, &[("if-match", "\"2\"")]).await.status, 200);
        put(&other, &[("if-match", "\"2\"")]).await.is(412, "precondition_failed");
        assert_eq!(desk.get(&draft).await, mine);
        let last = put(&other, &[]).await;
        assert_eq!((last.status.as_u16(), &last.json["errors"], &last.json["etag"]), (200, &json!([]), &json!("\"4\"")));
    }

    async fn what_is_no_flow_is_refused(store: TestStore) {
        let desk = Desk::new(store).await;
        let flow = desk.flow("Welcome").await;
        let deep = |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
        for (text, status, code) in [
            ("[]".to_owned(), 400, "validation_failed"),
            ("\"x\"".to_owned(), 400, "validation_failed"),
            (String::new(), 400, "invalid_json"),
            ("{\"a\":".to_owned(), 400, "invalid_json"),
            ("{\"a\":1e999}".to_owned(), 400, "invalid_json"),
            (r#"{"a":"\ud800"}"#.to_owned(), 400, "invalid_json"),
            (deep(200), 400, "invalid_json"),
            (format!("{{\"a\":\"{}\"}}", "x".repeat(2 * 1024 * 1024)), 413, "payload_too_large"),
        ] {
            desk.put_text(&flow, &text).await.is(status, code);
        }
        let shown = desk.get(&flow).await;
        assert_eq!(shown["draft"]["etag"], "\"1\"", "nothing of it was stored");
        // Deeper than what can be published is a draft, and the checks say why it stays one.
        let put = desk.put_text(&flow, &deep(80)).await;
        assert_eq!(put.status, 200);
        desk.post(&format!("{flow}/publish"), json!({})).await.is(400, "flow_invalid");
    }
}
