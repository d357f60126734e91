//! What survives a crash: journals, rows and jobs, changed by whole writes only. Every write is checked against what must
//! never be in a journal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use floe_engine::event::{Answer, Event, Happening, Place, QuestionKind};
use floe_engine::machine::Machine;
use floe_engine::plan::Plan;
use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};

use super::payments::{Call, Payment};

/// What the row of a run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Queued,
    Running,
    Waiting(Option<WaitId>),
    Over,
}

impl Shown {
    pub(super) fn of(machine: &Machine, queued: bool) -> Self {
        match machine.outcome() {
            Some(_) => Self::Over,
            None if queued => Self::Queued,
            None if machine.is_waiting() => Self::Waiting(machine.questions().next().map(|question| question.wait)),
            None => Self::Running,
        }
    }
}

/// Durable work, done at least once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Job {
    /// A wait's time comes.
    WaitDue { run: RunId, wait: WaitId, due: i64 },
    /// The parent is told how its child stands. Each change is a job of its own, numbered by the child's journal: one that
    /// is done must not take away a later one.
    ChildNews { parent: RunId, child: RunId, number: usize },
    /// A child is no longer wanted.
    CancelChild { child: RunId },
    /// A call of a payment run is no longer wanted.
    GiveUpCall { run: RunId, place: Place, attempt: u32 },
}

/// A child that begins in its parent's write.
#[derive(Debug, Clone)]
pub(super) struct NewRun {
    pub(super) run: RunId,
    pub(super) flow: usize,
    pub(super) parent: Option<RunId>,
    pub(super) began: Event,
}

/// What one write changes of one run.
#[derive(Debug, Clone)]
pub(super) struct RunWrite {
    pub(super) run: RunId,
    pub(super) flow: usize,
    pub(super) first: usize,
    pub(super) events: Vec<Event>,
    pub(super) shown: Shown,
    pub(super) jobs: Vec<Job>,
    pub(super) children: Vec<NewRun>,
}

/// A run on disk, and what its journal holds, kept beside it so that each new event is checked once.
#[derive(Debug)]
pub(super) struct DiskRun {
    pub(super) flow: usize,
    pub(super) parent: Option<RunId>,
    pub(super) shown: Shown,
    /// Events as written.
    pub(super) journal: Vec<String>,
    pub(super) intended: BTreeMap<Place, u32>,
    pub(super) results: BTreeSet<(Place, u32)>,
    done: BTreeSet<Place>,
    asked: BTreeSet<WaitId>,
    pub(super) answers: BTreeMap<WaitId, Option<Answer>>,
    pub(super) children: BTreeMap<(Place, u32), RunId>,
    heard: BTreeSet<RunId>,
    pub(super) cancelled: bool,
    last_at: Timestamp,
    events_of_end: usize,
}

/// Everything on disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) runs: BTreeMap<RunId, DiskRun>,
    pub(super) jobs: BTreeSet<Job>,
    /// Payment runs, which their own slice writes.
    pub(super) payments: BTreeMap<RunId, Payment>,
    /// Calls of payment runs that were given up before one began.
    pub(super) given_up: BTreeSet<Call>,
    /// Questions that somebody can see, in order.
    pub(super) asked: Vec<(RunId, WaitId)>,
}

impl Disk {
    /// Writes all or nothing.
    pub(super) fn write(&mut self, writes: &[RunWrite]) -> Result<(), String> {
        for write in writes {
            self.runs.entry(write.run).or_insert_with(|| DiskRun::new(write.flow, None));
            for child in &write.children {
                let mut row = DiskRun::new(child.flow, child.parent);
                row.append(0, std::slice::from_ref(&child.began))?;
                if self.runs.insert(child.run, row).is_some() {
                    return Err(format!("the child run {} began twice", child.run));
                }
            }
            let Some(row) = self.runs.get_mut(&write.run) else { continue };
            row.append(write.first, &write.events)?;
            let changed = row.shown != write.shown;
            row.shown = write.shown;
            if let (Some(parent), true) = (row.parent, changed) {
                self.jobs.insert(Job::ChildNews { parent, child: write.run, number: row.journal.len() });
            }
            self.jobs.extend(write.jobs.iter().copied());
            for event in &write.events {
                match &event.what {
                    Happening::WaitOpened(question) if matches!(question.kind, QuestionKind::Answer(_)) => {
                        self.asked.push((write.run, question.wait));
                    }
                    Happening::Answered { wait, .. } | Happening::Expired { wait } => {
                        self.jobs.retain(|job| !matches!(job, Job::WaitDue { wait: of, .. } if of == wait));
                    }
                    _ => {}
                }
            }
            if write.shown == Shown::Over {
                self.jobs.retain(|job| !matches!(job, Job::WaitDue { run, .. } if *run == write.run));
            }
        }
        Ok(())
    }

