//! Simulations: each way through the resolution order, with its explanation; nothing is stored.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{House, country, refused, text, told};

fn steps(answer: &Value) -> Vec<(&str, bool)> {
    let steps = answer["explanation"]["steps"].as_array().into_iter().flatten();
    steps.map(|step| (step["step"].as_str().unwrap_or_default(), step["result"] == true)).collect()
}

on_both! {
    async fn a_simulation_answers_as_a_resolve_and_says_why(store: TestStore) {
        let house = House::new(store).await;
        house.onboarding().await;
        house.changed("/placements/onboarding", json!({ "audience_filter": country("NG"), "cache_ttl_seconds": 30 })).await;
        let seen = house.simulated(json!({ "attributes": { "country": "NG" } })).await;
        assert_eq!((&seen["flow_version_id"], &seen["flow_version"], &seen["schema_version"]), (&json!(house.versions[0]), &json!(1), &json!(1)));
        assert_eq!((&seen["cache_ttl_seconds"], &seen["experiment_id"], &seen["fonts"]), (&json!(30), &Value::Null, &json!([])));
        assert!(seen["flow_schema"]["nodes"].is_array() && seen["media_base_url"].as_str().is_some_and(|url| url.contains("/cdn/")));
        assert_eq!((&seen["explanation"]["outcome"], &seen["explanation"]["source"]), (&json!("flow"), &json!("default")));
        assert_eq!(steps(&seen), [("placement", true), ("status", true), ("platform", true), ("audience", true), ("default", true)]);

        let none = house.simulated(json!({ "attributes": { "country": "GH" } })).await;
        let detail = json!([{ "property": "country", "operator": "equals", "actual": "GH", "matched": false }]);
        assert_eq!((&none["flow_id"], &none["explanation"]["steps"][3]["detail"]), (&Value::Null, &detail));
        assert_eq!(none["explanation"]["reason"], "audience_mismatch");
        assert_eq!(house.simulated(json!({ "device_platform": "web" })).await["explanation"]["reason"], "platform_mismatch");

        let rules = json!([{ "filter": country("GH"), "flow_version_id": house.versions[1] }]);
        house.changed("/placements/onboarding", json!({ "rules": rules, "rollout_percentage": 0, "rollout_fallback_version_id": house.versions[2] })).await;
        let ruled = house.simulated(json!({ "attributes": { "country": "GH" } })).await;
        assert_eq!((&ruled["flow_version_id"], &ruled["explanation"]["source"]), (&json!(house.versions[1]), &json!("rule")));
        let fallback = house.simulated(json!({ "attributes": { "country": "NG" } })).await;
        assert_eq!((&fallback["flow_version_id"], &fallback["explanation"]["source"]), (&json!(house.versions[2]), &json!("rollout_fallback")));
        let history = house.get("/placements/onboarding/history").await;
        assert_eq!(history["served"], json!([]), "a simulation counts for nothing");
    }

    async fn a_simulation_takes_part_in_a_running_experiment(store: TestStore) {
        let house = House::new(store).await;
        house.onboarding().await;
        let experiment = house.made("/experiments", json!({
            "name": "Onboarding length", "placement_id": "onboarding",
            "variants": [
                { "name": "Control", "flow_version_id": house.versions[0], "weight": 0, "is_control": true },
                { "name": "Short", "flow_version_id": house.versions[1], "weight": 100 },
            ],
        })).await;
        assert_eq!(house.simulated(json!({})).await["experiment_id"], Value::Null, "a draft does not run");
        let id = text(&experiment["id"]);
        assert_eq!(house.post(&format!("/experiments/{id}/start"), json!({})).await.status, 200);
        let seen = house.simulated(json!({})).await;
        assert_eq!((&seen["variant_name"], &seen["experiment_id"], &seen["flow_version_id"]), (&json!("Short"), &experiment["id"], &json!(house.versions[1])));
        let bucket = floe_model::placements::bucket::v1("user-1", &id);
        assert_eq!((&seen["explanation"]["assignment"], &seen["explanation"]["bucket"]), (&json!("hash"), &json!(bucket)));
        let forced = json!({ "variant_id": experiment["variants"][0]["id"] });
        let put = house.call("PUT", &format!("/experiments/{id}/overrides/user-1"), Some(&forced), "").await;
        assert!(put.status.is_success(), "{put:?}");
        let seen = house.simulated(json!({})).await;
        assert_eq!((&seen["variant_name"], &seen["explanation"]["assignment"]), (&json!("Control"), &json!("forced")));
        house.delete("/placements/onboarding").await.is(409, "conflict");
    }

    async fn what_is_wrong_with_a_simulation_is_named(store: TestStore) {
        let house = House::new(store).await;
        house.onboarding().await;
        let good = json!({ "user_id": "u", "session_id": "s", "device_platform": "ios" });
        for (name, value, issue) in [
            ("user_id", json!(" "), "required"),
            ("device_platform", json!("tv"), "value"),
            ("attributes", json!("x"), "type"),
            ("app_id", json!(floe_model::id::AppId(4)), "mismatch"),
            ("at", json!("tomorrow"), "format"),
        ] {
            let mut body = good.clone();
            body[name] = value;
            assert_eq!(told(&house.post("/placements/onboarding/simulate", body).await), refused(name, issue));
        }
        house.post("/placements/unknown/simulate", good).await.is(404, "not_found");
    }
}
