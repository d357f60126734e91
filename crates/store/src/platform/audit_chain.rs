//! Table `audit_chains`, and the sealed part of `audit_entries` (console contract, section 5.6).
//!
//! An entry is written with its act and sealed soon after: it gets its place in the chain of its workspace. Whoever seals moves
//! the end of the chain first, on the condition that it is still where it was read; of several sealers exactly one goes on. So
//! the chain grows in the order in which entries became visible, whatever their ids say: a transaction that commits late is
//! sealed later, and holds nobody up. Entries sealed together stand in the order in which their transactions began to write,
//! which is the order of commits for all that did not overlap.

use floe_model::{
    Fault, Timestamp,
    id::{AuditId, RequestId, WorkspaceId},
};

use super::audit::{self, Entry, Filter};
use crate::treasury::audit_view;
use crate::{Row, Tx, like, params, statements};

/// Entries of one page at most.
pub const PAGE_MAX: usize = 1_000;
/// Entries that one request is shown to have caused.
const CAUSED_MAX: usize = 100;
/// How far ids may be ahead of the times in their rows, or behind: clocks are set, and nodes differ.
const ID_SLACK_MS: i64 = 3_600_000;

/// An entry with what binds it to the chain; nothing of it until it is sealed. The hashes are as the database has them: a reader
/// that looks for tampering must not trust their length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The entry.
    pub entry: Entry,
    /// Hash of the entry before it.
    pub prev_hash: Option<Vec<u8>>,
    /// Its own hash.
    pub hash: Option<Vec<u8>>,
}

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Number of the last sealed entry; 0 before the first.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// Number of the entry that the last signed head names.
    pub head_seq: i64,
}

/// The chain place of one entry.
#[derive(Debug, Clone)]
pub struct Seal {
    /// The entry.
    pub id: AuditId,
    /// Its number.
    pub seq: i64,
    /// Hash of the entry before it.
    pub prev_hash: [u8; 32],
    /// Its hash.
    pub hash: [u8; 32],
}

/// Builds a list statement over the same columns; the first condition decides which index serves it.
macro_rules! list {
    ($first:literal) => {
        concat!(
            "select workspace_id, id, seq, mode, product, action, actor_type, actor_id, actor_name,
                 target_type, target_id, target_name, run_id, detail, request_id, ip, at, prev_hash, hash
             from audit_entries
             where workspace_id = $1 and id < $2 and id >= $3 and ",
            $first,
            " and (mode = $4 or $4 is null)
                 and (product = $5 or $5 is null)
                 and (action = $6 or $6 is null)
                 and (actor_id = $7 or $7 is null)
                 and (target_id = $8 or $8 is null)
                 and (run_id = $9 or $9 is null)
                 and (at >= $10 or $10 is null)
                 and (at < $11 or $11 is null)
                 and (lower(action) like $12 escape '!' or lower(actor_name) like $12 escape '!'
                     or lower(coalesce(target_name, '')) like $12 escape '!' or $12 is null)
             order by id desc limit $13"
        )
    };
}

