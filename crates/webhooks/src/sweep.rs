//! Removing what has served its time: the log of deliveries is kept 30 days (treasury contract, section 10.6).

use std::sync::Arc;

use floe_model::id::WorkspaceId;
use floe_model::{Fault, Timestamp};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::Tx;
use floe_store::platform::jobs::{self, Job, NewJob};
use floe_store::webhooks::retention;

use crate::Webhooks;

/// The job of the sweep.
const JOB_SWEEP: &str = "webhooks.sweep";
/// There is one of it.
const SUBJECT: u128 = 0x666c_6f65_7768_6b01;
/// Days that the log is kept.
const KEPT_DAYS: i64 = 30;
/// Minutes from one sweep to the next.
const EVERY_MIN: i64 = 30;
/// Seconds from the start of a server to its first sweep.
const FIRST_S: i64 = 60;
/// Steps of one sweep; what is left waits for the next.
const STEPS_MAX: usize = 800;

/// Sweeps and enters the next sweep.
pub(crate) struct Sweep;

impl Webhooks {
    /// Enters the first sweep; the server calls it when it starts.
    ///
    /// # Errors
    /// Of the database.
    pub async fn start_sweeps(&self) -> Result<(), Fault> {
        let platform = Arc::clone(&self.platform);
        let due = platform.clock.now().plus_seconds(FIRST_S);
        self.platform.store.write(move |tx| enter(tx, &platform, due)).await
    }

    /// Removes what has served its time, in small transactions; returns how many rows.
    ///
    /// # Errors
    /// Of the database; what was removed before stays removed.
    pub async fn sweep(&self) -> Result<u64, Fault> {
        sweep(&self.platform).await
    }
}

impl JobHandler for Sweep {
    fn kind(&self) -> &'static str {
        JOB_SWEEP
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, _: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            sweep(platform).await?;
            let (again, due) = (Arc::clone(platform), platform.clock.now().plus_seconds(EVERY_MIN * 60));
            platform.store.write(move |tx| enter(tx, &again, due)).await
        })
    }
}

async fn sweep(platform: &Platform) -> Result<u64, Fault> {
    let before = platform.clock.now().plus_seconds(-KEPT_DAYS * 86_400);
    let mut removed = 0;
    for _ in 0..STEPS_MAX {
        let count = platform.store.write_later(move |tx| retention::sweep(tx, before)).await?;
        removed += count;
        if count == 0 {
            break;
        }
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
