//! Where a store is and how it is opened.

use std::path::PathBuf;

/// Which database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// One file, this process alone.
    Sqlite,
    /// A server.
    Postgres,
}

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file in a temporary folder that goes away with the store; for tests and trials. Nothing is forced to disk.
    Memory,
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL address, `postgres://user:password@host:port/database?sslmode=…`.
    Postgres(String),
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory => f.write_str("Memory"),
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
            // The address may hold a password.
            Self::Postgres(_) => f.write_str("Postgres(..)"),
        }
    }
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Where the data is.
    pub location: Location,
    /// SQLite: reader threads, 1 to 16.
    pub readers: usize,
    /// PostgreSQL: connections and threads, 1 to 200.
    pub postgres_connections: usize,
    /// Closures that may wait for a writer; over it callers get an `overloaded` fault.
    pub writes_waiting_max: usize,
    /// Closures that may wait for a reader; over it callers get an `overloaded` fault.
    pub reads_waiting_max: usize,
    /// Seconds that opening waits for another process to let go of the database, for quick restarts.
    pub lock_wait_s: u64,
}

impl StoreConfig {
    /// The usual settings for a place.
    #[must_use]
    pub fn at(location: Location) -> Self {
        Self {
            location,
            readers: 2,
            postgres_connections: 16,
            writes_waiting_max: 8_192,
            reads_waiting_max: 8_192,
            lock_wait_s: 5,
        }
    }
}

/// Why a store could not be opened; the text is for the person who starts the server.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{0}")]
    InUse(String),
    /// Migrated by a newer version of this program.
    #[error(
        "the database has schema version {found}, and this program knows versions up to {known}: start the newer program that \
         was used before, or put back the copy `<file>.before-{found}` or a backup taken with this version"
    )]
    Newer {
        /// Version in the database.
        found: u32,
        /// Highest version of this program.
        known: u32,
    },
    /// An applied migration is not the one in this program.
    #[error(
        "migration {number} ({name}) was applied with another text than this program has: the database belongs to another build; \
         start that build, or restore a backup"
    )]
    Changed {
        /// Number of the migration.
        number: u32,
        /// Its name here.
        name: &'static str,
    },
    /// The upgraded copy is not sound; nothing was changed.
    #[error("the upgraded copy did not pass its check, nothing was changed: {0}")]
    Copy(String),
    /// An address, certificate or option is not usable.
    #[error("{0}")]
    Configuration(String),
    /// The file system refused.
    #[error("cannot open the database at {path}: {source}")]
    Io {
        /// What was opened.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused or cannot be reached.
    #[error("PostgreSQL: {0}")]
    Postgres(String),
}
