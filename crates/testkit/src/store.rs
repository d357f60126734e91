//! Stores for tests, each with a database of its own, and `on_both!`, which makes a test for each kind of database.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    ops::Deref,
    path::{Path, PathBuf},
};

use floe_store::{Location, OpenError, Store, StoreConfig};

use super::postgres::TestDatabase;

/// Connections of a test's PostgreSQL store: enough to meet each other, few enough for many tests at once.
const CONNECTIONS: usize = 8;

/// A store whose database goes away with it.
pub struct TestStore {
    store: Store,
    config: StoreConfig,
    home: Home,
}

/// Where the database is.
enum Home {
    Temporary,
    Folder(#[expect(dead_code, reason = "held only so that it is removed at the end")] TestFolder),
    Postgres(TestDatabase),
}

/// A folder that is removed with this value.
pub struct TestFolder(PathBuf);

impl TestFolder {
    /// An empty folder.
    ///
    /// # Panics
    /// When the temporary folder of the system cannot be written.
    #[must_use]
    pub fn create() -> Self {
        let name = format!("floe-test-{:016x}", RandomState::new().build_hasher().finish());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl TestStore {
    /// SQLite that forgets everything at the end and forces nothing to disk: for tests of everything above the store.
    pub async fn quick() -> Self {
        Self::open(Location::Memory, Home::Temporary).await
    }

    /// SQLite in a file, as in production; it can be reopened.
    pub async fn sqlite() -> Self {
        let folder = TestFolder::create();
        Self::open(Location::Sqlite(folder.path().join("floe.db")), Home::Folder(folder)).await
    }

    /// PostgreSQL; `None` when there is no server (see [`TestDatabase::filled`]).
    pub async fn postgres() -> Option<Self> {
        let database = TestDatabase::filled(|url| async move {
            let store = Store::open(StoreConfig::at(Location::Postgres(url))).await.expect("a new database opens");
            store.close().await;
        });
        let database = database.await?;
        Some(Self::open(Location::Postgres(database.url()), Home::Postgres(database)).await)
    }

    /// Closes the store and opens its database again.
    ///
    /// # Panics
    /// When the database cannot be opened, or is a temporary one.
    pub async fn reopen(self) -> Self {
        assert!(!matches!(self.home, Home::Temporary), "a temporary store is gone when it is closed");
        self.store.close().await;
        let store = Store::open(self.config.clone()).await.expect("the database opens again");
        Self { store, config: self.config, home: self.home }
    }

    /// Opens the same database a second time; on SQLite that must not work while this store is open.
    ///
    /// # Errors
    /// The refusal.
    pub async fn open_again(&self) -> Result<Store, OpenError> {
        Store::open(StoreConfig { lock_wait_s: 0, ..self.config.clone() }).await
    }

    /// The file, on SQLite.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.config.location {
            Location::Sqlite(path) => Some(path),
            _ => None,
        }
    }

    /// The database beside the store, on PostgreSQL.
    #[must_use]
    pub fn database(&self) -> Option<&TestDatabase> {
        match &self.home {
            Home::Postgres(database) => Some(database),
            _ => None,
        }
    }

    async fn open(location: Location, home: Home) -> Self {
        let config = StoreConfig { postgres_connections: CONNECTIONS, ..StoreConfig::at(location) };
        let store = Store::open(config.clone()).await.expect("a new database opens");
        Self { store, config, home }
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// Makes each function a test on SQLite (module `sqlite`) and one on PostgreSQL (module `postgres`, skipped without a server).
/// Once per module:
///
/// ```ignore
/// on_both! {
///     async fn a_job_is_claimed_once(store: TestStore) { … }
/// }
/// ```
#[macro_export]
macro_rules! on_both {
    ($(async fn $name:ident($store:ident: TestStore) $body:block)+) => {
        mod sqlite {
            #[allow(unused_imports, reason = "what the bodies use differs")]
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let $store = $crate::store::TestStore::sqlite().await;
                $body
            })+
        }
        mod postgres {
            #[allow(unused_imports, reason = "what the bodies use differs")]
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some($store) = $crate::store::TestStore::postgres().await else { return };
                $body
            })+
        }
    };
}
