//! Migrations of a SQLite file, after a checked copy of it was put aside.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::beside;
use crate::{
    Dialect, OpenError,
    migrate::{Applied, CREATE_TABLE, checksum, expand, pending},
    migrations::Migration,
};

/// Brings the schema up to date. The caller holds the lock file.
pub(super) fn migrate(connection: &mut Connection, path: &Path, known: &[Migration]) -> Result<(), OpenError> {
    let applied = applied(connection)?;
    let todo = pending(&applied, known)?;
    if todo.is_empty() {
        return Ok(());
    }
    if let Some(last) = applied.last() {
        put_copy_aside(connection, path, last.number)?;
    }
    for migration in todo {
        apply(connection, migration)?;
    }
    Ok(())
}

fn applied(connection: &Connection) -> Result<Vec<Applied>, OpenError> {
    let there: bool = connection.query_row(
        "select exists (select 1 from sqlite_schema where type = 'table' and name = 'schema_migrations')",
        [],
        |row| row.get(0),
    )?;
    if !there {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare("select number, checksum from schema_migrations order by number")?;
    let rows = statement.query_map([], |row| Ok(Applied { number: row.get(0)?, checksum: row.get(1)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn apply(connection: &mut Connection, migration: &Migration) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(&expand(CREATE_TABLE, Dialect::Sqlite))?;
    transaction.execute_batch(&expand(migration.text, Dialect::Sqlite))?;
    transaction.execute(
        "insert into schema_migrations (number, name, checksum) values (?1, ?2, ?3)",
        params![migration.number, migration.name, checksum(migration)],
    )?;
    transaction.commit()?;
    Ok(())
}

/// Writes `<file>.before-<version>`; under another name until it has passed its check, so that the name means "sound".
fn put_copy_aside(connection: &Connection, path: &Path, version: u32) -> Result<(), OpenError> {
    let target = beside(path, &format!(".before-{version}"));
    let unchecked = beside(path, &format!(".before-{version}.unchecked"));
    let io = |source| OpenError::Io { path: target.display().to_string(), source };
    if unchecked.exists() {
        std::fs::remove_file(&unchecked).map_err(io)?;
    }
    connection.execute("vacuum into ?1", [unchecked.to_string_lossy()])?;
    check_copy(connection, &unchecked)?;
    std::fs::File::open(&unchecked).and_then(|file| file.sync_all()).map_err(io)?;
    std::fs::rename(&unchecked, &target).map_err(io)?;
    // The new name is on disk only when its folder is.
    if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    }
    Ok(())
}

fn check_copy(original: &Connection, copy: &Path) -> Result<(), OpenError> {
    const TABLES: &str = "select count(*) from sqlite_schema";
    let connection = Connection::open_with_flags(copy, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let verdict: String = connection.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(OpenError::Copy(verdict));
    }
    let count = |connection: &Connection| connection.query_row(TABLES, [], |row| row.get::<_, i64>(0));
    if count(original)? != count(&connection)? {
        return Err(OpenError::Copy("it does not have the same tables".to_owned()));
    }
    Ok(())
}
