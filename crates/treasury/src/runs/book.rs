//! A run that a transaction holds: its row, and what the act leaves behind, written together when the book is closed.

use floe_model::id::{PaymentRunId, RunId};
use floe_model::treasury::RunStatus;
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::{Platform, child_runs};
use floe_store::Tx;
use floe_store::platform::audit::{self, Entry};
use floe_store::platform::jobs;
use floe_store::treasury::payment_run_events::{self as run_events, RunEvent};
use floe_store::treasury::payment_runs::{self as rows, PaymentRun};
use floe_store::webhooks::messages::{self, NewMessage};
use serde::Serialize;
use serde_json::json;

use super::jobs::{EXPIRE, STEP};
use super::{called, inbox};
use crate::Treasury;
use crate::trail::{self, Who};

/// The kind of event that tells of another state.
pub(crate) const STATUS: &str = "status";

/// A run, held until the end of the transaction.
pub(crate) struct Book<'p> {
    pub(crate) treasury: &'p Treasury,
    pub(crate) scope: Scope,
    pub(crate) at: Timestamp,
    before: PaymentRun,
    is_new: bool,
    /// The run as it will be written.
    pub(crate) run: PaymentRun,
    entries: Vec<Entry>,
    events: Vec<RunEvent>,
    messages: Vec<(&'static str, String)>,
}

impl<'p> Book<'p> {
    /// Takes a run until the end of the transaction.
    ///
    /// # Errors
    /// `not_found`.
    pub(crate) fn open(tx: &mut Tx<'_>, treasury: &'p Treasury, scope: Scope, id: PaymentRunId) -> Result<Self, Fault> {
        let run = rows::lock(tx, scope, id)?.ok_or_else(|| Fault::not_found("Run"))?;
        Ok(Self { is_new: false, ..Self::on(treasury, scope, run) })
    }

    /// A book on a run that this transaction made.
    pub(crate) fn on(treasury: &'p Treasury, scope: Scope, run: PaymentRun) -> Self {
        let at = treasury.platform.clock.now();
        let (entries, events, messages) = (Vec::new(), Vec::new(), Vec::new());
        Self { treasury, scope, at, before: run.clone(), is_new: true, run, entries, events, messages }
    }

    /// The process-wide services.
    pub(crate) fn platform(&self) -> &'p Platform {
        &self.treasury.platform
    }

    /// Brings the run into another state.
    pub(crate) fn enter(&mut self, status: RunStatus) {
        self.run.status = status;
        if status.is_final() {
            self.run.finished_at = Some(self.at);
        }
        let facts = json!({ "status": status.shown(), "phase": status, "error": self.run.error });
        self.happened(STATUS, &facts);
    }

    /// Something that whoever watches the run is told.
    pub(crate) fn happened(&mut self, kind: &str, facts: &impl Serialize) {
        self.run.last_event += 1;
        let seq = self.run.last_event;
        self.events.push(RunEvent { seq, kind: kind.to_owned(), data: trail::text(facts), at: self.at });
    }

    /// An entry in the audit chain.
    pub(crate) fn note(&mut self, who: &Who, action: &str, detail: &impl Serialize) {
        let run = Some(RunId(self.run.id.0));
        self.entries.push(trail::entry_at(self.platform(), self.scope, who, action, run, detail, self.at));
    }

    /// A webhook, sent in the order of these calls.
    pub(crate) fn tell(&mut self, kind: &'static str, data: &impl Serialize) {
        self.messages.push((kind, trail::text(data)));
    }

    /// Writes everything.
    ///
    /// # Errors
    /// Of the database.
    pub(crate) fn close(mut self, tx: &mut Tx<'_>) -> Result<PaymentRun, Fault> {
        self.run.updated_at = self.at.max(self.before.updated_at);
        audit::record_all(tx, &self.entries)?;
        run_events::add(tx, self.scope, self.run.id, &self.events)?;
        let mut next_id = || self.treasury.platform.ids.next_bits();
        let told: Vec<NewMessage<'_>> = self
            .messages
            .iter()
            .map(|(kind, data)| NewMessage { kind, subject_id: Some(self.run.id.0), data, at: self.at })
            .collect();
        messages::enqueue_all(tx, self.scope, &told, &mut next_id)?;
        if let Some(event) = inbox::of_change(&self.before, &self.run) {
            let run = &self.run;
            let (id, title, amount) = (run.id.0, run.objective.as_str(), run.total_amount);
            let told = inbox::Told { id, kind: "payment_approval", title, run: run.id, amount, at: self.at };
            inbox::tell(tx, &self.treasury.platform, self.scope, event, &told)?;
        }
        self.follow_up(tx)?;
        // Last, because it holds the counts of states, which all runs of a workspace share.
        rows::save(tx, self.scope, &self.before, &self.run)?;
        Ok(self.run)
    }

    /// Enters and removes the jobs that belong to the state that the run came into.
    fn follow_up(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let (id, left, came) = (self.run.id.0, self.before.status, self.run.status);
        if left == came && !self.is_new {
            return Ok(());
        }
        if came.is_final()
            && let Some(call) = called::caller(tx, self.scope, &self.run)?
        {
            let job = self.platform().ids.next();
            jobs::enqueue(tx, &child_runs::ended(job, self.scope, call.caller, RunId(id), self.at))?;
        }
        if left == RunStatus::AwaitingApproval {
            jobs::cancel(tx, EXPIRE, id)?;
        }
        match came {
            // A job of its own for planning and for scoring: each has its own attempts.
            RunStatus::Pending | RunStatus::Scoring => jobs::enqueue(tx, &super::jobs::job(self, STEP, self.at)),
            RunStatus::Planning => Ok(()),
            RunStatus::AwaitingApproval => {
                jobs::enqueue(tx, &super::jobs::job(self, EXPIRE, super::jobs::expiry(self.at)))
            }
            RunStatus::Executing
            | RunStatus::Completed
            | RunStatus::CompletedWithErrors
            | RunStatus::Failed
            | RunStatus::Cancelled => jobs::cancel(tx, STEP, id).map(drop),
        }
    }
}
