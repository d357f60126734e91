//! What a restart finds: everything that was answered, and nothing twice.

use floe_model::flows::FlowSettings;
use floe_testkit::on_both;
use serde_json::json;

use super::stage::{Stage, decision, done, record};

on_both! {
    async fn an_effect_that_was_under_way_is_made_again_with_its_key_and_finished_ones_are_not(store: TestStore) {
        let stage = Stage::open(&store).await;
        let steps = json!([
            record("first", Some("second"), json!({})),
            record("second", Some("end"), json!({ "held": true })),
            done(json!({ "ok": true })),
        ]);
        let flow = stage.publish(steps, FlowSettings::default()).await;
        let run = stage.begin(flow).await;
        stage.calls.wait_for(2).await;
        let stage = stage.restart().await;
        stage.calls.wait_for(3).await;
        stage.calls.release(2);
        assert_eq!(stage.settled(run).await.status, "completed");
        let keys = stage.calls.keys();
        assert_eq!(stage.calls.steps(), ["first", "second", "second"]);
        assert_eq!(keys[1], keys[2]);
    }

    async fn a_waiting_run_needs_no_memory_and_takes_its_answer_after_a_restart(store: TestStore) {
        let stage = Stage::open(&store).await;
        let steps = json!([
            { "id": "first", "type": "user-approval", "data": { "message": "Go on?" }, "nextStepId": "act" },
            record("act", Some("end"), json!({})),
            done(json!({ "by": "{{approval.decidedBy}}" })),
        ]);
        let flow = stage.publish(steps, FlowSettings::default()).await;
        let state = stage.run(flow, json!({})).await;
        let stage = stage.restart().await;
        let again = stage.settled(state.run).await;
        assert_eq!((again.status, again.revision), ("waiting", state.revision));
        let state = stage.answer(state.run, decision(true)).await.expect("an answer");
        assert_eq!(state.output.as_deref(), Some(&json!({ "by": "Ann" })));
    }

    async fn queued_runs_and_children_go_on_after_a_restart(store: TestStore) {
        let limits = floe_flows::runs::Limits { shards: 1, runs_per_workspace: 1, queue_max: 100 };
        let stage = Stage::with(&store, limits).await;
        let child = stage.publish(json!([record("first", None, json!({ "held": true }))]), FlowSettings::default()).await;
        let call = json!({ "id": "first", "type": "call-flow", "data": { "flowId": child.to_string() }, "nextStepId": null });
        let parent = stage.publish(json!([call]), FlowSettings::default()).await;
        let single = stage.publish(json!([record("first", None, json!({}))]), FlowSettings::default()).await;
        let parent = stage.begin(parent).await;
        let waiting = stage.begin(single).await;
        let stage = stage.restart().await;
        stage.calls.release(10);
        assert_eq!(stage.settled(waiting).await.status, "completed");
        let ended = stage.flows.poll_run(&stage.ctx(), parent, u64::MAX, 8_000).await.expect("a run").state.clone();
        assert_eq!(ended.status, "completed");
    }
}
