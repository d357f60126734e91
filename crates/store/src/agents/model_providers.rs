//! Table `model_providers`: servers that answer for models, with what they are asked for sealed.

use floe_model::id::{ProviderId, WorkspaceId};
use floe_model::{Fault, Timestamp};

use crate::{Row, Tx, params, statements};

/// Providers on one page.
pub const PAGE_MAX: usize = 201;

/// A provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: ProviderId,
    /// Shown name, unique in the workspace.
    pub name: String,
    /// Which protocol, as the word of the wire.
    pub kind: String,
    /// Where it is, without a slash at the end.
    pub base_url: String,
    /// The key, sealed.
    pub api_key: Option<Vec<u8>>,
    /// What may be shown of the key.
    pub tail: Option<String>,
    /// JSON object of further headers, sealed.
    pub headers: Option<Vec<u8>>,
    /// JSON list of their names.
    pub header_names: String,
    /// For one try, milliseconds.
    pub timeout_ms: i64,
    /// Calls under way at a time from one server.
    pub max_concurrency: i64,
    /// Why the last test failed.
    pub last_error: Option<String>,
    /// When it was last tested.
    pub last_tested_at: Option<Timestamp>,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last one of the page before.
    pub after: Option<u128>,
    /// At most so many, and [`PAGE_MAX`].
    pub limit: usize,
}

macro_rules! columns {
    () => {
        "workspace_id, id, name, kind, base_url, api_key, tail, headers, header_names, timeout_ms, max_concurrency,
             last_error, last_tested_at, revision, created_at, updated_at"
    };
}

statements! {
    /// A new one, unless the name is taken.
    INSERT = both(concat!("insert into model_providers (", columns!(), ")
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict do nothing"));
    /// By id.
    FIND = both(concat!("select ", columns!(), " from model_providers where workspace_id = $1 and id = $2"))
        -> [id, id, text, text, text, opt bytes, opt text, opt bytes, json, int, int, opt text, opt time, int, time, time];
    /// By name.
    NAMED = both(concat!("select ", columns!(), " from model_providers where workspace_id = $1 and name = $2"))
        -> [id, id, text, text, text, opt bytes, opt text, opt bytes, json, int, int, opt text, opt time, int, time, time];
    /// Newest first.
    LIST_DOWN = both(concat!("select ", columns!(), " from model_providers where workspace_id = $1 and id < $2
         order by id desc limit $3"))
        -> [id, id, text, text, text, opt bytes, opt text, opt bytes, json, int, int, opt text, opt time, int, time, time];
    /// Oldest first.
    LIST_UP = both(concat!("select ", columns!(), " from model_providers where workspace_id = $1 and id > $2
         order by id limit $3"))
        -> [id, id, text, text, text, opt bytes, opt text, opt bytes, json, int, int, opt text, opt time, int, time, time];
    /// Those of every workspace.
    EVERYWHERE = both(concat!("select ", columns!(), " from model_providers order by workspace_id, id limit $1"))
        -> [id, id, text, text, text, opt bytes, opt text, opt bytes, json, int, int, opt text, opt time, int, time, time];
    /// How many there are.
    COUNT = both("select count(*) from model_providers where workspace_id = $1") -> [int];
    /// What can be changed.
    UPDATE = both(
        "update model_providers set name = $3, base_url = $4, api_key = $5, tail = $6, headers = $7, header_names = $8,
             timeout_ms = $9, max_concurrency = $10, last_error = $11, last_tested_at = $12, updated_at = $13,
             revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $14"
    );
    /// What came of a test; the object itself is not changed by it.
    TESTED = both("update model_providers set last_error = $3, last_tested_at = $4 where workspace_id = $1 and id = $2");
    /// Gone.
    DELETE = both("delete from model_providers where workspace_id = $1 and id = $2 and revision = $3");
    /// All of a workspace that is deleted.
    DELETE_ALL = both("delete from model_providers where workspace_id = $1");
}

/// Adds a provider; false when its name is taken.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, provider: &Provider) -> Result<bool, Fault> {
    let values = params![
        provider.workspace,
        provider.id,
        &provider.name,
        &provider.kind,
        &provider.base_url,
        provider.api_key.as_deref(),
        &provider.tail,
        provider.headers.as_deref(),
        &provider.header_names,
        provider.timeout_ms,
        provider.max_concurrency,
        &provider.last_error,
        provider.last_tested_at,
        provider.revision,
        provider.created_at,
        provider.updated_at
    ];
    Ok(tx.execute(&INSERT, values)? == 1)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ProviderId) -> Result<Option<Provider>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// By name.
///
/// # Errors
/// Of the database.
pub fn named(tx: &mut Tx<'_>, workspace: WorkspaceId, name: &str) -> Result<Option<Provider>, Fault> {
    tx.row(&NAMED, params![workspace, name], map)
}

/// A page of a workspace.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, page: &Page) -> Result<Vec<Provider>, Fault> {
    let (sql, start) = if page.newest_first { (&LIST_DOWN, u128::MAX) } else { (&LIST_UP, 0) };
    let after = page.after.unwrap_or(start);
    tx.rows(sql, params![workspace, after, page.limit.min(PAGE_MAX)], map)
}

/// The providers of every workspace, at most `limit`: for the doctor, who tells no workspace of another one's.
///
/// # Errors
/// Of the database.
pub fn everywhere(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<Provider>, Fault> {
    tx.rows(&EVERYWHERE, params![limit], map)
}

/// How many a workspace has.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace], |row| row.int(0))?.unwrap_or(0))
}

/// Writes what can be changed when the revision is still `provider.revision`; false otherwise.
///
/// # Errors
/// A conflict `already_exists` for a name that is taken.
pub fn update(tx: &mut Tx<'_>, provider: &Provider) -> Result<bool, Fault> {
    let values = params![
        provider.workspace,
        provider.id,
        &provider.name,
        &provider.base_url,
        provider.api_key.as_deref(),
        &provider.tail,
        provider.headers.as_deref(),
        &provider.header_names,
        provider.timeout_ms,
        provider.max_concurrency,
        &provider.last_error,
        provider.last_tested_at,
        provider.updated_at,
        provider.revision
    ];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Notes what came of a test.
///
/// # Errors
/// Of the database.
pub fn tested(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: ProviderId,
    error: Option<&str>,
    at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(&TESTED, params![workspace, id, error, at]).map(drop)
}

/// Removes a provider when the revision is still this one; false otherwise.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ProviderId, revision: i64) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id, revision])? == 1)
}

/// Removes all providers of a workspace that is deleted, with the keys they kept sealed.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Provider, Fault> {
    Ok(Provider {
        workspace: WorkspaceId(row.id(0)?),
        id: ProviderId(row.id(1)?),
        name: row.string(2)?,
        kind: row.string(3)?,
        base_url: row.string(4)?,
        api_key: row.opt_bytes(5)?.map(<[u8]>::to_vec),
        tail: row.opt_string(6)?,
        headers: row.opt_bytes(7)?.map(<[u8]>::to_vec),
        header_names: row.string(8)?,
        timeout_ms: row.int(9)?,
        max_concurrency: row.int(10)?,
        last_error: row.opt_string(11)?,
        last_tested_at: row.opt_time(12)?,
        revision: row.int(13)?,
        created_at: row.time(14)?,
        updated_at: row.time(15)?,
    })
}
