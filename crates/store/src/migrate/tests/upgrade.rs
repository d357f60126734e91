//! The upgrade from the schema of the first release, with data, killed at random points: old or new, never between.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use floe_model::{
    Mode, Scope, Timestamp,
    id::{EventId, WorkspaceId},
};

use crate::{
    Dialect, Location, Store, StoreConfig, Tx,
    migrate::expand,
    migrations::{MIGRATIONS, Migration},
    platform::events::{self, NewEvent},
    postgres,
    sql::Sql,
    sqlite,
    test_database::TestDatabase,
    webhooks::cursor,
};

/// Migrations of the first release; frozen.
const FIRST: usize = 4;
/// Rows of each table.
const ROWS: u32 = 1_500;
/// Upgrades that are killed.
const ROUNDS: usize = 10;
/// Where the child finds the database: a path, or an address.
const PLACE: &str = "FLOE_TEST_UPGRADE";

fn first() -> &'static [Migration] {
    &MIGRATIONS[..FIRST]
}

/// A database that is upgraded.
enum Place {
    File(PathBuf),
    Server(TestDatabase),
}

impl Place {
    fn text(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Server(database) => database.url(),
        }
    }

    fn location(text: &str) -> Location {
        if text.starts_with("postgres") {
            Location::Postgres(text.to_owned())
        } else {
            Location::Sqlite(PathBuf::from(text))
        }
    }

    fn open(&self, migrations: &[Migration]) -> Store {
        let config = StoreConfig { postgres_connections: 2, ..StoreConfig::at(Location::Memory) };
        let opened = tokio::task::block_in_place(|| match self {
            Self::File(path) => sqlite::open(path, &config, migrations),
            Self::Server(database) => postgres::open(&database.url(), &config, migrations),
        });
        opened.map(Store::from).expect("the database opens")
    }
}

/// A table of the first release, as its migration spells it: name, then columns with their words.
fn tables() -> Vec<(String, Vec<(String, String)>)> {
    let mut tables: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for line in first().iter().flat_map(|migration| migration.text.lines()) {
        if let Some(name) = line.strip_prefix("CREATE TABLE ").and_then(|rest| rest.strip_suffix(" (")) {
            tables.push((name.to_owned(), Vec::new()));
        } else if let (Some((name, rest)), Some((_, columns))) = (line.trim().split_once(' '), tables.last_mut())
            && line.starts_with("    ")
            && let Some(word) = rest.split(['{', '}']).nth(1)
            && !["serial", "commit_group"].contains(&word)
        {
            columns.push((name.to_owned(), word.to_owned()));
        }
    }
    tables
}

fn leaked(sqlite: String, postgres: String, columns: &'static [crate::Column]) -> &'static Sql {
    let text = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    Box::leak(Box::new(Sql { name: "tests::upgrade", sqlite: text(sqlite), postgres: text(postgres), columns }))
}

/// Fills a table with rows that differ in every column.
fn fill(table: &str, columns: &[(String, String)]) -> &'static Sql {
    let value = |word: &str, dialect: Dialect| match (word, dialect) {
        ("id", Dialect::Sqlite) => "unhex(printf('%032x', n))",
        ("id", Dialect::Postgres) => "lpad(to_hex(n), 32, '0')::uuid",
        ("bytes", Dialect::Sqlite) => "unhex(printf('%064x', n))",
        ("bytes", Dialect::Postgres) => "decode(lpad(to_hex(n), 64, '0'), 'hex')",
        ("bool", Dialect::Sqlite) => "n % 2",
        ("bool", Dialect::Postgres) => "n % 2 = 0",
        ("json", _) => "'{}'",
        ("text", _) => "'text ' || n",
        _ => "n",
    };
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let text = |dialect: Dialect, series: &str| {
        let values: Vec<&str> = columns.iter().map(|(_, word)| value(word, dialect)).collect();
        format!("insert into {table} ({}) select {} from ({series}) numbers", names.join(", "), values.join(", "))
    };
    let sqlite =
        format!("with recursive s(n) as (select 1 union all select n + 1 from s where n < {ROWS}) select n from s");
    let postgres = format!("select generate_series(1, {ROWS}) as n");
    leaked(text(Dialect::Sqlite, &sqlite), text(Dialect::Postgres, &postgres), &[])
}

/// Makes the schema of the first release with data in it.
async fn build(place: &Place) {
    let store = place.open(first());
    let filled = store.write(|tx: &mut Tx<'_>| {
        for (table, columns) in tables() {
            assert_eq!(tx.execute(fill(&table, &columns), &[])?, u64::from(ROWS), "{table}");
        }
        Ok(())
    });
    filled.await.expect("the first release takes data");
    store.close().await;
}

/// The rows of each table of the first release.
async fn rows(store: &Store) -> BTreeMap<String, i64> {
    const COUNT: &[crate::Column] = &[crate::Column { kind: crate::Kind::Int, nullable: false }];
    let counted = store.read(|tx: &mut Tx<'_>| {
        let count = |(table, _): (String, Vec<(String, String)>)| {
            let text = format!("select count(*) from {table}");
            let rows = tx.row(leaked(text.clone(), text, COUNT), &[], |row| row.int(0))?;
            Ok((table, rows.unwrap_or(0)))
        };
        tables().into_iter().map(count).collect()
    });
    counted.await.expect("every table is there")
}

