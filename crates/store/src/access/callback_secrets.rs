//! Table `callback_secrets`: what signs the callbacks of agents, sealed.

use floe_model::{Fault, Timestamp, id::WorkspaceId};

use crate::{Tx, params, statements};

/// Secrets of a workspace that may sign along at a time.
pub const SECRETS_MAX: usize = 10;

statements! {
    /// A new one.
    INSERT = both(
        "insert into callback_secrets (workspace_id, id, sealed, created_at, ends_at) values ($1, $2, $3, $4, null)"
    );
    /// The others end, unless they end sooner.
    END_OTHERS = both(
        "update callback_secrets set ends_at = $3 where workspace_id = $1 and id <> $2 and (ends_at is null or ends_at > $3)"
    );
    /// Over.
    PURGE = both("delete from callback_secrets where workspace_id = $1 and ends_at <= $2");
    /// Those that sign, newest first.
    OPEN = both(
        "select id, sealed from callback_secrets where workspace_id = $1 and (ends_at is null or ends_at > $2)
         order by id desc limit $3"
    ) -> [id, bytes];
}

/// Adds a sealed secret; the others of the workspace sign along until `others_end_at`.
///
/// # Errors
/// Of the database.
pub fn rotate(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: u128,
    sealed: &[u8],
    now: Timestamp,
    others_end_at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(&INSERT, params![workspace, id, sealed, now])?;
    tx.execute(&END_OTHERS, params![workspace, id, others_end_at])?;
    tx.execute(&PURGE, params![workspace, now]).map(drop)
}

/// The secrets that sign now, newest first, at most [`SECRETS_MAX`]: id and sealed bytes.
///
/// # Errors
/// Of the database.
pub fn open(tx: &mut Tx<'_>, workspace: WorkspaceId, now: Timestamp) -> Result<Vec<(u128, Vec<u8>)>, Fault> {
    tx.rows(&OPEN, params![workspace, now, SECRETS_MAX], |row| Ok((row.id(0)?, row.bytes(1)?.to_vec())))
}
