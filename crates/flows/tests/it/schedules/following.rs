//! Schedules that stand in triggers, and what publishing, unpublishing and deleting do to a schedule.

use floe_flows::definitions;
use floe_flows::schedules;
use floe_model::flows::{Overlap, ScheduleSource};
use floe_store::platform::jobs;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::bell::{Bell, at};

fn steps(trigger: Value) -> Value {
    json!([
        { "id": "call", "type": "api", "nextStepId": "end" },
        { "id": "clock", "type": "schedule", "data": trigger, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": {} } },
    ])
}

on_both! {
    async fn publishing_a_trigger_with_times_sets_them_and_one_without_ends_them(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:58:30Z").await;
        let flow = bell.flow(steps(json!({ "cron": "0 12 * * *" }))).await;
        let set = bell.schedule(flow).await;
        assert_eq!((set.source, set.timezone.as_str()), (ScheduleSource::Trigger, "Africa/Lagos"), "the zone of the workspace");
        assert_eq!(set.next_at, Some(at("2026-03-01T11:00:00Z")));
        bell.save(flow, steps(json!({ "cron": "0 12 * * *", "timezone": "Europe/Paris", "mode": "test" }))).await;
        assert_eq!(bell.schedule(flow).await.timezone, "Africa/Lagos", "a draft changes nothing");
        bell.publish(flow).await.expect("published");
        assert_eq!(bell.schedule(flow).await.timezone, "Europe/Paris");
        bell.set_time("2026-03-01T11:00:00Z");
        bell.tick().await;
        assert_eq!(bell.runs(flow).await[0].mode.as_str(), "test");
        bell.save(flow, steps(json!({}))).await;
        bell.publish(flow).await.expect("published");
        let ended = bell.schedule(flow).await;
        assert_eq!((ended.active, ended.next_at), (false, None));
        bell.set_time("2026-03-02T11:00:00Z");
        assert_eq!(bell.tick().await, 0);
        bell.act(move |tx, ctx| definitions::set_latest(tx, ctx, flow, 1).map(|_| ())).await.expect("the first again");
        assert_eq!(bell.schedule(flow).await.timezone, "Africa/Lagos");
    }

    async fn a_schedule_set_by_a_call_stays_and_pauses_with_the_flow(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:58:30Z").await;
        let flow = bell.flow(steps(json!({}))).await;
        bell.set(flow, "30 * * * *", Overlap::Allow, json!({})).await;
        bell.save(flow, steps(json!({ "cron": "0 12 * * *" }))).await;
        bell.publish(flow).await.expect("published");
        let kept = bell.schedule(flow).await;
        assert_eq!((kept.source, kept.cron.as_str()), (ScheduleSource::Api, "30 * * * *"));
        for version in [2, 1] {
            bell.act(move |tx, ctx| definitions::unpublish(tx, ctx, flow, version).map(|_| ())).await.expect("unpublished");
        }
        let paused = bell.schedule(flow).await;
        assert_eq!((paused.active, paused.paused_reason.as_deref(), paused.next_at), (true, Some("flow_not_published"), None));
        bell.set_time("2026-03-01T09:30:00Z");
        assert_eq!(bell.tick().await, 0);
        let catalog = std::sync::Arc::clone(&bell.flows.catalog);
        bell.act(move |tx, ctx| definitions::publish_version(tx, ctx, &catalog, flow, 2, None).map(|_| ())).await.expect("again");
        let resumed = bell.schedule(flow).await;
        assert_eq!((resumed.paused_reason, resumed.next_at), (None, Some(at("2026-03-01T10:30:00Z"))));
        let cancelled = bell.act(move |tx, ctx| schedules::cancel(tx, ctx, flow)).await.expect("cancelled").expect("it");
        let again = bell.act(move |tx, ctx| schedules::cancel(tx, ctx, flow)).await.expect("cancelled").expect("it");
        assert_eq!((cancelled.active, &cancelled), (false, &again));
        assert_eq!(bell.rung(flow).await, ["schedule.set:info", "schedule.cancelled:info"]);
    }

    async fn a_deleted_flow_fires_no_more(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:58:30Z").await;
        let flow = bell.flow(steps(json!({ "cron": "0 * * * *" }))).await;
        bell.act(move |tx, ctx| definitions::delete(tx, ctx, flow).map(|_| ())).await.expect("deleted");
        let now = at("2026-03-02T00:00:00Z");
        let left = store.write(move |tx| jobs::claim_due(tx, &[schedules::JOB_SCHEDULE], now, 1_000, 10, None)).await;
        assert!(left.expect("claims").is_empty());
    }

    async fn times_that_are_none_cannot_be_published(store: TestStore) {
        let bell = Bell::open(&store, "2026-03-01T08:58:30Z").await;
        let flow = bell.flow(steps(json!({}))).await;
        for (trigger, path) in [
            (json!({ "cron": "0 0 30 2 *" }), "/data/cron"),
            (json!({ "cron": 5 }), "/data/cron"),
            (json!({ "cron": "@daily", "timezone": "Mars/Olympus" }), "/data/timezone"),
        ] {
            bell.save(flow, steps(trigger)).await;
            let refused = bell.publish(flow).await.expect_err("refused");
            let problems = refused.details().expect("details")["problems"].clone();
            assert_eq!(problems[0]["code"], "bad_value");
            assert!(problems[0]["path"].as_str().expect("a path").ends_with(path), "{problems}");
        }
    }
}
