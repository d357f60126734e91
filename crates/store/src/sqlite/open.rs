//! Opening a SQLite file.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    checkpoint::{Checkpointer, Checkpoints},
    copy::Copies,
    lock, migrate,
    reader::Reader,
    writer::{self, Writer},
};
use crate::{Dialect, OpenError, StoreConfig, change::Announcer, migrations::Migration, queue::Queue, store::Opened};

/// Prepared statements kept per connection; more than there are statements.
const STATEMENTS_MAX: usize = 2_048;
/// Milliseconds that a statement waits for a lock that a tool (`sqlite3`, a backup) holds.
const BUSY_MS: u64 = 5_000;
/// Page cache of the writer, KiB; taken as it is needed, so an idle server does not hold it.
const WRITER_CACHE_KIB: u32 = 8 * 1_024;
/// Page cache of all readers together, KiB.
const READERS_CACHE_KIB: u32 = 16 * 1_024;
/// Page cache of the thread that writes the log back, KiB; it copies pages without looking into them.
const CHECKPOINT_CACHE_KIB: u32 = 256;
/// Bytes that the log file keeps after a checkpoint.
const LOG_KEEP_BYTES: u32 = 64 * 1_024 * 1_024;
/// Reader threads at most.
const READERS_MAX: usize = 16;

/// How safe a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// Survives a power cut.
    Full,
    /// Survives nothing; for temporary stores.
    None,
}

/// Removes its folder when the last thread of a temporary store ends.
pub(super) struct TemporaryFolder(PathBuf);

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `path` with `suffix` behind its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens a SQLite file, which is made when it is not there.
pub(crate) fn open(path: &Path, config: &StoreConfig, migrations: &[Migration]) -> Result<Opened, OpenError> {
    start(path, config, migrations, Durability::Full, None)
}

/// Opens an empty store in a folder of its own that goes away with it.
pub(crate) fn open_temporary(config: &StoreConfig, migrations: &[Migration]) -> Result<Opened, OpenError> {
    let folder = temporary_folder()?;
    let path = folder.0.join("floe.db");
    start(&path, config, migrations, Durability::None, Some(Arc::new(folder)))
}

fn start(
    path: &Path,
    config: &StoreConfig,
    migrations: &[Migration],
    durability: Durability,
    folder: Option<Arc<TemporaryFolder>>,
) -> Result<Opened, OpenError> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)
            .map_err(|source| OpenError::Io { path: parent.display().to_string(), source })?;
    }
    let lock = lock::acquire(path, config.lock_wait_s)?;
    let (same, _) = migrate::migrate(connect(path, durability, WRITER_CACHE_KIB)?, path, migrations)?;
    let mut connection = match same {
        Some(connection) => connection,
        None => connect(path, durability, WRITER_CACHE_KIB)?,
    };
    let writes = Arc::new(Queue::new(config.writes_waiting_max, 0));
    let reads = Arc::new(Queue::new(0, config.reads_waiting_max));
    let (announcer, copies) = (Announcer::new(), Copies::default());
    let mut threads = Vec::new();
    let readers = config.readers.clamp(1, READERS_MAX);
    for number in 0..readers {
        let connection = connect(path, durability, READERS_CACHE_KIB / readers as u32)?;
        connection.pragma_update(None, "query_only", true)?;
        let reader = Reader { connection, queue: Arc::clone(&reads), folder: folder.clone() };
        threads.push(spawn(format!("floe-read-{number}"), path, move || reader.run())?);
    }
    let checkpoints = Checkpoints::default();
    let checkpointer = Checkpointer {
        connection: connect(path, durability, CHECKPOINT_CACHE_KIB)?,
        checkpoints: checkpoints.clone(),
        folder: folder.clone(),
    };
    threads.push(spawn("floe-log-back".to_owned(), path, move || checkpointer.run())?);
    let writer = Writer {
        pages: writer::count_log_pages(&mut connection)?,
        connection,
        queue: Arc::clone(&writes),
        announcer: announcer.clone(),
        checkpoints,
        lock,
        copies: copies.clone(),
        folder,
    };
    threads.push(spawn("floe-write".to_owned(), path, move || writer.run())?);
    let file = Some(path.to_owned());
    Ok(Opened { dialect: Dialect::Sqlite, file, writes, reads, announcer, threads, nodes: None, copies })
}

fn spawn(name: String, path: &Path, run: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>, OpenError> {
    thread::Builder::new()
        .name(name)
        .spawn(run)
        .map_err(|source| OpenError::Io { path: path.display().to_string(), source })
}

fn connect(path: &Path, durability: Durability, cache_kib: u32) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Else each call of a statement with a bound `limit` or `like` compiles it again, in case the values allow a better plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let mode: String = connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(OpenError::Configuration(format!(
            "the file system of {} does not allow SQLite's write-ahead log (shared memory is missing): use a local disk",
            path.display()
        )));
    }
    let synchronous = match durability {
        Durability::Full => "full",
        Durability::None => "off",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update(None, "journal_size_limit", LOG_KEEP_BYTES)?;
    // The writer checkpoints itself, after it has answered.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // References are kept by the code that writes them: the schema has no foreign keys, on either database.
    connection.pragma_update(None, "foreign_keys", false)?;
    Ok(connection)
}

fn temporary_folder() -> Result<TemporaryFolder, OpenError> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let base = std::env::temp_dir();
    loop {
        // Left over by a killed process of the same number: take the next name.
        let name = format!("floe-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = base.join(name);
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(TemporaryFolder(path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(OpenError::Io { path: path.display().to_string(), source }),
        }
    }
}

#[cfg(test)]
mod tests;
