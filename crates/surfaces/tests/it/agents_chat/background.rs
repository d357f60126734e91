//! Background calls: written down, answered at once, their envelope sent to an address (agents contract, section 2.5).

use floe_testkit::on_both;
use std::time::Duration;

use floe_webhooks::{Engine, Webhooks};
use serde_json::json;

use super::{Desk, text};
use crate::hooks::{self, Received};

async fn arrived(received: &Received, count: usize) -> Vec<(http::HeaderMap, String)> {
    for _ in 0..2_000 {
        let list = received.lock().expect("the list").clone();
        if list.len() >= count {
            return list;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{count} callbacks are expected");
}

fn engine(desk: &Desk) -> Engine {
    Engine::start(Webhooks::clone(&desk.app.app.webhooks))
}

on_both! {
    async fn the_envelope_comes_to_the_address_as_a_direct_call_would_get_it(store: TestStore) {
        let desk = Desk::on(store).await;
        let (received, engine) = (hooks::receive().await, engine(&desk));
        let rotated = desk.console("POST", "/console/v1/workspace/callback-secret/rotate", Some(json!({}))).await;
        let secret = rotated.json["secret"].as_str().expect("a secret").to_owned();
        let body = json!({ "messages": "Hello", "thread_id": "t", "callback_url": hooks::url(200) });
        let answer = desk.chat(body).await;
        let expected = r#"{"message":"Request accepted and being processed asynchronously","status":"processing"}"#;
        assert_eq!((answer.status.as_u16(), text(&answer).as_str()), (202, expected));
        let (headers, envelope) = arrived(&received, 1).await.remove(0);
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        assert_eq!(
            (header("x-request-id"), header("content-type")),
            (answer.header("x-request-id").to_owned(), "application/json".to_owned())
        );
        let stamp = header("webhook-timestamp").parse().expect("seconds");
        let signed =
            floe_webhooks::signature::standard([secret.as_str()], &header("webhook-id"), stamp, envelope.as_bytes());
        assert_eq!(header("webhook-signature"), signed);
        let envelope: serde_json::Value = serde_json::from_str(&envelope).expect("JSON");
        assert_eq!((&envelope["statusCode"], &envelope["body"]["agent_id"]), (&json!(200), &json!(desk.agent)));
        assert_eq!(envelope["body"]["conversation_history"][1]["content"], "[mock:mock] Hello");
        assert_eq!(envelope["body"]["metadata"]["thread_id"], "t");
        for _ in 0..400 {
            let activity = desk.get("/activity?type=callback.delivered").await;
            if activity.json["data"].as_array().is_some_and(|list| list.len() == 1) {
                return engine.stop().await;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the activity does not tell of the callback");
    }

    async fn a_callback_that_was_given_up_is_sent_again_when_asked(store: TestStore) {
        let desk = Desk::on(store).await;
        let (received, engine) = (hooks::receive().await, engine(&desk));
        desk.chat(json!({ "messages": "Hello", "callback_url": hooks::url(410) })).await;
        arrived(&received, 1).await;
        let mut delivery = String::new();
        for _ in 0..400 {
            let list = desk.console("GET", "/console/v1/deliveries", None).await;
            if list.json["data"][0]["status"] == "failed" {
                assert_eq!(list.json["data"][0]["endpoint_id"], json!(null));
                delivery = list.json["data"][0]["id"].as_str().expect("an id").to_owned();
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let failed = desk.get("/activity?type=callback.failed").await;
        assert_eq!(failed.json["data"].as_array().map(Vec::len), Some(1), "{failed:?}");
        let other = desk.new_agent(json!({})).await;
        let path = format!("/api/public/agent/{other}/deliveries/{delivery}/retry");
        assert_eq!(desk.app.post(&path).header("authorization", &desk.key).json(&json!({})).send().await.status, 404);
        let again = desk.post(&format!("/deliveries/{delivery}/retry"), json!({})).await;
        assert_eq!((again.status.as_u16(), &again.json["status"]), (202, &json!("retrying")), "{again:?}");
        let list = arrived(&received, 2).await;
        assert_eq!((list[0].0.get("webhook-id"), &list[0].1), (list[1].0.get("webhook-id"), &list[1].1));
        engine.stop().await;
    }
}
