//! Making, changing, attaching and deleting placements; their history.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{House, country, refused, text, told};

on_both! {
    async fn a_placement_is_made_changed_and_read_back(store: TestStore) {
        let house = House::new(store).await;
        let made = house.onboarding().await;
        assert_eq!(
            made,
            json!({
                "id": made["id"], "app_id": made["app_id"], "key": "onboarding", "description": null, "platforms": ["ios"],
                "status": "active", "default_flow_version_id": house.versions[0], "audience_filter": null, "audience_id": null,
                "cache_ttl_seconds": null, "rules": [], "rollout_percentage": null, "rollout_fallback_version_id": null,
                "active_from": null, "active_until": null, "scheduled_changes": [],
                "created_at": made["created_at"], "updated_at": made["updated_at"], "etag": "\"1\"",
            })
        );
        let rule = json!({ "name": "Ghana", "filter": country("GH"), "flow_version_id": house.versions[1] });
        let changed = house.changed("/placements/onboarding", json!({
            "description": "First steps", "platforms": ["web", "ios", "web"], "audience_filter": country("NG"),
            "cache_ttl_seconds": 0, "rules": [rule], "rollout_percentage": 33.33,
            "rollout_fallback_version_id": house.versions[2], "active_from": "2027-01-15T12:00:00+01:00",
            "scheduled_changes": [{ "at": "2030-01-01T00:00:00Z", "status": "paused" }],
        })).await;
        assert_eq!(house.get("/placements/onboarding").await, changed);
        assert_eq!((&changed["etag"], &changed["rollout_percentage"]), (&json!("\"2\""), &json!(33.33)));
        assert_eq!((&changed["platforms"], &changed["cache_ttl_seconds"]), (&json!(["ios", "web"]), &json!(0)));
        assert_eq!(changed["active_from"], "2027-01-15T11:00:00.000Z");
        assert_eq!(changed["rules"][0]["filter"], country("GH"));
        let rules = changed["rules"].clone();
        let emptied = house.changed("/placements/onboarding", json!({
            "description": null, "audience_filter": null, "rollout_percentage": null, "rules": rules, "scheduled_changes": null,
            "active_from": null, "platforms": null,
        })).await;
        assert_eq!((&emptied["description"], &emptied["rollout_percentage"]), (&Value::Null, &Value::Null));
        assert_eq!((&emptied["rules"], &emptied["platforms"]), (&rules, &json!(["ios", "web"])), "a rule keeps its id");
        assert_eq!(emptied["scheduled_changes"], json!([]));
        let list = house.get("/placements?limit=1").await;
        assert_eq!((&list["data"], &list["total"], &list["has_more"]), (&json!([emptied]), &json!(1), &json!(false)));
        assert_eq!(house.delete("/placements/onboarding").await.status, 204);
        house.call("GET", "/placements/onboarding", None, "").await.is(404, "not_found");
        house.call("GET", "/placements/Not-a-key", None, "").await.is(404, "not_found");
    }

    async fn what_a_placement_cannot_be_is_named(store: TestStore) {
        let house = House::new(store).await;
        house.onboarding().await;
        house.post("/placements", json!({ "key": "onboarding", "platforms": ["ios"] })).await.is(409, "conflict");
        let other = floe_model::id::ScreenVersionId(77).to_string();
        for (body, field, issue) in [
            (json!({ "key": "p", "platforms": [] }), "platforms", "length"),
            (json!({ "key": "p" }), "platforms", "required"),
            (json!({ "key": "p", "platforms": ["tv"] }), "platforms.0", "value"),
            (json!({ "platforms": ["ios"] }), "key", "required"),
            (json!({ "key": "Onboarding", "platforms": ["ios"] }), "key", "pattern"),
            (json!({ "key": "a".repeat(65), "platforms": ["ios"] }), "key", "pattern"),
            (json!({ "key": "p", "platforms": ["ios"], "cache_ttl_seconds": 86_401 }), "cache_ttl_seconds", "range"),
        ] {
            assert_eq!(told(&house.post("/placements", body.clone()).await), refused(field, issue), "{body}");
        }
        let audience = floe_model::id::AudienceId(77).to_string();
        for (body, field, issue) in [
            (json!({ "key": "other" }), "key", "read_only"),
            (json!({ "status": "gone" }), "status", "value"),
            (json!({ "default_flow_version_id": other }), "default_flow_version_id", "unknown"),
            (json!({ "default_flow_version_id": 7 }), "default_flow_version_id", "value"),
            (json!({ "audience_id": audience }), "audience_id", "unknown"),
            (json!({ "audience_id": audience, "audience_filter": {} }), "audience_id", "exclusive"),
            (json!({ "audience_filter": { "conditions": [{ "property": "p", "operator": "is" }] } }), "audience_filter.conditions.0.operator", "unknown"),
            (json!({ "audience_filter": { "conditions": [{ "audience_id": audience }] } }), "audience_filter", "unknown"),
            (json!({ "rules": [{ "filter": {}, "flow_version_id": other }] }), "rules.0.flow_version_id", "unknown"),
            (json!({ "rules": [{ "audience_id": audience, "flow_version_id": house.versions[0] }] }), "rules.0.audience_id", "unknown"),
            (json!({ "rules": [{ "flow_version_id": house.versions[0] }] }), "rules.0", "invalid"),
            (json!({ "rollout_percentage": 0.001 }), "rollout_percentage", "range"),
            (json!({ "rollout_fallback_version_id": other }), "rollout_fallback_version_id", "unknown"),
            (json!({ "active_from": "soon" }), "active_from", "format"),
            (json!({ "active_from": "2030-01-01T00:00:00Z", "active_until": "2030-01-01T00:00:00Z" }), "active_until", "range"),
            (json!({ "scheduled_changes": [{ "at": "2030-01-01T00:00:00Z", "default_flow_version_id": other }] }), "scheduled_changes.0.default_flow_version_id", "unknown"),
        ] {
            assert_eq!(told(&house.patch("/placements/onboarding", body.clone()).await), refused(field, issue), "{body}");
        }
        assert_eq!(house.get("/placements/onboarding").await["etag"], "\"1\"", "nothing was half done");
    }

    async fn a_version_of_another_app_cannot_be_attached(store: TestStore) {
        let mut house = House::new(store).await;
        house.onboarding().await;
        let attach = |version: &str| json!({ "flow_version_id": version });
        let attached = house.post("/placements/onboarding/attach", attach(&house.versions[1])).await;
        assert_eq!((attached.status.as_u16(), &attached.json["default_flow_version_id"]), (200, &json!(house.versions[1])));
        assert_eq!(attached.header("etag"), "\"2\"");
        let own = house.base.clone();
        house.base = "/v1/apps".to_owned();
        let other = house.made("", json!({ "name": "Abuja Fit", "platform": "web" })).await;
        house.base = format!("/v1/apps/{}", text(&other["id"]));
        let foreign = house.version("Welcome").await;
        house.call("GET", "/placements/onboarding", None, "").await.is(404, "not_found");
        house.base = own;
        let answer = house.post("/placements/onboarding/attach", attach(&foreign)).await;
        assert_eq!(told(&answer), refused("flow_version_id", "unknown"));
        assert_eq!(told(&house.post("/placements/onboarding/attach", json!({})).await), refused("flow_version_id", "required"));
        let stale = house.call("POST", "/placements/onboarding/attach", Some(&attach(&house.versions[0])), "\"1\"").await;
        stale.is(412, "precondition_failed");
        house.call("PATCH", "/placements/onboarding", Some(&json!({ "status": "paused" })), "\"1\"").await.is(412, "precondition_failed");
        house.call("DELETE", "/placements/onboarding", None, "\"1\"").await.is(412, "precondition_failed");
        assert_eq!(house.call("DELETE", "/placements/onboarding", None, "\"2\"").await.status, 204);
    }

    async fn the_history_tells_what_was_changed_by_whom(store: TestStore) {
        let house = House::new(store).await;
        house.onboarding().await;
        house.post("/placements/onboarding/attach", json!({ "flow_version_id": house.versions[1] })).await;
        house.changed("/placements/onboarding", json!({ "status": "paused" })).await;
        house.changed("/placements/onboarding", json!({ "status": "paused" })).await;
        let history = house.get("/placements/onboarding/history?limit=2").await;
        assert_eq!((&history["total"], &history["has_more"], &history["served"]), (&json!(3), &json!(true), &json!([])));
        let newest = &history["data"][0];
        assert_eq!((&newest["action"], &newest["actor"]), (&json!("changed"), &json!({ "type": "member", "name": "Ada" })));
        assert_eq!(newest["detail"], json!({ "before": { "status": "active" }, "after": { "status": "paused" } }));
        let attached = &history["data"][1];
        assert_eq!((&attached["action"], &attached["detail"]["after"]), (&json!("attached"), &json!({ "default_flow_version_id": house.versions[1] })));
        let log = house.app.get("/console/v1/audit?product=placements").bearer(&house.session).send().await;
        let actions: Vec<_> = log.json["data"].as_array().into_iter().flatten().filter_map(|entry| entry["action"].as_str()).collect();
        assert!(["created_placement", "attached_placement", "changed_placement"].iter().all(|action| actions.contains(action)), "{actions:?}");
    }

    async fn the_history_tells_what_devices_were_given(store: TestStore) {
        let house = House::new(store).await;
        house.onboarding().await;
        let resolve = format!("{}/placements/onboarding/resolve", house.base);
        let asked = json!({ "user_id": "u", "session_id": "s", "device_platform": "ios" });
        for environment in ["live", "live", "test"] {
            let body = json!({ "name": "Device", "type": "sdk", "environment": environment });
            let key = house.app.post("/v1/api-keys").bearer(&house.session).json(&body).send().await;
            let key = text(&key.json["key"]);
            let answer = house.app.post(&resolve).bearer(&key).json(&asked).send().await;
            assert_eq!((answer.status.as_u16(), &answer.json["flow_version_id"]), (200, &json!(house.versions[0])), "{answer:?}");
        }
        let served = house.get("/placements/onboarding/history").await["served"].clone();
        let counts: Vec<_> = served.as_array().into_iter().flatten().map(|one| (one["environment"].as_str(), one["count"].as_i64())).collect();
        assert_eq!(counts, [(Some("live"), Some(2)), (Some("test"), Some(1))], "{served}");
        assert_eq!(served[0]["flow_version_id"], json!(house.versions[0]));
        assert!(served[0]["flow_id"].is_string() && served[0]["first_served_at"] == served[0]["last_served_at"], "{served}");
    }

    async fn a_plan_that_is_due_is_made_before_a_change(store: TestStore) {
        let house = House::new(store).await;
        house.onboarding().await;
        let at = |seconds: i64| (floe_model::Timestamp(1_800_000_000_000_000).plus_seconds(seconds)).to_string();
        let planned = house.changed("/placements/onboarding", json!({ "scheduled_changes": [
            { "at": at(120), "default_flow_version_id": house.versions[2] },
            { "at": at(60), "default_flow_version_id": house.versions[1] },
            { "at": at(3_600), "status": "paused" },
        ]})).await;
        assert_eq!(planned["scheduled_changes"][0]["at"], json!(at(60)), "by time");
        house.app.pass_seconds(90);
        assert_eq!(house.simulated(json!({})).await["flow_version_id"], json!(house.versions[1]), "it holds at once");
        let changed = house.changed("/placements/onboarding", json!({ "description": "later" })).await;
        assert_eq!((&changed["default_flow_version_id"], changed["scheduled_changes"].as_array().map(Vec::len)), (&json!(house.versions[1]), Some(2)));
        let history = house.get("/placements/onboarding/history").await;
        assert_eq!((&history["data"][1]["action"], &history["data"][1]["actor"]["type"]), (&json!("scheduled_change"), &json!("system")));
        let last = house.simulated(json!({ "at": at(3_600) })).await;
        assert_eq!((&last["flow_id"], &last["explanation"]["reason"]), (&Value::Null, &json!("placement_paused")));
    }
}
