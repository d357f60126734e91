//! Events of apps: what the journal gives back, what is stored once, what two nodes do at the same time.

use floe_model::id::{AppId, ScreenVersionId, WorkspaceId};
use floe_model::placements::event::{Entry, Event, Missed, journal};
use floe_model::placements::{NoFlow, Platform};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_store::placements::event_journal::{self, Group};
use floe_store::placements::events::{self, Filter};
use floe_store::placements::{event_days, sdk_errors};
use floe_store::{Store, Tx};

use crate::on_both;

const WORKSPACE: WorkspaceId = WorkspaceId(1);
const APP: AppId = AppId(2);
const LIVE: Scope = Scope { workspace: WORKSPACE, mode: Mode::Live };

fn entry(id: u128, at: i64) -> Entry<'static> {
    let missed = Missed {
        app: APP,
        placement: "onboarding",
        user_id: "u1",
        session_id: "s1",
        platform: Platform::Web,
        reason: NoFlow::AudienceMismatch,
        at: Timestamp(at),
    };
    let event = Event { version: Some(ScreenVersionId(7)), revenue: Some(0.5), ..Event::no_flow(id, &missed) };
    Entry { scope: LIVE, received_at: Timestamp(at), event }
}

fn group(ids: impl IntoIterator<Item = u128>) -> Group {
    let mut body = journal::begin();
    let mut events = 0;
    for id in ids {
        journal::append(&mut body, &entry(id, 5_000_000));
        events += 1;
    }
    Group { events, body }
}

/// Takes what waits and enters it; how many events were new, and none when another node is at it.
fn enter(tx: &mut Tx<'_>, events_max: u64) -> Result<Option<usize>, Fault> {
    let Some(until) = event_journal::waiting(tx, events_max)?.until else { return Ok(Some(0)) };
    let Some(groups) = event_journal::take(tx, until)? else { return Ok(None) };
    let mut entries = Vec::new();
    for group in &groups {
        entries.extend(journal::read(&group.body).map_err(Fault::internal)?);
    }
    let new = events::add(tx, &entries)?;
    event_days::count(tx, entries.iter().zip(&new).filter(|(_, new)| **new).map(|(entry, _)| entry))?;
    Ok(Some(new.iter().filter(|new| **new).count()))
}

async fn total(store: &Store) -> u64 {
    let counted = store.read(|tx| events::list(tx, LIVE, APP, &Filter::default(), 1, 0));
    counted.await.expect("a list").1
}

on_both! {
    async fn the_journal_is_taken_in_order_and_in_pieces(store: TestStore) {
        let groups = [group(0..10), group(10..20), group(20..21)];
        store.write(move |tx| event_journal::add(tx, &groups)).await.expect("a write");
        let look = |events| store.read(move |tx| event_journal::waiting(tx, events));
        let waiting = look(15).await.expect("a look");
        assert_eq!(waiting.behind, 11);
        assert_eq!(look(20).await.expect("a look").behind, 1);
        assert_eq!(look(1).await.expect("a look").behind, 11, "one row at least");
        let taken = store.write(move |tx| event_journal::take(tx, waiting.until.unwrap_or(0))).await.expect("a write");
        assert_eq!(taken.map(|groups| groups.iter().map(|group| group.events).collect::<Vec<_>>()), Some(vec![10]));
        let rest = store.write(|tx| event_journal::take(tx, i64::MAX)).await.expect("a write").expect("nobody else");
        assert_eq!(rest, [group(10..20), group(20..21)]);
        let end = store.read(|tx| Ok((event_journal::waiting(tx, 9)?, event_journal::newest(tx)?))).await.expect("a look");
        assert_eq!(end, (event_journal::Waiting::default(), None));
    }

    async fn what_fails_half_way_leaves_the_journal_as_it_was(store: TestStore) {
        store.write(|tx| event_journal::add(tx, &[group(0..10)])).await.expect("a write");
        let failed = store.write(|tx| {
            enter(tx, 100)?;
            Err::<(), Fault>(Fault::conflict("test", "on purpose"))
        });
        assert!(failed.await.is_err());
        assert_eq!(total(&store).await, 0);
        assert_eq!(store.write(|tx| enter(tx, 100)).await.expect("a write"), Some(10));
        assert_eq!(total(&store).await, 10);
    }

    async fn an_id_is_stored_once_however_often_it_comes(store: TestStore) {
        for (ids, new) in [(vec![1, 2, 1], 2), (vec![2, 3, 2, 4], 2), (vec![1, 2, 3, 4], 0), (vec![5], 1)] {
            store.write(move |tx| event_journal::add(tx, &[group(ids.clone())])).await.expect("a write");
            assert_eq!(store.write(|tx| enter(tx, 100)).await.expect("a write"), Some(new));
        }
        assert_eq!(total(&store).await, 5);
    }

    async fn nodes_that_enter_at_once_enter_everything_once(store: TestStore) {
        for start in 0..40 {
            store.write(move |tx| event_journal::add(tx, &[group(start * 5..start * 5 + 10)])).await.expect("a write");
        }
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let store = Store::clone(&store);
            workers.spawn(async move {
                let mut new = 0;
                loop {
                    match store.write(|tx| enter(tx, 30)).await.expect("a write") {
                        Some(entered) => new += entered,
                        // Another one is at it.
                        None => tokio::task::yield_now().await,
                    }
                    if store.read(event_journal::newest).await.expect("a look").is_none() {
                        return new;
                    }
                }
            });
        }
        let mut new = 0;
        while let Some(entered) = workers.join_next().await {
            new += entered.expect("a worker");
        }
        assert_eq!((new, total(&store).await), (205, 205));
    }

    async fn pages_of_an_export_end_nowhere_in_between(store: TestStore) {
        // Some at one instant, so that only the position tells them apart.
        let times = |id: u128| if id < 25 { 1_000 } else { 1_000 + i64::try_from(id).unwrap_or(0) };
        let write = move |tx: &mut Tx<'_>| {
            let entries: Vec<Entry<'_>> = (0..60).map(|id| entry(id, times(id))).collect();
            events::add(tx, &entries).map(drop)
        };
        store.write(write).await.expect("a write");
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.read(move |tx| events::export(tx, LIVE, APP, &Filter::default(), after, 7));
            let Some((events, mark)) = page.await.expect("a page") else { break };
            seen.extend(events.iter().map(|shown| shown.event.id));
            after = Some(mark);
        }
        assert_eq!(seen, (0..60).collect::<Vec<u128>>());
        let erased = store.write(|tx| {
            let mut erase = |until, limit| events::erase(tx, LIVE, APP, "u1", Timestamp(until), limit);
            let counts = [erase(999, 50)?, erase(1_000, 50)?, erase(i64::MAX, 30)?];
            Ok((counts, events::remove(tx, LIVE, APP, 50)?))
        });
        assert_eq!(erased.await.expect("a write"), ([0, 25, 30], 5));
        let old = store.write(|tx| Ok((sdk_errors::any_before(tx, Timestamp(i64::MAX))?, events::purge(tx, Timestamp(1), 5)?)));
        assert_eq!(old.await.expect("a write"), (false, 0));
    }
}
