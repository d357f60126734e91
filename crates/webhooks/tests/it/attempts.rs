//! What is sent, what counts as success, what comes again (treasury contract, section 8.1).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use floe_model::webhooks::DeliveryStatus;
use floe_webhooks::signature;
use serde_json::json;

use crate::on_both;
use crate::receiver::{Answer, Receiver, Seen};
use crate::world::{VIEW, World};

/// What holds for each request of style treasury.
fn check(seen: &Seen, secret: &str, number: u32) {
    assert_eq!(seen.line, "POST /hook HTTP/1.1");
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("user-agent"), "FlowPilot-Webhooks/1.0");
    assert_eq!(seen.header("x-flowpilot-signature"), signature::treasury(secret, seen.body.as_bytes()));
    assert_eq!(seen.header("x-flowpilot-attempt"), number.to_string());
    let body = seen.json();
    let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["event", "timestamp", "delivery_id", "data"]);
    assert_eq!(body["event"], seen.event());
    assert_eq!(body["delivery_id"], seen.header("x-flowpilot-delivery"));
    assert_eq!(seen.header("x-flowpilot-delivery").len(), 36);
    let stamp = body["timestamp"].as_str().unwrap();
    assert!(stamp.len() == 24 && stamp.ends_with('Z'), "{stamp} has milliseconds");
}

