//! The machine: a run's state, changed only by events, asked for what should happen now.
//!
//! [`Machine::apply`] folds an event into the state; [`Machine::next`] says what should happen now. It never asks for
//! the time, never draws randomness, never evaluates an expression and never fails, so the same events always give the
//! same state. That makes recovery a fold over the journal, and lets a simulation crash it anywhere.
//!
//! An event that does not fit the state (the late answer of an attempt that was given up, the second answer to a
//! question) is ignored; [`Machine::accepts`] tells beforehand, so that only what counts is written to the journal.

mod context;
mod fold;
mod frame;
mod loops;
mod reuse;
mod settle;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde_json::{Map, Value};

pub use context::{Context, Names};
pub use frame::{Active, PathStep};

use crate::event::{Beginning, Event, Place, Question, QuestionKind, StepError};
use crate::expr::Script;
use crate::plan::Plan;
use frame::Frame;
use reuse::Table;

/// Step executions of one run at most (Flow API contract, section 6.7).
pub const STEPS_MAX: u32 = 10_000;
/// Bytes of context of one run at most, what its loops have gathered included (Flow API contract, section 6.7).
pub const CONTEXT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Bytes of context of one run at most, the copies that parallel branches work on included.
pub const COPIES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes that the events of one run carry at most: results, inputs, lists. It bounds what a loop can write again and
/// again without its context growing.
pub const JOURNAL_BYTES_MAX: usize = 128 * 1024 * 1024;

/// What should happen now.
#[derive(Debug, Clone)]
pub enum Command {
    /// Evaluate the node and apply what comes of it.
    Evaluate(Place),
    /// Make the effect; apply [`crate::event::Happening::Done`] or `Failed` with its result.
    Perform {
        /// Where.
        place: Place,
        /// Which attempt, from 1.
        attempt: u32,
        /// The configuration.
        input: Arc<Value>,
    },
    /// Apply `Retried` (or `Expired`) when the time has come.
    Wake {
        /// When.
        at: Timestamp,
        /// What for.
        alarm: Alarm,
    },
    /// Look up the called flow, then apply `ChildStarted` and start the run in the same write, or apply `Failed`.
    Call {
        /// Where.
        place: Place,
        /// `{flowId, version, inputs}`.
        input: Arc<Value>,
    },
    /// Evaluate texts in the sandbox, then tell [`Machine::scripted`] what came of them.
    Script {
        /// Where.
        place: Place,
        /// What.
        scripts: Vec<Script>,
    },
    /// The effect at the place is no longer wanted: stop it if that can be done.
    Abandon(Place),
    /// The child run is no longer wanted: cancel it.
    CancelChild(RunId),
}

/// What a wake-up is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// The next attempt at a place.
    Retry(Place),
    /// The time of a wait.
    Wait(WaitId),
    /// The next look at the condition of a pause: apply `Looked`.
    Look(Place),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With an output.
    Completed(Arc<Value>),
    /// With an error.
    Failed(RunError),
    /// By somebody's wish.
    Cancelled,
}

/// Why a run failed, with the step that did it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunError {
    /// Code and message.
    pub error: StepError,
    /// The node that failed, if it was one.
    pub node: Option<u32>,
    /// Which attempt it was.
    pub attempt: u32,
    /// When.
    pub at: Timestamp,
}

/// How a step ended.
#[derive(Debug, Clone)]
pub enum Settled {
    /// With a result.
    Completed(Arc<Value>),
    /// For good, whatever `onError` makes of it.
    Failed(StepError),
    /// Passed over on purpose.
    Skipped,
}

/// A run's state.
#[derive(Debug)]
pub struct Machine {
    plan: Arc<Plan>,
    beginning: Option<Box<Beginning>>,
    started_at: Timestamp,
    last_at: Timestamp,
    paused_since: Option<Timestamp>,
    paused_us: i64,
    outcome: Option<Outcome>,
    frames: BTreeMap<u32, Frame>,
    next_frame: u32,
    contexts: BTreeMap<u32, Context>,
    builtin: Map<String, Value>,
    ready: VecDeque<Place>,
    active: BTreeMap<Place, Active>,
    questions: Vec<Question>,
    answered: Vec<WaitId>,
    steps: u32,
    applied: u64,
    carried_bytes: usize,
    reuse: Table,
    outbox: VecDeque<Command>,
    settled: Vec<(Place, Settled)>,
}

