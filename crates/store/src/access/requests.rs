//! Table `requests`: what came in during the last days, and what was answered (console contract, section 5.6).

use floe_model::{
    Fault, Mode, Timestamp,
    id::{KeyId, MemberId, RequestId, RunId, TokenId, WorkspaceId},
};

use crate::{Row, Tx, Value, like, params, statements};

/// Requests of one page at most.
pub const PAGE_MAX: usize = 1_000;
/// Requests that one page looks at: a filter that few requests pass gives short pages instead of long waits.
pub const LOOKED_AT_MAX: usize = 20_000;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its id, as in `X-Request-Id`.
    pub id: RequestId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// When it arrived.
    pub at: Timestamp,
    /// The API key that it used.
    pub key_id: Option<KeyId>,
    /// The personal access token.
    pub token_id: Option<TokenId>,
    /// The member behind a session or token.
    pub member_id: Option<MemberId>,
    /// `console`, `flows`, …
    pub surface: String,
    /// Live or test.
    pub mode: Mode,
    /// Method.
    pub method: String,
    /// Path without query; segments that may be secret are left out.
    pub path: String,
    /// Status of the answer.
    pub status: u16,
    /// Code of the fault, when it failed.
    pub error_code: Option<String>,
    /// Milliseconds until the answer.
    pub duration_ms: i64,
    /// Address of the client.
    pub ip: String,
    /// Its idempotency key.
    pub idempotency_key: Option<String>,
    /// The run that it started or moved on.
    pub run_id: Option<RunId>,
    /// JSON object: headers and query, and bodies when they are kept; without secrets.
    pub detail: String,
}

/// Which requests a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// One key or token.
    pub key_id: Option<u128>,
    /// One surface.
    pub surface: Option<String>,
    /// One mode.
    pub mode: Option<Mode>,
    /// Statuses from this one on.
    pub status_from: Option<i64>,
    /// Statuses up to this one.
    pub status_to: Option<i64>,
    /// One method.
    pub method: Option<String>,
    /// Paths that begin so.
    pub path: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// One page of a list.
#[derive(Debug, Default)]
pub struct Page {
    /// The requests, newest first.
    pub requests: Vec<Request>,
    /// After which id the next page goes on; none at the end.
    pub next: Option<RequestId>,
}

statements! {
    /// Many requests.
    ADD = bulk(
        "insert into requests (workspace_id, id, at, key_id, token_id, member_id, surface, mode, method, path, status, error_code,
             duration_ms, ip, idempotency_key, run_id, detail)",
        [id, id, time, opt id, opt id, opt id, text, text, text, text, int, opt text, int, text, opt text, opt id, json],
        "on conflict do nothing"
    );
    /// One request.
    FIND = both(
        "select workspace_id, id, at, key_id, token_id, member_id, surface, mode, method, path, status, error_code, duration_ms, ip,
             idempotency_key, run_id, detail
         from requests where workspace_id = $1 and id = $2"
    ) -> [id, id, time, opt id, opt id, opt id, text, text, text, text, int, opt text, int, text, opt text, opt id, json];
    /// Requests among the newest ones, newest first.
    LIST = both(
        "select workspace_id, id, at, key_id, token_id, member_id, surface, mode, method, path, status, error_code, duration_ms, ip,
             idempotency_key, run_id, detail
         from requests
         where workspace_id = $1 and id < $2 and id >= $3
             and (key_id = $4 or token_id = $4 or $4 is null)
             and (surface = $5 or $5 is null)
             and (mode = $6 or $6 is null)
             and (status >= $7 or $7 is null)
             and (status <= $8 or $8 is null)
             and (method = $9 or $9 is null)
             and (path like $10 escape '!' or $10 is null)
             and (at >= $11 or $11 is null)
             and (at < $12 or $12 is null)
         order by id desc limit $13"
    ) -> [id, id, time, opt id, opt id, opt id, text, text, text, text, int, opt text, int, text, opt text, opt id, json];
    /// How far one page looks.
    LOOK = both("select id from requests where workspace_id = $1 and id < $2 order by id desc limit 1 offset $3") -> [id];
    /// The next workspace that has requests.
    NEXT_WORKSPACE = both("select workspace_id from requests where workspace_id > $1 order by workspace_id limit 1") -> [id];
    /// Whether there are old requests.
    ANY_BEFORE = both("select id from requests where workspace_id = $1 and id < $2 order by id limit 1") -> [id];
    /// Old requests.
    PURGE = both(
        "delete from requests where workspace_id = $1 and id in (
             select id from requests where workspace_id = $1 and id < $2 order by id limit $3)"
    );
}

