//! Table `placement_revisions`: counts the changes of a workspace's configuration of placements, so that whoever holds a copy of it
//! knows when the copy is old.

use floe_model::{Fault, id::WorkspaceId};

use crate::{Change, Tx, params, statements};

/// The kind of [`Change::Record`] that every change of configuration announces.
pub const RECORD: &str = "placements";

statements! {
    /// One more.
    BUMP = both(
        "insert into placement_revisions (workspace_id, revision) values ($1, 1)
         on conflict (workspace_id) do update set revision = placement_revisions.revision + 1
         returning revision"
    ) -> [int];
    /// Of one workspace.
    FIND = both("select revision from placement_revisions where workspace_id = $1") -> [int];
    /// Of every workspace.
    ALL = both("select workspace_id, revision from placement_revisions order by workspace_id") -> [id, int];
}

/// Counts a change of configuration and announces it. It holds the workspace's row until the end of the transaction: whoever calls it
/// first is alone with the configuration of the workspace, on both databases.
///
/// # Errors
/// Of the database.
pub fn bump(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<i64, Fault> {
    let revision = tx.row(&BUMP, params![workspace], |row| row.int(0))?;
    tx.announce(Change::Record { workspace, kind: RECORD, id: workspace.0 });
    revision.ok_or_else(|| Fault::internal("a revision was not counted"))
}

/// The changes of a workspace so far.
///
/// # Errors
/// Of the database.
pub fn of(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<i64, Fault> {
    Ok(tx.row(&FIND, params![workspace], |row| row.int(0))?.unwrap_or(0))
}

/// The changes of every workspace that ever configured something.
///
/// # Errors
/// Of the database.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<(WorkspaceId, i64)>, Fault> {
    tx.rows(&ALL, params![], |row| Ok((WorkspaceId(row.id(0)?), row.int(1)?)))
}
