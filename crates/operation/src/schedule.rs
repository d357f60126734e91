//! The schedule of backups (console contract, section 5.10, `/backup-schedule`): one for the installation, which the settings give and
//! an owner may change.

use std::sync::Arc;

use floe_model::flows::cron::{Cron, Zone};
use floe_model::id::WorkspaceId;
use floe_model::{Fault, FaultKind, Timestamp};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::{Ctx, Platform};
use floe_store::operation::facts;
use floe_store::platform::jobs::{self, Job, NewJob};
use floe_store::{Dialect, Tx};
use serde::{Deserialize, Serialize};

use crate::Operation;
use crate::claim::keep_claim;
use crate::trail::audit;

/// The job that takes the scheduled backup and enters the next one.
const JOB_SCHEDULED: &str = "operation.backup_scheduled";
/// The one job of the schedule.
const SUBJECT: u128 = 0x666c_6f65_6261_6b01;
/// Under this name the schedule is stored.
const FACT: &str = "backup_schedule";
/// Most backups that may be kept.
pub const KEEP_MAX: u32 = 1_000;

/// When backups are taken by themselves, and how many are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Five fields; empty: never.
    pub cron: String,
    /// IANA name of the zone in which they are meant.
    pub timezone: String,
    /// Scheduled backups that are kept, 1 to [`KEEP_MAX`].
    pub keep: u32,
}

/// A schedule with what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// The schedule.
    pub schedule: Schedule,
    /// Counts its changes; 0 while the settings give it.
    pub revision: i64,
    /// The next time; none for a schedule that is empty.
    pub next_at: Option<Timestamp>,
}

impl Schedule {
    /// The next time after `now`.
    #[must_use]
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let zone = Zone::parse(&self.timezone)?;
        Cron::parse(&self.cron).ok()?.next_after(&zone, now)
    }
}

impl Operation {
    /// The schedule that holds.
    ///
    /// # Errors
    /// 422 `not_supported` on PostgreSQL.
    pub fn schedule(&self, tx: &mut Tx<'_>) -> Result<Current, Fault> {
        if tx.dialect() == Dialect::Postgres {
            let message = floe_store::CopyError::NotSqlite.to_string();
            return Err(Fault::new(FaultKind::Unprocessable, "not_supported", message));
        }
        let (schedule, revision) = match facts::find(tx, FACT)? {
            Some(known) => (serde_json::from_str(&known.value).map_err(Fault::internal)?, known.revision),
            None => (self.schedule_of_settings(), 0),
        };
        let next_at = schedule.next_after(self.platform.clock.now());
        Ok(Current { schedule, revision, next_at })
    }

    /// Changes the schedule.
    ///
    /// # Errors
    /// 400 for a pattern or zone that is none; 412 for a stale revision; those of [`Operation::may_back_up`].
    pub fn reschedule(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Ctx,
        schedule: &Schedule,
        if_revision: Option<i64>,
    ) -> Result<Current, Fault> {
        self.may_back_up(tx, ctx)?;
        if !schedule.cron.is_empty() {
            Cron::parse(&schedule.cron).map_err(|error| Fault::field("/cron", "value", error.to_string()))?;
        }
        if Zone::parse(&schedule.timezone).is_none() {
            return Err(Fault::field(
                "/timezone",
                "value",
                "This is not the name of a time zone, such as Africa/Lagos",
            ));
        }
        let value = serde_json::to_string(schedule).map_err(Fault::internal)?;
        facts::change(tx, FACT, &value, if_revision, ctx.now())?;
        audit(tx, ctx, "changed_backup_schedule", None, &serde_json::to_value(schedule).map_err(Fault::internal)?)?;
        let current = self.schedule(tx)?;
        self.enter(tx, current.next_at)?;
        Ok(current)
    }

    /// Enters the next scheduled backup; the server calls it when it starts. Does nothing on PostgreSQL.
    ///
    /// # Errors
    /// Of the database.
    pub fn start_schedule(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        if tx.dialect() == Dialect::Postgres {
            return Ok(());
        }
        let next = self.schedule(tx)?.next_at;
        self.enter(tx, next)
    }

    /// The settings' schedule.
    fn schedule_of_settings(&self) -> Schedule {
        Schedule { cron: self.config.backup_cron.clone(), timezone: "UTC".to_owned(), keep: self.config.backup_keep }
    }

    fn enter(&self, tx: &mut Tx<'_>, at: Option<Timestamp>) -> Result<(), Fault> {
        let Some(due_at) = at else {
            return jobs::cancel(tx, JOB_SCHEDULED, SUBJECT).map(drop);
        };
        let job = NewJob {
            id: self.platform.ids.next(),
            workspace: WorkspaceId(0),
            mode: None,
            kind: JOB_SCHEDULED,
            subject_id: Some(SUBJECT),
            payload: "{}".to_owned(),
            due_at,
            created_at: self.platform.clock.now(),
        };
        jobs::enqueue(tx, &job)
    }
}

/// Takes the scheduled backup, removes old ones, and enters the next.
pub(crate) struct Scheduled(pub(crate) Arc<Operation>);

impl JobHandler for Scheduled {
    fn kind(&self) -> &'static str {
        JOB_SCHEDULED
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let taken = tokio::select! {
                taken = self.0.take_now("scheduled", false, None, None) => taken,
                fault = keep_claim(platform, job.lease()) => return Err(fault),
            };
            // A backup that failed is told by its row and by the doctor; the schedule goes on.
            if taken.is_ok() {
                let operation = Arc::clone(&self.0);
                let current = platform.store.read(move |tx| operation.schedule(tx)).await?;
                self.0.prune(usize::try_from(current.schedule.keep).unwrap_or(1)).await?;
            }
            let operation = Arc::clone(&self.0);
            platform.store.write(move |tx| operation.start_schedule(tx)).await
        })
    }
}
