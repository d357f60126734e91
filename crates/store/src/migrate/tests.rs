//! Migrations on both databases: fresh, upgraded, refused, ended half-way.

mod upgrade;

use std::path::{Path, PathBuf};

use super::expand;
use crate::{
    Dialect, OpenError, Store, StoreConfig, Tx, config::Location, migrations::Migration, postgres, sql::Sql, sqlite,
    test_database::TestDatabase,
};

const ONE: Migration =
    Migration { number: 1, name: "one", text: "create table one (id {id} not null primary key, n {int}) {strict};" };
const TWO: Migration = Migration {
    number: 2,
    name: "two",
    text: "insert into one (id, n) select id, n + 1 from one where false; alter table one add column b {bool};",
};
const TWO_BROKEN: Migration =
    Migration { number: 2, name: "two", text: "alter table one add column b {bool}; alter table missing add c {int};" };
const TWO_CHANGED: Migration = Migration { number: 2, name: "two", text: "alter table one add column c {bool};" };
const THREE: Migration = Migration { number: 3, name: "three", text: "create table three (t {text}) {strict};" };

static COUNT_B: Sql = Sql {
    name: "tests::COUNT_B",
    sqlite: "select count(b) from one",
    postgres: "select count(b) from one",
    columns: &[],
};
static COUNT_THREE: Sql = Sql {
    name: "tests::COUNT_THREE",
    sqlite: "select count(*) from three",
    postgres: "select count(*) from three",
    columns: &[],
};

/// A database that can be opened with different sets of migrations.
enum Place {
    File(PathBuf),
    Server(TestDatabase),
}

impl Place {
    fn open(&self, migrations: &[Migration]) -> Result<Store, OpenError> {
        let config = StoreConfig { postgres_connections: 2, ..StoreConfig::at(Location::Memory) };
        match self {
            Self::File(path) => sqlite::open(path, &config, migrations).map(Store::from),
            Self::Server(database) => postgres::open(&database.url(), &config, migrations).map(Store::from),
        }
    }

    /// Opens it, checks something, closes it.
    async fn visit(&self, migrations: &'static [Migration], sql: &'static Sql) {
        let place = format!("{migrations:?}");
        let store = tokio::task::block_in_place(|| self.open(migrations)).expect(&place);
        store.read(move |tx: &mut Tx<'_>| tx.row(sql, &[], |row| row.int(0))).await.expect(&place);
        store.close().await;
    }

    fn refusal(&self, migrations: &[Migration]) -> OpenError {
        tokio::task::block_in_place(|| self.open(migrations)).map(drop).expect_err("it is refused")
    }
}

async fn upgrade(place: &Place) {
    static ONE_COUNT: Sql = Sql {
        name: "tests::ONE",
        sqlite: "select count(*) from one",
        postgres: "select count(*) from one",
        columns: &[],
    };
    place.visit(&[ONE], &ONE_COUNT).await;
    // Ended half-way: the first half of the second migration is not there either.
    place.refusal(&[ONE, TWO_BROKEN]);
    place.visit(&[ONE], &ONE_COUNT).await;
    place.visit(&[ONE, TWO], &COUNT_B).await;
    place.visit(&[ONE, TWO, THREE], &COUNT_THREE).await;
    place.visit(&[ONE, TWO, THREE], &COUNT_THREE).await;
    let newer = place.refusal(&[ONE, TWO]);
    assert!(matches!(newer, OpenError::Newer { found: 3, known: 2 }), "{newer}");
    assert!(newer.to_string().contains("start the newer program"), "{newer}");
    let changed = place.refusal(&[ONE, TWO_CHANGED, THREE]);
    assert!(matches!(changed, OpenError::Changed { number: 2, .. }), "{changed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_upgraded_step_by_step() {
    let Some(database) = TestDatabase::create().await else { return };
    upgrade(&Place::Server(database)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_is_upgraded_step_by_step_after_a_checked_copy() {
    let folder = std::env::temp_dir().join(format!("floe-migrate-{}", std::process::id()));
    let file = folder.join("floe.db");
    // What a process that was killed while it copied left behind.
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    std::fs::write(folder.join("floe.db.upgrading"), "half").expect("the folder can be written");
    upgrade(&Place::File(file.clone())).await;
    let version_of = |path: &Path| -> u32 {
        let connection = rusqlite::Connection::open(path).expect("the copy opens");
        connection
            .query_row("select max(number) from schema_migrations", [], |row| row.get(0))
            .expect("it has a version")
    };
    assert_eq!(version_of(&folder.join("floe.db.before-1")), 1);
    assert_eq!(version_of(&folder.join("floe.db.before-2")), 2);
    assert_eq!(version_of(&file), 3);
    assert!(!folder.join("floe.db.before-3").exists(), "nothing is copied when nothing is to be done");
    assert!(!folder.join("floe.db.upgrading").exists());
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn column_words_are_expanded_for_each_database() {
    let text = "a {id}, b {time}, c {bool}) {strict_rowless}";
    assert_eq!(expand(text, Dialect::Sqlite), "a BLOB, b INTEGER, c INTEGER) STRICT, WITHOUT ROWID");
    assert_eq!(expand(text, Dialect::Postgres), "a UUID, b BIGINT, c BOOLEAN) ");
}
