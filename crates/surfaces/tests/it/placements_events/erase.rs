//! Erasing a user, removing old events, and what becomes of an app that is deleted.

use std::sync::Arc;

use floe_model::Timestamp;
use floe_runtime::jobs::JobHandler;
use floe_store::placements::event_journal;
use floe_store::platform::jobs;
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use super::Shop;

/// Does the durable work that is due by then, until none is left.
async fn work(shop: &Shop) {
    let handlers: Vec<Arc<dyn JobHandler>> = floe_placements::handlers(&shop.app.app.placements);
    let platform = &shop.app.app.platform;
    loop {
        shop.app.pass_seconds(2);
        let (kinds, now): (Vec<_>, _) = (handlers.iter().map(|handler| handler.kind()).collect(), shop.now_at());
        let claiming = platform.store.write(move |tx| jobs::claim_due(tx, &kinds, now, 60_000, 10, None));
        let claimed = claiming.await.expect("jobs are claimed");
        if claimed.is_empty() {
            return;
        }
        for job in claimed {
            let handler = handlers.iter().find(|handler| handler.kind() == job.kind).expect("a handler");
            handler.run(platform, &job).await.expect("the job is done");
            platform.store.write(move |tx| jobs::finish(tx, job.lease())).await.expect("it is removed");
        }
        // A job that waits for the journal comes again.
        shop.roll().await;
    }
}

on_both! {
    async fn a_user_is_erased_in_both_modes_with_what_lies_in_the_journal(store: TestStore) {
        let shop = Shop::new(store).await;
        let of = |number: u64, user: &str| {
            let mut event = shop.event(number, "flow_start");
            event["user_id"] = json!(user);
            event
        };
        assert_eq!(shop.send(&json!([of(1, "u1"), of(2, "u 2"), of(3, "u 2")])).await.json["accepted"], 3);
        shop.roll().await;
        let in_test = shop.app.post(&shop.path("events")).bearer(&shop.test).json(&of(4, "u 2")).send().await;
        assert_eq!(in_test.status, 202);
        assert_eq!(shop.send(&of(5, "u 2")).await.json["accepted"], 1, "it lies in the journal");
        let report = json!({ "platform": "ios", "sdk_version": "1", "message": "m", "user_id": "u 2" });
        assert_eq!(shop.device("sdk-errors").json(&report).send().await.status, 202);

        let asked = shop.ask("DELETE", "users/u%202", &Value::Null).await;
        assert_eq!((asked.status.as_u16(), asked.bytes.len()), (202, 0), "{asked:?}");
        shop.app.pass_seconds(1);
        assert_eq!(shop.send(&of(6, "u 2")).await.json["accepted"], 1, "what comes later stays");
        work(&shop).await;
        shop.roll().await;
        assert_eq!(shop.stored("").await, [1, 6]);
        assert_eq!(shop.stored("?environment=test").await, [] as [u64; 0]);
        assert_eq!(shop.get("sdk-errors").await["data"][0]["last_report"], json!({}));
        let audit = shop.get("/console/v1/audit?limit=100").await.to_string();
        assert!(audit.contains("erased_user") && !audit.contains("u 2"), "{audit}");
    }

    async fn events_of_a_deleted_app_go_with_it(store: TestStore) {
        let shop = Shop::new(store).await;
        assert_eq!(shop.send(&shop.events(0..30)).await.json["accepted"], 30);
        shop.roll().await;
        shop.ask("DELETE", &format!("/v1/apps/{}?confirm=Lagos%20Fit", shop.id), &Value::Null).await;
        work(&shop).await;
        let left = shop.app.app.platform.store.read(|tx| {
            Ok((event_journal::newest(tx)?, floe_store::placements::events::oldest_before(tx, Timestamp(i64::MAX), 1)?))
        });
        assert_eq!(left.await.expect("a read"), (None, None));
    }
}

#[tokio::test]
async fn old_events_are_removed_and_young_ones_stay() {
    let shop = Shop::new(TestStore::quick().await).await;
    assert_eq!(shop.send(&shop.events(0..10)).await.json["accepted"], 10);
    shop.roll().await;
    shop.app.pass_seconds(86_400 * 20);
    let mut young = shop.event(20, "flow_start");
    young["timestamp"] = json!(shop.now());
    assert_eq!(shop.send(&young).await.json["accepted"], 1);
    shop.roll().await;
    shop.app.pass_seconds(86_400 * 15);
    let platform = Arc::clone(&shop.app.app.platform);
    let kept_for_ever = floe_placements::events::Events::new(Arc::clone(&platform), 0);
    assert_eq!(kept_for_ever.sweep().await.expect("a sweep"), 0);
    let month = floe_placements::events::Events::new(platform, 30);
    assert_eq!(month.sweep().await.expect("a sweep"), 10);
    assert_eq!(month.sweep().await.expect("a sweep"), 0);
    let session = shop.app.session_of(crate::app::OWNER, crate::app::PASSWORD).await;
    let left = shop.app.get(&shop.path("events")).bearer(&session).send().await;
    assert_eq!(
        (left.json["total"].as_u64(), &left.json["data"][0]["event_id"]),
        (Some(1), &json!(super::event_id(20)))
    );
}
