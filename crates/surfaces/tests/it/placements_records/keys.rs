//! Keys of placements: made once, shown by their beginning, refused at once when they are revoked.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::Desk;

on_both! {
    async fn a_key_is_told_once_works_on_its_own_side_and_ends_at_once(store: TestStore) {
        let desk = Desk::new(store).await;
        let mut made = Vec::new();
        for (kind, environment, prefix, shown) in [
            ("sdk", "live", "fp_live_", 16), ("sdk", "test", "fp_test_", 16), ("management", "test", "fp_admin_", 17),
        ] {
            let key = desk.made("/v1/api-keys", json!({ "name": "K", "type": kind, "environment": environment })).await;
            let text = key["key"].as_str().expect("its text").to_owned();
            assert!(text.starts_with(prefix), "{text}");
            assert_eq!(key["prefix"], text[..shown], "{text}");
            assert_eq!(key["environment"], if kind == "sdk" { json!(environment) } else { Value::Null });
            made.push((key["id"].as_str().expect("an id").to_owned(), text));
        }
        let list = desk.get("/v1/api-keys").await;
        let types: Vec<_> = list["data"].as_array().expect("a list").iter().map(|key| key["type"].clone()).collect();
        assert_eq!((types, &list["total"]), (vec![json!("management"), json!("sdk"), json!("sdk")], &json!(3)));
        assert!(made.iter().all(|(_, text)| !list.to_string().contains(&text[17..])), "{list}");

        let [(live, live_text), _, (admin, admin_text)] = &made[..] else { panic!("three keys") };
        let ask = |text: &str| desk.app.get("/v1/apps").bearer(text).send();
        let managed = ask(admin_text).await;
        assert_eq!((managed.status.as_u16(), &managed.json["total"]), (200, &json!(1)));
        assert!(!managed.header("ratelimit-limit").is_empty());
        ask(live_text).await.is(401, "unauthorized");
        // Whose kind is another product's is not there either.
        let foreign = json!({ "kind": "flows", "name": "F", "mode": "live", "scopes": ["flows.read"] });
        let flows = desk.app.post("/console/v1/keys").bearer(&desk.session).json(&foreign).send().await;
        let path = format!("/v1/api-keys/{}", flows.json["id"].as_str().expect("an id"));
        desk.call("DELETE", &path, None).await.is(404, "not_found");

        for (id, text) in [(admin, admin_text), (live, live_text)] {
            let path = format!("/v1/api-keys/{id}");
            desk.call_with("DELETE", &path, None, &[("if-match", "\"9\"")]).await.is(412, "precondition_failed");
            assert_eq!(desk.call("DELETE", &path, None).await.status, 204);
            ask(text).await.is(401, "unauthorized");
        }
        let list = desk.get("/v1/api-keys").await;
        let ended = list["data"].as_array().expect("a list").iter().filter(|key| !key["revoked_at"].is_null()).count();
        assert_eq!(ended, 2);
        let refused = desk.post("/v1/api-keys", json!({ "name": "K", "type": "agents" })).await.is(400, "validation_failed");
        assert_eq!(refused.json["details"][0]["field"], "type");
    }
}
