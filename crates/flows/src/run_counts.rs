//! How many runs a flow has, without counting all of them each time.
//!
//! Every list says how many rows there are in all, and a flow can have millions. Ids of runs begin with the time, so the runs before a moment
//! that has long passed neither come nor go, but for retention: their number is remembered for a minute. Of those since, all but the last seconds'
//! are remembered for a moment, so that a flow with thousands of starts a second is listed as quickly; only the newest are counted each time.

use floe_model::id::{FlowId, RunId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::flows::run_totals;
use quick_cache::sync::Cache;

/// Flows whose number is remembered.
const ENTRIES_MAX: usize = 4_096;
/// The runs whose number is remembered for long.
const OLD: Tier = Tier { settled_ms: 120_000, kept_ms: 60_000 };
/// The runs whose number is remembered for a moment: one whose write took longer than it is old is missing in a list for that moment.
const RECENT: Tier = Tier { settled_ms: 4_000, kept_ms: 2_000 };
/// Place of the milliseconds in an id (RFC 9562, section 5.7).
const TIME_SHIFT: u32 = 80;

/// Numbers that are remembered.
pub(crate) struct RunCounts(Cache<(WorkspaceId, FlowId), Known>);

/// How a number is remembered.
#[derive(Debug, Clone, Copy)]
struct Tier {
    /// Age of the runs that are counted, in milliseconds: none of that time is still to be written.
    settled_ms: i64,
    /// How long their number is remembered, in milliseconds: within this time a list shows what has changed.
    kept_ms: i64,
}

/// What is remembered of a flow. The recent number includes the old one.
#[derive(Debug, Clone, Copy)]
struct Known {
    old: Counted,
    recent: Counted,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    before: RunId,
    count: u64,
    at: Timestamp,
}

impl RunCounts {
    pub(crate) fn new() -> Self {
        Self(Cache::new(ENTRIES_MAX))
    }

    /// How many runs a flow has.
    ///
    /// # Errors
    /// Of the database.
    pub(crate) fn count(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
        flow: FlowId,
        now: Timestamp,
    ) -> Result<u64, Fault> {
        let known = self.0.get(&(workspace, flow));
        let recent = match known.map(|known| known.recent).filter(|counted| RECENT.is_fresh(counted, now)) {
            Some(recent) => recent,
            None => {
                let mut count_on = |tier: Tier, base: Counted| {
                    let before = tier.boundary(now).max(base.before);
                    let more = run_totals::count_between(tx, workspace, flow, base.before, before)?;
                    Ok::<_, Fault>(Counted { before, count: base.count + more, at: now })
                };
                let none = Counted { before: RunId(0), count: 0, at: now };
                let old = match known.map(|known| known.old).filter(|counted| OLD.is_fresh(counted, now)) {
                    Some(old) => old,
                    None => count_on(OLD, none)?,
                };
                let recent = count_on(RECENT, old)?;
                self.0.insert((workspace, flow), Known { old, recent });
                recent
            }
        };
        Ok(recent.count + run_totals::count_from(tx, workspace, flow, recent.before)?)
    }
}

impl Tier {
    fn is_fresh(self, counted: &Counted, now: Timestamp) -> bool {
        (0..self.kept_ms).contains(&now.millis_since(counted.at))
    }

    /// The lowest id of a run that is not counted.
    fn boundary(self, now: Timestamp) -> RunId {
        first_id(now.plus_millis(-self.settled_ms))
    }
}

/// The lowest id of a moment.
fn first_id(at: Timestamp) -> RunId {
    RunId(u128::from(at.millis().unsigned_abs()) << TIME_SHIFT)
}
