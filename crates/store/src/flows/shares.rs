//! Table `shares`: the public link of a flow.

use floe_model::{
    Fault, Timestamp,
    id::{FlowId, ShareId, WorkspaceId},
};

use super::documents::Hash;
use crate::{Row, Tx, params, statements};

/// The public link of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareRow {
    /// Whose.
    pub workspace: WorkspaceId,
    /// The flow.
    pub flow: FlowId,
    /// Its id; another one after each replacement.
    pub id: ShareId,
    /// Keyed hash of its text.
    pub hash: Hash,
    /// What its text is made from.
    pub nonce: [u8; 32],
    /// JSON: `{_id, name, email}` or null.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
}

statements! {
    /// The link of a flow, in place of the one before.
    PUT = both(
        "insert into shares (workspace_id, flow_id, id, hash, nonce, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (workspace_id, flow_id) do update set id = excluded.id, hash = excluded.hash, nonce = excluded.nonce,
             created_by = excluded.created_by, created_at = excluded.created_at"
    );
    /// The link of a flow.
    FIND = both(
        "select workspace_id, flow_id, id, hash, nonce, created_by, created_at from shares
         where workspace_id = $1 and flow_id = $2"
    ) -> [id, id, id, bytes, bytes, json, time];
    /// The link of a text, before its workspace is known.
    FIND_BY_HASH = both(
        "select workspace_id, flow_id, id, hash, nonce, created_by, created_at from shares where hash = $1"
    ) -> [id, id, id, bytes, bytes, json, time];
    /// Ends a link.
    DELETE = both("delete from shares where workspace_id = $1 and flow_id = $2");
}

/// Makes the link of a flow, or replaces it.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, share: &ShareRow) -> Result<(), Fault> {
    tx.execute(
        &PUT,
        params![share.workspace, share.flow, share.id, &share.hash, &share.nonce, &share.created_by, share.created_at],
    )?;
    Ok(())
}

/// The link of a flow.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId) -> Result<Option<ShareRow>, Fault> {
    tx.row(&FIND, params![workspace, flow], share)
}

/// The link whose text has this keyed hash; its workspace is in the row.
///
/// # Errors
/// Of the database.
pub fn find_by_hash(tx: &mut Tx<'_>, hash: &Hash) -> Result<Option<ShareRow>, Fault> {
    tx.row(&FIND_BY_HASH, params![hash], share)
}

/// Ends the link of a flow; false when it has none.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, flow])? == 1)
}

fn share(row: &Row<'_>) -> Result<ShareRow, Fault> {
    let bytes = |index: usize| row.bytes(index)?.try_into().map_err(|_| row.mismatch(index, "32 bytes"));
    Ok(ShareRow {
        workspace: WorkspaceId(row.id(0)?),
        flow: FlowId(row.id(1)?),
        id: ShareId(row.id(2)?),
        hash: bytes(3)?,
        nonce: bytes(4)?,
        created_by: row.string(5)?,
        created_at: row.time(6)?,
    })
}
