//! Starting, waiting, answering, cancelling, calling.

use floe_flows::runs::Limits;
use floe_model::flows::FlowSettings;
use floe_store::flows::runs::{RunFilter, RunOrder};
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::stage::{Stage, decision, done, record};

fn settings(value: Value) -> FlowSettings {
    serde_json::from_value(value).expect("settings")
}

fn none() -> FlowSettings {
    FlowSettings::default()
}

on_both! {
    async fn effects_happen_in_order_once_and_their_results_make_the_output(store: TestStore) {
        let stage = Stage::open(&store).await;
        let steps = json!([
            record("first", Some("second"), json!({ "value": "{{who}}" })),
            record("second", Some("end"), json!({ "value": "{{first.value}}!" })),
            done(json!({ "said": "{{second.value}}" })),
        ]);
        let flow = stage.publish(steps, none()).await;
        let state = stage.run(flow, json!({ "who": "Bola" })).await;
        assert_eq!(state.status, "completed");
        assert_eq!(state.output.as_deref(), Some(&json!({ "said": "Bola!" })));
        assert_eq!(stage.calls.steps(), ["first", "second"]);
        let key = format!("{}:first:0", state.run);
        assert_eq!(stage.calls.keys()[0], key);
        let read = stage.flows.run_history(&stage.ctx(), state.run).await.expect("a history");
        assert_eq!(read.state.output, state.output);
        assert_eq!(read.row.status, "completed");
    }

    async fn a_failing_step_is_tried_again_and_then_fails_the_run(store: TestStore) {
        let stage = Stage::open(&store).await;
        let retry = json!({ "maxAttempts": 3, "intervalMs": 1 });
        let step = |fails: u32| {
            let mut step = record("first", Some("end"), json!({ "failTimes": fails }));
            step["retry"] = retry.clone();
            json!([step, done(json!({ "attempt": "{{first.attempt}}" }))])
        };
        let flow = stage.publish(step(2), none()).await;
        assert_eq!(stage.run(flow, json!({})).await.output.as_deref(), Some(&json!({ "attempt": 3 })));
        let flow = stage.publish(step(3), none()).await;
        let state = stage.run(flow, json!({})).await;
        let error = state.error.expect("an error");
        assert_eq!((state.status, error.code.as_str(), error.attempt), ("failed", "flaky", 3));
    }

    async fn a_step_that_panics_fails_its_run_and_nothing_else(store: TestStore) {
        let stage = Stage::open(&store).await;
        let flow = stage.publish(json!([record("first", None, json!({ "panics": true }))]), none()).await;
        assert_eq!(stage.run(flow, json!({})).await.error.expect("an error").code, "internal_error");
        let flow = stage.publish(json!([record("first", None, json!({}))]), none()).await;
        assert_eq!(stage.run(flow, json!({})).await.status, "completed");
    }

    async fn of_many_equal_answers_exactly_one_counts(store: TestStore) {
        let stage = std::sync::Arc::new(Stage::open(&store).await);
        let steps = json!([
            { "id": "first", "type": "user-approval", "data": { "message": "Go on?" }, "nextStepId": "act" },
            record("act", Some("end"), json!({})),
            done(json!({ "decision": "{{approval.decision}}" })),
        ]);
        let flow = stage.publish(steps, none()).await;
        let state = stage.run(flow, json!({})).await;
        assert_eq!((state.status, state.wait.as_ref().map(|wait| wait.kind)), ("waiting", Some("user-approval")));
        let answers: Vec<_> = (0..50)
            .map(|_| {
                let (stage, run) = (std::sync::Arc::clone(&stage), state.run);
                tokio::spawn(async move { stage.answer(run, decision(true)).await })
            })
            .collect();
        let mut accepted = 0;
        for answer in answers {
            match answer.await.expect("no panic") {
                Ok(state) => {
                    accepted += 1;
                    assert_eq!(state.output.as_deref(), Some(&json!({ "decision": "approve" })));
                }
                Err(fault) => assert!(["run_not_waiting", "already_resumed"].contains(&fault.code()), "{fault}"),
            }
        }
        assert_eq!((accepted, stage.calls.steps()), (1, vec!["act".to_owned()]));
    }

    async fn a_cancelled_run_drops_its_effect_and_stays_cancelled(store: TestStore) {
        let stage = Stage::open(&store).await;
        let steps = json!([record("first", Some("second"), json!({ "held": true })), record("second", None, json!({}))]);
        let flow = stage.publish(steps, none()).await;
        let run = stage.begin(flow).await;
        stage.calls.wait_for(1).await;
        assert_eq!(stage.cancel(run).await.expect("cancelled").status, "cancelled");
        stage.calls.release(1);
        assert_eq!(stage.cancel(run).await.expect_err("refused").code(), "run_finished");
        assert_eq!((stage.settled(run).await.status, stage.calls.steps().len()), ("cancelled", 1));
    }

    async fn a_delay_ends_by_itself_whether_it_is_short_or_long(store: TestStore) {
        let stage = Stage::open(&store).await;
        for (seconds, first) in [(0.1, "completed"), (5.5, "waiting")] {
            let delay = json!({ "id": "first", "type": "delay", "data": { "seconds": seconds }, "nextStepId": "end" });
            let flow = stage.publish(json!([delay, done(json!({ "ok": true }))]), none()).await;
            let state = stage.run(flow, json!({})).await;
            assert_eq!(state.status, first);
            let state = stage.flows.poll_run(&stage.ctx(), state.run, state.revision, 9_000).await.expect("a run").state.clone();
            assert_eq!(state.status, "completed");
        }
    }

    async fn a_parent_waits_for_its_child_and_passes_answers_on(store: TestStore) {
        let stage = Stage::open(&store).await;
        let child = json!([
            { "id": "first", "type": "user-approval", "data": { "message": "Child?" }, "nextStepId": "end" },
            done(json!({ "child": "{{approval.decision}}" })),
        ]);
        let child = stage.publish(child, none()).await;
        let call = json!({ "id": "first", "type": "call-flow", "data": { "flowId": child.to_string() }, "output": "c", "nextStepId": "end" });
        let parent = stage.publish(json!([call, done(json!({ "got": "{{c.child}}" }))]), none()).await;
        let state = stage.run(parent, json!({})).await;
        assert_eq!(state.wait.as_ref().map(|wait| wait.kind), Some("sub-flow"));
        let state = stage.answer(state.run, decision(false)).await.expect("an answer");
        assert_eq!(state.output.as_deref(), Some(&json!({ "got": "reject" })));
        let nowhere = json!({ "id": "first", "type": "call-flow", "data": { "flowId": "{{missing}}" }, "nextStepId": null });
        let flow = stage.publish(json!([nowhere]), none()).await;
        assert_eq!(stage.run(flow, json!({})).await.error.expect("an error").code, "sub_flow_failed");
    }

    async fn a_failed_run_starts_its_error_flow_once(store: TestStore) {
        let stage = Stage::open(&store).await;
        let handler = stage.publish(json!([record("first", None, json!({ "value": "{{error.code}}" }))]), none()).await;
        let failing = json!([record("first", None, json!({ "failTimes": 9 }))]);
        let flow = stage.publish(failing, settings(json!({ "errorFlowId": handler.to_string() }))).await;
        let failed = stage.run(flow, json!({})).await;
        assert_eq!(failed.status, "failed");
        stage.calls.wait_for(2).await;
        let (ctx, newest) = (stage.ctx(), RunOrder::Newest);
        let page = stage.flows.list_runs(&ctx, handler, RunFilter::default(), newest, 10, 0).await.expect("a list");
        assert_eq!((page.total, page.rows[0].source_kind.as_str()), (1, "error-flow"));
    }

    async fn runs_over_the_limit_queue_and_follow_in_turn(store: TestStore) {
        let limits = Limits { shards: 2, runs_per_workspace: 1, queue_max: 2 };
        let stage = Stage::with(&store, limits).await;
        let flow = stage.publish(json!([record("first", None, json!({ "held": true }))]), none()).await;
        let one = stage.begin(flow).await;
        stage.calls.wait_for(1).await;
        let (two, three) = (stage.begin(flow).await, stage.begin(flow).await);
        assert_eq!(stage.flows.run_history(&stage.ctx(), two).await.expect("a run").state.status, "queued");
        let refused = stage.flows.execute(&stage.ctx(), stage.call(flow, json!({}), 0)).await;
        assert_eq!(refused.expect_err("no room").code(), "overloaded");
        stage.cancel(two).await.expect("a queued run can be cancelled");
        stage.calls.release(2);
        assert_eq!((stage.settled(one).await.status, stage.settled(three).await.status), ("completed", "completed"));
        assert_eq!((stage.settled(two).await.status, stage.calls.steps().len()), ("cancelled", 2));
    }
}
