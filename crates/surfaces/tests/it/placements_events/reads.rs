//! Reading events.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{Shop, event_id, text};

on_both! {
    async fn events_are_listed_newest_first_as_they_were_sent(store: TestStore) {
        let shop = Shop::new(store).await;
        let mut first = shop.event(1, "conversion");
        first["timestamp"] = json!("2027-01-14T10:30:00.5+01:00");
        first["revenue"] = json!(-9.99);
        first["currency"] = json!("eur");
        first["properties"] = json!({ "product_id": "p1", "deep": { "a": [1.0, null] } });
        first["ab_assignments"] = json!({ "node": "b" });
        let mut second = shop.event(2, "screen_view");
        second["user_id"] = json!("u2");
        second["screen_id"] = json!("s1");
        second["screen_index"] = json!(0);
        assert_eq!(shop.send(&json!([first, second])).await.json["accepted"], 2);
        let in_test = shop.app.post(&shop.path("events")).bearer(&shop.test).json(&shop.event(3, "flow_start")).send().await;
        assert_eq!(in_test.status, 202);
        assert_eq!(shop.get("events").await["total"], 0, "nothing is entered yet");
        shop.roll().await;

        let list = shop.get("events").await;
        assert_eq!((&list["total"], &list["has_more"]), (&json!(2), &json!(false)));
        let ids: Vec<_> = list["data"].as_array().expect("a list").iter().map(|event| text(event, "event_id")).collect();
        assert_eq!(ids, [event_id(2), event_id(1)]);
        let shown = &list["data"][1];
        for (name, value) in [
            ("timestamp", json!("2027-01-14T09:30:00.500Z")), ("currency", json!("EUR")), ("revenue", json!(-9.99)),
            ("environment", json!("live")), ("flow_version", json!(1)), ("is_debug", json!(false)), ("user_id", json!("u1")),
            ("properties", first["properties"].clone()), ("ab_assignments", json!({ "node": "b" })), ("app_id", json!(shop.id)),
        ] {
            assert_eq!(shown[name], value, "{shown}");
        }
        for (query, expected) in [
            ("?environment=test", vec![3]),
            ("?user_id=u2", vec![2]),
            ("?event_type=conversion", vec![1]),
            ("?event_type=conversion&user_id=u2", vec![]),
            ("?placement_id=onboarding", vec![1, 2]),
            ("?placement_id=other", vec![]),
            (&format!("?flow_version_id={}", shop.version), vec![1, 2]),
            ("?flow_version_id=00000000-0000-7000-8000-000000000000", vec![]),
            ("?since=2027-01-14T09:30:00.5Z", vec![1, 2]),
            ("?since=2027-01-14T09:30:00.6Z", vec![2]),
            ("?until=2027-01-14T09:30:00.5Z", vec![]),
            ("?until=2027-01-15T00:00:00Z", vec![1]),
        ] {
            assert_eq!(shop.stored(query).await, expected, "{query}");
            let list = shop.get(&format!("events{query}")).await;
            assert_eq!(list["total"], expected.len(), "{query}");
            assert_eq!(list["data"].as_array().map(Vec::len), Some(expected.len()), "{query}");
        }
        let page = shop.get("events?limit=1&offset=1").await;
        assert_eq!((text(&page["data"][0], "event_id"), &page["total"], &page["has_more"]), (event_id(1), &json!(2), &json!(false)));
    }

    async fn an_export_goes_on_over_pages_of_equal_times(store: TestStore) {
        let shop = Shop::new(store).await;
        for batch in 0..25 {
            let answer = shop.send(&shop.events(batch * 100..(batch + 1) * 100)).await;
            assert_eq!(answer.json["accepted"], 100);
        }
        shop.roll().await;
        let mut stored = shop.stored("").await;
        stored.sort_unstable();
        assert_eq!(stored, (0..2_500).collect::<Vec<u64>>());
        assert_eq!(shop.stored("?user_id=u1").await.len(), 2_500);
        assert_eq!(shop.stored("?event_type=flow_start").await.len(), 0);
        let list = shop.get("events?limit=200&offset=2400").await;
        assert_eq!((list["data"].as_array().map(Vec::len), &list["total"]), (Some(100), &json!(2_500)));
    }

    async fn events_of_another_workspace_are_not_there(store: TestStore) {
        let shop = Shop::new(store).await;
        crate::members::other_workspace(&shop.app, "eve@floe.test").await;
        let eve = shop.app.session_by_link("eve@floe.test").await;
        for (method, path) in [("GET", "events"), ("GET", "events/export"), ("GET", "sdk-errors"), ("DELETE", "users/u1")] {
            shop.app.ask(method, &shop.path(path)).bearer(&eve).send().await.is(404, "not_found");
        }
        for (query, field) in [("?environment=prod", "environment"), ("?since=yesterday", "since"), ("?flow_version_id=x", "flow_version_id")] {
            let refused = shop.ask("GET", &format!("events{query}"), &Value::Null).await.is(400, "validation_failed");
            assert_eq!(refused.json["details"][0]["field"], field);
        }
    }

    async fn what_found_no_flow_is_stored_with_its_reason(store: TestStore) {
        let shop = Shop::new(store).await;
        let user = json!({ "user_id": "u1", "session_id": "S-1", "device_platform": "android" });
        let resolved = shop.device("placements/nowhere/resolve").json(&user).send().await;
        assert_eq!((resolved.status.as_u16(), &resolved.json["flow_id"]), (200, &Value::Null));
        shop.app.app.placements.serving.flush().await.expect("it is written");
        shop.roll().await;
        let list = shop.get("events?event_type=resolve_no_flow").await;
        let event = &list["data"][0];
        assert_eq!(list["total"], 1);
        assert_eq!(
            [&event["placement_id"], &event["device_platform"], &event["properties"]["reason"], &event["flow_id"]],
            [&json!("nowhere"), &json!("android"), &json!("placement_not_found"), &Value::Null],
        );
    }
}
