//! Table `whatsapp_connections`: the number from which an agent sends templates, its token sealed.

use floe_model::{
    Fault, Timestamp,
    id::{AgentId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRow {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The agent that sends.
    pub agent: AgentId,
    /// Its own id: where its token is sealed.
    pub id: u128,
    /// The number's id at the Graph API.
    pub phone_number_id: String,
    /// The token, sealed.
    pub token: Vec<u8>,
    /// What may be shown of it.
    pub token_tail: Option<String>,
    /// The account that the number belongs to.
    pub business_account_id: Option<String>,
    /// The number as people read it.
    pub display_phone_number: Option<String>,
    /// `connected` or `needs_attention`.
    pub status: String,
    /// Why it needs attention.
    pub last_error: Option<String>,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

statements! {
    /// The connection of an agent.
    FIND = both(
        "select workspace_id, agent_id, id, phone_number_id, token, token_tail, business_account_id, display_phone_number, status,
             last_error, revision, created_at, updated_at
         from whatsapp_connections where workspace_id = $1 and agent_id = $2"
    ) -> [id, id, id, text, bytes, opt text, opt text, opt text, text, opt text, int, time, time];
    /// A new one, or another in its place.
    PUT = both(
        "insert into whatsapp_connections (workspace_id, agent_id, id, phone_number_id, token, token_tail, business_account_id,
             display_phone_number, status, last_error, revision, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict (workspace_id, agent_id) do update set id = excluded.id, phone_number_id = excluded.phone_number_id,
             token = excluded.token, token_tail = excluded.token_tail, business_account_id = excluded.business_account_id,
             display_phone_number = excluded.display_phone_number, status = excluded.status, last_error = excluded.last_error,
             revision = whatsapp_connections.revision + 1, updated_at = excluded.updated_at"
    );
    /// What was learned of the number since it was read, unless it was changed meanwhile.
    NOTE = both(
        "update whatsapp_connections set status = $4, last_error = $5, display_phone_number = $6, updated_at = $7
         where workspace_id = $1 and agent_id = $2 and id = $3"
    );
    /// Gone.
    DELETE = both("delete from whatsapp_connections where workspace_id = $1 and agent_id = $2");
}

/// The connection of an agent.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: AgentId) -> Result<Option<ConnectionRow>, Fault> {
    tx.row(&FIND, params![workspace, agent], map)
}

/// Writes a connection in the place of the agent's former one; the revision counts by itself.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, row: &ConnectionRow) -> Result<(), Fault> {
    let values = params![
        row.workspace,
        row.agent,
        row.id,
        &row.phone_number_id,
        row.token.as_slice(),
        &row.token_tail,
        &row.business_account_id,
        &row.display_phone_number,
        &row.status,
        &row.last_error,
        row.revision,
        row.created_at,
        row.updated_at
    ];
    tx.execute(&PUT, values).map(drop)
}

/// Notes what was learned of a connection; a token that was replaced since it was read is not judged by its old one.
///
/// # Errors
/// Of the database.
pub fn note(tx: &mut Tx<'_>, row: &ConnectionRow) -> Result<(), Fault> {
    let values = params![
        row.workspace,
        row.agent,
        row.id,
        &row.status,
        &row.last_error,
        &row.display_phone_number,
        row.updated_at
    ];
    tx.execute(&NOTE, values).map(drop)
}

/// Removes the connection of an agent; false when there was none.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: AgentId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, agent])? == 1)
}

fn map(row: &Row<'_>) -> Result<ConnectionRow, Fault> {
    Ok(ConnectionRow {
        workspace: WorkspaceId(row.id(0)?),
        agent: AgentId(row.id(1)?),
        id: row.id(2)?,
        phone_number_id: row.string(3)?,
        token: row.bytes(4)?.to_vec(),
        token_tail: row.opt_string(5)?,
        business_account_id: row.opt_string(6)?,
        display_phone_number: row.opt_string(7)?,
        status: row.string(8)?,
        last_error: row.opt_string(9)?,
        revision: row.int(10)?,
        created_at: row.time(11)?,
        updated_at: row.time(12)?,
    })
}
