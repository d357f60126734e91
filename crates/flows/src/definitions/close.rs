//! The end of a workspace: its flows are deleted one after the other, as if somebody did it by hand.

use std::sync::Arc;

use floe_model::access::Caller;
use floe_model::id::{JobId, WorkspaceId};
use floe_model::{Fault, FaultKind, Mode};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::flows::{flows, ownership};
use floe_store::platform::jobs::{self, Job, NewJob};

use super::delete::delete_held;

/// Deletes the flows of a workspace that has ended; the subject is the workspace.
pub const JOB_CLOSE: &str = "flows.close_workspace";

/// Flows that one transaction deletes: others wait for it.
const FLOWS_A_TIME: usize = 20;
/// Transactions of one try of the job; what is left then waits for the next.
const ROUNDS_MAX: usize = 100;

/// The jobs of definitions.
#[must_use]
pub fn handlers() -> Vec<Arc<dyn JobHandler>> {
    vec![Arc::new(CloseWorkspace)]
}

/// Has the flows of a workspace deleted that ends in this transaction, with their schedules, share links and open runs.
///
/// # Errors
/// Of the database.
pub fn close_workspace(tx: &mut Tx<'_>, ctx: &Ctx, workspace: WorkspaceId) -> Result<(), Fault> {
    let job = NewJob {
        id: ctx.ids.next::<JobId>(),
        workspace,
        mode: None,
        kind: JOB_CLOSE,
        subject_id: Some(workspace.0),
        payload: "{}".to_owned(),
        due_at: ctx.now(),
        created_at: ctx.now(),
    };
    jobs::enqueue(tx, &job)
}

struct CloseWorkspace;

impl JobHandler for CloseWorkspace {
    fn kind(&self) -> &'static str {
        JOB_CLOSE
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let caller = Arc::new(Caller::system(job.workspace, Mode::Live));
            let ctx = Ctx::new(Arc::clone(platform), caller, platform.ids.next());
            for _ in 0..ROUNDS_MAX {
                let ctx = ctx.clone();
                let deleting = platform.store.write(move |tx| {
                    let found = ownership::first(tx, ctx.caller.workspace, FLOWS_A_TIME)?;
                    for &flow in &found {
                        if let Some(flow) = flows::hold(tx, ctx.caller.workspace, flow)? {
                            delete_held(tx, &ctx, &flow)?;
                        }
                    }
                    Ok(found.len())
                });
                if deleting.await? < FLOWS_A_TIME {
                    return Ok(());
                }
            }
            Err(Fault::new(FaultKind::Overloaded, "overloaded", "More flows of an ended workspace are left"))
        })
    }
}
