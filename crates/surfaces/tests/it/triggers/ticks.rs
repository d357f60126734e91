//! Schedules of workflows: one run a tick, one that waits, what was missed (workflows contract, section 11).

use std::time::Duration;

use floe_store::Change;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::trigger;
use crate::workflows::{World, reviewed, text};

/// Moves the clock on, and lets the job loop look.
async fn pass(world: &World, seconds: i64) {
    world.app.pass_seconds(seconds);
    let announce = |tx: &mut floe_store::Tx<'_>| {
        tx.announce(Change::Job { due_at: floe_model::Timestamp(0) });
        Ok(())
    };
    world.app.app.platform.store.write(announce).await.expect("an announcement");
}

/// Seconds from now to the next tick of a trigger.
async fn seconds_left(world: &World, trigger: &Value) -> i64 {
    let shown = world.console("GET", &format!("/console/v1/triggers/{}", text(&trigger["id"])), None).await.json;
    let next = floe_model::Timestamp::parse(&text(&shown["next_fire_at"][0])).expect("an instant");
    next.millis_since(world.app.app.platform.clock.now()).max(0) / 1_000 + 1
}

/// The executions of a trigger, newest first, once there are as many.
async fn runs(world: &World, trigger: &Value, count: usize) -> Vec<Value> {
    let path = format!("/v1/executions?trigger_id={}", text(&trigger["id"]));
    let mut all = Vec::new();
    for _ in 0..200 {
        let page = world.get(&path).send().await;
        all = page.json["data"].as_array().expect("a list").clone();
        if all.len() == count && all.iter().all(|one| one["status"] != "pending" && one["status"] != "running") {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{count} executions are expected, there are {all:#?}");
}

async fn every_ten_minutes(world: &World, workflow: &str) -> Value {
    let body =
        json!({ "workflow_id": workflow, "name": "Often", "type": "schedule", "config": { "cron": "*/10 * * * *" } });
    trigger(world, &body).await
}

async fn answer(world: &World, run: &Value) {
    let path = format!("/v1/executions/{}/submit-response", text(&run["id"]));
    let answered = world.post(&path, &json!({ "response": 2 })).await;
    assert_eq!(answered.status, 200, "{answered:?}");
}

on_both! {
    async fn one_tick_waits_for_the_end_of_the_run_and_further_ones_are_dropped(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&reviewed()).await;
        let made = every_ten_minutes(&world, &workflow).await;
        pass(&world, seconds_left(&world, &made).await).await;
        let first = runs(&world, &made, 1).await.remove(0);
        assert_eq!((&first["status"], &first["inputs"]["timezone"]), (&json!("paused"), &json!("UTC")), "{first:#}");
        for _ in 0..3 {
            pass(&world, seconds_left(&world, &made).await).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(runs(&world, &made, 1).await.len(), 1, "the run goes on");
        answer(&world, &first).await;
        let second = runs(&world, &made, 2).await.remove(0);
        let tick = |run: &Value| floe_model::Timestamp::parse(&text(&run["inputs"]["scheduledTime"])).expect("an instant");
        assert_eq!(tick(&second).millis_since(tick(&first)), 600_000, "the first of the three that came meanwhile");
        answer(&world, &second).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(runs(&world, &made, 2).await.len(), 2, "the others were dropped");
    }

    async fn what_a_person_starts_is_in_no_ticks_way(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&reviewed()).await;
        let made = every_ten_minutes(&world, &workflow).await;
        let fire = format!("/console/v1/triggers/{}/fire", text(&made["id"]));
        let fired = world.console("POST", &fire, Some(&json!({}))).await;
        assert!(fired.status.is_success(), "{fired:?}");
        runs(&world, &made, 1).await;
        pass(&world, seconds_left(&world, &made).await).await;
        let both = runs(&world, &made, 2).await;
        // What was started by hand after it hides no tick that goes on.
        world.console("POST", &fire, Some(&json!({}))).await;
        let by_hand = runs(&world, &made, 3).await.remove(0);
        answer(&world, &by_hand).await;
        pass(&world, seconds_left(&world, &made).await).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        runs(&world, &made, 3).await;
        answer(&world, &both[0]).await;
        runs(&world, &made, 4).await;
    }

    async fn what_was_missed_is_made_up_for_within_a_minute(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&reviewed()).await;
        let made = every_ten_minutes(&world, &workflow).await;
        pass(&world, seconds_left(&world, &made).await + 120).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(runs(&world, &made, 0).await.is_empty(), "it is two minutes late");
        pass(&world, seconds_left(&world, &made).await + 30).await;
        assert_eq!(runs(&world, &made, 1).await.len(), 1, "it is half a minute late");
        let path = format!("/console/v1/triggers/{}", text(&made["id"]));
        world.console("PATCH", &path, Some(&json!({ "enabled": false }))).await;
        pass(&world, 3_600).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(runs(&world, &made, 1).await.len(), 1, "it is switched off");
    }
}
