//! What a repetition will do, told before it does it.
//!
//! The new run is driven on paper: steps whose results are taken over are, the others are evaluated, and whatever must be done
//! again is taken to come out as it did the last time. Where the last time tells nothing the paper run ends, and every step that
//! may follow counts as one to be done.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use floe_model::id::RunId;
use serde_json::{Map, Value};

use super::Kept;
use super::past::Past;
use crate::drive::drive;
use crate::event::{Answer, Beginning, Event, Happening, Place, QuestionKind};
use crate::interpret::Moment;
use crate::machine::{Alarm, Command, Machine};
use crate::plan::{NodeIndex, Plan, Port, WaitKind};

/// Events of a run on paper at most; what would follow counts as to be done.
const EVENTS_MAX: usize = 20_000;

/// Step ids in the order in which the run comes to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foreseen {
    /// Steps whose results are taken over.
    pub reused: Vec<String>,
    /// Steps that are, or may be, executed; one that is taken over in some passes of a loop only is one of these.
    pub again: Vec<String>,
    /// Approvals that hold because the question is the same.
    pub kept_approvals: Vec<String>,
}

/// Tells what a run that begins like this will do.
#[must_use]
pub fn foresee(plan: &Arc<Plan>, beginning: &Beginning, past: &Past, moment: &mut Moment<'_>) -> Foreseen {
    let began = Happening::Began(Box::new(beginning.clone()));
    let steps = beginning.reuse.iter().flat_map(|reuse| &reuse.steps);
    let bound = steps.filter(|step| step.kept.depends_on_content());
    let mut paper = Paper {
        machine: Machine::new(Arc::clone(plan)),
        past,
        ahead: VecDeque::from([began]),
        events: 0,
        children: 0,
        bound_to_content: bound.filter_map(|step| plan.find(&step.step)).collect(),
        met: Met::default(),
    };
    while let Some(what) = paper.ahead.pop_front() {
        if paper.events > EVENTS_MAX {
            break;
        }
        paper.happen(what, moment);
    }
    paper.finish()
}

/// Nodes in the order in which they were met.
#[derive(Default)]
struct Met {
    order: Vec<NodeIndex>,
    reused: BTreeSet<NodeIndex>,
    again: BTreeSet<NodeIndex>,
    kept: BTreeSet<NodeIndex>,
}

struct Paper<'p> {
    machine: Machine,
    past: &'p Past,
    ahead: VecDeque<Happening>,
    events: usize,
    children: u128,
    /// Approvals that hold for the same question only.
    bound_to_content: BTreeSet<NodeIndex>,
    met: Met,
}

impl Paper<'_> {
    fn happen(&mut self, what: Happening, moment: &mut Moment<'_>) {
        let driven = drive(&mut self.machine, Some(what), moment);
        self.events += driven.events.len();
        for event in &driven.events {
            self.meet(event);
        }
        for command in driven.commands {
            let follows = self.follows(&command);
            self.ahead.extend(follows);
        }
    }

    fn meet(&mut self, event: &Event) {
        let Some(place) = event.what.place() else { return };
        let met = &mut self.met;
        let is_new = match &event.what {
            Happening::Reused { .. } if self.bound_to_content.contains(&place.node) => met.kept.insert(place.node),
            Happening::Reused { .. } => met.reused.insert(place.node),
            _ => met.again.insert(place.node),
        };
        if is_new {
            met.order.push(place.node);
        }
    }

    /// What would come of a command if everything went as it did the last time.
    fn follows(&mut self, command: &Command) -> Vec<Happening> {
        match command {
            Command::Perform { place, attempt, .. } => {
                let done = self.last_time(*place).map(|result| Happening::Done {
                    place: *place,
                    attempt: *attempt,
                    result,
                    port: Port::NEXT,
                    logs: Vec::new(),
                    changes: None,
                });
                done.into_iter().collect()
            }
            Command::Call { place, .. } => {
                let Some(output) = self.last_time(*place) else { return Vec::new() };
                self.children += 1;
                let (place, child) = (*place, RunId(self.children));
                vec![Happening::ChildStarted { place, child }, Happening::ChildEnded { child, outcome: Ok(output) }]
            }
            // What the variables hold now is not asked for: it does not tell which nodes run.
            Command::Equip { .. } => vec![Happening::Equipped { env: Map::new(), secrets: Vec::new() }],
            Command::Wake { alarm: Alarm::Wait(wait), .. } => {
                let Some(question) = self.machine.question(*wait) else { return Vec::new() };
                let answer = match question.kind {
                    QuestionKind::Delay { .. } | QuestionKind::Poll => return vec![Happening::Expired { wait: *wait }],
                    QuestionKind::Answer(kind) => self.answer(question.place, kind),
                };
                let by = None;
                answer.map(|answer| Happening::Answered { wait: *wait, answer, by }).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn last_time(&self, place: Place) -> Option<Arc<Value>> {
        let id = &self.machine.plan().node(place.node).id;
        match &self.past.at(id, &self.machine.pass_key(place))?.kept {
            Kept::Done { result, .. } => Some(Arc::clone(result)),
            _ => None,
        }
    }

    fn answer(&self, place: Place, kind: WaitKind) -> Option<Answer> {
        let id = &self.machine.plan().node(place.node).id;
        match (kind, &self.past.at(id, &self.machine.pass_key(place))?.kept) {
            (WaitKind::UserApproval, Kept::Decided { decision, .. }) => {
                Some(Answer::Decision { approve: decision.approve, comment: decision.comment.clone() })
            }
            (WaitKind::ClientTool, Kept::Done { result, port: Port::NEXT, .. }) => {
                Some(Answer::ToolResult { outcome: Ok(result.as_ref().clone()) })
            }
            (WaitKind::ShowForm, Kept::Done { result, port: Port::NEXT, .. }) => {
                Some(Answer::FormData(result.as_ref().clone()))
            }
            _ => None,
        }
    }

    /// Adds what may follow where the paper run ended, and names everything.
    fn finish(mut self) -> Foreseen {
        let plan = Arc::clone(self.machine.plan());
        if self.machine.outcome().is_none() {
            let stuck: Vec<NodeIndex> = self.machine.pending_tops();
            for node in
                stuck.iter().flat_map(|&top| plan.below(top)).chain(stuck.iter().copied()).collect::<BTreeSet<_>>()
            {
                self.expect(&plan, node);
            }
        }
        let Met { order, reused, again, kept } = self.met;
        let mut foreseen = Foreseen::default();
        let mut told = BTreeSet::new();
        for node in order.into_iter().filter(|node| told.insert(*node)) {
            let id = plan.node(node).id.clone();
            if again.contains(&node) {
                foreseen.again.push(id);
            } else if kept.contains(&node) {
                foreseen.kept_approvals.push(id);
            } else if reused.contains(&node) {
                foreseen.reused.push(id);
            }
        }
        foreseen
    }

    /// A step of the root scope that the run may come to beyond what is foreseen.
    fn expect(&mut self, plan: &Plan, node: NodeIndex) {
        let met = &mut self.met;
        if met.reused.contains(&node) || met.again.contains(&node) || met.kept.contains(&node) {
            return;
        }
        let id = &plan.node(node).id;
        let reuse = self.machine.beginning().and_then(|beginning| beginning.reuse.as_deref());
        let held = reuse.and_then(|reuse| reuse.steps.iter().find(|step| step.step == *id && step.pass == "0"));
        match held.map(|step| step.kept.depends_on_content()) {
            Some(true) => met.kept.insert(node),
            Some(false) => met.reused.insert(node),
            None => met.again.insert(node),
        };
        met.order.push(node);
    }
}
