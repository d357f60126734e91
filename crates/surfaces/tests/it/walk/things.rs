//! Makes what the paths of routes name, by the calls of the API itself.

use std::sync::atomic::Ordering;

use floe_model::access::Role;
use floe_model::id::WorkspaceId;
use serde_json::{Value, json};

use super::rows::Thing;
use super::world::{Side, World, new_key};
use crate::app::{Answer, PASSWORD};
use crate::flows_runs::{approval, echo, failing};

impl World {
    /// A new thing of a workspace: an object with what the parameters of paths and the bodies of rows need.
    pub async fn make(&self, side: &Side, thing: Thing) -> Value {
        match thing {
            Thing::None => Value::Null,
            Thing::Flow => json!({ "id": self.draft(side, echo()).await, "version": "1" }),
            Thing::Published => json!({ "id": self.published(side, echo()).await, "version": "1" }),
            Thing::Versions => self.versions(side).await,
            Thing::Ran => {
                let flow = self.published(side, echo()).await;
                for _ in 0..3 {
                    self.run(side, &flow).await;
                }
                json!({ "id": flow })
            }
            Thing::Run => json!({ "id": self.run(side, &self.published(side, echo()).await).await }),
            Thing::Waiting => json!({ "id": self.run(side, &self.published(side, approval()).await).await }),
            Thing::Item => self.item(side).await,
            Thing::Key => self.key(side).await,
            Thing::Token => self.token(side).await,
            Thing::Session => self.session(side).await,
            Thing::Failed => json!({ "id": self.failed(side).await }),
            Thing::Span => json!({ "id": self.run(side, &self.published(side, echo()).await).await, "span_id": "1" }),
            Thing::Link => self.link(side).await,
            Thing::File => self.file(side).await,
            Thing::Variable => {
                self.posted(side, "/console/v1/variables", |at| json!({ "name": format!("V{at}"), "value": "x" })).await
            }
            Thing::Connection => {
                let body =
                    |at| json!({ "name": format!("C{at}"), "provider": "http", "type": "bearer", "secret": "s" });
                self.posted(side, "/console/v1/connections", body).await
            }
            Thing::Group => self.posted(side, "/console/v1/groups", |at| json!({ "name": format!("G{at}") })).await,
            Thing::Invite => {
                let body = |at| json!({ "email": format!("i{at}@floe.test"), "role": "viewer" });
                self.posted(side, "/console/v1/invites", body).await
            }
            Thing::Member => self.member(side).await,
            Thing::Job => self.job(side).await,
            Thing::AuditEntry => {
                self.key(side).await;
                self.get(side, "/console/v1/audit?limit=1").await["data"][0].clone()
            }
            Thing::Recipient => {
                let body = |at| json!({ "name": format!("Payee {at}"), "account_number": format!("{at:010}"), "institution_code": "058" });
                let mut made = self.posted(side, "/api/v1/recipients", body).await;
                made["recipient_id"] = made["id"].clone();
                made
            }
            Thing::ApprovalRule => {
                let body =
                    |at| json!({ "name": format!("Rule {at}"), "condition_type": "amount_above", "threshold": 10 });
                self.posted(side, "/api/v1/org/approval-rules", body).await
            }
            Thing::Block => {
                let body = |at| json!({ "kind": "account_number", "value": format!("{at:010}") });
                self.posted(side, "/api/v1/org/blocklist", body).await
            }
            Thing::TreasuryKey => {
                let body = |at| json!({ "name": format!("Key {at}"), "scopes": ["runs:read"] });
                self.posted(side, "/api/v1/developer/api-keys", body).await
            }
            Thing::PaymentRun | Thing::PaymentRunWaiting | Thing::PaymentRunEnded => {
                super::rows::payment_run(self, side, thing).await
            }
            Thing::App | Thing::Reporter | Thing::PlacementsKey | Thing::ScreenFlow | Thing::ScreenVersion => {
                super::rows::placements_thing(self, side, thing).await
            }
            Thing::Experiment | Thing::ExperimentRunning | Thing::ExperimentPaused => {
                super::rows::experiment(self, side, thing).await
            }
            Thing::Placement | Thing::Audience => super::rows::targeting_thing(self, side, thing).await,
            Thing::Font | Thing::Media => super::rows::placements_file(self, side, thing).await,
            Thing::ScheduledRun => {
                let body = |at| json!({ "objective": format!("Run {at}"), "cron": "0 9 25 * *" });
                self.posted(side, "/api/v1/scheduled-runs", body).await
            }
            Thing::Transaction => super::money::transaction(self, side).await,
            Thing::TreasuryWebhook => self.treasury_webhook(side).await,
            Thing::Agent | Thing::AgentEntry => super::rows::agent(self, side, thing).await,
            Thing::Connected => super::rows::connected_agent(self, side).await,
            Thing::ModelProvider | Thing::Model => super::rows::model(self, side, thing).await,
            Thing::Webhook => self.webhook(side).await,
            Thing::KnowledgeBase | Thing::KnowledgeDocument => super::rows::knowledge(self, side, thing).await,
            Thing::Thread => super::rows::thread(self, side).await,
            Thing::Conversation | Thing::Conversations | Thing::Said | Thing::Memory => {
                super::rows::conversation(self, side, thing).await
            }
            Thing::Trigger | Thing::TriggerRequest | Thing::WorkflowWebhook => {
                super::rows::trigger(self, side, thing).await
            }
            Thing::WorkflowDraft => super::rows::workflow_draft(self, side).await,
            Thing::Workflow | Thing::Execution | Thing::Reviewed => super::rows::workflow(self, side, thing).await,
            Thing::Delivery => {
                let id = text(&self.webhook(side).await["id"]);
                self.post(side, &format!("/console/v1/webhooks/{id}/test"), json!({})).await;
                self.get(side, "/console/v1/deliveries?limit=1").await["data"][0].clone()
            }
            Thing::Event => {
                self.published(side, echo()).await;
                self.get(side, "/console/v1/events?limit=1").await["data"][0].clone()
            }
            Thing::Request => self.request(side).await,
            Thing::Grant => {
                let body = |at| json!({ "mode": "live", "credits": 5, "reference": format!("walk-{at}") });
                self.posted(side, "/console/v1/credits/grants", body).await
            }
        }
    }

