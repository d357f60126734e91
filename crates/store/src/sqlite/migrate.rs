//! Migrations of a SQLite file: on a copy that is checked and then takes the file's place.
//!
//! Whenever the process is killed, the file is the old one or the new one: the only step that counts is a rename. The old file stays
//! beside it as `<file>.before-<version>`.

use std::{fs, io, path::Path, time::Instant};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use super::{beside, lock};
use crate::{
    Dialect, OpenError, Step, Upgrade,
    migrate::{Applied, CREATE_TABLE, checksum, expand, pending},
    migrations::Migration,
};

/// Brings the schema up to date. The caller holds the lock file. Answers the connection when the file is still the same one.
pub(super) fn migrate(
    mut connection: Connection,
    path: &Path,
    known: &[Migration],
) -> Result<(Option<Connection>, Upgrade), OpenError> {
    let applied = applied(&connection)?;
    let todo = pending(&applied, known)?;
    let Some(last) = applied.last() else {
        // An empty file needs no copy: one transaction makes it whole.
        let steps = apply(&mut connection, todo)?;
        return Ok((Some(connection), Upgrade { from: 0, to: newest(known), steps }));
    };
    let from = last.number;
    if todo.is_empty() {
        return Ok((Some(connection), Upgrade { from, to: from, steps: Vec::new() }));
    }
    settle(connection)?;
    let draft = beside(path, ".upgrading");
    let steps = draft_upgrade(path, &draft, todo, newest(known))?;
    keep_old(path, from).and_then(|()| fs::rename(&draft, path)).map_err(|source| io_error(path, source))?;
    sync_folder(path)?;
    Ok((None, Upgrade { from, to: newest(known), steps }))
}

/// What a file's migrations are, without its lock; empty when it is not there.
pub(crate) fn inspect(path: &Path) -> Result<Vec<Applied>, OpenError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    // A log beside the file can be read only by a connection that may write beside it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "query_only", true)?;
    applied(&connection)
}

/// Brings a file up to date, or tries that on a copy which is removed again.
pub(crate) fn upgrade(
    path: &Path,
    known: &[Migration],
    lock_wait_s: u64,
    rehearse: bool,
) -> Result<Upgrade, OpenError> {
    let _lock = lock::acquire(path, lock_wait_s)?;
    let connection = Connection::open(path)?;
    if !rehearse {
        return migrate(connection, path, known).map(|(_, upgrade)| upgrade);
    }
    let applied = applied(&connection)?;
    let from = applied.last().map_or(0, |last| last.number);
    let todo = pending(&applied, known)?;
    if todo.is_empty() {
        return Ok(Upgrade { from, to: from, steps: Vec::new() });
    }
    settle(connection)?;
    let draft = beside(path, ".rehearsal");
    let steps = draft_upgrade(path, &draft, todo, newest(known));
    let _ = fs::remove_file(&draft);
    Ok(Upgrade { from, to: newest(known), steps: steps? })
}

fn newest(known: &[Migration]) -> u32 {
    known.last().map_or(0, |migration| migration.number)
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

/// Writes the log back and removes it, so that the file alone is the database.
fn settle(connection: Connection) -> Result<(), OpenError> {
    connection.query_row("pragma journal_mode = delete", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Copies the file to `draft`, migrates that, checks it, and forces it to disk.
fn draft_upgrade(path: &Path, draft: &Path, todo: &[Migration], version: u32) -> Result<Vec<Step>, OpenError> {
    let io = |source| io_error(draft, source);
    // What a killed process left behind.
    for suffix in ["", "-journal", "-wal", "-shm"] {
        remove(&beside(draft, suffix)).map_err(io)?;
    }
    fs::copy(path, draft).map_err(io)?;
    let mut connection = Connection::open(draft)?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.query_row("pragma journal_mode = memory", [], |_| Ok(()))?;
    let steps = apply(&mut connection, todo)?;
    check(&connection, version)?;
    connection.close().map_err(|(_, error)| error)?;
    fs::File::open(draft).and_then(|file| file.sync_all()).map_err(io)?;
    Ok(steps)
}

/// Applies migrations in one transaction.
#[expect(clippy::disallowed_methods, reason = "measures how long each step took, for the person who upgrades")]
fn apply(connection: &mut Connection, todo: &[Migration]) -> Result<Vec<Step>, OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(&expand(CREATE_TABLE, Dialect::Sqlite))?;
    let mut steps = Vec::with_capacity(todo.len());
    for migration in todo {
        let started = Instant::now();
        transaction.execute_batch(&expand(migration.text, Dialect::Sqlite))?;
        transaction.execute(
            "insert into schema_migrations (number, name, checksum) values (?1, ?2, ?3)",
            params![migration.number, migration.name, checksum(migration)],
        )?;
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        steps.push(Step { number: migration.number, name: migration.name, millis });
    }
    transaction.commit()?;
    Ok(steps)
}

fn check(connection: &Connection, version: u32) -> Result<(), OpenError> {
    let verdict: String = connection.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(OpenError::Copy(verdict));
    }
    let found: u32 = connection.query_row("select max(number) from schema_migrations", [], |row| row.get(0))?;
    if found == version {
        return Ok(());
    }
    Err(OpenError::Copy(format!("it has schema version {found} instead of {version}")))
}

/// Gives the file a second name, `<file>.before-<version>`: a link, or a copy where the file system has no links. The upgraded
/// copy of it was sound page by page, so it is sound itself.
fn keep_old(path: &Path, version: u32) -> io::Result<()> {
    let target = beside(path, &format!(".before-{version}"));
    remove(&target)?;
    if fs::hard_link(path, &target).is_ok() {
        return Ok(());
    }
    let unfinished = beside(path, &format!(".before-{version}.unfinished"));
    fs::copy(path, &unfinished)?;
    fs::File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, &target)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// New names are on disk only when their folder is.
fn sync_folder(path: &Path) -> Result<(), OpenError> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        None => Ok(()),
        Some(folder) => {
            fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| io_error(folder, source))
        }
    }
}

fn io_error(path: &Path, source: io::Error) -> OpenError {
    OpenError::Io { path: path.display().to_string(), source }
}
