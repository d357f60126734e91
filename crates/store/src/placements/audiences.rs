//! Table `audiences`: saved filters of an app (Placements contract, sections 8 and 12).

use floe_model::{
    Fault, Timestamp,
    id::{AppId, AudienceId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Audiences of an app at most.
pub const AUDIENCES_MAX: usize = 1_000;
/// Audiences of one page at most.
pub const PAGE_MAX: usize = 200;

/// A saved audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// The app that it is for.
    pub app: AppId,
    /// Its id.
    pub id: AudienceId,
    /// Shown name.
    pub name: String,
    /// JSON: the filter as it was saved.
    pub filter: String,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

macro_rules! columns {
    () => {
        "app_id, id, name, filter, revision, created_at, updated_at"
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into audiences (workspace_id, app_id, id, name, filter, revision, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)"
    );
    /// By id.
    FIND = both(concat!("select ", columns!(), " from audiences where workspace_id = $1 and app_id = $2 and id = $3"))
        -> [id, id, text, json, int, time, time];
    /// A page, newest first.
    LIST = both(concat!(
        "select ", columns!(), " from audiences where workspace_id = $1 and app_id = $2 order by id desc limit $3 offset $4"
    )) -> [id, id, text, json, int, time, time];
    /// How many.
    COUNT = both("select count(*) from audiences where workspace_id = $1 and app_id = $2") -> [int];
    /// Every one of a workspace.
    OF_WORKSPACE = both(concat!("select ", columns!(), " from audiences where workspace_id = $1 order by app_id, id"))
        -> [id, id, text, json, int, time, time];
    /// What can be changed, when the revision is still the one before.
    UPDATE = both(
        "update audiences set name = $4, filter = $5, revision = $6, updated_at = $7
         where workspace_id = $1 and app_id = $2 and id = $3 and revision = $6 - 1"
    );
    /// Gone.
    DELETE = both("delete from audiences where workspace_id = $1 and app_id = $2 and id = $3");
    /// Gone with the app.
    DELETE_ALL = both("delete from audiences where workspace_id = $1 and app_id = $2");
}

/// Adds an audience.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, one: &Audience) -> Result<(), Fault> {
    let Audience { app, id, name, filter, revision, created_at, updated_at } = one;
    let values = params![workspace, *app, *id, name, filter, *revision, *created_at, *updated_at];
    tx.execute(&INSERT, values).map(drop)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: AudienceId) -> Result<Option<Audience>, Fault> {
    tx.row(&FIND, params![workspace, app, id], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) audiences of an app, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Audience>, i64), Fault> {
    let rows = tx.rows(&LIST, params![workspace, app, limit.min(PAGE_MAX), offset], map)?;
    Ok((rows, count(tx, workspace, app)?))
}

/// Every audience of an app, newest first; [`AUDIENCES_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of_app(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<Vec<Audience>, Fault> {
    tx.rows(&LIST, params![workspace, app, AUDIENCES_MAX, 0_i64], map)
}

/// Every audience of a workspace, app by app.
///
/// # Errors
/// Of the database.
pub fn of_workspace(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Audience>, Fault> {
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
pub fn update(tx: &mut Tx<'_>, workspace: WorkspaceId, one: &Audience) -> Result<bool, Fault> {
    let Audience { app, id, name, filter, revision, updated_at, .. } = one;
    let values = params![workspace, *app, *id, name, filter, *revision + 1, *updated_at];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Takes one away; false when it was gone.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: AudienceId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, app, id])? == 1)
}

/// Takes every audience of an app away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace, app]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Audience, Fault> {
    Ok(Audience {
        app: AppId(row.id(0)?),
        id: AudienceId(row.id(1)?),
        name: row.string(2)?,
        filter: row.string(3)?,
        revision: row.int(4)?,
        created_at: row.time(5)?,
        updated_at: row.time(6)?,
    })
}
