//! Table `connections`: accounts at other services, their secrets sealed.

use floe_model::{
    Fault, Timestamp,
    id::{ConnectionId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Connections on one page.
pub const PAGE_MAX: usize = 201;

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: ConnectionId,
    /// Shown name, unique in the workspace.
    pub name: String,
    /// Which service.
    pub provider: String,
    /// What kind of secret it has, as the word of the wire.
    pub kind: String,
    /// JSON object of what is no secret.
    pub config: String,
    /// JSON of the secret, sealed; none until it is given.
    pub secret: Option<Vec<u8>>,
    /// What may be shown of the secret.
    pub tail: Option<String>,
    /// `active` or `inactive`.
    pub status: String,
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
    /// Of one provider.
    pub provider: Option<String>,
    /// Of one type.
    pub kind: Option<String>,
    /// In one status.
    pub status: Option<String>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last one of the page before.
    pub after: Option<ConnectionId>,
    /// At most so many, and [`PAGE_MAX`].
    pub limit: usize,
}

macro_rules! columns {
    () => {
        "workspace_id, id, name, provider, kind, config, secret, tail, status, last_error, last_tested_at, revision,
             created_at, updated_at"
    };
}

macro_rules! filtered {
    () => {
        " from connections where workspace_id = $1
             and (cast($2 as text) is null or provider = $2)
             and (cast($3 as text) is null or kind = $3)
             and (cast($4 as text) is null or status = $4)"
    };
}

statements! {
    /// A new one, unless the name is taken.
    INSERT = both(concat!("insert into connections (", columns!(), ")
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict do nothing"));
    /// By id.
    FIND = both(concat!("select ", columns!(), " from connections where workspace_id = $1 and id = $2"))
        -> [id, id, text, text, text, json, opt bytes, opt text, text, opt text, opt time, int, time, time];
    /// Whether a name is taken.
    NAMED = both("select id from connections where workspace_id = $1 and name = $2") -> [id];
    /// Newest first.
    LIST_DOWN = both(concat!("select ", columns!(), filtered!(), " and id < $5 order by id desc limit $6"))
        -> [id, id, text, text, text, json, opt bytes, opt text, text, opt text, opt time, int, time, time];
    /// Oldest first.
    LIST_UP = both(concat!("select ", columns!(), filtered!(), " and id > $5 order by id limit $6"))
        -> [id, id, text, text, text, json, opt bytes, opt text, text, opt text, opt time, int, time, time];
    /// How many a filter finds.
    COUNT = both(concat!("select count(*)", filtered!())) -> [int];
    /// What can be changed.
    UPDATE = both(
        "update connections set name = $3, config = $4, secret = $5, tail = $6, status = $7, last_error = $8,
             last_tested_at = $9, updated_at = $10, revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $11"
    );
    /// What came of a test; the object itself is not changed by it.
    TESTED = both("update connections set last_error = $3, last_tested_at = $4 where workspace_id = $1 and id = $2");
    /// Gone.
    DELETE = both("delete from connections where workspace_id = $1 and id = $2 and revision = $3");
}

/// Adds a connection; false when its name is taken.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, connection: &Connection) -> Result<bool, Fault> {
    let values = params![
        connection.workspace,
        connection.id,
        &connection.name,
        &connection.provider,
        &connection.kind,
        &connection.config,
        connection.secret.as_deref(),
        &connection.tail,
        &connection.status,
        &connection.last_error,
        connection.last_tested_at,
        connection.revision,
        connection.created_at,
        connection.updated_at
    ];
    Ok(tx.execute(&INSERT, values)? == 1)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ConnectionId) -> Result<Option<Connection>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// The connection that has a name.
///
/// # Errors
/// Of the database.
pub fn named(tx: &mut Tx<'_>, workspace: WorkspaceId, name: &str) -> Result<Option<ConnectionId>, Fault> {
    tx.row(&NAMED, params![workspace, name], |row| row.id(0).map(ConnectionId))
}

/// A page of a workspace.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, page: &Page) -> Result<Vec<Connection>, Fault> {
    let (sql, start) = if page.newest_first { (&LIST_DOWN, u128::MAX) } else { (&LIST_UP, 0) };
    let after = page.after.map_or(start, |id| id.0);
    let limit = page.limit.min(PAGE_MAX);
    tx.rows(sql, params![workspace, &page.provider, &page.kind, &page.status, after, limit], map)
}

/// How many the filters of a page find.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, page: &Page) -> Result<i64, Fault> {
    let values = params![workspace, &page.provider, &page.kind, &page.status];
    Ok(tx.row(&COUNT, values, |row| row.int(0))?.unwrap_or(0))
}

/// Writes what can be changed when the revision is still `connection.revision`; false otherwise.
///
/// # Errors
/// A conflict `already_exists` for a name that is taken.
pub fn update(tx: &mut Tx<'_>, connection: &Connection) -> Result<bool, Fault> {
    let values = params![
        connection.workspace,
        connection.id,
        &connection.name,
        &connection.config,
        connection.secret.as_deref(),
        &connection.tail,
        &connection.status,
        &connection.last_error,
        connection.last_tested_at,
        connection.updated_at,
        connection.revision
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
    id: ConnectionId,
    error: Option<&str>,
    at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(&TESTED, params![workspace, id, error, at]).map(drop)
}

/// Removes a connection when the revision is still this one; false otherwise.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ConnectionId, revision: i64) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id, revision])? == 1)
}

fn map(row: &Row<'_>) -> Result<Connection, Fault> {
    Ok(Connection {
        workspace: WorkspaceId(row.id(0)?),
        id: ConnectionId(row.id(1)?),
        name: row.string(2)?,
        provider: row.string(3)?,
        kind: row.string(4)?,
        config: row.string(5)?,
        secret: row.opt_bytes(6)?.map(<[u8]>::to_vec),
        tail: row.opt_string(7)?,
        status: row.string(8)?,
        last_error: row.opt_string(9)?,
        last_tested_at: row.opt_time(10)?,
        revision: row.int(11)?,
        created_at: row.time(12)?,
        updated_at: row.time(13)?,
    })
}
