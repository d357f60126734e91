//! Many endpoints, crashes, several engines.

use std::time::{Duration, Instant};

use floe_model::webhooks::DeliveryStatus;
use floe_webhooks::Settings;

use crate::on_both;
use crate::receiver::{Answer, Receiver};
use crate::world::World;

/// More endpoints than the quick room has places.
const HANGING: usize = 300;

#[expect(clippy::disallowed_methods, reason = "measures how long receivers waited")]
fn now() -> Instant {
    Instant::now()
}

on_both! {
    async fn receivers_that_hang_delay_nobody(store: TestStore) {
        let world = World::with(store, Settings { attempt_ms: 5_000, ..Settings::default() });
        let hanging = Receiver::start(|seen| match seen.event() {
            "webhook.test" => Answer::Status("200 OK"),
            _ => Answer::Hang,
        })
        .await;
        let healthy = Receiver::good().await;
        let made = world.payouts(healthy.url()).await;
        world.hang(hanging.url(), HANGING).await;
        let engine = world.engine();
        world.happen(crate::world::LIVE, "treasury.run.failed", 0).await;
        let started = now();
        while hanging.most_at_once() < HANGING {
            assert!(started.elapsed() < Duration::from_secs(4), "only {} hang", hanging.most_at_once());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Twenty events, one after the other, while all the others hang.
        for number in 0..20 {
            let started = now();
            world.succeed(number).await;
            world.logged(made.endpoint.id, number + 1).await;
            assert!(started.elapsed() < Duration::from_millis(1_500), "event {number} took {:?}", started.elapsed());
        }
        drop(engine);
    }

    async fn what_an_ended_engine_left_is_delivered_by_the_next(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::start(|seen| match seen.event() {
            "webhook.test" => Answer::Status("200 OK"),
            _ => Answer::Late(Duration::from_millis(30), "200 OK"),
        })
        .await;
        let made = world.payouts(receiver.url()).await;
        let engine = world.engine();
        for number in 0..10 {
            world.succeed(number).await;
        }
        world.logged(made.endpoint.id, 3).await;
        engine.stop().await;
        let engine = world.engine();
        world.logged(made.endpoint.id, 10).await;
        assert!(world.deliveries(made.endpoint.id).await.iter().all(|one| one.status == DeliveryStatus::Success));
        let mut numbers: Vec<_> = receiver.seen().iter().map(|seen| seen.json()["data"]["number"].as_u64().unwrap()).collect();
        numbers.dedup();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>(), "in order; doubles are possible");
        engine.stop().await;
    }

    async fn two_engines_on_one_database_share_the_work(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::start(|_| Answer::Late(Duration::from_millis(1), "200 OK")).await;
        let made = world.payouts(receiver.url()).await;
        let engines = [world.engine(), world.engine()];
        tokio::time::sleep(Duration::from_millis(100)).await;
        for number in 0..60 {
            world.succeed(number).await;
        }
        world.logged(made.endpoint.id, 60).await;
        let numbers: Vec<_> = receiver.seen().iter().map(|seen| seen.json()["data"]["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..60).collect::<Vec<_>>(), "each once, in order");
        assert_eq!(receiver.most_at_once(), 1);
        for engine in engines {
            engine.stop().await;
        }
    }

    async fn the_log_is_kept_for_thirty_days(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::good().await;
        let made = world.payouts(receiver.url()).await;
        let (engine, id) = (world.engine(), made.endpoint.id);
        world.succeed(1).await;
        let old = world.logged(id, 1).await.remove(0);
        world.pass_seconds(29 * 86_400).await;
        world.succeed(2).await;
        world.logged(id, 2).await;
        assert_eq!(world.webhooks.sweep().await.unwrap(), 0);
        world.pass_seconds(86_400 + 60).await;
        // The test and the old event: an attempt, a delivery and an event of each.
        assert_eq!(world.webhooks.sweep().await.unwrap(), 6);
        let log = world.log(id).await;
        assert!(log.len() == 1 && log[0].id != old.id);
        engine.stop().await;
    }
}

impl World {
    /// Endpoints for failed runs, without a test each.
    async fn hang(&self, url: String, count: usize) {
        use floe_store::webhooks::endpoints::{Endpoint, insert};
        let first = self.make(Self::wanted(url, &["run.failed"])).await.endpoint;
        let (platform, ids) = (std::sync::Arc::clone(&self.platform), self.platform.ids.clone());
        let write = self.store.write(move |tx| {
            for _ in 1..count {
                let id: floe_model::id::WebhookId = ids.next();
                let place = floe_runtime::seal::Place::new("webhook.secret", id.0);
                let secret = platform.seal.seal(tx, &ids, first.workspace, place, b"whsec_x")?;
                insert(tx, &Endpoint { id, secret, ..first.clone() })?;
            }
            Ok(())
        });
        write.await.unwrap();
    }
}
