//! Runs that repeat others: what was finished is not done again, as a receiver on this machine sees it, nor after a kill.

use floe_flows::reruns::{Prepared, RerunFrom, RerunVersion, RerunWish};
use floe_model::flows::FlowSettings;
use floe_model::id::RunId;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::stage::{Stage, decision, done, record};
use crate::stub::{self, Stub};

impl Stage {
    pub(crate) async fn prepare(&self, run: RunId, wish: RerunWish) -> Prepared {
        self.flows.prepare_rerun(&self.ctx(), run, wish, None).await.expect("a run that can be repeated")
    }

    /// Writes a repetition and does not take it up.
    pub(crate) async fn write(&self, prepared: &Prepared) -> RunId {
        let written = prepared.clone();
        self.flows.platform.store.write(move |tx| written.write(tx)).await.expect("a written run");
        prepared.run
    }

    async fn repeat(&self, run: RunId, wish: RerunWish) -> (RunId, Prepared) {
        let prepared = self.prepare(run, wish).await;
        self.write(&prepared).await;
        self.flows.take_up(&prepared);
        (prepared.run, prepared)
    }

    /// Steps of a run as `id status`, with a star for those whose results were taken over.
    async fn told(&self, run: RunId) -> Vec<String> {
        let found = self.flows.run_history(&self.ctx(), run).await.expect("a run");
        let plan = found.history.machine.plan();
        let line = |step: &floe_engine::records::StepRecord| {
            let star = if step.reused { "*" } else { "" };
            format!("{} {}{star}", plan.node(step.node).id, step.status.as_str())
        };
        found.history.steps.iter().map(line).collect()
    }
}

fn request(stub: &Stub, id: &str, method: &str, next: &str) -> Value {
    let data = json!({ "url": stub.url(&format!("/{id}")), "method": method });
    json!({ "id": id, "type": "http-request", "data": data, "output": id, "nextStepId": next })
}

