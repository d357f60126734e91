//! Lists of table `threads`, those that were busy last first; and what is removed with a thread for good.

use floe_model::{
    Fault, Scope, Timestamp,
    agents::exchange::ThreadState,
    id::{AgentId, ThreadId},
};

use super::threads::{Thread, thread, thread_columns};
use crate::{Tx, like, params, statements};

/// Threads of one page at most.
pub const PAGE_MAX: usize = 201;

/// Which threads a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// With one agent.
    pub agent: Option<AgentId>,
    /// In one state.
    pub state: Option<ThreadState>,
    /// Text in their id, as callers spell it, or their title.
    pub text: Option<String>,
}

/// A place in a list: when the last thread of the page before was busy, and its id.
pub type Place = (Timestamp, ThreadId);

statements! {
    /// A page of all of a workspace and mode.
    LIST = both(concat!(
        "select ", thread_columns!(), " from threads
         where workspace_id = $1 and mode = $2 and deleted_at is null
             and (updated_at < $3 or (updated_at = $3 and id < $4))
             and (state = $5 or $5 is null)
             and (lower(alias) like $6 escape '!' or lower(title) like $6 escape '!' or $6 is null)
         order by updated_at desc, id desc limit $7"
    )) -> [id, id, text, text, text, opt text, json, opt text, opt text, int, int, int, int, opt time, time, time];
    /// A page of those with one agent.
    LIST_OF = both(concat!(
        "select ", thread_columns!(), " from threads
         where workspace_id = $1 and mode = $2 and agent_id = $8 and deleted_at is null
             and (updated_at < $3 or (updated_at = $3 and id < $4))
             and (state = $5 or $5 is null)
             and (lower(alias) like $6 escape '!' or lower(title) like $6 escape '!' or $6 is null)
         order by updated_at desc, id desc limit $7"
    )) -> [id, id, text, text, text, opt text, json, opt text, opt text, int, int, int, int, opt time, time, time];
    /// A page of those with one agent, in the order in which they began, the newest first.
    BEGUN = both(concat!(
        "select ", thread_columns!(), " from threads
         where workspace_id = $1 and mode = $2 and agent_id = $3 and deleted_at is null order by id desc limit $4 offset $5"
    )) -> [id, id, text, text, text, opt text, json, opt text, opt text, int, int, int, int, opt time, time, time];
    /// How many a list has.
    COUNT = both(
        "select count(*) from threads
         where workspace_id = $1 and mode = $2 and deleted_at is null
             and (state = $3 or $3 is null)
             and (lower(alias) like $4 escape '!' or lower(title) like $4 escape '!' or $4 is null)
             and (agent_id = $5 or $5 is null)"
    ) -> [int];
    /// What was said inside the exchanges of a thread.
    PURGE_SPANS = both(
        "delete from exchange_spans where workspace_id = $1 and exchange_id in (
             select id from exchanges where workspace_id = $1 and thread_id = $2 and finished_at is not null)"
    );
    /// What came in and went out; what was counted stays.
    PURGE_EXCHANGES = both(
        "update exchanges set request = '{}', answer = null, config = null, error = null
         where workspace_id = $1 and thread_id = $2 and finished_at is not null"
    );
}

/// Up to `limit` ([`PAGE_MAX`] at most) threads after a place (`None`: from the busiest).
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    scope: Scope,
    filter: &Filter,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<Thread>, Fault> {
    let (at, id) = after.unwrap_or((Timestamp(i64::MAX), ThreadId(u128::MAX)));
    let (state, text) = (filter.state.map(ThreadState::as_str), filter.text.as_deref().map(like::contains));
    let limit = limit.min(PAGE_MAX);
    match filter.agent {
        None => tx.rows(&LIST, params![scope.workspace, scope.mode, at, id, state, &text, limit], thread),
        Some(agent) => {
            tx.rows(&LIST_OF, params![scope.workspace, scope.mode, at, id, state, &text, limit, agent], thread)
        }
    }
}

/// Up to `limit` ([`PAGE_MAX`] at most) threads of an agent behind the first `offset`, those that began last first.
///
/// # Errors
/// Of the database.
pub fn begun(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, limit: usize, offset: i64) -> Result<Vec<Thread>, Fault> {
    let params = params![scope.workspace, scope.mode, agent, limit.min(PAGE_MAX), offset];
    tx.rows(&BEGUN, params, thread)
}

/// How many threads [`list`] has over all pages.
///
/// # Errors
/// Of the database.
pub fn total(tx: &mut Tx<'_>, scope: Scope, filter: &Filter) -> Result<i64, Fault> {
    let (state, text) = (filter.state.map(ThreadState::as_str), filter.text.as_deref().map(like::contains));
    let values = params![scope.workspace, scope.mode, state, &text, filter.agent];
    Ok(tx.row(&COUNT, values, |row| row.int(0))?.unwrap_or(0))
}

/// Removes what was said inside the ended exchanges of a thread, for good; what they cost and used stays.
///
/// # Errors
/// Of the database.
pub fn purge(tx: &mut Tx<'_>, scope: Scope, id: ThreadId) -> Result<(), Fault> {
    super::exchange_streams::forget(tx, scope, id)?;
    tx.execute(&PURGE_SPANS, params![scope.workspace, id])?;
    tx.execute(&PURGE_EXCHANGES, params![scope.workspace, id]).map(drop)
}
