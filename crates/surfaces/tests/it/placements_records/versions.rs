//! Publishing, and the versions that were published.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{Desk, screen};

on_both! {
    async fn a_version_is_what_was_published_for_good(store: TestStore) {
        let desk = Desk::new(store).await;
        let flow = desk.flow("Welcome").await;
        let text = r#"{"schemaVersion":"1.0.0","nodes":[{"id":"s","kind":"screen","x":1.0,"layout":{"id":"r","type":"screenRoot"}}],"more":[1e2]}"#;
        assert_eq!(desk.put_text(&flow, text).await.status, 200);
        let publish = format!("{flow}/publish");
        let first = desk.post(&publish, json!({ "note": "The first" })).await;
        let at = ["flow_version", "schema_version", "note"].map(|name| first.json[name].clone());
        assert_eq!((first.status.as_u16(), at), (201, [json!(1), json!(1), json!("The first")]));
        let place = format!("{flow}/versions/{}", first.json["id"].as_str().expect("an id"));
        assert_eq!(first.header("location"), desk.path(&place));
        let whole = desk.call("GET", &place, None).await;
        assert!(String::from_utf8_lossy(&whole.bytes).contains(&format!("\"flow_schema\":{text}")), "{whole:?}");
        assert_eq!(whole.json["sha256"], first.json["sha256"]);

        // The same once more is the same version; under a key it is the same answer.
        let same = desk.post(&publish, json!({ "note": "Again" })).await;
        assert_eq!((same.status.as_u16(), &same.json), (200, &first.json));
        desk.put_text(&flow, &screen("Second").to_string()).await;
        assert_eq!(desk.get(&flow).await["draft"]["has_changes"], true);
        let key = [("idempotency-key", "second")];
        let second = desk.call_with("POST", &publish, Some(&json!({})), &key).await;
        assert_eq!((second.status.as_u16(), &second.json["flow_version"]), (201, &json!(2)));
        desk.put_text(&flow, "{\"nodes\":[]}").await;
        let repeat = desk.call_with("POST", &publish, Some(&json!({})), &key).await;
        assert_eq!((repeat.status.as_u16(), &repeat.json), (201, &second.json));

        let shown = desk.get(&flow).await;
        assert_eq!(
            [&shown["status"], &shown["latest_version"], &shown["latest_version_id"], &shown["draft"]["has_changes"]],
            [&json!("published"), &json!(2), &second.json["id"], &json!(true)],
        );
        let list = desk.get(&format!("{flow}/versions")).await;
        assert_eq!(list["data"], json!([second.json, first.json]));
        assert_eq!(desk.get(&place).await["flow_schema"], serde_json::from_str::<Value>(text).expect("JSON"));

        let restored = desk.call("POST", &format!("{place}/restore"), None).await;
        assert_eq!(restored.json["errors"], json!([]), "{restored:?}");
        let draft = desk.call("GET", &format!("{flow}/draft"), None).await;
        assert_eq!((String::from_utf8_lossy(&draft.bytes).as_ref(), draft.header("etag")), (text, restored.header("etag")));
        // Published again it is a new version: numbers are never used twice.
        assert_eq!(desk.post(&publish, json!({})).await.json["flow_version"], 3);
    }

    async fn a_flow_that_a_device_would_refuse_is_not_published(store: TestStore) {
        let desk = Desk::new(store).await;
        let flow = desk.flow("Welcome").await;
        let mut broken = screen("Broken");
        broken["entryNodeId"] = json!("nowhere");
        broken["edges"] = json!([{ "id": "e", "fromNodeId": "s1", "toNodeId": "gone", "kind": "odd" }]);
        broken["nodes"][0]["layout"]["children"][0]["id"] = json!("r");
        desk.put_text(&flow, &broken.to_string()).await;
        let refused = desk.post(&format!("{flow}/publish"), json!({})).await.is(400, "flow_invalid");
        let pointers: Vec<_> = refused.json["details"].as_array().expect("a list").iter()
            .map(|one| one["field"].as_str().expect("a pointer").to_owned()).collect();
        for expected in ["/entryNodeId", "/edges/0/toNodeId", "/edges/0/kind", "/nodes/0/layout/children/0/id"] {
            assert!(pointers.iter().any(|pointer| pointer == expected), "{expected} is not in {pointers:?}");
        }
        let checks = desk.call("POST", &format!("{flow}/validate"), None).await;
        assert_eq!(checks.json["errors"].as_array().map(Vec::len), Some(pointers.len()));
        assert_eq!(desk.get(&format!("{flow}/versions")).await["total"], 0);
    }

    async fn versions_are_compared_within_an_app(store: TestStore) {
        let desk = Desk::new(store).await;
        let flow = desk.flow("Welcome").await;
        let mut versions = Vec::new();
        let mut changed = screen("One");
        changed["nodes"][0]["name"] = json!("Two");
        changed["own"] = json!(1);
        changed.as_object_mut().expect("an object").shift_remove("version");
        for schema in [screen("One"), changed] {
            desk.put_text(&flow, &schema.to_string()).await;
            versions.push(desk.made(&format!("{flow}/publish"), json!({})).await["id"].as_str().expect("an id").to_owned());
        }
        let [one, two] = &versions[..] else { panic!("two versions") };
        let diff = desk.get(&format!("{flow}/versions/{two}/diff?against={one}")).await;
        assert_eq!(diff, json!({ "added": ["/own"], "removed": ["/version"], "changed": ["/nodes/0/name"] }));
        let back = desk.get(&format!("{flow}/versions/{one}/diff?against={two}")).await;
        assert_eq!((&back["added"], &back["removed"]), (&json!(["/version"]), &json!(["/own"])));
        desk.call("GET", &format!("{flow}/versions/{one}/diff"), None).await.is(400, "validation_failed");
        desk.call("GET", &format!("{flow}/versions/{one}/diff?against=x"), None).await.is(400, "validation_failed");
        desk.call("GET", &format!("{flow}/versions/{one}/diff?against=00000000-0000-7000-8000-000000000000"), None).await.is(404, "not_found");
        // A version of another flow is not one of this.
        let other = desk.flow("Other").await;
        desk.call("GET", &format!("{other}/versions/{one}"), None).await.is(404, "not_found");
        desk.call("POST", &format!("{other}/versions/{one}/restore"), None).await.is(404, "not_found");
    }

    async fn a_publication_is_told_to_webhooks(store: TestStore) {
        let desk = Desk::new(store).await;
        crate::hooks::receive().await;
        let hook = json!({ "name": "W", "url": crate::hooks::url(200), "style": "standard", "mode": "live", "events": ["placements.*"] });
        let made = desk.app.post("/console/v1/webhooks").bearer(&desk.session).json(&hook).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        let flow = desk.flow("Welcome").await;
        let version = desk.made(&format!("{flow}/publish"), json!({})).await;
        desk.post(&format!("{flow}/publish"), json!({})).await;
        let deliveries = desk.get("/console/v1/deliveries").await;
        let kinds: Vec<_> = deliveries["data"].as_array().expect("a list").iter().map(|one| one["event_type"].clone()).collect();
        assert_eq!(kinds, [json!("placements.version.published")], "{deliveries} of {version}");
    }
}
