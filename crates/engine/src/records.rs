//! Step records: what the journal tells about each step, for people (Flow API contract, section 7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde_json::Value;

use crate::event::{Event, Happening, LogLine, Place, StepError};
use crate::machine::{Machine, PathStep, Settled};
use crate::plan::{Plan, Work};

/// One execution of one step.
#[derive(Debug, Clone)]
pub struct StepRecord {
    /// Index of the node in the plan.
    pub node: u32,
    /// What became of it.
    pub status: StepStatus,
    /// Which attempt it is at, from 1.
    pub attempt: u32,
    /// Loop passes around it, from the outside in.
    pub iteration: Vec<PathStep>,
    /// The parallel branch that it stands in.
    pub branch_id: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The configuration after templates.
    pub input: Option<Arc<Value>>,
    /// The result.
    pub output: Option<Arc<Value>>,
    /// Why it failed.
    pub error: Option<StepError>,
    /// What it printed.
    pub logs: Vec<LogLine>,
    /// Whether it took over the result of the run that this one repeats.
    pub reused: bool,
    /// Position of the record of the loop or block around it.
    pub parent: Option<usize>,
    /// Its attempts, the first one first; a step that is no effect has one.
    pub attempts: Vec<Attempt>,
}

impl StepRecord {
    /// Whether its last attempt has failed, and another one follows.
    #[must_use]
    pub fn is_between_attempts(&self) -> bool {
        self.status == StepStatus::Running && self.attempts.last().is_some_and(|attempt| attempt.error.is_some())
    }

    fn attempt_failed(&mut self, error: &StepError, at: Timestamp) {
        // A child run may have waited for somebody to its end; nobody is waited for any more.
        self.status = StepStatus::Running;
        self.error = Some(error.clone());
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.finished_at = Some(at);
            attempt.error = Some(error.clone());
        }
    }
}

/// One attempt of a step.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<StepError>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// Under way.
    Running,
    /// Waits for an answer, for time, or for a child run.
    Waiting,
    /// Done.
    Completed,
    /// Failed for good.
    Failed,
    /// Passed over on purpose.
    Skipped,
    /// Given up.
    Cancelled,
}

impl StepStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A run as its journal tells it: the folded machine and the step records in order of start.
#[derive(Debug)]
pub struct History {
    /// The state after the last event.
    pub machine: Machine,
    /// Step records.
    pub steps: Vec<StepRecord>,
}

impl History {
    /// Folds a journal.
    #[must_use]
    pub fn fold<'e>(plan: Arc<Plan>, events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut recorder = Recorder::new(plan);
        for event in events {
            recorder.record(event);
        }
        recorder.finish()
    }
}

/// Folds a journal event by event.
#[derive(Debug)]
pub struct Recorder {
    machine: Machine,
    steps: Vec<StepRecord>,
    open: BTreeMap<Place, usize>,
    changed: BTreeSet<usize>,
}

