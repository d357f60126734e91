//! Table `replies`: the first answer to a request with an idempotency key, kept for repeats.

use floe_model::{
    Fault, Timestamp,
    id::{NodeId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Longest name of a caller in bytes; a longer one is a mistake of the surface.
pub const CALLER_MAX: usize = 80;

/// Which request this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyKey {
    /// Whose request.
    pub workspace: WorkspaceId,
    /// Who asks, e.g. `key:<id>`; up to [`CALLER_MAX`] bytes.
    pub caller: String,
    /// Method and route, e.g. `POST /v1/flows/{id}/runs`, with the ids of this request.
    pub route: String,
    /// The caller's own key.
    pub idempotency_key: String,
}

/// What a first request leaves behind when it begins.
#[derive(Debug, Clone)]
pub struct NewReply {
    /// Which request this is.
    pub key: ReplyKey,
    /// Digest of its body.
    pub body_hash: Vec<u8>,
    /// The run whose end will be the answer, when the answer comes later.
    pub subject_id: Option<u128>,
    /// The node that works on it, where several share the database.
    pub node: Option<NodeId>,
    /// Now.
    pub created_at: Timestamp,
    /// When the answer may be forgotten.
    pub expires_at: Timestamp,
}

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON object of the headers that are part of the answer.
    pub headers: String,
    /// Body.
    pub body: String,
}

/// What to do with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// It is the first one: do it.
    New,
    /// It was answered: give this answer again.
    Replay(Reply),
    /// The same key came with another body.
    Mismatch,
    /// The first one is not answered yet.
    Running {
        /// The run whose end will be the answer.
        subject_id: Option<u128>,
        /// Whether another node works on it, which is alive.
        elsewhere: bool,
    },
}

statements! {
    /// The first request with a key.
    BEGIN = both(
        "insert into replies (workspace_id, caller, route, idempotency_key, body_hash, state, subject_id, created_at, expires_at,
             node_id)
         values ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $9) on conflict do nothing"
    );
    /// A key whose answer may be forgotten is used anew.
    BEGIN_AGAIN = both(
        "update replies set body_hash = $5, state = 'running', subject_id = $6, status = null, headers = null, body = null,
             created_at = $7, expires_at = $8, node_id = $9
         where workspace_id = $1 and caller = $2 and route = $3 and idempotency_key = $4 and expires_at <= $7"
    );
    /// What is known about a key.
    FIND = both(
        "select body_hash, state, subject_id, status, headers, body, (select nodes.id from nodes where nodes.id = replies.node_id),
             expires_at
         from replies where workspace_id = $1 and caller = $2 and route = $3 and idempotency_key = $4"
    ) -> [bytes, text, opt id, opt int, opt json, opt text, opt id, time];
    /// The answer.
    COMPLETE = both(
        "update replies set state = 'done', status = $5, headers = $6, body = $7
         where workspace_id = $1 and caller = $2 and route = $3 and idempotency_key = $4 and state = 'running'"
    );
    /// The request came to nothing that should be repeated.
    RELEASE = both(
        "delete from replies
         where workspace_id = $1 and caller = $2 and route = $3 and idempotency_key = $4 and state = 'running'"
    );
    /// Answers that may be forgotten.
    PURGE = split {
        sqlite: "delete from replies where (workspace_id, caller, route, idempotency_key) in (
             select workspace_id, caller, route, idempotency_key from replies where expires_at <= $1 order by expires_at limit $2)",
        postgres: "delete from replies where ctid in (
             select ctid from replies where expires_at <= $1 order by expires_at limit $2)",
    };
}

/// Says what to do with a request, and remembers it when it is the first one. Of several at once exactly one is [`Begin::New`].
///
/// A request that is done within this transaction calls [`complete`] in it too; others never see it running.
///
/// # Errors
/// Of the database.
pub fn begin(tx: &mut Tx<'_>, new: &NewReply) -> Result<Begin, Fault> {
    let key = &new.key;
    debug_assert!(key.caller.len() <= CALLER_MAX, "the caller's name is longer than the surface may make it");
    let values = params![
        key.workspace,
        &key.caller,
        &key.route,
        &key.idempotency_key,
        &new.body_hash,
        new.subject_id,
        new.created_at,
        new.expires_at,
        new.node
    ];
    if tx.execute(&BEGIN, values)? == 1 || tx.execute(&BEGIN_AGAIN, values)? == 1 {
        return Ok(Begin::New);
    }
    let found =
        tx.row(&FIND, params![key.workspace, &key.caller, &key.route, &key.idempotency_key], |row| known(row, new))?;
    // Purged between the two statements: the caller comes again.
    Ok(found.unwrap_or(Begin::Running { subject_id: None, elsewhere: true }))
}

/// What is known about a request before it begins; none when it is the first one, or what was known may be forgotten.
///
/// # Errors
/// Of the database.
pub fn look(tx: &mut Tx<'_>, new: &NewReply) -> Result<Option<Begin>, Fault> {
    let key = &new.key;
    let values = params![key.workspace, &key.caller, &key.route, &key.idempotency_key];
    let found = tx.row(&FIND, values, |row| Ok((row.time(7)?, known(row, new)?)))?;
    Ok(found.filter(|(expires_at, _)| *expires_at > new.created_at).map(|(_, known)| known))
}

/// Stores the answer; false when the request is not running (answered, released or forgotten).
///
/// # Errors
/// Of the database.
pub fn complete(tx: &mut Tx<'_>, key: &ReplyKey, reply: &Reply) -> Result<bool, Fault> {
    let values = params![
        key.workspace,
        &key.caller,
        &key.route,
        &key.idempotency_key,
        reply.status,
        &reply.headers,
        &reply.body
    ];
    Ok(tx.execute(&COMPLETE, values)? == 1)
}

/// Forgets a running request, so that a repeat is done anew; false when it is not running.
///
/// # Errors
/// Of the database.
pub fn release(tx: &mut Tx<'_>, key: &ReplyKey) -> Result<bool, Fault> {
    Ok(tx.execute(&RELEASE, params![key.workspace, &key.caller, &key.route, &key.idempotency_key])? == 1)
}

/// Removes up to `limit` answers whose time is over; returns how many.
///
/// # Errors
/// Of the database.
pub fn purge_expired(tx: &mut Tx<'_>, now: Timestamp, limit: usize) -> Result<u64, Fault> {
    tx.execute(&PURGE, params![now, limit])
}

fn known(row: &Row<'_>, new: &NewReply) -> Result<Begin, Fault> {
    if row.bytes(0)? != new.body_hash {
        return Ok(Begin::Mismatch);
    }
    match row.text(1)? {
        "running" => {
            let node = row.opt_id(6)?.map(NodeId);
            Ok(Begin::Running { subject_id: row.opt_id(2)?, elsewhere: node.is_some() && node != new.node })
        }
        "done" => Ok(Begin::Replay(Reply {
            status: u16::try_from(row.int(3)?).map_err(|_| row.mismatch(3, "a status"))?,
            headers: row.string(4)?,
            body: row.string(5)?,
        })),
        _ => Err(row.mismatch(1, "a state")),
    }
}
