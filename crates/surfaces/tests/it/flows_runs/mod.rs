//! Runs of flows over HTTP, and the inbox of what they ask.

mod execute;
mod home;
mod inbox;
mod joined;
mod live;
mod reads;
mod repeats;
mod reruns;
mod resume;
mod stream;
mod who;

use std::sync::Arc;

use floe_engine::catalog::{EffectSpec, Execution, Field, FieldKind, StepSpec};
use floe_engine::event::StepError;
use floe_flows::runs::handlers;
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use floe_runtime::jobs::JobLoop;
use floe_surfaces::http::RateLimits;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// A step type that does as it is told: gives its value back, fails, or never comes back.
pub struct Probe;

static PROBE: StepSpec = StepSpec {
    key: "probe",
    aliases: &[],
    name: "Probe",
    category: "test",
    description: "Gives `value` back, fails, or hangs.",
    fields: &[
        Field::new("value", "Value", FieldKind::Json, "What to give back."),
        Field::new("mode", "Mode", FieldKind::Text, "fail or hang."),
    ],
    outputs: &[("value", "the value")],
    waits: false,
    execution: Execution::Effect(EffectSpec { touches_world: true, timeout_ms: 60_000, timeout_ms_max: 60_000 }),
};

impl Effect for Probe {
    fn spec(&self) -> &'static StepSpec {
        &PROBE
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            match call.input["mode"].as_str() {
                Some("fail") => Effected::failed(StepError::new("probe_failed", "The probe was told to fail")),
                Some("hang") => std::future::pending().await,
                _ => Effected::done(json!({ "value": call.input["value"] })),
            }
        })
    }
}

/// A server with an owner, a key and a token, and its jobs at work.
pub struct World {
    pub app: TestApp,
    pub session: String,
    pub key: String,
    pub token: String,
    _jobs: JobLoop,
}

impl World {
    pub async fn new(store: TestStore) -> Self {
        Self::with_limits(store, RateLimits::On).await
    }

    /// With other rate limits.
    pub async fn with_limits(store: TestStore, rate_limits: RateLimits) -> Self {
        let (app, session) = TestApp::owned(store, rate_limits).await;
        let jobs = JobLoop::start(Arc::clone(&app.app.platform), all_handlers(&app.app.flows));
        let token = app.token_of(&session, &["flows.read", "flows.run", "console.read", "inbox.answer"]).await;
        let mut world = Self { app, session, key: String::new(), token, _jobs: jobs };
        world.key = world.new_key(&["flows.run", "flows.read"]).await;
        world
    }

    pub async fn new_key(&self, scopes: &[&str]) -> String {
        let body = json!({ "kind": "flows", "name": "App", "mode": "live", "scopes": scopes });
        let made = self.app.post("/console/v1/keys").bearer(&self.session).json(&body).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json["key"].as_str().expect("a key").to_owned()
    }

    /// A published flow of these steps, seen by every member; answers its id.
    pub async fn flow(&self, name: &str, steps: Value) -> String {
        let id = self.draft(name, steps).await;
        let published = self.post(&format!("/v1/flow/{id}/publish"), json!({})).await;
        assert_eq!(published.status, 200, "{published:?}");
        id
    }

    pub async fn draft(&self, name: &str, steps: Value) -> String {
        let body = json!({ "name": name, "visibility": "public", "definition": { "steps": steps } });
        let made = self.post("/v1/flow", body).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json["_id"].as_str().expect("an id").to_owned()
    }

    /// As the owner in the dashboard.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.post(path).bearer(&self.session).json(&body).send().await
    }

    /// As the owner in the dashboard.
    pub async fn get(&self, path: &str) -> Answer {
        self.app.get(path).bearer(&self.session).send().await
    }

    /// As a program with the key.
    pub async fn execute(&self, flow: &str, inputs: Value) -> Answer {
        self.app.post(&format!("/v1/client/flow/{flow}/execute")).bearer(&self.key).json(&inputs).send().await
    }

    /// As the program that started the run.
    pub async fn resume(&self, run: &str, body: Value) -> Answer {
        self.app.post(&format!("/v1/flowrun/resume/{run}")).bearer(&self.key).json(&body).send().await
    }

    /// A run that was started by the key and waits; answers its id.
    pub async fn waiting_run(&self, flow: &str, inputs: Value) -> String {
        let answer = self.execute(flow, inputs).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-flow-run-status")), (200, "waiting"), "{answer:?}");
        answer.header("x-flow-run-id").to_owned()
    }

    /// Another member of the workspace; answers its session.
    pub async fn member(&self, email: &str, role: floe_model::access::Role) -> String {
        let workspace = self.get("/console/v1/session").await.json["workspace"]["id"].clone();
        let workspace = floe_model::id::WorkspaceId::parse(workspace.as_str().expect("an id")).expect("an id");
        self.app.app.access.add_member(workspace, "Mel", email, role).await.expect("a member");
        self.app.session_by_link(email).await
    }
}

/// What the server registers for runs.
pub fn all_handlers(flows: &floe_flows::Flows) -> Vec<Arc<dyn floe_runtime::jobs::JobHandler>> {
    let more = floe_flows::reruns::handlers(flows).into_iter().chain(floe_flows::triggers::handlers(flows));
    handlers(&flows.runs).into_iter().chain(more).collect()
}

/// start → what → end.
pub fn steps(step: Value, outputs: Value) -> Value {
    let mut step = step;
    step["id"] = json!("it");
    step["nextStepId"] = json!("end");
    json!([
        { "id": "start", "type": "api", "data": { "inputs": [{ "key": "topic", "type": "text" }] }, "nextStepId": "it" },
        step,
        { "id": "end", "type": "final", "data": { "outputs": outputs } },
    ])
}

pub fn approval() -> Value {
    let ask = json!({ "type": "user-approval", "name": "Confirm", "data": { "message": "Send {{ topic }}?" } });
    steps(
        ask,
        json!({ "said": "{{ approval.decision }}", "comment": "{{ approval.comment }}", "by": "{{ approval.decidedBy }}" }),
    )
}

pub fn form() -> Value {
    let fields = json!([{ "key": "size", "type": "number", "required": true }, { "key": "note", "type": "text" }]);
    let ask = json!({ "type": "show-form", "name": "Form", "data": { "title": "Order", "fields": fields }, "output": "form" });
    steps(ask, json!({ "size": "{{ form.size }}" }))
}

pub fn tool() -> Value {
    let data = json!({ "toolName": "pick", "parameters": { "from": "{{ topic }}" } });
    steps(
        json!({ "type": "client-tool", "name": "Pick", "data": data, "output": "picked" }),
        json!({ "got": "{{ picked }}" }),
    )
}

pub fn echo() -> Value {
    let step = json!({ "type": "probe", "data": { "value": "{{ topic }}" }, "output": "said" });
    steps(step, json!({ "text": "{{ said.value }}" }))
}

pub fn failing() -> Value {
    steps(json!({ "type": "probe", "name": "Break", "data": { "mode": "fail" } }), json!({ "never": 1 }))
}

pub fn hanging() -> Value {
    steps(json!({ "type": "probe", "data": { "mode": "hang" } }), json!({ "never": 1 }))
}
