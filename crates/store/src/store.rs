//! The store: where closures are handed to database threads.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use floe_model::{Fault, FaultKind};
use metrics::Histogram;
use tokio::sync::broadcast;

use crate::{
    Change, Dialect, Location, Node, OpenError, Role, StoreConfig, Tx,
    act::Call,
    change::Announcer,
    migrations::MIGRATIONS,
    postgres,
    queue::{Lane, Queue, Refused},
    sqlite, statements,
};

/// Seconds after which a caller that met a full queue should come again.
const OVERLOADED_RETRY_S: u64 = 1;

/// An open database. Clones share it; when the last one is dropped its threads end by themselves.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

struct Shared {
    dialect: Dialect,
    file: Option<PathBuf>,
    writes: Arc<Queue>,
    reads: Arc<Queue>,
    announcer: Announcer,
    threads: Mutex<Vec<JoinHandle<()>>>,
    nodes: Option<postgres::Nodes>,
    copies: sqlite::Copies,
    write_seconds: Histogram,
    later_seconds: Histogram,
    read_seconds: Histogram,
}

/// What a database back end hands over when it is open.
pub(crate) struct Opened {
    pub(crate) dialect: Dialect,
    pub(crate) file: Option<PathBuf>,
    pub(crate) writes: Arc<Queue>,
    pub(crate) reads: Arc<Queue>,
    pub(crate) announcer: Announcer,
    pub(crate) threads: Vec<JoinHandle<()>>,
    pub(crate) nodes: Option<postgres::Nodes>,
    pub(crate) copies: sqlite::Copies,
}

/// Facts about an open store, for health pages and measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// Number of the last applied migration.
    pub schema_version: u32,
    /// Bytes of the database, without what waits in the write-ahead log.
    pub size_bytes: u64,
    /// SQLite: bytes of the write-ahead log file.
    pub log_bytes: u64,
    /// Closures that wait for a writer.
    pub writes_waiting: usize,
    /// Closures that wait for a reader.
    pub reads_waiting: usize,
}

statements! {
    /// Number of the last migration.
    SCHEMA_VERSION = both("select max(number) from schema_migrations") -> [opt int];
    /// Bytes of the database.
    SIZE = split {
        sqlite: "select page_count * page_size from pragma_page_count(), pragma_page_size()",
        postgres: "select pg_database_size(current_database())",
    } -> [int];
}

impl Store {
    /// Opens a database: takes its lock, migrates it (after a checked copy of a SQLite file), starts its threads.
    ///
    /// # Errors
    /// [`OpenError`], whose text says what to do.
    pub async fn open(config: StoreConfig) -> Result<Self, OpenError> {
        let opening = tokio::task::spawn_blocking(move || match config.location.clone() {
            Location::Memory => sqlite::open_temporary(&config, MIGRATIONS),
            Location::Sqlite(path) => sqlite::open(&path, &config, MIGRATIONS),
            Location::Postgres(url) => postgres::open(&url, &config, MIGRATIONS),
        });
        let opened = opening
            .await
            .map_err(|error| OpenError::Configuration(format!("opening the database was interrupted: {error}")))??;
        Ok(opened.into())
    }