statements! {
    /// Workspaces with entries that are not sealed.
    UNSEALED_WORKSPACES = both("select distinct workspace_id from audit_entries where seq is null order by workspace_id limit $1") -> [id];
    /// Entries of a workspace that are not sealed, in the order in which they will be.
    UNSEALED = split {
        sqlite: "select workspace_id, id, seq, mode, product, action, actor_type, actor_id, actor_name,
                 target_type, target_id, target_name, run_id, detail, request_id, ip, at
             from audit_entries where workspace_id = $1 and seq is null order by id limit $2",
        postgres: "select workspace_id, id, seq, mode, product, action, actor_type, actor_id, actor_name,
                 target_type, target_id, target_name, run_id, detail, request_id, ip, at
             from audit_entries where workspace_id = $1 and seq is null order by commit_group, id limit $2",
    } -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time];
    /// The beginning of a chain.
    START = both(
        "insert into audit_chains (workspace_id, seq, hash, head_seq, head_at) values ($1, 0, $2, 0, 0) on conflict do nothing"
    );
    /// The end of a chain.
    END = both("select seq, hash, head_seq from audit_chains where workspace_id = $1") -> [int, bytes, int];
    /// Moves the end of a chain that is still where it was read.
    ADVANCE = both("update audit_chains set seq = $3, hash = $4 where workspace_id = $1 and seq = $2");
    /// Gives an entry its place.
    SEAL = both(
        "update audit_entries set seq = $3, prev_hash = $4, hash = $5 where workspace_id = $1 and id = $2 and seq is null"
    );
    /// Sealed entries in the order of the chain.
    WALK = both(
        "select workspace_id, id, seq, mode, product, action, actor_type, actor_id, actor_name,
             target_type, target_id, target_name, run_id, detail, request_id, ip, at, prev_hash, hash
         from audit_entries where workspace_id = $1 and seq > $2 and seq <= $3 order by seq limit $4"
    ) -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time, opt bytes, opt bytes];
    /// First and last number within times.
    SPAN = both(
        "select min(seq), max(seq) from audit_entries
         where workspace_id = $1 and id >= $2 and id < $3 and seq is not null and at >= $4 and at < $5"
    ) -> [opt int, opt int];
    /// One entry by its id.
    FIND = both(
        "select workspace_id, id, seq, mode, product, action, actor_type, actor_id, actor_name,
             target_type, target_id, target_name, run_id, detail, request_id, ip, at, prev_hash, hash
         from audit_entries where workspace_id = $1 and id = $2"
    ) -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time, opt bytes, opt bytes];
    /// Entries that one request caused.
    OF_REQUEST = both(
        "select workspace_id, id, seq, mode, product, action, actor_type, actor_id, actor_name,
             target_type, target_id, target_name, run_id, detail, request_id, ip, at, prev_hash, hash
         from audit_entries where workspace_id = $1 and request_id = $2 order by id limit $3"
    ) -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time, opt bytes, opt bytes];
    /// Entries, newest first.
    LIST = both(list!("id <> $14"))
        -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time, opt bytes, opt bytes];
    /// Entries about one target, newest first.
    LIST_OF_TARGET = both(list!("target_id = $14"))
        -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time, opt bytes, opt bytes];
    /// Entries of one run, newest first.
    LIST_OF_RUN = both(list!("run_id = $14"))
        -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time, opt bytes, opt bytes];
    /// How many entries a list has.
    COUNT = both(
        "select count(*) from audit_entries
         where workspace_id = $1 and id < $2 and id >= $3
             and (mode = $4 or $4 is null)
             and (product = $5 or $5 is null)
             and (action = $6 or $6 is null)
             and (actor_id = $7 or $7 is null)
             and (target_id = $8 or $8 is null)
             and (run_id = $9 or $9 is null)
             and (at >= $10 or $10 is null)
             and (at < $11 or $11 is null)
             and (lower(action) like $12 escape '!' or lower(actor_name) like $12 escape '!'
                 or lower(coalesce(target_name, '')) like $12 escape '!' or $12 is null)"
    ) -> [int];
}

