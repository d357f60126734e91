//! Folding events into the state.

use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::RunId;
use serde_json::{Map, Value, json};

use super::context::{Context, builtin_names, graph_names, weight};
use super::frame::Active;
use super::memory::Memory;
use super::reuse::{Table, reused_bytes};
use super::{Alarm, Command, JOURNAL_BYTES_MAX, Machine, Outcome, RunError, Settled};
use crate::event::{Beginning, Event, Happening, Place, QuestionKind, StepError};
use crate::plan::{Callee, Port, Work};

impl Machine {
    /// Folds an event into the state. An event that does not fit is ignored.
    pub fn apply(&mut self, event: &Event) {
        if !self.accepts(&event.what) {
            return;
        }
        self.applied += 1;
        self.last_at = event.at;
        self.settled.clear();
        self.passed.clear();
        self.fold(&event.what, event.at);
        self.keep_journal_limit(&event.what, event.at);
        self.keep_pause(event.at);
    }

    /// Whether the event fits the state, so that it would change it.
    #[must_use]
    pub fn accepts(&self, what: &Happening) -> bool {
        if self.outcome.is_some() {
            return false;
        }
        let is_ready = |place: &Place| self.ready.contains(place);
        // A loop is ready and active at once between two passes; then only its test fits.
        let is_fresh = |place: &Place| is_ready(place) && !self.active.contains_key(place);
        match what {
            Happening::Began(_) => self.beginning.is_none(),
            Happening::Admitted => self.beginning.is_some() && self.applied == 1,
            Happening::Equipped { .. } => self.env.is_awaited,
            Happening::Intended { place, .. }
            | Happening::Skipped { place }
            | Happening::Looped { place, .. }
            | Happening::Split { place }
            | Happening::ChildCalled { place, .. } => is_fresh(place),
            Happening::Tested { place, .. } => is_ready(place),
            Happening::Reused { place } => is_fresh(place) && self.reused_at(*place).is_some(),
            Happening::WaitOpened(question) => is_fresh(&question.place),
            Happening::Done { place, attempt, .. } => is_fresh(place) || self.attempt_at(place) == Some(*attempt),
            Happening::Failed { place, attempt, .. } => {
                let calling = matches!(self.active.get(place), Some(Active::Calling { .. }));
                is_fresh(place) || calling || self.attempt_at(place) == Some(*attempt)
            }
            Happening::Retried { place } => matches!(self.active.get(place), Some(Active::Retrying { .. })),
            Happening::Answered { wait, answer, .. } => {
                self.question(*wait).is_some_and(|question| matches!(question.kind, QuestionKind::Answer(kind) if answer.fits(kind)))
            }
            Happening::Expired { wait } => self.question(*wait).is_some(),
            Happening::Looked { place } => {
                matches!(self.active.get(place), Some(Active::Polling { .. })) && !is_ready(place)
            }
            Happening::ChildStarted { place, .. } => matches!(self.active.get(place), Some(Active::Calling { .. })),
            Happening::ChildPaused { child, question } => self.active.values().any(
                |active| matches!(active, Active::Child { child: known, question: old, .. } if known == child && old != question),
            ),
            Happening::ChildEnded { child, .. } => self.children().any(|known| known == *child),
            Happening::Cancelled { .. } | Happening::Stopped { .. } => self.beginning.is_some(),
        }
    }

    fn fold(&mut self, what: &Happening, at: Timestamp) {
        match what {
            Happening::Began(beginning) => self.begin(beginning, at),
            Happening::Admitted => self.admit(at),
            Happening::Equipped { env, secrets } => self.equip(env, secrets),
            Happening::Intended { place, input } => {
                if self.take_ready(*place, at) {
                    self.perform(*place, 1, input);
                }
            }
            Happening::Done { place, result, port, changes, .. } => {
                let counted = self.active.contains_key(place) || self.take_ready(*place, at);
                if counted {
                    if let Some(changes) = changes {
                        self.change(*place, changes);
                    }
                    self.complete(*place, result, *port, at);
                }
            }
            Happening::Skipped { place } => {
                if self.take_ready(*place, at) {
                    self.settled.push((*place, Settled::Skipped));
                    self.settle(*place, Some(Port::NEXT), at);
                }
            }
            Happening::Reused { place } => self.reused(*place, at),
            Happening::Failed { place, error, .. } => self.attempt_failed(*place, error, at),
            Happening::Retried { place } => {
                if let Some(Active::Retrying { attempt, input, .. }) = self.active.remove(place) {
                    match self.plan.node(place.node).work {
                        Work::Child { .. } => self.call(*place, attempt + 1, &input),
                        _ => self.perform(*place, attempt + 1, &input),
                    }
                }
            }
            Happening::Looked { place } => self.push_ready(*place),
            Happening::Looped { place, items, total, start, variables } => {
                if self.take_ready(*place, at) {
                    match self.plan.node(place.node).work {
                        Work::Loop(_) => self.enter_loop(*place, items, *total, *start, variables, at),
                        _ => self.enter_each(*place, items, *total, at),
                    }
                }
            }
            Happening::Tested { place, outcome } => {
                // A loop is one step execution, however often it is tested; a pause too.
                if matches!(self.active.get(place), Some(Active::Polling { .. })) {
                    self.looked(*place, outcome, at);
                } else if self.active.contains_key(place) {
                    self.ready.retain(|ready| ready != place);
                    self.tested(*place, outcome, at);
                } else if self.take_ready(*place, at) {
                    self.tested(*place, outcome, at);
                }
            }
            Happening::Split { place } => {
                if self.take_ready(*place, at) {
                    self.split(*place, at);
                }
            }
            Happening::WaitOpened(question) => self.ask(question, at),
            Happening::Answered { wait, answer, by } => self.answered(*wait, answer, by.as_deref(), at),
            Happening::Expired { wait } => self.expired(*wait, at),
            Happening::ChildCalled { place, input } => {
                if self.take_ready(*place, at) {
                    self.call(*place, 1, input);
                }
            }
            Happening::ChildStarted { place, child } => self.child_started(*place, *child, at),
            Happening::ChildPaused { child, question } => self.child_paused(*child, question.clone()),
            Happening::ChildEnded { child, outcome } => self.child_ended(*child, outcome, at),
            Happening::Cancelled { .. } => self.end(Outcome::Cancelled),
            Happening::Stopped { error } => {
                let error = error.clone();
                self.end(Outcome::Failed(RunError { error, node: self.current_node(), attempt: 1, at }));
            }
        }
    }

