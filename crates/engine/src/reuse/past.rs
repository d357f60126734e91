//! What a run that is over has come to, step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Decision, Kept};
use crate::event::{Answer, Beginning, Event, Happening, Place, QuestionKind};
use crate::machine::{Machine, Settled};
use crate::plan::{NodeIndex, Plan, Port, WaitKind, Work};

/// A node and the pass of the loops around it, as in the key of effects.
pub(super) type Spot = (NodeIndex, String);

/// What a run has come to. Of a step that was executed more than once in one pass there is the last time.
#[derive(Debug)]
pub struct Past {
    pub(super) plan: Arc<Plan>,
    pub(super) beginning: Option<Beginning>,
    pub(super) steps: BTreeMap<Spot, PastStep>,
    pub(super) lists: BTreeMap<Spot, Arc<Vec<Value>>>,
}

/// What one execution of a step has come to.
#[derive(Debug, Clone)]
pub(super) struct PastStep {
    pub(super) kept: Kept,
    pub(super) input: Option<Arc<Value>>,
}

impl Past {
    /// Folds a journal.
    #[must_use]
    pub fn of<'e>(plan: Arc<Plan>, events: impl IntoIterator<Item = &'e Event>) -> Self {
        let past = Self { plan: Arc::clone(&plan), beginning: None, steps: BTreeMap::new(), lists: BTreeMap::new() };
        let machine = Machine::new(plan);
        let mut reader =
            Reader { past, machine, passes: BTreeMap::new(), inputs: BTreeMap::new(), assigned: BTreeMap::new() };
        for event in events {
            reader.read(event);
        }
        reader.past
    }

    /// What the run began with.
    #[must_use]
    pub fn beginning(&self) -> Option<&Beginning> {
        self.beginning.as_ref()
    }

    pub(super) fn at(&self, step: &str, pass: &str) -> Option<&PastStep> {
        self.steps.get(&(self.plan.find(step)?, pass.to_owned()))
    }
}

struct Reader {
    past: Past,
    machine: Machine,
    passes: BTreeMap<Place, String>,
    inputs: BTreeMap<Place, Arc<Value>>,
    /// Names that steps inside of a loop or block have put into the context.
    assigned: BTreeMap<NodeIndex, BTreeSet<String>>,
}

impl Reader {
    fn read(&mut self, event: &Event) {
        if !self.machine.accepts(&event.what) {
            return;
        }
        let told = self.told_by(event);
        if let Some(place) = event.what.place() {
            let pass = self.machine.pass_key(place);
            self.note(place, &pass, &event.what);
            self.passes.insert(place, pass);
        }
        self.machine.apply(event);
        let settled: Vec<(Place, Settled)> = self.machine.settled().to_vec();
        for (place, end) in settled {
            let told = told.as_ref().filter(|(at, _)| *at == place).map(|(_, kept)| kept.clone());
            self.keep(place, &end, told);
        }
    }

    fn note(&mut self, place: Place, pass: &str, what: &Happening) {
        let input = match what {
            Happening::Began(_) => None,
            Happening::Intended { input, .. } | Happening::ChildCalled { input, .. } => Some(Arc::clone(input)),
            Happening::WaitOpened(question) => Some(Arc::new(Value::Object(question.body.clone()))),
            Happening::Reused { place } => self.machine.reused_at(*place).and_then(|step| step.input.clone()),
            Happening::Looped { items, .. } => {
                self.past.lists.insert((place.node, pass.to_owned()), Arc::clone(items));
                None
            }
            _ => None,
        };
        if let Some(input) = input {
            self.inputs.insert(place, input);
        }
    }

    /// What an event says of a step beyond its result: who decided, and by which port the run went on.
    fn told_by(&mut self, event: &Event) -> Option<(Place, Kept)> {
        let done = |result: &Arc<Value>, port| Kept::Done {
            result: Arc::clone(result),
            port,
            values: Map::new(),
            steps: Map::new(),
        };
        match &event.what {
            Happening::Began(beginning) => {
                self.past.beginning = Some(beginning.as_ref().clone());
                None
            }
            Happening::Done { place, result, port, changes, .. } => {
                let mut kept = done(result, *port);
                if let (Kept::Done { values, .. }, Some(changes)) = (&mut kept, changes) {
                    values.clone_from(&changes.variables);
                }
                Some((*place, kept))
            }
            Happening::Reused { place } => Some((*place, self.machine.reused_at(*place)?.kept.clone())),
            Happening::Answered { wait, answer: Answer::Decision { approve, comment }, by } => {
                let question = self.machine.question(*wait)?;
                let decision = Decision {
                    approve: *approve,
                    comment: comment.clone(),
                    by: by.clone(),
                    at: event.at,
                    question: question.body.clone(),
                };
                Some((question.place, Kept::Decided { decision: Box::new(decision), same_question: false }))
            }
            Happening::Expired { wait } => {
                let question = self.machine.question(*wait)?;
                let is_delay = matches!(question.kind, QuestionKind::Delay { .. } | QuestionKind::Poll);
                (!is_delay).then(|| (question.place, done(&Arc::new(Value::Null), Port::TIMEOUT)))
            }
            _ => None,
        }
    }

    fn keep(&mut self, place: Place, end: &Settled, told: Option<Kept>) {
        let node = self.past.plan.node(place.node);
        if let (Work::Assign { .. }, Settled::Completed(result)) = (&node.work, end)
            && let Value::Object(values) = result.as_ref()
        {
            let top = self.past.plan.top_of(place.node);
            self.assigned.entry(top).or_default().extend(values.keys().cloned());
        }
        let kept = match (end, told) {
            (Settled::Completed(_), Some(decided @ Kept::Decided { .. })) => decided,
            (Settled::Completed(result), told) => {
                let (port, values, steps) = match told {
                    Some(Kept::Done { port, values, steps, .. }) => (port, values, steps),
                    _ => (Port::NEXT, Map::new(), Map::new()),
                };
                let is_own = values.is_empty() && steps.is_empty() && place.frame == 0;
                let (values, steps) = if is_own { self.inside(place.node) } else { (values, steps) };
                Kept::Done { result: Arc::clone(result), port, values, steps }
            }
            (Settled::Failed(error), _) => Kept::Failed { error: error.clone() },
            (Settled::Skipped, _) => Kept::Skipped,
        };
        let pass = self.passes.get(&place).cloned().unwrap_or_else(|| "0".to_owned());
        let input = self.inputs.remove(&place);
        self.past.steps.insert((place.node, pass), PastStep { kept, input });
    }

    /// What the steps inside of a loop or block of the root scope have left in the context.
    fn inside(&self, top: NodeIndex) -> (Map<String, Value>, Map<String, Value>) {
        let (mut values, mut steps) = (Map::new(), Map::new());
        let plan = &self.past.plan;
        let mut put = |name: &str| {
            if let (Some(value), _) = self.machine.written(name, "") {
                values.insert(name.to_owned(), value.clone());
            }
        };
        for (index, node) in (0..).zip(&plan.nodes) {
            if index == top || plan.top_of(index) != top {
                continue;
            }
            if let Some(name) = &node.output {
                put(name);
            }
            if matches!(&node.work, Work::Wait(wait) if wait.kind == WaitKind::UserApproval) {
                put("approval");
            }
            if let (_, Some(result)) = self.machine.written("", &node.id) {
                steps.insert(node.id.clone(), result.clone());
            }
        }
        for name in self.assigned.get(&top).into_iter().flatten() {
            put(name);
        }
        (values, steps)
    }
}
