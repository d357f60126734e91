//! What a run's journal tells the log: each entry is an event that was written when it happened, read again.

use std::collections::BTreeMap;
use std::sync::Arc;

use floe_engine::event::{Event as Happened, Happening, LogLine, Place, QuestionKind};
use floe_engine::machine::{Machine, Outcome, Settled};
use floe_engine::plan::Plan;
use floe_model::Timestamp;
use floe_model::id::LogId;
use floe_store::flows::logged_runs::LoggedRun;
use serde_json::{Map, Value, json};

use super::entry::Entry;
use super::event::{Event, LEVELS};

/// Bits of an entry's id that number the entries of a run; the others are those of the run's id. So an entry has the same id at each
/// reading, and entries of one instant stand in the order in which they happened.
const NUMBER_BITS: u32 = 24;

/// The entries of a run, in order.
pub(super) fn entries(run: &LoggedRun, plan: &Arc<Plan>, events: &[Happened]) -> Vec<Entry> {
    let mut teller = Teller {
        run,
        machine: Machine::new(Arc::clone(plan)),
        waits_its_turn: waits_its_turn(run, events),
        waits_at: None,
        attempts: BTreeMap::new(),
        entries: Vec::new(),
    };
    events.iter().for_each(|event| teller.tell(event));
    teller.entries
}

struct Teller<'r> {
    run: &'r LoggedRun,
    machine: Machine,
    /// Whether it had to queue before it began to move.
    waits_its_turn: bool,
    /// The step at which it waits, as last told.
    waits_at: Option<Option<String>>,
    /// The attempt at which each step failed last.
    attempts: BTreeMap<Place, u32>,
    entries: Vec<Entry>,
}

