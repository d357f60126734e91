//! Point 13 of section 15: with the database stopped, devices are answered from memory.

use std::collections::HashMap;

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{House, refused, screen, user};

on_both! {
    async fn point_13_devices_are_answered_while_the_database_is_stopped(store: TestStore) {
        let house = House::new(store).await;
        let (flow, one) = house.publish("One", &screen("One")).await;
        let (_, two) = house.publish("Two", &screen("Two")).await;
        house.place("plain", &one, json!({})).await;
        house.place("tested", &one, json!({})).await;
        house.experiment("tested", &[(&one, 50), (&two, 50)]).await;
        let mut before = HashMap::new();
        for number in 0..50 {
            let id = format!("u{number}");
            let variant = house.resolve("tested", &user(&id)).await["variant_id"].clone();
            before.insert(id, variant);
        }
        house.app.store.close().await;

        for (id, variant) in &before {
            assert_eq!(house.resolve("tested", &user(id)).await["variant_id"], *variant, "{id}");
        }
        for passed_s in [0, 1, 60, 3_600] {
            house.app.pass_seconds(passed_s);
            assert_eq!(house.resolve("plain", &user("new")).await["flow_version_id"], json!(one));
            assert_eq!(house.resolve("unknown", &user("new")).await["flow_id"], Value::Null);
            let mut body = user("new");
            body["placement_keys"] = json!(["plain", "tested", "unknown"]);
            let batch = house.resolve_at("placements/resolve-batch", &house.live, &body).await;
            assert_eq!(batch["results"].as_array().map(Vec::len), Some(3), "{batch}");
            let by_flow = house.resolve_at(&format!("flows/{flow}/resolve"), &house.live, &user("new")).await;
            assert_eq!(by_flow["flow_version_id"], json!(one));
        }
        // What cannot be known is said so that a client tries again, never so that it gives up.
        let stranger = format!("{}{}", &house.live[..house.live.len() - 2], "zz");
        let answer = house.device("placements/plain/resolve", &stranger).json(&user("u")).send().await;
        assert_eq!(refused(&answer), (503, "unavailable".to_owned()));
        assert!(!answer.header("retry-after").is_empty());
        let path = "/v1/apps/0198c0de-0000-7000-8000-000000000000/placements/plain/resolve";
        let answer = house.device(path, &house.live).json(&user("u")).send().await;
        assert_eq!(refused(&answer), (503, "unavailable".to_owned()));
    }
}