    pub async fn post(&self, side: &Side, path: &str, body: Value) -> Answer {
        let answer = self.app.post(path).bearer(&side.session).json(&body).send().await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer
    }

    pub async fn get(&self, side: &Side, path: &str) -> Value {
        let answer = self.app.get(path).bearer(&side.session).send().await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json
    }

    async fn draft(&self, side: &Side, steps: Value) -> String {
        let body = json!({ "name": "Walked", "definition": { "steps": steps } });
        text(&self.post(side, "/v1/flow", body).await.json["_id"])
    }

    async fn published(&self, side: &Side, steps: Value) -> String {
        let flow = self.draft(side, steps).await;
        self.post(side, &format!("/v1/flow/{flow}/publish"), json!({})).await;
        flow
    }

    async fn versions(&self, side: &Side) -> Value {
        let flow = self.published(side, echo()).await;
        for name in ["Second", "Third"] {
            self.post(side, &format!("/v1/flow/{flow}/autosave"), json!({ "name": name })).await;
            if name == "Second" {
                self.post(side, &format!("/v1/flow/{flow}/publish"), json!({})).await;
            }
        }
        json!({ "id": flow, "version": "1" })
    }

    /// A run that the key of this side started, so that every credential of it may see it.
    async fn run(&self, side: &Side, flow: &str) -> String {
        let path = format!("/v1/client/flow/{flow}/execute");
        let answer = self.app.post(&path).bearer(&side.key).json(&json!({ "topic": "tea" })).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("x-flow-run-id").to_owned()
    }

    /// One more webhook of style treasury; old ones make room, since there may be twenty.
    async fn treasury_webhook(&self, side: &Side) -> Value {
        self.make_room(side, "/api/v1/developer/webhooks", 15).await;
        let body = json!({ "url": crate::hooks::url(200), "events": ["run.failed"] });
        let made = self.post(side, "/api/v1/developer/webhooks", body).await.json;
        let one = format!("/api/v1/developer/webhooks/{}", text(&made["id"]));
        self.post(side, &format!("{one}/test"), json!({})).await;
        let log = self.get(side, &format!("{one}/deliveries")).await;
        json!({ "id": made["id"], "delivery_id": log["data"][0]["id"] })
    }

    async fn webhook(&self, side: &Side) -> Value {
        self.make_room(side, "/console/v1/webhooks", 60).await;
        let body =
            json!({ "name": "W", "url": crate::hooks::url(200), "style": "standard", "mode": "any", "events": ["*"] });
        self.post(side, "/console/v1/webhooks", body).await.json
    }

