//! Runs of other slices that a run of a flow begins and waits for, such as a payment run.
//!
//! The run that calls pauses; the run that is called goes its own way by its own rules. When it is over, its slice enters the job of
//! [`ended`] in the transaction of that end, and the slice of the caller asks [`ChildRuns::outcome`] what came of it. So neither slice
//! knows the other, and a crash between the two ends loses nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use floe_engine::event::StepError;
use floe_engine::plan::Callee;
use floe_model::id::{FlowId, JobId, MemberId, RunId, WorkspaceId};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::platform::jobs::NewJob;
use serde_json::{Value, json};

/// The job that tells a run how one that it called stands; its subject is the called run.
pub const JOB_CHILD: &str = "flows.child";

/// A future of [`ChildRuns`].
pub type ChildFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A run is called.
#[derive(Debug, Clone)]
pub struct ChildCall {
    /// Whose, in which mode.
    pub scope: Scope,
    /// The run that calls.
    pub caller: RunId,
    /// Which of its calls, the same on every repeat of it.
    pub key: String,
    /// The step that calls.
    pub step: String,
    /// The flow that the calling run follows.
    pub flow: FlowId,
    /// Its name.
    pub flow_name: String,
    /// Whose flow it is: on that member's behalf the run begins.
    pub owner: Option<MemberId>,
    /// Who started the calling run, where a person did, or a person's key.
    pub starter: Option<MemberId>,
    /// The configuration after templates.
    pub input: Arc<Value>,
}

/// Why a run that was called cannot begin.
#[derive(Debug)]
pub enum Hindrance {
    /// It would not begin at another time either.
    Refused(StepError),
    /// The database does not answer.
    Database(Fault),
}

impl From<StepError> for Hindrance {
    fn from(error: StepError) -> Self {
        Self::Refused(error)
    }
}

/// Runs of one kind that flows can call.
pub trait ChildRuns: Send + Sync + 'static {
    /// Which kind.
    fn callee(&self) -> Callee;

    /// Begins a run. The same call again, as it comes after a crash, gives the run that began first; a call that was given up begins none.
    fn start(&self, call: ChildCall) -> ChildFuture<'_, Result<RunId, Hindrance>>;

    /// What came of a run: the record of the step that called it, or why that has failed. None while it goes on, and when there is none.
    ///
    /// # Errors
    /// Of the database.
    fn outcome(
        &self,
        workspace: WorkspaceId,
        child: RunId,
    ) -> ChildFuture<'_, Result<Option<Result<Value, StepError>>, Fault>>;

    /// Nobody waits for a run any more: ends it where its own rules allow that.
    ///
    /// # Errors
    /// Of the database.
    fn cancel(&self, workspace: WorkspaceId, child: RunId) -> ChildFuture<'_, Result<(), Fault>>;
}

/// The job that tells a run that one which it called is over.
#[must_use]
pub fn ended(id: JobId, scope: Scope, caller: RunId, child: RunId, now: Timestamp) -> NewJob {
    NewJob {
        id,
        workspace: scope.workspace,
        mode: Some(scope.mode),
        kind: JOB_CHILD,
        subject_id: Some(child.0),
        payload: json!({ "parent": caller }).to_string(),
        due_at: now,
        created_at: now,
    }
}
