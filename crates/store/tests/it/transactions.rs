//! Closures in transactions: what is kept, what is undone, and what their neighbours notice.

use std::collections::BTreeSet;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use floe_model::{
    Fault, FaultKind, Mode, Scope, Timestamp,
    id::{EventId, RunId, WorkspaceId},
};
use floe_store::{
    Change, Dialect, Tx,
    flows::journal::{self, Chunk},
    platform::events::{self, NewEvent},
};
use tokio::task::JoinSet;

use crate::{notes, on_both};

const SCOPE: Scope = Scope { workspace: WorkspaceId(1), mode: Mode::Live };
/// Tasks that write at once.
const TASKS: u128 = 64;

on_both! {
    async fn a_closure_that_fails_leaves_nothing_and_harms_no_neighbour(store: TestStore) {
        notes::create(&store).await;
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let store = (*store).clone();
            tasks.spawn(async move {
                for round in 0..10_u128 {
                    let id = task * 1_000 + round;
                    let fails = (task + round) % 3 == 0;
                    let result = store
                        .write(move |tx| {
                            notes::insert(tx, id, 1)?;
                            if fails { Err(Fault::conflict("no", "No")) } else { Ok(()) }
                        })
                        .await;
                    assert_eq!(result.is_err(), fails);
                    let kept = store.read(move |tx| notes::number(tx, id)).await.expect("reading works");
                    assert_eq!(kept.is_some(), !fails, "an answered write is seen by the next read, a failed one never");
                }
            });
        }
        tasks.join_all().await;
        let failed = (0..TASKS).flat_map(|task| (0..10).map(move |round| task + round)).filter(|sum| sum % 3 == 0).count();
        assert_eq!(notes::count(&store).await, TASKS as i64 * 10 - failed as i64);
    }

    async fn what_is_written_at_once_is_kept_or_undone_as_a_whole(store: TestStore) {
        let write = |seq: u64, event: u128, looks: bool| {
            let store = (*store).clone();
            async move {
                let write = move |tx: &mut Tx<'_>| {
                    tx.at_once();
                    if looks {
                        events::find(tx, SCOPE.workspace, EventId(event))?;
                    }
                    let chunk = Chunk { workspace: SCOPE.workspace, run: RunId(5), seq, events: "[\"$1\"]".to_owned() };
                    journal::append(tx, &[&chunk])?;
                    // The same table twice, in two statements.
                    for id in [event, event + 1] {
                        let event = NewEvent {
                            id: EventId(id),
                            kind: "flows.run.started",
                            subject_id: None,
                            data: "{}".to_owned(),
                            created_at: Timestamp(1),
                        };
                        events::publish_all(tx, SCOPE, &[event])?;
                    }
                    Ok(())
                };
                store.write(write).await
            }
        };
        let kept = || async {
            let seen = store
                .read(|tx| {
                    let chunks = journal::read(tx, SCOPE.workspace, RunId(5))?;
                    let events = events::latest(tx, SCOPE, None, 100)?;
                    // In which order statements are carried out that go at once is not defined.
                    Ok((chunks, events.iter().map(|event| event.id.0).collect::<BTreeSet<_>>()))
                })
                .await;
            seen.expect("reading works")
        };
        write(0, 10, false).await.expect("one statement");
        assert_eq!(kept().await, (vec!["[\"$1\"]".to_owned()], BTreeSet::from([10, 11])));
        for looks in [false, true] {
            let fault = write(0, 20, looks).await.expect_err("the chunk is there already");
            assert_eq!((fault.kind(), fault.code()), (FaultKind::Conflict, "already_exists"));
            let fault = write(7, 10, looks).await.expect_err("the events are there already");
            assert_eq!(fault.kind(), FaultKind::Conflict);
            assert_eq!(kept().await.1, BTreeSet::from([10, 11]), "all of it or nothing");
        }
        write(1, 30, true).await.expect("after a look they go one by one");
        write(2, 40, false).await.expect("the prepared statement serves again");
        let (chunks, events) = kept().await;
        assert_eq!((chunks.len(), events), (3, BTreeSet::from([10, 11, 30, 31, 40, 41])));
    }

    async fn a_panic_is_the_failure_of_its_closure_only(store: TestStore) {
        notes::create(&store).await;
        let mut tasks = JoinSet::new();
        for id in 0..TASKS {
            let store = (*store).clone();
            tasks.spawn(async move {
                let result = store
                    .write(move |tx| {
                        notes::insert(tx, id, 1)?;
                        assert!(id % 4 != 0, "planned");
                        Ok(())
                    })
                    .await;
                (id, result)
            });
        }
        while let Some(done) = tasks.join_next().await {
            let (id, result) = done.expect("the task itself does not panic");
            match result {
                Ok(()) => assert!(id % 4 != 0),
                Err(fault) => {
                    assert_eq!((id % 4, fault.kind()), (0, FaultKind::Internal));
                    let source = std::error::Error::source(&fault).map(ToString::to_string).unwrap_or_default();
                    assert!(source.contains("planned"), "{source}");
                }
            }
        }
        assert_eq!(notes::count(&store).await, TASKS as i64 * 3 / 4);
    }

    async fn what_is_sent_later_is_kept_or_undone_with_the_rest(store: TestStore) {
        notes::create(&store).await;
        let write = |ids: [u128; 3]| {
            store.write(move |tx| {
                ids.iter().try_for_each(|id| notes::insert_later(tx, *id, 1))?;
                Ok(())
            })
        };
        write([1, 2, 3]).await.expect("they are new");
        assert_eq!(notes::count(&store).await, 3, "they went out with the commit");
        let fault = write([4, 1, 5]).await.expect_err("one is there already");
        assert_eq!((fault.code(), notes::count(&store).await), ("already_exists", 3));
        let seen = store.write(|tx| {
            notes::insert_later(tx, 6, 7)?;
            notes::add(tx, 6, 1)?;
            notes::number(tx, 6)
        });
        assert_eq!(seen.await.expect("it works"), Some(8), "it went out before the statement that needs it");
        let given_up = store.write(|tx| {
            notes::insert_later(tx, 9, 9)?;
            Err::<(), _>(Fault::conflict("no", "No"))
        });
        assert_eq!(given_up.await.expect_err("the closure says so").code(), "no");
        // The connection is in order: no transaction was left open, and nothing of the last closure is sent with the next.
        write([10, 11, 12]).await.expect("they are new");
        assert_eq!(notes::count(&store).await, 7);
        assert_eq!(store.read(|tx| notes::number(tx, 9)).await.expect("reading works"), None);
    }

    async fn every_answered_write_is_there_after_reopening(store: TestStore) {
        notes::create(&store).await;
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let store = (*store).clone();
            tasks.spawn(async move {
                for round in 0..200_u128 {
                    store.write(move |tx| notes::insert(tx, task << 64 | round, 1)).await.expect("the write is answered");
                }
            });
        }
        tasks.join_all().await;
        let store = store.reopen().await;
        assert_eq!(notes::count(&store).await, TASKS as i64 * 200);
    }

    async fn counting_up_at_once_loses_no_step(store: TestStore) {
        notes::create(&store).await;
        store.write(|tx| notes::insert(tx, 1, 0)).await.expect("the row is new");
        let mut tasks = JoinSet::new();
        for task in 0..16 {
            let store = (*store).clone();
            tasks.spawn(async move {
                for _ in 0..20 {
                    if task % 4 == 0 {
                        store.write_later(|tx| notes::add(tx, 1, 1)).await.expect("counting later works");
                    } else {
                        store.write(|tx| notes::add(tx, 1, 1)).await.expect("counting works");
                    }
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(store.read(|tx| notes::number(tx, 1)).await.expect("reading works"), Some(320));
    }

    async fn a_duplicate_is_a_conflict_and_ends_its_transaction(store: TestStore) {
        notes::create(&store).await;
        store.write(|tx| notes::insert(tx, 1, 1)).await.expect("the row is new");
        let again = store.write(|tx| notes::insert(tx, 1, 2)).await.expect_err("the key is taken");
        assert_eq!((again.kind(), again.code()), (FaultKind::Conflict, "already_exists"));
        let ignored = store
            .write(|tx| {
                notes::insert(tx, 2, 2)?;
                let _ = notes::insert(tx, 1, 2);
                Ok(())
            })
            .await
            .expect_err("going on after a failed statement is not success");
        assert_eq!(ignored.kind(), FaultKind::Internal);
        assert_eq!(notes::count(&store).await, 1);
    }

    async fn reads_cannot_write(store: TestStore) {
        notes::create(&store).await;
        let mut tasks = JoinSet::new();
        for _ in 0..32 {
            let store = (*store).clone();
            tasks.spawn(async move {
                assert!(store.read(|tx| notes::insert(tx, 1, 1)).await.is_err());
                assert!(store.read(notes::bad).await.is_err());
                assert_eq!(notes::count(&store).await, 0, "the next read on the same connection works");
            });
        }
        tasks.join_all().await;
        store.write(|tx| notes::insert(tx, 1, 1)).await.expect("the connection still works");
    }

    async fn a_read_sees_one_snapshot(store: TestStore) {
        notes::create(&store).await;
        let (first_seen, may_write) = (Arc::new(std::sync::Barrier::new(2)), Arc::new(std::sync::Barrier::new(2)));
        let reading = {
            let (first_seen, written) = (Arc::clone(&first_seen), Arc::clone(&may_write));
            let store = (*store).clone();
            tokio::spawn(async move {
                store
                    .read(move |tx| {
                        let before = notes::count_in(tx)?;
                        first_seen.wait();
                        written.wait();
                        Ok((before, notes::count_in(tx)?))
                    })
                    .await
            })
        };
        tokio::task::spawn_blocking(move || first_seen.wait()).await.expect("the reader comes");
        store.write(|tx| notes::insert(tx, 1, 1)).await.expect("a reader does not stop a writer");
        tokio::task::spawn_blocking(move || may_write.wait()).await.expect("the reader waits");
        assert_eq!(reading.await.expect("no panic").expect("reading works"), (0, 0));
    }

    async fn changes_are_told_once_and_only_after_the_commit(store: TestStore) {
        notes::create(&store).await;
        let mut watch = store.watch();
        let record = Change::Record { workspace: WorkspaceId(7), kind: "note", id: 1 };
        let failed = store
            .write(move |tx| {
                tx.announce(record);
                Err::<(), _>(Fault::conflict("no", "No"))
            })
            .await;
        assert!(failed.is_err());
        store
            .write(move |tx| {
                notes::insert(tx, 1, 1)?;
                tx.announce(Change::Job { due_at: Timestamp(9) });
                tx.announce(record);
                tx.announce(Change::Job { due_at: Timestamp(5) });
                tx.announce(record);
                Ok(())
            })
            .await
            .expect("the write works");
        // The answer may overtake the announcement by a moment.
        assert_eq!(watch.recv().await.expect("told"), Change::Job { due_at: Timestamp(5) });
        assert_eq!(watch.recv().await.expect("told"), record);
        store.close().await;
        assert!(watch.try_recv().is_err(), "nothing of the failed transaction, nothing twice");
    }

    async fn a_dropped_caller_does_not_stop_its_write(store: TestStore) {
        notes::create(&store).await;
        {
            let write = store.write(|tx| notes::insert(tx, 1, 1));
            let waited = tokio::time::timeout(std::time::Duration::ZERO, write).await;
            drop(waited);
        }
        let store = store.reopen().await;
        assert_eq!(notes::count(&store).await, 1);
    }

    async fn a_closed_store_says_so(store: TestStore) {
        store.close().await;
        let fault = store.write(|_| Ok(())).await.expect_err("the store is closed");
        assert_eq!((fault.kind(), fault.retry_after_s()), (FaultKind::Overloaded, Some(1)));
    }

    async fn contention_runs_a_closure_again(store: TestStore) {
        notes::create(&store).await;
        store.write(|tx| notes::insert(tx, 1, 0).and(notes::insert(tx, 2, 0))).await.expect("the rows are new");
        let runs = Arc::new(AtomicU32::new(0));
        let mut tasks = JoinSet::new();
        for task in 0..4_u128 {
            let (store, runs) = ((*store).clone(), Arc::clone(&runs));
            tasks.spawn(async move {
                for _ in 0..5 {
                    let runs = Arc::clone(&runs);
                    // Taking two rows in either order is the classic deadlock.
                    let (first, second) = if task % 2 == 0 { (1, 2) } else { (2, 1) };
                    store
                        .write(move |tx| {
                            runs.fetch_add(1, Ordering::Relaxed);
                            notes::add(tx, first, 1)?;
                            notes::add(tx, second, 1)
                        })
                        .await
                        .expect("contention is not the caller's business");
                }
            });
        }
        tasks.join_all().await;
        let sums = store.read(|tx| Ok((notes::number(tx, 1)?, notes::number(tx, 2)?))).await.expect("reading works");
        assert_eq!(sums, (Some(20), Some(20)), "each closure counted once, however often it ran");
        if store.dialect() == Dialect::Sqlite {
            assert_eq!(runs.load(Ordering::Relaxed), 20);
        }
    }
}
