//! Placements that change by themselves at set times: `scheduled_changes` (Placements contract, section 14).
//!
//! A resolve makes what is due by its own clock, so a change holds from its time on to the moment. The job of this file writes it down
//! afterwards: into the placement, its history and the audit log.

use std::sync::Arc;

use floe_model::id::{AppId, PlacementId, WorkspaceId};
use floe_model::placements::PlacementStatus;
use floe_model::placements::schedule::{self, ScheduledChange};
use floe_model::{Fault, Timestamp};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::Tx;
use floe_store::placements::placements::{self as rows, Placement};
use floe_store::placements::revisions;
use floe_store::platform::jobs::{self, Job};
use serde_json::{Value, json};

use crate::experiments::{job, subject};
use crate::placements::record;
use crate::trail::{self, Note, Who};

/// The job that writes down what is due.
const CHANGE: &str = "placements.placement.change";

/// Enters the job of a placement's next change, or removes it. Whoever writes a placement calls this in the same transaction.
///
/// # Errors
/// Of the database, and an internal fault for a list that cannot be read.
pub fn enter(tx: &mut Tx<'_>, platform: &Platform, workspace: WorkspaceId, placement: &Placement) -> Result<(), Fault> {
    match changes(placement)?.first() {
        Some(next) => {
            let job = job(platform, workspace, CHANGE, (placement.app, placement.id.0), next.at)?;
            jobs::enqueue(tx, &job)
        }
        None => cancel(tx, placement.id),
    }
}

/// Removes the job of a placement that goes.
///
/// # Errors
/// Of the database.
pub fn cancel(tx: &mut Tx<'_>, id: PlacementId) -> Result<(), Fault> {
    jobs::cancel(tx, CHANGE, id.0).map(drop)
}

/// Makes what is due of a placement's changes, and takes it off the list; answers what was made.
///
/// # Errors
/// An internal fault for a list or a status that cannot be read.
pub fn settle(placement: &mut Placement, now: Timestamp) -> Result<Vec<ScheduledChange>, Fault> {
    let all = changes(placement)?;
    let (due, later) = schedule::due(&all, now);
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let mut status = PlacementStatus::parse(&placement.status)
        .ok_or_else(|| Fault::internal("the status of a placement cannot be read"))?;
    schedule::apply(due, &mut placement.default_version, &mut status);
    status.as_str().clone_into(&mut placement.status);
    placement.scheduled_changes = schedule::write(later).to_string();
    Ok(due.to_vec())
}

fn changes(placement: &Placement) -> Result<Vec<ScheduledChange>, Fault> {
    let list: Value = serde_json::from_str(&placement.scheduled_changes).map_err(Fault::internal)?;
    schedule::read(&list, "scheduled_changes")
        .map_err(|_| Fault::internal("the scheduled changes of a placement cannot be read"))
}

/// Durable work of this file.
pub(crate) fn handlers() -> Vec<Arc<dyn JobHandler>> {
    vec![Arc::new(Change)]
}

struct Change;

impl JobHandler for Change {
    fn kind(&self) -> &'static str {
        CHANGE
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (app, id) = subject(job)?;
            let (workspace, within) = (job.workspace, Arc::clone(platform));
            platform.store.write(move |tx| write_down(tx, &within, workspace, app, PlacementId(id))).await
        })
    }
}

fn write_down(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    app: AppId,
    id: PlacementId,
) -> Result<(), Fault> {
    revisions::bump(tx, workspace)?;
    let (who, now) = (Who::system(workspace), platform.clock.now());
    let Some(mut placement) = rows::find_by_id(tx, workspace, app, id)? else { return Ok(()) };
    let made = settle(&mut placement, now)?;
    if !made.is_empty() {
        placement.updated_at = now;
        if !rows::update(tx, workspace, &placement)? {
            return Err(Fault::internal("a placement changed while its workspace was held"));
        }
        let detail = json!({ "app_id": app, "changes": schedule::write(&made) });
        record(tx, platform, &who, &placement, "scheduled_change", &detail)?;
        let note = Note::new("changed_placement_at_its_time", "placement", id.0, &placement.key, detail);
        trail::note(tx, platform, &who, note)?;
    }
    enter(tx, platform, workspace, &placement)
}
