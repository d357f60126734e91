//! Forced variants, test users and allocation: who is given what, and who counts.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::House;

on_both! {
    async fn a_forced_variant_comes_before_all_and_does_not_count(store: TestStore) {
        let house = House::new(store).await;
        let (path, ids) = house.running(house.halves()).await;
        let by_hash = house.variant("u1").await;
        house.settle().await;
        let assigned = house.get(&format!("{path}/assignments/u1")).await;
        assert_eq!((&assigned["variant_id"], &assigned["source"]), (&by_hash, &json!("hash")));
        assert_eq!(house.get(&format!("{path}/results")).await["variants"][0]["users_enrolled"].as_i64().unwrap_or(0)
            + house.get(&format!("{path}/results")).await["variants"][1]["users_enrolled"].as_i64().unwrap_or(0), 1);

        let other = ids.iter().find(|id| by_hash != json!(id)).expect("another variant");
        let place = format!("{path}/overrides/u1");
        house.call("GET", &place, None).await.is(404, "not_found");
        house.call("PUT", &place, Some(&json!({ "variant_id": house.versions[0] }))).await.is(400, "validation_failed");
        house.call("PUT", &place, Some(&json!({ "variant_id": "x" }))).await.is(400, "validation_failed");
        house.done("PUT", &place, Some(json!({ "variant_id": other }))).await;
        assert_eq!(house.get(&place).await["variant_id"], json!(other));
        assert_eq!(house.variant("u1").await, json!(other));
        assert_eq!(house.get(&format!("{path}/assignments/u1")).await["source"], "forced");
        let results = house.get(&format!("{path}/results")).await;
        assert_eq!(results["data_state"], "no_data", "{results}");

        // Without it the user is one like any other again, and counts.
        house.done("DELETE", &place, None).await;
        house.call("DELETE", &place, None).await.is(404, "not_found");
        house.call("GET", &format!("{path}/assignments/u1"), None).await.is(404, "not_found");
        assert_eq!(house.variant("u1").await, by_hash);
        house.settle().await;
        let results = house.get(&format!("{path}/results")).await;
        assert_eq!(results["data_state"], "low_data", "{results}");
    }

    async fn test_users_and_those_outside_the_allocation_do_not_count(store: TestStore) {
        let house = House::new(store).await;
        house.done("PATCH", &house.base, Some(json!({ "settings": { "test_users": ["tester"] } }))).await;
        let mut body = house.halves();
        body["allocation_percentage"] = json!(30);
        let (path, _) = house.running(body).await;
        let mut enrolled = 0;
        for number in 0..100 {
            let answer = house.resolve("onboarding", &format!("user-{number}")).await;
            match &answer["variant_id"] {
                Value::Null => assert_eq!(answer["flow_version_id"].as_str(), Some(&*house.versions[0]), "the default"),
                _ => enrolled += 1,
            }
        }
        assert!((15..=45).contains(&enrolled), "{enrolled} of 100 at 30 %");
        house.resolve("onboarding", "tester").await;
        house.settle().await;
        let results = house.get(&format!("{path}/results")).await;
        let counted: i64 = results["variants"].as_array().expect("variants").iter().filter_map(|one| one["users_enrolled"].as_i64()).sum();
        assert_eq!(counted, enrolled, "the tester does not count");
        // The other environment knows nothing of them.
        let test = house.get(&format!("{path}/results?environment=test")).await;
        assert_eq!(test["data_state"], "no_data");
    }
}