    /// Runs a closure in a transaction that may write; `Ok` means that its writes are on disk.
    ///
    /// The closure may run more than once (after a serialization failure or a lost connection), so it must have no effect
    /// outside of its transaction. A future that is dropped does not stop it.
    ///
    /// # Errors
    /// What the closure returns; `overloaded` when too many wait; an internal fault when the database fails.
    pub async fn write<T, F>(&self, act: F) -> Result<T, Fault>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        timed(&self.0.write_seconds, run(&self.0.writes, Lane::Write, act)).await
    }

    /// As [`Store::write`], for work that no caller waits for: it runs when no other write waits, or after it was passed over eight
    /// times, so that a burst of such work does not stand before requests.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_later<T, F>(&self, act: F) -> Result<T, Fault>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        timed(&self.0.later_seconds, run(&self.0.writes, Lane::Later, act)).await
    }

    /// Runs a closure on one snapshot of the data; it sees every write that was answered before. Writing in it fails.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn read<T, F>(&self, act: F) -> Result<T, Fault>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        timed(&self.0.read_seconds, run(&self.0.reads, Lane::Read, act)).await
    }

    /// Changes that committed transactions of this process announced, from now on.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Change> {
        self.0.announcer.watch()
    }

    /// Becomes one of the nodes that share this database; `None` on SQLite, which one process has alone. The node lives once its
    /// [`Node::id`] is there.
    #[must_use]
    pub fn join(&self, role: Role) -> Option<Node> {
        self.0.nodes.as_ref().map(|nodes| nodes.join(role))
    }

    /// The node that this process is; `None` on SQLite, and before [`Store::join`].
    #[must_use]
    pub fn node(&self) -> Option<Node> {
        self.0.nodes.as_ref().and_then(postgres::Nodes::node)
    }

    /// Which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    /// The file, on SQLite.
    #[must_use]
    pub fn file(&self) -> Option<&std::path::Path> {
        self.0.file.as_deref()
    }

    /// The copies of this store that are under way.
    pub(crate) fn copies(&self) -> sqlite::Copies {
        self.0.copies.clone()
    }

    /// Sizes and lengths, now.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn statistics(&self) -> Result<Statistics, Fault> {
        let (schema_version, size) = self
            .read(|tx| {
                let version = tx.row(&SCHEMA_VERSION, &[], |row| row.opt_int(0))?.flatten().unwrap_or(0);
                let size = tx.row(&SIZE, &[], |row| row.int(0))?.unwrap_or(0);
                Ok((version, size))
            })
            .await?;
        let log = self.0.file.as_deref().and_then(|file| std::fs::metadata(sqlite::beside(file, "-wal")).ok());
        Ok(Statistics {
            schema_version: u32::try_from(schema_version).unwrap_or(0),
            size_bytes: u64::try_from(size).unwrap_or(0),
            log_bytes: log.map_or(0, |log| log.len()),
            writes_waiting: self.0.writes.waiting(Lane::Write) + self.0.writes.waiting(Lane::Later),
            reads_waiting: self.0.reads.waiting(Lane::Read),
        })
    }

    /// Refuses new closures, finishes the waiting ones, writes the log back into the file, and ends the threads.
    pub async fn close(&self) {
        self.0.end();
        let threads = std::mem::take(&mut *self.0.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        let _ = joined.await;
    }
}

impl From<Opened> for Store {
    fn from(opened: Opened) -> Self {
        Self(Arc::new(Shared {
            dialect: opened.dialect,
            file: opened.file,
            writes: opened.writes,
            reads: opened.reads,
            announcer: opened.announcer,
            threads: Mutex::new(opened.threads),
            nodes: opened.nodes,
            copies: opened.copies,
            write_seconds: metrics::histogram!("floe_store_seconds", "op" => "write"),
            later_seconds: metrics::histogram!("floe_store_seconds", "op" => "write_later"),
            read_seconds: metrics::histogram!("floe_store_seconds", "op" => "read"),
        }))
    }
}

impl Shared {
    fn end(&self) {
        self.writes.close();
        self.reads.close();
        if let Some(nodes) = &self.nodes {
            nodes.stop();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Not joined here: the last clone may be dropped by a closure on one of these threads.
        self.end();
    }
}

/// Records how long something took, waiting for a thread included.
#[expect(clippy::disallowed_methods, reason = "measures how long database work takes")]
async fn timed<T>(seconds: &Histogram, work: impl Future<Output = T>) -> T {
    let started = std::time::Instant::now();
    let result = work.await;
    seconds.record(started.elapsed());
    result
}

async fn run<T, F>(queue: &Queue, lane: Lane, act: F) -> Result<T, Fault>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    T: Send + 'static,
{
    let (call, answer) = Call::boxed(act);
    if let Err((refused, _)) = queue.push(lane, call) {
        return Err(match refused {
            Refused::Full => overloaded("Too many requests wait for the database"),
            Refused::Closed => overloaded("The server is shutting down"),
        });
    }
    answer.await.unwrap_or_else(|_| Err(Fault::internal("the database thread ended without an answer")))
}

/// The fault for a bound of the store that is reached, or a database that cannot be reached now.
pub(crate) fn overloaded(message: &str) -> Fault {
    Fault::new(FaultKind::Overloaded, "overloaded", message).with_retry_after(OVERLOADED_RETRY_S)
}
