//! Table `placement_history`: what was changed about placements (Placements contract, section 12).

use floe_model::{
    Fault, Timestamp,
    id::{AppId, PlacementEntryId, PlacementId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Entries of one page at most.
pub const PAGE_MAX: usize = 200;

/// One change of a placement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The app of the placement.
    pub app: AppId,
    /// The placement.
    pub placement: PlacementId,
    /// Its id, which grows with time.
    pub id: PlacementEntryId,
    /// What was done, e.g. `created`, `changed`, `attached`.
    pub action: String,
    /// `member`, `token`, `key` or `system`.
    pub actor_type: String,
    /// Who, by name.
    pub actor_name: String,
    /// JSON object with the facts.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into placement_history (workspace_id, app_id, placement_id, id, action, actor_type, actor_name, detail, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    /// A page, newest first.
    LIST = both(
        "select app_id, placement_id, id, action, actor_type, actor_name, detail, at from placement_history
         where workspace_id = $1 and app_id = $2 and placement_id = $3 order by id desc limit $4 offset $5"
    ) -> [id, id, id, text, text, text, json, time];
    /// How many.
    COUNT = both(
        "select count(*) from placement_history where workspace_id = $1 and app_id = $2 and placement_id = $3"
    ) -> [int];
    /// Gone with the placement.
    DELETE = both("delete from placement_history where workspace_id = $1 and app_id = $2 and placement_id = $3");
    /// Gone with the app.
    DELETE_ALL = both("delete from placement_history where workspace_id = $1 and app_id = $2");
}

/// Adds an entry.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, entry: &Entry) -> Result<(), Fault> {
    let Entry { app, placement, id, action, actor_type, actor_name, detail, at } = entry;
    let values = params![workspace, *app, *placement, *id, action, actor_type, actor_name, detail, *at];
    tx.execute(&INSERT, values).map(drop)
}

/// Up to `limit` ([`PAGE_MAX`] at most) entries of a placement, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    placement: PlacementId,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Entry>, i64), Fault> {
    let rows = tx.rows(&LIST, params![workspace, app, placement, limit.min(PAGE_MAX), offset], map)?;
    let total = tx.row(&COUNT, params![workspace, app, placement], |row| row.int(0))?;
    Ok((rows, total.unwrap_or(0)))
}

/// Takes the entries of a placement away.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, placement: PlacementId) -> Result<(), Fault> {
    tx.execute(&DELETE, params![workspace, app, placement]).map(drop)
}

/// Takes the entries of an app away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace, app]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Entry, Fault> {
    Ok(Entry {
        app: AppId(row.id(0)?),
        placement: PlacementId(row.id(1)?),
        id: PlacementEntryId(row.id(2)?),
        action: row.string(3)?,
        actor_type: row.string(4)?,
        actor_name: row.string(5)?,
        detail: row.string(6)?,
        at: row.time(7)?,
    })
}
