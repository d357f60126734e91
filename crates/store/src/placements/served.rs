//! Table `placement_served`: which versions devices were really given at a placement (Placements contract, section 12). It is written
//! some time after they were.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{AppId, PlacementId, ScreenVersionId, WorkspaceId},
};

use crate::{Row, Tx, Value, params, statements};

/// Versions of one placement that are told at most.
pub const VERSIONS_MAX: usize = 1_000;

/// How often a version was served at a placement, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// The app of the placement.
    pub app: AppId,
    /// The placement.
    pub placement: PlacementId,
    /// The version.
    pub version: ScreenVersionId,
    /// How often.
    pub served: i64,
    /// First.
    pub first_at: Timestamp,
    /// Last.
    pub last_at: Timestamp,
}

statements! {
    /// More of what may be known already.
    ADD = bulk(
        "insert into placement_served (workspace_id, mode, app_id, placement_id, version_id, served, first_at, last_at)",
        [id, text, id, id, id, int, time, time],
        "on conflict (workspace_id, mode, app_id, placement_id, version_id) do update set
             served = placement_served.served + excluded.served,
             first_at = case when excluded.first_at < placement_served.first_at then excluded.first_at else placement_served.first_at end,
             last_at = case when excluded.last_at > placement_served.last_at then excluded.last_at else placement_served.last_at end"
    );
    /// Of one placement.
    LIST = both(
        "select app_id, placement_id, version_id, served, first_at, last_at from placement_served
         where workspace_id = $1 and mode = $2 and app_id = $3 and placement_id = $4 order by version_id desc limit $5"
    ) -> [id, id, id, int, time, time];
    /// Gone with the placement.
    DELETE = both(
        "delete from placement_served
         where workspace_id = $1 and mode in ('live', 'test') and app_id = $2 and placement_id = $3"
    );
    /// Gone with the app.
    DELETE_ALL = both("delete from placement_served where workspace_id = $1 and mode in ('live', 'test') and app_id = $2");
}

/// Adds to what is known. A placement and version may come once in one call; callers sort by both, so that two nodes that write at the
/// same time do not wait for each other in a circle.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, scope: Scope, more: &[Served]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 8]> = more
        .iter()
        .map(|one| {
            [
                scope.workspace.into(),
                scope.mode.into(),
                one.app.into(),
                one.placement.into(),
                one.version.into(),
                one.served.into(),
                one.first_at.into(),
                one.last_at.into(),
            ]
        })
        .collect();
    tx.bulk(&ADD, &rows).map(drop)
}

/// Every version that was served at a placement, the youngest first; [`VERSIONS_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of_placement(tx: &mut Tx<'_>, scope: Scope, app: AppId, placement: PlacementId) -> Result<Vec<Served>, Fault> {
    tx.rows(&LIST, params![scope.workspace, scope.mode, app, placement, VERSIONS_MAX], map)
}

/// Takes the counts of a placement away.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, placement: PlacementId) -> Result<(), Fault> {
    tx.execute(&DELETE, params![workspace, app, placement]).map(drop)
}

/// Takes the counts of an app away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace, app]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Served, Fault> {
    Ok(Served {
        app: AppId(row.id(0)?),
        placement: PlacementId(row.id(1)?),
        version: ScreenVersionId(row.id(2)?),
        served: row.int(3)?,
        first_at: row.time(4)?,
        last_at: row.time(5)?,
    })
}
