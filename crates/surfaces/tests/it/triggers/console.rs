//! Managing triggers in the console, and firing them through the API.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{mirror, trigger};
use crate::workflows::{World, code, greeter, text};

on_both! {
    async fn triggers_are_made_changed_and_deleted(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&greeter()).await;
        let body = json!({ "target": { "kind": "workflow", "id": workflow }, "name": "Daily", "type": "schedule", "config": { "schedule": "0 9 * * *", "timezone": "Africa/Lagos" } });
        let made = trigger(&world, &body).await;
        assert_eq!(made["config"], json!({ "cronExpression": "0 9 * * *", "timezone": "Africa/Lagos" }));
        assert_eq!(made["next_fire_at"].as_array().map(Vec::len), Some(5));
        assert!(text(&made["next_fire_at"][0]).ends_with("T08:00:00.000Z"), "{made:#}");
        assert_eq!((&made["missed_rule"], &made["overlap_rule"], &made["mode"]), (&json!("within_1_minute"), &json!("buffer_one"), &json!("live")));
        assert_eq!((&made["secret"], &made["url"]), (&Value::Null, &Value::Null));
        let path = format!("/console/v1/triggers/{}", text(&made["id"]));
        let listed = world.get("/v1/triggers").send().await;
        let first = &listed.json["data"][0];
        assert_eq!((&first["id"], &first["trigger_type"], &first["workflow_name"]), (&made["id"], &json!("schedule"), &json!("Greeter")), "{listed:?}");
        assert_eq!(first["next_scheduled_at"], made["next_fire_at"][0]);
        let changed = world.console("PATCH", &path, Some(&json!({ "enabled": false, "name": "Never" }))).await;
        assert_eq!((changed.status.as_u16(), &changed.json["name"], &changed.json["revision"]), (200, &json!("Never"), &json!(2)));
        assert_eq!(world.get("/v1/triggers").send().await.json["data"][0]["next_scheduled_at"], Value::Null);
        let stale = world.app.patch(&path).bearer(&world.session).header("if-match", "\"1\"").json(&json!({ "name": "x" })).send().await;
        assert_eq!(stale.status, 412, "{stale:?}");
        let given = trigger(&world, &json!({ "workflow_id": workflow, "id": "my-trigger", "name": "Given", "type": "manual" })).await;
        assert_eq!(given["id"], "my-trigger");
        let twice = world.console("POST", "/console/v1/triggers", Some(&json!({ "workflow_id": workflow, "id": "my-trigger", "name": "G", "type": "manual" }))).await;
        assert_eq!(twice.status, 409, "{twice:?}");
        for (body, pointer) in [
            (json!({ "workflow_id": workflow, "name": "x", "type": "schedule", "config": { "cron": "99 * * * *" } }), "/config/cronExpression"),
            (json!({ "workflow_id": workflow, "name": "x", "type": "schedule", "config": { "cron": "* * * * *", "timezone": "No/Where" } }), "/config/timezone"),
            (json!({ "workflow_id": workflow, "name": "x", "type": "webhook", "config": { "authType": "x" } }), "/config/authType"),
            (json!({ "workflow_id": workflow, "name": "x", "type": "event" }), "/config/eventType"),
            (json!({ "workflow_id": workflow, "name": "x", "type": "cron" }), "/type"),
            (json!({ "workflow_id": workflow, "type": "manual" }), "/name"),
            (json!({ "name": "x", "type": "manual" }), "/target"),
        ] {
            let refused = world.console("POST", "/console/v1/triggers", Some(&body)).await;
            assert_eq!((refused.status.as_u16(), &refused.json["errors"][0]["pointer"]), (400, &json!(pointer)), "{body} {refused:?}");
        }
        let missing = world.console("POST", "/console/v1/triggers", Some(&json!({ "workflow_id": "wf_nothing", "name": "x", "type": "manual" }))).await;
        assert_eq!(missing.status, 404);
        assert_eq!(world.console("DELETE", &path, None).await.status, 204);
        assert_eq!(world.console("GET", &path, None).await.status, 404);
        assert_eq!(world.console("DELETE", &format!("/console/v1/workflows/{workflow}"), None).await.status, 204);
        assert_eq!(world.console("GET", "/console/v1/triggers/my-trigger", None).await.status, 404, "it goes with its workflow");
    }

    async fn a_trigger_is_fired_by_hand(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&greeter()).await;
        let config = json!({ "inputs": { "name": "Ada", "more": 1 }, "inputSchema": { "properties": { "name": { "type": "string" } } } });
        let made = trigger(&world, &json!({ "workflow_id": workflow, "name": "By hand", "type": "manual", "config": config })).await;
        let id = text(&made["id"]);
        let path = format!("/v1/triggers/{id}/execute");
        for (body, name) in [(json!({}), "Ada"), (json!({ "inputs": { "name": "Eve" } }), "Eve"), (json!({ "inputs": null }), "Ada")] {
            let fired = world.post(&path, &body).await;
            assert_eq!(fired.status, 202, "{fired:?}");
            let data = &fired.json["data"];
            assert_eq!((&data["trigger_id"], &data["workflow_id"], &data["status"]), (&json!(id), &json!(workflow), &json!("pending")));
            assert_eq!(data["inputs"], json!({ "name": name, "more": 1 }));
            assert!(fired.headers["location"].to_str().is_ok_and(|to| to.ends_with(&text(&data["execution_id"]))));
            let run = world.execution(&text(&data["execution_id"]), &["completed", "failed"]).await;
            assert_eq!((&run["outputs"]["text"], &run["trigger_id"]), (&json!(format!("Hello {name}")), &json!(id)), "{run:#}");
        }
        let once = |body: Value| world.app.post(&path).header("x-api-key", &world.test).header("idempotency-key", "k1").json(&body).send();
        let (first, second) = (once(json!({})).await, once(json!({})).await);
        assert_eq!(first.json["data"]["execution_id"], second.json["data"]["execution_id"], "{second:?}");
        assert_eq!(code(&once(json!({ "inputs": { "name": "x" } })).await), (400, "validation_error"));
        let run = world.app.get(&format!("/v1/executions/{}", text(&first.json["data"]["execution_id"]))).header("x-api-key", &world.test).send().await;
        assert_eq!(run.json["data"]["test"], true);
        let wrong = world.post(&path, &json!({ "inputs": { "name": 5 } })).await;
        assert_eq!((code(&wrong), &wrong.json["error"]["details"]["errors"][0]["field"]), ((400, "validation_error"), &json!("inputs.name")));
        assert_eq!(code(&world.post(&path, &json!({ "inputs": [] })).await), (400, "validation_error"));
        let shown = world.get("/v1/triggers?type=manual").send().await;
        assert_eq!(shown.json["data"][0]["trigger_count"], 4, "{shown:?}");
        let fired = world.console("POST", &format!("/console/v1/triggers/{id}/fire"), Some(&json!({ "inputs": {} }))).await;
        assert_eq!((fired.status.as_u16(), &fired.json["status"]), (202, &json!("pending")), "{fired:?}");
        world.console("PATCH", &format!("/console/v1/triggers/{id}"), Some(&json!({ "enabled": false }))).await;
        assert_eq!(code(&world.post(&path, &json!({})).await), (400, "validation_error"), "it is disabled");
        let missing = world.post("/v1/triggers/trigger_x/execute", &json!({})).await;
        assert_eq!((code(&missing), &missing.json["error"]["details"]), ((404, "resource_not_found"), &json!({ "resource": "Trigger", "id": "trigger_x" })));
        for query in ["workflow_id=wf_none", "type=event"] {
            assert_eq!(world.get(&format!("/v1/triggers?{query}")).send().await.json["pagination"]["total_count"], 0);
        }
        assert_eq!(code(&world.get("/v1/triggers?type=cron").send().await), (400, "validation_error"));
    }

    async fn definitions_bring_triggers_that_are_disabled(store: TestStore) {
        let world = World::new(store).await;
        let mut file = mirror();
        file["nodes"]["clock"] = json!({ "type": "trigger", "name": "Clock", "config": { "triggerType": "cron", "schedule": "*/5 * * * *" } });
        file["edges"].as_array_mut().unwrap().push(json!({ "source": "clock", "target": "out" }));
        let workflow = world.workflow(&file).await;
        let list = async || world.console("GET", &format!("/console/v1/triggers?workflow_id={workflow}"), None).await.json["data"].clone();
        let before = list().await;
        let told: Vec<(&Value, &Value, &Value)> = before.as_array().unwrap().iter().map(|one| (&one["node_id"], &one["type"], &one["enabled"])).collect();
        assert_eq!(told.len(), 2, "{before:#}");
        assert!(told.contains(&(&json!("hook"), &json!("webhook"), &json!(false))) && told.contains(&(&json!("clock"), &json!("schedule"), &json!(false))), "{before:#}");
        let clock = before.as_array().unwrap().iter().find(|one| one["node_id"] == "clock").unwrap();
        let path = format!("/console/v1/triggers/{}", text(&clock["id"]));
        let enabled = world.console("PATCH", &path, Some(&json!({ "enabled": true, "name": "Mine" }))).await;
        assert_eq!(enabled.status, 200, "{enabled:?}");
        world.console("PUT", &format!("/console/v1/workflows/{workflow}"), Some(&file)).await;
        let same = world.console("GET", &path, None).await.json;
        assert_eq!((&same["enabled"], &same["name"]), (&json!(true), &json!("Mine")), "the same node says the same");
        file["nodes"]["clock"]["config"]["schedule"] = json!("0 1 * * *");
        file["nodes"].as_object_mut().unwrap().remove("hook");
        file["edges"] = json!([{ "source": "clock", "target": "out" }, { "source": "clock", "target": "name" }]);
        world.console("PUT", &format!("/console/v1/workflows/{workflow}"), Some(&file)).await;
        let after = list().await;
        assert_eq!(after.as_array().map(Vec::len), Some(1), "{after:#}");
        assert_eq!((&after[0]["id"], &after[0]["config"]["cronExpression"], &after[0]["enabled"]), (&clock["id"], &json!("0 1 * * *"), &json!(true)));
    }

    async fn a_flow_has_an_address_while_it_is_published(store: TestStore) {
        let world = World::new(store).await;
        let steps = json!([
            { "id": "start", "type": "webhook.orders", "nextStepId": "end" },
            { "id": "end", "type": "final", "data": { "outputs": { "got": "{{_trigger.data.order}}" } } },
        ]);
        let made = world.app.post("/v1/flow").bearer(&world.session).json(&json!({ "name": "Orders", "definition": { "steps": steps } })).send().await;
        assert!(made.status.is_success(), "{made:?}");
        let flow = text(&made.json["_id"]);
        let list = world.console("GET", &format!("/console/v1/triggers?workflow_id={flow}"), None).await.json;
        let one = &list["data"][0];
        assert_eq!((&one["type"], &one["managed_by"], &one["target"]["kind"], &one["enabled"]), (&json!("webhook"), &json!("flow"), &json!("flow"), &json!(true)), "{list:#}");
        let path = format!("/webhooks/{}", text(&one["id"]));
        assert_eq!(world.app.post(&path).json(&json!({ "order": 7 })).send().await.status, 403, "nothing is published");
        assert!(world.app.post(&format!("/v1/flow/{flow}/publish")).bearer(&world.session).json(&json!({})).send().await.status.is_success());
        let called = world.app.post(&path).json(&json!({ "order": 7 })).send().await;
        assert_eq!(called.status, 202, "{called:?}");
        let run = text(&called.json["executionId"]);
        let mut shown = Value::Null;
        for _ in 0..200 {
            shown = world.app.get(&format!("/v1/flowrun/detailed/{run}")).bearer(&world.session).send().await.json;
            if shown["status"] == "completed" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!((&shown["output"]["got"], &shown["trigger"]["type"], &shown["source"]["kind"]), (&json!(7), &json!("webhook.orders"), &json!("webhook")), "{shown:#}");
        assert_eq!(world.console("DELETE", &format!("/console/v1/triggers/{}", text(&one["id"])), None).await.status, 409, "it goes with its step");
        let schedule = world.console("POST", "/console/v1/triggers", Some(&json!({ "target": { "kind": "flow", "id": flow }, "name": "x", "type": "schedule", "config": { "cron": "@daily" } }))).await;
        assert_eq!((schedule.status.as_u16(), &schedule.json["code"]), (422, &json!("not_supported")));
    }
}