/// Up to `limit` workspaces with entries that are not sealed yet.
///
/// # Errors
/// Of the database.
pub fn unsealed_workspaces(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<WorkspaceId>, Fault> {
    tx.rows(&UNSEALED_WORKSPACES, params![limit], |row| row.id(0).map(WorkspaceId))
}

/// The end of a chain; none before its first entry is sealed.
///
/// # Errors
/// Of the database.
pub fn end(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Option<End>, Fault> {
    tx.row(&END, params![workspace], |row| {
        Ok(End { seq: row.int(0)?, hash: row.bytes(1)?.to_vec(), head_seq: row.int(2)? })
    })
}

/// Seals up to `limit` ([`PAGE_MAX`] at most) entries of a workspace and tells how many. `seals` turns the end of the chain and
/// the entries, in their order, into their places. Nothing is written when another sealer was quicker.
///
/// # Errors
/// Of the database, and of `seals`.
pub fn seal(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    limit: usize,
    seals: impl FnOnce(&End, &[Entry]) -> Result<Vec<Seal>, Fault>,
) -> Result<usize, Fault> {
    tx.execute(&START, params![workspace, &[0_u8; 32]])?;
    let Some(end) = end(tx, workspace)? else { return Ok(0) };
    let entries = tx.rows(&UNSEALED, params![workspace, limit.min(PAGE_MAX)], audit::entry)?;
    let seals = seals(&end, &entries)?;
    let Some(last) = seals.last() else { return Ok(0) };
    if tx.execute(&ADVANCE, params![workspace, end.seq, last.seq, &last.hash])? == 0 {
        return Ok(0);
    }
    for Seal { id, seq, prev_hash, hash } in &seals {
        if tx.execute(&SEAL, params![workspace, *id, *seq, prev_hash, hash])? != 1 {
            return Err(Fault::internal(format!("audit entry {id} was sealed by somebody else")));
        }
    }
    audit_view::count_sealed(tx, workspace, &entries)?;
    Ok(seals.len())
}

/// Sealed entries after number `after`, up to number `last`, in the order of the chain; `limit` ([`PAGE_MAX`]) at most.
///
/// # Errors
/// Of the database.
pub fn walk(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    after: i64,
    last: i64,
    limit: usize,
) -> Result<Vec<Sealed>, Fault> {
    tx.rows(&WALK, params![workspace, after, last, limit.min(PAGE_MAX)], sealed)
}

/// The numbers of the first and the last sealed entry of a time; none when there is none.
///
/// # Errors
/// Of the database.
pub fn span(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Option<(i64, i64)>, Fault> {
    let found = tx.row(&SPAN, params![workspace, lower(Some(from)), upper(Some(to)), from, to], |row| {
        Ok(row.opt_int(0)?.zip(row.opt_int(1)?))
    })?;
    Ok(found.flatten())
}

/// One entry.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AuditId) -> Result<Option<Sealed>, Fault> {
    tx.row(&FIND, params![workspace, id], sealed)
}

/// Entries that one request caused, a bounded number.
///
/// # Errors
/// Of the database.
pub fn of_request(tx: &mut Tx<'_>, workspace: WorkspaceId, request: RequestId) -> Result<Vec<Sealed>, Fault> {
    tx.rows(&OF_REQUEST, params![workspace, request, CAUSED_MAX], sealed)
}

/// Up to `limit` ([`PAGE_MAX`] at most) entries, newest first, before an entry (`None`: from the newest). `text` is looked for in
/// action, actor and target, without regard to case.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    text: Option<&str>,
    before: Option<AuditId>,
    limit: usize,
) -> Result<Vec<Sealed>, Fault> {
    let (sql, first) = match (filter.target_id, filter.run_id) {
        (Some(target), _) => (&LIST_OF_TARGET, target),
        (None, Some(run)) => (&LIST_OF_RUN, run.0),
        // No entry has this id: the condition is there so that all three statements take the same parameters.
        (None, None) => (&LIST, u128::MAX),
    };
    let before = before.map_or(upper(filter.to), |id| id.0.min(upper(filter.to)));
    let like = text.map(like::contains);
    let limit = limit.min(PAGE_MAX);
    tx.rows(
        sql,
        params![
            workspace,
            before,
            lower(filter.from),
            filter.mode,
            &filter.product,
            &filter.action,
            filter.actor_id,
            filter.target_id,
            filter.run_id,
            filter.from,
            filter.to,
            &like,
            limit,
            first
        ],
        sealed,
    )
}

/// How many entries [`list`] has over all pages.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: &Filter, text: Option<&str>) -> Result<i64, Fault> {
    let like = text.map(like::contains);
    let counted = tx.row(
        &COUNT,
        params![
            workspace,
            upper(filter.to),
            lower(filter.from),
            filter.mode,
            &filter.product,
            &filter.action,
            filter.actor_id,
            filter.target_id,
            filter.run_id,
            filter.from,
            filter.to,
            &like
        ],
        |row| row.int(0),
    )?;
    Ok(counted.unwrap_or(0))
}

fn sealed(row: &Row<'_>) -> Result<Sealed, Fault> {
    let bytes = |index| Ok::<_, Fault>(row.opt_bytes(index)?.map(<[u8]>::to_vec));
    Ok(Sealed { entry: audit::entry(row)?, prev_hash: bytes(17)?, hash: bytes(18)? })
}

/// The lowest id that an entry of this time can have: ids begin with milliseconds.
fn lower(from: Option<Timestamp>) -> u128 {
    from.map_or(0, |from| first_id(from.millis().saturating_sub(ID_SLACK_MS)))
}

/// An id above those of all entries before this time.
fn upper(to: Option<Timestamp>) -> u128 {
    to.map_or(u128::MAX, |to| first_id(to.millis().saturating_add(ID_SLACK_MS)))
}

fn first_id(millis: i64) -> u128 {
    (u128::from(millis.max(0).unsigned_abs()) & 0xffff_ffff_ffff) << 80
}
