//! Bringing a database to the schema of this program, and looking at it beforehand.

use crate::{Location, OpenError, migrations::MIGRATIONS, postgres, sqlite};

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// How long it took, milliseconds; 0 when it was only looked at.
    pub millis: u64,
}

/// What an upgrade did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// Schema version before; 0 for an empty database.
    pub from: u32,
    /// Schema version afterwards.
    pub to: u32,
    /// The migrations that were applied, in order.
    pub steps: Vec<Step>,
}

/// How far a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its schema version; 0 for an empty or missing database.
    pub version: u32,
    /// The highest version of this program.
    pub known: u32,
    /// The migrations that opening it would apply.
    pub pending: Vec<Step>,
}

/// The schema version of this program.
#[must_use]
pub fn schema_version() -> u32 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

/// Looks at the schema of a database without changing anything and without taking its lock.
///
/// # Errors
/// [`OpenError`]: newer or changed migrations, or a database that cannot be read.
pub async fn inspect(location: Location) -> Result<Schema, OpenError> {
    blocking(move || {
        let applied = match location {
            Location::Memory => Vec::new(),
            Location::Sqlite(path) => sqlite::inspect(&path)?,
            Location::Postgres(url) => postgres::inspect(&url)?,
        };
        let pending = crate::migrate::pending(&applied, MIGRATIONS)?;
        Ok(Schema {
            version: applied.last().map_or(0, |one| one.number),
            known: schema_version(),
            pending: pending.iter().map(|one| Step { number: one.number, name: one.name, millis: 0 }).collect(),
        })
    })
    .await
}

/// Brings a database to the schema of this program: all of it or nothing, also when the process is killed. A SQLite file must not
/// be open elsewhere; it is worked on as a copy, which is checked and takes its place, and the file before stays beside it as
/// `<file>.before-<version>`. With `rehearse` nothing is kept.
///
/// # Errors
/// [`OpenError`]; nothing was changed then.
pub async fn upgrade(location: Location, lock_wait_s: u64, rehearse: bool) -> Result<Upgrade, OpenError> {
    blocking(move || match location {
        Location::Memory => Ok(Upgrade { from: 0, to: 0, steps: Vec::new() }),
        Location::Sqlite(path) => sqlite::upgrade(&path, MIGRATIONS, lock_wait_s, rehearse),
        Location::Postgres(url) => postgres::upgrade(&url, MIGRATIONS, rehearse),
    })
    .await
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    let done = tokio::task::spawn_blocking(act).await;
    done.map_err(|error| OpenError::Configuration(format!("looking at the database was interrupted: {error}")))?
}
