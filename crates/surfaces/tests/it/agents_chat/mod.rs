//! Chat with agents over HTTP (agents contract, section 2), and the threads that come of it (section 6).

mod background;
mod playground;
mod requests;
mod seed;
mod streams;
mod thread_routes;

use floe_agents::exchanges::Keeper;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// A server with an owner, a key of agents in test mode, and an agent that repeats what it is told.
pub struct Desk {
    pub app: TestApp,
    pub session: String,
    pub key: String,
    /// Its id as it is printed.
    pub agent: String,
    _keeper: Keeper,
}

impl Desk {
    pub async fn on(store: TestStore) -> Self {
        let (app, session) = TestApp::with_owner(store).await;
        let key = key(&app, &session, json!({ "kind": "agents", "name": "desk", "mode": "test" })).await;
        let keeper = Keeper::start(&app.app.agents, true);
        let mut desk = Self { app, session, key, agent: String::new(), _keeper: keeper };
        desk.agent = desk.new_agent(json!({})).await;
        desk
    }

    /// Another agent, with these fields beside those that it must have.
    pub async fn new_agent(&self, more: Value) -> String {
        let mut body = json!({ "name": "Desk", "instructions": "Help.", "model": "mock" });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let answer = self.app.post("/api/public/agent").header("authorization", &self.key).json(&body).send().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json["id"].as_str().expect("an id").to_owned()
    }

    /// A path of the agent.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/public/agent/{}{rest}", self.agent)
    }

    pub async fn chat(&self, body: Value) -> Answer {
        self.chat_with(body, &[]).await
    }

    pub async fn chat_with(&self, body: Value, headers: &[(&str, &str)]) -> Answer {
        let mut asking = self.app.post(&self.path("/chat")).header("authorization", &self.key).json(&body);
        for (name, value) in headers {
            asking = asking.header(name, value);
        }
        asking.send().await
    }

    /// A message of a thread; the answer's body.
    pub async fn say(&self, thread: &str, text: &str) -> Value {
        let answer = self.chat(json!({ "messages": text, "thread_id": thread })).await;
        assert_eq!((answer.status.as_u16(), &answer.json["statusCode"]), (200, &json!(200)), "{answer:?}");
        answer.json["body"].clone()
    }

    pub async fn get(&self, rest: &str) -> Answer {
        self.app.get(&self.path(rest)).header("authorization", &self.key).send().await
    }

    pub async fn post(&self, rest: &str, body: Value) -> Answer {
        self.app.post(&self.path(rest)).header("authorization", &self.key).json(&body).send().await
    }

    pub async fn delete(&self, rest: &str) -> Answer {
        self.app.delete(&self.path(rest)).header("authorization", &self.key).send().await
    }

    /// A call of the console by the owner, in test mode.
    pub async fn console(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let asking = self.app.ask(method, path).bearer(&self.session).header("floe-mode", "test");
        match body {
            Some(body) => asking.json(&body).send().await,
            None => asking.send().await,
        }
    }

    /// What is left of the credits of test mode.
    pub async fn balance(&self) -> f64 {
        let answer = self.console("GET", "/console/v1/credits", None).await;
        answer.json["test"]["balance"].as_f64().expect("a number")
    }
}

pub async fn key(app: &TestApp, session: &str, body: Value) -> String {
    let answer = app.post("/console/v1/keys").bearer(session).json(&body).send().await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json["key"].as_str().expect("a key").to_owned()
}

/// The body of an answer as text.
pub fn text(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.clone()).expect("text")
}

/// The events of a stream: names and data.
pub fn events(text: &str) -> Vec<(String, Value)> {
    let blocks = text.split("\n\n").filter(|block| block.starts_with("event: "));
    let parse = |block: &str| {
        let (name, data) = block.split_once('\n').expect("two lines");
        let data = data.strip_prefix("data: ").expect("data");
        let name = name.strip_prefix("event: ").expect("a name");
        (name.to_owned(), serde_json::from_str(data).expect("JSON"))
    };
    blocks.map(parse).collect()
}
