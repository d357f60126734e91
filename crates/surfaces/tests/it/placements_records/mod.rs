//! Apps, keys, screen flows, drafts and versions of placements (placements contract, sections 10 and 12).

mod apps;
mod flows;
mod keys;
mod races;
mod rights;
mod served;
mod versions;

use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// A workspace with an app, and its owner's session.
struct Desk {
    app: TestApp,
    session: String,
    /// `/v1/apps/{appId}`.
    base: String,
}

impl Desk {
    async fn new(store: TestStore) -> Self {
        let (app, session) = TestApp::with_owner(store).await;
        let body = json!({ "name": "Lagos Fit", "platform": "ios" });
        let made = app.post("/v1/apps").bearer(&session).json(&body).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        let base = format!("/v1/apps/{}", id(&made));
        Self { app, session, base }
    }

    /// A call below the app; of the whole API when the path begins with a slash.
    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.call_with(method, path, body, &[]).await
    }

    async fn call_with(&self, method: &str, path: &str, body: Option<&Value>, headers: &[(&str, &str)]) -> Answer {
        let asking = self.app.ask(method, &self.path(path)).bearer(&self.session);
        let asking = headers.iter().fold(asking, |asking, (name, value)| asking.header(name, value));
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

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(&body)).await
    }

    /// A POST that makes something; what it made.
    async fn made(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, 201, "{path}: {answer:?}");
        answer.json
    }

    /// A new screen flow; `flows/{id}`.
    async fn flow(&self, name: &str) -> String {
        let made = self.made("flows", json!({ "name": name, "type": "onboarding" })).await;
        format!("flows/{}", made["id"].as_str().expect("an id"))
    }

    /// Puts a text as it stands into a draft.
    async fn put_text(&self, flow: &str, text: &str) -> Answer {
        let asking = self.app.ask("PUT", &self.path(&format!("{flow}/draft"))).bearer(&self.session);
        asking.header("content-type", "application/json").body(text.as_bytes().to_vec()).send().await
    }

    fn path(&self, path: &str) -> String {
        match path.chars().next() {
            Some('/') => path.to_owned(),
            None | Some('?') => format!("{}{path}", self.base),
            Some(_) => format!("{}/{path}", self.base),
        }
    }
}

fn id(answer: &Answer) -> String {
    answer.json["id"].as_str().expect("an id").to_owned()
}

/// A flow of one screen that passes every check; `title` tells it apart.
fn screen(title: &str) -> Value {
    json!({
        "name": title, "schemaVersion": "1.0.0", "version": 8, "entryNodeId": "s1",
        "nodes": [{ "id": "s1", "kind": "screen", "name": title, "layout": {
            "id": "r", "type": "screenRoot", "children": [
                { "id": "b", "type": "button", "props": { "label": title },
                  "interactions": [{ "id": "i", "event": "onPress", "actions": [{ "kind": "goNext" }] }] },
            ],
        } }],
        "edges": [],
    })
}
