//! Table `agent_versions`: every configuration that an agent had (Agents contract, section 5).

use floe_model::{
    Fault, Timestamp,
    id::{AgentId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Versions of one page at most, with the one behind it.
pub const PAGE_MAX: usize = 201;

/// A configuration that an agent had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// From 1.
    pub number: i64,
    /// As in `agents`.
    pub config: String,
    /// As in `agents`.
    pub secrets: Option<Vec<u8>>,
    /// `created`, `updated`, `restored` or `duplicated`.
    pub action: String,
    /// `member`, `token`, `key` or `system`.
    pub actor_type: String,
    /// Who, by name.
    pub actor_name: String,
    /// When.
    pub at: Timestamp,
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into agent_versions (workspace_id, agent_id, number, config, secrets, action, actor_type, actor_name, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    /// By number.
    FIND = both(
        "select number, config, secrets, action, actor_type, actor_name, at from agent_versions
         where workspace_id = $1 and agent_id = $2 and number = $3"
    ) -> [int, json, opt bytes, text, text, text, time];
    /// A page, newest first.
    LIST = both(
        "select number, config, secrets, action, actor_type, actor_name, at from agent_versions
         where workspace_id = $1 and agent_id = $2 and number < $3 order by number desc limit $4"
    ) -> [int, json, opt bytes, text, text, text, time];
    /// Its secrets are forgotten with the agent.
    FORGET = both("update agent_versions set secrets = null where workspace_id = $1 and agent_id = $2");
}

/// Adds a version.
///
/// # Errors
/// A conflict `already_exists` for a number that is taken.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: AgentId, version: &Version) -> Result<(), Fault> {
    let Version { number, config, secrets, action, actor_type, actor_name, at } = version;
    let secrets = secrets.as_deref();
    let values = params![workspace, agent, *number, config, secrets, action, actor_type, actor_name, *at];
    tx.execute(&INSERT, values).map(drop)
}

/// By number.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: AgentId, number: i64) -> Result<Option<Version>, Fault> {
    tx.row(&FIND, params![workspace, agent, number], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) versions before a number (none: from the newest), newest first.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    agent: AgentId,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Version>, Fault> {
    tx.rows(&LIST, params![workspace, agent, before.unwrap_or(i64::MAX), limit.min(PAGE_MAX)], map)
}

/// Forgets the secrets of all versions of an agent.
///
/// # Errors
/// Of the database.
pub fn forget_secrets(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: AgentId) -> Result<(), Fault> {
    tx.execute(&FORGET, params![workspace, agent]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Version, Fault> {
    Ok(Version {
        number: row.int(0)?,
        config: row.string(1)?,
        secrets: row.opt_bytes(2)?.map(<[u8]>::to_vec),
        action: row.string(3)?,
        actor_type: row.string(4)?,
        actor_name: row.string(5)?,
        at: row.time(6)?,
    })
}