    fn begin(&mut self, beginning: &Beginning, at: Timestamp) {
        self.started_at = at;
        self.builtin = self.builtin_of(beginning, at);
        self.reuse = beginning.reuse.as_deref().map(|reuse| Table::new(reuse, &self.plan)).unwrap_or_default();
        self.remember(beginning);
        let names = self.plan.env_names();
        if !names.is_empty() {
            self.env.is_awaited = true;
            self.outbox.push_back(Command::Equip { names });
        }
        let way = self.plan.entries.get(beginning.entry).map(|entry| entry.way);
        self.beginning = Some(Box::new(beginning.clone()));
        match way {
            Some(way) if self.plan.scope(0).ways[way].reachable() > 0 => {
                self.open_frame(0, way, None, 0, Map::new());
            }
            Some(_) => self.end(Outcome::Completed(Arc::new(json!({})))),
            None => {
                let error = StepError::new("no_trigger", "The version has no such trigger");
                self.end(Outcome::Failed(RunError { error, node: None, attempt: 1, at }));
            }
        }
    }

    /// The time in the queue is not the run's.
    fn admit(&mut self, at: Timestamp) {
        self.started_at = at;
        if let Some(beginning) = &self.beginning {
            self.builtin = self.builtin_of(beginning, at);
        }
    }

    fn equip(&mut self, env: &Map<String, Value>, secrets: &[String]) {
        self.env = super::Env { is_awaited: false, values: env.clone(), secrets: secrets.to_vec() };
        self.builtin.insert("env".to_owned(), self.env.shown());
    }

    fn builtin_of(&self, beginning: &Beginning, at: Timestamp) -> Map<String, Value> {
        if self.is_graph() { graph_names(beginning, at) } else { builtin_names(beginning, &self.plan, at) }
    }

    /// What the context holds from the beginning. Inputs of a graph are no variables: they are looked up last.
    fn remember(&mut self, beginning: &Beginning) {
        if self.is_graph() {
            let mut memory = Memory::default();
            for (name, value) in &self.plan.variables {
                memory.set(name, Arc::new(value.clone()), None);
            }
            self.memories.insert(0, memory);
            return;
        }
        let mut context = Context::new();
        for (name, value) in self.plan.variables.iter().map(|(name, value)| (name, value)).chain(&beginning.inputs) {
            context.set(name, value.clone());
        }
        self.contexts.insert(0, context);
    }

    /// Takes a node off the ready queue and counts it; false when the run is over its step limit.
    pub(super) fn take_ready(&mut self, place: Place, at: Timestamp) -> bool {
        let Some(position) = self.ready.iter().position(|ready| *ready == place) else { return false };
        self.ready.remove(position);
        self.scripts.forget(place);
        self.count_step(at)
    }

    fn attempt_at(&self, place: &Place) -> Option<u32> {
        match self.active.get(place) {
            Some(Active::Effect { attempt, .. }) => Some(*attempt),
            _ => None,
        }
    }

    fn perform(&mut self, place: Place, attempt: u32, input: &Arc<Value>) {
        self.active.insert(place, Active::Effect { attempt, input: Arc::clone(input) });
        self.outbox.push_back(Command::Perform { place, attempt, input: Arc::clone(input) });
    }

    fn call(&mut self, place: Place, attempt: u32, input: &Arc<Value>) {
        self.active.insert(place, Active::Calling { attempt, input: Arc::clone(input) });
        self.outbox.push_back(Command::Call { place, input: Arc::clone(input) });
    }

