//! Erasing: all that is known of a user of an app, and the events of an app that is gone.
//!
//! Both are durable work in small steps. What was answered before the request is erased with it, also what still lies in the journal;
//! sums stay, since they name nobody.

use std::sync::Arc;

use floe_model::id::{AppId, WorkspaceId};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::placements::{event_days, event_journal, events, outcomes, revisions, sdk_errors};
use floe_store::platform::jobs::{self, Job, NewJob};
use serde::{Deserialize, Serialize};

use super::read::known;
use super::{Events, digest};
use crate::trail::{self, Note, Who};

const JOB_USER: &str = "placements.erase_user";
const JOB_APP: &str = "placements.erase_app";
/// Events of one transaction.
const STEP: usize = 500;
/// Transactions of one job before it makes room for others.
const STEPS_MAX: usize = 200;
/// Milliseconds until what other nodes hold in memory is written, so that it is erased too.
const SETTLE_MS: i64 = 1_000;
/// Milliseconds until a job that could not finish goes on.
const AGAIN_MS: i64 = 500;

/// Whom to erase.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Whom {
    app: AppId,
    user: String,
    /// Microseconds since 1970: what came in later is of somebody who went on.
    until: i64,
    /// What lay in the journal up to here is entered before.
    journal: Option<i64>,
}

/// An app whose events are to go.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Gone {
    app: AppId,
    journal: Option<i64>,
}

impl Events {
    /// Enters the erasure of all events, assignments and reports of a user in an app, in both modes.
    ///
    /// # Errors
    /// 404 when there is no such app, and of the database.
    pub fn erase_user(tx: &mut Tx<'_>, ctx: &Ctx, platform: &Platform, app: AppId, user_id: &str) -> Result<(), Fault> {
        let workspace = ctx.caller.workspace;
        known(tx, workspace, app)?;
        // The name would outlive the person in the audit log.
        let detail = serde_json::json!({ "user_digest": format!("{:032x}", digest(user_id)) });
        trail::note(tx, platform, &Who::caller(ctx), Note::new("erased_user", "app", app.0, "", detail))?;
        let until = platform.clock.now().micros();
        let whom = Whom { app, user: user_id.to_owned(), until, journal: event_journal::newest(tx)? };
        enter(tx, platform, workspace, JOB_USER, &whom, platform.clock.now().plus_millis(SETTLE_MS))
    }
}

/// Enters the removal of the events of an app that is being deleted, in the transaction that deletes it.
///
/// # Errors
/// Of the database.
pub fn forget_app(tx: &mut Tx<'_>, platform: &Platform, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    let gone = Gone { app, journal: event_journal::newest(tx)? };
    enter(tx, platform, workspace, JOB_APP, &gone, platform.clock.now().plus_millis(SETTLE_MS))
}

/// Erases users.
pub(super) struct EraseUser {
    pub(super) events: Arc<Events>,
}

impl JobHandler for EraseUser {
    fn kind(&self) -> &'static str {
        JOB_USER
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let whom: Whom = serde_json::from_str(&job.payload).map_err(Fault::internal)?;
            self.events.finish().await;
            let (workspace, app, user) = (job.workspace, whom.app, whom.user.clone());
            let store = &platform.store;
            if waits(platform, whom.journal).await?
                || !remove(platform, workspace, app, Some((&user, Timestamp(whom.until)))).await?
            {
                return again(platform, job).await;
            }
            let act = move |tx: &mut Tx<'_>| {
                outcomes::erase_user(tx, workspace, app, &user)?;
                sdk_errors::erase(tx, workspace, app, &user)?;
                // What nodes remember of the user's assignments.
                revisions::bump(tx, workspace).map(drop)
            };
            store.write(act).await
        })
    }
}

/// Removes what apps reported that are gone.
pub(super) struct EraseApp;

impl JobHandler for EraseApp {
    fn kind(&self) -> &'static str {
        JOB_APP
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Gone { app, journal } = serde_json::from_str(&job.payload).map_err(Fault::internal)?;
            let workspace = job.workspace;
            let store = &platform.store;
            if waits(platform, journal).await? || !remove(platform, workspace, app, None).await? {
                return again(platform, job).await;
            }
            for _ in 0..STEPS_MAX {
                if store.write(move |tx| event_days::remove_day(tx, workspace, app)).await? == 0 {
                    return store.write(move |tx| sdk_errors::delete_all(tx, workspace, app)).await;
                }
            }
            again(platform, job).await
        })
    }
}

/// Whether something of the journal is still to be entered.
async fn waits(platform: &Platform, journal: Option<i64>) -> Result<bool, Fault> {
    let Some(position) = journal else { return Ok(false) };
    platform.store.read(move |tx| event_journal::any_until(tx, position)).await
}

/// Removes events of an app, of one user up to an instant or all, in both modes; false when some are left after many steps.
async fn remove(
    platform: &Platform,
    workspace: WorkspaceId,
    app: AppId,
    user: Option<(&str, Timestamp)>,
) -> Result<bool, Fault> {
    let mut steps = 0;
    for mode in [Mode::Live, Mode::Test] {
        let scope = Scope { workspace, mode };
        loop {
            let user = user.map(|(user, until)| (user.to_owned(), until));
            let removing = platform.store.write(move |tx| match &user {
                Some((user, until)) => events::erase(tx, scope, app, user, *until, STEP),
                None => events::remove(tx, scope, app, STEP),
            });
            if removing.await? == 0 {
                break;
            }
            steps += 1;
            if steps >= STEPS_MAX {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Enters the same job once more; this one is over.
async fn again(platform: &Arc<Platform>, job: &Job) -> Result<(), Fault> {
    let kind = if job.kind == JOB_USER { JOB_USER } else { JOB_APP };
    let (again, workspace, payload) = (Arc::clone(platform), job.workspace, job.payload.clone());
    let due = platform.clock.now().plus_millis(AGAIN_MS);
    platform.store.write(move |tx| enqueue(tx, &again, workspace, kind, payload.clone(), due)).await
}

fn enter(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    kind: &'static str,
    payload: &impl Serialize,
    due_at: Timestamp,
) -> Result<(), Fault> {
    let payload = serde_json::to_string(payload).map_err(Fault::internal)?;
    enqueue(tx, platform, workspace, kind, payload, due_at)
}

fn enqueue(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    kind: &'static str,
    payload: String,
    due_at: Timestamp,
) -> Result<(), Fault> {
    let created_at = platform.clock.now();
    let job =
        NewJob { id: platform.ids.next(), workspace, mode: None, kind, subject_id: None, payload, due_at, created_at };
    jobs::enqueue(tx, &job)
}
