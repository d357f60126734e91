//! What a run's state tells.

use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde_json::{Map, Value};

use super::{Active, Machine, Names, Outcome, PathStep, Settled, context, frame};
use crate::event::{Beginning, Place, Question, QuestionKind};
use crate::plan::{Callee, Plan, Work};

impl Machine {
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
            && (self.ready.is_empty() || (self.is_full() && self.scripts.waiting() == 0))
            && self.children().next().is_some()
            && self.active.values().all(is_passive)
    }

    /// Whether everything that goes on is a pause: such time is not active time. Of a graph short pauses and looks at a condition are
    /// some too.
    #[must_use]
    pub fn is_pausing(&self) -> bool {
        let is_short = |active: &Active| matches!(active, Active::Polling { .. } | Active::Asking { .. });
        let rests = |active: &Active| active.is_pause() || (self.is_graph() && is_short(active));
        self.outcome.is_none()
            && self.ready.is_empty()
            && self.active.values().any(rests)
            && self.active.values().all(|active| rests(active) || active.is_container())
    }

    /// Whether a person or a program is asked for something, or a called run asks: a graph run counts as paused then, also while
    /// other branches go on (Workflow API contract, section 12).
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.outcome.is_none() && (self.asking().next().is_some() || self.paused_child().is_some())
    }

    /// Open questions that an answer ends, oldest first.
    pub fn asking(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|question| matches!(question.kind, QuestionKind::Answer(_)))
    }

    /// Open questions, oldest first; inline delays are not questions, nor are conditions that are looked at.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        let is_short = |kind: QuestionKind| matches!(kind, QuestionKind::Delay { inline: true } | QuestionKind::Poll);
        self.questions.iter().filter(move |question| !is_short(question.kind))
    }

    /// Nodes of a graph that were passed over with the last event, since no live edge led to them.
    #[must_use]
    pub fn passed(&self) -> &[Place] {
        &self.passed
    }

    /// `env` as it is seen everywhere, and the names in it that are secrets.
    pub(crate) fn env(&self) -> (Value, &[String]) {
        (self.env.shown(), &self.env.secrets)
    }

    /// The shared memory of a graph's run, by key.
    #[must_use]
    pub fn shared(&self) -> Option<&Map<String, Value>> {
        self.shared.as_object()
    }

    /// Whether the loop or the pause at a place was entered before.
    pub(crate) fn is_entered(&self, place: Place) -> bool {
        self.active.contains_key(&place)
    }

    /// Whether the plan is a graph's.
    #[must_use]
    pub fn is_graph(&self) -> bool {
        self.plan.rules.is_graph()
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
            Active::Child { child, question: Some(question), .. } => Some((*place, *child, question.as_ref())),
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

    /// Whether the call of a place is still wanted, and with which attempt.
    #[must_use]
    pub fn calls(&self, place: Place) -> Option<u32> {
        match self.active.get(&place) {
            Some(Active::Calling { attempt, .. }) => Some(*attempt),
            _ => None,
        }
    }

    /// Whether a place calls flows, which begin in the write that notes them.
    #[must_use]
    pub fn calls_flow(&self, place: Place) -> bool {
        matches!(self.plan.node(place.node).work, Work::Child { callee: Callee::Flow, .. })
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

    /// The context that the place sees, at the instant of the last event.
    #[must_use]
    pub fn names(&self, place: Place) -> Names<'_> {
        Names::new(self, place, self.last_at)
    }

    /// A copy of the context that the place sees, loop names and branch values included. Of a graph: `{names, origins, inputs}`,
    /// where `origins` tells the type and the output variable of the nodes whose records are among the names.
    #[must_use]
    pub fn context_at(&self, place: Place) -> Value {
        if self.is_graph() { self.names(place).all() } else { context::seen_from(self, place) }
    }

    /// The whole context of the run, as shown in reads. Of a graph: `{inputs, variables, nodes, shared}`.
    #[must_use]
    pub fn context(&self) -> Value {
        if self.is_graph() { self.memory_shown() } else { context::whole(self) }
    }
}