impl Machine {
    /// A run that has not begun.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            plan,
            beginning: None,
            started_at: Timestamp(0),
            last_at: Timestamp(0),
            paused_since: None,
            paused_us: 0,
            outcome: None,
            frames: BTreeMap::new(),
            next_frame: 0,
            contexts: BTreeMap::new(),
            builtin: Map::new(),
            ready: VecDeque::new(),
            active: BTreeMap::new(),
            questions: Vec::new(),
            answered: Vec::new(),
            steps: 0,
            applied: 0,
            carried_bytes: 0,
            reuse: Table::default(),
            outbox: VecDeque::new(),
            settled: Vec::new(),
        }
    }

    /// A run as its journal tells it, ready to go on: what was under way when the journal ends is commanded again.
    #[must_use]
    pub fn recover<'e>(plan: Arc<Plan>, events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut machine = Self::new(plan);
        for event in events {
            machine.apply(event);
        }
        machine.outbox = machine.under_way();
        machine
    }

    /// What should happen now, or nothing until the next event.
    ///
    /// An [`Command::Evaluate`] is given again until its event is applied; every other command is given once.
    #[expect(clippy::should_implement_trait, reason = "a machine is no iterator: it goes on after an event")]
    pub fn next(&mut self) -> Option<Command> {
        if let Some(command) = self.outbox.pop_front() {
            return Some(command);
        }
        if self.outcome.is_some() {
            return None;
        }
        self.ready.front().copied().map(Command::Evaluate)
    }

    /// The plan that the run follows.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What the run began with.
    #[must_use]
    pub fn beginning(&self) -> Option<&Beginning> {
        self.beginning.as_deref()
    }

    /// How the run ended, if it has.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Whether nothing but an answer, a long delay or a paused child can move the run.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.outcome.is_none()
            && self.ready.is_empty()
            && self.active.values().any(Active::is_pause)
            && self.active.values().all(|active| active.is_pause() || active.is_container())
    }

    /// Whether it has called runs and nothing else goes on in it.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let is_passive =
            |active: &Active| active.is_pause() || active.is_container() || matches!(active, Active::Child { .. });
        self.outcome.is_none()
            && self.ready.is_empty()
            && self.children().next().is_some()
            && self.active.values().all(is_passive)
    }

    /// Open questions, oldest first; inline delays are not questions.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|question| question.kind != QuestionKind::Delay { inline: true })
    }

    /// Whether the question was answered before.
    #[must_use]
    pub fn was_answered(&self, wait: WaitId) -> bool {
        self.answered.contains(&wait)
    }

    /// The question of that id, if it is open.
    #[must_use]
    pub fn question(&self, wait: WaitId) -> Option<&Question> {
        self.questions.iter().find(|question| question.wait == wait)
    }

    /// The child run that waits for an answer, with its question as shown.
    #[must_use]
    pub fn paused_child(&self) -> Option<(Place, RunId, &Value)> {
        self.active.iter().find_map(|(place, active)| match active {
            Active::Child { child, question: Some(question) } => Some((*place, *child, question.as_ref())),
            _ => None,
        })
    }

    /// Steps that ended with the last event, in order.
    #[must_use]
    pub fn settled(&self) -> &[(Place, Settled)] {
        &self.settled
    }

    /// Whether the step at a place has begun or is about to, and has not ended.
    #[must_use]
    pub fn is_under_way(&self, place: Place) -> bool {
        self.active.contains_key(&place) || self.ready.contains(&place)
    }

    /// Whether that attempt of the effect at a place is still wanted. What was commanded before a cancellation, and held
    /// until its write, is not.
    #[must_use]
    pub fn wants(&self, place: Place, attempt: u32) -> bool {
        matches!(self.active.get(&place), Some(Active::Effect { attempt: wanted, .. }) if *wanted == attempt)
    }

    /// Where the child run was called.
    #[must_use]
    pub fn place_of_child(&self, child: RunId) -> Option<Place> {
        let is_it = |active: &Active| matches!(active, Active::Child { child: known, .. } if *known == child);
        self.active.iter().find(|(_, active)| is_it(active)).map(|(place, _)| *place)
    }

    /// Child runs that this run waits for.
    pub fn children(&self) -> impl Iterator<Item = RunId> {
        self.active.values().filter_map(|active| match active {
            Active::Child { child, .. } => Some(*child),
            _ => None,
        })
    }

    /// The node that the run is at: the one under way, else the next one.
    #[must_use]
    pub fn current_node(&self) -> Option<u32> {
        if self.outcome.is_some() {
            return None;
        }
        let under_way = self.active.iter().rev().find(|(_, active)| !active.is_container());
        under_way.map(|(place, _)| place.node).or_else(|| self.ready.front().map(|place| place.node))
    }

    /// How many events were applied: the run's revision.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.applied
    }

    /// Step executions so far.
    #[must_use]
    pub fn steps_executed(&self) -> u32 {
        self.steps
    }

    /// When the run began.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When the last event happened.
    #[must_use]
    pub fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// Active time so far, waiting left out, in milliseconds.
    #[must_use]
    pub fn active_ms(&self, now: Timestamp) -> i64 {
        let paused = self.paused_us + self.paused_since.map_or(0, |since| now.micros() - since.micros());
        (now.micros() - self.started_at.micros() - paused).max(0) / 1_000
    }

    /// Loop passes around a place, from the outside in, and the parallel branch that it stands in.
    #[must_use]
    pub fn path(&self, place: Place) -> (Vec<PathStep>, Option<&str>) {
        frame::path(&self.plan, &self.frames, place)
    }

    /// The part of the effect key that names the pass: loop indexes from the outside in, joined by `.`, `0` outside of
    /// loops (Flow API contract, section 6.7).
    #[must_use]
    pub fn pass_key(&self, place: Place) -> String {
        let (path, _) = self.path(place);
        if path.is_empty() {
            return "0".to_owned();
        }
        path.iter().map(|step| step.index.to_string()).collect::<Vec<_>>().join(".")
    }

    /// The context that the place sees.
    #[must_use]
    pub fn names(&self, place: Place) -> Names<'_> {
        Names::new(self, place)
    }

    /// A copy of the context that the place sees, loop names and branch values included.
    #[must_use]
    pub fn context_at(&self, place: Place) -> Value {
        context::seen_from(self, place)
    }

    /// The whole context of the run, as shown in reads.
    #[must_use]
    pub fn context(&self) -> Value {
        context::whole(self)
    }

    /// What is under way: commands that a restart must give again.
    fn under_way(&self) -> VecDeque<Command> {
        if self.outcome.is_some() {
            return VecDeque::new();
        }
        let from_places = self.active.iter().filter_map(|(place, active)| active.command(*place));
        let from_questions = self.questions.iter().map(Self::wake_for);
        from_places.chain(from_questions).collect()
    }

    fn wake_for(question: &Question) -> Command {
        Command::Wake { at: question.due, alarm: Alarm::Wait(question.wait) }
    }
}

#[cfg(test)]
mod tests;