fn seen(stub: &Stub) -> Vec<String> {
    stub.requests().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

on_both! {
    async fn a_receiver_gets_nothing_twice(store: TestStore) {
        let stage = Stage::open(&store).await;
        let stub = Stub::start(|request| match (request.path.as_str(), request.before) {
            ("/mail", 0) => stub::json(500, "{}"),
            _ => stub::json(200, r#"{"rate":7}"#),
        })
        .await;
        let ask = json!({ "id": "ask", "type": "user-approval", "data": { "message": "Pay {{ first.body.rate }}?" }, "nextStepId": "pay" });
        let steps = json!([
            request(&stub, "first", "GET", "ask"),
            ask,
            request(&stub, "pay", "POST", "mail"),
            request(&stub, "mail", "POST", "end"),
            done(json!({ "rate": "{{ first.body.rate }}", "by": "{{ approval.decidedBy }}" })),
        ]);
        let flow = stage.publish(steps, FlowSettings::default()).await;
        let run = stage.run(flow, json!({})).await.run;
        let failed = stage.answer(run, decision(true)).await.expect("an answer");
        assert_eq!(failed.status, "failed", "{failed:?}");
        assert_eq!(seen(&stub), ["GET /first", "POST /pay", "POST /mail"]);

        // From what it had not finished: only the mail.
        let (second, told) = stage.repeat(run, RerunWish::from(RerunFrom::Unfinished)).await;
        let ended = stage.settled(second).await;
        assert_eq!(ended.output.as_deref(), Some(&json!({ "rate": 7, "by": "Ann" })), "{ended:?}");
        assert_eq!(seen(&stub)[3..], ["POST /mail"]);
        assert_eq!(told.foreseen.reused, ["first", "ask", "pay"]);
        assert_eq!(told.foreseen.again, ["mail", "end"]);
        assert_eq!(stage.told(second).await, ["first completed*", "ask completed*", "pay completed*", "mail completed", "end completed"]);
        let keys: Vec<String> = stub.requests().iter().map(|request| request.header("x-flow-step-key").to_owned()).collect();
        assert_eq!(keys[3], format!("{second}:mail:0"), "a new run has its own keys");

        // From the start: what only reads is read again, the approval holds, nothing is sent.
        let (third, told) = stage.repeat(second, RerunWish::from(RerunFrom::Start)).await;
        assert_eq!(stage.settled(third).await.status, "completed");
        assert_eq!(seen(&stub)[4..], ["GET /first"]);
        assert_eq!(told.foreseen.kept_approvals, ["ask"]);
        assert_eq!(stage.told(third).await, ["first completed", "ask completed*", "pay completed*", "mail completed*", "end completed"]);

        // From a step, with everything sent again because that is wished.
        let wish = RerunWish { repeat_effects: true, ..RerunWish::from(RerunFrom::Step("pay".to_owned())) };
        let (fourth, _) = stage.repeat(third, wish).await;
        assert_eq!(stage.settled(fourth).await.status, "completed");
        assert_eq!(seen(&stub)[5..], ["POST /pay", "POST /mail"]);
    }

    async fn a_repetition_that_was_written_goes_on_after_a_kill(store: TestStore) {
        let stage = Stage::open(&store).await;
        let steps = json!([
            record("first", Some("second"), json!({ "value": 1 })),
            record("second", Some("third"), json!({ "held": true })),
            record("third", Some("end"), json!({})),
            done(json!({ "first": "{{ first.value }}" })),
        ]);
        let flow = stage.publish(steps, FlowSettings::default()).await;
        let run = stage.begin(flow).await;
        stage.calls.wait_for(2).await;
        stage.cancel(run).await.expect("a cancelled run");
        let prepared = stage.prepare(run, RerunWish::from(RerunFrom::Unfinished)).await;
        assert_eq!(prepared.foreseen.reused, ["first"]);

        // Killed after it was accepted and before it moved.
        let again = stage.write(&prepared).await;
        let stage = stage.restart().await;
        stage.calls.wait_for(3).await;
        // Killed while it moves.
        let stage = stage.restart().await;
        stage.calls.wait_for(4).await;
        stage.calls.release(10);
        let ended = stage.settled(again).await;
        assert_eq!(ended.output.as_deref(), Some(&json!({ "first": 1 })));
        assert_eq!(stage.calls.steps(), ["first", "second", "second", "second", "third"]);
        let keys = stage.calls.keys();
        assert!(keys[2].starts_with(&again.to_string()) && keys[2] == keys[3], "{keys:?}");
        assert_eq!(stage.told(again).await[0], "first completed*");
    }

    async fn which_runs_can_be_repeated_and_how(store: TestStore) {
        let stage = Stage::open(&store).await;
        let ask = json!({ "id": "first", "type": "user-approval", "data": { "message": "Go?" }, "nextStepId": "end" });
        let flow = stage.publish(json!([ask, done(json!({}))]), FlowSettings::default()).await;
        let run = stage.run(flow, json!({})).await.run;
        let refused = async |wish: RerunWish| {
            let fault = stage.flows.prepare_rerun(&stage.ctx(), run, wish, None).await.expect_err("a refusal");
            (fault.code().to_owned(), fault.fields().first().map(|field| field.path.clone()))
        };
        let start = || RerunWish::from(RerunFrom::Start);
        assert_eq!(refused(start()).await.0, "conflict", "a run that waits is not over");
        stage.answer(run, decision(false)).await.expect("an answer");
        assert_eq!(refused(RerunWish { only_unsuccessful: true, ..start() }).await.0, "conflict", "it has completed");
        let unknown = refused(RerunWish::from(RerunFrom::Step("nowhere".to_owned()))).await;
        assert_eq!(unknown, ("validation_error".to_owned(), Some("/from_step".to_owned())));
        assert_eq!(refused(RerunWish { version: RerunVersion::Number(9), ..start() }).await.0, "not_found");
        // A rejection is no approval: it is asked again.
        let (again, told) = stage.repeat(run, start()).await;
        assert_eq!(told.foreseen.kept_approvals, Vec::<String>::new());
        assert_eq!(stage.settled(again).await.status, "waiting");
        let row = stage.flows.run_item(&stage.ctx(), again).await.expect("a run");
        assert_eq!(row.listed.rerun_of, Some(run));
    }
}
