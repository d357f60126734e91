//! The life of an experiment: what can be asked for, what each state allows, and what the placement answers meanwhile.

use floe_model::Mode;
use floe_store::platform::events;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{House, text};

on_both! {
    async fn a_draft_is_whatever_fits_together(store: TestStore) {
        let house = House::new(store).await;
        let draft = house.made("experiments", house.halves()).await;
        let expected = json!({
            "status": "draft", "hash_version": 1, "seed": draft["id"], "placement_id": "onboarding", "confidence_target": 0.95,
            "primary_metric": "completion_rate", "allocation_percentage": 100, "weights_changed_at": null,
        });
        for (name, value) in expected.as_object().expect("an object") {
            assert_eq!(&draft[name], value, "{name}");
        }
        let second = &draft["variants"][1];
        assert_eq!((&second["bucket_order"], &second["is_control"], &second["weight"]), (&json!(1), &json!(false), &json!(50)));

        let with = |name: &str, value: Value| {
            let mut body = house.halves();
            body[name] = value;
            body
        };
        let variant = |version: usize, weight: Value| json!({ "name": "V", "flow_version_id": house.versions[version], "weight": weight });
        let missing = json!({ "name": "V", "flow_version_id": draft["id"], "weight": 50 });
        let cases = [
            (with("name", json!("ab")), "name"),
            (with("name", json!("   ")), "name"),
            (with("placement_id", json!("nowhere")), "placement_id"),
            (with("confidence_target", json!(0.5)), "confidence_target"),
            (with("primary_metric", json!("clicks")), "primary_metric"),
            (with("hash_version", json!(3)), "hash_version"),
            (with("allocation_percentage", json!(0.001)), "allocation_percentage"),
            (with("variants", json!({})), "variants"),
            (with("variants", json!([variant(0, json!(100))])), "variants"),
            (with("variants", json!([variant(0, json!(50)), variant(1, json!(60))])), "variants"),
            (with("variants", json!([variant(0, json!(50.5)), variant(1, json!(49.5))])), "variants"),
            (with("variants", json!([variant(0, json!(50)), variant(0, json!(50))])), "variants.1.flow_version_id"),
            (with("variants", json!([variant(0, json!(50)), missing])), "variants.1.flow_version_id"),
            (with("variants", json!([variant(0, json!("50")), variant(1, json!(50))])), "variants.0.weight"),
            (with("variants", json!([1, variant(1, json!(50))])), "variants.0"),
            (with("start_at", json!("soon")), "start_at"),
        ];
        for (body, field) in cases {
            let refused = house.call("POST", "experiments", Some(&body)).await.is(400, "validation_failed");
            let fields: Vec<&str> = refused.json["details"].as_array().expect("details").iter().filter_map(|one| one["field"].as_str()).collect();
            assert!(fields.contains(&field), "{field} is not in {fields:?} for {body}");
        }
        assert_eq!(house.get("experiments").await["total"], 1, "nothing half done");
        let thirds = with("variants", json!([variant(0, json!(33.33)), variant(1, json!(33.33)), variant(2, json!(33.34))]));
        let mut thirds = thirds;
        thirds["hash_version"] = json!(2);
        let made = house.made("experiments", thirds).await;
        assert_eq!(made["variants"][2]["weight"], json!(33.34));
    }

    async fn each_state_allows_what_the_table_says(store: TestStore) {
        let house = House::new(store).await;
        let draft = house.made("experiments", house.halves()).await;
        let path = format!("experiments/{}", text(&draft["id"]));
        let winner = json!({ "variant_id": draft["variants"][1]["id"] });
        for action in ["pause", "resume", "stop"] {
            house.post(&format!("{path}/{action}")).await.is(409, "conflict");
        }
        house.call("POST", &format!("{path}/declare-winner"), Some(&winner)).await.is(409, "conflict");

        assert_eq!(house.done("POST", &format!("{path}/start"), None).await["status"], "running");
        house.post(&format!("{path}/start")).await.is(409, "conflict");
        house.call("DELETE", &path, None).await.is(409, "conflict");
        house.call("DELETE", "placements/onboarding", None).await.is(409, "conflict");
        // One at a time on a placement.
        let other = house.made("experiments", house.halves()).await;
        let other = format!("experiments/{}", text(&other["id"]));
        house.post(&format!("{other}/start")).await.is(409, "conflict");
        house.done("POST", &format!("{path}/pause"), None).await;
        house.post(&format!("{other}/start")).await.is(409, "conflict");
        // What is fixed, and what is not.
        for (field, value) in [
            ("placement_id", json!("elsewhere")),
            ("primary_metric", json!("conversion_rate")),
            ("hash_version", json!(2)),
            ("seed", json!("x")),
            ("allocation_percentage", json!(50)),
            ("stop_at", json!("2100-01-01T00:00:00Z")),
            ("variants", json!([{ "name": "A", "flow_version_id": house.versions[0], "weight": 50 }, { "name": "B", "flow_version_id": house.versions[2], "weight": 50 }])),
        ] {
            house.patch(&path, json!({ field: value })).await.is(409, "conflict");
        }
        let open = json!({ "name": "Longer name", "description": "Why", "confidence_target": 0.9 });
        let changed = house.done("PATCH", &path, Some(open)).await;
        assert_eq!((&changed["name"], &changed["weights_changed_at"]), (&json!("Longer name"), &Value::Null));
        // Variants by their ids, in whatever order: only the weights change, and the order of the buckets stays.
        let [control, short] = [&draft["variants"][0]["id"], &draft["variants"][1]["id"]];
        let turned = json!({ "variants": [{ "id": short, "weight": 60 }, { "id": control, "weight": 40 }] });
        let changed = house.done("PATCH", &path, Some(turned)).await;
        assert_eq!((&changed["variants"][0]["id"], &changed["variants"][0]["weight"]), (control, &json!(40)));
        assert!(changed["weights_changed_at"].is_string());
        house.patch(&path, json!({ "weights": { control.as_str().expect("an id"): 10 } })).await.is(400, "validation_failed");
        house.patch(&path, json!({ "weights": { "x": 10 } })).await.is(400, "validation_failed");
        let stale = house.app.patch(&format!("{}/{path}", house.base)).bearer(&house.session).header("if-match", "\"1\"");
        stale.json(&json!({ "name": "Stale" })).send().await.is(412, "precondition_failed");

        house.done("POST", &format!("{path}/resume"), None).await;
        house.call("POST", &format!("{path}/declare-winner"), Some(&json!({ "variant_id": draft["id"] }))).await.is(400, "validation_failed");
        let ended = house.done("POST", &format!("{path}/declare-winner"), Some(winner)).await;
        assert_eq!((&ended["status"], &ended["winner_variant_id"]), (&json!("completed"), &draft["variants"][1]["id"]));
        for action in ["start", "pause", "resume", "stop"] {
            house.post(&format!("{path}/{action}")).await.is(409, "conflict");
        }
        house.patch(&path, json!({ "name": "Another" })).await.is(409, "conflict");
        house.done("DELETE", &path, None).await;
        house.call("GET", &path, None).await.is(404, "not_found");
    }

    async fn the_placement_answers_with_the_experiment_and_then_the_winner(store: TestStore) {
        let house = House::new(store).await;
        let before = house.resolve("onboarding", "u1").await;
        assert_eq!((before["flow_version_id"].as_str(), before.get("experiment_id")), (Some(&*house.versions[0]), None));
        let (path, ids) = house.running(house.halves()).await;
        let during = house.resolve("onboarding", "u1").await;
        let id = path.rsplit('/').next();
        assert_eq!(during["experiment_id"].as_str(), id);
        let index = ids.iter().position(|id| during["variant_id"] == json!(id)).expect("a variant");
        assert_eq!(during["flow_version_id"].as_str(), Some(&*house.versions[index]));
        assert_eq!(during["variant_name"], ["Control", "Short"][index]);

        house.done("POST", &format!("{path}/declare-winner"), Some(json!({ "variant_id": ids[1] }))).await;
        let after = house.resolve("onboarding", "u1").await;
        assert_eq!((after["flow_version_id"].as_str(), after.get("experiment_id")), (Some(&*house.versions[1]), None));
        let placement = house.get("placements/onboarding").await;
        assert_eq!(placement["default_flow_version_id"].as_str(), Some(&*house.versions[1]));
        let history = house.get("placements/onboarding/history").await;
        let actions: Vec<&str> = history["data"].as_array().expect("entries").iter().filter_map(|one| one["action"].as_str()).collect();
        assert_eq!(actions[..3], ["attached", "experiment_won", "experiment_started"]);
        // What was shown by an experiment cannot be taken away under it.
        let short = house.get("flows").await["data"].as_array().expect("flows").iter().find(|flow| flow["name"] == "Short").cloned().expect("the flow");
        house.call("DELETE", &format!("flows/{}", text(&short["id"])), None).await.is(409, "conflict");
    }

    async fn a_copy_is_a_draft_with_buckets_of_its_own(store: TestStore) {
        let house = House::new(store).await;
        let mut body = house.halves();
        (body["hash_version"], body["allocation_percentage"]) = (json!(2), json!(12.5));
        let (path, ids) = house.running(body).await;
        let copy = house.done("POST", &format!("{path}/duplicate"), None).await;
        assert_eq!((&copy["status"], &copy["started_at"], &copy["name"]), (&json!("draft"), &Value::Null, &json!("Onboarding length (copy)")));
        assert_eq!((&copy["seed"], &copy["allocation_percentage"]), (&copy["id"], &json!(12.5)));
        assert!(copy["variants"].as_array().expect("variants").iter().all(|variant| !ids.contains(&text(&variant["id"]))));
        let running = house.get("experiments?status=running").await;
        assert_eq!((&running["total"], running["data"][0]["id"].as_str()), (&json!(1), path.rsplit('/').next()));
    }

    async fn a_draft_without_variants_does_not_start(store: TestStore) {
        let house = House::new(store).await;
        let draft = house.made("experiments", json!({ "name": "Empty", "placement_id": "onboarding" })).await;
        let path = format!("experiments/{}", text(&draft["id"]));
        house.post(&format!("{path}/start")).await.is(409, "conflict");
        let filled = json!({ "variants": house.halves()["variants"] });
        assert_eq!(house.done("PATCH", &path, Some(filled)).await["variants"].as_array().map(Vec::len), Some(2));
        assert_eq!(house.done("POST", &format!("{path}/start"), None).await["status"], "running");
    }

    async fn start_and_end_are_told_and_noted(store: TestStore) {
        let house = House::new(store).await;
        let (path, ids) = house.running(house.halves()).await;
        house.done("POST", &format!("{path}/pause"), None).await;
        house.done("POST", &format!("{path}/declare-winner"), Some(json!({ "variant_id": ids[0] }))).await;
        let scope = house.scope(Mode::Live);
        let events = house.app.store.read(move |tx| events::latest(tx, scope, None, 10)).await.expect("the store");
        let told: Vec<(&str, Value)> = events
            .iter()
            .filter(|event| event.kind.starts_with("placements.experiment."))
            .map(|event| (event.kind.as_str(), serde_json::from_str(&event.data).expect("JSON")))
            .collect();
        let names: Vec<&str> = told.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["placements.experiment.completed", "placements.experiment.started"]);
        assert_eq!((told[0].1["winner_variant_id"].as_str(), told[1].1["winner_variant_id"].as_str()), (Some(&*ids[0]), None));
        let audit = house.get("/console/v1/audit?limit=20").await;
        let actions: Vec<&str> =
            audit["data"].as_array().expect("entries").iter().filter_map(|entry| entry["action"].as_str()).collect();
        for action in ["created_experiment", "started_experiment", "paused_experiment", "declared_winner"] {
            assert!(actions.contains(&action), "{action} is not in {actions:?}");
        }
    }
}
