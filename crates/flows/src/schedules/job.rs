//! The job of a schedule's time.

use std::sync::Arc;

use floe_model::id::FlowId;
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::platform::jobs::Job;

use super::JOB_SCHEDULE;
use super::fire::{Due, settle};
use super::wait::due_of;
use crate::Flows;
use crate::definitions::{self, VersionChoice};
use crate::runs::{Plans, RunEngine};

/// The time of a schedule has come.
pub(super) struct ScheduleDue {
    plans: Arc<Plans>,
    runs: RunEngine,
}

impl ScheduleDue {
    pub(super) fn new(flows: &Flows) -> Self {
        Self { plans: Arc::clone(&flows.plans), runs: flows.runs.clone() }
    }
}

impl JobHandler for ScheduleDue {
    fn kind(&self) -> &'static str {
        JOB_SCHEDULE
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (Some(flow), Some(due)) = (job.subject_id.map(FlowId), due_of(&job.payload)) else { return Ok(()) };
            let workspace = job.workspace;
            // Compiled before the transaction, which then finds the plan. What cannot be compiled is told there.
            let resolved =
                platform.store.read(move |tx| definitions::resolve(tx, workspace, flow, VersionChoice::Latest)).await;
            if let Ok(resolved) = resolved {
                let _ = self.plans.compile(resolved.document_hash, &resolved.definition);
            }
            let (shared, plans) = (Arc::clone(platform), Arc::clone(&self.plans));
            let due = Due { workspace, flow, due };
            let queued = platform.store.write(move |tx| settle(tx, &shared, &plans, due)).await?;
            if let Some(queued) = queued {
                self.runs.take_up(&queued);
            }
            Ok(())
        })
    }
}
