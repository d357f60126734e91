//! The log of the calls of an address (console contract, section 5.3).

use std::sync::Arc;

use floe_model::id::{JobId, RunId, TriggerId, TriggerRequestId};
use floe_model::{Fault, Timestamp};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::flows::trigger_requests::{self as rows, TriggerRequest};
use floe_store::flows::triggers::TriggerRow;
use floe_store::platform::jobs::{self, Job, NewJob};
use serde_json::{Map, Value};

use super::{REQUESTS_DAYS, get};

/// The newest call of a trigger has served its time; the subject is the trigger.
const JOB_KEPT: &str = "flows.trigger_requests";
/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// A call to be logged.
#[derive(Debug, Clone)]
pub(super) struct Logged {
    pub(super) method: String,
    pub(super) ip: Option<String>,
    pub(super) status: u16,
    pub(super) error: Option<String>,
    pub(super) run: Option<RunId>,
    pub(super) replay_of: Option<TriggerRequestId>,
    pub(super) replayable: bool,
    pub(super) inputs: Map<String, Value>,
}

/// Removes the calls of triggers that nobody calls any more.
pub(super) struct Expired;

impl JobHandler for Expired {
    fn kind(&self) -> &'static str {
        JOB_KEPT
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Some(trigger) = job.subject_id.map(TriggerId) else { return Ok(()) };
            let (workspace, from) = (job.workspace, kept_from(platform.clock.now()));
            platform.store.write(move |tx| rows::trim(tx, workspace, trigger, from)).await
        })
    }
}

/// Writes a call into the log, and the job that removes it when no later one does.
pub(super) fn log(tx: &mut Tx<'_>, platform: &Platform, row: &TriggerRow, logged: &Logged) -> Result<(), Fault> {
    let now = platform.clock.now();
    let request = TriggerRequest {
        workspace: row.workspace,
        trigger: row.id,
        id: platform.ids.next(),
        at: now,
        method: logged.method.clone(),
        ip: logged.ip.clone(),
        status: logged.status,
        error: logged.error.clone(),
        run: logged.run,
        replay_of: logged.replay_of,
        replayable: logged.replayable,
        inputs: Value::Object(logged.inputs.clone()).to_string(),
    };
    rows::insert(tx, &request, kept_from(now))?;
    let job = NewJob {
        id: platform.ids.next::<JobId>(),
        workspace: row.workspace,
        mode: None,
        kind: JOB_KEPT,
        subject_id: Some(row.id.0),
        payload: "{}".to_owned(),
        due_at: now.plus_seconds(REQUESTS_DAYS * DAY_S + 1),
        created_at: now,
    };
    jobs::enqueue(tx, &job)
}

/// The last calls of a trigger that the caller may see, newest first.
///
/// # Errors
/// 404.
pub fn requests(tx: &mut Tx<'_>, ctx: &Ctx, trigger: TriggerId) -> Result<Vec<TriggerRequest>, Fault> {
    get(tx, ctx, trigger)?;
    rows::list(tx, ctx.caller.workspace, trigger, kept_from(ctx.now()))
}

fn kept_from(now: Timestamp) -> Timestamp {
    now.plus_seconds(-REQUESTS_DAYS * DAY_S)
}
