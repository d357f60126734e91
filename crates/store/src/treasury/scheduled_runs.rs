//! Table `scheduled_runs`: payment runs that begin by themselves.
//!
//! [`lock`] comes first in every act on a schedule: it holds it until the end of the transaction, so that it fires once for each of its
//! times, whatever the number of servers.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{MemberId, PaymentRunId, ScheduledRunId},
};

use crate::{Row, Tx, params, statements};

/// Schedules of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledRun {
    /// Its id.
    pub id: ScheduledRunId,
    /// What its runs are for.
    pub name: String,
    /// Five fields; none for one time only.
    pub cron: Option<String>,
    /// IANA name of the zone in which they are meant.
    pub zone: String,
    /// JSON: what its runs ask for.
    pub request: String,
    /// Whether it fires.
    pub is_active: bool,
    /// The next time; none when there is none.
    pub next_at: Option<Timestamp>,
    /// The last time for which it fired.
    pub last_at: Option<Timestamp>,
    /// The run that it made then.
    pub last_run: Option<PaymentRunId>,
    /// How many runs it made.
    pub runs: i64,
    /// Who made it.
    pub created_by: Option<MemberId>,
    /// The name at that time.
    pub created_by_name: String,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, name, cron, zone, request, is_active, next_at, last_at, last_run_id, runs, created_by, created_by_name, revision,
             created_at, updated_at"
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into scheduled_runs (workspace_id, mode, id, name, cron, zone, request, is_active, next_at, last_at, last_run_id, runs,
             created_by, created_by_name, revision, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    /// One, held until the end of the transaction.
    LOCK = both(concat!(
        "update scheduled_runs set runs = runs where workspace_id = $1 and mode = $2 and id = $3 returning ", columns!()
    )) -> [id, text, opt text, text, json, bool, opt time, opt time, opt id, int, opt id, text, int, time, time];
    /// One as it is now.
    FIND = both(concat!("select ", columns!(), " from scheduled_runs where workspace_id = $1 and mode = $2 and id = $3"))
        -> [id, text, opt text, text, json, bool, opt time, opt time, opt id, int, opt id, text, int, time, time];
    /// A page, newest first.
    LIST = both(concat!(
        "select ", columns!(), " from scheduled_runs where workspace_id = $1 and mode = $2 order by id desc limit $3 offset $4"
    )) -> [id, text, opt text, text, json, bool, opt time, opt time, opt id, int, opt id, text, int, time, time];
    /// How many there are.
    COUNT = both("select count(*) from scheduled_runs where workspace_id = $1 and mode = $2") -> [int];
    /// What changes of one that is held.
    SAVE = both(
        "update scheduled_runs set name = $4, cron = $5, zone = $6, request = $7, is_active = $8, next_at = $9, last_at = $10,
             last_run_id = $11, runs = $12, revision = revision + 1, updated_at = $13
         where workspace_id = $1 and mode = $2 and id = $3"
    );
    /// Gone.
    DELETE = both("delete from scheduled_runs where workspace_id = $1 and mode = $2 and id = $3");
}

/// Adds one.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, scope: Scope, one: &ScheduledRun) -> Result<(), Fault> {
    let values = params![
        scope.workspace,
        scope.mode,
        one.id.0,
        &one.name,
        &one.cron,
        &one.zone,
        &one.request,
        one.is_active,
        one.next_at,
        one.last_at,
        one.last_run.map(|id| id.0),
        one.runs,
        one.created_by,
        &one.created_by_name,
        one.revision,
        one.created_at,
        one.updated_at
    ];
    tx.execute(&INSERT, values).map(drop)
}

/// One, held until the end of the transaction.
///
/// # Errors
/// Of the database.
pub fn lock(tx: &mut Tx<'_>, scope: Scope, id: ScheduledRunId) -> Result<Option<ScheduledRun>, Fault> {
    tx.row(&LOCK, params![scope.workspace, scope.mode, id.0], map)
}

/// One as it is now.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: ScheduledRunId) -> Result<Option<ScheduledRun>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, id.0], map)
}

/// A page, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, scope: Scope, limit: usize, offset: i64) -> Result<(Vec<ScheduledRun>, i64), Fault> {
    let rows = tx.rows(&LIST, params![scope.workspace, scope.mode, limit.min(PAGE_MAX), offset], map)?;
    Ok((rows, count(tx, scope)?))
}

/// How many there are.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, scope: Scope) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![scope.workspace, scope.mode], |row| row.int(0))?.unwrap_or(0))
}

/// Writes one that was taken with [`lock`].
///
/// # Errors
/// Of the database.
pub fn save(tx: &mut Tx<'_>, scope: Scope, one: &ScheduledRun) -> Result<(), Fault> {
    let values = params![
        scope.workspace,
        scope.mode,
        one.id.0,
        &one.name,
        &one.cron,
        &one.zone,
        &one.request,
        one.is_active,
        one.next_at,
        one.last_at,
        one.last_run.map(|id| id.0),
        one.runs,
        one.updated_at
    ];
    let saved = tx.execute(&SAVE, values)?;
    if saved == 1 { Ok(()) } else { Err(Fault::internal("a schedule of runs went away while it was held")) }
}

/// Takes one away; false when it was gone.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, scope: Scope, id: ScheduledRunId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![scope.workspace, scope.mode, id.0])? == 1)
}

fn map(row: &Row<'_>) -> Result<ScheduledRun, Fault> {
    Ok(ScheduledRun {
        id: ScheduledRunId(row.id(0)?),
        name: row.string(1)?,
        cron: row.opt_string(2)?,
        zone: row.string(3)?,
        request: row.string(4)?,
        is_active: row.bool(5)?,
        next_at: row.opt_time(6)?,
        last_at: row.opt_time(7)?,
        last_run: row.opt_id(8)?.map(PaymentRunId),
        runs: row.int(9)?,
        created_by: row.opt_id(10)?.map(MemberId),
        created_by_name: row.string(11)?,
        revision: row.int(12)?,
        created_at: row.time(13)?,
        updated_at: row.time(14)?,
    })
}
