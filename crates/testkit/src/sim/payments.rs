//! Payment runs that flows call. Their own slice keeps them, in transactions of its own: what a crash takes away of the run that
//! called one, it does not take away of them.

use std::sync::Arc;

use floe_engine::event::{Happening, Place, StepError};
use floe_model::id::RunId;
use serde_json::{Value, json};

use super::disk::Job;
use super::{Broken, Sim};

/// A payment run on disk.
#[derive(Debug)]
pub(super) struct Payment {
    /// Which call it belongs to.
    call: (RunId, Place, u32),
    input: Arc<Value>,
    /// What came of it, once it is over.
    pub(super) outcome: Option<Result<Arc<Value>, StepError>>,
}

impl Sim<'_> {
    /// A called payment run begins, or is found as it has begun.
    pub(super) fn begin_payment(&mut self, run: RunId, place: Place, input: Arc<Value>) -> Result<(), Broken> {
        let Some(attempt) = self.memory.runs.get(&run).and_then(|live| live.machine.calls(place)) else {
            return Ok(());
        };
        let intended = self.disk.runs.get(&run).and_then(|row| row.intended.get(&place).copied()).unwrap_or_default();
        if intended < attempt {
            return Err(self.broken(format!("a payment run of {run} begins before its call is on disk")));
        }
        let call = (run, place, attempt);
        let known = self.disk.payments.iter().find(|(_, payment)| payment.call == call).map(|(child, _)| *child);
        let child = match known {
            Some(child) => {
                self.coverage.met("payment found again");
                if self.disk.payments[&child].input != input {
                    return Err(self.broken(format!("a payment run of {run} is called again with {input}")));
                }
                child
            }
            None => {
                let child = RunId(self.fresh());
                self.disk.payments.insert(child, Payment { call, input, outcome: None });
                child
            }
        };
        self.tell(|| format!("payment run {child} of {run}"));
        // The caller may be lost, or give up, before it notes that.
        match self.chance.below(8) {
            0 => return self.crash(),
            1 => self.cancel(run)?,
            _ => {}
        }
        let what = Happening::ChildStarted { place, child };
        match self.memory.runs.get_mut(&run).filter(|live| live.machine.accepts(&what)) {
            Some(live) => live.called.push(child),
            None => return self.cancel_payment(child),
        }
        self.happen(run, Some(what))
    }

    /// One that is under way comes to its end; says whether there was one.
    pub(super) fn end_payment(&mut self) -> bool {
        let open: Vec<RunId> = self
            .disk
            .payments
            .iter()
            .filter(|(_, payment)| payment.outcome.is_none())
            .map(|(child, _)| *child)
            .collect();
        if open.is_empty() {
            return false;
        }
        let child = *self.chance.pick(&open);
        let outcome = match self.chance.below(4) {
            0 => Err(StepError::new("CANCELLED", "No")),
            _ => Ok(Arc::new(json!({ "payment_run_id": child, "status": "completed", "n": self.chance.below(4) }))),
        };
        self.over(child, outcome);
        true
    }

    /// Nobody waits for it any more: it is stopped unless it was released before.
    pub(super) fn cancel_payment(&mut self, child: RunId) -> Result<(), Broken> {
        let is_open = self.disk.payments.get(&child).is_some_and(|payment| payment.outcome.is_none());
        if is_open && self.chance.one_in(2) {
            self.coverage.met("payment cancelled with its caller");
            self.over(child, Err(StepError::new("CANCELLED", "No")));
        }
        Ok(())
    }

    /// Its end and the job that tells of it are one write.
    fn over(&mut self, child: RunId, outcome: Result<Arc<Value>, StepError>) {
        self.tell(|| format!("payment run {child} is over: {outcome:?}"));
        let Some(payment) = self.disk.payments.get_mut(&child) else { return };
        payment.outcome = Some(outcome);
        let parent = payment.call.0;
        self.disk.jobs.insert(Job::ChildNews { parent, child, number: 1 });
    }
}
