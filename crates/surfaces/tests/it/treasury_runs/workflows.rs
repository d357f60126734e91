//! Payment runs that workflows call: they pause for them, go on with what came of them, and take them back when they end before.

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_model::access::Role;
use floe_model::id::{FlowId, PaymentRunId, RunId, parse_bits};
use floe_runtime::child_runs::{ChildCall, ChildRuns, Hindrance};
use floe_runtime::jobs::JobLoop;
use floe_store::access::memberships;
use floe_store::platform::child_calls::{self, ChildCall as ChildCallRow};
use floe_surfaces::treasury::PaymentRuns;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::house::{House, candidate};
use crate::flows_runs::all_handlers;
use crate::workflows::text;

/// A treasury whose workflows run.
struct Desk {
    house: House,
    key: String,
    _jobs: JobLoop,
}

impl Desk {
    async fn new(store: floe_testkit::store::TestStore) -> Self {
        let house = House::new(store).await;
        let jobs = JobLoop::start(Arc::clone(&house.app.app.platform), all_handlers(&house.app.app.flows));
        let body = json!({ "kind": "workflows", "name": "App", "mode": "test" });
        let made = house.app.post("/console/v1/keys").bearer(&house.owner).json(&body).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        Self { key: text(&made.json["key"]), house, _jobs: jobs }
    }

    /// A workflow that pays with this configuration; its id.
    async fn workflow(&self, pay: Value) -> String {
        let mut config = json!({ "objective": "Pay {{who}}", "candidates": "{{list}}", "outputVariable": "paid" });
        config.as_object_mut().expect("an object").extend(pay.as_object().expect("an object").clone());
        let file = json!({
            "name": "Payday",
            "nodes": {
                "who": { "type": "input", "name": "Who", "config": { "inputName": "who" } },
                "list": { "type": "input", "name": "List", "config": { "inputName": "list", "inputType": "json" } },
                "pay": { "type": "paymentRun", "name": "Pay", "config": config },
                "out": { "type": "output", "name": "Out", "config": { "outputName": "paid", "value": "{{paid}}" } },
            },
            "edges": [{ "source": "who", "target": "list" }, { "source": "list", "target": "pay" }, { "source": "pay", "target": "out" }],
        });
        let made = self.house.app.post("/console/v1/workflows").bearer(&self.house.owner).json(&file).send().await;
        assert_eq!((made.status.as_u16(), &made.json["workflow"]["status"]), (201, &json!("active")), "{made:?}");
        text(&made.json["workflow"]["id"])
    }

    async fn execute(&self, workflow: &str, list: Value) -> String {
        let body = json!({ "inputs": { "who": "the suppliers", "list": list } });
        let path = format!("/v1/workflows/{workflow}/execute");
        let started = self.house.app.post(&path).header("x-api-key", &self.key).json(&body).send().await;
        assert_eq!(started.status, 202, "{started:?}");
        text(&started.json["data"]["execution_id"])
    }

