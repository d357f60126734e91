//! Answers of agents, sent to the address of their call (agents contract, section 2.5).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use floe_model::FaultKind;
use floe_model::id::{AgentId, DeliveryId, ExchangeId, RequestId};
use floe_model::webhooks::DeliveryStatus;
use floe_runtime::seal::Place;
use floe_store::access::callback_secrets;
use floe_store::webhooks::attempts;
use floe_store::webhooks::callbacks::{NewCallback, enqueue};
use floe_store::webhooks::deliveries::{self, Delivery};
use floe_webhooks::endpoints::View;
use floe_webhooks::{callbacks, log, signature};

use crate::on_both;
use crate::receiver::{Answer, Receiver};
use crate::world::{LIVE, WORKSPACE, World};

const AGENT: AgentId = AgentId(77);
const REQUEST: RequestId = RequestId(4_242);
const ENVELOPE: &str =
    r#"{"statusCode":500,"body":{"error":"An unexpected error occurred while processing your request"}}"#;

async fn answer(world: &World, exchange: u128, url: String) -> DeliveryId {
    let platform = Arc::clone(&world.platform);
    let write = world.store.write(move |tx| {
        let new = NewCallback {
            agent: AGENT,
            exchange: ExchangeId(exchange),
            thread: Some("thread_1"),
            request: REQUEST,
            url: &url,
            body: ENVELOPE,
            at: platform.clock.now(),
        };
        enqueue(tx, LIVE, &new, &mut || platform.ids.next_bits())
    });
    write.await.unwrap()
}

async fn delivery(world: &World, id: DeliveryId) -> Delivery {
    world.store.read(move |tx| deliveries::find(tx, WORKSPACE, id)).await.unwrap().unwrap()
}

