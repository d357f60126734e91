//! Experiments on placements through the real router (placements contract, sections 9 and 15).

mod life;
mod points;
mod results;
mod times;
mod users;

use floe_model::id::{AppId, ExperimentId, VariantId, WorkspaceId};
use floe_model::{Mode, Scope};
use floe_surfaces::http::RateLimits;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// A workspace with an app, three published versions, a placement with the first of them, and a key of a device.
struct House {
    app: TestApp,
    session: String,
    sdk_key: String,
    /// `/v1/apps/{appId}`.
    base: String,
    app_id: String,
    workspace: WorkspaceId,
    versions: Vec<String>,
}

impl House {
    async fn new(store: TestStore) -> Self {
        let (app, session) = TestApp::owned(store, RateLimits::Off).await;
        let mut house = Self {
            app,
            session,
            sdk_key: String::new(),
            base: String::new(),
            app_id: String::new(),
            workspace: WorkspaceId(0),
            versions: Vec::new(),
        };
        house.app_id = text(&house.made("/v1/apps", json!({ "name": "Lagos Fit", "platform": "ios" })).await["id"]);
        let everywhere = house.app.store.read(floe_store::placements::apps::everywhere).await.expect("apps");
        house.workspace = everywhere.first().expect("the app").1;
        house.base = format!("/v1/apps/{}", house.app_id);
        for name in ["Welcome", "Short", "Long"] {
            let flow = house.made("flows", json!({ "name": name, "type": "onboarding" })).await;
            let publish = format!("flows/{}/publish", text(&flow["id"]));
            let version = house.made(&publish, json!({})).await;
            house.versions.push(text(&version["id"]));
        }
        house.placement("onboarding").await;
        let key = house.made("/v1/api-keys", json!({ "name": "Device", "type": "sdk", "environment": "live" })).await;
        house.sdk_key = text(&key["key"]);
        house
    }

    /// The same server, started again.
    async fn restarted(self) -> Self {
        let Self { app, session, sdk_key, base, app_id, workspace, versions } = self;
        let app = TestApp::with_limits(app.store, RateLimits::Off).await;
        Self { app, session, sdk_key, base, app_id, workspace, versions }
    }

    /// A placement with the first version as its default.
    async fn placement(&self, key: &str) {
        let body = json!({ "key": key, "platforms": ["ios"], "default_flow_version_id": self.versions[0] });
        self.made("placements", body).await;
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.base) };
        let asking = self.app.ask(method, &path).bearer(&self.session);
        match body {
            Some(body) => asking.json(body).send().await,
            None => asking.send().await,
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json
    }

    async fn post(&self, path: &str) -> Answer {
        self.call("POST", path, None).await
    }

    /// A POST that makes something; what it made.
    async fn made(&self, path: &str, body: Value) -> Value {
        let answer = self.call("POST", path, Some(&body)).await;
        assert_eq!(answer.status, 201, "{path}: {answer:?}");
        answer.json
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path, Some(&body)).await
    }

    /// A call that is fine, whatever it answers.
    async fn done(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let answer = self.call(method, path, body.as_ref()).await;
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
        answer.json
    }

    /// A draft with the first two versions, half and half.
    fn halves(&self) -> Value {
        json!({
            "name": "Onboarding length", "placement_id": "onboarding",
            "variants": [
                { "name": "Control", "flow_version_id": self.versions[0], "weight": 50, "is_control": true },
                { "name": "Short", "flow_version_id": self.versions[1], "weight": 50 },
            ],
        })
    }

    /// A running experiment; `experiments/{id}`, and the ids of its variants.
    async fn running(&self, body: Value) -> (String, Vec<String>) {
        let made = self.made("experiments", body).await;
        let path = format!("experiments/{}", text(&made["id"]));
        self.done("POST", &format!("{path}/start"), None).await;
        let variants = made["variants"].as_array().expect("variants");
        (path, variants.iter().map(|variant| text(&variant["id"])).collect())
    }

    /// What a device is answered.
    async fn resolve(&self, placement: &str, user: &str) -> Value {
        let body = json!({ "user_id": user, "session_id": "s", "device_platform": "ios" });
        let path = format!("{}/placements/{placement}/resolve", self.base);
        let answer = self.app.post(&path).bearer(&self.sdk_key).json(&body).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json
    }

    /// The variant of a user; null without an experiment.
    async fn variant(&self, user: &str) -> Value {
        self.resolve("onboarding", user).await["variant_id"].clone()
    }

    /// Writes what answers left behind.
    async fn settle(&self) {
        self.app.app.placements.serving.flush().await.expect("the store");
    }

    fn scope(&self, mode: Mode) -> Scope {
        Scope { workspace: self.workspace, mode }
    }

    fn ids(&self, path: &str) -> (AppId, ExperimentId) {
        let experiment = path.rsplit('/').next().and_then(|id| ExperimentId::parse(id).ok());
        (AppId::parse(&self.app_id).expect("an id"), experiment.expect("an id"))
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn variant_id(text: &str) -> VariantId {
    VariantId::parse(text).expect("an id")
}