/// Starts an upgrade in a process of its own.
fn child(place: &Place) -> std::process::Child {
    let program = std::env::current_exe().expect("this program has a path");
    Command::new(program)
        .args(["--exact", "migrate::tests::upgrade::the_child_that_upgrades"])
        .env(PLACE, place.text())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the child starts")
}

/// Does nothing but when a test below starts it as a process of its own.
#[test]
fn the_child_that_upgrades() {
    let Ok(text) = std::env::var(PLACE) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(crate::upgrade(Place::location(&text), 5, false)).expect("the upgrade");
}

/// Kills upgrades of databases that `fresh` makes; returns how many were found old and how many new.
#[expect(clippy::disallowed_methods, reason = "measures an upgrade, to kill the others within that time")]
async fn storm(fresh: impl AsyncFn() -> Place) -> (usize, usize) {
    let place = fresh().await;
    let started = Instant::now();
    assert!(child(&place).wait().expect("the child ends").success());
    let whole = started.elapsed();
    let (mut old, mut new) = (0, 0);
    let newest = MIGRATIONS.last().map_or(0, |last| last.number);
    let expected: BTreeMap<String, i64> = tables().into_iter().map(|(table, _)| (table, i64::from(ROWS))).collect();
    let mut place = fresh().await;
    for round in 0..ROUNDS {
        // Spread over the whole time, at other points in every run of the test.
        let share = (round * 1_000 + std::process::id() as usize % 1_000) / ROUNDS;
        let mut upgrading = child(&place);
        tokio::time::sleep(whole.mul_f64(share as f64 / 1_000.0)).await;
        upgrading.kill().expect("the child can be killed");
        upgrading.wait().expect("the child ends");
        // A server notices a moment later that its client is gone.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let schema = crate::inspect(Place::location(&place.text())).await.expect("the schema is whole");
        let migrations = if schema.version == newest { MIGRATIONS } else { first() };
        assert!(schema.version == newest || schema.version == FIRST as u32, "between: {}", schema.version);
        let store = place.open(migrations);
        assert_eq!(rows(&store).await, expected, "at version {}", schema.version);
        store.close().await;
        if schema.version == newest {
            new += 1;
            place = fresh().await;
        } else {
            old += 1;
        }
    }
    // What was left old goes on to the end.
    let store = place.open(MIGRATIONS);
    assert_eq!(rows(&store).await, expected);
    store.close().await;
    (old, new)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_upgrade_of_sqlite_leaves_old_or_new() {
    let folder = std::env::temp_dir().join(format!("floe-upgrade-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let origin = Place::File(folder.join("origin.db"));
    build(&origin).await;
    let number = std::sync::atomic::AtomicUsize::new(0);
    let fresh = async || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = folder.join(format!("{number}.db"));
        std::fs::copy(origin.text(), &path).expect("a copy");
        Place::File(path)
    };
    let (old, new) = storm(fresh).await;
    assert_eq!(old + new, ROUNDS);
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_upgrade_of_postgres_leaves_old_or_new() {
    if TestDatabase::create().await.is_none() {
        return;
    }
    let fresh = async || {
        let place = Place::Server(TestDatabase::create().await.expect("there is a server"));
        build(&place).await;
        place
    };
    let (old, new) = storm(fresh).await;
    assert_eq!(old + new, ROUNDS);
}

/// The last schema in which SQLite kept the number of the newest event by itself.
const WITH_NUMBERS_KEPT: u32 = 49;

/// Before 0050 a sweep could remove every event.
static REMOVE_EVENTS: Sql =
    Sql { name: "tests::REMOVE_EVENTS", sqlite: "delete from events", postgres: "delete from events", columns: &[] };

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_get_the_first_event_after_an_upgrade_without_events() {
    let scope = Scope { workspace: WorkspaceId(7), mode: Mode::Live };
    let new = |id: u128| NewEvent {
        id: EventId(id),
        kind: "flows.run.completed",
        subject_id: None,
        data: "{}".to_owned(),
        created_at: Timestamp(1),
    };
    let folder = std::env::temp_dir().join(format!("floe-cursor-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let place = Place::File(folder.join("floe.db"));
    let old = MIGRATIONS.iter().position(|one| one.number > WITH_NUMBERS_KEPT).expect("there are newer ones");
    let store = place.open(&MIGRATIONS[..old]);
    let handed_out = store.write(move |tx| {
        (1..=3).try_for_each(|id| events::publish(tx, scope, &new(id)))?;
        let end = events::end(tx)?;
        cursor::set(tx, end)?;
        tx.execute(&REMOVE_EVENTS, &[])
    });
    assert_eq!(handed_out.await.expect("the old schema takes events"), 3);
    store.close().await;

    let store = place.open(MIGRATIONS);
    let unread = store.write(move |tx| {
        events::publish(tx, scope, &new(4))?;
        let stands = cursor::peek(tx)?.expect("somebody listens");
        events::after(tx, stands, 10)
    });
    let unread = unread.await.expect("the new schema takes events");
    assert_eq!(unread.iter().map(|event| event.id).collect::<Vec<_>>(), [EventId(4)]);
    store.close().await;
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn the_first_release_is_read_from_its_migrations() {
    let tables = tables();
    assert!(tables.len() > 12, "{tables:?}");
    assert!(tables.iter().any(|(name, columns)| name == "runs" && columns.len() > 30));
    assert!(tables.iter().all(|(_, columns)| !columns.is_empty()));
    assert!(expand(first()[0].text, Dialect::Sqlite).contains("CREATE TABLE jobs"));
}
