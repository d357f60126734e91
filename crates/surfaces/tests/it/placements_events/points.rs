//! Points 6 to 9 of section 15, as far as they are about events.

use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use super::Shop;

on_both! {
    async fn point_06_an_event_of_another_app_is_rejected(store: TestStore) {
        let shop = Shop::new(store).await;
        let other = shop.new_app("Other").await;
        let mut foreign = shop.event(1, "flow_start");
        foreign["app_id"] = json!(other);
        let answer = shop.send(&json!([foreign, shop.event(2, "flow_start")])).await;
        assert_eq!(answer.status, 202);
        assert_eq!((&answer.json["accepted"], &answer.json["rejected"]), (&json!(1), &json!(1)));
        let error = &answer.json["errors"][0];
        assert_eq!([&error["index"], &error["code"], &error["field"]], [&json!(0), &json!("app_id_mismatch"), &json!("app_id")]);
        shop.roll().await;
        assert_eq!(shop.stored("").await, [2]);
    }

    async fn point_07_a_batch_has_limits_and_a_bad_event_spoils_only_itself(store: TestStore) {
        let shop = Shop::new(store).await;
        let hundred = shop.send(&shop.events(0..100)).await;
        assert_eq!((hundred.status.as_u16(), hundred.json), (202, json!({ "accepted": 100, "rejected": 0 })));
        shop.send(&shop.events(0..101)).await.is(400, "too_many_events");

        let mut mixed = shop.events(200..300);
        mixed[42]["timestamp"] = json!("yesterday");
        let answer = shop.send(&mixed).await;
        assert_eq!((answer.status.as_u16(), &answer.json["accepted"], &answer.json["rejected"]), (202, &json!(99), &json!(1)));
        assert_eq!((&answer.json["errors"][0]["index"], &answer.json["errors"][0]["code"]), (&json!(42), &json!("invalid_timestamp")));

        // A body of exactly 262,144 bytes is taken, one more is not.
        let mut event = shop.event(300, "flow_start");
        event["unknown"] = json!("");
        let room = 262_144 - event.to_string().len();
        event["unknown"] = json!("x".repeat(room));
        let largest = event.to_string().into_bytes();
        assert_eq!(largest.len(), 262_144);
        let sent = |body: Vec<u8>| shop.device("events").header("content-type", "application/json").body(body).send();
        assert_eq!(sent(largest).await.status, 202);
        event["unknown"] = json!("x".repeat(room + 1));
        sent(event.to_string().into_bytes()).await.is(413, "payload_too_large");

        shop.roll().await;
        assert_eq!(shop.stored("").await.len(), 200);
    }

    async fn point_08_the_same_batch_twice_doubles_nothing(store: TestStore) {
        let shop = Shop::new(store).await;
        let mut batch = shop.events(0..20);
        batch[3]["event_type"] = json!("conversion");
        batch[3]["revenue"] = json!(9.5);
        batch[3]["currency"] = json!("EUR");
        // Twice before it is entered, once after, and once within a request; ids in any case.
        for _ in 0..2 {
            assert_eq!(shop.send(&batch).await.json, json!({ "accepted": 20, "rejected": 0 }));
        }
        shop.roll().await;
        let mut again: Vec<Value> = batch.as_array().expect("a list").clone();
        again.extend(again.clone());
        for event in &mut again {
            event["event_id"] = json!(event["event_id"].as_str().expect("an id").to_uppercase());
        }
        assert_eq!(shop.send(&Value::Array(again)).await.json, json!({ "accepted": 40, "rejected": 0 }));
        shop.roll().await;
        assert_eq!(shop.stored("").await.len(), 20);
        let revenue = shop.get("analytics/revenue").await;
        assert!(revenue.to_string().contains("9.5"), "{revenue}");
        assert!(!revenue.to_string().contains("19"), "{revenue}");
    }
}

/// Killed means: nothing is told to end. What was answered is in the file, and is entered by the next server.
#[tokio::test]
async fn point_09_events_that_were_answered_are_there_after_a_kill() {
    let shop = Shop::new(TestStore::sqlite().await).await;
    assert_eq!(shop.send(&shop.events(0..10)).await.status, 202);
    // Nothing was entered, and this process holds nothing that is needed.
    let file = shop.app.store.file().expect("a file").to_owned();
    let copy = std::env::temp_dir().join(format!("floe-kill-{}.db", std::process::id()));
    for end in ["", "-wal"] {
        let from = format!("{}{end}", file.display());
        if std::path::Path::new(&from).exists() {
            std::fs::copy(from, format!("{}{end}", copy.display())).expect("the file is copied");
        }
    }
    let config = floe_store::StoreConfig::at(floe_store::Location::Sqlite(copy.clone()));
    let store = floe_store::Store::open(config).await.expect("the copy opens, as after a kill");
    let entered = store
        .write(|tx| {
            let waiting = floe_store::placements::event_journal::waiting(tx, 1_000)?;
            let groups = floe_store::placements::event_journal::take(tx, waiting.until.unwrap_or(0))?;
            Ok(groups.into_iter().flatten().map(|group| group.events).sum::<u32>())
        })
        .await
        .expect("the journal is read");
    assert_eq!(entered, 10);
    store.close().await;
    for end in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(format!("{}{end}", copy.display()));
    }
}
