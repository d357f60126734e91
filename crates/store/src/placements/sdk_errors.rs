//! Table `placement_sdk_errors`: what SDKs reported about themselves, one row for reports that say the same (Placements contract,
//! section 4).

use floe_model::id::{AppId, WorkspaceId};
use floe_model::{Fault, Scope, Timestamp};

use crate::{Row, Tx, params, statements};

/// Groups of one page at most.
pub const PAGE_MAX: usize = 200;

/// Reports that say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorGroup {
    /// A digest of what they have in common.
    pub id: u128,
    /// What the app runs on.
    pub platform: String,
    /// Version of the SDK.
    pub sdk_version: String,
    /// Code of the error.
    pub error_code: Option<String>,
    /// Its message.
    pub message: Option<String>,
    /// How many there are.
    pub reports: u64,
    /// When the first came.
    pub first_at: Timestamp,
    /// When the last came.
    pub last_at: Timestamp,
    /// Whose the last one is.
    pub user_id: Option<String>,
    /// The last one, as a JSON object.
    pub report: String,
}

statements! {
    /// One more report.
    ADD = both(
        "insert into placement_sdk_errors as t (workspace_id, mode, app_id, id, platform, sdk_version, error_code, message, reports,
             first_at, last_at, user_id, report)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9, $10, $11)
         on conflict (workspace_id, mode, app_id, id) do update set reports = t.reports + 1,
             last_at = case when t.last_at < excluded.last_at then excluded.last_at else t.last_at end,
             user_id = excluded.user_id, report = excluded.report"
    );
    /// A page, newest first.
    LIST = both(
        "select id, platform, sdk_version, error_code, message, reports, first_at, last_at, user_id, report from placement_sdk_errors
         where workspace_id = $1 and mode = $2 and app_id = $3 order by last_at desc, id desc limit $4 offset $5"
    ) -> [id, text, text, opt text, opt text, int, time, time, opt text, json];
    /// How many there are.
    COUNT = both("select count(*) from placement_sdk_errors where workspace_id = $1 and mode = $2 and app_id = $3") -> [int];
    /// Forgets the user of the last reports.
    ERASE = both(
        "update placement_sdk_errors set user_id = null, report = '{}'
         where workspace_id = $1 and mode in ('live', 'test') and app_id = $2 and user_id = $3"
    );
    /// Removes old groups.
    PURGE = both(
        "delete from placement_sdk_errors where (workspace_id, mode, app_id, id) in (
             select workspace_id, mode, app_id, id from placement_sdk_errors where last_at < $1 order by last_at limit $2)"
    );
    /// Whether there are old groups.
    ANY_BEFORE = both("select id from placement_sdk_errors where last_at < $1 order by last_at limit 1") -> [id];
    /// Removes all of an app.
    DELETE = both("delete from placement_sdk_errors where workspace_id = $1 and mode in ('live', 'test') and app_id = $2");
}

/// Adds one report, which came at `group.last_at`.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, scope: Scope, app: AppId, group: &ErrorGroup) -> Result<(), Fault> {
    let ErrorGroup { id, platform, sdk_version, error_code, message, last_at, user_id, report, .. } = group;
    let place = params![
        scope.workspace,
        scope.mode,
        app,
        *id,
        platform,
        sdk_version,
        error_code,
        message,
        *last_at,
        user_id,
        report
    ];
    tx.execute(&ADD, place).map(drop)
}

/// A page of the groups of an app, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    scope: Scope,
    app: AppId,
    limit: usize,
    offset: usize,
) -> Result<(Vec<ErrorGroup>, u64), Fault> {
    let total = tx.row(&COUNT, params![scope.workspace, scope.mode, app], |row| row.int(0))?.unwrap_or(0);
    let page = params![scope.workspace, scope.mode, app, limit.min(PAGE_MAX), offset];
    Ok((tx.rows(&LIST, page, group)?, total.unsigned_abs()))
}

/// Forgets a user in both modes.
///
/// # Errors
/// Of the database.
pub fn erase(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, user_id: &str) -> Result<(), Fault> {
    tx.execute(&ERASE, params![workspace, app, user_id]).map(drop)
}

/// Whether there are groups whose last report came before `before`.
///
/// # Errors
/// Of the database.
pub fn any_before(tx: &mut Tx<'_>, before: Timestamp) -> Result<bool, Fault> {
    Ok(tx.row(&ANY_BEFORE, params![before], |row| row.id(0))?.is_some())
}

/// Removes up to `limit` groups whose last report came before `before`, and tells how many.
///
/// # Errors
/// Of the database.
pub fn purge(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64, Fault> {
    tx.execute(&PURGE, params![before, limit])
}

/// Removes all of an app, in both modes.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&DELETE, params![workspace, app]).map(drop)
}

fn group(row: &Row<'_>) -> Result<ErrorGroup, Fault> {
    Ok(ErrorGroup {
        id: row.id(0)?,
        platform: row.string(1)?,
        sdk_version: row.string(2)?,
        error_code: row.opt_string(3)?,
        message: row.opt_string(4)?,
        reports: row.int(5)?.unsigned_abs(),
        first_at: row.time(6)?,
        last_at: row.time(7)?,
        user_id: row.opt_string(8)?,
        report: row.string(9)?,
    })
}