/// Adds requests; those that are there already stay as they are.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, requests: &[Request]) -> Result<u64, Fault> {
    let rows: Vec<[Value<'_>; 17]> = requests
        .iter()
        .map(|request| {
            [
                request.workspace.into(),
                request.id.into(),
                request.at.into(),
                request.key_id.into(),
                request.token_id.into(),
                request.member_id.into(),
                (&request.surface).into(),
                request.mode.into(),
                (&request.method).into(),
                (&request.path).into(),
                request.status.into(),
                (&request.error_code).into(),
                request.duration_ms.into(),
                (&request.ip).into(),
                (&request.idempotency_key).into(),
                request.run_id.into(),
                (&request.detail).into(),
            ]
        })
        .collect();
    tx.bulk(&ADD, &rows)
}

/// One request.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: RequestId) -> Result<Option<Request>, Fault> {
    tx.row(&FIND, params![workspace, id], request)
}

/// Up to `limit` ([`PAGE_MAX`] at most) requests among the [`LOOKED_AT_MAX`] newest ones before an id (`None`: from the newest).
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    before: Option<RequestId>,
    limit: usize,
) -> Result<Page, Fault> {
    let limit = limit.min(PAGE_MAX);
    let before = before.unwrap_or(RequestId(u128::MAX));
    let last_looked_at = tx.row(&LOOK, params![workspace, before, LOOKED_AT_MAX], |row| row.id(0))?;
    let path = filter.path.as_deref().map(like::begins_with);
    let Filter { key_id, surface, mode, status_from, status_to, method, from, to, .. } = filter;
    let lowest = last_looked_at.unwrap_or(0);
    let mut requests = tx.rows(
        &LIST,
        params![
            workspace,
            before,
            lowest,
            *key_id,
            surface,
            *mode,
            *status_from,
            *status_to,
            method,
            &path,
            *from,
            *to,
            limit + 1
        ],
        request,
    )?;
    let next = if requests.len() > limit {
        requests.truncate(limit);
        requests.last().map(|request| request.id)
    } else {
        last_looked_at.map(RequestId)
    };
    Ok(Page { requests, next })
}

/// The workspace with requests that follows on another in the order of ids; none after the last.
///
/// # Errors
/// Of the database.
pub fn next_workspace(tx: &mut Tx<'_>, after: Option<WorkspaceId>) -> Result<Option<WorkspaceId>, Fault> {
    tx.row(&NEXT_WORKSPACE, params![after.unwrap_or(WorkspaceId(0))], |row| row.id(0).map(WorkspaceId))
}

/// Whether a workspace has requests that are older than `before`.
///
/// # Errors
/// Of the database.
pub fn any_before(tx: &mut Tx<'_>, workspace: WorkspaceId, before: Timestamp) -> Result<bool, Fault> {
    Ok(tx.row(&ANY_BEFORE, params![workspace, first_id(before)], |row| row.id(0))?.is_some())
}

/// Removes up to `limit` requests of a workspace that are older than `before`, and tells how many.
///
/// # Errors
/// Of the database.
pub fn purge(tx: &mut Tx<'_>, workspace: WorkspaceId, before: Timestamp, limit: usize) -> Result<u64, Fault> {
    tx.execute(&PURGE, params![workspace, first_id(before), limit])
}

/// The first id that a request of this time can have: ids begin with milliseconds.
fn first_id(at: Timestamp) -> RequestId {
    RequestId(u128::from(at.millis().max(0).unsigned_abs()) << 80)
}

fn request(row: &Row<'_>) -> Result<Request, Fault> {
    Ok(Request {
        workspace: WorkspaceId(row.id(0)?),
        id: RequestId(row.id(1)?),
        at: row.time(2)?,
        key_id: row.opt_id(3)?.map(KeyId),
        token_id: row.opt_id(4)?.map(TokenId),
        member_id: row.opt_id(5)?.map(MemberId),
        surface: row.string(6)?,
        mode: row.mode(7)?,
        method: row.string(8)?,
        path: row.string(9)?,
        status: u16::try_from(row.int(10)?).map_err(|_| row.mismatch(10, "status"))?,
        error_code: row.opt_string(11)?,
        duration_ms: row.int(12)?,
        ip: row.string(13)?,
        idempotency_key: row.opt_string(14)?,
        run_id: row.opt_id(15)?.map(RunId),
        detail: row.string(16)?,
    })
}
