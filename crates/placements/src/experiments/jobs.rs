//! Experiments that start and stop by themselves: `start_at` and `stop_at` (Placements contract, section 14).

use std::sync::Arc;

use floe_model::id::{AppId, ExperimentId, WorkspaceId};
use floe_model::placements::experiment::{Action, Status};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::Tx;
use floe_store::placements::experiments::{self as rows, Experiment};
use floe_store::platform::jobs::{self, Job, NewJob};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::transit;
use crate::trail::{self, Note, Who};

/// The job that starts a draft.
const START: &str = "placements.experiment.start";
/// The job that stops a running or paused experiment.
const STOP: &str = "placements.experiment.stop";

/// What a job of this file or of `schedules.rs` knows beside its subject.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Payload {
    /// The app of the subject.
    pub(crate) app_id: AppId,
}

/// A job about something of an app.
pub(crate) fn job(
    platform: &Platform,
    workspace: WorkspaceId,
    kind: &'static str,
    (app_id, subject): (AppId, u128),
    due_at: Timestamp,
) -> Result<NewJob, Fault> {
    Ok(NewJob {
        id: platform.ids.next(),
        workspace,
        mode: None,
        kind,
        subject_id: Some(subject),
        payload: serde_json::to_string(&Payload { app_id }).map_err(Fault::internal)?,
        due_at,
        created_at: platform.clock.now(),
    })
}

/// The app and the subject of a job.
pub(crate) fn subject(job: &Job) -> Result<(AppId, u128), Fault> {
    let payload: Payload = serde_json::from_str(&job.payload).map_err(Fault::internal)?;
    let subject = job.subject_id.ok_or_else(|| Fault::internal("a job of an app is about nothing"))?;
    Ok((payload.app_id, subject))
}

/// Enters what an experiment does by itself from its state on, and removes the rest.
///
/// # Errors
/// Of the database.
pub(crate) fn enter(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    experiment: &Experiment,
) -> Result<(), Fault> {
    let wanted = [
        (START, experiment.start_at.filter(|_| experiment.status == Status::Draft)),
        (STOP, experiment.stop_at.filter(|_| experiment.status.is_bound())),
    ];
    for (kind, due_at) in wanted {
        match due_at {
            Some(due_at) => {
                let job = job(platform, workspace, kind, (experiment.app, experiment.id.0), due_at)?;
                jobs::enqueue(tx, &job)?;
            }
            None => jobs::cancel(tx, kind, experiment.id.0).map(drop)?,
        }
    }
    Ok(())
}

/// Removes what an experiment would do by itself.
///
/// # Errors
/// Of the database.
pub(super) fn cancel(tx: &mut Tx<'_>, id: ExperimentId) -> Result<(), Fault> {
    [START, STOP].into_iter().try_for_each(|kind| jobs::cancel(tx, kind, id.0).map(drop))
}

/// Durable work about experiments.
pub(crate) fn handlers() -> Vec<Arc<dyn JobHandler>> {
    vec![Arc::new(Timed { kind: START, action: Action::Start }), Arc::new(Timed { kind: STOP, action: Action::Stop })]
}

/// Does one thing to an experiment when its time has come.
struct Timed {
    kind: &'static str,
    action: Action,
}

impl JobHandler for Timed {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (app, id) = subject(job)?;
            let (workspace, action) = (job.workspace, self.action);
            let within = Arc::clone(platform);
            let acting = platform.store.write(move |tx| {
                let who = Who::system(workspace);
                act(tx, &within, &who, (app, ExperimentId(id)), action)
            });
            match acting.await {
                // What cannot start now is not tried again: whoever mends it starts it.
                Err(fault) if fault.kind() == FaultKind::Conflict => {
                    let within = Arc::clone(platform);
                    let reason = fault.message().to_owned();
                    let noting = platform
                        .store
                        .write(move |tx| not_done(tx, &within, workspace, (app, ExperimentId(id)), action, &reason));
                    noting.await
                }
                done => done,
            }
        })
    }
}

/// Acts when it is still wanted, and its time has come.
fn act(
    tx: &mut Tx<'_>,
    platform: &Platform,
    who: &Who,
    (app, id): (AppId, ExperimentId),
    action: Action,
) -> Result<(), Fault> {
    let Some(found) = rows::find(tx, who.workspace, app, id)? else { return Ok(()) };
    let (due_at, is_open) = match action {
        Action::Start => (found.start_at, found.status == Status::Draft),
        _ => (found.stop_at, found.status.is_bound()),
    };
    if !is_open || due_at.is_none_or(|due_at| due_at > platform.clock.now()) {
        return Ok(());
    }
    transit(tx, platform, who, (app, id), action, None).map(drop)
}

fn not_done(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    (app, id): (AppId, ExperimentId),
    action: Action,
    reason: &str,
) -> Result<(), Fault> {
    let Some(found) = rows::find(tx, workspace, app, id)? else { return Ok(()) };
    tracing::warn!(experiment.id = %id, action = %action, reason, "an experiment cannot be moved on at its time");
    let detail = json!({ "app_id": app, "action": action, "reason": reason });
    let note = Note::new("skipped_experiment_time", "experiment", id.0, &found.name, detail);
    trail::note(tx, platform, &Who::system(workspace), note)
}
