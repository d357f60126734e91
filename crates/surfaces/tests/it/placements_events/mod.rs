//! What apps report: taken, entered once, read, erased, removed (placements contract, sections 4 to 6, 12 and 15).

mod bounds;
mod erase;
mod points;
mod reads;
mod reports;
mod taking;

use floe_model::Timestamp;
use floe_surfaces::http::RateLimits;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, Asking, TestApp};

/// A workspace with an app, a published flow, and a key of each mode for devices.
pub struct Shop {
    pub app: TestApp,
    pub session: String,
    pub id: String,
    pub flow: String,
    pub version: String,
    pub live: String,
    pub test: String,
}

impl Shop {
    pub async fn new(store: TestStore) -> Self {
        Self::with(store, RateLimits::Off).await
    }

    pub async fn with(store: TestStore, limits: RateLimits) -> Self {
        let (app, session) = TestApp::owned(store, limits).await;
        let mut shop = Self {
            app,
            session,
            id: String::new(),
            flow: String::new(),
            version: String::new(),
            live: String::new(),
            test: String::new(),
        };
        shop.id = shop.new_app("Lagos Fit").await;
        (shop.flow, shop.version) = shop.publish().await;
        shop.live = shop.key("live").await;
        shop.test = shop.key("test").await;
        shop
    }

    async fn new_app(&self, name: &str) -> String {
        text(&self.manage("POST", "/v1/apps", json!({ "name": name, "platform": "ios" })).await, "id")
    }

    async fn publish(&self) -> (String, String) {
        let flow = self.manage("POST", "flows", json!({ "name": "Welcome", "type": "onboarding" })).await;
        let flow = text(&flow, "id");
        let version = self.manage("POST", &format!("flows/{flow}/publish"), json!({})).await;
        (flow, text(&version, "id"))
    }

    async fn key(&self, environment: &str) -> String {
        let body = json!({ "name": "Device", "type": "sdk", "environment": environment });
        text(&self.manage("POST", "/v1/api-keys", body).await, "key")
    }

    /// A call of the management that goes well; below the app unless the path begins with a slash.
    async fn manage(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, &body).await;
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
        answer.json
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let asking = self.app.ask(method, &self.path(path)).bearer(&self.session);
        if body.is_null() { asking.send().await } else { asking.json(body).send().await }
    }

    async fn get(&self, path: &str) -> Value {
        self.manage("GET", path, Value::Null).await
    }

    fn path(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("/v1/apps/{}/{path}", self.id) }
    }

    /// A request of a device in live mode.
    fn device(&self, path: &str) -> Asking<'_> {
        self.app.post(&self.path(path)).bearer(&self.live)
    }

    async fn send(&self, events: &Value) -> Answer {
        self.device("events").json(events).send().await
    }

    /// A good event with a number of its own.
    fn event(&self, number: u64, kind: &str) -> Value {
        json!({
            "event_id": event_id(number), "app_id": self.id, "flow_id": self.flow, "flow_version_id": self.version,
            "flow_version": 1, "placement_id": "onboarding", "user_id": "u1", "session_id": "S-1", "device_platform": "ios",
            "event_type": kind, "timestamp": self.now(), "sdk_version": "1.3.1",
        })
    }

    fn events(&self, numbers: std::ops::Range<u64>) -> Value {
        numbers.map(|number| self.event(number, "screen_view")).collect()
    }

    fn now(&self) -> String {
        self.now_at().to_string()
    }

    fn now_at(&self) -> Timestamp {
        floe_runtime::Clock::now(&*self.app.clock)
    }

    /// Enters what was taken.
    async fn roll(&self) {
        self.app.app.placements.events.roll_all().await.expect("the journal is entered");
    }

    /// Numbers of the stored events, in order of their own time.
    async fn stored(&self, query: &str) -> Vec<u64> {
        let text = self.app.get(&self.path(&format!("events/export{query}"))).bearer(&self.session).text().await;
        let number = |line: &str| {
            let event: Value = serde_json::from_str(line).expect("JSON");
            let id = text_of(&event, "event_id");
            u64::from_str_radix(&id[24..], 16).expect("digits")
        };
        text.lines().map(number).collect()
    }
}

fn event_id(number: u64) -> String {
    format!("e0000000-0000-4000-8000-{number:012x}")
}

fn text(value: &Value, name: &str) -> String {
    text_of(value, name).to_owned()
}

fn text_of<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}
