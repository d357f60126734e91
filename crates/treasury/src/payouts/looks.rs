//! Looks at the movements of a rail for money that came back after a success (Treasury contract, section 4.4).
//!
//! Each run has one job: it begins with the first payout that succeeds, starts over with every later one, and ends after the last look of
//! the schedule.

use std::sync::Arc;

use floe_model::id::{JobId, PaymentRunId};
use floe_model::treasury::OrderState;
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::Tx;
use floe_store::platform::jobs::{self, Job, NewJob};
use floe_store::treasury::payout_orders;
use floe_store::treasury::payout_runs::{self, PayoutRun};

use super::ending::{Ending, Outcome};
use super::rails::{Look, Movement};
use crate::Treasury;
use crate::trail::{Agent, Who};

/// Kind of the job.
const KIND: &str = "treasury.looks";
/// Movements of one look that are looked up together.
const CHUNK: usize = 500;

/// Plans the next look of a run, if there is one.
pub(super) fn enqueue(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    run: &PayoutRun,
    now: Timestamp,
) -> Result<(), Fault> {
    let Some(due_at) = treasury.settings.payouts.schedule.look_after(run.looks, now) else { return Ok(()) };
    let id: JobId = treasury.platform.ids.next();
    jobs::enqueue(
        tx,
        &NewJob {
            id,
            workspace: scope.workspace,
            mode: Some(scope.mode),
            kind: KIND,
            subject_id: Some(run.run.0),
            payload: "{}".to_owned(),
            due_at,
            created_at: now,
        },
    )
}

/// Looks for money that came back.
pub(super) struct Looks(pub(super) Arc<Treasury>);

impl JobHandler for Looks {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run<'a>(&'a self, _platform: &'a Arc<floe_runtime::Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (Some(mode), Some(subject)) = (job.mode, job.subject_id) else { return Ok(()) };
            look(&self.0, Scope { workspace: job.workspace, mode }, PaymentRunId(subject)).await
        })
    }
}

async fn look(treasury: &Arc<Treasury>, scope: Scope, run: PaymentRunId) -> Result<(), Fault> {
    let store = &treasury.platform.store;
    let Some(released) = store.read(move |tx| payout_runs::find(tx, scope, run)).await? else { return Ok(()) };
    let now = treasury.platform.clock.now();
    let look = Look { run, since: released.looked_to.unwrap_or(released.released_at), until: now };
    let moved = match treasury.rails.named(scope.mode, &released.rail) {
        Some(rail) => rail.movements(look).await,
        None => None,
    };
    // Where the rail could not say, the next look covers this time as well.
    let looked_to = moved.as_ref().map(|_| now);
    let moved = Arc::new(moved.unwrap_or_default());
    let shared = Arc::clone(treasury);
    store.write(move |tx| take_back(tx, &shared, scope, run, &moved, looked_to, now)).await
}

/// Writes what came back, and plans the next look.
fn take_back(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    run: PaymentRunId,
    moved: &[Movement],
    looked_to: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Fault> {
    let who = Who::agent(Agent::Execution);
    let mut ending = Ending::open(tx, treasury, scope, run, &who, now)?;
    for chunk in moved.chunks(CHUNK) {
        let references: Vec<String> = chunk.iter().map(|movement| movement.reference.clone()).collect();
        let mut orders = payout_orders::of_references(tx, scope, &references)?;
        orders.retain(|order| order.run == run && order.state == OrderState::Success);
        let back =
            Outcome { from: OrderState::Success, to: OrderState::Reversed, code: None, reason: None, questions: 0 };
        ending.end(tx, &orders.iter().collect::<Vec<_>>(), back)?;
    }
    ending.run.looks += 1;
    ending.run.looked_to = looked_to.or(ending.run.looked_to);
    enqueue(tx, treasury, scope, &ending.run, now)?;
    ending.close(tx)
}
