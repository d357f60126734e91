//! Table `agent_memory`: what an agent remembers of the people who talk to it (Workflow API contract, section 8.4).

use floe_model::{Fault, Scope, Timestamp, id::AgentId};

use crate::{Row, Tx, params, statements};

/// Memories of one page at most.
pub const PAGE_MAX: usize = 100;

/// What is remembered of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The caller's own id for the person.
    pub user: String,
    /// The text.
    pub text: String,
    /// An object, as JSON.
    pub metadata: String,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

statements! {
    /// Writes one, in the place of the one before.
    PUT = both(
        "insert into agent_memory (workspace_id, mode, agent_id, user_id, working_memory, metadata, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)
         on conflict (workspace_id, mode, agent_id, user_id) do update set
             working_memory = excluded.working_memory, metadata = excluded.metadata, updated_at = excluded.updated_at
         returning user_id, working_memory, metadata, created_at, updated_at"
    ) -> [text, text, json, time, time];
    /// Of one person.
    FIND = both(
        "select user_id, working_memory, metadata, created_at, updated_at from agent_memory
         where workspace_id = $1 and mode = $2 and agent_id = $3 and user_id = $4"
    ) -> [text, text, json, time, time];
    /// A page, newest first.
    LIST = both(
        "select user_id, working_memory, metadata, created_at, updated_at from agent_memory
         where workspace_id = $1 and mode = $2 and agent_id = $3 order by created_at desc, user_id desc limit $4 offset $5"
    ) -> [text, text, json, time, time];
    /// How many an agent has.
    COUNT = both("select count(*) from agent_memory where workspace_id = $1 and mode = $2 and agent_id = $3") -> [int];
    /// Forgets one.
    DELETE = both("delete from agent_memory where workspace_id = $1 and mode = $2 and agent_id = $3 and user_id = $4");
}

/// Writes what is remembered of a person, in the place of what was before.
///
/// # Errors
/// Of the database.
pub fn put(
    tx: &mut Tx<'_>,
    scope: Scope,
    agent: AgentId,
    user: &str,
    (text, metadata): (&str, &str),
    at: Timestamp,
) -> Result<Memory, Fault> {
    let found = tx.row(&PUT, params![scope.workspace, scope.mode, agent, user, text, metadata, at], memory)?;
    found.ok_or_else(|| Fault::internal("a memory that was written is not there"))
}

/// What is remembered of a person.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, user: &str) -> Result<Option<Memory>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, agent, user], memory)
}

/// Up to `limit` ([`PAGE_MAX`] at most) memories of an agent, newest first, behind the first `offset`.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, limit: usize, offset: i64) -> Result<Vec<Memory>, Fault> {
    tx.rows(&LIST, params![scope.workspace, scope.mode, agent, limit.min(PAGE_MAX), offset], memory)
}

/// How many memories an agent has.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, scope: Scope, agent: AgentId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![scope.workspace, scope.mode, agent], |row| row.int(0))?.unwrap_or(0))
}

/// Forgets what is remembered of a person; false when there is nothing.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, user: &str) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![scope.workspace, scope.mode, agent, user])? == 1)
}

fn memory(row: &Row<'_>) -> Result<Memory, Fault> {
    Ok(Memory {
        user: row.string(0)?,
        text: row.string(1)?,
        metadata: row.string(2)?,
        created_at: row.time(3)?,
        updated_at: row.time(4)?,
    })
}
