//! The workflow API over HTTP.

mod door;
mod executions;
mod limits;
mod streams;
mod trials;

use std::sync::Arc;

use floe_runtime::jobs::JobLoop;
use floe_surfaces::http::RateLimits;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, Asking, TestApp};
use crate::flows_runs::all_handlers;

/// A server with an owner and a key of each mode, and its jobs at work.
pub struct World {
    pub app: TestApp,
    pub session: String,
    /// A live key with every scope.
    pub live: String,
    /// A test key with every scope.
    pub test: String,
    _jobs: JobLoop,
}

impl World {
    pub async fn new(store: TestStore) -> Self {
        Self::with_limits(store, RateLimits::Off).await
    }

    pub async fn with_limits(store: TestStore, rate_limits: RateLimits) -> Self {
        let (app, session) = TestApp::owned(store, rate_limits).await;
        let jobs = JobLoop::start(Arc::clone(&app.app.platform), all_handlers(&app.app.flows));
        let mut world = Self { app, session, live: String::new(), test: String::new(), _jobs: jobs };
        world.live = text(&world.new_key(json!({ "mode": "live" })).await["key"]);
        world.test = text(&world.new_key(json!({ "mode": "test" })).await["key"]);
        world
    }

    /// A key of workflows with these members beside what it needs; its whole record.
    pub async fn new_key(&self, more: Value) -> Value {
        let mut body = json!({ "kind": "workflows", "name": "App" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let made = self.console("POST", "/console/v1/keys", Some(&body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json
    }

    /// As the owner in the console.
    pub async fn console(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let asking = self.app.ask(method, path).bearer(&self.session);
        match body {
            Some(body) => asking.json(body).send().await,
            None => asking.send().await,
        }
    }

    /// A workflow of this file; answers its id.
    pub async fn workflow(&self, file: &Value) -> String {
        let made = self.console("POST", "/console/v1/workflows", Some(file)).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(made.json["workflow"]["status"], "active", "{:#}", made.json["validation"]);
        text(&made.json["workflow"]["id"])
    }

    /// With the live key.
    pub fn get(&self, path: &str) -> Asking<'_> {
        self.app.get(path).header("x-api-key", &self.live)
    }

    /// With the live key.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.app.post(path).header("x-api-key", &self.live).json(body).send().await
    }

    /// Starts an execution and answers its id.
    pub async fn execute(&self, workflow: &str, inputs: Value) -> String {
        let started = self.post(&format!("/v1/workflows/{workflow}/execute"), &json!({ "inputs": inputs })).await;
        assert_eq!(started.status, 202, "{started:?}");
        text(&started.json["data"]["execution_id"])
    }

    /// The execution when it is in one of these states.
    pub async fn execution(&self, id: &str, states: &[&str]) -> Value {
        for _ in 0..400 {
            let found = self.get(&format!("/v1/executions/{id}")).send().await;
            assert_eq!(found.status, 200, "{found:?}");
            if states.iter().any(|state| found.json["data"]["status"] == *state) {
                return found.json["data"].clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{id} came to none of {states:?}");
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The code of a refusal.
pub fn code(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.json["error"]["code"].as_str().unwrap_or_default())
}

/// `name` in, `Hello <name>` out; three nodes that only compute.
pub fn greeter() -> Value {
    json!({
        "name": "Greeter",
        "definition": {
            "nodes": {
                "in": { "type": "input", "name": "Name", "config": { "inputName": "name" } },
                "say": {
                    "type": "transform", "name": "Say",
                    "config": { "operation": "template", "template": "Hello {{name}}", "outputVariable": "text" },
                },
                "out": { "type": "output", "name": "Out", "config": { "outputName": "text", "value": "{{text}}" } },
            },
            "edges": [{ "source": "in", "target": "say" }, { "source": "say", "target": "out" }],
        },
    })
}

/// Asks a person for a number, and gives it back.
pub fn reviewed() -> Value {
    json!({
        "name": "Reviewed",
        "nodes": {
            "ask": {
                "type": "humanReview", "name": "Ask",
                "config": { "prompt": "How many?", "variableName": "count", "inputType": "number", "validation": { "min": 1 } },
            },
            "out": { "type": "output", "name": "Out", "config": { "outputName": "count", "value": "{{count}}" } },
        },
        "edges": [{ "source": "ask", "target": "out" }],
    })
}

/// Fails where it computes.
pub fn failing() -> Value {
    json!({
        "name": "Failing",
        "nodes": {
            "in": { "type": "input", "name": "In", "config": { "inputName": "x", "required": false } },
            "bad": { "type": "transform", "name": "Bad", "config": { "operation": "map", "inputData": "{{x}}", "expression": "item" } },
        },
        "edges": [{ "source": "in", "target": "bad" }],
    })
}
