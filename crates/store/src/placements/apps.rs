//! Table `apps` (Placements contract, section 12).

use floe_model::{
    Fault, Timestamp,
    id::{AppId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Apps of a workspace at most.
pub const APPS_MAX: usize = 1_000;
/// Apps of one page at most.
pub const PAGE_MAX: usize = 200;

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Shown name.
    pub name: String,
    /// `ios`, `android` or `web`.
    pub platform: String,
    /// JSON object: `floe_model::placements::app::AppSettings`.
    pub settings: String,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, name, platform, settings, revision, created_at, updated_at"
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into apps (workspace_id, id, name, platform, settings, revision, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)"
    );
    /// By id.
    FIND = both(concat!("select ", columns!(), " from apps where workspace_id = $1 and id = $2"))
        -> [id, text, text, json, int, time, time];
    /// A page, newest first.
    LIST = both(concat!(
        "select ", columns!(), " from apps where workspace_id = $1 order by id desc limit $2 offset $3"
    )) -> [id, text, text, json, int, time, time];
    /// How many.
    COUNT = both("select count(*) from apps where workspace_id = $1") -> [int];
    /// Every app of every workspace.
    EVERYWHERE = both("select id, workspace_id from apps order by id, workspace_id") -> [id, id];
    /// In whose workspaces an app is.
    WHERE = both("select workspace_id from apps where id = $1 order by workspace_id limit 2") -> [id];
    /// What can be changed, when the revision is still the one before.
    UPDATE = both(
        "update apps set name = $3, platform = $4, settings = $5, revision = $6, updated_at = $7
         where workspace_id = $1 and id = $2 and revision = $6 - 1"
    );
    /// Gone.
    DELETE = both("delete from apps where workspace_id = $1 and id = $2");
}

/// Adds an app.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, app: &App) -> Result<(), Fault> {
    let App { id, name, platform, settings, revision, created_at, updated_at } = app;
    let values = params![workspace, *id, name, platform, settings, *revision, *created_at, *updated_at];
    tx.execute(&INSERT, values).map(drop)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AppId) -> Result<Option<App>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) apps, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, limit: usize, offset: i64) -> Result<(Vec<App>, i64), Fault> {
    let rows = tx.rows(&LIST, params![workspace, limit.min(PAGE_MAX), offset], map)?;
    Ok((rows, count(tx, workspace)?))
}

/// Every app of a workspace, newest first; [`APPS_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of_workspace(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<App>, Fault> {
    tx.rows(&LIST, params![workspace, APPS_MAX, 0_i64], map)
}

/// How many a workspace has.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace], |row| row.int(0))?.unwrap_or(0))
}

/// Every app of this server and whose it is: a device is told whether an app is foreign or missing (Placements contract, section 1.2).
///
/// # Errors
/// Of the database.
pub fn everywhere(tx: &mut Tx<'_>) -> Result<Vec<(AppId, WorkspaceId)>, Fault> {
    tx.rows(&EVERYWHERE, params![], |row| Ok((AppId(row.id(0)?), WorkspaceId(row.id(1)?))))
}

/// Whether any workspace has the app.
///
/// # Errors
/// Of the database.
pub fn is_anywhere(tx: &mut Tx<'_>, id: AppId) -> Result<bool, Fault> {
    Ok(!tx.rows(&WHERE, params![id], |row| row.id(0))?.is_empty())
}

/// Writes what can be changed over the revision that was read, and counts it; false when it is not there any more.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, workspace: WorkspaceId, app: &App) -> Result<bool, Fault> {
    let App { id, name, platform, settings, revision, updated_at, .. } = app;
    let values = params![workspace, *id, name, platform, settings, *revision + 1, *updated_at];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Takes the app's own row away; false when it was gone. What belongs to it is taken away by the files of those tables.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AppId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id])? == 1)
}

fn map(row: &Row<'_>) -> Result<App, Fault> {
    Ok(App {
        id: AppId(row.id(0)?),
        name: row.string(1)?,
        platform: row.string(2)?,
        settings: row.string(3)?,
        revision: row.int(4)?,
        created_at: row.time(5)?,
        updated_at: row.time(6)?,
    })
}