    /// Deletes the oldest of a list that is too long.
    async fn make_room(&self, side: &Side, path: &str, most: usize) {
        let list = self.get(side, &format!("{path}?limit=200")).await;
        for one in list["data"].as_array().into_iter().flatten().skip(most) {
            let path = format!("{path}/{}", text(&one["id"]));
            assert!(self.app.delete(&path).bearer(&side.session).send().await.status.is_success(), "{path}");
        }
    }

    async fn item(&self, side: &Side) -> Value {
        let run = self.run(side, &self.published(side, approval()).await).await;
        let list = self.get(side, "/console/v1/inbox").await;
        let of_run = |item: &&Value| item["links"]["run"].as_str().is_some_and(|link| link.ends_with(&run));
        let item = list["data"].as_array().into_iter().flatten().find(of_run).expect("the question of the run");
        json!({ "id": item["id"], "content_hash": item["content_hash"] })
    }

    async fn key(&self, side: &Side) -> Value {
        new_key(&self.app, &side.session).await;
        self.get(side, "/console/v1/keys?limit=1").await["data"][0].clone()
    }

    async fn token(&self, side: &Side) -> Value {
        self.app.token_of(&side.session, &["console.read"]).await;
        self.get(side, "/console/v1/tokens?limit=1").await["data"][0].clone()
    }

    async fn failed(&self, side: &Side) -> String {
        let flow = self.published(side, failing()).await;
        let path = format!("/v1/client/flow/{flow}/execute");
        let answer = self.app.post(&path).bearer(&side.key).json(&json!({})).send().await;
        assert_eq!(answer.status, 422, "{answer:?}");
        answer.header("x-flow-run-id").to_owned()
    }

    /// A share link of a published flow, as its `token`.
    async fn link(&self, side: &Side) -> Value {
        let flow = self.published(side, takes_file()).await;
        let path = format!("/v1/flow/{flow}");
        let body = json!({ "share": { "enabled": true } });
        let shared = self.app.patch(&path).bearer(&side.session).json(&body).send().await;
        assert_eq!(shared.status, 200, "{shared:?}");
        json!({ "token": shared.json["share"]["token"] })
    }

    async fn file(&self, side: &Side) -> Value {
        let form =
            "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nwords\r\n--cut--\r\n";
        let asking = self.app.post("/v1/flow/file").header("content-type", "multipart/form-data; boundary=cut");
        let made = asking.bearer(&side.session).body(form.as_bytes().to_vec()).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        json!({ "id": made.json["_id"].as_str().or(made.json["id"].as_str()).expect("an id") })
    }

    /// What a POST makes; `body` is told a number that nothing else has.
    pub async fn posted(&self, side: &Side, path: &str, body: impl Fn(u32) -> Value) -> Value {
        let at = self.made.fetch_add(1, Ordering::Relaxed);
        self.post(side, path, body(at)).await.json
    }

    async fn member(&self, side: &Side) -> Value {
        let session = self.get(side, "/console/v1/session").await;
        let workspace = WorkspaceId::parse(session["workspace"]["id"].as_str().expect("an id")).expect("an id");
        let email = format!("m{}@floe.test", self.made.fetch_add(1, Ordering::Relaxed));
        self.app.app.access.add_member(workspace, "Mel", &email, Role::Viewer).await.expect("a member");
        let list = self.get(side, "/console/v1/members?limit=200").await;
        let found = list["data"].as_array().into_iter().flatten().find(|member| member["email"] == email);
        found.expect("the member").clone()
    }

    async fn job(&self, side: &Side) -> Value {
        let run = self.failed(side).await;
        let made = self.post(side, "/console/v1/runs/bulk", json!({ "action": "rerun", "ids": [run] })).await;
        json!({ "id": made.json["job_id"] })
    }

    async fn request(&self, side: &Side) -> Value {
        let answer = self.app.get("/console/v1/keys").bearer(&side.session).send().await;
        while self.app.app.access.flush_requests().await.expect("flushing works") > 0 {}
        json!({ "id": answer.header("x-request-id") })
    }

    async fn session(&self, side: &Side) -> Value {
        self.app.session_of(side.email, PASSWORD).await;
        let list = self.get(side, "/console/v1/sessions").await;
        let other = list["data"].as_array().into_iter().flatten().find(|session| session["current"] == false);
        other.expect("another session").clone()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A flow with an optional file.
fn takes_file() -> Value {
    json!([
        { "id": "start", "type": "api", "data": { "inputs": [{ "key": "doc", "type": "file" }] }, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": { "done": true } } },
    ])
}
