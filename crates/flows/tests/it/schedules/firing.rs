//! Times that come, are missed, meet a run that goes on, or are found by several nodes.

use floe_model::flows::Overlap;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::bell::{Bell, at};

/// Starts, and ends at once with what it got.
fn echo() -> Value {
    json!([
        { "id": "call", "type": "api", "nextStepId": "end" },
        { "id": "clock", "type": "schedule", "data": { "inputs": { "day": 1, "kind": "all" } }, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": { "got": "{{day}} {{kind}} {{_trigger.type}}" } } },
    ])
}

/// Starts, and waits for an approval.
fn asking() -> Value {
    json!([
        { "id": "clock", "type": "schedule", "nextStepId": "ask" },
        { "id": "ask", "type": "user-approval", "data": { "message": "Go on?" }, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": {} } },
    ])
}

on_both! {
    async fn a_time_starts_one_run_with_its_values_and_the_next_time_is_waited_for(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:58:30Z").await;
        let flow = bell.flow(echo()).await;
        let set = bell.set(flow, "*/5 * * * *", Overlap::Skip, json!({ "kind": "some" })).await;
        assert_eq!((set.active, set.next_at), (true, Some(at("2026-03-01T09:00:00Z"))));
        assert_eq!(bell.tick().await, 0, "it is not time");
        bell.set_time("2026-03-01T09:00:00.200Z");
        assert_eq!(bell.tick().await, 1);
        assert_eq!(bell.tick().await, 0, "the next job waits for the next time");
        let runs = bell.runs(flow).await;
        assert_eq!(runs.len(), 1);
        assert_eq!((runs[0].source_kind.as_str(), runs[0].trigger_step.as_str(), runs[0].mode.as_str()), ("schedule", "clock", "live"));
        let state = bell.settled(runs[0].id).await;
        assert_eq!(state.output.as_deref(), Some(&json!({ "got": "1 some schedule" })));
        let now = bell.schedule(flow).await;
        assert_eq!((now.next_at, now.last_at), (Some(at("2026-03-01T09:05:00Z")), Some(at("2026-03-01T09:00:00.200Z"))));
        assert_eq!((now.last_run, now.last_status.as_deref()), (Some(runs[0].id), Some("completed")));
        assert_eq!(bell.rung(flow).await, ["schedule.set:info", "schedule.fired:info"]);
    }

    async fn many_nodes_with_the_same_job_fire_once(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:59:00Z").await;
        let flow = bell.flow(echo()).await;
        bell.set(flow, "0 * * * *", Overlap::Allow, json!({})).await;
        bell.set_time("2026-03-01T09:00:00Z");
        let job = bell.claim().await.remove(0);
        let nodes: Vec<Bell> = (0..4).map(|_| bell.beside()).collect();
        let mut rings = tokio::task::JoinSet::new();
        for node in nodes {
            let job = job.clone();
            rings.spawn(async move {
                for _ in 0..3 {
                    // A node that loses may be told to try again; the job loop does.
                    let _ = node.ring(&job).await;
                }
            });
        }
        rings.join_all().await;
        // The process that had claimed the job ended before it removed it: it comes again, and finds its time settled.
        bell.ring(&job).await.expect("nothing is left to be done");
        assert_eq!(bell.runs(flow).await.len(), 1);
        assert_eq!(bell.rung(flow).await, ["schedule.set:info", "schedule.fired:info"]);
        assert_eq!(bell.schedule(flow).await.next_at, Some(at("2026-03-01T10:00:00Z")));
    }

    async fn a_run_whose_process_ends_before_it_moves_goes_on_after_the_start(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:59:00Z").await;
        let flow = bell.flow(echo()).await;
        bell.set(flow, "0 * * * *", Overlap::Skip, json!({})).await;
        bell.flows.runs.stop().await;
        bell.set_time("2026-03-01T09:00:00Z");
        assert_eq!(bell.tick().await, 1);
        assert_eq!(bell.runs(flow).await[0].status, "queued", "nobody is there to move it");
        let next = bell.beside();
        next.flows.runs.recover().await;
        let run = next.runs(flow).await[0].id;
        assert_eq!(next.settled(run).await.status, "completed");
    }

    async fn a_time_at_which_the_last_run_goes_on_is_skipped_or_not(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:59:00Z").await;
        let flow = bell.flow(asking()).await;
        bell.set(flow, "0 * * * *", Overlap::Skip, json!({})).await;
        bell.set_time("2026-03-01T09:00:00Z");
        bell.tick().await;
        let first = bell.runs(flow).await[0].id;
        assert_eq!(bell.settled(first).await.status, "waiting");
        bell.set_time("2026-03-01T10:00:00Z");
        assert_eq!(bell.tick().await, 1);
        assert_eq!(bell.runs(flow).await.len(), 1);
        let schedule = bell.schedule(flow).await;
        assert_eq!((schedule.last_status.as_deref(), schedule.next_at), (Some("waiting"), Some(at("2026-03-01T11:00:00Z"))));
        bell.answer(first, true).await;
        bell.set_time("2026-03-01T11:00:00Z");
        bell.tick().await;
        assert_eq!(bell.runs(flow).await.len(), 2, "the first one is over");
        bell.set(flow, "0 * * * *", Overlap::Allow, json!({})).await;
        bell.set_time("2026-03-01T12:00:00Z");
        bell.tick().await;
        assert_eq!(bell.runs(flow).await.len(), 3);
        let rung = bell.rung(flow).await;
        assert_eq!(rung, [
            "schedule.set:info", "schedule.fired:info", "schedule.skipped:warn", "schedule.fired:info", "schedule.set:info",
            "schedule.fired:info",
        ]);
    }

    async fn missed_times_are_made_up_for_once_within_an_hour_and_logged(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:59:00Z").await;
        let flow = bell.flow(echo()).await;
        bell.set(flow, "*/20 * * * *", Overlap::Skip, json!({})).await;
        // Down over 9:00, 9:20 and 9:40.
        bell.set_time("2026-03-01T09:55:00Z");
        assert_eq!(bell.tick().await, 1);
        assert_eq!(bell.runs(flow).await.len(), 1);
        assert_eq!(bell.schedule(flow).await.next_at, Some(at("2026-03-01T10:00:00Z")));
        assert_eq!(bell.rung(flow).await, ["schedule.set:info", "schedule.missed:warn", "schedule.fired:info"]);
        bell.set(flow, "0 9 * * *", Overlap::Skip, json!({})).await;
        bell.set_time("2026-03-03T10:00:00Z");
        assert_eq!(bell.tick().await, 1);
        assert_eq!(bell.runs(flow).await.len(), 1, "the last missed time is an hour old");
        assert_eq!(bell.schedule(flow).await.next_at, Some(at("2026-03-04T09:00:00Z")));
        assert_eq!(bell.rung(flow).await[3..], ["schedule.set:info", "schedule.missed:warn"]);
    }

    async fn values_that_the_trigger_refuses_fail_and_the_schedule_goes_on(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:59:00Z").await;
        let flow = bell.flow(json!([
            { "id": "call", "type": "api", "data": { "inputs": [{ "key": "n", "type": "number", "required": true }] }, "nextStepId": "end" },
            { "id": "end", "type": "final", "data": { "outputs": {} } },
        ])).await;
        bell.set(flow, "0 * * * *", Overlap::Skip, json!({ "n": "seven" })).await;
        bell.set_time("2026-03-01T09:00:00Z");
        assert_eq!(bell.tick().await, 1);
        assert_eq!(bell.runs(flow).await.len(), 0);
        let schedule = bell.schedule(flow).await;
        assert_eq!((schedule.last_status.as_deref(), schedule.last_run), (Some("failed"), None));
        assert_eq!((schedule.last_at, schedule.next_at), (Some(at("2026-03-01T09:00:00Z")), Some(at("2026-03-01T10:00:00Z"))));
        assert_eq!(bell.rung(flow).await, ["schedule.set:info", "schedule.fired:error"]);
        // The same schedule with values that fit.
        bell.set(flow, "0 * * * *", Overlap::Skip, json!({ "n": 7 })).await;
        bell.set_time("2026-03-01T10:00:00Z");
        bell.tick().await;
        let run = bell.runs(flow).await[0].id;
        bell.settled(run).await;
        assert_eq!(bell.schedule(flow).await.last_status.as_deref(), Some("completed"));
    }

    async fn a_time_that_was_settled_is_not_settled_again_when_the_clock_goes_back(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:59:00Z").await;
        let flow = bell.flow(echo()).await;
        bell.set(flow, "0 * * * *", Overlap::Allow, json!({})).await;
        bell.set_time("2026-03-01T09:00:00Z");
        bell.tick().await;
        bell.set_time("2026-03-01T08:58:00Z");
        bell.set(flow, "0 * * * *", Overlap::Allow, json!({})).await;
        bell.set_time("2026-03-01T09:00:01Z");
        assert_eq!(bell.tick().await, 1);
        assert_eq!(bell.runs(flow).await.len(), 1);
        assert_eq!(bell.schedule(flow).await.next_at, Some(at("2026-03-01T10:00:00Z")));
    }
}