on_both! {
    async fn a_delivery_is_what_the_contract_says(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::start(|_| Answer::Body("204 Fine\r\nx-mine: yes\r\nset-cookie: a=b", b"ok".to_vec())).await;
        let made = world.payouts(receiver.url()).await;
        let tests = receiver.tests();
        check(&tests[0], &made.secret, 1);
        assert_eq!(tests[0].json()["data"], json!({ "message": "FlowPilot webhook test" }));
        assert!(made.is_verified() && made.endpoint.is_active);

        let engine = world.engine();
        assert_eq!(world.succeed(7).await, 1);
        let log = world.logged(made.endpoint.id, 1).await;
        let seen = receiver.seen();
        check(&seen[0], &made.secret, 1);
        assert!(seen[0].body.contains(r#""data":{"number":7,"amount":350000.00}}"#), "data is sent as it stands");
        assert_eq!(seen[0].header("x-flowpilot-event-id"), log[0].event.to_string());
        assert_eq!((log[0].status_code, log[0].success, log[0].number), (Some(204), true, 1));
        assert_eq!(log[0].answer_headers.as_deref(), Some(r#"{"x-mine":"yes","content-length":"2"}"#));
        let endpoint = world.endpoint(made.endpoint.id).await;
        assert_eq!((endpoint.counter.failures, endpoint.last_triggered_at), (0, Some(log[0].at)));
        engine.stop().await;
    }

    async fn only_events_that_were_picked_come_and_only_those_of_the_scope(store: TestStore) {
        use crate::world::{LIVE, WORKSPACE};
        use floe_model::{Mode, Scope, id::WorkspaceId};
        let world = World::new(store);
        let receiver = Receiver::good().await;
        let made = world.payouts(receiver.url()).await;
        let engine = world.engine();
        assert_eq!(world.happen(LIVE, "treasury.run.completed", 1).await, 0);
        assert_eq!(world.happen(Scope { workspace: WORKSPACE, mode: Mode::Test }, "treasury.payout.failed", 2).await, 0);
        assert_eq!(world.happen(Scope { workspace: WorkspaceId(2), mode: Mode::Live }, "treasury.payout.failed", 3).await, 0);
        assert_eq!(world.happen(LIVE, "treasury.payout.failed", 4).await, 1);
        world.logged(made.endpoint.id, 1).await;
        let numbers: Vec<_> = receiver.seen().iter().map(|seen| seen.json()["data"]["number"].clone()).collect();
        assert_eq!(numbers, [json!(4)]);
        engine.stop().await;
    }

    async fn what_fails_comes_again_four_times_with_the_same_event_id(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::start(|seen| match seen.event() {
            "webhook.test" => Answer::Status("200 OK"),
            _ => Answer::Status("500 Broken"),
        })
        .await;
        let made = world.payouts(receiver.url()).await;
        let (engine, id) = (world.engine(), made.endpoint.id);
        world.succeed(1).await;
        for (attempt, pause_s) in [(1, 10), (2, 60), (3, 300), (4, 1_800)] {
            let log = world.logged(id, attempt).await;
            let delivery = world.deliveries(id).await.remove(0);
            assert_eq!(delivery.status, DeliveryStatus::Retrying);
            let pause_ms = delivery.due_at.unwrap().millis_since(log[attempt - 1].at);
            let least = pause_s * 800;
            // The pause is counted from the end of the attempt.
            assert!((least..pause_s * 1_200 + 2_000).contains(&pause_ms), "{pause_ms} ms after attempt {attempt}");
            world.pass_seconds(pause_s * 2).await;
        }
        let log = world.logged(id, 5).await;
        let delivery = world.deliveries(id).await.remove(0);
        assert_eq!((delivery.status, delivery.due_at, delivery.attempts), (DeliveryStatus::Failed, None, 5));
        let seen = receiver.seen();
        assert_eq!(seen.len(), 5, "five attempts in all");
        for (index, seen) in seen.iter().enumerate() {
            check(seen, &made.secret, index as u32 + 1);
            assert_eq!(seen.header("x-flowpilot-event-id"), log[0].event.to_string());
            assert_eq!(seen.json()["timestamp"], receiver.seen()[0].json()["timestamp"]);
        }
        let ids: BTreeSet<_> = seen.iter().map(|seen| seen.header("x-flowpilot-delivery").to_owned()).collect();
        assert_eq!(ids.len(), 5, "each attempt has an id of its own");
        let endpoint = world.endpoint(id).await;
        assert_eq!((endpoint.counter.failures, endpoint.is_active), (1, true), "later attempts add nothing");
        engine.stop().await;
    }

    async fn success_is_any_2xx_in_time_and_nothing_else(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::start(|seen| {
            if seen.event() == "webhook.test" {
                return Answer::Status("200 OK");
            }
            match seen.json()["data"]["number"].as_u64().unwrap() {
                0 => Answer::Status("299 Fine"),
                1 => Answer::Status("302 There\r\nlocation: /other"),
                2 => Answer::Status("304 Same"),
                3 => Answer::Hang,
                4 => Answer::Trickle,
                5 => Answer::Endless,
                _ => Answer::Body("200 OK", vec![b'x'; 50_000]),
            }
        })
        .await;
        let made = world.payouts(receiver.url()).await;
        let (engine, id) = (world.engine(), made.endpoint.id);
        for (number, (success, code, error)) in [
            (true, Some(299), None),
            (false, Some(302), Some("the receiver answered with status 302")),
            (false, Some(304), Some("the receiver answered with status 304")),
            (false, None, Some("no complete answer within 400 ms")),
            (false, None, Some("no complete answer within 400 ms")),
            (true, Some(200), None),
            (true, Some(200), None),
        ]
        .into_iter()
        .enumerate()
        {
            world.succeed(number).await;
            let log = world.logged(id, number + 1).await;
            let last = &log[number];
            assert_eq!((last.success, last.status_code, last.error.as_deref()), (success, code, error), "{number}");
            assert!(last.answer_body.as_ref().is_none_or(|body| body.len() <= 10_000));
        }
        assert_eq!(world.log(id).await[6].answer_body.as_ref().unwrap().len(), 10_000, "the beginning is kept");
        assert!(receiver.seen().iter().all(|seen| seen.line == "POST /hook HTTP/1.1"), "no redirect was followed");
        engine.stop().await;
    }

    async fn an_answer_that_cannot_be_stored_as_it_came_is_kept_readable(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::start(|_| Answer::Body("200 OK", b"a\0b\xff".to_vec())).await;
        let made = world.payouts(receiver.url()).await;
        let engine = world.engine();
        world.succeed(1).await;
        let log = world.logged(made.endpoint.id, 1).await;
        assert_eq!(log[0].answer_body.as_deref(), Some("a\u{fffd}b\u{fffd}"));
        engine.stop().await;
    }

    async fn first_attempts_go_out_in_order_one_at_a_time_and_later_ones_aside(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::start(|seen| {
            let is_first = seen.header("x-flowpilot-attempt") == "1";
            match seen.json()["data"]["number"].as_u64() {
                Some(3) if is_first => Answer::Status("500 Broken"),
                _ => Answer::Late(Duration::from_millis(3), "200 OK"),
            }
        })
        .await;
        let made = world.payouts(receiver.url()).await;
        for number in 0..15 {
            world.succeed(number).await;
        }
        let engine = world.engine();
        for number in 15..30 {
            world.succeed(number).await;
        }
        world.logged(made.endpoint.id, 30).await;
        let numbers: Vec<u64> = receiver.seen().iter().map(|seen| seen.json()["data"]["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..30).collect::<Vec<_>>());
        assert_eq!(receiver.most_at_once(), 1);
        world.pass_seconds(20).await;
        let log = world.logged(made.endpoint.id, 31).await;
        assert_eq!((log[30].number, log[30].success), (2, true));
        assert_eq!(receiver.seen()[30].json()["data"]["number"], 3);
        engine.stop().await;
    }

    async fn five_failures_in_a_row_switch_off_and_what_waits_can_be_sent_by_hand(store: TestStore) {
        let world = World::new(store);
        let is_good = Arc::new(AtomicBool::new(true));
        let good = Arc::clone(&is_good);
        let receiver = Receiver::start(move |_| {
            if good.load(Ordering::Relaxed) { Answer::Status("200 OK") } else { Answer::Status("503 Later") }
        })
        .await;
        let made = world.payouts(receiver.url()).await;
        let (engine, id) = (world.engine(), made.endpoint.id);
        is_good.store(false, Ordering::Relaxed);
        for number in 0..4 {
            world.succeed(number).await;
            world.logged(id, number + 1).await;
        }
        let endpoint = world.endpoint(id).await;
        assert_eq!((endpoint.counter.failures, endpoint.is_active), (4, true));
        world.succeed(4).await;
        // Five attempts, and a note for each of the five that waited.
        let log = world.logged(id, 10).await;
        let endpoint = world.endpoint(id).await;
        assert_eq!((endpoint.is_active, endpoint.counter.failures), (false, 5));
        assert_eq!(endpoint.disabled_reason.as_deref(), Some("too many failures"));
        assert!(world.deliveries(id).await.iter().all(|one| one.status == DeliveryStatus::Abandoned));
        assert!(log[5..].iter().all(|note| note.number == 0 && !note.success && note.error.is_some()));

        assert_eq!(world.succeed(5).await, 0, "nothing is attempted while it is off");
        let skipped = world.deliveries(id).await.remove(5);
        assert_eq!(skipped.status, DeliveryStatus::Skipped);
        is_good.store(true, Ordering::Relaxed);
        let attempt = world.redeliver(skipped.id).await;
        assert_eq!((attempt.success, attempt.number, attempt.event), (true, 1, skipped.event));
        let abandoned = world.deliveries(id).await.remove(0);
        let attempt = world.redeliver(abandoned.id).await;
        assert_eq!((attempt.success, attempt.number), (true, 2));
        let states: Vec<_> = world.deliveries(id).await.iter().map(|one| one.status).collect();
        assert_eq!((states[0], states[1], states[5]), (DeliveryStatus::Success, DeliveryStatus::Abandoned, DeliveryStatus::Success));
        assert!(!world.endpoint(id).await.is_active, "sending by hand does not switch on");

        let ctx = world.ctx();
        let on = world.store.write(move |tx| floe_webhooks::endpoints::enable(tx, &ctx, VIEW, id)).await.unwrap();
        assert_eq!((on.is_active, on.counter.failures, on.disabled_reason), (true, 0, None));
        assert_eq!(world.succeed(6).await, 1);
        let count = world.log(id).await.len();
        world.logged(id, count.max(14)).await;
        engine.stop().await;
    }
}
