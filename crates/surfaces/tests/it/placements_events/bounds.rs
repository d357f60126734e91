//! What happens when the database is slow or away: senders are told to come again, and nothing that was answered is lost.

use std::borrow::Cow;
use std::sync::{Arc, mpsc};

use floe_model::id::AppId;
use floe_model::placements::event::{Event, Missed};
use floe_model::placements::{NoFlow, Platform};
use floe_model::{FaultKind, Mode, Scope};
use floe_store::operation::retention;
use floe_testkit::store::TestStore;
use tokio::task::JoinSet;

use super::Shop;

/// Requests of this test, each of so many events of so many bytes: half as much again as may wait.
const REQUESTS: u128 = 60;
const EVENTS: u128 = 100;
const BYTES: usize = 4 * 1024;

#[tokio::test]
async fn what_waits_is_bounded_and_the_rest_is_stored() {
    let shop = Shop::new(TestStore::quick().await).await;
    let (store, events) = (shop.app.app.platform.store.clone(), Arc::clone(&shop.app.app.placements.events));
    let workspace = store.read(|tx| retention::next_workspace(tx, floe_model::id::WorkspaceId(0))).await;
    let scope = Scope { workspace: workspace.expect("a read").expect("a workspace"), mode: Mode::Live };
    let app = AppId::parse(&shop.id).expect("an id");
    // Nobody writes until the test says so.
    let (release, released) = mpsc::channel::<()>();
    let blocked = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .write(move |_| {
                    let _ = released.recv();
                    Ok(())
                })
                .await
        }
    });
    tokio::task::yield_now().await;
    let missed = Missed {
        app,
        placement: "p",
        user_id: "u",
        session_id: "s",
        platform: Platform::Ios,
        reason: NoFlow::NoDefaultFlow,
        at: shop.now_at(),
    };
    let more: Cow<'static, str> = Cow::Owned(format!("{{\"text\":\"{}\"}}", "x".repeat(BYTES)));
    let mut sending = JoinSet::new();
    for request in 0..REQUESTS {
        let of = |number| Event { more: more.clone(), ..Event::no_flow(request * EVENTS + number + 1, &missed) };
        let batch: Vec<Event<'static>> = (0..EVENTS).map(of).collect();
        let events = Arc::clone(&events);
        sending.spawn(async move { events.accept(scope, &batch).await });
        tokio::task::yield_now().await;
    }
    // Those for which there is no room are told at once.
    let refused = sending.join_next().await.expect("a request").expect("it ran").expect_err("it is refused");
    assert_eq!((refused.kind(), refused.retry_after_s()), (FaultKind::Overloaded, Some(1)));
    release.send(()).expect("the writer waits");
    let (mut stored, mut told) = (0, 1);
    while let Some(answer) = sending.join_next().await {
        match answer.expect("it ran") {
            Ok(()) => stored += EVENTS,
            Err(fault) => {
                assert_eq!(fault.kind(), FaultKind::Overloaded);
                told += 1;
            }
        }
    }
    blocked.await.expect("it ran").expect("it was written");
    assert!(told < REQUESTS / 2 && stored > 0, "{told} were refused");
    shop.roll().await;
    let found = store.read(move |tx| floe_store::placements::events::list(tx, scope, app, &Default::default(), 1, 0));
    assert_eq!(u128::from(found.await.expect("a list").1), stored);
}

/// Without a database nothing is taken, and nobody is told anything for which a client throws events away.
#[tokio::test]
async fn without_a_database_events_are_told_to_come_again() {
    let shop = Shop::new(TestStore::quick().await).await;
    assert_eq!(shop.send(&shop.events(0..10)).await.status, 202);
    shop.app.app.platform.store.close().await;
    for _ in 0..2 {
        let refused = shop.send(&shop.events(10..20)).await;
        assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1), "{refused:?}");
        refused.is(503, "unavailable");
    }
    // What is wrong with an event is told without a database.
    let all_wrong = shop.send(&serde_json::json!([5])).await;
    assert_eq!((all_wrong.status.as_u16(), &all_wrong.json["rejected"]), (202, &serde_json::json!(1)));
}
