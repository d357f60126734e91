//! Results of another run that this run takes over.

use std::collections::BTreeMap;
use std::sync::Arc;

use floe_model::Timestamp;
use serde_json::{Map, Value};

use super::context::weight;
use super::frame::{Active, Frame};
use super::{Machine, Settled};
use crate::canonical::canonical_json;
use crate::event::Place;
use crate::plan::{LoopKind, NodeIndex, Plan, Port, Work};
use crate::reuse::{EVERY_PASS, Kept, Reuse, ReusedStep};

/// What a run holds of another one, by node and pass.
#[derive(Debug, Default)]
pub(super) struct Table {
    steps: BTreeMap<(NodeIndex, String), Arc<ReusedStep>>,
    lists: BTreeMap<(NodeIndex, String), Arc<Vec<Value>>>,
}

impl Table {
    pub(super) fn new(reuse: &Reuse, plan: &Plan) -> Self {
        let nodes: BTreeMap<&str, NodeIndex> =
            (0..).zip(&plan.nodes).map(|(at, node)| (node.id.as_str(), at)).collect();
        let key = |step: &str, pass: &str| nodes.get(step).map(|&node| (node, pass.to_owned()));
        let steps = reuse.steps.iter().filter_map(|one| Some((key(&one.step, &one.pass)?, Arc::new(one.clone()))));
        let lists = reuse.lists.iter().filter_map(|one| Some((key(&one.step, &one.pass)?, Arc::clone(&one.items))));
        Self { steps: steps.collect(), lists: lists.collect() }
    }
}

impl Machine {
    /// What the step at a place takes over instead of being evaluated, if it has not begun.
    #[must_use]
    pub fn reused_at(&self, place: Place) -> Option<&Arc<ReusedStep>> {
        if self.reuse.steps.is_empty() || self.active.contains_key(&place) {
            return None;
        }
        match self.reuse.steps.get(&(place.node, self.pass_key(place))) {
            Some(step) => self.has_same_items(place).then_some(step),
            // Laid down for the step, and taken from no run: it holds whatever a loop is at.
            None => self.reuse.steps.get(&(place.node, EVERY_PASS.to_owned())),
        }
    }

    /// Whether an approval at a place holds for the question as it is rendered now. Who may answer is not part of a question.
    #[must_use]
    pub fn keeps_answer(&self, place: Place, question: &Map<String, Value>) -> bool {
        let Some(Kept::Decided { decision, .. }) = self.reused_at(place).map(|step| &step.kept) else { return false };
        let content = |body: &Map<String, Value>| {
            let mut body = body.clone();
            body.shift_remove("approvers");
            canonical_json(&Value::Object(body))
        };
        content(&decision.question) == content(question)
    }

    /// The loop or block around a place.
    #[must_use]
    pub fn owner_of(&self, place: Place) -> Option<Place> {
        self.frames.get(&place.frame)?.owner
    }

    /// A value of the run's own context, and the result of a step in it.
    pub(crate) fn written(&self, name: &str, step: &str) -> (Option<&Value>, Option<&Value>) {
        if self.is_graph() {
            let memory = self.memories.get(&0);
            let record = |node| memory?.record(node).map(AsRef::as_ref);
            let value = memory.and_then(|memory| memory.variable(name)).map(|variable| variable.value.as_ref());
            return (value, self.plan.find(step).and_then(record));
        }
        let context = self.contexts.get(&0);
        (context.and_then(|context| context.values.get(name)), context.and_then(|context| context.steps.get(step)))
    }

    /// Nodes of the root scope at which something is under way.
    pub(crate) fn pending_tops(&self) -> Vec<NodeIndex> {
        let places = self.active.keys().chain(&self.ready);
        places
            .map(|place| self.plan.top_of(place.node))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    pub(super) fn reused(&mut self, place: Place, at: Timestamp) {
        let Some(step) = self.reused_at(place).cloned() else { return };
        if !self.take_ready(place, at) {
            return;
        }
        match &step.kept {
            Kept::Done { result, port, values, steps } => {
                for (name, value) in values {
                    self.write(place, name, value.clone());
                }
                for (id, value) in steps {
                    self.write_step(place, id, value);
                }
                self.complete(place, result, *port, at);
            }
            Kept::Failed { error } => self.fail(place, error.clone(), 1, at),
            Kept::Skipped => {
                self.settled.push((place, Settled::Skipped));
                self.settle(place, Some(Port::NEXT), at);
            }
            Kept::Decided { decision, .. } => self.decide(place, decision, at),
        }
    }

    /// Gives a step inside of a loop or block the result that it had.
    fn write_step(&mut self, place: Place, id: &str, value: &Value) {
        let node = self.plan.find(id).filter(|_| self.is_graph());
        if let (Some(node), Some(memory)) = (node, self.memory_of(place)) {
            memory.put(node, Arc::new(value.clone()));
        } else if let Some(context) = self.context_of(place) {
            context.set_step(id, value.clone());
        }
    }

    /// Whether every loop over a list around a place is at the item that it had in the run that this one repeats.
    fn has_same_items(&self, place: Place) -> bool {
        let mut at = place;
        while let Some(frame) = self.frames.get(&at.frame) {
            let Some(owner) = frame.owner else { return true };
            let has_list = match &self.plan.node(owner.node).work {
                Work::Each { .. } => true,
                Work::Loop(work) => matches!(work.kind, LoopKind::ForEach { .. }),
                _ => false,
            };
            if has_list {
                let list = self.reuse.lists.get(&(owner.node, self.pass_key(owner)));
                let item = list.and_then(|items| items.get(frame.pass));
                if item.is_none() || item != self.item_of(frame) {
                    return false;
                }
            }
            at = owner;
        }
        true
    }
}

impl Machine {
    /// The item of a pass of a loop over a list.
    fn item_of<'a>(&'a self, frame: &'a Frame) -> Option<&'a Value> {
        if let Some(Active::Loop(state)) = self.active.get(&frame.owner?) {
            return state.items.get(frame.pass);
        }
        frame.locals.get("item")
    }
}

/// Rough bytes of what a run takes over.
pub(super) fn reused_bytes(reuse: &Reuse) -> usize {
    let of_map = |map: &Map<String, Value>| map.values().map(weight).sum::<usize>();
    let of_kept = |kept: &Kept| match kept {
        Kept::Done { result, values, steps, .. } => weight(result) + of_map(values) + of_map(steps),
        Kept::Decided { decision, .. } => of_map(&decision.question),
        Kept::Failed { .. } | Kept::Skipped => 0,
    };
    let of_step = |step: &ReusedStep| of_kept(&step.kept) + step.input.as_deref().map_or(0, weight);
    let lists = reuse.lists.iter().flat_map(|list| list.items.iter()).map(weight).sum::<usize>();
    reuse.steps.iter().map(of_step).sum::<usize>() + lists
}
