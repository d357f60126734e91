//! Retention: finished runs go after the days that the settings of their workspace say, else those of the server, with their journals,
//! questions and files; domain events after 30 days; the activity of agents with the runs, but not before [`ACTIVITY_DAYS_MIN`] days.
//! Ledger, payments and audit are never removed (console contract, sections 5.1 and 8).

use std::sync::Arc;

use floe_model::id::{RunId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::Tx;
use floe_store::access::workspaces;
use floe_store::agents::{activity_retention, thread_retention};
use floe_store::operation::retention::{self, EVENTS_MAX};
use floe_store::platform::jobs::{self, Job, NewJob};
use serde_json::Value;

use crate::Operation;
use crate::claim::keep_claim;

/// The job of the sweep.
const JOB_SWEEP: &str = "operation.sweep";
/// There is one of it.
const SUBJECT: u128 = 0x666c_6f65_7377_7001;
/// Minutes from one sweep to the next.
const EVERY_MIN: i64 = 30;
/// Seconds from the start of a server to its first sweep.
const FIRST_S: i64 = 60;
/// Days that domain events are kept.
const EVENT_DAYS: i64 = 30;
/// Days that the activity of agents is kept at least, so that the performance of a whole quarter can be asked about.
const ACTIVITY_DAYS_MIN: i64 = 92;
/// Steps of one sweep; what is left waits for the next.
const STEPS_MAX: usize = 10_000;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Finished runs.
    pub runs: u64,
    /// Threads of agents.
    pub threads: u64,
    /// Entries in the activity of agents.
    pub activity: u64,
    /// Domain events.
    pub events: u64,
}

impl Operation {
    /// Enters the first sweep; the server calls it when it starts.
    ///
    /// # Errors
    /// Of the database.
    pub fn start_sweeps(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let now = self.platform.clock.now();
        self.enter_sweep(tx, now.plus_seconds(FIRST_S))
    }

    /// Removes what has served its time, in small transactions.
    ///
    /// # Errors
    /// Of the database; what was removed before stays removed.
    pub async fn sweep(&self) -> Result<Removed, Fault> {
        let now = self.platform.clock.now();
        let mut removed = Removed::default();
        let store = &self.platform.store;
        let (mut workspace, mut after, mut steps) = (WorkspaceId(0), RunId(0), 0);
        while let Some(next) = store.read(move |tx| retention::next_workspace(tx, workspace)).await? {
            workspace = next;
            let days = self.days_of(workspace).await?;
            let (before, long_before) = (days_before(now, days), days_before(now, days.max(ACTIVITY_DAYS_MIN)));
            loop {
                let (of, from) = (workspace, after);
                let swept = store.write_later(move |tx| retention::sweep_runs(tx, of, from, before)).await?;
                removed.runs += swept.removed;
                steps += 1;
                match swept.next {
                    Some(last) if steps < STEPS_MAX => after = last,
                    _ => break,
                }
            }
            after = RunId(0);
            let most = thread_retention::STEP_MAX;
            removed.threads += self.sweep_of(workspace, before, most, thread_retention::sweep).await?;
            let most = activity_retention::STEP_MAX;
            removed.activity += self.sweep_of(workspace, long_before, most, activity_retention::sweep).await?;
        }
        let before = days_before(now, i64::from(self.config.run_retention_days));
        for _ in 0..STEPS_MAX {
            if !store.write_later(move |tx| retention::sweep_bulk(tx, before)).await? {
                break;
            }
        }
        let before = days_before(now, EVENT_DAYS);
        for _ in 0..STEPS_MAX {
            let count = store.write_later(move |tx| retention::sweep_events(tx, before)).await?;
            removed.events += count;
            if usize::try_from(count).is_ok_and(|count| count < EVENTS_MAX) {
                break;
            }
        }
        Ok(removed)
    }

    /// Days that a workspace keeps what is over: those of its own settings, else the server's.
    async fn days_of(&self, workspace: WorkspaceId) -> Result<i64, Fault> {
        let found = self.platform.store.read(move |tx| workspaces::find(tx, workspace)).await?;
        let settings: Value = found.and_then(|found| serde_json::from_str(&found.settings).ok()).unwrap_or_default();
        let own = settings.get("run_retention_days").and_then(Value::as_i64).filter(|days| *days > 0);
        Ok(own.unwrap_or_else(|| i64::from(self.config.run_retention_days)))
    }

    /// Removes what a workspace holds from before an instant, `most` at a time, until nothing is left of it or the steps are used up.
    async fn sweep_of(
        &self,
        workspace: WorkspaceId,
        before: Timestamp,
        most: usize,
        step: fn(&mut Tx<'_>, WorkspaceId, Timestamp) -> Result<usize, Fault>,
    ) -> Result<u64, Fault> {
        let mut removed = 0;
        for _ in 0..STEPS_MAX {
            let count = self.platform.store.write_later(move |tx| step(tx, workspace, before)).await?;
            removed += count as u64;
            if count < most {
                break;
            }
        }
        Ok(removed)
    }

    fn enter_sweep(&self, tx: &mut Tx<'_>, due_at: Timestamp) -> Result<(), Fault> {
        let job = NewJob {
            id: self.platform.ids.next(),
            workspace: WorkspaceId(0),
            mode: None,
            kind: JOB_SWEEP,
            subject_id: Some(SUBJECT),
            payload: "{}".to_owned(),
            due_at,
            created_at: self.platform.clock.now(),
        };
        jobs::enqueue(tx, &job)
    }
}

fn days_before(now: Timestamp, days: i64) -> Timestamp {
    now.plus_seconds(-days * 86_400)
}

/// Sweeps and enters the next sweep.
pub(crate) struct Sweep(pub(crate) Arc<Operation>);

impl JobHandler for Sweep {
    fn kind(&self) -> &'static str {
        JOB_SWEEP
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let removed = tokio::select! {
                removed = self.0.sweep() => removed?,
                fault = keep_claim(platform, job.lease()) => return Err(fault),
            };
            if removed != Removed::default() {
                tracing::info!(runs = removed.runs, events = removed.events, "what has served its time was removed");
            }
            let (operation, due) = (Arc::clone(&self.0), platform.clock.now().plus_seconds(EVERY_MIN * 60));
            platform.store.write(move |tx| operation.enter_sweep(tx, due)).await
        })
    }
}
