//! Many endpoints, crashes, several engines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use floe_model::Timestamp;
use floe_model::id::{NodeId, WebhookId};
use floe_model::webhooks::DeliveryStatus;
use floe_runtime::jobs::JobLoop;
use floe_store::webhooks::lanes::{self, Claim, Lane};
use floe_webhooks::log::Wanted;
use floe_webhooks::{Settings, handlers};

use crate::on_both;
use crate::receiver::{Answer, Receiver};
use crate::world::{VIEW, World};

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

    async fn many_are_sent_once_more_by_a_job(store: TestStore) {
        let world = World::new(store);
        let is_good = Arc::new(AtomicBool::new(false));
        let good = Arc::clone(&is_good);
        let receiver = Receiver::start(move |seen| match seen.event() {
            "webhook.test" => Answer::Status("200 OK"),
            _ if good.load(Ordering::Relaxed) => Answer::Status("200 OK"),
            _ => Answer::Status("500 Broken"),
        })
        .await;
        let made = world.payouts(receiver.url()).await;
        let (engine, id) = (world.engine(), made.endpoint.id);
        for number in 0..5 {
            world.succeed(number).await;
            world.logged(id, number + 1).await;
        }
        world.logged(id, 10).await;
        // It is off by now. More than one page of the job:
        for number in 5..60 {
            world.succeed(number).await;
        }
        is_good.store(true, Ordering::Relaxed);
        let webhooks = Arc::new(world.webhooks.clone());
        let (service, ctx) = (Arc::clone(&webhooks), world.ctx());
        let wanted = Wanted {
            since: Timestamp(0),
            until: ctx.now().plus_seconds(60),
            statuses: vec!["abandoned".to_owned(), "skipped".to_owned()],
            kinds: vec!["treasury.payout.succeeded".to_owned()],
        };
        world.store.write(move |tx| service.replay(tx, &ctx, VIEW, id, wanted.clone())).await.unwrap();
        let jobs = JobLoop::start(Arc::clone(&world.platform), handlers(&webhooks));
        // Five failures, five notes of what was given up, 55 of what was skipped, and sixty good attempts.
        world.logged(id, 125).await;
        assert!(world.deliveries(id).await.iter().all(|one| one.status == DeliveryStatus::Success));
        jobs.stop().await;
        engine.stop().await;
    }

    async fn a_lane_is_held_until_its_lease_or_its_node_ends(store: TestStore) {
        let now = Timestamp(1_000_000_000);
        let claim = |id: u128, node: Option<u128>| Claim { endpoint: WebhookId(1), lane: Lane::First, id, node: node.map(NodeId) };
        let take = async |claim: Claim, at: Timestamp| {
            store.write(move |tx| lanes::claim(tx, claim, at, at.plus_seconds(20))).await.unwrap()
        };
        assert!(take(claim(1, None), now).await);
        assert!(!take(claim(2, None), now.plus_seconds(19)).await, "somebody has it");
        assert!(take(claim(1, None), now.plus_seconds(19)).await, "its holder may extend it");
        assert!(take(claim(2, None), now.plus_seconds(40)).await, "the lease has run out");
        store.write(move |tx| lanes::release(tx, claim(1, None))).await.unwrap();
        assert!(!take(claim(1, None), now.plus_seconds(41)).await, "only its holder gives it back");
        store.write(move |tx| lanes::release(tx, claim(2, None))).await.unwrap();
        assert!(take(claim(3, Some(77)), now.plus_seconds(42)).await);
        assert!(take(claim(4, None), now.plus_seconds(43)).await, "a node that is no more holds nothing");
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
