//! Outgoing webhooks of the workflow API, and the events of executions (workflows contract, sections 8.7 and 10).

use std::time::Duration;

use floe_testkit::on_both;
use floe_webhooks::{Engine, signature};
use serde_json::{Value, json};

use crate::hooks;
use crate::workflows::{World, code, greeter, reviewed, text};

async fn deliveries(world: &World, id: &str, at_least: usize) -> Vec<Value> {
    for _ in 0..400 {
        let page = world.get(&format!("/v1/webhooks/{id}/deliveries")).send().await;
        assert_eq!(page.status, 200, "{page:?}");
        let all = page.json["data"].as_array().expect("a list").clone();
        if all.len() >= at_least && all.iter().all(|one| one["status"] != "pending") {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{id} never has {at_least} deliveries");
}

on_both! {
    async fn endpoints_are_managed_and_tested(store: TestStore) {
        let received = hooks::receive().await;
        let world = World::new(store).await;
        let body = json!({ "name": "Production", "url": hooks::url(204), "events": ["execution.failed", "execution.failed", "execution.completed"], "headers": { "X-Custom": "v" }, "more": 1 });
        let made = world.post("/v1/webhooks", &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        let (hook, secret) = (&made.json["data"], text(&made.json["data"]["secret"]));
        let id = text(&hook["id"]);
        assert!(id.starts_with("wh_") && secret.len() == 70 && secret[6..].bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!((&hook["events"], &hook["is_active"]), (&json!(["execution.failed", "execution.completed"]), &json!(true)));
        let shown = world.get(&format!("/v1/webhooks/{id}")).send().await;
        assert_eq!((&shown.json["data"]["headers"], &shown.json["data"]["secret"]), (&json!({ "X-Custom": "v" }), &Value::Null));
        let tested = world.post(&format!("/api/v1/webhooks/{id}/test"), &json!({})).await;
        let data = &tested.json["data"];
        assert_eq!((tested.status.as_u16(), &data["success"], &data["status_code"], &data["error"]), (200, &json!(true), &json!(204), &Value::Null), "{tested:?}");
        let (headers, sent) = received.lock().unwrap()[0].clone();
        assert_eq!((headers["x-flowmaestro-event"].as_bytes(), headers["x-custom"].as_bytes()), (&b"test"[..], &b"v"[..]));
        assert_eq!(headers["x-flowmaestro-signature"], *signature::workflow(&secret, sent.as_bytes()));
        assert_eq!(headers["x-flowmaestro-delivery-id"], *text(&data["delivery_id"]));
        let log = deliveries(&world, &id, 1).await;
        assert_eq!((&log[0]["id"], &log[0]["event_type"], &log[0]["status"]), (&data["delivery_id"], &json!("test"), &json!("success")));
        let bad = world.post("/v1/webhooks", &json!({ "name": "Bad", "url": hooks::url(500), "events": ["execution.failed"] })).await;
        let failed = world.post(&format!("/v1/webhooks/{}/test", text(&bad.json["data"]["id"])), &json!({})).await;
        assert_eq!((&failed.json["data"]["success"], &failed.json["data"]["status_code"], failed.json["data"]["error"] == failed.json["data"]["error_message"]), (&json!(false), &json!(500), true), "{failed:?}");
        let changed = world.app.patch(&format!("/v1/webhooks/{id}")).header("x-api-key", &world.live).json(&json!({ "headers": null, "name": "New", "is_active": false })).send().await;
        assert_eq!((&changed.json["data"]["headers"], &changed.json["data"]["name"], &changed.json["data"]["is_active"]), (&Value::Null, &json!("New"), &json!(false)), "{changed:?}");
        let listed = world.get("/v1/webhooks?per_page=1").send().await;
        assert_eq!((&listed.json["pagination"]["total_count"], &listed.json["data"][0]["name"]), (&json!(2), &json!("Bad")));
        let gone = world.app.delete(&format!("/v1/webhooks/{id}")).header("x-api-key", &world.live).send().await;
        assert_eq!(gone.json["data"], json!({ "id": id, "deleted": true }));
        for (field, body) in [
            ("name", json!({ "url": hooks::url(200), "events": ["execution.failed"] })),
            ("url", json!({ "name": "x", "url": "http://127.0.0.1/x", "events": ["execution.failed"] })),
            ("url", json!({ "name": "x", "url": "https://169.254.169.254/x", "events": ["execution.failed"] })),
            ("url", json!({ "name": "x", "url": "ftp://a.example", "events": ["execution.failed"] })),
            ("events", json!({ "name": "x", "url": hooks::url(200), "events": [] })),
            ("events.1", json!({ "name": "x", "url": hooks::url(200), "events": ["execution.failed", "execution.paused"] })),
            ("headers", json!({ "name": "x", "url": hooks::url(200), "events": ["execution.failed"], "headers": { "Host": "a" } })),
            ("headers", json!({ "name": "x", "url": hooks::url(200), "events": ["execution.failed"], "headers": { "X-FlowMaestro-Event": "a" } })),
        ] {
            let refused = world.post("/v1/webhooks", &body).await;
            assert_eq!((code(&refused), &refused.json["error"]["details"]["errors"][0]["field"]), ((400, "validation_error"), &json!(field)), "{body} {refused:?}");
        }
        for (method, path) in [("GET", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/deliveries")] {
            let missing = world.app.ask(method, &format!("/v1/webhooks/{id}{path}")).header("x-api-key", &world.live).send().await;
            assert_eq!((code(&missing), &missing.json["error"]["details"]["resource"]), ((404, "resource_not_found"), &json!("Webhook")), "{method} {path}");
        }
    }

    async fn executions_are_told_when_they_begin_and_end(store: TestStore) {
        let received = hooks::receive().await;
        let world = World::new(store).await;
        let events = ["execution.started", "execution.completed", "execution.failed", "execution.cancelled"];
        let made = world.post("/v1/webhooks", &json!({ "name": "All", "url": hooks::url(200), "events": events })).await;
        let id = text(&made.json["data"]["id"]);
        let engine = Engine::start((*world.app.app.webhooks).clone());
        let (greets, asks) = (world.workflow(&greeter()).await, world.workflow(&reviewed()).await);
        let run = world.execute(&greets, json!({ "name": "Ada" })).await;
        world.execution(&run, &["completed"]).await;
        let waits = world.execute(&asks, json!({})).await;
        world.execution(&waits, &["paused"]).await;
        world.post(&format!("/v1/executions/{waits}/cancel"), &json!({})).await;
        let log = deliveries(&world, &id, 4).await;
        assert!(log.iter().all(|one| one["status"] == "success" && one["attempts"] == 1), "{log:#?}");
        let told: Vec<Value> = received.lock().unwrap().iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
        let names: Vec<&str> = told.iter().map(|one| one["event"].as_str().unwrap()).collect();
        assert_eq!(names, ["execution.started", "execution.completed", "execution.started", "execution.cancelled"], "in this order");
        let (began, ended) = (&told[0]["data"], &told[1]["data"]);
        assert_eq!((&began["execution_id"], &began["workflow_id"], &began["status"]), (&json!(run), &json!(greets), &json!("running")), "{told:#?}");
        assert!(began["started_at"].is_string() && began.get("completed_at").is_none());
        assert_eq!((&ended["status"], &ended["workflow_name"], &ended["outputs"]), (&json!("completed"), &json!("Greeter"), &json!({ "text": "Hello Ada" })));
        assert_eq!(told[3]["data"]["status"], "cancelled");
        let stream = world.console("GET", "/console/v1/events?product=workflows", None).await;
        assert_eq!(stream.json["data"].as_array().map(Vec::len), Some(4), "{stream:?}");
        engine.stop().await;
    }
}
