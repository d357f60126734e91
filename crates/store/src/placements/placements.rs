//! Table `placements`: places in an app where a screen flow can be shown (Placements contract, sections 7, 12 and 14).

use floe_model::{
    Fault, Timestamp,
    id::{AppId, AudienceId, PlacementId, ScreenVersionId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Placements of an app at most.
pub const PLACEMENTS_MAX: usize = 1_000;
/// Placements of one page at most.
pub const PAGE_MAX: usize = 200;

/// A placement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The app that it is in.
    pub app: AppId,
    /// Its id.
    pub id: PlacementId,
    /// How devices name it; never changes.
    pub key: String,
    /// What it is for.
    pub description: Option<String>,
    /// JSON list of `ios`, `android`, `web`.
    pub platforms: String,
    /// `active` or `paused`.
    pub status: String,
    /// What is served when nothing else decides.
    pub default_version: Option<ScreenVersionId>,
    /// JSON: its own filter.
    pub audience_filter: Option<String>,
    /// A saved filter instead.
    pub audience: Option<AudienceId>,
    /// Seconds that a device keeps an answer.
    pub cache_ttl_seconds: Option<i64>,
    /// JSON list of targeting rules.
    pub rules: String,
    /// The share of users that it answers, in hundredths of a percent.
    pub rollout: Option<i64>,
    /// What the others get.
    pub rollout_fallback: Option<ScreenVersionId>,
    /// Nothing before.
    pub active_from: Option<Timestamp>,
    /// Nothing from then on.
    pub active_until: Option<Timestamp>,
    /// JSON list of changes at set times.
    pub scheduled_changes: String,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

macro_rules! columns {
    () => {
        "app_id, id, key, description, platforms, status, default_version_id, audience_filter, audience_id, cache_ttl_seconds, rules,
             rollout, rollout_fallback_version_id, active_from, active_until, scheduled_changes, revision, created_at, updated_at"
    };
}

statements! {
    /// A new one.
    INSERT = both(concat!(
        "insert into placements (workspace_id, ", columns!(), ")
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)"
    ));
    /// By key.
    FIND = both(concat!("select ", columns!(), " from placements where workspace_id = $1 and app_id = $2 and key = $3"))
        -> [id, id, text, opt text, json, text, opt id, opt json, opt id, opt int, json, opt int, opt id, opt time, opt time, json, int, time, time];
    /// By id.
    FIND_BY_ID = both(concat!("select ", columns!(), " from placements where workspace_id = $1 and app_id = $2 and id = $3"))
        -> [id, id, text, opt text, json, text, opt id, opt json, opt id, opt int, json, opt int, opt id, opt time, opt time, json, int, time, time];
    /// A page, newest first.
    LIST = both(concat!(
        "select ", columns!(), " from placements where workspace_id = $1 and app_id = $2 order by id desc limit $3 offset $4"
    )) -> [id, id, text, opt text, json, text, opt id, opt json, opt id, opt int, json, opt int, opt id, opt time, opt time, json, int, time, time];
    /// How many.
    COUNT = both("select count(*) from placements where workspace_id = $1 and app_id = $2") -> [int];
    /// Every one of a workspace.
    OF_WORKSPACE = both(concat!("select ", columns!(), " from placements where workspace_id = $1 order by app_id, id"))
        -> [id, id, text, opt text, json, text, opt id, opt json, opt id, opt int, json, opt int, opt id, opt time, opt time, json, int, time, time];
    /// What can be changed, when the revision is still the one before.
    UPDATE = both(
        "update placements set description = $4, platforms = $5, status = $6, default_version_id = $7, audience_filter = $8,
             audience_id = $9, cache_ttl_seconds = $10, rules = $11, rollout = $12, rollout_fallback_version_id = $13,
             active_from = $14, active_until = $15, scheduled_changes = $16, revision = $17, updated_at = $18
         where workspace_id = $1 and app_id = $2 and id = $3 and revision = $17 - 1"
    );
    /// Gone.
    DELETE = both("delete from placements where workspace_id = $1 and app_id = $2 and id = $3");
    /// Gone with the app.
    DELETE_ALL = both("delete from placements where workspace_id = $1 and app_id = $2");
}

/// Adds a placement.
///
/// # Errors
/// `already_exists` when the key is taken.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, one: &Placement) -> Result<(), Fault> {
    let values = params![
        workspace,
        one.app,
        one.id,
        &one.key,
        &one.description,
        &one.platforms,
        &one.status,
        one.default_version,
        &one.audience_filter,
        one.audience,
        one.cache_ttl_seconds,
        &one.rules,
        one.rollout,
        one.rollout_fallback,
        one.active_from,
        one.active_until,
        &one.scheduled_changes,
        one.revision,
        one.created_at,
        one.updated_at
    ];
    tx.execute(&INSERT, values).map(drop)
}

/// By key.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, key: &str) -> Result<Option<Placement>, Fault> {
    tx.row(&FIND, params![workspace, app, key], map)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find_by_id(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    id: PlacementId,
) -> Result<Option<Placement>, Fault> {
    tx.row(&FIND_BY_ID, params![workspace, app, id], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) placements of an app, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Placement>, i64), Fault> {
    let rows = tx.rows(&LIST, params![workspace, app, limit.min(PAGE_MAX), offset], map)?;
    Ok((rows, count(tx, workspace, app)?))
}

/// Every placement of an app, newest first; [`PLACEMENTS_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of_app(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<Vec<Placement>, Fault> {
    tx.rows(&LIST, params![workspace, app, PLACEMENTS_MAX, 0_i64], map)
}

/// Every placement of a workspace, app by app.
///
/// # Errors
/// Of the database.
pub fn of_workspace(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Placement>, Fault> {
    tx.rows(&OF_WORKSPACE, params![workspace], map)
}

/// How many an app has.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, app], |row| row.int(0))?.unwrap_or(0))
}

/// Writes what can be changed over the revision that was read, and counts it; false when it is not there any more.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, workspace: WorkspaceId, one: &Placement) -> Result<bool, Fault> {
    let values = params![
        workspace,
        one.app,
        one.id,
        &one.description,
        &one.platforms,
        &one.status,
        one.default_version,
        &one.audience_filter,
        one.audience,
        one.cache_ttl_seconds,
        &one.rules,
        one.rollout,
        one.rollout_fallback,
        one.active_from,
        one.active_until,
        &one.scheduled_changes,
        one.revision + 1,
        one.updated_at
    ];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Takes one away; false when it was gone.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: PlacementId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, app, id])? == 1)
}

/// Takes every placement of an app away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace, app]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Placement, Fault> {
    Ok(Placement {
        app: AppId(row.id(0)?),
        id: PlacementId(row.id(1)?),
        key: row.string(2)?,
        description: row.opt_string(3)?,
        platforms: row.string(4)?,
        status: row.string(5)?,
        default_version: row.opt_id(6)?.map(ScreenVersionId),
        audience_filter: row.opt_string(7)?,
        audience: row.opt_id(8)?.map(AudienceId),
        cache_ttl_seconds: row.opt_int(9)?,
        rules: row.string(10)?,
        rollout: row.opt_int(11)?,
        rollout_fallback: row.opt_id(12)?.map(ScreenVersionId),
        active_from: row.opt_time(13)?,
        active_until: row.opt_time(14)?,
        scheduled_changes: row.string(15)?,
        revision: row.int(16)?,
        created_at: row.time(17)?,
        updated_at: row.time(18)?,
    })
}
