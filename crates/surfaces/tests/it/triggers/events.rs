//! Triggers that events fire: of this server with the loop guard, and of providers (workflows contract, section 11).

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{mirror, trigger};
use crate::workflows::{World, greeter, text};

/// How many executions a workflow comes to, once that has not changed for a while.
async fn settled(world: &World, workflow: &str, at_least: u64) -> u64 {
    let (mut last, mut calm) = (0, 0);
    for _ in 0..400 {
        let page = world.get(&format!("/v1/executions?workflow_id={workflow}")).send().await;
        let now = page.json["pagination"]["total_count"].as_u64().expect("a number");
        calm = if now == last && now >= at_least { calm + 1 } else { 0 };
        last = now;
        if calm >= 12 {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{workflow} came to {last} executions and not {at_least}");
}

on_both! {
    async fn an_execution_fires_those_who_listen_and_no_loop(store: TestStore) {
        let world = World::new(store).await;
        let mut greets = greeter();
        greets["definition"]["nodes"]["in"]["config"]["required"] = json!(false);
        let (source, follower) = (world.workflow(&greets).await, world.workflow(&mirror()).await);
        let listens = json!({ "workflow_id": follower, "name": "After", "type": "event",
            "config": { "eventType": "execution.completed" } });
        let made = trigger(&world, &listens).await;
        let never = json!({ "workflow_id": follower, "name": "Never", "type": "event",
            "config": { "eventType": "execution.completed", "filters": { "workflow_id": "wf_other" } } });
        trigger(&world, &never).await;
        let run = world.execute(&source, json!({ "name": "Ada" })).await;
        world.execution(&run, &["completed"]).await;
        assert_eq!(settled(&world, &follower, 1).await, 1, "its own end does not fire it again");
        let page = world.get(&format!("/v1/executions?trigger_id={}", text(&made["id"]))).send().await;
        let fired = world.execution(&text(&page.json["data"][0]["id"]), &["completed", "failed"]).await;
        let payload = &fired["inputs"]["payload"];
        assert_eq!((&fired["inputs"]["event"], &payload["execution_id"]), (&json!("execution.completed"), &json!(run)), "{fired:#}");
        assert_eq!((&payload["workflow_id"], &payload["status"], &payload["outputs"]["text"]), (&json!(source), &json!("completed"), &json!("Hello Ada")));
        assert!(payload["started_at"].is_string() && payload["completed_at"].is_string());
        // Two that fire each other: each once, and that is the end of it.
        let other = json!({ "workflow_id": source, "name": "Back", "type": "event", "config": { "eventType": "execution.completed" } });
        trigger(&world, &other).await;
        let run = world.execute(&source, json!({ "name": "Eve" })).await;
        world.execution(&run, &["completed"]).await;
        // Eve fires After and Back; their ends fire the other one of both.
        assert_eq!(settled(&world, &follower, 3).await, 3);
        assert_eq!(settled(&world, &source, 4).await, 4);
    }

    async fn a_chain_of_events_goes_on_through_called_workflows(store: TestStore) {
        let world = World::new(store).await;
        let called = world.workflow(&mirror()).await;
        let calls = json!({ "name": "Calls", "definition": {
            "nodes": {
                "in": { "type": "trigger", "config": {} },
                "call": { "type": "workflow", "config": { "workflowId": called } },
                "out": { "type": "output", "config": { "outputName": "done", "value": "yes" } },
            },
            "edges": [
                { "source": "in", "target": "call" },
                { "source": "call", "target": "out" },
            ],
        } });
        let caller = world.workflow(&calls).await;
        // Ends of the called workflow start the caller, whose call ends again.
        let listens = json!({ "workflow_id": caller, "name": "Round", "type": "event",
            "config": { "eventType": "execution.completed", "filters": { "workflow_id": called } } });
        trigger(&world, &listens).await;
        let first = world.execute(&called, json!({})).await;
        world.execution(&first, &["completed"]).await;
        assert_eq!(settled(&world, &caller, 1).await, 1, "the call that it makes does not fire it again");
        assert_eq!(settled(&world, &called, 2).await, 2);
    }

    async fn a_provider_event_is_handed_in_by_an_administrator(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&mirror()).await;
        let body = json!({ "workflow_id": workflow, "name": "Push", "type": "event",
            "config": { "providerId": "github", "eventId": "push", "filters": { "repo.name": "floe" } } });
        let made = trigger(&world, &body).await;
        let hand = async |payload: Value| {
            let body = json!({ "provider_id": "github", "event_id": "push", "payload": payload });
            world.app.ask("POST", "/console/v1/events/ingest").bearer(&world.session).header("floe-mode", "live").json(&body).send().await
        };
        let other = hand(json!({ "repo": { "name": "else" } })).await;
        assert_eq!((other.status.as_u16(), &other.json["matched"]), (202, &json!(0)), "{other:?}");
        let taken = hand(json!({ "repo": { "name": "floe" } })).await;
        assert_eq!(taken.json["trigger_ids"], json!([made["id"]]), "{taken:?}");
        assert_eq!(settled(&world, &workflow, 1).await, 1);
        let page = world.get(&format!("/v1/executions?workflow_id={workflow}")).send().await;
        let inputs = &page.json["data"][0]["inputs"];
        assert_eq!(inputs, &json!({ "event": "push", "payload": { "repo": { "name": "floe" } } }), "{page:?}");
    }
}
