//! The durable work of runs: moving one from its request to its approval, and ending one that nobody decides about.

use std::sync::Arc;

use floe_model::id::PaymentRunId;
use floe_model::treasury::RunStatus;
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::platform::jobs::{Job, NewJob};
use floe_store::treasury::payment_runs as rows;
use serde_json::json;
use tokio::sync::Semaphore;

use super::book::Book;
use super::create::give_credit_back;
use super::end::{End, fail};
use crate::Treasury;
use crate::trail::{Agent, Who};

/// Moves a run on: plans it, or scores its candidates and asks for approval.
pub(crate) const STEP: &str = "treasury.run.step";
/// Ends a run that waited too long for approval.
pub(crate) const EXPIRE: &str = "treasury.run.expire";

/// Days that a run waits for a decision (Treasury contract, section 3.5).
const DECISION_DAYS: i64 = 30;
/// Runs that are moved on at a time: what they write is much, and requests wait for it.
const STEPS_MAX: usize = 2;
/// Attempts of planning, and of scoring, before a run fails (Treasury contract, section 3.5).
const ATTEMPTS_MAX: u32 = 3;

/// When a run that comes to approval now is given up.
pub(crate) fn expiry(now: Timestamp) -> Timestamp {
    now.plus_seconds(DECISION_DAYS * 86_400)
}

/// A job about a run.
pub(crate) fn job(book: &Book<'_>, kind: &'static str, due_at: Timestamp) -> NewJob {
    NewJob {
        id: book.platform().ids.next(),
        workspace: book.scope.workspace,
        mode: Some(book.scope.mode),
        kind,
        subject_id: Some(book.run.id.0),
        payload: "{}".to_owned(),
        due_at,
        created_at: book.at,
    }
}

/// Whose run a job is about.
fn subject(job: &Job) -> Result<(Scope, PaymentRunId), Fault> {
    let (mode, id) =
        job.mode.zip(job.subject_id).ok_or_else(|| Fault::internal("a job of a payment run names none"))?;
    Ok((Scope { workspace: job.workspace, mode }, PaymentRunId(id)))
}

/// Moves runs on.
pub(crate) struct Step {
    treasury: Arc<Treasury>,
    turns: Semaphore,
}

impl Step {
    pub(crate) fn new(treasury: &Arc<Treasury>) -> Self {
        Self { treasury: Arc::clone(treasury), turns: Semaphore::new(STEPS_MAX) }
    }
}

impl JobHandler for Step {
    fn kind(&self) -> &'static str {
        STEP
    }

    fn run<'a>(&'a self, _: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (scope, id) = subject(job)?;
            let _turn = self.turns.acquire().await.map_err(Fault::internal)?;
            match self.treasury.advance(scope, id).await {
                Ok(()) => Ok(()),
                Err(fault) => {
                    self.treasury.attempt_failed(scope, id, job.attempts, &fault).await?.map_or(Ok(()), |()| Err(fault))
                }
            }
        })
    }
}

/// Ends runs that nobody decided about.
pub(crate) struct Expire(pub(crate) Arc<Treasury>);

impl JobHandler for Expire {
    fn kind(&self) -> &'static str {
        EXPIRE
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (scope, id) = subject(job)?;
            let treasury = Arc::clone(&self.0);
            let ending = platform.store.write(move |tx| {
                let mut book = Book::open(tx, &treasury, scope, id)?;
                let is_over = book.run.requested_at.is_some_and(|since| expiry(since) <= book.at);
                if book.run.status == RunStatus::AwaitingApproval && is_over {
                    fail(&mut book, RunStatus::Cancelled, &End::expired());
                    book.close(tx)?;
                }
                Ok(())
            });
            ending.await
        })
    }
}

impl Treasury {
    /// Plans a run, or scores its candidates and asks for approval; does nothing when it is past that.
    ///
    /// # Errors
    /// Of the database, the rail and the planner; the run stands where it stood.
    pub async fn advance(self: &Arc<Self>, scope: Scope, id: PaymentRunId) -> Result<(), Fault> {
        let found = self.platform.store.read(move |tx| rows::find(tx, scope, id)).await?;
        match found.map(|run| run.status) {
            Some(RunStatus::Pending) => {
                self.begin_planning(scope, id).await?;
                self.plan(scope, id).await
            }
            Some(RunStatus::Planning) => self.plan(scope, id).await,
            Some(RunStatus::Scoring) => self.score(scope, id).await,
            _ => Ok(()),
        }
    }

    async fn begin_planning(self: &Arc<Self>, scope: Scope, id: PaymentRunId) -> Result<(), Fault> {
        let treasury = Arc::clone(self);
        let beginning = self.platform.store.write_later(move |tx| {
            let mut book = Book::open(tx, &treasury, scope, id)?;
            if book.run.status == RunStatus::Pending {
                book.enter(RunStatus::Planning);
                book.close(tx)?;
            }
            Ok(())
        });
        beginning.await
    }

    /// Notes a failed attempt, and ends the run after the last one. Answers whether the job has to come again.
    async fn attempt_failed(
        self: &Arc<Self>,
        scope: Scope,
        id: PaymentRunId,
        attempt: u32,
        fault: &Fault,
    ) -> Result<Option<()>, Fault> {
        let (treasury, reason) = (Arc::clone(self), fault.code());
        tracing::warn!(run.id = %id, job.attempt = attempt, %fault, "a payment run cannot be prepared");
        let noting = self.platform.store.write(move |tx| {
            let mut book = Book::open(tx, &treasury, scope, id)?;
            let (agent, action, error) = match book.run.status {
                RunStatus::Planning => (Agent::Planner, "failed_planning", "planning_failed"),
                RunStatus::Scoring => (Agent::Risk, "failed_scoring", "scoring_failed"),
                _ => return Ok(Some(())),
            };
            book.note(&Who::agent(agent), action, &json!({ "attempt": attempt, "reason": reason }));
            if attempt < ATTEMPTS_MAX {
                book.close(tx)?;
                return Ok(Some(()));
            }
            if agent == Agent::Planner {
                give_credit_back(tx, &treasury.platform, scope, id)?;
            }
            fail(&mut book, RunStatus::Failed, &End::error(error));
            book.close(tx)?;
            Ok(None)
        });
        noting.await
    }
}
