//! Taking events in.

use std::sync::Arc;

use floe_model::id::WorkspaceId;
use floe_store::operation::retention;
use floe_store::placements::legacy_calls;
use floe_surfaces::http::RateLimits;
use floe_testkit::on_both;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Shop, event_id, text};

on_both! {
    async fn one_event_a_list_or_a_wrapper_is_taken_and_anything_else_is_not(store: TestStore) {
        let shop = Shop::new(store).await;
        for (body, accepted) in [
            (shop.event(1, "flow_start"), 1),
            (json!([shop.event(2, "flow_start"), shop.event(3, "flow_exit")]), 2),
            (json!({ "events": [shop.event(4, "flow_start")] }), 1),
        ] {
            let answer = shop.send(&body).await;
            assert_eq!((answer.status.as_u16(), answer.json), (202, json!({ "accepted": accepted, "rejected": 0 })));
        }
        for (body, code) in [
            (json!([]), "validation_failed"),
            (json!({ "events": [] }), "validation_failed"),
            (json!({ "events": 5 }), "validation_failed"),
            (json!("text"), "validation_failed"),
            (Value::Null, "validation_failed"),
        ] {
            shop.send(&body).await.is(400, code);
        }
        let broken = shop.device("events").header("content-type", "application/json").body(b"[{".to_vec()).send().await;
        broken.is(400, "invalid_json");
        let all_bad = shop.send(&json!([5, "x", null, {}])).await;
        assert_eq!((&all_bad.json["accepted"], &all_bad.json["rejected"]), (&json!(0), &json!(4)));
        assert_eq!(all_bad.json["errors"].as_array().map(Vec::len), Some(4));
        shop.roll().await;
        assert_eq!(shop.stored("").await, [1, 2, 3, 4]);
    }

    async fn what_an_event_names_has_to_be_there(store: TestStore) {
        let shop = Shop::new(store).await;
        let (other_flow, _) = shop.publish().await;
        let changed = |number: u64, member: &str, value: &str| {
            let mut event = shop.event(number, "flow_start");
            event[member] = json!(value);
            event
        };
        let unknown = "00000000-0000-7000-8000-000000000000";
        let answer = shop.send(&json!([
            changed(0, "flow_version_id", unknown),
            changed(1, "flow_version_id", "bundled"),
            changed(2, "flow_id", &other_flow),
            changed(3, "event_type", "resolve_no_flow"),
            changed(4, "event_type", "bought"),
            changed(5, "flow_id", &shop.flow.to_uppercase()),
        ])).await;
        let codes: Vec<_> = answer.json["errors"].as_array().expect("errors").iter()
            .map(|error| (error["index"].as_u64().expect("an index"), text(error, "code"), text(error, "event_id"))).collect();
        let expected = ["unknown_flow_version", "unknown_flow_version", "flow_mismatch", "server_only_event", "unknown_event_type"];
        let expected: Vec<_> = (0..).zip(expected).map(|(index, code)| (index, code.to_owned(), event_id(index))).collect();
        assert_eq!(codes, expected);
        // A version that is published later is known from then on.
        let (flow, version) = shop.publish().await;
        let mut late = shop.event(6, "flow_start");
        late["flow_id"] = json!(flow);
        late["flow_version_id"] = json!(version);
        assert_eq!(shop.send(&late).await.json["accepted"], 1);

        shop.manage("PATCH", &format!("/v1/apps/{}", shop.id), json!({ "settings": { "custom_events": "accept" } })).await;
        assert_eq!(shop.send(&changed(7, "event_type", "bought")).await.json["accepted"], 1);
        assert_eq!(shop.send(&changed(8, "event_type", "no spaces")).await.json["rejected"], 1);
        shop.roll().await;
        assert_eq!(shop.stored("").await, [5, 6, 7]);
    }

    async fn the_replaced_route_takes_events_of_every_app_of_the_workspace(store: TestStore) {
        let shop = Shop::new(store).await;
        let answer = shop.device("/v1/events").json(&json!({ "events": [1] })).send().await;
        assert_eq!((answer.status.as_u16(), &answer.json["rejected"]), (202, &json!(1)), "{answer:?}");
        assert_eq!(answer.header("link"), format!("</v1/apps/{}/events>; rel=\"successor-version\"", shop.id));
        let other = shop.new_app("Other").await;
        let mut foreign = shop.event(1, "flow_start");
        foreign["app_id"] = json!("00000000-0000-7000-8000-000000000000");
        let mut elsewhere = shop.event(2, "flow_start");
        elsewhere["app_id"] = json!(other);
        let answer = shop.device("/v1/events").json(&json!([shop.event(0, "flow_start"), foreign, elsewhere])).send().await;
        assert_eq!((answer.status.as_u16(), &answer.json["accepted"]), (202, &json!(1)), "{answer:?}");
        let codes: Vec<_> = answer.json["errors"].as_array().expect("errors").iter().map(|error| text(error, "code")).collect();
        // The flow of the third one is not of the app that it names.
        assert_eq!(codes, ["app_id_mismatch", "unknown_flow_version"]);
        assert_eq!(answer.header("deprecation"), "true");
        assert_eq!(answer.header("link"), "</v1/apps/{appId}/events>; rel=\"successor-version\"");
        shop.app.app.placements.events.flush_legacy().await.expect("it is written");
        let used = shop.app.app.platform.store.read(|tx| {
            let workspace = retention::next_workspace(tx, WorkspaceId(0))?.unwrap_or(WorkspaceId(0));
            legacy_calls::of_workspace(tx, workspace)
        });
        let used = used.await.expect("a read");
        assert_eq!(used.iter().map(|one| (one.route.as_str(), one.calls)).collect::<Vec<_>>(), [("/v1/events", 2)]);
        shop.roll().await;
        assert_eq!(shop.stored("").await, [0]);
    }

    async fn many_at_once_are_all_stored_once(store: TestStore) {
        let shop = Arc::new(Shop::new(store).await);
        let mut sending = JoinSet::new();
        for batch in 0..40 {
            let shop = Arc::clone(&shop);
            // Neighbours share half of their events.
            sending.spawn(async move { shop.send(&shop.events(batch * 10..batch * 10 + 20)).await });
        }
        while let Some(answer) = sending.join_next().await {
            let answer = answer.expect("it was sent");
            assert_eq!((answer.status.as_u16(), &answer.json["accepted"]), (202, &json!(20)), "{answer:?}");
        }
        shop.roll().await;
        let mut stored = shop.stored("").await;
        stored.sort_unstable();
        assert_eq!(stored, (0..410).collect::<Vec<u64>>());
    }
}

/// A bucket costs one for each event; over it the answer is 429 with a time, for which no client throws events away.
#[tokio::test]
async fn events_over_the_rate_are_told_to_come_again() {
    let store = floe_testkit::store::TestStore::quick().await;
    let limits = RateLimits::PerMinute(vec![("sdk-events".to_owned(), 60 * 60)]);
    let shop = Shop::with(store, limits).await;
    // Two seconds of sixty: one hundred and twenty events.
    assert_eq!(shop.send(&shop.events(0..100)).await.status, 202);
    let refused = shop.send(&shop.events(100..130)).await;
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1), "{refused:?}");
    refused.is(429, "rate_limited");
    shop.app.pass_seconds(2);
    assert_eq!(shop.send(&shop.events(100..130)).await.status, 202);
    shop.roll().await;
    assert_eq!(shop.stored("").await.len(), 130);
}
