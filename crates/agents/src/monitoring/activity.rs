//! What happened to an agent, entry by entry, and the whole trace of an exchange (agents contract, section 6).

use floe_model::id::{ActivityId, AgentId};
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::agents::activity::{self as rows, Activity, Filter};
use floe_store::agents::exchanges::{self, Exchange};
use floe_store::agents::spans::{self, Span};

/// An entry with its trace, when it is one of an exchange.
#[derive(Debug)]
pub struct Entry {
    /// What happened.
    pub activity: Activity,
    /// The exchange that it is of.
    pub trace: Option<Trace>,
}

/// What happened inside an exchange.
#[derive(Debug)]
pub struct Trace {
    /// The exchange.
    pub exchange: Exchange,
    /// Its calls and checks, in order.
    pub spans: Vec<Span>,
}

/// Up to `limit` entries of an agent before one, newest first.
///
/// # Errors
/// Of the database.
pub fn activity(
    tx: &mut Tx<'_>,
    scope: Scope,
    agent: AgentId,
    filter: &Filter,
    before: Option<ActivityId>,
    limit: usize,
) -> Result<Vec<Activity>, Fault> {
    rows::list(tx, scope, agent, filter, before, limit)
}

/// One entry, with the trace of its exchange as far as that is kept.
///
/// # Errors
/// 404.
pub fn entry(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, id: ActivityId) -> Result<Entry, Fault> {
    let activity = rows::find(tx, scope, agent, id)?.ok_or_else(|| Fault::not_found("Activity"))?;
    let exchange = match activity.exchange {
        Some(id) => exchanges::find(tx, scope, id)?.filter(|found| found.agent == agent),
        None => None,
    };
    let trace = match exchange {
        Some(exchange) => Some(Trace { spans: spans::of(tx, scope, exchange.id)?, exchange }),
        None => None,
    };
    Ok(Entry { activity, trace })
}
