//! Removing what happened long ago from the activity of agents. What was used stays in the ledger, and who changed an agent in the audit.
//!
//! Ids are in the order of time, so old entries are found by their key alone.

use floe_model::{Fault, Mode, Timestamp, id::AgentId, id::WorkspaceId};

use crate::{Tx, params, statements};

/// Entries removed in one step at most.
pub const STEP_MAX: usize = 500;

statements! {
    /// The next agent that did something.
    NEXT_AGENT = both(
        "select agent_id from agent_activity where workspace_id = $1 and mode = $2 and agent_id > $3 order by agent_id limit 1"
    ) -> [id];
    /// The oldest entries of an agent before a moment.
    OLD = both(
        "delete from agent_activity where workspace_id = $1 and mode = $2 and agent_id = $3 and id in (
             select id from agent_activity where workspace_id = $1 and mode = $2 and agent_id = $3 and id < $4 order by id limit $5)"
    );
}

/// Removes up to [`STEP_MAX`] entries of a workspace that were made before an instant; returns how many.
///
/// # Errors
/// Of the database.
pub fn sweep(tx: &mut Tx<'_>, workspace: WorkspaceId, before: Timestamp) -> Result<usize, Fault> {
    // The first 48 bits of an id are the milliseconds of its time (RFC 9562, UUIDv7).
    let bound = u128::from(before.millis().max(0).unsigned_abs()) << 80;
    let mut removed = 0;
    for mode in [Mode::Live, Mode::Test] {
        let mut agent = AgentId(0);
        while removed < STEP_MAX
            && let Some(next) = tx.row(&NEXT_AGENT, params![workspace, mode, agent], |row| row.id(0).map(AgentId))?
        {
            agent = next;
            let values = params![workspace, mode, agent, AgentId(bound), STEP_MAX - removed];
            removed += usize::try_from(tx.execute(&OLD, values)?).unwrap_or(usize::MAX);
        }
    }
    Ok(removed)
}
