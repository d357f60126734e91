//! Domain events: read in order, none skipped.

use floe_model::{
    Mode, Scope, Timestamp,
    id::{EventId, WorkspaceId},
};
use floe_store::operation::retention;
use floe_store::platform::events::{self, Cursor, NewEvent};
use tokio::task::JoinSet;

use crate::on_both;

const SCOPE: Scope = Scope { workspace: WorkspaceId(1), mode: Mode::Live };

fn new(id: u128) -> NewEvent {
    NewEvent {
        id: EventId(id),
        kind: "run.completed",
        subject_id: Some(id),
        data: "{}".to_owned(),
        created_at: Timestamp(id as i64),
    }
}

on_both! {
    async fn a_reader_that_follows_misses_none(store: TestStore) {
        let mut tasks = JoinSet::new();
        for task in 0..8_u128 {
            let store = (*store).clone();
            tasks.spawn(async move {
                for round in 0..25_u128 {
                    let id = task * 100 + round + 1;
                    store.write(move |tx| events::publish(tx, SCOPE, &new(id))).await.expect("publishing works");
                }
            });
        }
        let (mut cursor, mut seen) = (Cursor::default(), Vec::new());
        while seen.len() < 200 {
            let page = store.read(move |tx| events::after(tx, cursor, 7)).await.expect("reading works");
            let Some(last) = page.last() else {
                tokio::task::yield_now().await;
                continue;
            };
            cursor = last.cursor;
            seen.extend(page.iter().map(|event| event.id.0));
        }
        tasks.join_all().await;
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 200);
        assert_eq!(store.read(events::end).await.expect("reading works"), cursor);
    }

    async fn many_are_published_in_order_and_no_position_comes_twice(store: TestStore) {
        store
            .write(|tx| {
                let batch: Vec<_> = (1..=50).map(new).collect();
                events::publish_all(tx, SCOPE, &batch)?;
                events::publish(tx, Scope { mode: Mode::Test, ..SCOPE }, &new(51))
            })
            .await
            .expect("publishing works");
        // On a PostgreSQL server with other writers the last events show a little later.
        let mut all = Vec::new();
        while all.len() < 51 {
            all = store.read(|tx| events::after(tx, Cursor::default(), 1_000)).await.expect("reading works");
        }
        assert_eq!(all.iter().map(|event| event.id.0).collect::<Vec<_>>(), (1..=51).collect::<Vec<_>>());
        assert_eq!((all[0].kind.as_str(), all[0].scope, all[0].subject_id), ("run.completed", SCOPE, Some(1)));
        let live = store.read(|tx| events::latest(tx, SCOPE, None, 3)).await.expect("reading works");
        assert_eq!(live.iter().map(|event| event.id.0).collect::<Vec<_>>(), [50, 49, 48], "test events are another mode's");
        let swept = store.write(|tx| retention::sweep_events(tx, Timestamp(31))).await.expect("sweeping works");
        assert_eq!(swept, 30);
        store.write(|tx| retention::sweep_events(tx, Timestamp(100))).await.expect("sweeping works");
        let last = all[50].cursor;
        store.write(|tx| events::publish(tx, SCOPE, &new(52))).await.expect("publishing works");
        let mut later = Vec::new();
        while later.is_empty() {
            later = store.read(move |tx| events::after(tx, last, 10)).await.expect("reading works");
        }
        assert_eq!(later[0].id, EventId(52), "a position is given once: readers who were past it see what comes later");
    }
}