impl Recorder {
    /// Of a run that has not begun.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Self { machine: Machine::new(plan), steps: Vec::new(), open: BTreeMap::new(), changed: BTreeSet::new() }
    }

    /// The state after the last event.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Records that the last event began, changed or closed, in order of start.
    pub fn changed(&self) -> impl Iterator<Item = &StepRecord> {
        self.changed.iter().filter_map(|&index| self.steps.get(index))
    }

    /// As [`Recorder::changed`], each with its number in order of start.
    pub fn changed_numbered(&self) -> impl Iterator<Item = (usize, &StepRecord)> {
        self.changed.iter().filter_map(|&index| Some((index, self.steps.get(index)?)))
    }

    /// How many records there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.steps.len()
    }

    /// Folds one event; one that does not fit is ignored.
    pub fn record(&mut self, event: &Event) {
        self.changed.clear();
        if !self.machine.accepts(&event.what) {
            return;
        }
        if let Some(place) = self.place_of(&event.what) {
            let index = self.open_record(place, event.at);
            self.changed.insert(index);
            self.note(index, place, event);
        }
        self.machine.apply(event);
        self.close_ended(event.at);
    }

    /// The place that an event is about, also when it names a question or a child.
    fn place_of(&self, what: &Happening) -> Option<Place> {
        let by_wait = |wait: WaitId| self.machine.question(wait).map(|question| question.place);
        let by_child = |child: RunId| self.machine.place_of_child(child);
        match what {
            Happening::Answered { wait, .. } | Happening::Expired { wait } => by_wait(*wait),
            Happening::ChildPaused { child, .. } | Happening::ChildEnded { child, .. } => by_child(*child),
            other => other.place(),
        }
    }

    fn open_record(&mut self, place: Place, at: Timestamp) -> usize {
        if let Some(&index) = self.open.get(&place) {
            return index;
        }
        let (iteration, branch) = self.machine.path(place);
        let parent = self.machine.owner_of(place).and_then(|owner| self.open.get(&owner).copied());
        let record = StepRecord {
            node: place.node,
            status: StepStatus::Running,
            attempt: 1,
            iteration,
            branch_id: branch.map(str::to_owned),
            started_at: at,
            finished_at: None,
            input: None,
            output: None,
            error: None,
            logs: Vec::new(),
            reused: false,
            parent,
            attempts: vec![Attempt { started_at: at, finished_at: None, error: None }],
        };
        self.steps.push(record);
        self.open.insert(place, self.steps.len() - 1);
        self.steps.len() - 1
    }

    fn note(&mut self, index: usize, place: Place, event: &Event) {
        let record = &mut self.steps[index];
        match &event.what {
            Happening::Intended { input, .. } | Happening::ChildCalled { input, .. } => {
                record.input = Some(crate::secrets::shown(input));
            }
            Happening::Done { logs, .. } => record.logs.extend(logs.iter().cloned()),
            Happening::ChildEnded { outcome: Err(error), .. } => record.attempt_failed(error, event.at),
            Happening::Failed { error, logs, .. } => {
                record.logs.extend(logs.iter().cloned());
                record.attempt_failed(error, event.at);
            }
            Happening::Reused { .. } => {
                record.reused = true;
                record.input = self.machine.reused_at(place).and_then(|step| step.input.clone());
            }
            Happening::Skipped { .. } => {
                if let Work::Skip { warning: Some(warning) } = self.machine.plan().node(record.node).work {
                    record.logs.push(LogLine { level: "warn".to_owned(), message: warning.to_owned() });
                }
            }
            Happening::Retried { .. } => {
                record.attempt += 1;
                record.attempts.push(Attempt { started_at: event.at, finished_at: None, error: None });
            }
            Happening::WaitOpened(question) => {
                record.input = Some(Arc::new(Value::Object(question.body.clone())));
                record.status = StepStatus::Waiting;
            }
            Happening::ChildPaused { question, .. } => {
                record.status = if question.is_some() { StepStatus::Waiting } else { StepStatus::Running };
            }
            _ => {}
        }
    }

    /// Closes the records of every step that ended with the event: the one that it was about, loops and blocks that
    /// came to their end with it, and what a failure or the run's end gave up.
    fn close_ended(&mut self, at: Timestamp) {
        let settled: Vec<(Place, Settled)> = self.machine.settled().to_vec();
        for (place, end) in settled {
            match end {
                Settled::Completed(result) => self.close(place, StepStatus::Completed, Some(result), None, at),
                Settled::Failed(error) => self.close(place, StepStatus::Failed, None, Some(error), at),
                Settled::Skipped => self.close(place, StepStatus::Skipped, None, None, at),
            }
        }
        let ended: Vec<Place> = self.open.keys().filter(|place| !self.machine.is_under_way(**place)).copied().collect();
        for place in ended {
            self.close(place, StepStatus::Cancelled, None, None, at);
        }
    }

    fn close(
        &mut self,
        place: Place,
        status: StepStatus,
        output: Option<Arc<Value>>,
        error: Option<StepError>,
        at: Timestamp,
    ) {
        let Some(index) = self.open.remove(&place) else { return };
        self.changed.insert(index);
        let record = &mut self.steps[index];
        if let Some(attempt) = record.attempts.last_mut().filter(|attempt| attempt.finished_at.is_none()) {
            attempt.finished_at = Some(at);
            attempt.error.clone_from(&error);
        }
        record.status = status;
        record.finished_at = Some(at);
        record.output = output.or(record.output.take());
        if status == StepStatus::Completed {
            record.error = None;
        } else if error.is_some() {
            record.error = error;
        }
    }

    fn finish(self) -> History {
        History { machine: self.machine, steps: self.steps }
    }
}
