//! Points 3, 4, 10, 11 and 12 of section 15.

use floe_testkit::on_both;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{House, refused, screen, text, user};
use crate::members::other_workspace;

on_both! {
    async fn point_03_a_batch_is_the_list_of_single_resolves(store: TestStore) {
        let house = House::new(store).await;
        let (_, one) = house.publish("One", &screen("One")).await;
        let (_, two) = house.publish("Two", &screen("Two")).await;
        house.place("plain", &one, json!({})).await;
        house.place("tested", &one, json!({ "cache_ttl_seconds": 7 })).await;
        house.place("paused", &one, json!({})).await;
        house.manage("PATCH", "placements/paused", json!({ "status": "paused" })).await;
        let filter = json!({ "conditions": [{ "property": "plan", "operator": "equals", "value": "premium" }] });
        house.place("filtered", &two, json!({ "audience_filter": filter })).await;
        house.experiment("tested", &[(&one, 50), (&two, 50)]).await;

        let keys = ["tested", "plain", "nobody_knows_it", "filtered", "paused"];
        for number in 0..20 {
            let mut body = user(&format!("u{number}"));
            body["attributes"] = json!({ "plan": if number % 2 == 0 { "premium" } else { "free" } });
            let mut singles = Vec::new();
            for key in keys {
                let mut single = house.resolve(key, &body).await;
                single["placement_key"] = json!(key);
                singles.push(single);
            }
            // Repeated keys are asked for once.
            body["placement_keys"] = keys.iter().chain(&keys).copied().collect();
            let batch = house.resolve_at("placements/resolve-batch", &house.live, &body).await;
            assert_eq!(batch["results"], json!(singles), "u{number}");
        }

        let batch = async |keys: Vec<String>| {
            let mut body = user("u");
            body["placement_keys"] = json!(keys);
            house.device("placements/resolve-batch", &house.live).json(&body).send().await
        };
        let named = |count: usize| (0..count).map(|number| format!("p{number}"));
        assert_eq!(refused(&batch(named(51).collect()).await), (400, "too_many_placements".to_owned()));
        let sixty = batch(named(50).chain(named(10)).collect()).await;
        assert_eq!(sixty.json["results"].as_array().map(Vec::len), Some(50), "{sixty:?}");
        let mixed = batch(vec!["Not-A-Key".to_owned(), "plain".to_owned()]).await;
        assert_eq!(
            mixed.json["results"][0],
            json!({ "placement_key": "Not-A-Key", "flow_id": null, "error": "invalid placement key", "cache_ttl_seconds": 0 })
        );
        assert_eq!(mixed.json["results"][1]["flow_version_id"], json!(one));
    }

    async fn point_04_an_export_is_the_same_for_everybody(store: TestStore) {
        let house = House::new(store).await;
        let (_, one) = house.publish("One", &screen("One")).await;
        let (_, two) = house.publish("Two", &screen("Two")).await;
        let filter = json!({ "conditions": [{ "property": "plan", "operator": "equals", "value": "premium" }] });
        house.place("onboarding", &one, json!({ "audience_filter": filter })).await;
        let export = async |query: &str, body: Value| {
            let path = format!("placements/onboarding/resolve?export={query}");
            let answer = house.device(&path, &house.live).json(&body).send().await;
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.bytes
        };
        let first = export("true", user("flowpilot-offline-export")).await;
        let told: Value = serde_json::from_slice(&first).expect("JSON");
        assert_eq!((&told["flow_version_id"], &told["experiment_id"]), (&json!(one), &Value::Null));
        let other = |platform: &str, attributes: Value| {
            json!({ "user_id": "u2", "session_id": "other", "device_platform": platform, "attributes": attributes })
        };
        assert_eq!(export("1", other("web", json!({ "plan": "free" }))).await, first);
        assert_eq!(export("true", other("ios", json!({ "plan": "premium" }))).await, first);
        house.experiment("onboarding", &[(&two, 100), (&one, 0)]).await;
        assert_eq!(export("true", user("u3")).await, first, "an experiment does not take part");
        house.manage("PATCH", "placements/onboarding", json!({ "status": "paused" })).await;
        assert_eq!(export("true", user("u4")).await, first, "neither does the status");
        let batch = json!({ "placement_keys": ["onboarding"], "user_id": "u", "session_id": "s", "device_platform": "ios" });
        let batch = house.resolve_at("placements/resolve-batch?export=true", &house.live, &batch).await;
        assert_eq!(batch["results"][0]["flow_version_id"], json!(one));
        house.manage("POST", "placements/onboarding/attach", json!({ "flow_version_id": two })).await;
        let told: Value = serde_json::from_slice(&export("true", user("u")).await).expect("JSON");
        assert_eq!(told["flow_version_id"], json!(two), "the default version does");
        for query in ["yes", "", "True", "2"] {
            let path = format!("placements/onboarding/resolve?export={query}");
            let answer = house.device(&path, &house.live).json(&user("u")).send().await;
            assert_eq!(refused(&answer), (400, "validation_failed".to_owned()), "{query}");
        }
        // Nobody was enrolled by an export.
        house.app.app.placements.serving.flush().await.expect("written");
        let history = house.manage("GET", "placements/onboarding/history", Value::Null).await;
        assert_eq!(history["served"].as_array().map(Vec::len).unwrap_or_default(), 0, "{history}");
    }

    async fn point_10_keys_and_apps_are_told_apart(store: TestStore) {
        let house = House::new(store).await;
        let (_, one) = house.publish("One", &screen("One")).await;
        house.place("onboarding", &one, json!({})).await;
        let management = house.key("management", "live").await;
        let wrong = [management.as_str(), house.session.as_str(), "fp_live_00000000_0", "nothing"];
        for key in wrong {
            let answer = house.device("placements/onboarding/resolve", key).json(&user("u")).send().await;
            assert_eq!(refused(&answer), (401, "unauthorized".to_owned()), "{key}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        let answer = house.app.post(&house.path("placements/onboarding/resolve")).json(&user("u")).send().await;
        assert_eq!(refused(&answer), (401, "unauthorized".to_owned()), "no key");
        // A key of the SDK manages nothing.
        let answer = house.app.get(&house.path("placements")).bearer(&house.live).send().await;
        assert_eq!(refused(&answer), (401, "unauthorized".to_owned()));

        other_workspace(&house.app, "eve@floe.test").await;
        let eve = house.app.session_by_link("eve@floe.test").await;
        let foreign = house.app.post("/v1/apps").bearer(&eve).json(&json!({ "name": "Other", "platform": "web" })).send().await;
        let foreign = text(&foreign.json, "id");
        let at = async |app: &str| {
            let path = format!("/v1/apps/{app}/placements/onboarding/resolve");
            house.device(&path, &house.live).json(&user("u")).send().await
        };
        assert_eq!(refused(&at(&foreign).await), (403, "forbidden".to_owned()));
        assert_eq!(refused(&at("0198c0de-0000-7000-8000-000000000000").await), (404, "app_not_found".to_owned()));
        assert_eq!(refused(&at("onboarding").await), (400, "invalid_app_id".to_owned()));
        assert_eq!(at(&house.id.to_uppercase()).await.status, 200, "ids are taken in any case");
        let unknown = house.resolve("nobody_knows_it", &user("u")).await;
        assert_eq!(unknown, json!({ "flow_id": null, "cache_ttl_seconds": 300 }));
        let answer = house.device("placements/Onboarding/resolve", &house.live).json(&user("u")).send().await;
        assert_eq!(refused(&answer), (400, "invalid_placement_id".to_owned()));

        // A revoked key is dead at once.
        let keys = house.manage("GET", "/v1/api-keys", Value::Null).await;
        let prefix = house.live.rsplit_once('_').expect("a key").0;
        let key = keys["data"].as_array().expect("keys").iter().find(|key| key["prefix"] == json!(prefix));
        let path = format!("/v1/api-keys/{}", text(key.expect("the key"), "id"));
        assert_eq!(house.app.delete(&path).bearer(&house.session).send().await.status, 204);
        assert_eq!(refused(&at(&house.id).await), (401, "unauthorized".to_owned()));
    }

    async fn point_11_a_flow_comes_back_as_it_was_published(store: TestStore) {
        let house = House::new(store).await;
        // Numbers of every kind, escapes, members that nobody knows, names that come in no order.
        let odd = concat!(
            r#"{"zz":{"b":1.0,"a":1e3,"c":18446744073709551616,"d":-0.0,"e":0.1000},"name":"Gr\u00fc\u00dfe \"\\ 😀","schemaVersion":"1.0.0","#,
            r#""nodes":[{"id":"s1","kind":"screen","name":"A","customNode":[null,true,{"x":[]}],"layout":{"id":"r","type":"screenRoot","#,
            r#""children":[{"id":"x","type":"aTypeOfTomorrow","props":{"deep":[[[[1]]]]}}]}}],"edges":[],"9":"digits","":"empty"}"#
        );
        let (flow, version) = house.publish("Odd", odd).await;
        house.place("odd", &version, json!({})).await;
        let answer = house.device("placements/odd/resolve", &house.live).json(&user("u")).send().await;
        let body = String::from_utf8(answer.bytes).expect("text");
        assert!(body.contains(&format!("\"flow_schema\":{odd},")), "{body}");
        let by_flow = house.resolve_at(&format!("flows/{flow}/resolve"), &house.live, &user("u")).await;
        assert_eq!(by_flow["flow_schema"], serde_json::from_str::<Value>(odd).expect("JSON"));
    }

    async fn point_12_answers_have_the_types_that_devices_insist_on(store: TestStore) {
        let house = House::new(store).await;
        let (flow, one) = house.publish("One", &screen("One")).await;
        let two = house.publish_again(&flow, &screen("Two")).await;
        let long = screen(&"Long ".repeat(20_000));
        let (_, three) = house.publish("Three", &long).await;
        house.place("a", &one, json!({})).await;
        house.place("b", &two, json!({})).await;
        house.place("c", &three, json!({})).await;
        house.place("d", &one, json!({})).await;
        house.experiment("d", &[(&one, 50), (&two, 50)]).await;
        for key in ["a", "b", "c", "d"] {
            let answer = house.device(&format!("placements/{key}/resolve"), &house.test).json(&user("u")).send().await;
            let strict: Resolved = serde_json::from_slice(&answer.bytes).expect("the strict types");
            strict.check(key == "d");
            assert_eq!(strict.cache_ttl_seconds, 60);
        }
        let mut body = user("u");
        body["placement_keys"] = json!(["a", "b", "c", "d", "e"]);
        let answer = house.device("placements/resolve-batch", &house.live).json(&body).send().await;
        let strict: Batch = serde_json::from_slice(&answer.bytes).expect("the strict types");
        assert_eq!(strict.results.len(), 5);
        for entry in &strict.results[..4] {
            let resolved: Resolved = serde_json::from_value(without_key(entry)).expect("the strict types");
            resolved.check(entry["placement_key"] == "d");
        }
        assert_eq!(strict.results[4], json!({ "placement_key": "e", "flow_id": null, "cache_ttl_seconds": 300 }));
    }
}

/// An answer as a device reads it: one member of another type, or one too many, and the whole answer is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolved {
    flow_id: String,
    flow_version_id: String,
    flow_version: u64,
    schema_version: u64,
    flow_schema: serde_json::Map<String, Value>,
    media_base_url: String,
    icon_base_url: String,
    fonts: Vec<Font>,
    experiment_id: Option<String>,
    variant_id: Option<String>,
    variant_name: Option<String>,
    cache_ttl_seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Font {
    family: String,
    weight: u16,
    style: String,
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    results: Vec<Value>,
}

impl Resolved {
    fn check(&self, is_tested: bool) {
        let is_uuid = |text: &str| uuid_form(text);
        assert!(is_uuid(&self.flow_id) && is_uuid(&self.flow_version_id));
        assert!(self.flow_version >= 1 && self.schema_version == 1 && self.flow_schema.contains_key("nodes"));
        assert!(self.media_base_url.starts_with("http") && !self.media_base_url.ends_with('/'));
        assert!(self.icon_base_url.ends_with("/cdn/icons"));
        assert!(self.fonts.iter().all(|font| {
            !font.family.is_empty()
                && (100..=900).contains(&font.weight)
                && font.url.ends_with(".ttf")
                && !font.style.is_empty()
        }));
        let told = [&self.experiment_id, &self.variant_id, &self.variant_name];
        assert!(told.iter().all(|one| one.is_some() == is_tested));
    }
}

fn uuid_form(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

fn without_key(entry: &Value) -> Value {
    let mut entry = entry.clone();
    entry.as_object_mut().expect("an object").remove("placement_key");
    entry
}
