//! Table `agents`: agents and their configuration (Agents contract, section 5).

use floe_model::{
    Fault, Timestamp,
    id::{AgentId, WorkspaceId},
};

use crate::{Row, Tx, like, params, statements};

/// Agents of a workspace at most.
pub const AGENTS_MAX: usize = 10_000;
/// Agents of one page at most, with the one behind it.
pub const PAGE_MAX: usize = 201;

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Shown name.
    pub name: String,
    /// `active` or `inactive`.
    pub status: String,
    /// The name of its model; none for the usual one.
    pub model: Option<String>,
    /// JSON object: `floe_model::agents::agent::AgentConfig`, with `"***"` in the place of each secret.
    pub config: String,
    /// The secrets, sealed.
    pub secrets: Option<Vec<u8>>,
    /// Counts changes, from 1.
    pub config_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

/// Which agents a list holds.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// One status.
    pub status: Option<String>,
    /// Part of name or description, whatever its case.
    pub text: Option<String>,
    /// The name of a model.
    pub model: Option<String>,
    /// Only these; none for all.
    pub only: Option<Vec<AgentId>>,
}

macro_rules! columns {
    () => {
        "id, name, status, model, config, secrets, config_version, created_at, updated_at, deleted_at"
    };
}

macro_rules! filtered {
    () => {
        "from agents where workspace_id = $1 and deleted_at is null
             and (status = $2 or $2 is null)
             and (folded like $3 escape '!' or $3 is null)
             and (model = $4 or $4 is null)"
    };
}