    async fn execution(&self, id: &str, state: &str) -> Value {
        let mut seen = Value::Null;
        for _ in 0..1_200 {
            let path = format!("/v1/executions/{id}");
            seen = self.house.app.get(&path).header("x-api-key", &self.key).send().await.json["data"].clone();
            if seen["status"] == state {
                return seen;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{id} does not come to {state}: {seen}");
    }

    /// The payment runs that an execution has called, in the joined list.
    async fn called(&self, execution: &str) -> Vec<Value> {
        let path = format!("/console/v1/runs?kind=payment&parent_id={execution}");
        let found = self.house.app.get(&path).bearer(&self.house.owner).send().await;
        assert_eq!(found.status, 200, "{found:?}");
        found.json["data"].as_array().expect("a list").clone()
    }

    /// An execution of a new workflow that waits for its payment run, which waits for approval; both ids.
    async fn waiting(&self, list: Value) -> (String, String) {
        let execution = self.execute(&self.workflow(json!({})).await, list).await;
        self.execution(&execution, "paused").await;
        let run = text(&self.called(&execution).await[0]["id"]);
        self.house.until(&run, "awaiting_approval").await;
        (execution, run)
    }
}

fn two() -> Value {
    // As a file or a computation may give them: other spellings, and an amount as a text.
    json!([
        { "beneficiaryName": "Adaeze Okonkwo", "accountNumber": "0108024071", "institutionCode": "058", "amount": "400.00" },
        candidate("Bola Ade", "0263874788", 300.5),
    ])
}

fn bits(id: &str) -> u128 {
    parse_bits(id).expect("an id")
}

on_both! {
    async fn a_workflow_prepares_payments_and_goes_on_when_they_are_made(store: TestStore) {
        let desk = Desk::new(store).await;
        desk.house.fund(1_000).await;
        let (execution, run) = desk.waiting(two()).await;
        let listed = desk.called(&execution).await[0].clone();
        assert_eq!(
            json!([listed["name"], listed["trigger"], listed["source"], listed["status"], listed["started_by"]["type"],
                listed["started_by"]["name"], bits(listed["parent_id"].as_str().expect("a parent")) == bits(&execution)]),
            json!(["Pay the suppliers", "workflow", "workflow", "waiting", "workflow", "Workflow Payday", true])
        );
        let own = desk.house.get(&format!("/runs/{run}")).await;
        assert_eq!((&own["created_by"], &own["totals"]["amount"]), (&json!("Workflow Payday"), &json!(700.5)), "{own}");
        let parent = desk.house.app.get(&format!("/console/v1/runs/{execution}")).bearer(&desk.house.owner).send().await.json;
        let item = format!("inb_{}", floe_model::id::to_base32(bits(&run)));
        assert_eq!(
            json!([parent["status"], parent["waiting_on"]["kind"], parent["waiting_on"]["inbox_id"]]),
            json!(["waiting", "payment-run", item]), "{parent}"
        );
        let paused = desk.execution(&execution, "paused").await["pause_context"].clone();
        assert_eq!(json!([paused["reason"], paused["node_id"]]), json!(["payment_run", "pay"]), "{paused}");
        let answer = desk.house.app.post(&format!("/v1/executions/{execution}/submit-response"))
            .header("x-api-key", &desk.key).json(&json!({ "response": "completed" })).send().await;
        assert_eq!(answer.status, 400, "nobody but the treasury says that it was paid: {answer:?}");

        let approved = desk.house.post(&desk.house.owner, &format!("/runs/{run}/approve"), json!({})).await;
        assert_eq!(approved.status, 200, "{approved:?}");
        let done = desk.execution(&execution, "completed").await;
        let paid = &done["outputs"]["paid"];
        assert_eq!(
            json!([paid["payment_run_id"], paid["status"], paid["succeeded_count"], paid["failed_count"], paid["total_payout_amount"],
                paid["currency"]]),
            json!([run, "completed", 2, 0, 700.5, "NGN"])
        );
        assert_eq!(desk.called(&execution).await.len(), 1);
    }

    async fn what_is_wrong_with_a_payment_is_named_at_its_place(store: TestStore) {
        let desk = Desk::new(store).await;
        let workflow = desk.workflow(json!({})).await;
        let list = json!([candidate("Adaeze Okonkwo", "0108024071", 400.0), candidate("Bola Ade", "123", 300.0)]);
        let execution = desk.execute(&workflow, list).await;
        let failed = desk.execution(&execution, "failed").await;
        let message = failed["error"]["message"].as_str().expect("a message");
        assert!(message.contains("candidates/1/account_number must be exactly 10 digits"), "{failed}");
        assert_eq!(failed["error"]["node_id"], "pay", "{failed}");
        assert!(desk.called(&execution).await.is_empty());
    }

    async fn nobody_pays_without_the_role_for_it(store: TestStore) {
        let desk = Desk::new(store).await;
        let scope = desk.house.scope().await;
        let viewer = desk.house.app.app.access.add_member(scope.workspace, "vic", "vic@floe.test", Role::Viewer).await;
        let viewer = viewer.expect("a member");
        let runs = PaymentRuns::new(Arc::clone(&desk.house.app.app.treasury));
        let call = |owner, key: &str| ChildCall {
            scope, caller: RunId(7), key: key.to_owned(), step: "pay".to_owned(), flow: FlowId(8), flow_name: "Payday".to_owned(), owner,
            starter: None,
            input: Arc::new(json!({ "objective": "Pay", "candidates": two() })),
        };
        for owner in [None, Some(viewer)] {
            match runs.start(call(owner, "pay:0:1")).await {
                Err(Hindrance::Refused(StepError { code, .. })) => assert_eq!(code, "AUTH"),
                other => panic!("{other:?}"),
            }
        }
        let store = &desk.house.app.app.platform.store;
        let owner = store.read(move |tx| {
            let all = memberships::list(tx, scope.workspace, &memberships::Filter::default(),
                memberships::Page { after: None, limit: 10, newest_first: false })?;
            Ok(all.into_iter().find(|colleague| colleague.role == Role::Owner).expect("an owner").member)
        }).await.expect("a read");
        // The same call again, as after a crash, is the same run; another pass is another one.
        let first = runs.start(call(Some(owner), "pay:0:1")).await.expect("it begins");
        assert_eq!(runs.start(call(Some(owner), "pay:0:1")).await.expect("it is there"), first);
        assert_ne!(runs.start(call(Some(owner), "pay:1:1")).await.expect("it begins"), first);
        // Of calls at the same time, as two nodes may make them, there is one run.
        let both = tokio::join!(runs.start(call(Some(owner), "pay:2:1")), runs.start(call(Some(owner), "pay:2:1")));
        assert_eq!(both.0.expect("it begins"), both.1.expect("it begins"));
        // A call that was given up makes none.
        let void = ChildCallRow { caller: RunId(7), key: "pay:3:1".to_owned(), step: String::new(), child: None, author: None,
            created_at: desk.house.app.app.platform.clock.now() };
        store.write(move |tx| child_calls::note(tx, scope, &void)).await.expect("a note");
        assert!(matches!(runs.start(call(Some(owner), "pay:3:1")).await, Err(Hindrance::Refused(_))));
        let run = desk.house.until(&PaymentRunId(first.0).to_string(), "awaiting_approval").await;
        assert_eq!(run["candidate_count"], 2, "{run}");
        assert!(matches!(runs.outcome(scope.workspace, first).await, Ok(None)), "it goes on");
    }

    async fn an_end_of_one_ends_the_other(store: TestStore) {
        let desk = Desk::new(store).await;
        desk.house.fund(1_000).await;
        let (execution, run) = desk.waiting(two()).await;
        let cancelled = desk.house.post(&desk.house.owner, &format!("/runs/{run}/cancel"), json!({})).await;
        assert_eq!(cancelled.status, 200, "{cancelled:?}");
        let failed = desk.execution(&execution, "failed").await;
        assert_eq!(failed["error"]["message"], "The payment run was cancelled", "{failed}");

        let (execution, run) = desk.waiting(two()).await;
        let path = format!("/console/v1/runs/{execution}/cancel");
        let stopped = desk.house.app.post(&path).bearer(&desk.house.owner).json(&json!({})).send().await;
        assert_eq!(stopped.status, 200, "{stopped:?}");
        let run = desk.house.until(&run, "cancelled").await;
        assert_eq!(run["error"], "cancelled", "{run}");

        // What was released is paid, whoever waits for it.
        let (execution, run) = desk.waiting(two()).await;
        desk.house.post(&desk.house.owner, &format!("/runs/{run}/approve"), json!({})).await;
        desk.house.app.post(&format!("/console/v1/runs/{execution}/cancel")).bearer(&desk.house.owner).json(&json!({})).send().await;
        desk.house.until(&run, "completed").await;
    }

    async fn whoever_starts_a_workflow_does_not_approve_what_it_pays(store: TestStore) {
        let desk = Desk::new(store).await;
        desk.house.fund(1_000).await;
        let (abe, bea) = (desk.house.member("abe@floe.test", Role::Approver).await, desk.house.member("bea@floe.test", Role::Approver).await);
        let workflow = desk.workflow(json!({})).await;
        let body = json!({ "inputs": { "who": "Abe", "list": two() } });
        let started = desk.house.app.post(&format!("/console/v1/automations/{workflow}/test")).bearer(&desk.house.owner).json(&body).send().await;
        assert_eq!(started.status, 202, "{started:?}");
        let execution = text(&started.json["run_id"]);
        desk.execution(&execution, "paused").await;
        let run = text(&desk.called(&execution).await[0]["id"]);
        desk.house.until(&run, "awaiting_approval").await;
        // The owner wrote it and started it.
        let own = desk.house.post(&desk.house.owner, &format!("/runs/{run}/approve"), json!({})).await;
        assert_eq!(own.status, 403, "{own:?}");
        let other = desk.house.post(&abe, &format!("/runs/{run}/approve"), json!({})).await;
        assert_eq!(other.status, 200, "{other:?} {bea}");
        desk.execution(&execution, "completed").await;
    }

    async fn nothing_approved_is_no_success(store: TestStore) {
        let desk = Desk::new(store).await;
        let (execution, run) = desk.waiting(two()).await;
        let rejected = desk.house.post(&desk.house.owner, &format!("/runs/{run}/reject"), json!({ "reason": "not due" })).await;
        assert_eq!(rejected.status, 200, "{rejected:?}");
        let failed = desk.execution(&execution, "failed").await;
        assert_eq!(failed["error"]["message"], "Every payment of the run was rejected", "{failed}");
    }

    async fn a_list_that_came_to_nothing_pays_nobody(store: TestStore) {
        let desk = Desk::new(store).await;
        let workflow = desk.workflow(json!({ "candidates": "{{missing.list}}" })).await;
        let execution = desk.execute(&workflow, two()).await;
        let failed = desk.execution(&execution, "failed").await;
        assert!(failed["error"]["message"].as_str().is_some_and(|text| text.contains("candidates is empty")), "{failed}");
    }

    async fn nobody_need_wait(store: TestStore) {
        let desk = Desk::new(store).await;
        let workflow = desk.workflow(json!({ "mode": "detach" })).await;
        let execution = desk.execute(&workflow, two()).await;
        let done = desk.execution(&execution, "completed").await;
        let run = text(&done["outputs"]["paid"]["payment_run_id"]);
        assert_eq!(done["outputs"]["paid"]["status"], "pending", "{done}");
        desk.house.until(&run, "awaiting_approval").await;
        assert_eq!(desk.called(&execution).await[0]["id"], json!(run));
    }
}
