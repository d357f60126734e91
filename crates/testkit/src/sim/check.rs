//! What must hold of runs, in memory and at the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use floe_engine::event::{Event, Happening};
use floe_engine::machine::{Command, Machine, Outcome};
use floe_engine::records::{History, StepStatus};
use floe_model::id::RunId;

use super::disk::{DiskRun, Shown};
use super::memory::Ack;
use super::{Broken, Sim};

impl Sim<'_> {
    /// A run in memory equals what its journal will tell once everything is written.
    pub(super) fn check_memory(&self, run: RunId) -> Result<(), Broken> {
        let Some(live) = self.memory.runs.get(&run).filter(|live| !live.is_idle) else { return Ok(()) };
        let mut events = self.disk.runs.get(&run).map(DiskRun::events).unwrap_or_default();
        let in_flight = self.memory.flush.iter().flat_map(|flush| &flush.writes).filter(|write| write.run == run);
        events.extend(in_flight.flat_map(|write| write.events.iter().map(written_and_read)));
        events.extend(live.events.iter().map(written_and_read));
        let mut recovered = Machine::recover(Arc::clone(live.machine.plan()), &events);
        let untouched = format!("{recovered:?}");
        let mut commands = 0;
        while let Some(command) = recovered.next() {
            if matches!(command, Command::Evaluate(_)) {
                // A node of a graph may wait for scripts; after a recovery it is simply evaluated again.
                commands += usize::from(live.machine.is_graph());
                break;
            }
            commands += 1;
        }
        // Nobody has taken the commands of a run that has to queue.
        let told = if live.queued { untouched } else { format!("{recovered:?}") };
        let lives = format!("{:?}", live.machine);
        if lives != told {
            let (lives, told) = difference(&lives, &told);
            return Err(self.broken(format!("{run} in memory is not what its journal tells:\n{lives}\n{told}")));
        }
        let is_over = recovered.outcome().is_some();
        let awaits = commands > 0 || recovered.children().next().is_some() || (live.queued && !is_over);
        if is_over == awaits {
            let why = format!("{run} is {:?} and has {commands} things under way", recovered.outcome());
            return Err(self.broken(why));
        }
        Ok(())
    }

    /// Something is on disk, and whoever asked for it is told.
    pub(super) fn acknowledge(&mut self, run: RunId, ack: Ack) -> Result<(), Broken> {
        match ack {
            Ack::Started => self.started.push(run),
            Ack::Cancelled => self.cancelled.push(run),
            Ack::Answered(wait, answer) => {
                if self.answers.insert(wait, (run, answer)).is_some() {
                    return Err(self.broken(format!("two answers to {wait} are confirmed")));
                }
            }
        }
        Ok(())
    }

    /// Everything has come to its end, as was promised.
    pub(super) fn check_end(&mut self) -> Result<(), Broken> {
        for run in &self.started {
            if !self.disk.runs.contains_key(run) {
                return Err(self.broken(format!("{run} was accepted and is lost")));
            }
        }
        for (wait, (run, answer)) in &self.answers {
            let kept = self.disk.runs.get(run).and_then(|row| row.answers.get(wait)).cloned().flatten();
            if kept.as_ref() != Some(answer) {
                return Err(self.broken(format!("{answer:?} to {wait} was confirmed, {kept:?} is kept")));
            }
        }
        if let Some(run) = self.cancelled.iter().find(|run| self.disk.runs.get(run).is_none_or(|row| !row.cancelled)) {
            return Err(self.broken(format!("the cancellation of {run} was confirmed and is lost")));
        }
        self.check_payments()?;
        let runs: Vec<RunId> = self.disk.runs.keys().copied().collect();
        runs.into_iter().try_for_each(|run| self.check_run(run))
    }

    fn check_run(&mut self, run: RunId) -> Result<(), Broken> {
        let Some(row) = self.disk.runs.get(&run) else { return Ok(()) };
        let events = row.events();
        let plan = Arc::clone(&self.plans[row.flow]);
        let history = History::fold(Arc::clone(&plan), &events);
        let lived = Machine::recover(plan, &events);
        let Some(outcome) = lived.outcome() else {
            return Err(self.broken(format!("{run} has not come to its end; its last event is {:?}", events.last())));
        };
        let met = match outcome {
            Outcome::Completed(_) => "run completed",
            Outcome::Failed(_) => "run failed",
            Outcome::Cancelled => "run cancelled",
        };
        self.coverage.met(met);
        if row.shown != Shown::Over {
            return Err(self.broken(format!("{run} has ended and its row says {:?}", row.shown)));
        }
        if lived.revision() != events.len() as u64 {
            return Err(self.broken(format!("the journal of {run} holds events that do not fit")));
        }
        self.count_ways(&lived, &events);
        self.check_records(run, &history, &events)?;
        self.check_graph(run, &history, &events)?;
        self.check_reused(run, &events)?;
        self.check_children(run, &events)
    }

    fn check_records(&self, run: RunId, history: &History, events: &[Event]) -> Result<(), Broken> {
        let wrong = |why: &str| Err(self.broken(format!("the records of {run}: {why}")));
        let places: BTreeSet<_> = events.iter().filter_map(|event| event.what.place()).collect();
        if history.steps.len() != places.len() {
            return wrong(&format!("{} for {} steps", history.steps.len(), places.len()));
        }
        for record in &history.steps {
            if matches!(record.status, StepStatus::Running | StepStatus::Waiting) {
                return wrong(&format!("a step is under way after the end: {record:?}"));
            }
            if record.finished_at.is_none_or(|finished| finished < record.started_at) {
                return wrong(&format!("a step ends before it starts: {record:?}"));
            }
            if (record.status == StepStatus::Failed) != record.error.is_some() && record.status != StepStatus::Cancelled
            {
                return wrong(&format!("an error without a failure: {record:?}"));
            }
        }
        let count = |status| history.steps.iter().filter(|record| record.status == status && !record.reused).count();
        let done = events.iter().filter(|event| matches!(event.what, Happening::Done { .. })).count();
        let skipped = events.iter().filter(|event| matches!(event.what, Happening::Skipped { .. })).count();
        if count(StepStatus::Completed) < done || count(StepStatus::Skipped) != skipped {
            return wrong("fewer steps are done than the journal tells");
        }
        match history.machine.outcome() {
            Some(Outcome::Failed(failure)) => {
                let told = |node| {
                    history
                        .steps
                        .iter()
                        .any(|record| record.node == node && record.error.as_ref() == Some(&failure.error))
                };
                let by_limit = matches!(failure.error.code.as_str(), "run_timeout" | "context_limit" | "step_limit");
                if failure.node.is_some_and(|node| !by_limit && !told(node)) {
                    return wrong(&format!("nothing failed with {:?}", failure.error));
                }
            }
            Some(Outcome::Completed(output)) if output.as_object().is_none() => {
                return wrong("an output is not an object");
            }
            _ => {}
        }
        Ok(())
    }

    /// What a parent was told of its children is what they came to.
    fn check_children(&self, run: RunId, events: &[Event]) -> Result<(), Broken> {
        for event in events {
            let Happening::ChildEnded { child, outcome } = &event.what else { continue };
            if let Some(payment) = self.disk.payments.get(child) {
                if payment.outcome.as_ref() != Some(outcome) {
                    return Err(self.broken(format!("{run} was told {outcome:?} of {child}: {payment:?}")));
                }
                continue;
            }
            let Some(machine) = self.disk.recover(*child, &self.plans) else {
                return Err(self.broken(format!("{child} of {run} is lost")));
            };
            let agrees = match (machine.outcome(), outcome) {
                (Some(Outcome::Completed(output)), Ok(told)) => output == told,
                (Some(Outcome::Failed(_) | Outcome::Cancelled), Err(_)) => true,
                _ => false,
            };
            if !agrees {
                return Err(
                    self.broken(format!("{run} was told {outcome:?} of {child}, which is {:?}", machine.outcome()))
                );
            }
        }
        let called = self.disk.runs.get(&run).map(|row| row.children.values().copied().collect::<Vec<_>>());
        let is_there = |child: &RunId| self.disk.runs.contains_key(child) || self.disk.payments.contains_key(child);
        match called.into_iter().flatten().find(|child| !is_there(child)) {
            Some(child) => Err(self.broken(format!("{run} started {child}, which is not there"))),
            None => Ok(()),
        }
    }

    fn count_ways(&mut self, lived: &Machine, events: &[Event]) {
        let results = lived.context();
        for event in events {
            let Happening::WaitOpened(question) = &event.what else { continue };
            let node = lived.plan().node(question.place.node);
            let result = &results["steps"][node.id.as_str()];
            if result["decision"] == "reject" && node.has_port(floe_engine::plan::Port::REJECT) {
                self.coverage.met("way reject");
            }
            if result["error"]["code"] == "wait_timeout" && node.has_port(floe_engine::plan::Port::TIMEOUT) {
                self.coverage.met("way timeout");
            }
        }
    }
}

/// The surroundings of the first place where two texts differ.
fn difference(one: &str, other: &str) -> (String, String) {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| text.chars().skip(same.saturating_sub(80)).take(240).collect();
    (around(one), around(other))
}

fn written_and_read(event: &Event) -> Event {
    let text = serde_json::to_string(event).expect("an event can be written");
    serde_json::from_str(&text).expect("what was written can be read")
}
