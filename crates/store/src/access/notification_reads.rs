//! Table `notification_reads`: up to when a member has read what it was told in a workspace.

use floe_model::{
    Fault, Timestamp,
    id::{MemberId, WorkspaceId},
};

use crate::{Tx, params, statements};

statements! {
    /// A later time, never an earlier one.
    SET = both(
        "insert into notification_reads (workspace_id, member_id, read_at) values ($1, $2, $3)
         on conflict (workspace_id, member_id) do update set read_at = excluded.read_at
             where excluded.read_at > notification_reads.read_at"
    );
    /// Of one member.
    FIND = both("select read_at from notification_reads where workspace_id = $1 and member_id = $2") -> [time];
    /// Gone with the workspace.
    DELETE_ALL = both("delete from notification_reads where workspace_id = $1");
}

/// A member has read everything up to `at`; an earlier time changes nothing.
///
/// # Errors
/// Of the database.
pub fn set(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId, at: Timestamp) -> Result<(), Fault> {
    tx.execute(&SET, params![workspace, member, at]).map(drop)
}

/// Up to when a member has read; none when it never did.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId) -> Result<Option<Timestamp>, Fault> {
    tx.row(&FIND, params![workspace, member], |row| row.time(0))
}

/// Forgets what the members of a workspace have read.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<u64, Fault> {
    tx.execute(&DELETE_ALL, params![workspace])
}
