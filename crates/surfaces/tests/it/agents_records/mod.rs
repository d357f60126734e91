//! Agents as records, their usage, activity and numbers, on the agent API and on the console (agents contract, sections 1, 3, 5, 6).

mod activity;
mod doors;
mod records;
mod usage;

use floe_store::Tx;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// A workspace with an agent, a key of every scope, and its owner's session.
pub(crate) struct Office {
    pub app: TestApp,
    pub session: String,
    pub key: String,
    /// The id of the agent.
    pub agent: String,
}

impl Office {
    pub async fn new(store: TestStore) -> Self {
        let (app, session) = TestApp::with_owner(store).await;
        let key = key_with(&app, &session, json!({ "mode": "live" })).await;
        let mut office = Self { app, session, key, agent: String::new() };
        let made = office.call("POST", "/api/public/agent", Some(&helper())).await;
        assert_eq!(made.status, 201, "{made:?}");
        office.agent = made.json["id"].as_str().expect("an id").to_owned();
        office
    }

    /// A call of the agent API with the key; a path that begins with /api is the whole one, any other is below the agent.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.call_as(&self.key, method, path, body).await
    }

    pub async fn call_as(&self, key: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let path = self.path(path);
        let asking = self.app.ask(method, &path).header("authorization", key);
        match body {
            Some(body) => asking.json(body).send().await,
            None => asking.send().await,
        }
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json
    }

    pub async fn patch(&self, body: Value) -> Answer {
        self.call("PATCH", "", Some(&body)).await
    }

    /// A call of the console by the owner.
    pub async fn console(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let asking = self.app.ask(method, &format!("/console/v1{path}")).bearer(&self.session);
        match body {
            Some(body) => asking.json(body).send().await,
            None => asking.send().await,
        }
    }

    /// Another key of agents.
    pub async fn key_with(&self, more: Value) -> String {
        key_with(&self.app, &self.session, more).await
    }

    /// Writes into the database.
    pub async fn write(&self, mut write: impl FnMut(&mut Tx<'_>) + Send + 'static) {
        let act = move |tx: &mut Tx<'_>| {
            write(tx);
            Ok(())
        };
        self.app.store.write(act).await.expect("written");
    }

    fn path(&self, path: &str) -> String {
        if path.starts_with("/api/") { path.to_owned() } else { format!("/api/public/agent/{}{path}", self.agent) }
    }
}

/// What is answered, as the text that went over the wire would be compared: status and body.
pub(crate) fn told(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json.to_string())
}

fn helper() -> Value {
    json!({ "name": "Helper", "instructions": "Help people with their orders." })
}

async fn key_with(app: &TestApp, session: &str, more: Value) -> String {
    let mut body = json!({ "kind": "agents", "name": "Shop", "mode": "live" });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let made = app.post("/console/v1/keys").bearer(session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["key"].as_str().expect("a key").to_owned()
}
