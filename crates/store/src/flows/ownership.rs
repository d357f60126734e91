//! Table `flows`, as far as it follows who belongs to a workspace.

use floe_model::{
    Fault, Timestamp,
    id::{MemberId, WorkspaceId},
};

use crate::{Tx, params, statements};

statements! {
    /// What a member owned goes to another.
    HAND_OVER = both(
        "update flows set owner_id = $3 where workspace_id = $1 and owner_id = $2 and deleted_at is null"
    );
    /// All of a workspace gone.
    DELETE_ALL = both("update flows set deleted_at = $2 where workspace_id = $1 and deleted_at is null");
}

/// Gives the flows of one member to another; returns how many. Their revision stays: nobody's draft is stale by it.
///
/// # Errors
/// Of the database.
pub fn hand_over(tx: &mut Tx<'_>, workspace: WorkspaceId, from: MemberId, to: MemberId) -> Result<u64, Fault> {
    tx.execute(&HAND_OVER, params![workspace, from, to])
}

/// Marks every flow of a workspace as deleted; returns how many were not.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, now: Timestamp) -> Result<u64, Fault> {
    tx.execute(&DELETE_ALL, params![workspace, now])
}
