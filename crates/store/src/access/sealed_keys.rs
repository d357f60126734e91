//! Table `sealed_keys`: the data keys of a workspace, wrapped under the server secret.

use floe_model::{Fault, Timestamp, id::WorkspaceId};

use crate::{Row, Tx, params, statements};

/// A wrapped data key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// Whose values it seals.
    pub workspace: WorkspaceId,
    /// Its id, which every value sealed with it carries.
    pub id: u128,
    /// Which key wrapped it.
    pub root: [u8; 16],
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

statements! {
    /// A new one.
    INSERT = both("insert into sealed_keys (workspace_id, id, root, wrapped, created_at) values ($1, $2, $3, $4, $5)");
    /// One of a workspace.
    FIND = both(
        "select workspace_id, id, root, wrapped, created_at from sealed_keys where workspace_id = $1 and id = $2"
    ) -> [id, id, bytes, bytes, time];
    /// The one that seals now.
    NEWEST = both(
        "select workspace_id, id, root, wrapped, created_at from sealed_keys where workspace_id = $1 order by id desc limit 1"
    ) -> [id, id, bytes, bytes, time];
    /// Any one, of any workspace.
    ANY = both("select workspace_id, id, root, wrapped, created_at from sealed_keys order by workspace_id, id limit 1")
        -> [id, id, bytes, bytes, time];
}

/// Adds a key.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, key: &SealedKey) -> Result<(), Fault> {
    let SealedKey { workspace, id, root, wrapped, created_at } = key;
    tx.execute(&INSERT, params![*workspace, *id, root, wrapped, *created_at]).map(drop)
}

/// One of a workspace.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: u128) -> Result<Option<SealedKey>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// The one that seals new values of a workspace.
///
/// # Errors
/// Of the database.
pub fn newest(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Option<SealedKey>, Fault> {
    tx.row(&NEWEST, params![workspace], map)
}

/// Any key of this database, to try the server secret on.
///
/// # Errors
/// Of the database.
pub fn any(tx: &mut Tx<'_>) -> Result<Option<SealedKey>, Fault> {
    tx.row(&ANY, &[], map)
}

fn map(row: &Row<'_>) -> Result<SealedKey, Fault> {
    Ok(SealedKey {
        workspace: WorkspaceId(row.id(0)?),
        id: row.id(1)?,
        root: row.bytes(2)?.try_into().map_err(|_| row.mismatch(2, "the id of a key"))?,
        wrapped: row.bytes(3)?.to_vec(),
        created_at: row.time(4)?,
    })
}
