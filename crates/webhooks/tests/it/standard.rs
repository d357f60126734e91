//! Style `standard`: the whole stream of events, Standard Webhooks (console contract, section 5.4).

use floe_model::id::EventId;
use floe_model::webhooks::Style;
use floe_store::platform::events::{self, NewEvent};
use floe_webhooks::endpoints::{NewEndpoint, View};
use floe_webhooks::signature;
use serde_json::json;

use crate::on_both;
use crate::receiver::Receiver;
use crate::world::{LIVE, WORKSPACE, World};

const CONSOLE: View = View::Console { workspace: WORKSPACE, with_treasury: true };

fn everything(url: String) -> NewEndpoint {
    NewEndpoint {
        style: Style::Standard,
        mode: None,
        headers: vec![("X-Mine".to_owned(), "secret value".to_owned()), ("Accept".to_owned(), "text/plain".to_owned())],
        ..World::wanted(url, &["flows.*", "treasury.payout.failed"])
    }
}

on_both! {
    async fn events_of_all_products_come_signed_by_the_standard(store: TestStore) {
        let world = World::new(store);
        let publish = async |kind: &'static str| {
            let id: EventId = world.platform.ids.next();
            let event = NewEvent { id, kind, subject_id: None, data: r#"{"a":1.50}"#.to_owned(), created_at: world.platform.clock.now() };
            world.store.write(move |tx| events::publish(tx, LIVE, &event)).await.unwrap();
            id
        };
        publish("flows.run.started").await;
        let receiver = Receiver::good().await;
        let made = world.make(everything(receiver.url())).await;
        assert!(made.test.is_none() && receiver.tests().is_empty(), "this style is not tested at its making");
        let (engine, id) = (world.engine(), made.endpoint.id);
        publish("platform.key.created").await;
        let run = publish("flows.run.completed").await;
        world.logged(id, 1).await;
        world.happen(LIVE, "treasury.payout.failed", 5).await;
        world.logged(id, 2).await;
        let seen = receiver.seen();
        assert_eq!(seen.len(), 2, "what happened before, and what was not picked, does not come");
        let (first, body) = (&seen[0], seen[0].json());
        assert_eq!(first.header("webhook-id"), run.prefixed());
        let stamp: i64 = first.header("webhook-timestamp").parse().unwrap();
        let expected = signature::standard([made.secret.as_str()], &run.prefixed(), stamp, first.body.as_bytes());
        assert_eq!(first.header("webhook-signature"), expected);
        assert_eq!((first.header("x-mine"), first.header("accept")), ("secret value", "text/plain"));
        assert_eq!(body["id"], run.prefixed());
        assert_eq!((&body["type"], &body["mode"], &body["data"]), (&json!("flows.run.completed"), &json!("live"), &json!({ "a": 1.5 })));
        assert_eq!(body["workspace_id"], WORKSPACE.prefixed());
        assert!(first.body.contains(r#""data":{"a":1.50}}"#), "data is sent as it stands");
        assert_eq!(seen[1].json()["type"], "treasury.payout.failed");
        engine.stop().await;
    }

    async fn both_secrets_sign_while_one_takes_over(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::good().await;
        let made = world.make(everything(receiver.url())).await;
        let (engine, id, ctx, rotation) = (world.engine(), made.endpoint.id, world.ctx(), world.webhooks.prepare_rotation());
        let (_, new) = world.store.write(move |tx| rotation.apply(tx, &ctx, CONSOLE, id, 60)).await.unwrap();
        for (index, minutes) in [0, 61].into_iter().enumerate() {
            world.pass_seconds(minutes * 60).await;
            world.happen(LIVE, "treasury.payout.failed", index).await;
            world.logged(id, index + 1).await;
        }
        let seen = receiver.seen();
        let by = |index: usize, secrets: &[&str]| {
            let (seen, stamp) = (&seen[index], seen[index].header("webhook-timestamp").parse().unwrap());
            signature::standard(secrets.iter().copied(), seen.header("webhook-id"), stamp, seen.body.as_bytes())
        };
        assert_eq!(seen[0].header("webhook-signature"), by(0, &[&new, &made.secret]));
        assert_eq!(seen[1].header("webhook-signature"), by(1, &[&new]), "the overlap is over");
        engine.stop().await;
    }
}
