//! Table `screen_flows`: what an app can show, in versions (Placements contract, section 12).

use floe_model::{
    Fault, Timestamp,
    id::{AppId, ScreenFlowId, ScreenVersionId, WorkspaceId},
};

use crate::{Row, Tx, like, params, statements};

/// Screen flows of an app at most.
pub const FLOWS_MAX: usize = 10_000;
/// Screen flows of one page at most.
pub const PAGE_MAX: usize = 200;

/// A screen flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenFlow {
    /// The app that it is for.
    pub app: AppId,
    /// Its id.
    pub id: ScreenFlowId,
    /// Shown name.
    pub name: String,
    /// `onboarding`, `paywall`, `survey` or `tutorial`.
    pub kind: String,
    /// Number of the version that was published last; 0 when none was.
    pub newest_number: i64,
    /// That version.
    pub newest_version: Option<ScreenVersionId>,
    /// Counts changes of this row.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// Which screen flows of an app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those with a published version, or those without.
    pub published: Option<bool>,
    /// Of one kind.
    pub kind: Option<String>,
    /// With this text in the name, without regard to case.
    pub search: Option<String>,
}

macro_rules! columns {
    () => {
        "app_id, id, name, kind, newest_number, newest_version_id, revision, created_at, updated_at"
    };
}

/// `$3` and `$4` bound the number of the newest version; `$5` is a kind or empty; `$6` is a pattern.
macro_rules! matching {
    () => {
        " from screen_flows where workspace_id = $1 and app_id = $2
             and newest_number >= $3 and newest_number <= $4 and ($5 = '' or kind = $5) and folded like $6 escape '!'"
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into screen_flows (workspace_id, app_id, id, name, folded, kind, newest_number, newest_version_id, revision,
             created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    /// By id.
    FIND = both(concat!("select ", columns!(), " from screen_flows where workspace_id = $1 and app_id = $2 and id = $3"))
        -> [id, id, text, text, int, opt id, int, time, time];
    /// A page, newest first.
    LIST = both(concat!("select ", columns!(), matching!(), " order by id desc limit $7 offset $8"))
        -> [id, id, text, text, int, opt id, int, time, time];
    /// How many.
    COUNT = both(concat!("select count(*)", matching!())) -> [int];
    /// Every one of a workspace.
    OF_WORKSPACE = both(concat!("select ", columns!(), " from screen_flows where workspace_id = $1 order by app_id, id"))
        -> [id, id, text, text, int, opt id, int, time, time];
    /// What can be changed, when the revision is still the one before.
    UPDATE = both(
        "update screen_flows set name = $4, folded = $5, kind = $6, newest_number = $7, newest_version_id = $8, revision = $9,
             updated_at = $10
         where workspace_id = $1 and app_id = $2 and id = $3 and revision = $9 - 1"
    );
    /// Gone.
    DELETE = both("delete from screen_flows where workspace_id = $1 and app_id = $2 and id = $3");
    /// Gone with the app.
    DELETE_ALL = both("delete from screen_flows where workspace_id = $1 and app_id = $2");
}

/// Adds a screen flow.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: &ScreenFlow) -> Result<(), Fault> {
    let folded = flow.name.to_lowercase();
    let values = params![
        workspace,
        flow.app,
        flow.id,
        &flow.name,
        &folded,
        &flow.kind,
        flow.newest_number,
        flow.newest_version,
        flow.revision,
        flow.created_at,
        flow.updated_at
    ];
    tx.execute(&INSERT, values).map(drop)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    id: ScreenFlowId,
) -> Result<Option<ScreenFlow>, Fault> {
    tx.row(&FIND, params![workspace, app, id], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) matching screen flows of an app, newest first, and how many match.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    filter: &Filter,
    limit: usize,
    offset: i64,
) -> Result<(Vec<ScreenFlow>, i64), Fault> {
    let (least, most) = match filter.published {
        None => (0, i64::MAX),
        Some(true) => (1, i64::MAX),
        Some(false) => (0, 0),
    };
    let kind = filter.kind.as_deref().unwrap_or_default();
    let pattern = like::contains(filter.search.as_deref().unwrap_or_default());
    let rows =
        tx.rows(&LIST, params![workspace, app, least, most, kind, &pattern, limit.min(PAGE_MAX), offset], map)?;
    let total = tx.row(&COUNT, params![workspace, app, least, most, kind, &pattern], |row| row.int(0))?;
    Ok((rows, total.unwrap_or(0)))
}

/// Every screen flow of an app, newest first; [`FLOWS_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of_app(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<Vec<ScreenFlow>, Fault> {
    tx.rows(&LIST, params![workspace, app, 0_i64, i64::MAX, "", "%", FLOWS_MAX, 0_i64], map)
}

/// Every screen flow of a workspace, app by app.
///
/// # Errors
/// Of the database.
pub fn of_workspace(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<ScreenFlow>, Fault> {
    tx.rows(&OF_WORKSPACE, params![workspace], map)
}

/// How many an app has.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, app, 0_i64, i64::MAX, "", "%"], |row| row.int(0))?.unwrap_or(0))
}

/// Writes what can be changed over the revision that was read, and counts it; false when it is not there any more.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: &ScreenFlow) -> Result<bool, Fault> {
    let folded = flow.name.to_lowercase();
    let values = params![
        workspace,
        flow.app,
        flow.id,
        &flow.name,
        &folded,
        &flow.kind,
        flow.newest_number,
        flow.newest_version,
        flow.revision + 1,
        flow.updated_at
    ];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Takes the row away; false when it was gone. Draft and versions are taken away by the files of their tables.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: ScreenFlowId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, app, id])? == 1)
}

/// Takes every screen flow of an app away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace, app]).map(drop)
}

fn map(row: &Row<'_>) -> Result<ScreenFlow, Fault> {
    Ok(ScreenFlow {
        app: AppId(row.id(0)?),
        id: ScreenFlowId(row.id(1)?),
        name: row.string(2)?,
        kind: row.string(3)?,
        newest_number: row.int(4)?,
        newest_version: row.opt_id(5)?.map(ScreenVersionId),
        revision: row.int(6)?,
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
    })
}
