//! What starts, stops and changes by itself (placements contract, section 14).

use floe_store::platform::jobs;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{House, text};

impl House {
    /// Does the jobs that are due, as the loop of the server does.
    async fn work(&self) {
        let handlers = floe_placements::handlers(&self.app.app.placements);
        let kinds: Vec<&'static str> = handlers.iter().map(|handler| handler.kind()).collect();
        let now = self.app.app.platform.clock.now();
        let claiming = self.app.store.write(move |tx| jobs::claim_due(tx, &kinds, now, 60_000, 64, None));
        for job in claiming.await.expect("the store") {
            let handler = handlers.iter().find(|handler| handler.kind() == job.kind).expect("a handler");
            handler.run(&self.app.app.platform, &job).await.expect("the job");
            let lease = job.lease();
            self.app.store.write(move |tx| jobs::finish(tx, lease)).await.expect("the store");
        }
        self.app.app.placements.serving.refresh(self.workspace).await.expect("the store");
    }

    /// An instant so many seconds from now, as a body says it.
    fn later(&self, seconds: i64) -> Value {
        json!(self.app.app.platform.clock.now().plus_seconds(seconds))
    }
}

on_both! {
    async fn an_experiment_starts_and_stops_at_its_times(store: TestStore) {
        let house = House::new(store).await;
        let mut body = house.halves();
        (body["start_at"], body["stop_at"]) = (house.later(3_600), house.later(1_800));
        house.call("POST", "experiments", Some(&body)).await.is(400, "validation_failed");
        body["stop_at"] = house.later(7_200);
        let draft = house.made("experiments", body).await;
        let path = format!("experiments/{}", text(&draft["id"]));
        house.work().await;
        assert_eq!(house.get(&path).await["status"], "draft", "not before its time");
        house.app.pass_seconds(3_600);
        house.work().await;
        let running = house.get(&path).await;
        assert_eq!((&running["status"], &running["started_at"]), (&json!("running"), &draft["start_at"]));
        assert!(house.variant("u1").await.is_string());
        house.app.pass_seconds(3_600);
        house.work().await;
        let ended = house.get(&path).await;
        assert_eq!((&ended["status"], &ended["winner_variant_id"]), (&json!("completed"), &Value::Null));
        assert_eq!(house.variant("u1").await, Value::Null);
    }

    async fn a_start_that_is_not_possible_stays_a_draft(store: TestStore) {
        let house = House::new(store).await;
        let (running, _) = house.running(house.halves()).await;
        let mut body = house.halves();
        body["start_at"] = house.later(60);
        let draft = house.made("experiments", body).await;
        let path = format!("experiments/{}", text(&draft["id"]));
        house.app.pass_seconds(60);
        house.work().await;
        assert_eq!(house.get(&path).await["status"], "draft");
        let audit = house.get("/console/v1/audit?limit=50").await;
        let entries = audit["data"].as_array().expect("entries");
        assert!(entries.iter().any(|entry| entry["action"] == "skipped_experiment_time"), "{audit}");
        // Taking the other one away does not start it by itself; a person does.
        house.done("POST", &format!("{running}/stop"), None).await;
        house.work().await;
        assert_eq!(house.get(&path).await["status"], "draft");
        house.done("POST", &format!("{path}/start"), None).await;
    }

    async fn a_placement_changes_at_its_times(store: TestStore) {
        let house = House::new(store).await;
        let changes = json!([
            { "at": house.later(200), "status": "paused" },
            { "at": house.later(100), "default_flow_version_id": house.versions[1] },
        ]);
        house.done("PATCH", "placements/onboarding", Some(json!({ "scheduled_changes": changes }))).await;
        let version = async || house.resolve("onboarding", "u1").await["flow_version_id"].clone();
        assert_eq!(version().await, json!(house.versions[0]));
        house.app.pass_seconds(100);
        assert_eq!(version().await, json!(house.versions[1]), "to the moment, before the job ran");
        house.work().await;
        let placement = house.get("placements/onboarding").await;
        assert_eq!(placement["default_flow_version_id"], json!(house.versions[1]));
        assert_eq!(placement["scheduled_changes"].as_array().map(Vec::len), Some(1));
        let history = house.get("placements/onboarding/history").await;
        assert_eq!(history["data"][0]["action"], "scheduled_change");
        house.app.pass_seconds(100);
        house.work().await;
        assert_eq!((version().await, &house.get("placements/onboarding").await["status"]), (Value::Null, &json!("paused")));
    }
}
