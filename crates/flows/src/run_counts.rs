//! How many runs a flow has, without counting all of them each time.
//!
//! Every list says how many rows there are in all, and a flow can have millions. Ids of runs begin with the time, so the runs before a moment
//! that has long passed neither come nor go, but for retention: their number is remembered for a while, and only those since are counted.

use floe_model::id::{FlowId, RunId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::flows::run_totals;
use quick_cache::sync::Cache;

/// Flows whose number is remembered.
const ENTRIES_MAX: usize = 4_096;
/// Age at which no run of that time is still to be written: longer than the longest transaction, milliseconds.
const SETTLED_MS: i64 = 120_000;
/// How long a number is remembered: within this time a list shows what retention has removed, milliseconds.
const KEPT_MS: i64 = 60_000;
/// Place of the milliseconds in an id (RFC 9562, section 5.7).
const TIME_SHIFT: u32 = 80;

/// Numbers that are remembered.
pub(crate) struct RunCounts(Cache<(WorkspaceId, FlowId), Counted>);

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
        let is_fresh = |counted: &Counted| (0..KEPT_MS).contains(&now.millis_since(counted.at));
        let known = match self.0.get(&(workspace, flow)).filter(is_fresh) {
            Some(known) => known,
            None => {
                let before = first_id(now.plus_millis(-SETTLED_MS));
                let count = run_totals::count_before(tx, workspace, flow, before)?;
                let counted = Counted { before, count, at: now };
                self.0.insert((workspace, flow), counted);
                counted
            }
        };
        Ok(known.count + run_totals::count_from(tx, workspace, flow, known.before)?)
    }
}

/// The lowest id of a moment.
fn first_id(at: Timestamp) -> RunId {
    RunId(u128::from(at.millis().unsigned_abs()) << TIME_SHIFT)
}