/// The text of a list of ids as rows, on each database.
macro_rules! among {
    (sqlite $parameter:literal) => {
        concat!(" and (", $parameter, " is null or lower(hex(id)) in (select value from json_each(", $parameter, ")))")
    };
    (postgres $parameter:literal) => {
        concat!(
            " and (",
            $parameter,
            "::text is null or replace(id::text, '-', '') in
                 (select value from json_array_elements_text(",
            $parameter,
            "::text::json)))"
        )
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into agents (workspace_id, id, name, folded, status, model, config, secrets, config_version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    /// By id, deleted or not.
    FIND = both(concat!("select ", columns!(), " from agents where workspace_id = $1 and id = $2"))
        -> [id, text, text, opt text, json, opt bytes, int, time, time, opt time];
    /// The same, held until the end of the transaction.
    LOCK = split {
        sqlite: concat!("select ", columns!(), " from agents where workspace_id = $1 and id = $2"),
        postgres: concat!("select ", columns!(), " from agents where workspace_id = $1 and id = $2 for update"),
    } -> [id, text, text, opt text, json, opt bytes, int, time, time, opt time];
    /// Whether it is there and not deleted.
    THERE = both("select status from agents where workspace_id = $1 and id = $2 and deleted_at is null") -> [text];
    /// A page by offset, newest first.
    LIST = split {
        sqlite: concat!(
            "select ", columns!(), " ", filtered!(), among!(sqlite "$5"), " order by id desc limit $6 offset $7"
        ),
        postgres: concat!(
            "select ", columns!(), " ", filtered!(), among!(postgres "$5"), " order by id desc limit $6 offset $7"
        ),
    } -> [id, text, text, opt text, json, opt bytes, int, time, time, opt time];
    /// A page by id, newest first.
    LIST_DOWN = both(concat!(
        "select ", columns!(), " ", filtered!(), " and id < $5 order by id desc limit $6"
    )) -> [id, text, text, opt text, json, opt bytes, int, time, time, opt time];
    /// A page by id, oldest first.
    LIST_UP = both(concat!(
        "select ", columns!(), " ", filtered!(), " and id > $5 order by id limit $6"
    )) -> [id, text, text, opt text, json, opt bytes, int, time, time, opt time];
    /// How many a filter finds.
    COUNT = split {
        sqlite: concat!("select count(*) ", filtered!(), among!(sqlite "$5")),
        postgres: concat!("select count(*) ", filtered!(), among!(postgres "$5")),
    } -> [int];
    /// What can be changed, when the version is still the one before.
    UPDATE = both(
        "update agents set name = $3, folded = $4, status = $5, model = $6, config = $7, secrets = $8, config_version = $9,
             updated_at = $10
         where workspace_id = $1 and id = $2 and config_version = $9 - 1 and deleted_at is null"
    );
    /// Deleted: its secrets are forgotten at once.
    DELETE = both(
        "update agents set deleted_at = $3, secrets = null, status = 'inactive'
         where workspace_id = $1 and id = $2 and deleted_at is null"
    );
}

/// Adds an agent. `folded` is what a search looks at, in lower case.
///
/// # Errors
/// A conflict `already_exists` for an id that is taken.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: &Agent, folded: &str) -> Result<(), Fault> {
    let Agent { id, name, status, model, config, secrets, config_version, created_at, updated_at, .. } = agent;
    let secrets = secrets.as_deref();
    let values = params![
        workspace,
        *id,
        name,
        folded,
        status,
        model,
        config,
        secrets,
        *config_version,
        *created_at,
        *updated_at
    ];
    tx.execute(&INSERT, values).map(drop)
}

/// By id, deleted ones too.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AgentId) -> Result<Option<Agent>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// By id, held until the end of the transaction; none when it was deleted.
///
/// # Errors
/// Of the database.
pub fn lock(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AgentId) -> Result<Option<Agent>, Fault> {
    Ok(tx.row(&LOCK, params![workspace, id], map)?.filter(|agent| agent.deleted_at.is_none()))
}

/// Whether the workspace has the agent.
///
/// # Errors
/// Of the database.
pub fn is_there(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AgentId) -> Result<bool, Fault> {
    Ok(tx.row(&THERE, params![workspace, id], |row| row.string(0))?.is_some())
}

/// Up to `limit` ([`PAGE_MAX`] at most) agents, newest first, and how many the filter finds.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Agent>, i64), Fault> {
    let (text, only) = (pattern(filter), only(filter)?);
    let Filter { status, model, .. } = filter;
    let rows = tx.rows(&LIST, params![workspace, status, &text, model, &only, limit.min(PAGE_MAX), offset], map)?;
    let total = tx.row(&COUNT, params![workspace, status, &text, model, &only], |row| row.int(0))?;
    Ok((rows, total.unwrap_or(0)))
}

/// A page of the console: after an agent, newest or oldest first. `filter.only` is not looked at.
///
/// # Errors
/// Of the database.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    newest_first: bool,
    after: Option<AgentId>,
    limit: usize,
) -> Result<Vec<Agent>, Fault> {
    let (sql, start) = if newest_first { (&LIST_DOWN, u128::MAX) } else { (&LIST_UP, 0) };
    let after = after.map_or(start, |id| id.0);
    let text = pattern(filter);
    tx.rows(sql, params![workspace, &filter.status, &text, &filter.model, after, limit.min(PAGE_MAX)], map)
}

/// How many a filter finds.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: &Filter) -> Result<i64, Fault> {
    let (text, only) = (pattern(filter), only(filter)?);
    let values = params![workspace, &filter.status, &text, &filter.model, &only];
    Ok(tx.row(&COUNT, values, |row| row.int(0))?.unwrap_or(0))
}

/// Writes what can be changed as the version after the one that was read; false when that is not the newest any more.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: &Agent, folded: &str) -> Result<bool, Fault> {
    let Agent { id, name, status, model, config, secrets, config_version, updated_at, .. } = agent;
    let secrets = secrets.as_deref();
    let values = params![workspace, *id, name, folded, status, model, config, secrets, *config_version, *updated_at];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Marks an agent as deleted and forgets its secrets; false when it was gone.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AgentId, at: Timestamp) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id, at])? == 1)
}

fn pattern(filter: &Filter) -> Option<String> {
    filter.text.as_deref().map(like::contains)
}

fn only(filter: &Filter) -> Result<Option<String>, Fault> {
    let texts = filter.only.as_ref().map(|ids| ids.iter().map(|id| format!("{:032x}", id.0)).collect::<Vec<_>>());
    texts.map(|texts| serde_json::to_string(&texts).map_err(Fault::internal)).transpose()
}

fn map(row: &Row<'_>) -> Result<Agent, Fault> {
    Ok(Agent {
        id: AgentId(row.id(0)?),
        name: row.string(1)?,
        status: row.string(2)?,
        model: row.opt_string(3)?,
        config: row.string(4)?,
        secrets: row.opt_bytes(5)?.map(<[u8]>::to_vec),
        config_version: row.int(6)?,
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
        deleted_at: row.opt_time(9)?,
    })
}