    /// A run as its journal tells it.
    pub(super) fn recover(&self, run: RunId, plans: &[Arc<Plan>]) -> Option<Machine> {
        let row = self.runs.get(&run)?;
        Some(Machine::recover(Arc::clone(&plans[row.flow]), &row.events()))
    }
}

impl DiskRun {
    fn new(flow: usize, parent: Option<RunId>) -> Self {
        Self {
            flow,
            parent,
            shown: Shown::Running,
            journal: Vec::new(),
            intended: BTreeMap::new(),
            results: BTreeSet::new(),
            done: BTreeSet::new(),
            asked: BTreeSet::new(),
            answers: BTreeMap::new(),
            children: BTreeMap::new(),
            heard: BTreeSet::new(),
            cancelled: false,
            last_at: Timestamp(i64::MIN),
            events_of_end: 0,
        }
    }

    /// The journal, read back from its text.
    pub(super) fn events(&self) -> Vec<Event> {
        self.journal.iter().map(|text| serde_json::from_str(text).expect("a journal can be read")).collect()
    }

    fn append(&mut self, first: usize, events: &[Event]) -> Result<(), String> {
        if first != self.journal.len() {
            return Err(format!("event {first} is written after {} events", self.journal.len()));
        }
        if self.shown == Shown::Over && !events.is_empty() {
            return Err(format!("a run that was over goes on: {events:?}"));
        }
        for event in events {
            self.check(event).map_err(|why| format!("{why}: {event:?}"))?;
            self.last_at = event.at;
            self.journal.push(serde_json::to_string(event).map_err(|error| error.to_string())?);
        }
        Ok(())
    }

    /// What must never be in a journal, whatever the machine thinks.
    fn check(&mut self, event: &Event) -> Result<(), &'static str> {
        ensure(event.at >= self.last_at, "time goes back in the journal")?;
        ensure(self.events_of_end == 0, "something happens after the end")?;
        match &event.what {
            Happening::Began(_) => ensure(self.journal.is_empty(), "a run begins twice")?,
            Happening::Intended { place, .. } | Happening::ChildCalled { place, .. } => {
                ensure(self.intended.insert(*place, 1).is_none(), "an effect or a call is intended twice")?;
            }
            Happening::Retried { place } => {
                let attempts = self.intended.get_mut(place).ok_or("an attempt without an intent")?;
                *attempts += 1;
            }
            Happening::Done { place, attempt, .. } => {
                ensure(self.done.insert(*place), "a finished step is finished again")?;
                ensure(self.results.insert((*place, *attempt)), "an attempt has two results")?;
            }
            Happening::Failed { place, attempt, .. } => {
                ensure(!self.done.contains(place), "a finished step fails")?;
                ensure(self.results.insert((*place, *attempt)), "an attempt has two results")?;
            }
            Happening::Skipped { place } => ensure(self.done.insert(*place), "a finished step is finished again")?,
            Happening::WaitOpened(question) => {
                ensure(self.asked.insert(question.wait), "a question is asked twice")?;
                ensure(self.done.insert(question.place), "a step asks twice")?;
            }
            Happening::Answered { wait, answer, .. } => {
                ensure(self.asked.contains(wait), "an answer to no question")?;
                ensure(self.answers.insert(*wait, Some(answer.clone())).is_none(), "a question has two answers")?;
            }
            Happening::Expired { wait } => {
                ensure(self.answers.insert(*wait, None).is_none(), "a question expires after its answer")?;
            }
            Happening::ChildStarted { place, child } => {
                let attempt = *self.intended.get(place).ok_or("a run without a call")?;
                ensure(self.children.insert((*place, attempt), *child).is_none(), "a call starts two runs")?;
            }
            Happening::ChildEnded { child, .. } => ensure(self.heard.insert(*child), "a child ends twice")?,
            Happening::Cancelled { .. } => {
                self.cancelled = true;
                self.events_of_end += 1;
            }
            Happening::Stopped { .. } => self.events_of_end += 1,
            _ => {}
        }
        Ok(())
    }
}

fn ensure(holds: bool, why: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(why) }
}