impl Teller<'_> {
    fn tell(&mut self, event: &Happened) {
        if !self.machine.accepts(&event.what) {
            return;
        }
        let was_over = self.machine.outcome().is_some();
        self.machine.apply(event);
        self.tell_start(event);
        self.tell_step(event);
        self.tell_settled(event.at);
        self.tell_wait(event);
        if !was_over {
            self.tell_end(event);
        }
    }

    /// A run starts with its first event, or when it is let in after that.
    fn tell_start(&mut self, event: &Happened) {
        let starts = match &event.what {
            Happening::Began(_) => !self.waits_its_turn,
            Happening::Admitted => true,
            _ => false,
        };
        if !starts {
            return;
        }
        let (kind, id) = match self.run.started_by.split_once(':') {
            Some((kind, id)) => (kind, Some(id)),
            None => (self.run.started_by.as_str(), None),
        };
        let actor = json!({ "type": kind, "id": id, "name": null });
        let data = json!({ "source": self.run.source_kind });
        if self.run.source_kind == "share" {
            self.push(Event::ShareExecuted, event.at, "The flow was started by its share link".to_owned())
                .about(actor.clone(), data.clone());
        }
        self.push(Event::RunStarted, event.at, "The run started".to_owned()).about(actor, data);
    }

    fn tell_step(&mut self, event: &Happened) {
        match &event.what {
            Happening::Done { place, logs, .. } => self.tell_lines(*place, event.at, logs),
            Happening::Failed { place, attempt, logs, .. } => {
                self.tell_lines(*place, event.at, logs);
                self.attempts.insert(*place, *attempt);
            }
            Happening::Retried { place } => {
                let attempt = self.attempts.get(place).map_or(2, |attempt| attempt + 1);
                let message = format!("{} is tried again: attempt {attempt}", self.name_of(*place));
                let step = self.step_of(*place);
                self.push(Event::StepRetried, event.at, message).at_step(step).with(json!({ "attempt": attempt }));
            }
            _ => {}
        }
    }

    fn tell_lines(&mut self, place: Place, at: Timestamp, lines: &[LogLine]) {
        for line in lines {
            let step = self.step_of(place);
            let level = LEVELS.into_iter().find(|level| *level == line.level).unwrap_or("info");
            self.push(Event::StepLog, at, line.message.clone()).at_step(step).of_level(level);
        }
    }

    /// Steps that failed for good with the event, as the step records tell it too.
    fn tell_settled(&mut self, at: Timestamp) {
        let failed: Vec<_> = self
            .machine
            .settled()
            .iter()
            .filter_map(|(place, end)| match end {
                Settled::Failed(error) => Some((*place, error.clone())),
                _ => None,
            })
            .collect();
        for (place, error) in failed {
            let attempt = self.attempts.get(&place).copied().unwrap_or(1);
            let message = format!("{} failed: {}", self.name_of(place), error.message);
            let step = self.step_of(place);
            self.push(Event::StepFailed, at, message)
                .at_step(step)
                .with(json!({ "code": error.code, "message": error.message, "attempt": attempt }));
        }
    }

    fn tell_wait(&mut self, event: &Happened) {
        let waits = self.machine.is_waiting() && self.machine.outcome().is_none();
        let now = waits.then(|| self.machine.current_node().map(|node| self.machine.plan().node(node).id.clone()));
        if now == self.waits_at {
            return;
        }
        let before = std::mem::replace(&mut self.waits_at, now.clone());
        let ended = matches!(event.what, Happening::Cancelled { .. } | Happening::Stopped { .. });
        if let (Some(step), false) = (before, ended) {
            let by = match &event.what {
                Happening::Answered { by, .. } => by.clone(),
                _ => None,
            };
            let actor = match by {
                Some(name) => json!({ "type": "member", "id": null, "name": name }),
                None => Value::Null,
            };
            self.push(Event::RunResumed, event.at, "The run went on".to_owned()).at_step(step).about(actor, json!({}));
        }
        if let Some(step) = now {
            let kind = match self.machine.questions().next().map(|question| question.kind) {
                Some(QuestionKind::Answer(kind)) => kind.as_str(),
                Some(QuestionKind::Delay { .. } | QuestionKind::Poll) => "delay",
                None => match self.machine.paused_child() {
                    Some((place, ..)) if !self.machine.calls_flow(place) => "payment-run",
                    _ => "sub-flow",
                },
            };
            let message = match &step {
                Some(step) => format!("The run waits at {step}"),
                None => "The run waits".to_owned(),
            };
            self.push(Event::RunWaiting, event.at, message).at_step(step).with(json!({ "type": kind }));
        }
    }

    fn tell_end(&mut self, event: &Happened) {
        let Some(outcome) = self.machine.outcome().cloned() else { return };
        match outcome {
            Outcome::Completed(_) => {
                let duration = self.machine.active_ms(event.at);
                self.push(Event::RunCompleted, event.at, "The run completed".to_owned())
                    .with(json!({ "durationMs": duration }));
            }
            Outcome::Failed(failure) => {
                let step = failure.node.map(|node| self.machine.plan().node(node).id.clone());
                let data = json!({ "code": failure.error.code, "message": failure.error.message });
                let message = format!("The run failed: {}", failure.error.message);
                self.push(Event::RunFailed, event.at, message).at_step(step).with(data);
            }
            Outcome::Cancelled => {
                let by = match &event.what {
                    Happening::Cancelled { by } => by.clone(),
                    _ => None,
                };
                let actor = by.map_or(Value::Null, |name| json!({ "type": "member", "id": null, "name": name }));
                self.push(Event::RunCancelled, event.at, "The run was cancelled".to_owned()).about(actor, json!({}));
            }
        }
    }

    fn push(&mut self, event: Event, at: Timestamp, message: String) -> &mut Entry {
        let number = self.entries.len() as u128 & ((1 << NUMBER_BITS) - 1);
        self.entries.push(Entry {
            id: LogId(self.run.id.0 >> NUMBER_BITS << NUMBER_BITS | number),
            at,
            level: event.level().to_owned(),
            event: event.as_str().to_owned(),
            message,
            run: Some(self.run.id),
            step: None,
            version: Some(self.run.version),
            actor: Value::Null,
            data: Value::Object(Map::new()),
        });
        let last = self.entries.len() - 1;
        &mut self.entries[last]
    }

    fn step_of(&self, place: Place) -> Option<String> {
        Some(self.machine.plan().node(place.node).id.clone())
    }

    fn name_of(&self, place: Place) -> String {
        self.machine.plan().node(place.node).name.clone()
    }
}

/// Whether a run was queued at first: then it starts when it is let in.
fn waits_its_turn(run: &LoggedRun, events: &[Happened]) -> bool {
    match events.get(1) {
        Some(second) => matches!(second.what, Happening::Admitted),
        None => run.status == "queued",
    }
}
