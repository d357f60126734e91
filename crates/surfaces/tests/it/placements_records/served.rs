//! What a device is shown follows placements, not drafts and publications (placements contract, section 15, no. 5).

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{Desk, screen};

on_both! {
    async fn point_05_only_what_a_placement_names_is_shown(store: TestStore) {
        let desk = Desk::new(store).await;
        let flow = desk.flow("Welcome").await;
        let publish = async |title: &str| {
            assert_eq!(desk.put_text(&flow, &screen(title).to_string()).await.status, 200);
            desk.made(&format!("{flow}/publish"), json!({})).await["id"].clone()
        };
        let first = publish("First").await;
        desk.made("placements", json!({ "key": "onboarding", "platforms": ["ios"], "default_flow_version_id": first })).await;
        let key = desk.made("/v1/api-keys", json!({ "name": "Device", "type": "sdk", "environment": "live" })).await;
        let key = key["key"].as_str().expect("its text").to_owned();
        let body = json!({ "user_id": "u1", "session_id": "s1", "device_platform": "ios" });
        let resolve = async || -> Value {
            let asking = desk.app.post(&desk.path("placements/onboarding/resolve")).bearer(&key).json(&body);
            let answer = asking.send().await;
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.json
        };
        let shown = resolve().await;
        assert_eq!((&shown["flow_version_id"], &shown["flow_schema"]), (&first, &screen("First")));

        // A draft changes nothing.
        desk.put_text(&flow, &screen("Draft").to_string()).await;
        assert_eq!(resolve().await, shown);
        // A publication alone changes nothing, and neither does a version that is put back into the draft.
        let second = publish("Second").await;
        assert_eq!(resolve().await, shown);
        let first_path = format!("{flow}/versions/{}", first.as_str().expect("an id"));
        assert_eq!(desk.call("POST", &format!("{first_path}/restore"), None).await.status, 200);
        assert_eq!(resolve().await, shown);
        // Attaching does, and the answer comes when it is so.
        let attached = desk.post("placements/onboarding/attach", json!({ "flow_version_id": second })).await;
        assert_eq!(attached.status, 200, "{attached:?}");
        let now = resolve().await;
        assert_eq!((&now["flow_version_id"], &now["flow_version"], &now["flow_schema"]), (&second, &json!(2), &screen("Second")));
        // What a placement shows cannot be taken away under it; what it does not show can.
        desk.call("DELETE", &flow, None).await.is(409, "conflict");
        assert_eq!(resolve().await, now);
    }

    async fn a_revoked_key_of_a_device_is_refused_at_once(store: TestStore) {
        let desk = Desk::new(store).await;
        let new = json!({ "name": "Device", "type": "sdk", "environment": "test" });
        let key = desk.made("/v1/api-keys", new).await;
        let body = json!({ "user_id": "u1", "session_id": "s1", "device_platform": "ios" });
        let ask = |key: &Value| {
            let asking = desk.app.post(&desk.path("placements/anything/resolve"));
            asking.bearer(key["key"].as_str().expect("its text")).json(&body).send()
        };
        let answer = ask(&key).await;
        assert_eq!((answer.status.as_u16(), &answer.json), (200, &json!({ "flow_id": null, "cache_ttl_seconds": 60 })));
        let path = format!("/v1/api-keys/{}", key["id"].as_str().expect("an id"));
        assert_eq!(desk.call("DELETE", &path, None).await.status, 204);
        ask(&key).await.is(401, "unauthorized");
    }
}
