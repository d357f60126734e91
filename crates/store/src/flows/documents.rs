//! Table `documents`: definitions by the digest of their text, written once and never changed.

use floe_model::{Fault, id::WorkspaceId};
use sha2::{Digest, Sha256};

use crate::{Tx, params, statements};

/// SHA-256 of a text.
pub type Hash = [u8; 32];

statements! {
    /// A text, unless it is there.
    PUT = both("insert into documents (workspace_id, hash, body) values ($1, $2, $3) on conflict do nothing");
    /// A text.
    FIND = both("select body from documents where workspace_id = $1 and hash = $2") -> [text];
}

/// Keeps a text and returns its digest.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, workspace: WorkspaceId, body: &str) -> Result<Hash, Fault> {
    let hash: Hash = Sha256::digest(body.as_bytes()).into();
    tx.execute(&PUT, params![workspace, &hash, body])?;
    Ok(hash)
}

/// The text of a digest.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, hash: &Hash) -> Result<Option<String>, Fault> {
    tx.row(&FIND, params![workspace, hash], |row| row.string(0))
}
