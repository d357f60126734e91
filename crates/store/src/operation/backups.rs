//! Table `backups`: backups of the whole server. They belong to no workspace, so nothing here takes one.

use floe_model::{
    Fault, Timestamp,
    id::{BackupId, MemberId},
};

use crate::{Row, Tx, params, statements};

/// Backups of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its id, which is also the name of its file.
    pub id: BackupId,
    /// `manual`, `scheduled` or `pre_upgrade`.
    pub kind: String,
    /// `running`, `done` or `failed`.
    pub status: String,
    /// Whether the server's secret key is inside.
    pub with_key: bool,
    /// Size of the file, bytes.
    pub bytes: Option<i64>,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: Option<String>,
    /// Schema version inside.
    pub schema_version: Option<u32>,
    /// Why it failed, for an operator.
    pub problem: Option<String>,
    /// Who asked for it; none for the schedule and the command line.
    pub created_by: Option<MemberId>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was done or failed.
    pub finished_at: Option<Timestamp>,
    /// When its file was last read whole and found sound.
    pub verified_at: Option<Timestamp>,
}

statements! {
    /// A backup that begins.
    INSERT = both(
        "insert into backups (id, kind, status, with_key, created_by, created_at) values ($1, $2, 'running', $3, $4, $5)"
    );
    /// One backup.
    FIND = both(
        "select id, kind, status, with_key, bytes, sha256, schema_version, problem, created_by, created_at, finished_at,
             verified_at from backups where id = $1"
    ) -> [id, text, text, bool, opt int, opt text, opt int, opt text, opt id, time, opt time, opt time];
    /// The newest backups before one.
    NEWEST = both(
        "select id, kind, status, with_key, bytes, sha256, schema_version, problem, created_by, created_at, finished_at,
             verified_at from backups where id < $1 order by id desc limit $2"
    ) -> [id, text, text, bool, opt int, opt text, opt int, opt text, opt id, time, opt time, opt time];
    /// The oldest backups after one.
    OLDEST = both(
        "select id, kind, status, with_key, bytes, sha256, schema_version, problem, created_by, created_at, finished_at,
             verified_at from backups where id > $1 order by id limit $2"
    ) -> [id, text, text, bool, opt int, opt text, opt int, opt text, opt id, time, opt time, opt time];
    /// A backup whose file is there and sound.
    DONE = both(
        "update backups set status = 'done', bytes = $2, sha256 = $3, schema_version = $4, finished_at = $5, verified_at = $5,
             problem = null where id = $1"
    );
    /// A backup that came to nothing.
    FAILED = both("update backups set status = 'failed', problem = $2, finished_at = $3 where id = $1 and status = 'running'");
    /// What a look at the file said.
    VERIFIED = both("update backups set verified_at = $2, problem = $3 where id = $1");
    /// Backups that a process did not finish before it ended.
    INTERRUPTED = both(
        "update backups set status = 'failed', problem = 'The server ended before it was done', finished_at = $1
         where status = 'running'"
    );
    /// A backup that is no more.
    DELETE = both("delete from backups where id = $1");
    /// How many there are.
    COUNT = both("select count(*) from backups") -> [int];
    /// When the last sound one was made.
    LAST_DONE = both("select max(created_at) from backups where status = 'done'") -> [opt time];
}

/// A backup that begins.
///
/// # Errors
/// Of the database.
pub fn insert(
    tx: &mut Tx<'_>,
    id: BackupId,
    kind: &str,
    with_key: bool,
    created_by: Option<MemberId>,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(&INSERT, params![id, kind, with_key, created_by, now]).map(drop)
}

/// One backup.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, id: BackupId) -> Result<Option<Backup>, Fault> {
    tx.row(&FIND, params![id], backup)
}

/// Up to `limit` ([`PAGE_MAX`] at most) backups from the newest or the oldest on, after `after`.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, newest_first: bool, after: Option<BackupId>, limit: usize) -> Result<Vec<Backup>, Fault> {
    let limit = limit.min(PAGE_MAX);
    if newest_first {
        tx.rows(&NEWEST, params![after.unwrap_or(BackupId(u128::MAX)), limit], backup)
    } else {
        tx.rows(&OLDEST, params![after.unwrap_or(BackupId(0)), limit], backup)
    }
}

/// How many backups there are.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, &[], |row| row.int(0))?.unwrap_or(0))
}

/// Says that the file of a backup is there and sound; false when the backup was deleted meanwhile.
///
/// # Errors
/// Of the database.
pub fn done(
    tx: &mut Tx<'_>,
    id: BackupId,
    bytes: i64,
    sha256: &str,
    schema_version: u32,
    now: Timestamp,
) -> Result<bool, Fault> {
    Ok(tx.execute(&DONE, params![id, bytes, sha256, schema_version, now])? == 1)
}

/// Says that a backup came to nothing.
///
/// # Errors
/// Of the database.
pub fn failed(tx: &mut Tx<'_>, id: BackupId, problem: &str, now: Timestamp) -> Result<(), Fault> {
    tx.execute(&FAILED, params![id, problem, now]).map(drop)
}

/// Notes a look at the whole file, and what was wrong with it.
///
/// # Errors
/// Of the database.
pub fn verified(tx: &mut Tx<'_>, id: BackupId, at: Option<Timestamp>, problem: Option<&str>) -> Result<(), Fault> {
    tx.execute(&VERIFIED, params![id, at, problem]).map(drop)
}

/// Marks what a process that is no more left unfinished.
///
/// # Errors
/// Of the database.
pub fn interrupted(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, Fault> {
    tx.execute(&INTERRUPTED, params![now])
}

/// Removes the row of a backup; false when there was none.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, id: BackupId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![id])? == 1)
}

/// When the last sound backup was made.
///
/// # Errors
/// Of the database.
pub fn last_done(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Fault> {
    Ok(tx.row(&LAST_DONE, &[], |row| row.opt_time(0))?.flatten())
}

fn backup(row: &Row<'_>) -> Result<Backup, Fault> {
    Ok(Backup {
        id: BackupId(row.id(0)?),
        kind: row.string(1)?,
        status: row.string(2)?,
        with_key: row.bool(3)?,
        bytes: row.opt_int(4)?,
        sha256: row.opt_string(5)?,
        schema_version: row.opt_int(6)?.and_then(|version| u32::try_from(version).ok()),
        problem: row.opt_string(7)?,
        created_by: row.opt_id(8)?.map(MemberId),
        created_at: row.time(9)?,
        finished_at: row.opt_time(10)?,
        verified_at: row.opt_time(11)?,
    })
}
