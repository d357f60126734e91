//! The first point of section 15 through the real router; the second is a property of the hash, over there in the model.

use std::collections::HashMap;

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::House;

/// Users of the test.
const USERS: usize = 60;

fn users() -> Vec<String> {
    (0..USERS).map(|number| format!("user-{number}")).collect()
}

async fn variants(house: &House, users: &[String]) -> HashMap<String, Value> {
    let mut found = HashMap::new();
    for user in users {
        found.insert(user.clone(), house.variant(user).await);
    }
    found
}

/// The same by batches of one key.
async fn batched(house: &House, users: &[String]) -> HashMap<String, Value> {
    let mut found = HashMap::new();
    for user in users {
        let body = json!({
            "placement_keys": ["onboarding"], "user_id": user, "session_id": "s", "device_platform": "ios",
        });
        let path = format!("{}/placements/resolve-batch", house.base);
        let answer = house.app.post(&path).bearer(&house.sdk_key).json(&body).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        found.insert(user.clone(), answer.json["results"][0]["variant_id"].clone());
    }
    found
}

on_both! {
    async fn point_01_a_user_keeps_the_variant(store: TestStore) {
        let house = House::new(store).await;
        let (path, ids) = house.running(house.halves()).await;
        let users = users();
        let first = variants(&house, &users).await;
        for id in &ids {
            assert!(first.values().any(|variant| variant == id), "everybody has the same variant: {first:?}");
        }
        assert_eq!(batched(&house, &users).await, first, "batch and single");

        // Pause: the default, and nobody is enrolled; then as before.
        house.done("POST", &format!("{path}/pause"), None).await;
        let paused = house.resolve("onboarding", &users[0]).await;
        assert_eq!((&paused["variant_id"], paused["flow_version_id"].as_str()), (&Value::Null, Some(&*house.versions[0])));
        house.done("POST", &format!("{path}/resume"), None).await;
        assert_eq!(variants(&house, &users).await, first, "after a pause");

        // Other weights: those who came before stay, those who come now follow them.
        house.settle().await;
        let weights = json!({ "weights": { &ids[0]: 0, &ids[1]: 100 } });
        let changed = house.done("PATCH", &path, Some(weights)).await;
        assert!(changed["weights_changed_at"].is_string(), "{changed}");
        assert_eq!(variants(&house, &users).await, first, "after a change of the weights");
        for number in 0..20 {
            assert_eq!(house.variant(&format!("late-{number}")).await, json!(ids[1]));
        }

        // A restart: nothing is in memory, everything is stored.
        house.settle().await;
        let house = house.restarted().await;
        assert_eq!(variants(&house, &users).await, first, "after a restart");
        assert_eq!(batched(&house, &users).await, first, "batch and single after a restart");
        let moved = first.iter().find(|(_, variant)| **variant == json!(ids[0])).expect("a user of the control");
        let stored = house.get(&format!("{path}/assignments/{}", moved.0)).await;
        assert_eq!((&stored["variant_id"], stored["source"].as_str()), (moved.1, Some("stored")));

        // One that is forgotten is assigned anew, by the weights of now.
        house.done("DELETE", &format!("{path}/assignments/{}", moved.0), None).await;
        assert_eq!(house.variant(moved.0).await, json!(ids[1]));
    }
}
