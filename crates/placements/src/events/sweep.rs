//! Removing what has served its time: old events, and reports of SDKs after 30 days. Sums stay.

use std::sync::Arc;

use floe_model::id::WorkspaceId;
use floe_model::{Fault, Timestamp};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::Tx;
use floe_store::placements::{events, sdk_errors};
use floe_store::platform::jobs::{self, Job, NewJob};

use super::Events;

/// The job of the sweep.
const JOB_SWEEP: &str = "placements.sweep_events";
/// There is one of it.
const SUBJECT: u128 = 0x666c_6f65_706c_6501;
/// Days that reports of SDKs are kept (Placements contract, section 4).
const REPORT_DAYS: i64 = 30;
/// Minutes from one sweep to the next.
const EVERY_MIN: i64 = 60;
/// Seconds from the start of a server to its first sweep.
const FIRST_S: i64 = 90;
/// Rows of one step.
const STEP: usize = 500;
/// Steps of one sweep; what is left waits for the next.
const STEPS_MAX: usize = 2_000;

/// Sweeps and enters the next sweep.
pub(super) struct Sweep {
    pub(super) retention_days: u32,
}

impl Events {
    /// Enters the first sweep; the server calls it when it starts.
    ///
    /// # Errors
    /// Of the database.
    pub async fn start_sweeps(&self) -> Result<(), Fault> {
        let platform = Arc::clone(&self.platform);
        let due = platform.clock.now().plus_seconds(FIRST_S);
        self.platform.store.write(move |tx| enter(tx, &platform, due)).await
    }

    /// Removes what has served its time, in small transactions, and tells how many rows.
    ///
    /// # Errors
    /// Of the database; what was removed before stays removed.
    pub async fn sweep(&self) -> Result<u64, Fault> {
        sweep(&self.platform, self.retention_days).await
    }
}

impl JobHandler for Sweep {
    fn kind(&self) -> &'static str {
        JOB_SWEEP
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, _: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            sweep(platform, self.retention_days).await?;
            let (again, due) = (Arc::clone(platform), platform.clock.now().plus_seconds(EVERY_MIN * 60));
            platform.store.write(move |tx| enter(tx, &again, due)).await
        })
    }
}

/// Looks before each step, so that nothing is written when nothing is old.
async fn sweep(platform: &Platform, retention_days: u32) -> Result<u64, Fault> {
    let (store, now) = (&platform.store, platform.clock.now());
    let reports_before = now.plus_seconds(-REPORT_DAYS * 86_400);
    let events_before = now.plus_seconds(-i64::from(retention_days) * 86_400);
    let mut removed = 0;
    for _ in 0..STEPS_MAX {
        let keeps = retention_days == 0;
        let look = move |tx: &mut Tx<'_>| {
            let old_events = !keeps && events::oldest_before(tx, events_before, 1)?.is_some();
            Ok((old_events, sdk_errors::any_before(tx, reports_before)?))
        };
        let (old_events, old_reports) = store.read(look).await?;
        if !old_events && !old_reports {
            break;
        }
        removed += store
            .write_later(move |tx| {
                let events = if old_events { events::purge(tx, events_before, STEP)? } else { 0 };
                let reports = if old_reports { sdk_errors::purge(tx, reports_before, STEP)? } else { 0 };
                Ok(events + reports)
            })
            .await?;
    }
    Ok(removed)
}

fn enter(tx: &mut Tx<'_>, platform: &Platform, due_at: Timestamp) -> Result<(), Fault> {
    let job = NewJob {
        id: platform.ids.next(),
        workspace: WorkspaceId(0),
        mode: None,
        kind: JOB_SWEEP,
        subject_id: Some(SUBJECT),
        payload: "{}".to_owned(),
        due_at,
        created_at: platform.clock.now(),
    };
    jobs::enqueue(tx, &job)
}