/// Waits until so many attempts were recorded.
async fn attempted(world: &World, id: DeliveryId, count: usize) -> Delivery {
    for _ in 0..4_000 {
        let seen = world.store.read(move |tx| attempts::of_delivery(tx, WORKSPACE, id)).await.unwrap();
        if seen.len() >= count {
            return delivery(world, id).await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{count} attempts are expected");
}

async fn secret(world: &World) -> String {
    let platform = Arc::clone(&world.platform);
    let read = world.store.read(move |tx| {
        let sealed = callback_secrets::open(tx, WORKSPACE, platform.clock.now())?;
        platform.seal.open_text(tx, WORKSPACE, Place::callback_secret(WORKSPACE), &sealed[0].1)
    });
    read.await.unwrap()
}

on_both! {
    async fn the_answer_comes_word_for_word_and_signed(store: TestStore) {
        let world = World::new(store);
        let (engine, receiver) = (world.engine(), Receiver::good().await);
        let id = answer(&world, 1, receiver.url()).await;
        assert_eq!(answer(&world, 1, receiver.url()).await, id, "an exchange has one callback");
        let done = attempted(&world, id, 1).await;
        assert_eq!((done.status, done.attempts), (DeliveryStatus::Success, 1));
        let seen = receiver.seen();
        assert_eq!((seen.len(), seen[0].body.as_str()), (1, ENVELOPE));
        assert!(seen[0].line.starts_with("POST /hook "));
        assert_eq!(seen[0].header("content-type"), "application/json");
        assert_eq!(seen[0].header("x-request-id"), REQUEST.prefixed());
        let (stamp, name) = (seen[0].header("webhook-timestamp").parse().unwrap(), seen[0].header("webhook-id"));
        let expected = signature::standard([secret(&world).await.as_str()], name, stamp, ENVELOPE.as_bytes());
        assert_eq!(seen[0].header("webhook-signature"), expected);
        // The log of deliveries shows it; a view of the treasury does not.
        let full = world.store.read(move |tx| log::full(tx, View::Console { workspace: WORKSPACE, with_treasury: false }, id)).await.unwrap();
        assert_eq!(full.request(&full.attempts[0]).unwrap().body, ENVELOPE);
        let hidden = world.store.read(move |tx| log::full(tx, View::Treasury(LIVE), id)).await;
        assert_eq!(hidden.unwrap_err().kind(), FaultKind::NotFound);
        engine.stop().await;
    }

    async fn a_receiver_that_fails_is_tried_six_times_and_again_when_asked(store: TestStore) {
        let world = World::new(store);
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tries);
        let receiver = Receiver::start(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
            0..6 => Answer::Status("500 Internal Server Error"),
            _ => Answer::Status("204 No Content"),
        })
        .await;
        let engine = world.engine();
        let id = answer(&world, 1, receiver.url()).await;
        for (attempt, pause) in (1..).zip([5, 30, 120, 600, 3_600]) {
            assert_eq!(attempted(&world, id, attempt).await.status, DeliveryStatus::Retrying);
            world.pass_seconds(pause * 12 / 10 + 1).await;
        }
        assert_eq!(attempted(&world, id, 6).await.status, DeliveryStatus::Failed);
        let names: Vec<String> = receiver.seen().iter().map(|seen| seen.header("webhook-id").to_owned()).collect();
        assert!(names.len() == 6 && names.iter().all(|name| *name == names[0]), "the id stays the same");
        let ctx = world.ctx();
        let other = world.store.write(move |tx| callbacks::retry(tx, &ctx, AgentId(78), id)).await;
        assert_eq!(other.unwrap_err().kind(), FaultKind::NotFound, "of another agent");
        let ctx = world.ctx();
        world.store.write(move |tx| callbacks::retry(tx, &ctx, AGENT, id)).await.unwrap();
        assert_eq!(attempted(&world, id, 7).await.status, DeliveryStatus::Success);
        let ctx = world.ctx();
        let taken = world.store.write(move |tx| callbacks::retry(tx, &ctx, AGENT, id)).await;
        assert_eq!(taken.unwrap_err().code(), "already_delivered");
        engine.stop().await;
    }

    async fn one_who_is_gone_is_not_tried_again(store: TestStore) {
        let world = World::new(store);
        let (engine, receiver) = (world.engine(), Receiver::start(|_| Answer::Status("410 Gone")).await);
        let id = answer(&world, 1, receiver.url()).await;
        assert_eq!(attempted(&world, id, 1).await.status, DeliveryStatus::Failed);
        engine.stop().await;
    }

    async fn a_host_that_hangs_holds_up_none_of_the_others(store: TestStore) {
        let world = World::new(store);
        let hanging = Receiver::start(|_| Answer::Hang).await;
        let (engine, good) = (world.engine(), Receiver::good().await);
        for exchange in 0..40 {
            answer(&world, exchange, hanging.url()).await;
        }
        let id = answer(&world, 100, good.url()).await;
        assert_eq!(attempted(&world, id, 1).await.status, DeliveryStatus::Success);
        assert!(hanging.most_at_once() <= 8, "lanes bound what one host gets at a time");
        engine.stop().await;
    }
}

#[tokio::test]
async fn addresses_where_calls_may_not_go_are_refused_when_the_call_comes() {
    let world = World::new(floe_testkit::store::TestStore::sqlite().await);
    for (url, is_good) in [
        ("http://127.0.0.1:9/hook", true),
        ("/hook", false),
        ("hook.test", false),
        ("ftp://127.0.0.1/hook", false),
        ("http://user:pw@127.0.0.1/", false),
        ("http://10.0.0.5/hook", false),
        ("http://169.254.169.254/latest", false),
        ("http://[::1]/hook", false),
        ("https://intranet.corp/hook", false),
    ] {
        let checked = world.webhooks.check_callback_url(url).await;
        assert_eq!(checked.is_ok(), is_good, "{url}");
        if let Err(fault) = checked {
            assert_eq!(fault.code(), "invalid_callback_url");
        }
    }
    let long = format!("http://127.0.0.1/{}", "a".repeat(2_100));
    assert!(world.webhooks.check_callback_url(&long).await.is_err());
}
