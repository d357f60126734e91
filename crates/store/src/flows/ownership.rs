//! Table `flows`, as far as it follows who belongs to a workspace.

use floe_model::{
    Fault,
    id::{FlowId, MemberId, WorkspaceId},
};

use crate::{Tx, params, statements};

statements! {
    /// What a member owned goes to another.
    HAND_OVER = both(
        "update flows set owner_id = $3 where workspace_id = $1 and owner_id = $2 and deleted_at is null"
    );
    /// Some that are there.
    FIRST = both("select id from flows where workspace_id = $1 and deleted_at is null order by id limit $2") -> [id];
}

/// Gives the flows of one member to another; returns how many. Their revision stays: nobody's draft is stale by it.
///
/// # Errors
/// Of the database.
pub fn hand_over(tx: &mut Tx<'_>, workspace: WorkspaceId, from: MemberId, to: MemberId) -> Result<u64, Fault> {
    tx.execute(&HAND_OVER, params![workspace, from, to])
}

/// Flows of a workspace that are not deleted, the oldest first, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn first(tx: &mut Tx<'_>, workspace: WorkspaceId, limit: usize) -> Result<Vec<FlowId>, Fault> {
    tx.rows(&FIRST, params![workspace, limit], |row| row.id(0).map(FlowId))
}