    /// An effect, or a call of another run, has failed: it is made again, or the node has failed for good.
    fn attempt_failed(&mut self, place: Place, error: &StepError, at: Timestamp) {
        let attempt = match self.active.remove(&place) {
            Some(
                Active::Effect { attempt, input }
                | Active::Calling { attempt, input }
                | Active::Child { attempt, input, .. },
            ) => {
                let retry = &self.plan.node(place.node).retry;
                if retry.follows(error, attempt) {
                    let pause_ms = i64::try_from(retry.pause_ms(attempt)).unwrap_or(i64::MAX);
                    let due = at.plus_millis(pause_ms);
                    self.active.insert(place, Active::Retrying { attempt, input, due });
                    self.outbox.push_back(Command::Wake { at: due, alarm: Alarm::Retry(place) });
                    return;
                }
                attempt
            }
            Some(_) => 1,
            None if self.take_ready(place, at) => 1,
            None => return,
        };
        self.fail(place, error.clone(), attempt, at);
    }

    fn child_started(&mut self, place: Place, child: RunId, at: Timestamp) {
        let (callee, waits) = match self.plan.node(place.node).work {
            Work::Child { callee, wait, .. } => (callee, wait),
            _ => (Callee::Flow, false),
        };
        if waits {
            let Some(Active::Calling { attempt, input }) = self.active.remove(&place) else { return };
            self.active.insert(place, Active::Child { child, question: None, attempt, input });
        } else if callee == Callee::PaymentRun {
            let record = json!({ "payment_run_id": child, "status": "pending" });
            self.complete(place, &Arc::new(record), Port::NEXT, at);
        } else if self.is_graph() {
            self.complete(place, &Arc::new(child_record(child, "pending", Value::Null)), Port::NEXT, at);
        } else {
            self.complete(place, &Arc::new(json!({ "appRunId": child })), Port::NEXT, at);
        }
    }

    fn child_paused(&mut self, child: RunId, asked: Option<Box<Value>>) {
        for active in self.active.values_mut() {
            if let Active::Child { child: known, question, .. } = active
                && *known == child
            {
                question.clone_from(&asked);
            }
        }
    }

    fn child_ended(&mut self, child: RunId, outcome: &Result<Arc<Value>, StepError>, at: Timestamp) {
        let Some(place) = self.place_of_child(child) else { return };
        let is_flow = self.calls_flow(place);
        match outcome {
            Ok(output) if !is_flow => self.complete(place, output, Port::NEXT, at),
            Ok(output) if self.is_graph() => {
                let record = self.fitted(child_record(child, "completed", output.as_ref().clone()), &[]);
                self.complete(place, &Arc::new(record), Port::NEXT, at);
            }
            Ok(output) => self.complete(place, output, Port::NEXT, at),
            Err(error) => self.attempt_failed(place, error, at),
        }
    }

    fn keep_journal_limit(&mut self, what: &Happening, at: Timestamp) {
        self.carried_bytes += carried_bytes(what);
        if self.carried_bytes > JOURNAL_BYTES_MAX && self.outcome.is_none() {
            let error = StepError::new("context_limit", "The results of the run's steps are over 128 MiB in all");
            self.end(Outcome::Failed(RunError { error, node: what.place().map(|place| place.node), attempt: 1, at }));
        }
    }

    /// Keeps the time that the run spends waiting apart from its active time.
    fn keep_pause(&mut self, at: Timestamp) {
        match (self.is_pausing(), self.paused_since) {
            (true, None) => self.paused_since = Some(at),
            (false, Some(since)) => {
                self.paused_us += at.micros() - since.micros();
                self.paused_since = None;
            }
            _ => {}
        }
    }
}

/// The record of a called workflow (Workflow API contract, section 18, `subworkflow`).
fn child_record(child: RunId, status: &str, outputs: Value) -> Value {
    let execution = format!("exec_{}", floe_model::id::to_base32(child.0));
    let mut record = json!({ "execution_id": execution, "status": status, "outputs": null });
    record["outputs"] = outputs;
    record
}

/// Rough bytes of what an event carries.
fn carried_bytes(what: &Happening) -> usize {
    match what {
        Happening::Done { result, logs, changes, .. } => {
            let changed = changes.iter().flat_map(|changes| changes.variables.values()).map(weight).sum::<usize>();
            weight(result) + changed + logs.iter().map(|line| line.message.len()).sum::<usize>()
        }
        Happening::Intended { input, .. } | Happening::ChildCalled { input, .. } => weight(input),
        Happening::Looped { items, .. } => items.iter().map(weight).sum(),
        Happening::WaitOpened(question) => question.body.values().map(weight).sum(),
        Happening::ChildEnded { outcome: Ok(output), .. } => weight(output),
        Happening::Equipped { env, .. } => env.values().map(weight).sum(),
        Happening::Began(beginning) => beginning.reuse.as_deref().map_or(0, reused_bytes),
        _ => 0,
    }
}
