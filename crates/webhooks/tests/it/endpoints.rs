//! Making, changing and deleting endpoints (treasury contract, sections 4.5 and 10.6).

use floe_model::FaultKind;
use floe_model::webhooks::DeliveryStatus;
use floe_webhooks::endpoints::{self, NewEndpoint, Patch};
use floe_webhooks::signature;

use crate::on_both;
use crate::receiver::{Answer, Receiver};
use crate::world::{VIEW, World};

on_both! {
    async fn the_first_test_decides_whether_an_endpoint_is_told(store: TestStore) {
        let world = World::new(store);
        for (answer, is_active, is_verified) in
            [("200 OK", true, true), ("401 Who", true, false), ("403 No", true, false), ("404 Where", false, false), ("302 There", false, false)]
        {
            let receiver = Receiver::start(move |_| Answer::Status(answer)).await;
            let made = world.payouts(receiver.url()).await;
            assert_eq!((made.endpoint.is_active, made.is_verified()), (is_active, is_verified), "{answer}");
            let stored = world.endpoint(made.endpoint.id).await;
            assert_eq!((stored.is_active, stored.counter.failures), (is_active, 0), "a test does not touch the counter");
            assert_eq!(stored.disabled_reason.is_some(), !is_active);
            assert!(!stored.secret.windows(6).any(|bytes| bytes == b"whsec_"), "the secret is sealed");
        }
        let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let made = world.payouts(format!("http://{dead}/")).await;
        assert!(!made.endpoint.is_active && made.verification_message().contains("could not connect"));
    }

    async fn what_cannot_be_an_endpoint_is_refused_and_nothing_is_sent_or_kept(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::good().await;
        let good = receiver.url();
        let payouts = &["payout.failed"][..];
        let long = format!("https://example.com/{}", "x".repeat(2_040));
        for (url, events, path) in [
            ("http://example.com/hook", payouts, "/url"),
            ("https://10.0.0.1/hook", payouts, "/url"),
            ("https://169.254.169.254/latest", payouts, "/url"),
            ("https://[::ffff:127.0.0.2]/", payouts, "/url"),
            ("https://user:pass@example.com/", payouts, "/url"),
            ("ftp://example.com/", payouts, "/url"),
            ("not a url", payouts, "/url"),
            (long.as_str(), payouts, "/url"),
            (good.as_str(), &[], "/events"),
            (good.as_str(), &["payout.failed", "payout.lost"], "/events/1"),
            (good.as_str(), &["webhook.test"], "/events"),
            (good.as_str(), &["*"], "/events/0"),
        ] {
            let fault = world.webhooks.prepare(&world.ctx(), World::wanted(url.to_owned(), events)).await.err();
            let fault = fault.unwrap_or_else(|| panic!("{url} {events:?} is refused"));
            let paths: Vec<_> = fault.fields().iter().map(|field| field.path.as_str()).collect();
            let is_refused = matches!(fault.kind(), FaultKind::Invalid | FaultKind::Unprocessable);
            assert_eq!((is_refused, paths), (true, vec![path]), "{url} {events:?}");
        }
        assert!(receiver.tests().is_empty());
        let with_test = world.make(World::wanted(good.clone(), &["webhook.test", "payout.failed", "payout.failed"])).await;
        assert_eq!(with_test.endpoint.events, ["payout.failed"], "the test is accepted and dropped");
        for _ in 1..20 {
            world.payouts(good.clone()).await;
        }
        let fault = world.webhooks.prepare(&world.ctx(), World::wanted(good, payouts)).await.err().unwrap();
        assert_eq!(fault.kind(), FaultKind::Conflict, "at most 20 endpoints");
    }

    async fn changes_test_a_new_address_and_end_what_waits(store: TestStore) {
        let world = World::new(store);
        let (old, new) = (Receiver::good().await, Receiver::start(|_| Answer::Status("500 Broken")).await);
        let made = world.payouts(old.url()).await;
        let id = made.endpoint.id;
        let change = async |patch: Patch| {
            let ctx = world.ctx();
            let prepared = world.webhooks.prepare_change(&ctx, VIEW, id, patch, None).await.unwrap();
            world.store.write(move |tx| prepared.apply(tx, &ctx)).await.unwrap()
        };
        world.succeed(1).await;
        let off = change(Patch { is_active: Some(false), ..Patch::default() }).await;
        assert_eq!((off.is_active, off.revision), (false, 2));
        assert_eq!(world.deliveries(id).await[0].status, DeliveryStatus::Abandoned);
        let on = change(Patch { is_active: Some(true), events: Some(vec!["run.failed".to_owned()]), ..Patch::default() }).await;
        assert_eq!((on.is_active, on.events, on.disabled_reason), (true, vec!["run.failed".to_owned()], None));
        assert_eq!((old.tests().len(), world.succeed(2).await), (1, 0), "no new address, no new test");
        let moved = change(Patch { url: Some(new.url()), ..Patch::default() }).await;
        assert_eq!((new.tests().len(), moved.is_active), (1, false));
        let seen = &new.tests()[0];
        assert_eq!(seen.header("x-flowpilot-signature"), signature::treasury(&made.secret, seen.body.as_bytes()));
        let ctx = world.ctx();
        let stale = world.webhooks.prepare_change(&ctx, VIEW, id, Patch::default(), Some(1)).await.err().unwrap();
        assert_eq!(stale.kind(), FaultKind::Stale);
    }

    async fn a_rotated_secret_signs_at_once_and_a_test_counts_for_nothing(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::start(|_| Answer::Status("500 Broken")).await;
        let made = world.make(NewEndpoint { is_active: Some(true), ..World::wanted(receiver.url(), &["run.failed"]) }).await;
        let (id, ctx, rotation) = (made.endpoint.id, world.ctx(), world.webhooks.prepare_rotation());
        let (_, secret) = world.store.write(move |tx| rotation.apply(tx, &ctx, VIEW, id, 60)).await.unwrap();
        assert_ne!(secret, made.secret);
        for _ in 0..6 {
            let outcome = world.test(id).await;
            assert_eq!((outcome.success, outcome.status_code), (false, Some(500)));
        }
        let seen = receiver.tests().pop().unwrap();
        assert_eq!(seen.header("x-flowpilot-signature"), signature::treasury(&secret, seen.body.as_bytes()));
        let endpoint = world.endpoint(id).await;
        assert_eq!(endpoint.counter.failures, 0);
        let engine = world.engine();
        world.pass_seconds(3_600).await;
        assert_eq!(receiver.tests().len(), 7, "a test is not attempted again");
        engine.stop().await;
    }

    async fn a_deleted_endpoint_is_told_nothing(store: TestStore) {
        let world = World::new(store);
        let receiver = Receiver::good().await;
        let made = world.payouts(receiver.url()).await;
        let (id, ctx) = (made.endpoint.id, world.ctx());
        world.succeed(1).await;
        let again = ctx.clone();
        world.store.write(move |tx| endpoints::delete(tx, &ctx, VIEW, id, None)).await.unwrap();
        let gone = world.store.write(move |tx| endpoints::delete(tx, &again, VIEW, id, None)).await.err().unwrap();
        assert_eq!(gone.kind(), FaultKind::NotFound);
        assert_eq!(world.succeed(2).await, 0);
        let other = world.payouts(receiver.url()).await;
        let engine = world.engine();
        world.succeed(3).await;
        world.logged(other.endpoint.id, 1).await;
        assert_eq!(receiver.seen().len(), 1);
        engine.stop().await;
    }
}
