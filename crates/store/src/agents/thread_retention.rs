//! Removing threads that have served their time, with everything that was said in them. What they cost stays in the ledger, and what
//! happened in the activity of their agent.

use floe_model::{Fault, Mode, Scope, Timestamp, id::ThreadId, id::WorkspaceId};

use crate::{Tx, params, statements};

/// Threads removed in one step at most.
pub const STEP_MAX: usize = 50;

statements! {
    /// Threads in which nothing has happened for long, nothing is under way, and nobody is waited for.
    STALE = both(
        "select id from threads
         where workspace_id = $1 and mode = $2 and deleted_at is null and updated_at < $3 and state <> 'human'
             and not exists (select 1 from exchanges where exchanges.agent_id = threads.agent_id
                 and exchanges.thread_id = threads.id and exchanges.finished_at is null)
             and not exists (select 1 from agent_items where agent_items.workspace_id = $1
                 and agent_items.thread_id = threads.id and agent_items.status = 'open')
         order by updated_at limit $4"
    ) -> [id];
    /// What happened inside their exchanges.
    SPANS = both(
        "delete from exchange_spans where workspace_id = $1 and exchange_id in (
             select id from exchanges where workspace_id = $1 and thread_id = $2)"
    );
    /// What was told of them while they were made.
    PIECES = both(
        "delete from exchange_pieces where workspace_id = $1 and exchange_id in (
             select exchange_id from exchange_streams where workspace_id = $1 and thread_id = $2)"
    );
    /// That they were followed.
    STREAMS = both("delete from exchange_streams where workspace_id = $1 and thread_id = $2");
    /// Their exchanges.
    EXCHANGES = both("delete from exchanges where workspace_id = $1 and thread_id = $2");
    /// What was said.
    MESSAGES = both("delete from thread_messages where workspace_id = $1 and thread_id = $2");
    /// What waited for people.
    ITEMS = both("delete from agent_items where workspace_id = $1 and thread_id = $2");
    /// Themselves.
    THREAD = both("delete from threads where workspace_id = $1 and mode = $2 and id = $3");
}

/// Removes up to [`STEP_MAX`] threads of a workspace in which nothing has happened since `before`; returns how many.
///
/// # Errors
/// Of the database.
pub fn sweep(tx: &mut Tx<'_>, workspace: WorkspaceId, before: Timestamp) -> Result<usize, Fault> {
    let mut removed = 0;
    for mode in [Mode::Live, Mode::Test] {
        let scope = Scope { workspace, mode };
        let params = params![workspace, mode, before, STEP_MAX - removed];
        let stale = tx.rows(&STALE, params, |row| row.id(0).map(ThreadId))?;
        for thread in &stale {
            for statement in [&SPANS, &PIECES, &STREAMS, &EXCHANGES, &MESSAGES, &ITEMS] {
                tx.execute(statement, params![scope.workspace, *thread])?;
            }
            tx.execute(&THREAD, params![scope.workspace, scope.mode, *thread])?;
        }
        removed += stale.len();
    }
    Ok(removed)
}
