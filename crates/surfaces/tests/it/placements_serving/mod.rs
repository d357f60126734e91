//! What devices are answered (placements contract, sections 1 to 4, 6, 7, 9.2, 11.2 and 15).

mod door;
mod experiments;
mod points;
mod stopped;

use floe_surfaces::http::RateLimits;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, Asking, TestApp};

/// A workspace with an app, its owner's session, and a key of each mode for devices.
struct House {
    app: TestApp,
    session: String,
    id: String,
    live: String,
    test: String,
}

impl House {
    async fn new(store: TestStore) -> Self {
        Self::with(store, RateLimits::Off).await
    }

    async fn with(store: TestStore, limits: RateLimits) -> Self {
        let (app, session) = TestApp::owned(store, limits).await;
        let mut house = Self { app, session, id: String::new(), live: String::new(), test: String::new() };
        house.id = house.new_app("Lagos Fit").await;
        house.live = house.key("sdk", "live").await;
        house.test = house.key("sdk", "test").await;
        house
    }

    async fn new_app(&self, name: &str) -> String {
        let made = self.manage("POST", "/v1/apps", json!({ "name": name, "platform": "ios" })).await;
        text(&made, "id")
    }

    async fn key(&self, kind: &str, environment: &str) -> String {
        let body = json!({ "name": "Device", "type": kind, "environment": environment });
        text(&self.manage("POST", "/v1/api-keys", body).await, "key")
    }

    /// A call of the management that goes well; below the app unless the path begins with a slash.
    async fn manage(&self, method: &str, path: &str, body: Value) -> Value {
        let path = if path.starts_with('/') { path.to_owned() } else { self.path(path) };
        let asking = self.app.ask(method, &path).bearer(&self.session);
        let answer = if body.is_null() { asking.send().await } else { asking.json(&body).send().await };
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
        answer.json
    }

    fn path(&self, path: &str) -> String {
        format!("/v1/apps/{}/{path}", self.id)
    }

    /// Publishes a text as a version of a new flow; flow and version.
    async fn publish(&self, name: &str, schema: &str) -> (String, String) {
        let flow = self.manage("POST", "flows", json!({ "name": name, "type": "onboarding" })).await;
        let flow = text(&flow, "id");
        let version = self.publish_again(&flow, schema).await;
        (flow, version)
    }

    async fn publish_again(&self, flow: &str, schema: &str) -> String {
        let put = self.app.ask("PUT", &self.path(&format!("flows/{flow}/draft"))).bearer(&self.session);
        let put = put.header("content-type", "application/json").body(schema.as_bytes().to_vec()).send().await;
        assert_eq!(put.status, 200, "{put:?}");
        text(&self.manage("POST", &format!("flows/{flow}/publish"), json!({})).await, "id")
    }

    async fn place(&self, key: &str, version: &str, more: Value) -> Value {
        let mut body = json!({ "key": key, "platforms": ["ios"], "default_flow_version_id": version });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.manage("POST", "placements", body).await
    }

    /// A running experiment between versions of these weights; its id.
    async fn experiment(&self, key: &str, versions: &[(&str, i64)]) -> String {
        let variant = |(index, (version, weight)): (usize, &(&str, i64))| json!({ "name": format!("Variant \"{index}\""), "flow_version_id": version, "weight": weight, "is_control": index == 0 });
        let variants: Vec<Value> = versions.iter().enumerate().map(variant).collect();
        let body = json!({ "name": "Length", "placement_id": key, "variants": variants });
        let id = text(&self.manage("POST", "experiments", body).await, "id");
        self.manage("POST", &format!("experiments/{id}/start"), Value::Null).await;
        id
    }

    /// A request of a device, below the app unless the path begins with a slash.
    fn device(&self, path: &str, key: &str) -> Asking<'_> {
        let path = if path.starts_with('/') { path.to_owned() } else { self.path(path) };
        self.app.post(&path).bearer(key)
    }

    async fn resolve(&self, placement: &str, body: &Value) -> Value {
        self.resolve_at(&format!("placements/{placement}/resolve"), &self.live, body).await
    }

    async fn resolve_at(&self, path: &str, key: &str, body: &Value) -> Value {
        let answer = self.device(path, key).json(body).send().await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json
    }
}

/// What a device sends for a user.
fn user(id: &str) -> Value {
    json!({ "user_id": id, "session_id": "S-1", "device_platform": "ios" })
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// A flow of one screen that passes every check, with a member of its own.
fn screen(title: &str) -> String {
    json!({
        "name": title, "schemaVersion": "1.0.0", "version": 8, "entryNodeId": "s1",
        "nodes": [{ "id": "s1", "kind": "screen", "name": title, "layout": { "id": "r", "type": "screenRoot", "children": [] } }],
        "edges": [],
    })
    .to_string()
}

/// How an answer to a device was refused.
fn refused(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default().to_owned())
}
