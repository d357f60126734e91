//! Payment runs that flows call. Their own slice keeps them, in transactions of its own: what a crash takes away of the run that
//! called one, it does not take away of them.

use std::sync::Arc;

use floe_engine::event::{Happening, Place, StepError};
use floe_model::id::RunId;
use serde_json::{Value, json};

use super::disk::Job;
use super::{Broken, Sim};

/// A place of a run, and the attempt.
pub(super) type Call = (RunId, Place, u32);

/// A payment run on disk.
#[derive(Debug)]
pub(super) struct Payment {
    /// Which call it belongs to.
    call: Call,
    input: Arc<Value>,
    /// Whether whoever called it has given it up.
    is_unwanted: bool,
    /// What came of it, once it is over.
    pub(super) outcome: Option<Result<Arc<Value>, StepError>>,
}

impl Sim<'_> {
    /// A payment run is called: it may begin long after that, and also when nobody wants it any more.
    pub(super) fn call_payment(&mut self, run: RunId, place: Place, input: Arc<Value>) -> Result<(), Broken> {
        let Some(attempt) = self.memory.runs.get(&run).and_then(|live| live.machine.calls(place)) else {
            return Ok(());
        };
        let intended = self.disk.runs.get(&run).and_then(|row| row.intended.get(&place).copied()).unwrap_or_default();
        if intended < attempt {
            return Err(self.broken(format!("a payment run of {run} begins before its call is on disk")));
        }
        self.memory.payments.push(((run, place, attempt), input));
        // Somebody gives the run up in this very moment.
        if self.chance.one_in(5) { self.cancel(run) } else { Ok(()) }
    }

    /// One that is called begins, or is found as it has begun, and its caller is told of it; says whether there was one.
    pub(super) fn begin_payment(&mut self) -> Result<bool, Broken> {
        if self.memory.payments.is_empty() {
            return Ok(false);
        }
        let at = self.chance.below(self.memory.payments.len());
        let (call, input) = self.memory.payments.swap_remove(at);
        let (run, place, _) = call;
        let known = self.disk.payments.iter().find(|(_, payment)| payment.call == call).map(|(child, _)| *child);
        let child = match known {
            Some(child) => {
                self.coverage.met("payment found again");
                if self.disk.payments[&child].input != input {
                    return Err(self.broken(format!("a payment run of {run} is called again with {input}")));
                }
                child
            }
            None if self.disk.given_up.contains(&call) => {
                self.coverage.met("payment given up before it began");
                return Ok(true);
            }
            None => {
                let child = RunId(self.fresh());
                self.disk.payments.insert(child, Payment { call, input, is_unwanted: false, outcome: None });
                child
            }
        };
        self.tell(|| format!("payment run {child} of {run}"));
        if self.chance.one_in(8) {
            // Its caller is lost before it notes that.
            return self.crash().map(|()| true);
        }
        let what = Happening::ChildStarted { place, child };
        let Some(live) = self.memory.runs.get_mut(&run).filter(|live| live.machine.accepts(&what)) else {
            return Ok(true);
        };
        live.called.push(child);
        self.happen(run, Some(what))?;
        if self.memory.runs.get(&run).is_some_and(|live| live.machine.place_of_child(child).is_some()) {
            let question = Some(Box::new(json!({ "childRunId": child })));
            self.happen(run, Some(Happening::ChildPaused { child, question }))?;
        }
        Ok(true)
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

    /// A call that nobody wants any more: it makes none from now on, and what it made is stopped.
    pub(super) fn give_up_payment(&mut self, call: Call) {
        match self.disk.payments.iter().find(|(_, payment)| payment.call == call).map(|(child, _)| *child) {
            Some(child) => self.cancel_payment(child),
            None => _ = self.disk.given_up.insert(call),
        }
    }

    /// Nobody waits for it any more: it is stopped unless it was released before.
    pub(super) fn cancel_payment(&mut self, child: RunId) {
        let Some(payment) = self.disk.payments.get_mut(&child) else { return };
        payment.is_unwanted = true;
        if payment.outcome.is_none() && self.chance.one_in(2) {
            self.coverage.met("payment cancelled with its caller");
            self.over(child, Err(StepError::new("CANCELLED", "No")));
        }
    }

    /// Its end and the job that tells of it are one write.
    fn over(&mut self, child: RunId, outcome: Result<Arc<Value>, StepError>) {
        self.tell(|| format!("payment run {child} is over: {outcome:?}"));
        let Some(payment) = self.disk.payments.get_mut(&child) else { return };
        payment.outcome = Some(outcome);
        let parent = payment.call.0;
        self.disk.jobs.insert(Job::ChildNews { parent, child, number: 1 });
    }

    /// Each payment run is known to the run that called it, or was stopped as far as that could be done.
    pub(super) fn check_payments(&self) -> Result<(), Broken> {
        for (child, payment) in &self.disk.payments {
            let (run, place, attempt) = payment.call;
            let noted = self.disk.runs.get(&run).and_then(|row| row.children.get(&(place, attempt)));
            if noted != Some(child) && !payment.is_unwanted {
                return Err(self.broken(format!("nobody knows of the payment run {child}: {payment:?}")));
            }
        }
        Ok(())
    }
}
