//! Numbers of an agent over a time (agents contract, section 6). Credits come from the ledger, everything else from its activity.

use std::collections::BTreeMap;

use floe_model::agents::days::Days;
use floe_model::id::AgentId;
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::agents::activity_numbers::{self as numbers, Asked, Recent, Sums, ToolSums};

/// Numbers of an agent over a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Performance {
    /// The time.
    pub days: Days,
    /// All exchanges of it; credits are those of the ledger.
    pub total: Sums,
    /// Threads in which something was asked.
    pub threads: i64,
    /// Calls of tools.
    pub tool_calls: i64,
    /// Times that a person took over.
    pub handoffs: i64,
    /// How long answers took.
    pub latency: Latency,
    /// Every day, the newest first; credits are those of the ledger.
    pub by_day: Vec<(i64, Sums)>,
    /// By the model that answered.
    pub by_model: Vec<(String, Sums)>,
    /// By tool.
    pub by_tool: Vec<ToolSums>,
    /// Why exchanges failed.
    pub errors: Vec<(String, i64)>,
}

/// How long answers took, milliseconds; none without answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// The mean, rounded down.
    pub avg: Option<i64>,
    /// Half of them took no longer.
    pub p50: Option<i64>,
    /// 95 of 100 took no longer.
    pub p95: Option<i64>,
    /// 99 of 100 took no longer.
    pub p99: Option<i64>,
}

impl Performance {
    /// The part of exchanges that did not fail, 0 to 1 with four digits; none without exchanges.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let Sums { exchanges, errors, .. } = self.total;
        (exchanges > 0).then(|| ((exchanges - errors) as f64 / exchanges as f64 * 10_000.0).round() / 10_000.0)
    }
}

/// The mean of a sum, rounded down.
#[must_use]
pub const fn mean((count, sum): (i64, i64)) -> Option<i64> {
    if count > 0 { Some(sum / count) } else { None }
}

/// Numbers of an agent over a time. `since` is the first day that usage is told of.
///
/// # Errors
/// Of the database.
pub fn performance(
    tx: &mut Tx<'_>,
    scope: Scope,
    agent: AgentId,
    days: Days,
    since: i64,
) -> Result<Performance, Fault> {
    let asked = Asked { scope, agent, from: days.from(), to: days.to() };
    let usage = super::usage(tx, scope, agent, days, since)?;
    let total = Sums { credits: usage.total(), ..numbers::total(tx, asked)? };
    let (tool_calls, handoffs) = numbers::tools_and_handoffs(tx, asked)?;
    let known: BTreeMap<i64, Sums> = numbers::by_day(tx, asked)?.into_iter().collect();
    let of_day = |(day, credits)| (day, Sums { credits, ..known.get(&day).copied().unwrap_or_default() });
    Ok(Performance {
        days,
        threads: numbers::threads(tx, asked)?,
        tool_calls,
        handoffs,
        latency: latency(tx, asked, &total)?,
        by_day: usage.by_day.into_iter().map(of_day).collect(),
        by_model: numbers::by_model(tx, asked)?,
        by_tool: numbers::by_tool(tx, asked)?,
        errors: numbers::errors(tx, asked)?,
        total,
    })
}

/// What agents did since an instant, for lists of them.
///
/// # Errors
/// Of the database.
pub fn recent(
    tx: &mut Tx<'_>,
    scope: Scope,
    agents: &[AgentId],
    since: Timestamp,
) -> Result<BTreeMap<AgentId, Recent>, Fault> {
    Ok(numbers::recent(tx, scope, agents, since)?.into_iter().collect())
}

/// Percentiles by the nearest rank: the smallest time that so many did not exceed.
fn latency(tx: &mut Tx<'_>, asked: Asked, total: &Sums) -> Result<Latency, Fault> {
    let (count, _) = total.timed;
    let mut at = |percent: i64| match count {
        0 => Ok(None),
        count => numbers::nth_time(tx, asked, (count * percent + 99) / 100 - 1),
    };
    Ok(Latency { p50: at(50)?, p95: at(95)?, p99: at(99)?, avg: mean(total.timed) })
}
