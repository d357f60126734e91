//! Style `workflow`: one body for all attempts, its own retries and headers (Workflow API contract, section 10).

use floe_model::webhooks::{DeliveryStatus, Style};
use floe_model::{Mode, Scope};
use floe_webhooks::endpoints::{NewEndpoint, View};
use floe_webhooks::signature;
use serde_json::json;

use crate::on_both;
use crate::receiver::{Answer, Receiver};
use crate::world::{LIVE, WORKSPACE, World};

const VIEW: View = View::Workflow(WORKSPACE);
const COMPLETED: &str = "workflows.execution.completed";

fn wanted(url: String) -> NewEndpoint {
    NewEndpoint {
        style: Style::Workflow,
        mode: None,
        headers: vec![("X-Mine".to_owned(), "v".to_owned())],
        ..World::wanted(url, &["execution.completed", "execution.completed", "execution.failed"])
    }
}

on_both! {
    async fn every_attempt_has_the_same_bytes(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::start(|_| Answer::Status("503 Service Unavailable")).await;
        let made = world.make(wanted(receiver.url())).await;
        assert_eq!(made.endpoint.events, ["execution.completed", "execution.failed"]);
        assert!(made.secret.starts_with("whsec_") && made.secret.len() == 70);
        let (engine, id) = (world.engine(), made.endpoint.id);
        world.happen(LIVE, "workflows.execution.started", 1).await;
        world.happen(Scope { mode: Mode::Test, ..LIVE }, COMPLETED, 2).await;
        for (attempts, seconds) in [(1, 140), (2, 270), (3, 100_000)] {
            world.logged(id, attempts).await;
            world.pass_seconds(seconds).await;
        }
        let delivery = world.deliveries(id).await.remove(0);
        assert_eq!((delivery.status, delivery.attempts, delivery.due_at), (DeliveryStatus::Failed, 3, None));
        let seen = receiver.seen();
        assert_eq!(seen.len(), 3, "three attempts in all, of what was picked");
        let (first, body) = (&seen[0], seen[0].json());
        assert!(seen.iter().all(|one| one.body == first.body));
        assert_eq!(body["id"], delivery.id.prefixed());
        assert_eq!((&body["event"], &body["data"]["number"]), (&json!("execution.completed"), &json!(2)));
        assert!(body["created_at"].as_str().is_some_and(|at| at.len() == 24 && at.ends_with('Z')));
        for (name, value) in [
            ("content-type", "application/json"),
            ("user-agent", "FlowMaestro-Webhook/1.0"),
            ("x-flowmaestro-event", "execution.completed"),
            ("x-flowmaestro-delivery-id", &delivery.id.prefixed()),
            ("x-flowmaestro-signature", &signature::workflow(&made.secret, first.body.as_bytes())),
            ("floe-mode", "test"),
            ("x-mine", "v"),
        ] {
            assert_eq!(first.header(name), value, "{name}");
        }
        engine.stop().await;
    }

    async fn what_cannot_pass_is_final_and_a_receiver_may_ask_for_time(store: TestStore) {
        let world = World::new(store);
        for (answer, later) in [("302 Found\r\nLocation: /elsewhere", None), ("404 Not Found", None), ("410 Gone", None), ("429 Too Many\r\nRetry-After: 3000", Some(3_000))] {
            let receiver = Receiver::start(move |_| Answer::Status(answer)).await;
            let id = world.make(wanted(receiver.url())).await.endpoint.id;
            let engine = world.engine();
            world.happen(LIVE, COMPLETED, 1).await;
            let log = world.logged(id, 1).await;
            let delivery = world.deliveries(id).await.remove(0);
            match later {
                None => assert_eq!((delivery.status, delivery.due_at), (DeliveryStatus::Failed, None), "{answer}"),
                Some(seconds) => {
                    let pause_ms = delivery.due_at.unwrap().millis_since(log[0].at);
                    assert!((seconds * 1_000..seconds * 1_000 + 60_000).contains(&pause_ms), "{pause_ms}");
                }
            }
            assert_eq!(receiver.seen().len(), 1, "no redirect is followed");
            engine.stop().await;
            let ctx = world.ctx();
            world.store.write(move |tx| floe_webhooks::endpoints::delete(tx, &ctx, VIEW, id, None)).await.unwrap();
        }
    }

    async fn only_active_endpoints_are_told_and_they_are_never_switched_off(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::start(|_| Answer::Status("400 Bad Request")).await;
        let id = world.make(wanted(receiver.url())).await.endpoint.id;
        let off = world.make(NewEndpoint { is_active: Some(false), ..wanted(receiver.url()) }).await.endpoint.id;
        let engine = world.engine();
        for number in 1..8 {
            world.happen(LIVE, COMPLETED, number).await;
            world.logged(id, number).await;
        }
        assert!(world.endpoint(id).await.is_active);
        assert!(world.deliveries(off).await.is_empty(), "not even one that is skipped");
        engine.stop().await;
    }

    async fn what_an_endpoint_may_not_be(store: TestStore) {
        let world = World::new(store);
        let url = "https://hooks.example.com/in".to_owned();
        let cases = [
            ("/url", NewEndpoint { url: "http://hooks.example.com/in".to_owned(), ..wanted(url.clone()) }),
            ("/url", NewEndpoint { url: "https://user:pass@hooks.example.com/in".to_owned(), ..wanted(url.clone()) }),
            ("/url", NewEndpoint { url: "https://10.0.0.1/in".to_owned(), ..wanted(url.clone()) }),
            ("/url", NewEndpoint { url: "/in".to_owned(), ..wanted(url.clone()) }),
            ("/events/0", NewEndpoint { events: vec!["*".to_owned()], ..wanted(url.clone()) }),
            ("/events", NewEndpoint { events: Vec::new(), ..wanted(url.clone()) }),
            ("/mode", NewEndpoint { mode: Some(Mode::Live), ..wanted(url.clone()) }),
            ("/headers", NewEndpoint { headers: vec![("Content-Language".to_owned(), "de".to_owned())], ..wanted(url.clone()) }),
            ("/headers", NewEndpoint { headers: vec![("X-FlowMaestro-Any".to_owned(), "1".to_owned())], ..wanted(url.clone()) }),
            ("/headers", NewEndpoint { headers: vec![("X-A".to_owned(), "a\r\nb: c".to_owned())], ..wanted(url.clone()) }),
            ("/headers", NewEndpoint { headers: vec![("Host".to_owned(), "a".to_owned())], ..wanted(url.clone()) }),
        ];
        let ctx = world.ctx();
        for (at, (field, new)) in cases.into_iter().enumerate() {
            let fault = world.webhooks.prepare(&ctx, new).await.err().unwrap_or_else(|| panic!("case {at}"));
            assert_eq!(fault.fields()[0].path, field, "case {at}: {fault}");
        }
        assert!(world.webhooks.prepare(&ctx, wanted(url)).await.is_ok());
    }
}
