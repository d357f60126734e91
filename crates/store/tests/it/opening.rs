//! Opening and closing: one process at a time, nothing written when idle, clear refusals.

use std::{io::Read as _, sync::Mutex};

use floe_store::{Dialect, Location, OpenError, Store, StoreConfig};

use crate::{notes, on_both, store::TestStore};

/// Ends every connection to a database but the own one.
const END_THE_OTHERS: &str = "select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()";

on_both! {
    async fn statistics_tell_sizes_and_the_schema(store: TestStore) {
        let statistics = store.statistics().await.expect("reading works");
        assert!(statistics.schema_version >= 1 && statistics.size_bytes > 0, "{statistics:?}");
        assert_eq!((statistics.writes_waiting, statistics.reads_waiting), (0, 0));
        let expected = if store.file().is_some() { Dialect::Sqlite } else { Dialect::Postgres };
        assert_eq!(store.dialect(), expected);
    }
}

#[tokio::test]
async fn a_second_store_on_the_same_sqlite_file_is_refused() {
    let store = TestStore::sqlite().await;
    let refusal = store.open_again().await.map(drop).expect_err("it is in use");
    assert!(
        matches!(&refusal, OpenError::InUse(text) if text.contains("in use") && text.contains("stop")),
        "{refusal}"
    );
    store.close().await;
    let second = store.open_again().await.expect("it is free again");
    second.close().await;
}

#[tokio::test]
async fn a_closed_sqlite_store_is_one_file_and_an_idle_one_writes_nothing() {
    let store = TestStore::sqlite().await;
    notes::create(&store).await;
    let file = store.file().expect("SQLite has a file").to_owned();
    let log = file.with_file_name("floe.db-wal");
    let written = |path: &std::path::Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    let before = (written(&file), written(&log));
    for _ in 0..20 {
        store.read(notes::count_in).await.expect("reading works");
        store.write(|_| Ok(())).await.expect("a write that writes nothing works");
    }
    assert_eq!((written(&file), written(&log)), before);
    store.close().await;
    assert!(!log.exists(), "the log was written back");
}

/// How often a write-ahead log has begun anew (SQLite file format, section 4.1: the checkpoint sequence number).
fn beginnings(log: &std::path::Path) -> u32 {
    let mut head = [0; 16];
    std::fs::File::open(log).and_then(|mut log| log.read_exact(&mut head)).expect("the log is readable");
    u32::from_be_bytes(head[12..].try_into().expect("four bytes"))
}

#[tokio::test]
async fn a_long_log_begins_anew_in_a_pause_between_commits() {
    let store = TestStore::sqlite().await;
    notes::create(&store).await;
    let log = store.file().expect("SQLite has a file").with_file_name("floe.db-wal");
    let before = beginnings(&log);
    // About 9,000 pages of the log: too few for the writer to do it itself, so it is not asked to.
    for round in 0..90 {
        store.write(move |tx| notes::fill(tx, 100 * 4_096 + round)).await.expect("the write works");
    }
    for round in 0.. {
        store.write(move |tx| notes::insert(tx, round, 1)).await.expect("the write works");
        if beginnings(&log) > before {
            break;
        }
        assert!(round < 400, "the log goes on and on");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    store.close().await;
}

#[tokio::test]
async fn a_quick_store_leaves_nothing_behind() {
    let store = TestStore::quick().await;
    notes::create(&store).await;
    store.write(|tx| notes::insert(tx, 1, 1)).await.expect("the write works");
    assert_eq!(notes::count(&store).await, 1);
    store.close().await;
    let prefix = format!("floe-{}-", std::process::id());
    let left = std::fs::read_dir(std::env::temp_dir())
        .expect("the folder is readable")
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_postgres_that_is_not_there_is_said_without_its_password() {
    let open = Store::open(StoreConfig::at(Location::Postgres("postgres://u:hidden@127.0.0.1:1/d".to_owned())));
    let refusal = open.await.map(drop).expect_err("nobody listens").to_string();
    assert!(refusal.starts_with("PostgreSQL: ") && !refusal.contains("hidden"), "{refusal}");
    let open = Store::open(StoreConfig::at(Location::Postgres("postgres://u:hidden@[/d".to_owned())));
    let refusal = open.await.map(drop).expect_err("not an address").to_string();
    assert!(refusal.contains("postgres://user:password") && !refusal.contains("hidden"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_postgres_connection_is_made_again() {
    let Some(store) = TestStore::postgres().await else { return };
    notes::create(&store).await;
    let database = store.database().expect("PostgreSQL has a database");
    for round in 0..3 {
        store.write(move |tx| notes::insert(tx, round, 1)).await.expect("the write works");
        database.run(END_THE_OTHERS).await;
    }
    store.write(|tx| notes::insert(tx, 9, 1)).await.expect("the write finds a new connection");
    assert_eq!(notes::count(&store).await, 4);
}

/// Such a write sends nothing before its commit, where a lost connection leaves open what was committed: it must be seen before.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_waits_for_its_commit_finds_a_new_connection() {
    let Some(store) = TestStore::postgres().await else { return };
    notes::create(&store).await;
    let database = store.database().expect("PostgreSQL has a database");
    for round in 0..5 {
        store.write(move |tx| notes::insert_later(tx, round, 1)).await.expect("the write works");
        database.run(END_THE_OTHERS).await;
        // A backend ends when it comes to it.
        database.run("select pg_sleep(0.3)").await;
    }
    assert_eq!(notes::count(&store).await, 5);
}

/// A server that ends the connection before it takes the commit has committed nothing, so the write is made once more.
#[tokio::test]
async fn a_write_whose_connection_ends_before_its_commit_is_made_again() {
    let Some(store) = TestStore::postgres().await else { return };
    notes::create(&store).await;
    let database = store.database().expect("PostgreSQL has a database");
    let (reached, mut before_commit) = tokio::sync::mpsc::unbounded_channel();
    let (goes_on, waits) = std::sync::mpsc::channel::<()>();
    let waits = Mutex::new(waits);
    let writing = store.write(move |tx| {
        notes::insert(tx, 1, 1)?;
        let _ = reached.send(());
        // The other end is dropped, never written to.
        let _ = waits.lock().map(|waits| waits.recv());
        Ok(())
    });
    let ending = async {
        before_commit.recv().await.expect("the write begins");
        database.run(END_THE_OTHERS).await;
        database.run("select pg_sleep(0.3)").await;
        drop(goes_on);
        before_commit.recv().await.expect("the write begins again");
    };
    let (written, ()) = tokio::join!(writing, ending);
    written.expect("the write works");
    assert_eq!(notes::count(&store).await, 1);
}
