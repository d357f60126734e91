//! Table `audit_heads`: signed ends of audit chains (console contract, section 5.6). A copy kept elsewhere shows a chain that was
//! cut or written anew.

use floe_model::{Fault, Timestamp, id::WorkspaceId};

use super::audit_chain::{End, PAGE_MAX};
use crate::{Row, Tx, params, statements};

/// A signed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose chain.
    pub workspace: WorkspaceId,
    /// Number of the last entry.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// When it was signed.
    pub at: Timestamp,
    /// Ed25519 key of the server, 32 bytes.
    pub public_key: Vec<u8>,
    /// Its signature, 64 bytes.
    pub signature: Vec<u8>,
}

statements! {
    /// Chains with news since their last head, where that is long enough ago.
    HEADLESS = both(
        "select workspace_id, seq, hash, head_seq from audit_chains where seq > head_seq and head_at <= $1 order by head_at limit $2"
    ) -> [id, int, bytes, int];
    /// Notes that a chain has a newer head.
    NOTE_HEAD = both("update audit_chains set head_seq = $2, head_at = $3 where workspace_id = $1 and head_seq < $2");
    /// A head.
    KEEP_HEAD = both(
        "insert into audit_heads (workspace_id, seq, hash, at, public_key, signature) values ($1, $2, $3, $4, $5, $6) on conflict do nothing"
    );
    /// Heads, newest first.
    HEADS = both(
        "select workspace_id, seq, hash, at, public_key, signature from audit_heads where workspace_id = $1 and seq < $2
         order by seq desc limit $3"
    ) -> [id, int, bytes, time, bytes, bytes];
    /// Heads from a number on, oldest first.
    HEADS_FROM = both(
        "select workspace_id, seq, hash, at, public_key, signature from audit_heads where workspace_id = $1 and seq > $2 and seq <= $3
         order by seq limit $4"
    ) -> [id, int, bytes, time, bytes, bytes];
    /// How many heads a chain has.
    HEAD_COUNT = both("select count(*) from audit_heads where workspace_id = $1") -> [int];
}

/// The ends of up to `limit` chains that have news, and whose last head is from `before` or earlier.
///
/// # Errors
/// Of the database.
pub fn headless(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<Vec<(WorkspaceId, End)>, Fault> {
    tx.rows(&HEADLESS, params![before, limit], |row| {
        let end = End { seq: row.int(1)?, hash: row.bytes(2)?.to_vec(), head_seq: row.int(3)? };
        Ok((WorkspaceId(row.id(0)?), end))
    })
}

/// Keeps a head, unless the chain has a newer one; tells whether it did.
///
/// # Errors
/// Of the database.
pub fn keep_head(tx: &mut Tx<'_>, head: &Head) -> Result<bool, Fault> {
    if tx.execute(&NOTE_HEAD, params![head.workspace, head.seq, head.at])? == 0 {
        return Ok(false);
    }
    let Head { workspace, seq, hash, at, public_key, signature } = head;
    tx.execute(&KEEP_HEAD, params![*workspace, *seq, hash, *at, public_key, signature])?;
    Ok(true)
}

/// Up to `limit` ([`PAGE_MAX`] at most) heads, newest first, before a number (`None`: from the newest).
///
/// # Errors
/// Of the database.
pub fn heads(tx: &mut Tx<'_>, workspace: WorkspaceId, before: Option<i64>, limit: usize) -> Result<Vec<Head>, Fault> {
    tx.rows(&HEADS, params![workspace, before.unwrap_or(i64::MAX), limit.min(PAGE_MAX)], head)
}

/// Up to `limit` ([`PAGE_MAX`] at most) heads after number `after`, up to number `last`, oldest first.
///
/// # Errors
/// Of the database.
pub fn heads_from(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    after: i64,
    last: i64,
    limit: usize,
) -> Result<Vec<Head>, Fault> {
    tx.rows(&HEADS_FROM, params![workspace, after, last, limit.min(PAGE_MAX)], head)
}

/// How many heads a chain has.
///
/// # Errors
/// Of the database.
pub fn head_count(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<i64, Fault> {
    Ok(tx.row(&HEAD_COUNT, params![workspace], |row| row.int(0))?.unwrap_or(0))
}

fn head(row: &Row<'_>) -> Result<Head, Fault> {
    Ok(Head {
        workspace: WorkspaceId(row.id(0)?),
        seq: row.int(1)?,
        hash: row.bytes(2)?.to_vec(),
        at: row.time(3)?,
        public_key: row.bytes(4)?.to_vec(),
        signature: row.bytes(5)?.to_vec(),
    })
}
