//! Who keeps which variant, and what a resolve leaves behind (placements contract, sections 5.5, 7.2, 9.2 and 12).

use std::collections::HashMap;

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{House, screen, text, user};

const USERS: usize = 300;

/// The variant of each user.
async fn variants(house: &House, key: &str) -> HashMap<usize, Value> {
    let mut variants = HashMap::new();
    for number in 0..USERS {
        let resolved = house.resolve_at("placements/tested/resolve", key, &user(&format!("u{number}"))).await;
        variants.insert(number, resolved["variant_id"].clone());
    }
    variants
}

on_both! {
    async fn users_keep_their_variants_when_weights_change(store: TestStore) {
        let house = House::new(store).await;
        let (_, one) = house.publish("One", &screen("One")).await;
        let (_, two) = house.publish("Two", &screen("Two")).await;
        house.place("tested", &one, json!({})).await;
        let id = house.experiment("tested", &[(&one, 50), (&two, 50)]).await;
        let before = variants(&house, &house.live).await;
        let shown = house.manage("GET", &format!("experiments/{id}"), Value::Null).await;
        let ids: Vec<&str> = shown["variants"].as_array().expect("variants").iter().map(|one| one["id"].as_str().expect("an id")).collect();
        let share = before.values().filter(|variant| **variant == json!(ids[0])).count();
        assert!((USERS / 3..USERS * 2 / 3).contains(&share), "{share} of {USERS}");

        // Nothing was written yet but what is written behind; everybody else goes to the second from now on.
        let weights = json!({ "weights": { (ids[0]): 0, (ids[1]): 100 } });
        house.manage("PATCH", &format!("experiments/{id}"), weights).await;
        assert_eq!(variants(&house, &house.live).await, before);
        let new = house.resolve("tested", &user("new")).await;
        assert_eq!(new["variant_id"], json!(ids[1]));
        let other_mode = variants(&house, &house.test).await;
        assert!(other_mode.values().all(|variant| *variant == json!(ids[1])), "test mode has assignments of its own");

        // Another change of configuration, and a node that reads everything anew.
        house.place("other", &one, json!({})).await;
        assert_eq!(variants(&house, &house.live).await, before);
        house.manage("POST", &format!("experiments/{id}/pause"), Value::Null).await;
        let paused = house.resolve("tested", &user("u0")).await;
        assert_eq!((&paused["variant_id"], &paused["flow_version_id"]), (&Value::Null, &json!(one)));
        house.manage("POST", &format!("experiments/{id}/resume"), Value::Null).await;
        assert_eq!(variants(&house, &house.live).await, before);
    }

    async fn resolves_leave_behind_what_they_must(store: TestStore) {
        let house = House::new(store).await;
        let (_, one) = house.publish("One", &screen("One")).await;
        let (_, two) = house.publish("Two", &screen("Two")).await;
        house.place("tested", &one, json!({})).await;
        let id = house.experiment("tested", &[(&one, 50), (&two, 50)]).await;
        let serving = &house.app.app.placements.serving;
        for _ in 0..3 {
            house.resolve("tested", &user("ada")).await;
        }
        let explained = house.resolve_at("placements/tested/resolve?explain=true", &house.test, &user("eve")).await;
        assert_eq!(explained["explanation"]["outcome"], "flow", "{explained}");
        assert_eq!(explained["explanation"]["assignment"], "hash");
        let ignored = house.resolve_at("placements/tested/resolve?explain=true", &house.live, &user("ada")).await;
        assert_eq!(ignored["explanation"], Value::Null, "live keys explain nothing");
        house.resolve_at("placements/tested/resolve?export=true", &house.live, &user("bob")).await;
        serving.flush().await.expect("written");

        let assigned = async |user: &str, environment: &str| {
            let path = house.path(&format!("experiments/{id}/assignments/{user}?environment={environment}"));
            let answer = house.app.get(&path).bearer(&house.session).send().await;
            answer.status == 200 && !answer.json["assigned_at"].is_null()
        };
        assert!(assigned("ada", "live").await);
        for (user, environment) in [("ada", "test"), ("eve", "test"), ("bob", "live")] {
            assert!(!assigned(user, environment).await, "{user} {environment}");
        }
        let history = house.manage("GET", "placements/tested/history", Value::Null).await;
        let served = history["served"].as_array().expect("what was served").clone();
        let count: i64 = served.iter().filter_map(|one| one["count"].as_i64().or(one["served"].as_i64())).sum();
        assert_eq!(count, 4, "{history}");

        // A user who is forgotten is written again.
        let path = house.path(&format!("experiments/{id}/assignments/ada"));
        assert_eq!(house.app.delete(&path).bearer(&house.session).send().await.status, 204);
        assert!(!assigned("ada", "live").await);
        house.resolve("tested", &user("ada")).await;
        serving.flush().await.expect("written");
        assert!(assigned("ada", "live").await);
    }

    async fn a_forced_user_is_shown_what_was_said(store: TestStore) {
        let house = House::new(store).await;
        let (_, one) = house.publish("One", &screen("One")).await;
        let (_, two) = house.publish("Two", &screen("Two")).await;
        house.place("tested", &one, json!({})).await;
        let id = house.experiment("tested", &[(&one, 100), (&two, 0)]).await;
        let variants = house.manage("GET", &format!("experiments/{id}"), Value::Null).await["variants"].clone();
        let second = text(&variants[1], "id");
        assert_ne!(house.resolve("tested", &user("ada")).await["variant_id"], json!(second));
        house.manage("PUT", &format!("experiments/{id}/overrides/ada"), json!({ "variant_id": second })).await;
        let forced = house.resolve("tested", &user("ada")).await;
        assert_eq!((&forced["variant_id"], &forced["flow_version_id"]), (&json!(second), &json!(two)));
        assert_eq!(forced["variant_name"], "Variant \"1\"");
    }
}
