//! What an agent used, day by day, read from the ledger (agents contract, section 3).

use std::collections::BTreeMap;

use floe_model::agents::days::Days;
use floe_model::id::AgentId;
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::access::credit_entries;

/// What an agent used in a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The time.
    pub days: Days,
    /// Every day of it, the newest first: days since 1970, and thousandths of credits.
    pub by_day: Vec<(i64, i64)>,
    /// The first day that is told, when the time begins before it.
    pub told_since: Option<i64>,
}

impl Usage {
    /// The sum of the days, in thousandths of credits.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.by_day.iter().map(|(_, used)| used).sum()
    }
}

/// What an agent used on each day; days before `since` are zero.
///
/// # Errors
/// Of the database.
pub fn usage(tx: &mut Tx<'_>, scope: Scope, agent: AgentId, days: Days, since: i64) -> Result<Usage, Fault> {
    let found = credit_entries::agent_days(tx, scope, agent.0, days.from(), days.to())?;
    let found: BTreeMap<i64, i64> = found.into_iter().filter(|(day, _)| *day >= since).collect();
    let by_day = days.newest_first().map(|day| (day, found.get(&day).copied().unwrap_or(0))).collect();
    Ok(Usage { days, by_day, told_since: (days.first < since).then_some(since) })
}
