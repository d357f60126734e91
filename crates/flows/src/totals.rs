//! Sums over the runs of a flow (Flow API contract, section 7, `overview`).

use floe_model::id::FlowId;
use floe_model::{Fault, Timestamp};
use floe_runtime::Ctx;
use floe_store::flows::run_totals::{self, Day, ErrorCount, Group, Period};
use floe_store::flows::runs::{self, RunFilter, RunOrder, RunRow};

use crate::Flows;
use crate::definitions;

/// The runs of a flow in a period, summed up.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Runs by status, version and trigger.
    pub groups: Vec<Group>,
    /// Days in UTC that had runs, the earliest first.
    pub days: Vec<Day>,
    /// The most frequent errors first.
    pub errors: Vec<ErrorCount>,
    /// Active times of runs that are over.
    pub durations: Durations,
    /// Runs that wait now, whenever they began.
    pub waiting: u64,
    /// The newest run, whenever it began.
    pub last: Option<RunRow>,
}

/// Active times in milliseconds, of the newest 10,000 runs at most; `None` when there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Durations {
    /// Mean.
    pub avg: Option<i64>,
    /// Median.
    pub p50: Option<i64>,
    /// 95 of 100 runs were not slower.
    pub p95: Option<i64>,
    /// 99 of 100 runs were not slower.
    pub p99: Option<i64>,
}

impl Overview {
    /// Runs, of one status or of all.
    #[must_use]
    pub fn count(&self, status: Option<&str>) -> u64 {
        let of_status = |group: &&Group| status.is_none_or(|status| group.status == status);
        self.groups.iter().filter(of_status).map(|group| group.count).sum()
    }

    /// Completed runs among those that completed or failed; `None` when there are none.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let (completed, failed) = (self.count(Some("completed")), self.count(Some("failed")));
        (completed + failed > 0).then(|| completed as f64 / (completed + failed) as f64)
    }
}

impl Durations {
    /// Of times in ascending order. Percentiles are those of the nearest rank.
    #[must_use]
    pub fn of(sorted: &[i64]) -> Self {
        let rank = |percent: usize| {
            let position = (sorted.len() * percent).div_ceil(100).max(1) - 1;
            sorted.get(position).copied()
        };
        let sum: i128 = sorted.iter().map(|&ms| i128::from(ms)).sum();
        let avg = (!sorted.is_empty()).then(|| i64::try_from(sum / sorted.len() as i128).unwrap_or(i64::MAX));
        Self { avg, p50: rank(50), p95: rank(95), p99: rank(99) }
    }
}

impl Flows {
    /// The runs of a flow that began in a period, `to` not included.
    ///
    /// # Errors
    /// 404 for a flow that is not there or may not be seen.
    pub async fn overview(&self, ctx: &Ctx, flow: FlowId, from: Timestamp, to: Timestamp) -> Result<Overview, Fault> {
        let caller = ctx.clone();
        ctx.store
            .read(move |tx| {
                definitions::visible(tx, &caller, flow)?;
                let workspace = caller.caller.workspace;
                let period = Period { workspace, flow, from, to };
                let newest = runs::list(tx, workspace, flow, &RunFilter::default(), RunOrder::Newest, 1, 0)?;
                Ok(Overview {
                    groups: run_totals::groups(tx, period)?,
                    days: run_totals::days(tx, period)?,
                    errors: run_totals::errors(tx, period)?,
                    durations: Durations::of(&run_totals::durations(tx, period)?),
                    waiting: run_totals::waiting(tx, workspace, flow)?,
                    last: newest.into_iter().next(),
                })
            })
            .await
    }
}

#[cfg(test)]
mod tests;
