//! Saved audiences: where they are used, what a change may break, and who is in one.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{House, country, refused, text, told};

fn named(id: &Value) -> Value {
    json!({ "conditions": [{ "audience_id": id }] })
}

fn wide(count: usize) -> Value {
    json!({ "conditions": vec![json!({ "property": "p", "operator": "exists" }); count] })
}

on_both! {
    async fn an_audience_in_use_is_told_and_cannot_go(store: TestStore) {
        let house = House::new(store).await;
        let nigeria = house.made("/audiences", json!({ "name": "Nigeria", "filter": country("NG") })).await;
        let id = &nigeria["id"];
        let path = format!("/audiences/{}", text(id));
        let none = house.get(&path).await;
        assert_eq!((&none["used_by"], &none["filter"], &none["etag"]), (&json!([]), &country("NG"), &json!("\"1\"")));
        house.onboarding().await;
        house.changed("/placements/onboarding", json!({
            "audience_id": id, "rules": [{ "name": "All", "filter": named(id), "flow_version_id": house.versions[0] }],
        })).await;
        let other = house.made("/audiences", json!({ "name": "Nested", "filter": named(id) })).await;
        let used = house.get(&path).await["used_by"].clone();
        let placement = house.get("/placements/onboarding").await["id"].clone();
        assert_eq!(used, json!([
            { "type": "placement", "id": placement, "key": "onboarding", "name": null },
            { "type": "rule", "id": placement, "key": "onboarding", "name": "All" },
            { "type": "audience", "id": other["id"], "key": null, "name": "Nested" },
        ]));
        let kept = house.delete(&path).await.is(409, "conflict");
        assert!(kept.json["error"].as_str().is_some_and(|text| text.contains("placement onboarding")), "{kept:?}");
        house.changed("/placements/onboarding", json!({ "audience_filter": named(id), "rules": [] })).await;
        assert_eq!(house.get("/placements/onboarding").await["audience_id"], Value::Null, "a filter takes its place");
        assert_eq!(house.get(&path).await["used_by"][0]["type"], "placement");
        house.changed("/placements/onboarding", json!({ "audience_filter": null })).await;
        house.call("DELETE", &path, None, "\"9\"").await.is(412, "precondition_failed");
        assert_eq!(house.delete(&format!("/audiences/{}", text(&other["id"]))).await.status, 204);
        assert_eq!(house.delete(&path).await.status, 204);
        assert_eq!(house.get("/audiences").await["total"], 0);
    }

    async fn a_change_that_would_break_a_user_is_refused(store: TestStore) {
        let house = House::new(store).await;
        let mut chain = vec![house.made("/audiences", json!({ "name": "A", "filter": wide(50) })).await["id"].clone()];
        for name in ["B", "C", "D"] {
            let body = json!({ "name": name, "filter": named(&chain[chain.len() - 1]) });
            chain.push(house.made("/audiences", body).await["id"].clone());
        }
        let path = format!("/audiences/{}", text(&chain[0]));
        let cycle = house.patch(&path, json!({ "filter": named(&chain[2]) })).await;
        assert_eq!(told(&cycle), refused("filter", "cycle"));
        house.onboarding().await;
        let twice = json!({ "conditions": [{ "audience_id": chain[0] }, { "audience_id": chain[0] }] });
        house.changed("/placements/onboarding", json!({ "audience_filter": twice })).await;
        let many = house.patch(&path, json!({ "filter": wide(51) })).await;
        assert_eq!(told(&many), refused("filter", "range"));
        assert!(many.json["error"].as_str().is_some_and(|text| text.contains("placement onboarding")), "{many:?}");
        let deeper = (0..2).fold(wide(1), |inner, _| json!({ "conditions": [inner] }));
        assert_eq!(told(&house.patch(&path, json!({ "filter": deeper })).await), refused("filter", "range"), "D would be 6 deep");
        let unknown = house.post("/audiences", json!({ "name": "X", "filter": named(&json!(floe_model::id::AudienceId(5))) })).await;
        assert_eq!(told(&unknown), refused("filter", "unknown"));
        let changed = house.changed(&path, json!({ "name": "All", "filter": wide(2) })).await;
        assert_eq!((&changed["name"], &changed["etag"]), (&json!("All"), &json!("\"2\"")));
        for (body, field) in [(json!({ "filter": {} }), "name"), (json!({ "name": "X" }), "filter"), (json!({ "name": "X", "filter": null }), "filter")] {
            assert_eq!(told(&house.post("/audiences", body).await), refused(field, "required"));
        }
    }

    async fn an_evaluation_names_each_condition(store: TestStore) {
        let house = House::new(store).await;
        let filter = json!({ "match": "all", "conditions": [
            { "property": "country", "operator": "in", "value": ["NG"] },
            { "property": "device.platform", "operator": "equals", "value": "ios" },
        ]});
        let made = house.made("/audiences", json!({ "name": "Nigeria", "filter": filter })).await;
        let path = format!("/audiences/{}/evaluate", text(&made["id"]));
        let answer = house.post(&path, json!({ "attributes": { "country": "NG" } })).await;
        assert_eq!(answer.json, json!({ "match": true, "detail": [
            { "property": "country", "operator": "in", "actual": "NG", "matched": true },
            { "property": "device.platform", "operator": "equals", "actual": "ios", "matched": true },
        ]}));
        let other = house.post(&path, json!({ "attributes": { "country": "NG" }, "device_platform": "web" })).await;
        assert_eq!(other.json["match"], false);
        assert_eq!(house.post(&path, json!({})).await.json["detail"][0]["actual"], Value::Null);
        assert_eq!(told(&house.post(&path, json!({ "attributes": [] })).await), refused("attributes", "type"));
    }
}
