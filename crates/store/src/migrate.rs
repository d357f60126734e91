//! What has to be migrated, decided without a database; the back ends carry it out.

use sha2::{Digest, Sha256};

use crate::{Dialect, OpenError, migrations::Migration};

/// The table of applied migrations.
pub(crate) const CREATE_TABLE: &str = "create table if not exists schema_migrations (
    number {int} not null primary key,
    name {text} not null,
    checksum {text} not null
) {strict}";

/// An applied migration, as the database tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) number: u32,
    pub(crate) checksum: String,
}

/// The migrations that are still to be applied, or why this database must not be touched.
pub(crate) fn pending<'m>(applied: &[Applied], known: &'m [Migration]) -> Result<&'m [Migration], OpenError> {
    let newest = known.last().map_or(0, |migration| migration.number);
    if let Some(newer) = applied.iter().map(|one| one.number).filter(|&number| number > newest).max() {
        return Err(OpenError::Newer { found: newer, known: newest });
    }
    for (one, migration) in applied.iter().zip(known) {
        if one.number != migration.number || one.checksum != checksum(migration) {
            return Err(OpenError::Changed { number: migration.number, name: migration.name });
        }
    }
    Ok(&known[applied.len().min(known.len())..])
}

/// SHA-256 of the text as it stands in the file, in lower-case hex.
pub(crate) fn checksum(migration: &Migration) -> String {
    Sha256::digest(migration.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Replaces the column words by what a database calls them.
pub(crate) fn expand(text: &str, dialect: Dialect) -> String {
    const WORDS: [(&str, &str, &str); 14] = [
        ("{id}", "BLOB", "UUID"),
        ("{int}", "INTEGER", "BIGINT"),
        ("{time}", "INTEGER", "BIGINT"),
        ("{text}", "TEXT", "TEXT"),
        ("{json}", "TEXT", "TEXT"),
        ("{bool}", "INTEGER", "BOOLEAN"),
        ("{float}", "REAL", "DOUBLE PRECISION"),
        ("{bytes}", "BLOB", "BYTEA"),
        // A number that only grows, as the primary key.
        (
            "{serial}",
            "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
            "BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        ),
        // The number of the writing transaction, for reading in the order of visibility; one writer needs none.
        (
            "{commit_group}",
            "INTEGER NOT NULL DEFAULT 0",
            "BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint)",
        ),
        // Before a statement of one line that only PostgreSQL needs.
        ("{postgres_only}", "-- ", ""),
        // The same for SQLite.
        ("{sqlite_only}", "", "-- "),
        ("{strict}", "STRICT", ""),
        ("{strict_rowless}", "STRICT, WITHOUT ROWID", ""),
    ];
    WORDS.iter().fold(text.to_owned(), |text, (word, sqlite, postgres)| {
        text.replace(
            word,
            match dialect {
                Dialect::Sqlite => sqlite,
                Dialect::Postgres => postgres,
            },
        )
    })
}

#[cfg(test)]
mod tests;
