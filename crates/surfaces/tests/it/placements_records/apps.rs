//! Apps: what is set, who may change it, how they go.

use floe_testkit::on_both;
use serde_json::json;

use super::{Desk, id};
use crate::members::other_workspace;

on_both! {
    async fn an_app_is_made_changed_and_taken_away(store: TestStore) {
        let desk = Desk::new(store).await;
        let shown = desk.get("").await;
        assert_eq!(shown["settings"], json!({
            "cache_ttl_seconds": null, "custom_events": "reject", "default_hash_version": 1, "test_users": [],
        }));
        assert_eq!((&shown["name"], &shown["platform"], &shown["etag"]), (&json!("Lagos Fit"), &json!("ios"), &json!("\"1\"")));
        let patch = json!({
            "name": "  Fit ", "platform": "web", "unknown": 1,
            "settings": { "cache_ttl_seconds": 0, "custom_events": "accept", "default_hash_version": 2, "test_users": ["qa", "qa", "qa 2"] },
        });
        let changed = desk.call("PATCH", "", Some(&patch)).await;
        assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
        assert_eq!((&changed.json["name"], &changed.json["settings"]["test_users"]), (&json!("Fit"), &json!(["qa", "qa 2"])));
        // What is not there stays, null is the usual value, and what changes nothing counts nothing.
        let again = desk.call("PATCH", "", Some(&json!({ "name": null, "settings": { "custom_events": null } }))).await;
        assert_eq!(again.json["settings"], json!({
            "cache_ttl_seconds": 0, "custom_events": "reject", "default_hash_version": 2, "test_users": ["qa", "qa 2"],
        }));
        assert_eq!(again.json["etag"], "\"3\"");
        assert_eq!(desk.call("PATCH", "", Some(&json!({}))).await.json["etag"], "\"3\"");
        assert_eq!(desk.get("/v1/apps").await["data"][0], again.json);

        let stale = [("if-match", "\"2\"")];
        desk.call_with("PATCH", "", Some(&json!({ "name": "X" })), &stale).await.is(412, "precondition_failed");
        desk.call_with("DELETE", "?confirm=Fit", None, &stale).await.is(412, "precondition_failed");
        for wrong in ["", "?confirm=", "?confirm=Lagos%20Fit"] {
            let refused = desk.call("DELETE", wrong, None).await.is(400, "validation_failed");
            assert_eq!(refused.json["details"][0]["field"], "confirm");
        }
        let flow = desk.flow("Welcome").await;
        desk.post(&format!("{flow}/publish"), json!({})).await;
        assert_eq!(desk.call_with("DELETE", "?confirm=Fit", None, &[("if-match", "3")]).await.status, 204);
        desk.call("GET", "", None).await.is(404, "not_found");
        desk.call("GET", &flow, None).await.is(404, "not_found");
        assert_eq!(desk.get("/v1/apps").await["total"], 0);
    }

    async fn settings_out_of_range_are_named_where_they_are(store: TestStore) {
        let desk = Desk::new(store).await;
        for (settings, field) in [
            (json!([]), "settings"),
            (json!({ "cache_ttl_seconds": 86_401 }), "settings.cache_ttl_seconds"),
            (json!({ "cache_ttl_seconds": -1 }), "settings.cache_ttl_seconds"),
            (json!({ "custom_events": "maybe" }), "settings.custom_events"),
            (json!({ "default_hash_version": 3 }), "settings.default_hash_version"),
            (json!({ "test_users": ["ok", ""] }), "settings.test_users.1"),
            (json!({ "test_users": ["x".repeat(257)] }), "settings.test_users.0"),
            (json!({ "test_users": vec!["x"; 1_001] }), "settings.test_users"),
        ] {
            let refused = desk.call("PATCH", "", Some(&json!({ "settings": settings }))).await.is(400, "validation_failed");
            assert_eq!(refused.json["details"][0]["field"], field, "{refused:?}");
        }
        assert_eq!(desk.get("").await["etag"], "\"1\"", "nothing of it was written");
        for (body, field) in [
            (json!({ "platform": "ios" }), "name"),
            (json!({ "name": "   ", "platform": "ios" }), "name"),
            (json!({ "name": "x".repeat(81), "platform": "ios" }), "name"),
            (json!({ "name": "x", "platform": "IOS" }), "platform"),
        ] {
            let refused = desk.post("/v1/apps", body).await.is(400, "validation_failed");
            assert_eq!(refused.json["details"][0]["field"], field, "{refused:?}");
        }
    }

    async fn an_app_of_another_workspace_is_not_there(store: TestStore) {
        let desk = Desk::new(store).await;
        other_workspace(&desk.app, "eve@floe.test").await;
        let eve = desk.app.session_by_link("eve@floe.test").await;
        let flow = desk.flow("Welcome").await;
        for (method, path) in [
            ("GET", ""), ("PATCH", ""), ("DELETE", "?confirm=Lagos%20Fit"), ("GET", "flows"), ("GET", flow.as_str()),
            ("DELETE", flow.as_str()), ("GET", "flows/x"),
        ] {
            let asking = desk.app.ask(method, &desk.path(path)).bearer(&eve);
            asking.json(&json!({})).send().await.is(404, "not_found");
        }
        assert_eq!(desk.app.get("/v1/apps").bearer(&eve).send().await.json["total"], 0);
        for wrong in ["x", "00000000-0000-7000-8000-00000000000"] {
            desk.call("GET", &format!("/v1/apps/{wrong}"), None).await.is(400, "invalid_app_id");
        }
        // Either spelling of its own.
        let upper = desk.base.to_uppercase().replace("/V1/APPS/", "/v1/apps/");
        assert_eq!(desk.call("GET", &upper, None).await.status, 200);
    }

    async fn a_change_of_configuration_is_in_the_audit_log_and_a_repeat_is_not(store: TestStore) {
        let desk = Desk::new(store).await;
        let body = json!({ "name": "Twice", "platform": "web" });
        let key = [("idempotency-key", "once")];
        let first = desk.call_with("POST", "/v1/apps", Some(&body), &key).await;
        let again = desk.call_with("POST", "/v1/apps", Some(&body), &key).await;
        assert_eq!((first.status.as_u16(), again.status.as_u16(), id(&first)), (201, 201, id(&again)));
        let entries = desk.get("/console/v1/audit?limit=100").await;
        let of_placements: Vec<_> = entries["data"].as_array().expect("a list").iter()
            .filter(|entry| entry["product"] == "placements").map(|entry| entry["action"].clone()).collect();
        assert_eq!(of_placements, [json!("created_app"), json!("created_app")], "{entries}");
        let started = desk.get("/v1/apps").await;
        assert_eq!(started["total"], 2);
    }
}
