//! Placements, their rules, rollout and schedule, saved audiences and simulations (placements contract, sections 7, 8, 12 and 14).

mod audiences;
mod places;
mod simulate;

use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// A workspace with an app and versions of two screen flows, and its owner's session.
struct House {
    app: TestApp,
    session: String,
    /// `/v1/apps/{appId}`.
    base: String,
    /// Published versions.
    versions: Vec<String>,
}

impl House {
    async fn new(store: TestStore) -> Self {
        let (app, session) = TestApp::with_owner(store).await;
        let mut house = Self { app, session, base: "/v1/apps".to_owned(), versions: Vec::new() };
        let made = house.made("", json!({ "name": "Lagos Fit", "platform": "ios" })).await;
        house.base = format!("/v1/apps/{}", text(&made["id"]));
        for name in ["Welcome", "Short welcome", "Offer"] {
            let version = house.version(name).await;
            house.versions.push(version);
        }
        house
    }

    /// A version of a new screen flow.
    async fn version(&self, name: &str) -> String {
        let flow = self.made("/flows", json!({ "name": name, "type": "onboarding" })).await;
        let version = self.made(&format!("/flows/{}/publish", text(&flow["id"])), json!({})).await;
        text(&version["id"])
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>, if_match: &str) -> Answer {
        let asking = self.app.ask(method, &format!("{}{path}", self.base)).bearer(&self.session);
        let asking = if if_match.is_empty() { asking } else { asking.header("if-match", if_match) };
        match body {
            Some(body) => asking.json(body).send().await,
            None => asking.send().await,
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None, "").await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(&body), "").await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path, Some(&body), "").await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None, "").await
    }

    /// What a POST makes.
    async fn made(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, 201, "{path}: {answer:?}");
        answer.json
    }

    /// What a PATCH answers.
    async fn changed(&self, path: &str, body: Value) -> Value {
        let answer = self.patch(path, body).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json
    }

    /// A placement `onboarding` that serves the first version.
    async fn onboarding(&self) -> Value {
        let body = json!({ "key": "onboarding", "platforms": ["ios"], "default_flow_version_id": self.versions[0] });
        self.made("/placements", body).await
    }

    /// What a user would see at `onboarding`.
    async fn simulated(&self, more: Value) -> Value {
        let mut body = json!({ "user_id": "user-1", "session_id": "s", "device_platform": "ios" });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let answer = self.post("/placements/onboarding/simulate", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn country(code: &str) -> Value {
    json!({ "conditions": [{ "property": "country", "operator": "equals", "value": code }] })
}

/// The first field that a refusal names, and what is wrong with it.
fn told(answer: &Answer) -> (u16, String, String) {
    let first = &answer.json["details"][0];
    let word = |name: &str| first[name].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), word("field"), word("issue"))
}

fn refused(field: &str, issue: &str) -> (u16, String, String) {
    (400, field.to_owned(), issue.to_owned())
}
